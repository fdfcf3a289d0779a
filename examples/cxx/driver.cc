// SPDX-License-Identifier: GPL-2.0
#include <refstorm/ref.hpp>
extern "C" void example_idle(); // main.c: completes what the beginning waits for

struct device {
    rs_sealed_ref requests; // counted per CPU, since every request takes and drops one
    static constexpr auto counter = &device::requests;
    static void release(device *d) { rs::live<device>::finish(*d), example_idle(); }
};
static constinit device disk{};

extern "C" bool example_request()
{
    const auto request = rs::tryget_live(rs::rcu_reader{}, disk); // put at the end of the scope
    return static_cast<bool>(request);
}

extern "C" int example_add_and_remove()
{
    auto begun = rs::live<device>::begin(disk, rs_gfp_kernel());
    if (!begun)
        return begun.error();
    auto owner = std::move(begun).take(); // of the one right to kill
    const int served = example_request() + example_request();
    std::move(owner).kill(); // owner.kill() does not compile
    return served;
}
