// refused: error: ignoring .*rcu_reader
#include "objects.hpp"
bool use(node &n)
{
#ifdef RIGHT
    const rs::rcu_reader reader;
#else
    rs::rcu_reader{};
#endif
    return static_cast<bool>(rs::tryget(rs::kept_in_place{}, n));
}
