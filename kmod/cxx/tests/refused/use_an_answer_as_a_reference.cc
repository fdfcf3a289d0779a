// What a tryget gives has to be looked at and taken first.
// refused: error: base operand of .->. has non-pointer type
#include "objects.hpp"
int use(device &d)
{
    auto found = rs::tryget_live(rs::kept_in_place{}, d);
#ifdef RIGHT
    if (!found)
        return -1;
    const auto request = std::move(found).take();
    return request->requests.data.count != nullptr;
#else
    return found->requests.data.count != nullptr;
#endif
}
