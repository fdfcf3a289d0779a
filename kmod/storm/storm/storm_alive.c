// SPDX-License-Identifier: GPL-2.0
/*
 * Counters that are ended alive: exit() without a kill, when nobody but the owner has a
 * reference. What exit() may meet is the counter's own work: a switch of mode that is
 * under way, or a dynamic counter that is about to switch. There are two ways to it.
 *
 * ends=alive. The killer unpublishes the object, and sets drain. The object is unused when
 *
 *	1. a grace period has passed: a worker that found the object has got a reference
 *	   by now, or has failed to,
 *	2. then no ledger names the object: the last put of each worker has returned,
 *	3. then another grace period has passed: mainline's switch drops its reference after
 *	   it has woken those that wait for the switch.
 *
 * Until then the object is in slot->unpublished, and the killer goes on with others.
 *
 * pattern=ends-alive. A worker creates a counter that nobody else sees, uses it for a moment
 * and exits it, again and again. No grace period is needed, so there are tens of thousands
 * of exits, and some of them meet work that takes a few instructions.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "storm_internal.h"

#define UNPUBLISHED_MAX	128	/* objects of a slot */
#define GET_MAX		64	/* references that a worker takes at once */
#define DELAY_US_MAX	50	/* from the last put to exit */

/* Exit the counter of an unused object, and check its state before and after. */
static void storm_alive_end(struct storm_object *object)
{
	const struct rs_provider *provider = object->counter.provider;
	struct storm_slot *slot = object->slot;
	struct rs_counter_state state;

	provider->inspect(&object->counter, &state);
	if (state.countable && state.count != 1)
		storm_violation(slot->storm, INVARIANT_LEDGER_BALANCED, object,
				"slot %u: about to end alive, but the count is %llu",
				slot->index, state.count);
	storm_object_end(object);
	if (!provider->ends_early)
		return;
	/* Such a counter can be asked after its exit, too. */
	provider->inspect(&object->counter, &state);
	if (!state.dying || (state.countable && !state.zero))
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: ended alive, but not dead with a count of zero",
				slot->index);
}

static bool storm_alive_is_in_ledger(const struct storm_object *object)
{
	struct storm *storm = object->slot->storm;
	unsigned int i;

	for (i = 0; i < storm->nr_workers; i++)
		/* Pairs with the release in storm_worker_put(): the put has returned. */
		if (smp_load_acquire(&storm->workers[i].ledger[object->slot->index].object) ==
		    object)
			return true;
	return false;
}

/* Return: whether all three conditions are met. */
static bool storm_alive_is_unused(struct storm_object *object)
{
	if (!poll_state_synchronize_rcu(object->rcu_cookie))
		return false;
	if (object->unused)
		return true;
	if (!storm_alive_is_in_ledger(object)) {
		object->unused = true;
		object->rcu_cookie = start_poll_synchronize_rcu();
	}
	return false;
}

/**
 * storm_alive_unpublish - unpublish an object that will be ended alive
 * @slot: the slot
 * @nth: index of the object in its slot, which is empty afterwards
 *
 * Context: process.
 */
void storm_alive_unpublish(struct storm_slot *slot, unsigned int nth)
{
	struct storm_object *object = rcu_dereference_protected(slot->objects[nth], true);
	struct storm *storm = slot->storm;

	storm_note(storm, object, STORM_ACTOR_KILLER, STORM_NOTE_DRAIN, 0, true);
	WRITE_ONCE(object->drain, true);
	RCU_INIT_POINTER(slot->objects[nth], NULL);
	storm_note(storm, object, STORM_ACTOR_KILLER, STORM_NOTE_RETIRE, 0, true);
	object->rcu_cookie = start_poll_synchronize_rcu();
	list_add_tail(&object->unpublished, &slot->unpublished);
	slot->nr_unpublished++;
}

/* End an unused object; or leave it to the end of the storm, if that is broken. */
static void storm_alive_end_unpublished(struct storm_slot *slot, struct storm_object *object)
{
	struct storm *storm = slot->storm;

	list_del(&object->unpublished);
	slot->nr_unpublished--;
	if (READ_ONCE(storm->abandon)) {
		storm_object_exit_rcu(object);
		return;
	}
	storm_check_alive(object, "about to end alive");
	storm_alive_end(object);
	tally(slot->alive_ends, 1);
	storm_object_discard(object);
	storm_quarantine_trim(storm, QUARANTINE_MAX);
}

