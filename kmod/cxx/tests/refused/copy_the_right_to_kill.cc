// refused: error: use of deleted function .*(handle|live)<device>::(handle|live)\(const
#include "objects.hpp"
void use(rs::live<device> &owner)
{
#ifdef RIGHT
    const rs::live<device> other = std::move(owner);
#else
    const rs::live<device> other = owner;
#endif
}
