// refused: error: cannot convert .std::nullptr_t. to .node&
// reference of type .node&. from an rvalue of type .std::nullptr_t.|cannot bind .*nullptr|invalid
// initialization
#include "objects.hpp"
void use(node &n)
{
#ifdef RIGHT
    rs::ref<node>::adopt(n).put();
#else
    rs::ref<node>::adopt(nullptr).put();
#endif
}
