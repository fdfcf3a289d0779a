// SPDX-License-Identifier: GPL-2.0
/* Uses that mainline's percpu_ref gets wrong and ours gets right. */
#include <linux/completion.h>
#include <linux/rcupdate.h>

#include "percpu.h"

/* Mainline calls release() under its global lock, and would deadlock in this one. */
static void release_and_exit(REF_TYPE *ref)
{
	struct counted *c = to_counted(ref);

	check(REF(is_zero)(ref));
	check(REF(is_dying)(ref));
	check(!REF(tryget)(ref));
	count_release(ref);
	REF(exit)(ref);
	check(c->in_own_stack);
}

void release_from_kill(const struct scenario *s)
{
	long before = outstanding(NULL);
	struct counted c = { };

	if (!check(!REF(init)(&c.ref, release_and_exit, RS_PERCPU_REF_INIT_ATOMIC,
			      GFP_KERNEL)))
		return;
	c.in_stack_of = current;
	check(REF(kill)(&c.ref));
	check(released(&c) == 1);
	counted_end_unreleased(&c);
	check(released(&c) == 1);
	check(outstanding(NULL) == before);
}

static struct counted held_up;
static bool others_went;

static void other_work(void)
{
	struct counted c, d;

	if (!counted_init(&c, RS_PERCPU_REF_INIT_ATOMIC))
		return;
	if (!counted_init(&d, RS_PERCPU_REF_ALLOW_REINIT)) {
		REF(exit)(&c.ref);
		return;
	}
	check(REF(kill)(&c.ref));
	check(REF(is_zero)(&c.ref));
	REF(switch_to_atomic)(&d.ref, NULL);
	check(REF(kill)(&d.ref));
	WRITE_ONCE(others_went, true);
	counted_end(&c);
	counted_end(&d);
}

static void release_waiting_for_others(REF_TYPE *ref)
{
	unsigned long end = jiffies + 2 * HZ;

	/* No grace period ends while this spins, so the other switches only begin. */
	while (!READ_ONCE(others_went) && time_before(jiffies, end))
		cpu_relax();
	check(READ_ONCE(others_went));
	count_release(ref);
}

static void kill_or_work(unsigned int nr, void *unused)
{
	if (nr)
		other_work();
	else
		check(REF(kill)(&held_up.ref));
}

void one_release_holds_up_nobody(const struct scenario *s)
{
	if (num_online_cpus() < 2) {
		skipped("needs 2 CPUs");
		return;
	}
	memset(&held_up, 0, sizeof(held_up));
	others_went = false;
	if (!check(!REF(init)(&held_up.ref, release_waiting_for_others,
			      RS_PERCPU_REF_INIT_ATOMIC, GFP_KERNEL)))
		return;
	crowd_run(2, kill_or_work, NULL);
	counted_end(&held_up);
}

static void killed_twice(unsigned int flags)
{
	struct counted c;

	if (!counted_init(&c, flags))
		return;
	atomic_long_set(&c.held, 2);
	REF(get_many)(&c.ref, 2);
	check(REF(kill_and_confirm)(&c.ref, count_confirm));
	/* During the switch, and after it. */
	check(!REF(kill_and_confirm)(&c.ref, count_confirm));
	check(becomes_true(look(&c).mode == RS_PERCPU_REF_ATOMIC));
	check(look(&c).count == 2);
	check(!REF(kill)(&c.ref));
	check(!REF(kill_two_stage)(&c.ref, count_confirm));
	check(look(&c).count == 2);
	check(confirmed(&c) == 1);
	REF(put)(&c.ref);
	check(!released(&c));
	atomic_long_set(&c.held, 0);
	REF(put)(&c.ref);
	check(!REF(kill)(&c.ref));
	counted_end(&c);
	check(confirmed(&c) == 1);
}

void second_kill(const struct scenario *s)
{
	killed_twice(0);
	killed_twice(RS_PERCPU_REF_ALLOW_REINIT);
	killed_twice(RS_PERCPU_REF_INIT_ATOMIC);
	killed_twice(RS_PERCPU_REF_DYNAMIC);
}

