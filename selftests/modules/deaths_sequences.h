/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sequences, compiled for each counter: deaths_mainline.c and deaths_ours.c define the
 * names. Mainline's counter crashes in each sequence; the checks are of ours.
 */
#include <linux/atomic.h>
#include <linux/rcupdate.h>

#include "deaths.h"

static atomic_t released;

static void count_release(TYPE *ref)
{
	atomic_inc(&released);
}

static bool begin(TYPE *ref, void (*release)(TYPE *ref), unsigned int flags)
{
	atomic_set(&released, 0);
	return check(!COUNTER(init)(ref, release, flags, GFP_KERNEL));
}

/* Kill of an atomic counter calls release() from its own stack. */

static void release_asking(TYPE *ref)
{
	check(COUNTER(is_zero)(ref));
	atomic_inc(&released);
}

void SEQUENCE(release_asks)(const struct scenario *s)
{
	TYPE ref;

	if (!begin(&ref, release_asking, FLAG(INIT_ATOMIC)))
		return;
	COUNTER(kill)(&ref);
	check(atomic_read(&released) == 1);
	COUNTER(exit)(&ref);
}

static void release_exiting(TYPE *ref)
{
	COUNTER(exit)(ref);
	atomic_inc(&released);
}

void SEQUENCE(release_exits)(const struct scenario *s)
{
	TYPE ref;

	if (!begin(&ref, release_exiting, FLAG(INIT_ATOMIC)))
		return;
	COUNTER(kill)(&ref);
	check(atomic_read(&released) == 1);
	check(COUNTER(is_zero)(&ref));
}

/*
 * A counter without ALLOW_REINIT is switched to atomic and back. Mainline's counter looks dead
 * after the first switch, so it has to be resurrected.
 */
void SEQUENCE(switch_back)(const struct scenario *s)
{
	TYPE ref;

	if (!begin(&ref, count_release, 0))
		return;
	COUNTER(switch_to_atomic_sync)(&ref);
	/* Wait until the callback of the switch has ended. */
	rcu_barrier();
	REFUSED(COUNTER(resurrect)(&ref));
	ACCEPTED(COUNTER(switch_to_percpu)(&ref));
	check(COUNTER(tryget_live)(&ref));
	COUNTER(put)(&ref);
	COUNTER(kill)(&ref);
	check(becomes_true(atomic_read(&released) == 1));
	COUNTER(exit)(&ref);
	CAUGHT("resurrect: refused, and the counter lives");
}

/* The same, killed. */
void SEQUENCE(resurrect)(const struct scenario *s)
{
	TYPE ref;

	if (!begin(&ref, count_release, 0))
		return;
	COUNTER(get)(&ref);
	COUNTER(kill)(&ref);
	rcu_barrier();
	REFUSED(COUNTER(resurrect)(&ref));
	check(!COUNTER(tryget_live)(&ref));
	check(!atomic_read(&released));
	COUNTER(put)(&ref);
	check(atomic_read(&released) == 1);
	COUNTER(exit)(&ref);
	CAUGHT("resurrect: refused, and the counter dies");
}

/* Mainline stores the count in place of the pointer to the slots, and frees it as one. */
void SEQUENCE(exit_twice)(const struct scenario *s)
{
	TYPE ref;

	if (!begin(&ref, count_release, 0))
		return;
	COUNTER(get_many)(&ref, 5);
	COUNTER(exit)(&ref);
	COUNTER(exit)(&ref);
	check(COUNTER(is_zero)(&ref));
	check(!COUNTER(tryget)(&ref));
	check(!atomic_read(&released));
}

/*
 *	last putter			owner
 *	-----------			-----
 *	count: 1 -> 0
 *					is_zero: true
 *					exit
 *	release()
 */
static TYPE shared;

static void put_or_own(unsigned int nr, void *unused)
{
	if (nr) {
		COUNTER(put)(&shared);
		return;
	}
	while (!COUNTER(is_zero)(&shared) && window_entered())
		;
	COUNTER(exit)(&shared);
	window_leave();
}

static bool is_put(struct pt_regs *regs, void *unused)
{
	return true;
}

void SEQUENCE(zero_then_exit)(const struct scenario *s)
{
	if (!begin(&shared, count_release, FLAG(INIT_ATOMIC)))
		return;
	COUNTER(get)(&shared);
	COUNTER(kill)(&shared);
	if (window_open(WORD(&shared), HW_BREAKPOINT_W, is_put, NULL))
		crowd_run(2, put_or_own, NULL);
	window_close();
	check(atomic_read(&released) == 1);
}

/*
 *	switch, in its callback		owner
 *	-----------------------		-----
 *	confirmed
 *					switch_to_atomic_sync: nothing to wait for
 *					exit
 *	drops its own reference
 */
static void switch_or_own(unsigned int nr, void *unused)
{
	if (nr) {
		/* The callback comes on this CPU. */
		COUNTER(switch_to_atomic)(&shared, NULL);
		return;
	}
	if (window_entered()) {
		COUNTER(switch_to_atomic_sync)(&shared);
		COUNTER(exit)(&shared);
	}
	window_leave();
}

void SEQUENCE(sync_then_exit)(const struct scenario *s)
{
	if (!begin(&shared, count_release, FLAG(ALLOW_REINIT)))
		return;
	if (window_open(SWITCH_WORD(&shared), HW_BREAKPOINT_W, is_confirmed, &shared))
		crowd_run(2, switch_or_own, NULL);
	window_close();
	check(!atomic_read(&released));
	check(!COUNTER(tryget)(&shared));
}
