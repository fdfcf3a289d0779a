// refused: error: use of deleted function .*kill_and_confirm\(\) &
#include "objects.hpp"
void confirmed(device *);
void use(rs::live<device> &owner)
{
#ifdef RIGHT
    std::move(owner).kill_and_confirm<confirmed>();
#else
    owner.kill_and_confirm<confirmed>();
#endif
}
