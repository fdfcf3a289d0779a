// SPDX-License-Identifier: GPL-2.0
/*
 * Our per-CPU counters: kills that race with each other and with tryget_live, and switches
 * of opposite directions.
 */
#include <linux/cpumask.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "percpu.h"

/*
 * Racing kills: an array of counters, each of which several threads kill.
 */
#define RACES	200

struct race {
	struct counted	counters[RACES];
	atomic_t	first[RACES];
	atomic_t	started;
	unsigned int	threads;
	bool		two_stage;
};

static void kill_all(unsigned int nr, void *arg)
{
	struct race *race = arg;
	unsigned int i;
	bool first;

	atomic_inc(&race->started);
	check(becomes_true(atomic_read(&race->started) == race->threads));
	for (i = 0; i < RACES; i++) {
		REF_TYPE *ref = &race->counters[i].ref;

		if (race->two_stage && nr % 2)
			first = REF(kill_two_stage)(ref, count_confirm);
		else
			first = REF(kill_and_confirm)(ref, count_confirm);
		if (!first)
			continue;
		atomic_inc(&race->first[i]);
		if (race->two_stage && nr % 2)
			REF(put)(ref);
	}
}

static bool all_released(struct race *race)
{
	unsigned int i;

	for (i = 0; i < RACES && released(&race->counters[i]); i++)
		;
	return i == RACES;
}

static void race(struct race *race, unsigned int flags, bool two_stage)
{
	unsigned int i;

	memset(race, 0, sizeof(*race));
	race->two_stage = two_stage;
	race->threads = 2 * min(num_online_cpus(), 4U);
	for (i = 0; i < RACES; i++) {
		if (!counted_init(&race->counters[i], flags))
			return;
		atomic_long_set(&race->counters[i].held, 1);
		REF(get)(&race->counters[i].ref);
	}
	crowd_run(race->threads, kill_all, race);
	for (i = 0; i < RACES; i++) {
		struct counted *c = &race->counters[i];

		check(atomic_read(&race->first[i]) == 1);
		check(!released(c));
		atomic_long_set(&c->held, 0);
		REF(put)(&c->ref);
	}
	check(becomes_true(all_released(race)));
	for (i = 0; i < RACES; i++)
		REF(exit)(&race->counters[i].ref);
	synchronize_rcu();
	for (i = 0; i < RACES; i++) {
		check(released(&race->counters[i]) == 1);
		check(confirmed(&race->counters[i]) == 1);
		check(!atomic_read(&race->counters[i].early));
	}
}

void racing_kills(const struct scenario *s)
{
	struct race *all = kvmalloc(sizeof(*all), GFP_KERNEL);

	if (!check(all))
		return;
	race(all, 0, false);
	race(all, RS_PERCPU_REF_INIT_ATOMIC, false);
	race(all, 0, true);
	race(all, RS_PERCPU_REF_INIT_ATOMIC, true);
	kvfree(all);
}

/*
 * Threads call tryget_live during a kill and put what they took. A tryget_live that begins
 * after the confirmation must fail.
 */
static void tryget_until_dead(unsigned int nr, void *arg)
{
	struct counted *c = arg;
	unsigned long end = jiffies + 2 * HZ;
	bool was_confirmed, got;

	if (!nr) {
		usleep_range(5000, 6000);
		check(REF(kill_and_confirm)(&c->ref, count_confirm));
		return;
	}
	do {
		was_confirmed = atomic_read_acquire(&c->confirmed);
		got = REF(tryget_live)(&c->ref);
		if (got)
			REF(put)(&c->ref);
		if (got && was_confirmed)
			fail("tryget_live succeeded after the confirmation");
		cond_resched();
	} while (!was_confirmed && time_before(jiffies, end));
	check(was_confirmed);
}

void confirm_then_dead(const struct scenario *s)
{
	static const unsigned int flags[] = {
		0, RS_PERCPU_REF_ALLOW_REINIT, RS_PERCPU_REF_INIT_ATOMIC, RS_PERCPU_REF_DYNAMIC,
	};
	struct counted c;
	unsigned int i;

	for (i = 0; i < 4 * ARRAY_SIZE(flags); i++) {
		if (!counted_init(&c, flags[i % ARRAY_SIZE(flags)]))
			return;
		crowd_run(8, tryget_until_dead, &c);
		counted_end(&c);
	}
}

