// refused: error: ignoring return(ed)? value.*tryget
#include "objects.hpp"
void use(node &n)
{
#ifdef RIGHT
    const auto found =
#endif
        rs::tryget(rs::rcu_reader{}, n);
}
