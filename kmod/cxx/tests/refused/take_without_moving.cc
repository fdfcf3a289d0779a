// refused: error: passing .*maybe.* as .this. argument discards qualifiers
#include "objects.hpp"
rs::ref<device> use(device &d)
{
    auto found = rs::tryget_live(rs::kept_in_place{}, d);
#ifdef RIGHT
    return std::move(found).take();
#else
    return found.take();
#endif
}
