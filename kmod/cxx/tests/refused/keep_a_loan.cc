// refused: error: use of deleted function .*borrowed\(const
#include "objects.hpp"
void use(const rs::borrowed<node> &lent)
{
#ifdef RIGHT
    const auto mine = lent.share();
#else
    const auto mine = lent;
#endif
}
