// SPDX-License-Identifier: GPL-2.0
/*
 * What users in the kernel tree do with a percpu_ref: each scenario is one user's sequence of
 * calls, made to our counter. A comment beside it names the user.
 */
#include <linux/delay.h>
#include <linux/percpu-refcount.h>
#include <linux/rcupdate.h>

#include "percpu.h"

/* The ways in which a counter that may be resurrected begins. */
static const unsigned int users_flags[] = {
	RS_PERCPU_REF_ALLOW_REINIT,
	RS_PERCPU_REF_INIT_ATOMIC,
	RS_PERCPU_REF_ALLOW_REINIT | RS_PERCPU_REF_DYNAMIC,
	RS_PERCPU_REF_ALLOW_REINIT | RS_PERCPU_REF_INIT_TRACKED,
};

/*
 * blk-mq's q_usage_counter. Requests enter and leave; a freeze kills, waits until no request is
 * inside, changes the queue, and resurrects. The wait polls is_zero, so release() may still be
 * running when the queue is thawed.
 */
#define FREEZES	40

struct queue {
	struct counted	usage;
	atomic_t	inside;
	atomic_t	entered;
	bool		changing;
	bool		over;
};

static void queue_freeze(struct queue *q)
{
	REF_TYPE *usage = &q->usage.ref;
	unsigned int round;

	for (round = 0; round < FREEZES; round++) {
		/* Between two freezes a request gets in. */
		int before = atomic_read(&q->entered);

		check(becomes_true(atomic_read(&q->entered) != before));
		check(REF(kill)(usage));
		if (!check(becomes_true(REF(is_zero)(usage))))
			break;
		WRITE_ONCE(q->changing, true);
		check(!atomic_read(&q->inside));
		check(!REF(tryget)(usage));
		udelay(round);
		check(!atomic_read(&q->inside));
		WRITE_ONCE(q->changing, false);
		/* As often as not by reinit, which blk-mq used first. */
		check(!(round % 2 ? REF(reinit)(usage) : REF(resurrect)(usage)));
	}
	WRITE_ONCE(q->over, true);
}

static void queue_enter_or_freeze(unsigned int nr, void *arg)
{
	struct queue *q = arg;
	REF_TYPE *usage = &q->usage.ref;

	if (!nr) {
		queue_freeze(q);
		return;
	}
	while (!READ_ONCE(q->over)) {
		if (REF(tryget_live)(usage)) {
			atomic_inc(&q->inside);
			if (READ_ONCE(q->changing))
				fail("a request is inside a frozen queue");
			atomic_inc(&q->entered);
			atomic_dec(&q->inside);
			REF(put)(usage);
		}
		cond_resched();
	}
}

void queue_is_frozen(const struct scenario *s)
{
	static struct queue q;
	unsigned int i;

	if (num_online_cpus() < 2) {
		skipped("needs 2 CPUs");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(users_flags); i++) {
		memset(&q, 0, sizeof(q));
		if (!counted_init(&q.usage, users_flags[i]))
			return;
		crowd_run(min(num_online_cpus(), 4U), queue_enter_or_freeze, &q);
		/* One release for each freeze; the last may come a little after is_zero. */
		check(becomes_true(released(&q.usage) >= FREEZES));
		check(released(&q.usage) == FREEZES);
		atomic_set(&q.usage.released, 0);
		check(REF(kill)(&q.usage.ref));
		counted_end(&q.usage);
	}
}

/*
 * blk-pm. A queue that is to sleep: kill, switch_to_atomic_sync while dying, is_zero, resurrect,
 * whether it was zero or not. Whatever is done to ours is done to mainline's.
 */
struct suspended {
	struct counted		ours;
	struct percpu_ref	mainline;
	atomic_t		mainline_released;
};

static void suspended_release(struct percpu_ref *ref)
{
	atomic_inc(&container_of(ref, struct suspended, mainline)->mainline_released);
}

static void suspended_enter(struct suspended *d, bool may)
{
	check(percpu_ref_tryget_live(&d->mainline) == may);
	check(REF(tryget_live)(&d->ours.ref) == may);
}

static void suspended_leave(struct suspended *d)
{
	percpu_ref_put(&d->mainline);
	REF(put)(&d->ours.ref);
}

static void suspended_sleep(struct suspended *d, bool idle)
{
	percpu_ref_kill(&d->mainline);
	check(REF(kill)(&d->ours.ref));
	percpu_ref_switch_to_atomic_sync(&d->mainline);
	REF(switch_to_atomic_sync)(&d->ours.ref);
	suspended_enter(d, false);
	/* The initial reference may be dropped a moment after the end of the switch. */
	if (idle) {
		check(becomes_true(percpu_ref_is_zero(&d->mainline)));
		check(becomes_true(REF(is_zero)(&d->ours.ref)));
	} else {
		synchronize_rcu();
		check(!percpu_ref_is_zero(&d->mainline));
		check(!REF(is_zero)(&d->ours.ref));
	}
	percpu_ref_resurrect(&d->mainline);
	check(!REF(resurrect)(&d->ours.ref));
}

