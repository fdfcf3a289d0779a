// refused: error: ignoring return(ed)? value.*tryget_live
#include "objects.hpp"
void use(device &d)
{
#ifdef RIGHT
    const auto found =
#endif
        rs::tryget_live(rs::kept_in_place{}, d);
}
