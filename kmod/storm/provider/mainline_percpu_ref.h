/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REFSTORM_MAINLINE_PERCPU_REF_H
#define _REFSTORM_MAINLINE_PERCPU_REF_H

#include <linux/compiler.h>
#include <linux/percpu-refcount.h>

/*
 * MAINLINE_FLAGS_READ() - call percpu_ref_is_dying() or percpu_ref_tryget_live()
 *
 * Both functions read the flags of percpu_count_ptr plainly while a switch changes them.
 * Both are inline, so KCSAN would report mainline's race against our modules.
 */
#define MAINLINE_FLAGS_READ(call) data_race(call)

#endif /* _REFSTORM_MAINLINE_PERCPU_REF_H */
