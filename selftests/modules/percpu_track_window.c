// SPDX-License-Identifier: GPL-2.0
/*
 * Tracking of per-CPU counters: gets and puts that meet tracking as it begins, or as it ends
 * and begins anew. A breakpoint stops the thread that is to be in between.
 */
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "percpu.h"
#include "window_frame.h"

/* In a count's word, the first member of the count; kmod/ref/count_word.h */
#define TRACKED		BIT_ULL(61)

/**
 * struct meeting - a counter, and two threads that use it
 * @c: the counter
 * @word: its word
 * @stopped: the thread that is to be stopped
 * @holder: the holders of references
 * @stops: what the stopped thread does
 * @meanwhile: what the other thread does in that time
 * @done: @meanwhile has returned
 */
static struct meeting {
	struct counted		c;
	u64			*word;
	struct task_struct	*stopped;
	struct rs_holder	holder[4];
	void			(*stops)(void);
	void			(*meanwhile)(void);
	bool			done;
} meeting;

static bool meeting_begin(void)
{
	unsigned int i;

	memset(&meeting, 0, sizeof(meeting));
	for (i = 0; i < ARRAY_SIZE(meeting.holder); i++)
		rs_holder_init(&meeting.holder[i], "holder");
	if (!counted_init(&meeting.c, RS_PERCPU_REF_INIT_ATOMIC))
		return false;
	meeting.word = (u64 *)rcu_access_pointer(meeting.c.ref.data.count);
	return true;
}

/* With @left references beside the initial one. */
static void meeting_end(unsigned long left)
{
	if (left)
		REF(put_many)(&meeting.c.ref, left);
	check(REF(kill)(&meeting.c.ref));
	counted_end(&meeting.c);
}

static void meet(unsigned int nr, void *unused)
{
	unsigned int ms;

	switch (nr) {
	case 0:
		WRITE_ONCE(meeting.stopped, current);
		meeting.stops();
		WRITE_ONCE(meeting.stopped, NULL);
		break;
	case 1:
		if (!window_entered())
			break;
		meeting.meanwhile();
		WRITE_ONCE(meeting.done, true);
		break;
	case 2:
		/* The other thread may rightly wait for the stopped one. */
		if (window_entered())
			for (ms = 0; ms < 300 && !READ_ONCE(meeting.done); ms++)
				usleep_range(1000, 1100);
		window_leave();
		break;
	}
}

/* Stop @stops where it accesses @address and @here returns true. */
static void meet_at(const void *address, int type, bool (*here)(struct pt_regs *regs, void *arg),
		    void (*stops)(void), void (*meanwhile)(void))
{
	meeting.stops = stops;
	meeting.meanwhile = meanwhile;
	if (window_open(address, type, here, NULL))
		crowd_run(3, meet, NULL);
	window_close();
}

/*
 * Tracking begins, and is stopped as soon as others see that:
 *
 *	track			gets and puts
 *	-----			-------------
 *	sets TRACKED
 *	  (stops)		find TRACKED: each is recorded
 */

static bool sets_tracked(struct pt_regs *regs, void *unused)
{
	return current == READ_ONCE(meeting.stopped) && READ_ONCE(*meeting.word) & TRACKED;
}

static void use_while_it_begins(void)
{
	REF(get_held)(&meeting.c.ref, &meeting.holder[0]);
	check(REF(tryget_held)(&meeting.c.ref, &meeting.holder[1]));
	check(REF(tryget_live_held)(&meeting.c.ref, &meeting.holder[2]));
	REF(get)(&meeting.c.ref);
	check(REF(tryget)(&meeting.c.ref));
	check(REF(tryget_live)(&meeting.c.ref));
	REF(put)(&meeting.c.ref);
	/* The reference is from before tracking, and its put counts as such. */
	REF(put_held)(&meeting.c.ref, &meeting.holder[3]);
}

static void track(void)
{
	check(!REF(track)(&meeting.c.ref, "begins", 0));
}

void tracked_as_it_begins(const struct scenario *s)
{
	if (num_online_cpus() < 3) {
		skipped("needs 3 CPUs");
		return;
	}
	if (!meeting_begin())
		return;
	REF(get_held)(&meeting.c.ref, &meeting.holder[3]);
	meet_at(meeting.word, HW_BREAKPOINT_W, sets_tracked, track, use_while_it_begins);
	check(see("begins"));
	check(seen.count == 6 && seen.before == 2);
	check(seen.held == 3 && seen.gets == 3 && seen.puts == 2);
	check(adds_up());
	REF(put_held)(&meeting.c.ref, &meeting.holder[0]);
	REF(put_held)(&meeting.c.ref, &meeting.holder[1]);
	REF(put_held)(&meeting.c.ref, &meeting.holder[2]);
	check(see("begins"));
	check(seen.count == 3 && !seen.held && adds_up());
	meeting_end(2);
}

/*
 * A thread has counted and is stopped before it records that, or the other way round.
 * Meanwhile tracking ends and begins anew, or has to wait:
 *
 *	get			owner
 *	---			-----
 *	adds, finds TRACKED
 *	  (stops)		untrack
 *				track: counts it as taken before
 *	does not record itself
 */

static void get(void)
{
	REF(get)(&meeting.c.ref);
}

static void put(void)
{
	REF(put)(&meeting.c.ref);
}

static void get_held(void)
{
	REF(get_held)(&meeting.c.ref, &meeting.holder[0]);
}

static void take_held(void)
{
	check(REF(tryget_held)(&meeting.c.ref, &meeting.holder[0]));
}

static void put_held(void)
{
	REF(put_held)(&meeting.c.ref, &meeting.holder[1]);
}

static bool is_the_one(struct pt_regs *regs, void *unused)
{
	return current == READ_ONCE(meeting.stopped);
}

static void track_anew(void)
{
	REF(untrack)(&meeting.c.ref);
	check(!REF(track)(&meeting.c.ref, "anew", 0));
}

/* Stop @use where it accesses the word, or before that, where it reads the pointer to it. */
static void tracked_anew_by(void (*use)(void), bool before)
{
	if (!meeting_begin())
		return;
	check(!REF(track)(&meeting.c.ref, "first", 0));
	REF(get)(&meeting.c.ref);
	REF(get_held)(&meeting.c.ref, &meeting.holder[1]);
	if (before)
		meet_at(&meeting.c.ref.data, HW_BREAKPOINT_RW, is_the_one, use, track_anew);
	else
		meet_at(meeting.word, HW_BREAKPOINT_W, is_the_one, use, track_anew);
	check(see("anew"));
	if (!adds_up())
		fail("%ps: %llu references, and %llu before, %llu gets, %llu puts, %llu held", use,
		     seen.count, seen.before, seen.gets, seen.puts, seen.held);
	/* Drop the holders, if @use took references with them. */
	rs_holder_drop(&meeting.holder[0]);
	rs_holder_drop(&meeting.holder[1]);
	meeting_end(seen.count - 1);
}

void tracked_anew(const struct scenario *s)
{
	if (num_online_cpus() < 3) {
		skipped("needs 3 CPUs");
		return;
	}
	tracked_anew_by(get, false);
	tracked_anew_by(put, false);
	tracked_anew_by(get_held, false);
	tracked_anew_by(take_held, false);
	tracked_anew_by(put_held, false);
	tracked_anew_by(put_held, true);
}
