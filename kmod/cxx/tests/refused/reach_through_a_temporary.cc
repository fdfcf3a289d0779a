// refused: error: use of deleted function .*operator\*\(\) &&
#include "objects.hpp"
rs::ref<node> source();
unsigned int use()
{
#ifdef RIGHT
    const auto mine = source();
    node &n = *mine;
#else
    node &n = *source();
#endif
    return rs_kref_read(&n.kref);
}
