// SPDX-License-Identifier: GPL-2.0
/*
 * Users in the kernel tree whose counters die and live again while others use them, begin in odd
 * places, or count in bulk. A comment beside each scenario names the user.
 */
#include <linux/delay.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "percpu.h"

#define LIVES	40

/* One task has a counter die and live; the others use it until that is over. */
struct lives {
	struct counted	c;
	/* The user's state, which the counter protects. */
	bool		flag;
	bool		state;
	bool		over;
};

static void lives_run(struct lives *l, void (*fn)(unsigned int nr, void *arg))
{
	crowd_run(min(num_online_cpus(), 4U), fn, l);
}

static bool lives_begin(struct lives *l, unsigned int flags)
{
	memset(l, 0, sizeof(*l));
	if (num_online_cpus() < 2) {
		skipped("needs 2 CPUs");
		return false;
	}
	return counted_init(&l->c, flags);
}

/*
 * Swap. A device's counter begins dead. swapon resurrects it, swapoff kills it and waits. Readers
 * with a stale pointer to the device ask it in all of its lives.
 */
static void swap_read(struct lives *l)
{
	REF_TYPE *ref = &l->c.ref;

	while (!READ_ONCE(l->over)) {
		if (REF(tryget_live)(ref)) {
			if (!READ_ONCE(l->state))
				fail("a reader is in a device that is off");
			REF(put)(ref);
		}
		cond_resched();
	}
}

static void swap_on_and_off(unsigned int nr, void *arg)
{
	struct lives *l = arg;
	REF_TYPE *ref = &l->c.ref;
	unsigned int life;

	if (nr) {
		swap_read(l);
		return;
	}
	for (life = 1; life <= LIVES; life++) {
		WRITE_ONCE(l->state, true);
		if (!check(!REF(resurrect)(ref)))
			break;
		usleep_range(50, 100);
		check(REF(kill)(ref));
		synchronize_rcu();
		if (!check(becomes_true(released(&l->c) == life)))
			break;
		WRITE_ONCE(l->state, false);
	}
	WRITE_ONCE(l->over, true);
}

void swapped_on_and_off(const struct scenario *s)
{
	static struct lives l;

	if (!lives_begin(&l, RS_PERCPU_REF_INIT_DEAD | RS_PERCPU_REF_ALLOW_REINIT))
		return;
	check(!REF(tryget_live)(&l.c.ref));
	lives_run(&l, swap_on_and_off);
	counted_end_unreleased(&l.c);
	/* One that was never swapped on. */
	if (counted_init(&l.c, RS_PERCPU_REF_INIT_DEAD))
		counted_end_unreleased(&l.c);
}

/*
 * io_uring's quiesce that is given up, zswap's pool that is chosen again. The counter is killed,
 * and wanted after all: if there is a reference left, it is resurrected under a reference of
 * one's own; otherwise after its release.
 */
static void wanted_again(unsigned int nr, void *arg)
{
	struct lives *l = arg;
	REF_TYPE *ref = &l->c.ref;
	unsigned int life, releases = 0;

	while (nr && !READ_ONCE(l->over)) {
		if (REF(tryget_live)(ref)) {
			udelay(nr);
			REF(put)(ref);
		}
		cond_resched();
	}
	for (life = 0; !nr && life < LIVES; life++) {
		bool got;

		check(REF(kill)(ref));
		udelay(life);
		got = REF(tryget)(ref);
		releases += !got;
		if (!check(becomes_true(released(&l->c) == releases)))
			break;
		check(!REF(resurrect)(ref));
		if (got)
			REF(put)(ref);
	}
	if (!nr)
		atomic_sub(releases, &l->c.released);
	WRITE_ONCE(l->over, true);
}

void resurrected_while_held(const struct scenario *s)
{
	static const unsigned int flags[] = { 0, RS_PERCPU_REF_INIT_ATOMIC, RS_PERCPU_REF_DYNAMIC };
	static struct lives l;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!lives_begin(&l, flags[i] | RS_PERCPU_REF_ALLOW_REINIT))
			return;
		lives_run(&l, wanted_again);
		check(REF(kill)(&l.c.ref));
		counted_end(&l.c);
	}
}

/*
 * blk-pm. A flag is set that tells entrants to leave; then kill, switch_to_atomic_sync, is_zero,
 * resurrect. If it was zero, whoever enters later has to see the flag.
 */
