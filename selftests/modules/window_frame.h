/* SPDX-License-Identifier: GPL-2.0 */
/* The functions of window.h. Included by one file of each module that has windows. */
#ifndef SELFTESTS_MODULES_WINDOW_FRAME_H
#define SELFTESTS_MODULES_WINDOW_FRAME_H

#include <linux/ktime.h>
#include <linux/perf_event.h>

#include "scenario.h"
#include "window.h"

static struct perf_event * __percpu *breakpoint;
static bool (*is_here)(struct pt_regs *regs, void *arg);
static void *is_here_arg;
static atomic_t entered;
static bool left;

/* Context: the debug exception, behind the instruction. */
static void stop_here(struct perf_event *event, struct perf_sample_data *data,
		      struct pt_regs *regs)
{
	u64 end;

	if (!is_here(regs, is_here_arg) || atomic_inc_return(&entered) != 1)
		return;
	end = ktime_get_mono_fast_ns() + 10ULL * NSEC_PER_SEC;
	while (!READ_ONCE(left)) {
		if (ktime_get_mono_fast_ns() > end) {
			fail("nobody came to the window");
			break;
		}
		cpu_relax();
	}
}

bool window_open(const void *address, int type,
		 bool (*here)(struct pt_regs *regs, void *arg), void *arg)
{
	struct perf_event_attr attr;

	is_here = here;
	is_here_arg = arg;
	atomic_set(&entered, 0);
	left = false;
	hw_breakpoint_init(&attr);
	attr.bp_addr = (unsigned long)address;
	attr.bp_len = HW_BREAKPOINT_LEN_8;
	attr.bp_type = type;
	breakpoint = register_wide_hw_breakpoint(&attr, stop_here, NULL);
	if (IS_ERR((void *)(unsigned long __force)breakpoint)) {
		breakpoint = NULL;
		fail("no breakpoint");
		return false;
	}
	return true;
}

bool window_is_entered(void)
{
	return atomic_read(&entered);
}

bool window_entered(void)
{
	return check(becomes_true(window_is_entered()));
}

void window_leave(void)
{
	WRITE_ONCE(left, true);
}

void window_close(void)
{
	if (breakpoint)
		unregister_wide_hw_breakpoint(breakpoint);
	breakpoint = NULL;
	check(window_is_entered());
}

#endif /* SELFTESTS_MODULES_WINDOW_FRAME_H */
