// refused: error: static assertion failed: .*T names no counter and release
#include "objects.hpp"
struct plain {
#ifdef RIGHT
    rs_refcount_t count;
#else
    int count;
#endif
    static constexpr auto counter = &plain::count;
    static void release(plain *p);
};
void use(plain &p)
{
    rs::ref<plain>::adopt(p).put();
}
