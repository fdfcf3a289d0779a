// SPDX-License-Identifier: GPL-2.0
#include "driver.h" // what C calls of this file, and example_idle(), which it calls of C's
#include <refstorm/ref.hpp>

static constinit struct device {
    rs_sealed_ref requests; // counted per CPU, since every request takes and drops one
    static constexpr auto counter = &device::requests;
    static void release(device *d) { rs::live<device>::finish(*d), example_idle(); }
} disk{};

bool example_request()
{
    const auto request = rs::tryget_live(rs::rcu_reader{}, disk); // put at the end of the scope
    return static_cast<bool>(request);
}

int example_add_and_remove()
{
    auto begun = rs::live<device>::begin(disk, rs_gfp_kernel());
    if (!begun)
        return begun.error();
    const auto owner = std::move(begun).take(); // of the right to kill: once, here at the end of the scope
    return example_request() + example_request();
}
