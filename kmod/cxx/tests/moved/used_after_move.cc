// SPDX-License-Identifier: GPL-2.0
// Compiles, and is wrong: scripts/tidy demands that clang-tidy finds each line marked "found".
#include <refstorm/ref.hpp>

struct device {
    rs_sealed_ref requests;
    static constexpr auto counter = &device::requests;
    static void release(device *d);
};

struct node {
    rs_kref kref;
    static constexpr auto counter = &node::kref;
    static void release(node *n);
};

bool kill_twice(rs::live<device> owner)
{
    std::move(owner).kill();
    return std::move(owner).kill(); // found
}

rs::ref<device> share_after_kill(rs::live<device> owner)
{
    std::move(owner).kill();
    return owner.share(); // found
}

rs::ref<node> share_after_put(rs::ref<node> mine)
{
    std::move(mine).put();
    return mine.share(); // found
}

unsigned int reach_after_handing_over(rs::ref<node> mine, rs::ref<node> &other)
{
    other = std::move(mine);
    return rs_kref_read(&mine->kref); // found
}

rs::ref<device> take_twice(device &d)
{
    auto found = rs::tryget_live(rs::rcu_reader{}, d);
    const auto first = std::move(found).take();
    return std::move(found).take(); // found
}
