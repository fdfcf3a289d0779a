/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that must not compile count. */
#pragma once

#include <refstorm/ref.hpp>

struct node {
    rs_kref kref;
    static constexpr auto counter = &node::kref;
    static void release(node *n);
};

struct device {
    rs_sealed_ref requests;
    static constexpr auto counter = &device::requests;
    static void release(device *d);
};
