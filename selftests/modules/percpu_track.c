// SPDX-License-Identifier: GPL-2.0
/* Tracking of per-CPU counters, as a user of rsref.ko sees it. */
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "percpu.h"

/* What rs_track_for_each() says of the counter whose tracker has this name. */
struct wanted {
	const char		*name;
	struct rs_track_view	*view;
	unsigned int		seen;
};

static void want(const struct rs_track_view *view, void *arg)
{
	struct wanted *wanted = arg;

	if (strcmp(view->name, wanted->name))
		return;
	*wanted->view = *view;
	wanted->seen++;
}

/* One view at a time; scenarios run one by one. */
struct rs_track_view seen;

bool see(const char *name)
{
	struct wanted wanted = { .name = name, .view = &seen };

	rs_track_for_each(want, &wanted);
	return wanted.seen == 1;
}

bool adds_up(void)
{
	return seen.count == seen.before + seen.gets - seen.puts + seen.held;
}

static struct rs_track_site *site_of(u64 gets, u64 puts)
{
	unsigned int i;

	for (i = 0; i < seen.nr_sites; i++)
		if (seen.sites[i].gets == gets && seen.sites[i].puts == puts)
			return &seen.sites[i];
	return NULL;
}

void tracked_from_birth(const struct scenario *s)
{
	long before = outstanding(NULL);
	struct counted c;

	if (!counted_init(&c, RS_PERCPU_REF_INIT_TRACKED | RS_PERCPU_REF_ALLOW_REINIT))
		return;
	check(look(&c).mode == RS_PERCPU_REF_ATOMIC);
	REF(get_many)(&c.ref, 3);
	REF(put)(&c.ref);
	check(see("-"));
	check(seen.release == count_release);
	check(seen.before == 1 && seen.gets == 3 && seen.puts == 1 && seen.count == 3);
	check(site_of(0, 1));
	check(site_of(3, 0) && within_module(site_of(3, 0)->frames[0], THIS_MODULE));

	/* A kill drops the owner's reference, a resurrect takes it again. */
	check(REF(kill)(&c.ref));
	check(see("-"));
	check(seen.killed && !seen.released && !seen.before && seen.count == 2);
	check(!REF(resurrect)(&c.ref));
	check(see("-"));
	check(!seen.killed && seen.before == 1 && seen.count == 3);
	check(adds_up());

	check(REF(kill)(&c.ref));
	REF(put_many)(&c.ref, 2);
	check(released(&c) == 1);
	check(see("-"));
	check(seen.released);
	counted_end(&c);
	check(!see("-"));
	check(becomes_true(outstanding("tracker") == 0));
	check(becomes_true(outstanding(NULL) <= before));
}

/* Threads that get and put all the time, half of them for a holder. */
struct traffic {
	struct counted	c;
	atomic_t	stop;
	atomic_t	running;
};

static void get_and_put(unsigned int nr, void *arg)
{
	struct traffic *t = arg;
	struct rs_holder holder, other;

	rs_holder_init(&holder, "holder");
	rs_holder_init(&other, "other");
	atomic_inc(&t->running);
	while (!atomic_read(&t->stop)) {
		if (nr % 2) {
			REF(get)(&t->c.ref);
			cond_resched();
			REF(put)(&t->c.ref);
			continue;
		}
		REF(get_held)(&t->c.ref, &holder);
		cond_resched();
		rs_holder_move(&holder, &other);
		REF(put_held)(&t->c.ref, &other);
	}
	atomic_dec(&t->running);
}

static struct crowd *traffic_start(struct traffic *t, unsigned int flags)
{
	struct crowd *crowd;

	if (!counted_init(&t->c, flags))
		return NULL;
	atomic_set(&t->stop, 0);
	atomic_set(&t->running, 0);
	crowd = crowd_start(4, get_and_put, t);
	if (!crowd)
		REF(cancel_init)(&t->c.ref);
	else
		check(becomes_true(atomic_read(&t->running) == 4));
	return crowd;
}

static void traffic_stop(struct traffic *t, struct crowd *crowd)
{
	atomic_set(&t->stop, 1);
	crowd_join(crowd);
}

static struct traffic traffic;

void tracked_exactly(const struct scenario *s)
{
	struct crowd *crowd;
	unsigned int i;

	/* Track anew each time: references in slots, and references taken during the switch. */
	for (i = 0; i < 10; i++) {
		crowd = traffic_start(&traffic, 0);
		if (!crowd)
			return;
		REF(get_many)(&traffic.c.ref, 7);
		check(!REF(track)(&traffic.c.ref, "exact", 0));
		usleep_range(1000, 2000);
		traffic_stop(&traffic, crowd);
		check(see("exact"));
		check(seen.count == 8 && !seen.held);
		check(adds_up());
		REF(put_many)(&traffic.c.ref, 7);
		check(REF(kill)(&traffic.c.ref));
		counted_end(&traffic.c);
	}
}

