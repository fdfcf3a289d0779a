// refused: required for the satisfaction of .counted_many<T>. .with T = node
#include "objects.hpp"
#ifdef RIGHT
using counted_thing = device;
#else
using counted_thing = node;
#endif
bool use(counted_thing &thing)
{
    return static_cast<bool>(rs::tryget_many(rs::rcu_reader{}, thing, 2));
}
