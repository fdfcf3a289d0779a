// refused: error: use of deleted function .*ref<T>::put\(\) &
#include "objects.hpp"
void use(rs::ref<node> &mine)
{
#ifdef RIGHT
    std::move(mine).put();
#else
    mine.put();
#endif
}
