// refused: error: ignoring returned value of type .rs::begun<device>
#include "objects.hpp"
void use(device &d)
{
#ifdef RIGHT
    const auto began =
#endif
        rs::live<device>::begin(d, rs_gfp_kernel());
}
