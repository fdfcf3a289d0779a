// refused: error: static assertion failed: .*T names no counter and release
#include "objects.hpp"
struct plain {
    rs_kref kref;
#ifdef RIGHT
    static constexpr auto counter = &plain::kref;
#endif
    static void release(plain *p);
};
void use(plain &p)
{
    rs::ref<plain>::adopt(p).put();
}
