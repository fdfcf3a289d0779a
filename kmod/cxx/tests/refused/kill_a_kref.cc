// refused: error: static assertion failed: .*T has no per-CPU counter
#include "objects.hpp"
#ifdef RIGHT
using object = device;
#else
using object = node;
#endif
void use(object *o)
{
    rs::live<object>::from_c(o).kill();
}
