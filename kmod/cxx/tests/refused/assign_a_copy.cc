// refused: error: (use of deleted function|cannot bind rvalue reference).*ref<node>
#include "objects.hpp"
void use(rs::ref<node> &mine, rs::ref<node> &other)
{
#ifdef RIGHT
    other = mine.share();
#else
    other = mine;
#endif
}
