// Who holds a reference may put it; killing is the owner's.
// refused: error: .*rs::ref<device>.* has no member named .kill
#include "objects.hpp"
void use(rs::ref<device> mine)
{
#ifdef RIGHT
    std::move(mine).put();
#else
    std::move(mine).kill();
#endif
}