void atomic_without_reinit(const struct scenario *s)
{
	struct counted c;

	if (!counted_init(&c, 0))
		return;
	REF(get_many)(&c.ref, 3);
	REF(switch_to_atomic_sync)(&c.ref);
	check(look(&c).mode == RS_PERCPU_REF_ATOMIC);
	check(look(&c).count == 4);
	check(!REF(is_dying)(&c.ref));
	check(REF(tryget_live)(&c.ref));
	/* And back. */
	check(!REF(switch_to_percpu)(&c.ref));
	check(look(&c).mode == RS_PERCPU_REF_PERCPU);
	REF(put_many)(&c.ref, 4);
	REF(switch_to_atomic_sync)(&c.ref);
	check(look(&c).count == 1);
	check(REF(kill)(&c.ref));
	counted_end(&c);
}

void resurrect_without_reinit(const struct scenario *s)
{
	struct counted c;

	if (!counted_init(&c, 0))
		return;
	REF(get)(&c.ref);
	REF(switch_to_atomic_sync)(&c.ref);
	check(REF(kill)(&c.ref));
	check(REF(resurrect)(&c.ref) == -EINVAL);
	/* Nothing has changed. */
	check(REF(is_dying)(&c.ref));
	check(look(&c).count == 1);
	check(REF(switch_to_percpu)(&c.ref) == -EINVAL);
	check(look(&c).mode == RS_PERCPU_REF_ATOMIC);
	REF(put)(&c.ref);
	counted_end(&c);
	caught("resurrect: refused with -EINVAL, for it began without ALLOW_REINIT");
}

static void put_slowly(unsigned int nr, void *arg)
{
	struct counted *c = arg;

	REF(put)(&c->ref);
}

/* The owner polls, while another drops the last reference. */
void is_zero_then_exit(const struct scenario *s)
{
	unsigned long end = jiffies + 5 * HZ;
	struct crowd *putter;
	struct counted c;
	unsigned int round;

	for (round = 0; round < 20 && time_before(jiffies, end); round++) {
		if (!counted_init(&c, round % 2 ? RS_PERCPU_REF_INIT_ATOMIC : 0))
			return;
		REF(get)(&c.ref);
		check(REF(kill_and_confirm)(&c.ref, count_confirm));
		putter = crowd_start(1, put_slowly, &c);
		while (!REF(is_zero)(&c.ref) && time_before(jiffies, end))
			cond_resched();
		REF(exit)(&c.ref);
		synchronize_rcu();
		/* No further wait: the last putter was an RCU reader until release() returned. */
		check(released(&c) == 1);
		check(confirmed(&c) == 1);
		crowd_join(putter);
		counted_end(&c);
	}
	check(round);
}

void exit_during_switch(const struct scenario *s)
{
	long before = outstanding(NULL);
	struct counted c;

	/* Switching to atomic: alive, one reference, and no release() ever. */
	if (!counted_init(&c, 0))
		return;
	REF(switch_to_atomic)(&c.ref, count_confirm);
	under_way(look(&c).mode == RS_PERCPU_REF_SWITCHING);
	REF(exit)(&c.ref);
	check(confirmed(&c) == 1);
	counted_end_unreleased(&c);
	check(!released(&c));

	/* Killed: the confirmation has come when exit returns, and release() comes. */
	if (!counted_init(&c, 0))
		return;
	check(REF(kill_and_confirm)(&c.ref, count_confirm));
	REF(exit)(&c.ref);
	check(confirmed(&c) == 1);
	counted_end(&c);
	check(outstanding(NULL) == before);
}

static void exited_twice(unsigned int flags)
{
	long before = outstanding(NULL);
	struct counted c;

	if (!counted_init(&c, flags))
		return;
	check(REF(kill)(&c.ref));
	check(becomes_true(released(&c)));
	REF(exit)(&c.ref);
	REF(exit)(&c.ref);

	/* A counter answers every question after exit. */
	check(REF(is_zero)(&c.ref));
	check(REF(is_dying)(&c.ref));
	check(!REF(tryget)(&c.ref));
	check(!REF(tryget_live)(&c.ref));
	check(!REF(kill)(&c.ref));
	check(REF(switch_to_percpu)(&c.ref) == -EINVAL);
	check(REF(track)(&c.ref, "ended", 0) == -EINVAL);
	REF(switch_to_atomic)(&c.ref, count_confirm);
	REF(switch_to_atomic_sync)(&c.ref);
	check(!confirmed(&c));
	check(!REF(tryget)(&c.ref));
	counted_end(&c);
	check(outstanding(NULL) == before);
}

