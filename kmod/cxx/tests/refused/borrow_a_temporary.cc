// It would be put before the borrower is done.
// refused: error: use of deleted function .*borrow\(\) &&
#include "objects.hpp"
rs::ref<node> source();
void use()
{
#ifdef RIGHT
    const auto mine = source();
    const auto lent = mine.borrow();
#else
    const auto lent = source().borrow();
#endif
}