/**
 * storm_alive_end_unused - end the unused objects of slot->unpublished
 * @slot: the slot
 * @all: wait until all objects are ended; else until UNPUBLISHED_MAX of them are left
 *
 * If the storm is broken, the objects are left to storm_objects_exit_abandoned().
 *
 * Context: process; the workers must still run, so that they drain.
 */
void storm_alive_end_unused(struct storm_slot *slot, bool all)
{
	struct storm_object *object, *next;

	for (;;) {
		/* Look at all of them: one grace period serves many. */
		list_for_each_entry_safe(object, next, &slot->unpublished, unpublished)
			if (READ_ONCE(slot->storm->abandon) || storm_alive_is_unused(object))
				storm_alive_end_unpublished(slot, object);
		if (slot->nr_unpublished <= (all ? 0 : UNPUBLISHED_MAX))
			return;
		usleep_range(200, 400);
	}
}

/* Take and put references with get, tryget and put. */
static void storm_alive_use(struct storm_worker *worker, struct storm_object *object)
{
	const struct rs_provider *provider = object->counter.provider;
	u32 nr = 1 + rs_sequence_below(&worker->seq, GET_MAX);

	storm_owner_begin(object, nr);
	provider->get(&object->counter, nr);
	WRITE_ONCE(object->owned, 1 + nr);
	storm_worker_delay(worker, true);
	if (provider->tryget(&object->counter, 1))
		WRITE_ONCE(object->owned, 1 + ++nr);
	else
		storm_violation(worker->storm, INVARIANT_NO_EARLY_RELEASE, object,
				"worker %u holds %u references, but tryget fails",
				worker->index, nr);
	storm_worker_delay(worker, true);
	WRITE_ONCE(object->owned, 1);
	provider->put(&object->counter, nr);
	storm_owner_end(object);
	tally(worker->operations[RS_CONTEXT_TASK], 3);
}

/* Now and then, leave a switch under way, or complete one. */
static void storm_alive_switch(struct storm_worker *worker, struct storm_object *object)
{
	const struct rs_provider *provider = object->counter.provider;
	const struct rs_counter_modes *modes = provider->modes;

	switch (rs_sequence_below(&worker->seq, 16)) {
	case 0:
		if (provider->exit_waits)
			modes->begin_switch_to_atomic(&object->counter);
		break;
	case 1:
		modes->switch_to_atomic(&object->counter);
		/* Mainline's switch drops its reference a little later. */
		if (!provider->exit_waits)
			synchronize_rcu();
		modes->switch_to_percpu(&object->counter);
		break;
	default:
		return;
	}
	tally(worker->switches, 1);
}

static void storm_alive_one(struct storm_worker *worker)
{
	struct storm *storm = worker->storm;
	struct storm_object *object;
	u64 end_ns, life_ns;

	object = storm_object_create(&storm->slots[0], &worker->seq,
				     1 + worker->index + worker->lives++ * storm->nr_workers, 1);
	if (!object) {
		usleep_range(1000, 2000);
		return;
	}
	life_ns = rs_sequence_below(&worker->seq, storm->setup.life_us + 1) * NSEC_PER_USEC;
	end_ns = ktime_get_ns() + life_ns;
	do {
		storm_alive_use(worker, object);
	} while (ktime_get_ns() < end_ns && storm_worker_goes_on(worker));
	if (rs_sequence_below(&worker->seq, 2))
		udelay(rs_sequence_below(&worker->seq, DELAY_US_MAX));
	storm_check_alive(object, "about to end alive");
	if (object->allow_reinit)
		storm_alive_switch(worker, object);
	if (READ_ONCE(storm->abandon)) {
		storm_object_exit_rcu(object);
		return;
	}
	storm_alive_end(object);
	tally(worker->alive_ends, 1);
	storm_object_discard(object);
	storm_quarantine_trim(storm, QUARANTINE_MAX);
}

/* Thread function of a worker of pattern=ends-alive; kthread_stop() ends it. */
int storm_alive_thread(void *arg)
{
	struct storm_worker *worker = arg;
	u64 busy_since = ktime_get_ns();

	set_user_nice(current, 10);
	while (storm_worker_goes_on(worker)) {
		storm_alive_one(worker);
		storm_worker_pause(worker, &busy_since);
	}
	thread_wait_stop();
	return 0;
}
