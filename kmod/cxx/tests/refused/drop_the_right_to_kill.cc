// refused: error: ignoring return(ed)? value.*(take|live<device>)
#include "objects.hpp"
void use(rs::begun<device> begun)
{
#ifdef RIGHT
    const auto owner =
#endif
        std::move(begun).take();
}
