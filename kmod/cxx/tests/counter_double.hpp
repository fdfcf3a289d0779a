/* SPDX-License-Identifier: GPL-2.0 */
/*
 * counter_double.hpp - a double of rsref.ko's functions, for tests in one thread
 *
 * The fast paths under test are the real ones, of the C headers. A sealed counter's slot is
 * one word here, and the shared word another, so that a test can seal it and see which of
 * them counted.
 */
#pragma once

#include <string>
#include <vector>

#include <refstorm/ref.hpp>

/* What a counter's data leads to */
struct rs_percpu_count {
    s64 slot = s64{1} << 62;
    s64 shared = 1;
    bool dead = false;
    bool atomic = false;
    void *ref = nullptr;
    void (*release)(void *ref) = nullptr;
};

struct mutex {
    bool held = false;
};
struct spinlock {
    bool held = false;
};

namespace counter_double {

/* Warnings, calls and locks, in order; the test that looks clears it */
std::vector<std::string> &log();

/* The next init fails with this */
extern int init_error;

/* References of a per-CPU counter, wherever they are counted */
s64 references(const rs_percpu_count &count);

/* Collect the slot into the shared word, as a switch to atomic mode does */
void seal(rs_percpu_count &count);

} // namespace counter_double
