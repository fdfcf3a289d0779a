// SPDX-License-Identifier: GPL-2.0
/*
 * A switcher: takes a reference as any worker does, switches the counter to atomic mode or
 * back while workers use it and a killer may kill it, and puts its reference.
 */
#include <linux/delay.h>
#include <linux/sched.h>

#include "storm_internal.h"

#define HOLD_US_MAX	500	/* from a switch to the put */
#define PAUSE_US_MAX	1000	/* from the put to the next get */

static void storm_switcher_sleep_up_to(struct storm_worker *worker, u64 us)
{
	u64 pause = 1 + rs_sequence_below(&worker->random, us);

	usleep_range(pause, pause + pause / 4 + 1);
}

/* The only switcher of a storm knows the mode that its switch has led to. */
static void storm_switcher_check_atomic(struct storm_worker *worker, struct storm_object *object)
{
	struct rs_counter_state state;

	if (worker->storm->setup.switchers > 1)
		return;
	object->counter.provider->inspect(&object->counter, &state);
	if (state.mode != RS_COUNTER_ATOMIC)
		storm_violation(worker->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: not in atomic mode after switch_to_atomic",
				object->slot->index);
}

/* Tracking makes a counter leave per-CPU mode, and untracking lets it come back. */
static void storm_switcher_track(struct storm_worker *worker, struct storm_object *object)
{
	const struct rs_counter_tracking *tracking = object->counter.provider->tracking;
	bool track = rs_sequence_below(&worker->random, 2);

	storm_note(worker->storm, object, worker->index,
		   track ? STORM_NOTE_TRACK : STORM_NOTE_UNTRACK, 0, true);
	/* track() may fail: the counter may be tracked already, or memory may be short. */
	if (track)
		tracking->track(&object->counter, "storm", 0);
	else
		tracking->untrack(&object->counter);
	tally(worker->switches, 1);
}

static void storm_switcher_switch(struct storm_worker *worker, struct storm_object *object)
{
	const struct rs_provider *provider = object->counter.provider;
	bool exclude_kill = provider->kill_waits;

	/* A kill in interrupts cannot wait for this switch: see storm_kill(). */
	if (exclude_kill)
		mutex_lock(&object->slot->switch_lock);
	if (rs_sequence_below(&worker->random, 2)) {
		storm_note(worker->storm, object, worker->index,
			   STORM_NOTE_SWITCH_TO_ATOMIC, 0, true);
		provider->modes->switch_to_atomic(&object->counter);
		storm_switcher_check_atomic(worker, object);
	} else {
		storm_note(worker->storm, object, worker->index,
			   STORM_NOTE_SWITCH_TO_PERCPU, 0, true);
		provider->modes->switch_to_percpu(&object->counter);
	}
	storm_note(worker->storm, object, worker->index, STORM_NOTE_SWITCHED, 0, true);
	if (exclude_kill)
		mutex_unlock(&object->slot->switch_lock);
	tally(worker->switches, 1);
}

/* Thread function of a switcher; kthread_stop() ends it. */
int storm_switcher_thread(void *arg)
{
	struct storm_worker *worker = arg;
	struct storm *storm = worker->storm;
	unsigned int shuffles = 0;

	while (storm_worker_goes_on(worker)) {
		unsigned int index = rs_sequence_below(&worker->random, storm->nr_slots);
		struct storm_ledger *ledger = &worker->ledger[index];

		storm_shuffle_follow(&shuffles);
		storm_worker_acquire(worker, &storm->slots[index], false);
		if (ledger->held && ledger->object->allow_reinit) {
			if (storm->setup.track && rs_sequence_below(&worker->random, 2))
				storm_switcher_track(worker, ledger->object);
			else
				storm_switcher_switch(worker, ledger->object);
			storm_switcher_sleep_up_to(worker, HOLD_US_MAX);
		}
		storm_worker_drain(worker, true);
		storm_switcher_sleep_up_to(worker, PAUSE_US_MAX);
	}
	storm_worker_drain(worker, true);
	thread_wait_stop();
	return 0;
}