void exit_twice(const struct scenario *s)
{
	REF_TYPE zeroed = { };

	exited_twice(0);
	exited_twice(RS_PERCPU_REF_ALLOW_REINIT);
	exited_twice(RS_PERCPU_REF_INIT_ATOMIC);
	REF(exit)(&zeroed);
	REF(exit)(&zeroed);
}

void exit_twice_nonzero(const struct scenario *s)
{
	static const unsigned int flags[] = { 0, RS_PERCPU_REF_INIT_ATOMIC };
	long before = outstanding(NULL);
	struct counted c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!counted_init(&c, flags[i]))
			return;
		/* Mainline stores the count in place of the pointer, and frees it as one. */
		REF(get_many)(&c.ref, 5);
		REF(exit)(&c.ref);
		REF(exit)(&c.ref);
		counted_end_unreleased(&c);
		check(!released(&c));
	}
	check(outstanding(NULL) == before);
}

void cold_dynamic(const struct scenario *s)
{
	long before = outstanding(REF_SLOTS_SITE);
	struct counted c;

	if (!counted_init(&c, RS_PERCPU_REF_DYNAMIC))
		return;
	check(!REF(set_threshold)(&c.ref, 100));
	REF(get_many)(&c.ref, 50);
	check(outstanding(REF_SLOTS_SITE) == before);
	check(look(&c).mode == RS_PERCPU_REF_ATOMIC);
	REF(get_many)(&c.ref, 100);
	check(becomes_true(look(&c).mode == RS_PERCPU_REF_PERCPU));
	check(outstanding(REF_SLOTS_SITE) == before + 1);
	REF(put_many)(&c.ref, 150);
	check(REF(kill)(&c.ref));
	counted_end(&c);
	check(becomes_true(outstanding(REF_SLOTS_SITE) == before));
}

void sync_leaves_nothing(const struct scenario *s)
{
	struct counted c;
	unsigned int round;

	if (!counted_init(&c, RS_PERCPU_REF_ALLOW_REINIT))
		return;
	for (round = 0; round < 20; round++) {
		REF(get)(&c.ref);
		REF(switch_to_atomic_sync)(&c.ref);
		check(look(&c).count == 2);
		check(!look(&c).dying);
		REF(put)(&c.ref);
		check(!REF(switch_to_percpu)(&c.ref));
	}
	check(REF(kill)(&c.ref));
	counted_end(&c);
}

/* The compiler must not know that the number is 0. */
static void expect_nothing(struct counted *c, bool alive, bool taken)
{
	unsigned long none = READ_ONCE(c->none);
	struct rs_percpu_ref_state before = look(c), after;
	int releases = released(c);

	REF(get_many)(&c->ref, none);
	REF(put_many)(&c->ref, none);
	check(REF(tryget_many)(&c->ref, none) == taken);
	after = look(c);
	check(released(c) == releases);
	check(after.mode == before.mode && after.dying == before.dying);
	check(!after.saturated);
	if (after.mode == RS_PERCPU_REF_ATOMIC)
		check(after.count == before.count);
	check(REF(tryget_live)(&c->ref) == alive);
	if (alive)
		REF(put)(&c->ref);
}

static void nothing_at_all(unsigned int flags)
{
	struct counted c;

	if (!counted_init(&c, flags))
		return;
	expect_nothing(&c, true, true);
	REF(get_many)(&c.ref, 5);
	expect_nothing(&c, true, true);
	REF(switch_to_atomic_sync)(&c.ref);
	expect_nothing(&c, true, true);
	check(look(&c).count == 6);
	check(REF(kill)(&c.ref));
	expect_nothing(&c, false, true);
	REF(put_many)(&c.ref, 5);
	check(becomes_true(released(&c)));
	/* Released: to put none is not to put the last once more. */
	expect_nothing(&c, false, false);
	check(released(&c) == 1);
	counted_end(&c);
	/* Ended: there is no release() any more. */
	expect_nothing(&c, false, false);
	check(released(&c) == 1);
}

void nothing(const struct scenario *s)
{
	nothing_at_all(0);
	nothing_at_all(RS_PERCPU_REF_ALLOW_REINIT);
	nothing_at_all(RS_PERCPU_REF_INIT_ATOMIC);
	nothing_at_all(RS_PERCPU_REF_DYNAMIC);
	nothing_at_all(RS_PERCPU_REF_INIT_TRACKED);
}
