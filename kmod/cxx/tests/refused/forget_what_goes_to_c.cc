// refused: error: ignoring return(ed)? value.*release_to_c
#include "objects.hpp"
void c_puts(node *n);
void use(rs::ref<node> mine)
{
#ifdef RIGHT
    c_puts(std::move(mine).release_to_c());
#else
    std::move(mine).release_to_c();
#endif
}
