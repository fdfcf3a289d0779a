// The kref document: a put without a release function leaks.
// refused: error: static assertion failed: .*T names no counter and release
#include "objects.hpp"
struct plain {
    rs_kref kref;
    static constexpr auto counter = &plain::kref;
#ifdef RIGHT
    static void release(plain *p);
#endif
};
void use(plain &p)
{
    rs::ref<plain>::adopt(p).put();
}
