// The kref document's rule 3: whoever takes a reference without holding one needs a lock.
// refused: error: no matching function for call to .tryget.node&
// .tryget\(node&\)
#include "objects.hpp"
bool use(node &n)
{
#ifdef RIGHT
    const auto found = rs::tryget(rs::rcu_reader{}, n);
#else
    const auto found = rs::tryget(n);
#endif
    return static_cast<bool>(found);
}
