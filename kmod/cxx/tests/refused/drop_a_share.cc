// A reference that is taken and dropped at once was meant to be kept.
// refused: error: ignoring return(ed)? value.*(share|ref<node>)
#include "objects.hpp"
void use(rs::ref<node> &mine)
{
#ifdef RIGHT
    const rs::ref<node> other =
#endif
        mine.share();
}
