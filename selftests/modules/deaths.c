// SPDX-License-Identifier: GPL-2.0
/*
 * Uses that kill or hang a machine when the counter is mainline's percpu_ref, and that ours
 * answers. scripts/tests/deaths runs each in a guest of its own, and knows how that has to end.
 */
#include <linux/hw_breakpoint.h>
#include <linux/init.h>
#include <linux/perf_event.h>
#include <linux/rcupdate.h>

#include "deaths.h"
#include "scenario_frame.h"

static struct perf_event * __percpu *breakpoint;
static bool (*is_here)(void *arg);
static void *is_here_arg;
static atomic_t entered;
static bool left;

/* Context: the debug exception, behind the instruction that wrote. */
static void stop_here(struct perf_event *event, struct perf_sample_data *data,
		      struct pt_regs *regs)
{
	u64 end = ktime_get_mono_fast_ns() + 2 * NSEC_PER_SEC;

	if (!is_here(is_here_arg) || atomic_inc_return(&entered) != 1)
		return;
	while (!READ_ONCE(left)) {
		if (ktime_get_mono_fast_ns() > end) {
			fail("nobody came to the window");
			break;
		}
		cpu_relax();
	}
}

bool window_open(void *address, bool (*here)(void *arg), void *arg)
{
	struct perf_event_attr attr;

	is_here = here;
	is_here_arg = arg;
	atomic_set(&entered, 0);
	left = false;
	hw_breakpoint_init(&attr);
	attr.bp_addr = (unsigned long)address;
	attr.bp_len = HW_BREAKPOINT_LEN_8;
	attr.bp_type = HW_BREAKPOINT_W;
	breakpoint = register_wide_hw_breakpoint(&attr, stop_here, NULL);
	if (IS_ERR((void __force *)breakpoint)) {
		breakpoint = NULL;
		fail("no breakpoint");
		return false;
	}
	return true;
}

bool window_entered(void)
{
	return check(becomes_true(atomic_read(&entered)));
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
	check(atomic_read(&entered));
}

#define RESURRECT							\
	"rs_percpu_ref: resurrect of a counter that is alive, or was not allowed to be"	\
	" (count_release [percpu_ref_deaths])."

#define OURS(_name, _title) {						\
	.name = "ours_" #_name, .title = (_title), .run = ours_##_name,	\
}

#define REFUSING(_name, _title) {					\
	.name = "ours_" #_name, .title = (_title), .run = ours_##_name,	\
	.wrong = true, .warnings = 1, .text = RESURRECT,		\
}

#define MAINLINE(_name, _title) {					\
	.name = "mainline_" #_name, .title = (_title),			\
	.run = mainline_##_name, .dies = true,				\
}

static const struct scenario list[] = {
	OURS(release_asks, "release() called by kill may ask is_zero"),
	MAINLINE(release_asks, "release() called by kill asks is_zero, and waits for its caller"),
	OURS(release_exits, "release() called by kill may exit"),
	MAINLINE(release_exits, "release() called by kill exits, and waits for its caller"),
	REFUSING(switch_back, "a counter without ALLOW_REINIT switches to atomic and back"),
	MAINLINE(switch_back,
		 "a counter without ALLOW_REINIT that was switched to atomic and back is a BUG"),
	REFUSING(resurrect, "resurrect without ALLOW_REINIT is refused"),
	MAINLINE(resurrect, "resurrect without ALLOW_REINIT is a BUG"),
	OURS(exit_twice, "a second exit does nothing, though references were left"),
	MAINLINE(exit_twice, "a second exit frees the number of references that were left"),
	OURS(zero_then_exit, "exit before the last putter has called release() does it no harm"),
	MAINLINE(zero_then_exit, "exit before the last putter has called release() leaves it none"),
	OURS(sync_then_exit, "after switch_to_atomic_sync the switch needs the counter no more"),
	MAINLINE(sync_then_exit, "after switch_to_atomic_sync the switch still holds a reference"),
};

static int __init percpu_ref_deaths_init(void)
{
	scenarios_begin(list, ARRAY_SIZE(list));
	return 0;
}

static void __exit percpu_ref_deaths_exit(void)
{
	scenarios_end();
	rcu_barrier();
}

module_init(percpu_ref_deaths_init);
module_exit(percpu_ref_deaths_exit);

MODULE_AUTHOR("The refstorm authors");
MODULE_DESCRIPTION("What mainline's percpu_ref does not survive");
MODULE_LICENSE("GPL");
