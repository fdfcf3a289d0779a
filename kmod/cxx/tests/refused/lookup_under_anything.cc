// refused: required for the satisfaction of .keeper<Guard>. .with Guard = spinlock
#include "objects.hpp"
struct list {
    node *first;
};
bool use(spinlock_t &lock, list &nodes)
{
#ifdef RIGHT
    const rs::locked guard(lock);
#else
    const spinlock_t &guard = lock;
#endif
    const auto found = rs::lookup(guard, [&] { return nodes.first; });
    return static_cast<bool>(found);
}
