// refused: required for the satisfaction of .counted_per_cpu<T>. .with T = node
#include "objects.hpp"
bool use(node &n)
{
#ifdef RIGHT
    return static_cast<bool>(rs::tryget(rs::rcu_reader{}, n));
#else
    return static_cast<bool>(rs::tryget_live(rs::rcu_reader{}, n));
#endif
}
