// refused: error: passing .rs::ref<node>. as .this. argument discards qualifiers
#include "objects.hpp"
void c_puts(node *n);
void use(rs::ref<node> &mine)
{
#ifdef RIGHT
    c_puts(std::move(mine).release_to_c());
#else
    c_puts(mine.release_to_c());
#endif
}
