// refused: error: use of deleted function .*(handle|ref)<node>::(handle|ref)\(const
#include "objects.hpp"
void enqueue(rs::ref<node> mine);
void use(rs::ref<node> mine)
{
#ifdef RIGHT
    enqueue(mine.share());
    enqueue(std::move(mine));
#else
    enqueue(mine);
    enqueue(std::move(mine));
#endif
}