void held_and_moved(const struct scenario *s)
{
	struct rs_holder one = RS_HOLDER_INIT("one"), two = RS_HOLDER_INIT("two");
	struct counted c;

	if (!counted_init(&c, 0))
		return;
	/* Without tracking these are an ordinary get and put. */
	REF(get_held)(&c.ref, &one);
	rs_holder_move(&one, &two);
	REF(put_held)(&c.ref, &two);

	check(!REF(track)(&c.ref, "held", 0));
	REF(get_held)(&c.ref, &one);
	check(see("held"));
	check(seen.held == 1 && seen.nr_holders == 1 && !strcmp(seen.names[0], "one"));
	check(seen.holders[0].pid == current->pid);
	check(within_module(seen.holders[0].frames[0], THIS_MODULE));
	check(!seen.gets && seen.before == 1 && adds_up());
	rs_holder_move(&one, &two);
	check(see("held"));
	check(seen.held == 1 && !strcmp(seen.names[0], "two"));
	REF(put_held)(&c.ref, &two);
	check(see("held"));
	check(!seen.held && !seen.puts && adds_up());
	check(!rs_holder_drop(&two));

	/* The last put, for a holder, releases. */
	REF(get_held)(&c.ref, &one);
	check(REF(kill)(&c.ref));
	check(!released(&c));
	REF(put_held)(&c.ref, &one);
	counted_end(&c);
}

void tryget_held(const struct scenario *s)
{
	struct rs_holder one = RS_HOLDER_INIT("one"), two = RS_HOLDER_INIT("two");
	struct counted c;

	if (!counted_init(&c, 0))
		return;
	check(REF(tryget_held)(&c.ref, &one));
	REF(put_held)(&c.ref, &one);
	check(!REF(track)(&c.ref, "held", 0));
	check(REF(tryget_held)(&c.ref, &one));
	check(REF(tryget_live_held)(&c.ref, &two));
	check(see("held"));
	check(seen.held == 2 && adds_up());
	REF(put_held)(&c.ref, &two);
	check(REF(kill)(&c.ref));
	check(!REF(tryget_live_held)(&c.ref, &two));
	check(REF(tryget_held)(&c.ref, &two));
	REF(put_held)(&c.ref, &one);
	REF(put_held)(&c.ref, &two);
	check(released(&c) == 1);
	check(!REF(tryget_held)(&c.ref, &one));
	check(see("held"));
	check(!seen.held && !seen.count);
	counted_end(&c);
}

void holder_twice(const struct scenario *s)
{
	struct rs_holder one = RS_HOLDER_INIT("one");
	struct counted c;

	if (!counted_init(&c, RS_PERCPU_REF_INIT_TRACKED))
		return;
	REF(get_held)(&c.ref, &one);
	REF(get_held)(&c.ref, &one);
	check(see("-"));
	check(seen.held == 1 && seen.gets == 1 && seen.count == 3 && adds_up());
	REF(put_held)(&c.ref, &one);
	REF(put_held)(&c.ref, &one);
	check(see("-"));
	check(!seen.held && seen.puts == 1 && seen.count == 1 && adds_up());
	check(REF(kill)(&c.ref));
	counted_end(&c);
	caught("a second reference for a holder: the second has no name");
}

void exit_with_holder(const struct scenario *s)
{
	struct rs_holder one = RS_HOLDER_INIT("one");
	struct counted c;

	if (!counted_init(&c, RS_PERCPU_REF_INIT_TRACKED))
		return;
	REF(get_held)(&c.ref, &one);
	check(one.tracker);
	REF(exit)(&c.ref);
	/* The holder has no tracker any more, and may be used again. */
	check(!one.tracker);
	check(!rs_holder_drop(&one));
	check(!see("-"));
	check(!released(&c));
}

void tracked_in_nmi(const struct scenario *s)
{
	unsigned long flags;
	struct counted c;

	if (!counted_init(&c, RS_PERCPU_REF_INIT_TRACKED))
		return;
	/* in_nmi() is true from here on. */
	local_irq_save(flags);
	__preempt_count_add(NMI_OFFSET + HARDIRQ_OFFSET);
	REF(get_many)(&c.ref, 3);
	REF(put_many)(&c.ref, 2);
	__preempt_count_sub(NMI_OFFSET + HARDIRQ_OFFSET);
	local_irq_restore(flags);
	check(see("-"));
	check(seen.gets == 3 && seen.unplaced_gets == 3);
	check(seen.puts == 2 && seen.unplaced_puts == 2);
	check(!seen.nr_sites && adds_up());
	REF(put)(&c.ref);
	check(REF(kill)(&c.ref));
	counted_end(&c);
}

void tracked_by_turns(const struct scenario *s)
{
	unsigned int turn;
	struct crowd *crowd;

	crowd = traffic_start(&traffic, 0);
	if (!crowd)
		return;
	for (turn = 0; turn < 12; turn++) {
		check(!REF(track)(&traffic.c.ref, "turns", 0));
		check(REF(track)(&traffic.c.ref, "again", 0) == -EALREADY);
		see("turns");
		if (turn % 2)
			usleep_range(100, 200);
		REF(untrack)(&traffic.c.ref);
		check(!see("turns"));
		if (turn % 3)
			usleep_range(100, 200);
	}
	check(!REF(track)(&traffic.c.ref, "turns", 0));
	traffic_stop(&traffic, crowd);
	/* A get that met the begin or end of tracking must not have been recorded twice. */
	check(see("turns"));
	check(seen.count == 1 && !seen.held);
	check(REF(kill)(&traffic.c.ref));
	counted_end(&traffic.c);
}