static void suspended_goes_to_sleep(unsigned int flags)
{
	struct suspended d = { };
	unsigned int round;

	if (!counted_init(&d.ours, flags))
		return;
	if (!check(!percpu_ref_init(&d.mainline, suspended_release, PERCPU_REF_ALLOW_REINIT,
				    GFP_KERNEL)))
		return;
	for (round = 0; round < 4; round++) {
		suspended_enter(&d, true);
		suspended_sleep(&d, false);
		suspended_enter(&d, true);
		suspended_leave(&d);
		suspended_leave(&d);
		suspended_sleep(&d, true);
		suspended_enter(&d, true);
		suspended_leave(&d);
		/* Every other time it counts per CPU again between two attempts. */
		if (round % 2) {
			percpu_ref_switch_to_percpu(&d.mainline);
			check(!REF(switch_to_percpu)(&d.ours.ref));
		}
	}
	percpu_ref_kill(&d.mainline);
	check(REF(kill)(&d.ours.ref));
	check(becomes_true(atomic_read(&d.mainline_released) == 5));
	check(becomes_true(released(&d.ours) == 5));
	percpu_ref_exit(&d.mainline);
	counted_end_unreleased(&d.ours);
}

void queue_sleeps(const struct scenario *s)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(users_flags); i++)
		suspended_goes_to_sleep(users_flags[i]);
}

/*
 * aio, cgroup. The release() of one counter kills the next counter and drops a reference of
 * it. A kill, a put, or the end of a switch may be what brings a counter to zero.
 */
#define LINKS	6

struct chain {
	struct counted	link[LINKS];
};

static void chain_release(REF_TYPE *ref)
{
	struct counted *c = to_counted(ref), *next = c + 1;

	count_release(ref);
	if (!c->none)
		return;
	check(REF(kill)(&next->ref));
	REF(put)(&next->ref);
}

static void chain_goes(unsigned int flags)
{
	static struct chain chain;
	unsigned int i;

	memset(&chain, 0, sizeof(chain));
	for (i = 0; i < LINKS; i++) {
		if (!check(!REF(init)(&chain.link[i].ref, chain_release, flags, GFP_KERNEL)))
			return;
		/* Not the last one. */
		chain.link[i].none = i + 1 < LINKS;
		REF(get)(&chain.link[i].ref);
	}
	check(REF(kill)(&chain.link[0].ref));
	check(!released(&chain.link[0]));
	REF(put)(&chain.link[0].ref);
	for (i = 0; i < LINKS; i++)
		counted_end(&chain.link[i]);
}

void release_kills_the_next(const struct scenario *s)
{
	chain_goes(0);
	chain_goes(RS_PERCPU_REF_INIT_ATOMIC);
	chain_goes(RS_PERCPU_REF_DYNAMIC);
	chain_goes(RS_PERCPU_REF_INIT_TRACKED);
}

/*
 * The target core, cgroup. The confirmation drops references: its own, and with a kill in two
 * stages the initial one. release() comes after it, once.
 */
static void confirm_puts(REF_TYPE *ref)
{
	count_confirm(ref);
	REF(put)(ref);
}

static void confirmation_of(unsigned int flags, bool two_stage)
{
	struct counted c;

	if (!counted_init(&c, flags))
		return;
	if (two_stage) {
		check(REF(kill_two_stage)(&c.ref, confirm_puts));
	} else {
		REF(get)(&c.ref);
		check(REF(kill_and_confirm)(&c.ref, confirm_puts));
	}
	counted_end(&c);
	check(confirmed(&c) == 1);
}

void confirmation_puts(const struct scenario *s)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(users_flags); i++) {
		confirmation_of(users_flags[i], false);
		confirmation_of(users_flags[i], true);
	}
}

/*
 * nvmet's namespaces. Readers find the object under RCU and try to get it. It is disabled (taken
 * from them, killed, ended at once when released) and enabled again in the same memory
 * a grace period later.
 */
#define ENABLES	100

struct namespace {
	struct counted	ref;
	struct counted	*found;
	bool		over;
};

static void namespace_read(struct namespace *ns)
{
	struct counted *c;
	REF_TYPE *ref;

	rcu_read_lock();
	c = READ_ONCE(ns->found);
	ref = c ? &c->ref : NULL;
	if (ref && REF(tryget_live)(ref)) {
		rcu_read_unlock();
		if (released(c))
			fail("released while a reader held it");
		REF(put)(ref);
	} else {
		rcu_read_unlock();
	}
	cond_resched();
}

static void namespace_thread(unsigned int nr, void *arg)
{
	struct namespace *ns = arg;
	unsigned int round;

	if (nr) {
		while (!READ_ONCE(ns->over))
			namespace_read(ns);
		return;
	}
	for (round = 0; round < ENABLES; round++) {
		if (!counted_init(&ns->ref, round % 2 ? 0 : RS_PERCPU_REF_DYNAMIC))
			break;
		/* After init. Readers go by the address. */
		smp_store_release(&ns->found, &ns->ref);
		usleep_range(200, 300);
		WRITE_ONCE(ns->found, NULL);
		check(REF(kill)(&ns->ref.ref));
		check(becomes_true(released(&ns->ref)));
		REF(exit)(&ns->ref.ref);
		/* A reader may still ask. */
		synchronize_rcu();
		check(released(&ns->ref) == 1);
	}
	WRITE_ONCE(ns->over, true);
}

void enabled_again_in_place(const struct scenario *s)
{
	static struct namespace ns;

	if (num_online_cpus() < 2) {
		skipped("needs 2 CPUs");
		return;
	}
	memset(&ns, 0, sizeof(ns));
	crowd_run(min(num_online_cpus(), 4U), namespace_thread, &ns);
}
