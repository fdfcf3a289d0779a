// SPDX-License-Identifier: GPL-2.0
/* The mistakes of detectors.ko that are made with a handle of ref.hpp. */
#include <refstorm/ref.hpp>

#include "detectors.h"

static void never_released(rs_kref *) {}

template <>
struct rs::counting<cxx_thing> {
    static constexpr auto counter = &cxx_thing::count;
    static constexpr auto release = never_released;
};

void cxx_drop(cxx_thing *thing)
{
    rs::ref<cxx_thing>::from_c(thing).put();
}
