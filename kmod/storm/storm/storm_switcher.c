// SPDX-License-Identifier: GPL-2.0
/*
 * A switcher: takes a reference as any worker does, switches the counter to
 * atomic or back while others use it and a killer may kill it, and puts.
 */
#include <linux/delay.h>
#include <linux/sched.h>

#include "storm_internal.h"

#define HOLD_US_MAX	500	/* from a switch to the put */
#define PAUSE_US_MAX	1000	/* from one to the next */

static void sleep_up_to(struct storm_worker *worker, u64 us)
{
	u64 pause = 1 + rs_sequence_below(&worker->chance, us);

	usleep_range(pause, pause + pause / 4 + 1);
}

/* Nobody else switches: so it must have what was asked for. */
static void check_atomic(struct storm_worker *worker, struct storm_object *object)
{
	struct rs_counter_state state;

	if (worker->storm->setup.switchers > 1)
		return;
	object->counter.provider->inspect(&object->counter, &state);
	if (state.mode != RS_COUNTER_ATOMIC)
		storm_violation(worker->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: switched to atomic, waited, and it is not",
				object->slot->index);
}

/* The other way to have a counter leave per-CPU mode, and come back. */
static void switch_tracking(struct storm_worker *worker, struct storm_object *object)
{
	const struct rs_counter_tracking *tracking = object->counter.provider->tracking;
	bool track = rs_sequence_below(&worker->chance, 2);

	storm_note(worker->storm, object, worker->index,
		   track ? STORM_NOTE_TRACK : STORM_NOTE_UNTRACK, 0, true);
	/* It may be tracked already, and memory may have run out. */
	if (track)
		tracking->track(&object->counter, "storm", 0);
	else
		tracking->untrack(&object->counter);
	worker->switches++;
}

static void switch_mode(struct storm_worker *worker, struct storm_object *object)
{
	const struct rs_provider *provider = object->counter.provider;
	bool apart = provider->kill_waits;

	/* See storm_kill(). */
	if (apart)
		mutex_lock(&object->slot->switching);
	if (rs_sequence_below(&worker->chance, 2)) {
		storm_note(worker->storm, object, worker->index,
			   STORM_NOTE_SWITCH_TO_ATOMIC, 0, true);
		provider->modes->switch_to_atomic(&object->counter);
		check_atomic(worker, object);
	} else {
		storm_note(worker->storm, object, worker->index,
			   STORM_NOTE_SWITCH_TO_PERCPU, 0, true);
		provider->modes->switch_to_percpu(&object->counter);
	}
	if (apart)
		mutex_unlock(&object->slot->switching);
	tally(worker->switches, 1);
}

/* Thread function of a switcher, which kthread_stop() ends. */
int storm_switcher_thread(void *arg)
{
	struct storm_worker *worker = arg;
	struct storm *storm = worker->storm;

	while (!READ_ONCE(storm->ending) && !READ_ONCE(storm->abandon)) {
		unsigned int index = rs_sequence_below(&worker->chance, storm->nr_slots);
		struct storm_ledger *ledger = &worker->ledger[index];

		storm_worker_acquire(worker, &storm->slots[index], false);
		if (ledger->held && ledger->object->may_return) {
			if (storm->setup.track && rs_sequence_below(&worker->chance, 2))
				switch_tracking(worker, ledger->object);
			else
				switch_mode(worker, ledger->object);
			sleep_up_to(worker, HOLD_US_MAX);
		}
		storm_worker_drain(worker, true);
		sleep_up_to(worker, PAUSE_US_MAX);
	}
	storm_worker_drain(worker, true);
	thread_wait_stop();
	return 0;
}