/*
 * After the confirmation the count only falls. No task puts in this scenario, and the initial
 * reference stays, so the count must not change after the confirmation.
 */
struct census {
	struct counted	c;
	atomic_long_t	taken;
	u64		at_confirm;
};

static void take_census(REF_TYPE *ref)
{
	struct census *census = container_of(to_counted(ref), struct census, c);

	census->at_confirm = look(&census->c).count;
	count_confirm(ref);
}

static void take_until_dead(unsigned int nr, void *arg)
{
	struct census *census = arg;
	unsigned long end = jiffies + 2 * HZ;
	long taken = 0;

	if (!nr) {
		usleep_range(2000, 3000);
		check(REF(kill_two_stage)(&census->c.ref, take_census));
		return;
	}
	while (REF(tryget_live)(&census->c.ref) && time_before(jiffies, end)) {
		taken++;
		cond_resched();
	}
	atomic_long_add(taken, &census->taken);
}

void counted_at_confirm(const struct scenario *s)
{
	static const unsigned int flags[] = {
		0, RS_PERCPU_REF_INIT_ATOMIC, RS_PERCPU_REF_DYNAMIC,
	};
	struct census census;
	unsigned int i;

	for (i = 0; i < 4 * ARRAY_SIZE(flags); i++) {
		atomic_long_set(&census.taken, 0);
		if (!counted_init(&census.c, flags[i % ARRAY_SIZE(flags)]))
			return;
		crowd_run(8, take_until_dead, &census);
		check(becomes_true(confirmed(&census.c)));
		check(look(&census.c).count == atomic_long_read(&census.taken) + 1);
		check(look(&census.c).count == census.at_confirm);
		REF(put_many)(&census.c.ref, look(&census.c).count);
		counted_end(&census.c);
	}
}

/*
 * Opposite switches.
 */

/* Has this task made its request, and does it wait, or has it returned? */
static bool waits_or_done(struct opposed *o, unsigned int who)
{
	struct task_struct *task = READ_ONCE(o->asks[who]);

	return READ_ONCE(o->done[who]) ||
	       (task && READ_ONCE(task->__state) == TASK_UNINTERRUPTIBLE);
}

static void ask(struct opposed *o, unsigned int who, void (*what)(void *ref))
{
	WRITE_ONCE(o->asks[who], current);
	what(o->ref);
	WRITE_ONCE(o->done[who], true);
}

static void read_or_ask(unsigned int nr, void *arg)
{
	struct opposed *o = arg;
	unsigned int ms;

	switch (nr) {
	case 0:
		rcu_read_lock();
		WRITE_ONCE(o->reading, true);
		for (ms = 0; ms < 2000 && !waits_or_done(o, 1); ms++)
			mdelay(1);
		rcu_read_unlock();
		break;
	case 1:
		check(becomes_true(READ_ONCE(o->reading)));
		o->to_atomic(o->ref);
		ask(o, 0, o->to_atomic_confirm);
		break;
	case 2:
		check(becomes_true(waits_or_done(o, 0)));
		ask(o, 1, o->to_percpu);
		break;
	}
}

void switch_both_ways(struct opposed *o)
{
	crowd_run(3, read_or_ask, o);
}

static void to_atomic(void *ref)
{
	REF(switch_to_atomic)(ref, NULL);
}

static void to_atomic_confirm(void *ref)
{
	REF(switch_to_atomic)(ref, count_confirm);
}

static void to_percpu(void *ref)
{
	check(!REF(switch_to_percpu)(ref));
}

void opposed_switches(const struct scenario *s)
{
	struct opposed o = {
		.to_atomic = to_atomic,
		.to_atomic_confirm = to_atomic_confirm,
		.to_percpu = to_percpu,
	};
	struct counted c;

	if (num_online_cpus() < 3) {
		skipped("needs 3 CPUs");
		return;
	}
	if (!counted_init(&c, RS_PERCPU_REF_ALLOW_REINIT))
		return;
	o.ref = &c.ref;
	switch_both_ways(&o);
	/* Both requests were done and confirmed, whichever came last. */
	check(becomes_true(confirmed(&c) == 1));
	check(REF(tryget_live)(&c.ref));
	check(becomes_true(look(&c).count == 2 || look(&c).mode == RS_PERCPU_REF_PERCPU));
	REF(put)(&c.ref);
	check(REF(kill)(&c.ref));
	counted_end(&c);
}
