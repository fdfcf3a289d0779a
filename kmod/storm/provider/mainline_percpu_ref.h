/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REFSTORM_MAINLINE_PERCPU_REF_H
#define _REFSTORM_MAINLINE_PERCPU_REF_H

#include <linux/compiler.h>
#include <linux/percpu-refcount.h>

/*
 * Around percpu_ref_is_dying() and percpu_ref_tryget_live(): mainline reads the flags of
 * percpu_count_ptr plainly there while a switch changes them, and as both are inline,
 * KCSAN watches that in our modules. What it says is of code not ours.
 */
#define MAINLINE_FLAGS_READ(call) data_race(call)

#endif /* _REFSTORM_MAINLINE_PERCPU_REF_H */