static void suspend_enter(struct lives *l)
{
	REF_TYPE *ref = &l->c.ref;

	while (!READ_ONCE(l->over)) {
		rcu_read_lock();
		if (REF(tryget_live_rcu)(ref)) {
			if (!READ_ONCE(l->flag) && READ_ONCE(l->state))
				fail("an entrant of a queue that sleeps has not seen the flag");
			REF(put)(ref);
		}
		rcu_read_unlock();
		cond_resched();
	}
}

static void suspend_or_enter(unsigned int nr, void *arg)
{
	struct lives *l = arg;
	REF_TYPE *ref = &l->c.ref;
	unsigned int life;

	if (nr) {
		suspend_enter(l);
		return;
	}
	for (life = 0; life < LIVES; life++) {
		WRITE_ONCE(l->flag, true);
		check(REF(kill)(ref));
		REF(switch_to_atomic_sync)(ref);
		WRITE_ONCE(l->state, REF(is_zero)(ref));
		check(!REF(resurrect)(ref));
		usleep_range(50, 100);
		WRITE_ONCE(l->state, false);
		/* Readers that have seen the flag, but not yet this. */
		synchronize_rcu();
		WRITE_ONCE(l->flag, false);
	}
	WRITE_ONCE(l->over, true);
}

void flag_is_seen(const struct scenario *s)
{
	static struct lives l;

	if (!lives_begin(&l, RS_PERCPU_REF_ALLOW_REINIT))
		return;
	lives_run(&l, suspend_or_enter);
	atomic_set(&l.c.released, 0);
	check(REF(kill)(&l.c.ref));
	counted_end(&l.c);
}

/* memremap. A reference for each page at once; after the kill they are dropped at once. */
static void map_and_unmap(unsigned int nr, void *arg)
{
	struct lives *l = arg;
	REF_TYPE *ref = &l->c.ref;

	if (!nr) {
		usleep_range(500, 1000);
		check(REF(kill)(ref));
		WRITE_ONCE(l->over, true);
	}
	while (!READ_ONCE(l->over)) {
		if (REF(tryget_live)(ref))
			REF(put)(ref);
		cond_resched();
	}
}

void mapped_in_bulk(const struct scenario *s)
{
	static const unsigned long pages[] = { 512, 1UL << 20, 1UL << 30 };
	static struct lives l;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		if (!lives_begin(&l, 0))
			return;
		REF(get_many)(&l.c.ref, pages[i]);
		lives_run(&l, map_and_unmap);
		check(!released(&l.c));
		check(!REF(is_zero)(&l.c.ref));
		REF(put_many)(&l.c.ref, pages[i]);
		counted_end(&l.c);
	}
}

/* blk-cgroup. A counter begins under a spinlock, with memory that is there at once, or none. */
void begins_under_a_lock(const struct scenario *s)
{
	static const unsigned int flags[] = { 0, RS_PERCPU_REF_INIT_ATOMIC, RS_PERCPU_REF_DYNAMIC };
	static DEFINE_SPINLOCK(lock);
	static struct counted c;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		memset(&c, 0, sizeof(c));
		spin_lock_irq(&lock);
		ret = REF(init)(&c.ref, count_release, flags[i], GFP_NOWAIT);
		if (!ret) {
			REF(get)(&c.ref);
			REF(put)(&c.ref);
			/* backing-dev. Many are killed under such a lock. */
			check(REF(kill)(&c.ref));
		}
		spin_unlock_irq(&lock);
		check(!ret || ret == -ENOMEM);
		if (!ret)
			counted_end(&c);
	}
}

/* bpf's cgroups. Others ask is_zero before, during and after exit: once true, it stays true. */
static void end_or_ask(unsigned int nr, void *arg)
{
	struct lives *l = arg;
	REF_TYPE *ref = &l->c.ref;
	bool was_zero = false;

	if (!nr) {
		usleep_range(50, 100);
		check(REF(kill)(ref));
		counted_end(&l->c);
		usleep_range(50, 100);
		WRITE_ONCE(l->over, true);
	}
	while (!READ_ONCE(l->over)) {
		bool is_zero = REF(is_zero)(ref);

		if (was_zero && !is_zero)
			fail("a counter that was zero is not");
		was_zero = is_zero;
		cond_resched();
	}
}

void asked_while_it_ends(const struct scenario *s)
{
	static struct lives l;
	unsigned int life;

	for (life = 0; life < LIVES; life++) {
		if (!lives_begin(&l, life % 2 ? 0 : RS_PERCPU_REF_DYNAMIC))
			return;
		lives_run(&l, end_or_ask);
	}
}
