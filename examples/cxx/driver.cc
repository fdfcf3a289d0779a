// SPDX-License-Identifier: GPL-2.0
#include "driver.h" // declares the functions of this file, and example_idle() of main.c
#include <refstorm/ref.hpp>

static constinit struct device {
    rs_sealed_ref requests; // per-CPU: every request takes one reference and drops it
    static constexpr auto counter = &device::requests;
    static void release(device *d) { rs::live<device>::finish(*d), example_idle(); }
} disk{};

bool example_request()
{
    const auto request = rs::tryget_live(rs::rcu_reader{}, disk); // the destructor puts it
    return static_cast<bool>(request);
}

int example_add_and_remove()
{
    auto begun = rs::live<device>::begin(disk, rs_gfp_kernel());
    if (!begun)
        return begun.error();
    const auto owner = std::move(begun).take(); // the destructor kills the counter, once
    return example_request() + example_request();
}
