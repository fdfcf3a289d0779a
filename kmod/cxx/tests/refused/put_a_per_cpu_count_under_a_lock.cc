// refused: error: no matching function for call to .*put_lock
#include "objects.hpp"
#ifdef RIGHT
using object = node;
#else
using object = device;
#endif
void use(object *o, spinlock_t &lock)
{
    rs::ref<object>::from_c(o).put_lock(lock);
}
