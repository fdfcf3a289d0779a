// refused: error: (could not convert|cannot convert|no matching|conversion from).*borrowed<node>
#include "objects.hpp"
void enqueue(rs::ref<node> mine);
void use(const rs::borrowed<node> &lent)
{
#ifdef RIGHT
    enqueue(lent.share());
#else
    enqueue(lent);
#endif
}
