// The right to kill is used up.
// refused: error: use of deleted function .*live<T>::kill\(\) &
#include "objects.hpp"
void use(rs::live<device> &owner)
{
#ifdef RIGHT
    std::move(owner).kill();
#else
    owner.kill();
#endif
}
