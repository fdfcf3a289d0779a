// refused: error: (no matching function|cannot bind|use of deleted|conversion|no suitable).*(locked|lookup)
#include "objects.hpp"
node *first();
bool use(spinlock_t &lock)
{
#ifdef RIGHT
    return static_cast<bool>(rs::lookup(rs::locked(lock), first));
#else
    return static_cast<bool>(rs::lookup(first));
#endif
}
