// A second reference is taken by share(), in sight.
// refused: error: use of deleted function .*(handle|ref)<node>::(handle|ref)\(const
#include "objects.hpp"
void use(rs::ref<node> &mine)
{
#ifdef RIGHT
    const rs::ref<node> other = mine.share();
#else
    const rs::ref<node> other = mine;
#endif
}
