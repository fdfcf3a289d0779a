// SPDX-License-Identifier: GPL-2.0
/*
 * Counters that are ended alive: exit without a kill, when nobody but the owner uses them.
 *
 * exit() is all that such a counter goes through, and what it may meet is the counter's own
 * work: a dynamic counter that is about to switch, a switch that was begun. Two ways lead here.
 *
 * ends=alive. A killer takes the object away from readers and lets it drain, as at any
 * other end. It is unused once
 *
 *	1. a grace period has passed: whoever found it has a reference by now, or has not
 *	   got any,
 *	2. no ledger names it: the last put of each worker has returned,
 *	3. another grace period has passed: mainline's switch drops its own reference after it
 *	   has told who waits for it.
 *
 * Until then it waits in a list of its slot, and the killer goes on.
 *
 * pattern=ends-alive. A worker begins a counter that nobody else sees, uses it for a moment and
 * ends it, again and again. There is nothing to wait for, so that exits come by the ten
 * thousand and meet what takes a few instructions.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "storm_internal.h"

#define PARTING_MAX	128	/* objects of a slot that wait */
#define BURST_MAX	64	/* references that a worker takes at once */
#define REST_US_MAX	50	/* from the last put to exit */

/* Nobody but the owner uses it: end it, and see that it was alive. */
static void end_alive(struct storm_object *object)
{
	const struct rs_provider *provider = object->counter.provider;
	struct storm_slot *slot = object->slot;
	struct rs_counter_state state;

	provider->inspect(&object->counter, &state);
	if (state.countable && state.count != 1)
		storm_violation(slot->storm, INVARIANT_LEDGER_BALANCED, object,
				"slot %u: about to end alive, with a count of %llu",
				slot->index, state.count);
	storm_object_end(object);
	if (!provider->ends_early)
		return;
	/* Late readers are answered, too. */
	provider->inspect(&object->counter, &state);
	if (!state.dying || (state.countable && !state.zero))
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: ended alive, and not dead and zero", slot->index);
}

static bool named_by_a_ledger(const struct storm_object *object)
{
	struct storm *storm = object->slot->storm;
	unsigned int i;

	for (i = 0; i < storm->nr_workers; i++)
		/* Pairs with the release of a put: it has returned. */
		if (smp_load_acquire(&storm->workers[i].ledger[object->slot->index].object) ==
		    object)
			return true;
	return false;
}

/* Return: whether the object is unused by now. */
static bool is_unused(struct storm_object *object)
{
	if (!poll_state_synchronize_rcu(object->grace))
		return false;
	if (object->unused)
		return true;
	if (!named_by_a_ledger(object)) {
		object->unused = true;
		object->grace = start_poll_synchronize_rcu();
	}
	return false;
}

/**
 * storm_part - take an object away from readers, to be ended alive
 * @slot: the slot
 * @nth: the object's place, empty afterwards
 *
 * Context: process.
 */
void storm_part(struct storm_slot *slot, unsigned int nth)
{
	struct storm_object *object = rcu_dereference_protected(slot->objects[nth], true);
	struct storm *storm = slot->storm;

	storm_note(storm, object, STORM_ACTOR_KILLER, STORM_NOTE_DRAIN, 0, true);
	WRITE_ONCE(object->drain, true);
	RCU_INIT_POINTER(slot->objects[nth], NULL);
	storm_note(storm, object, STORM_ACTOR_KILLER, STORM_NOTE_RETIRE, 0, true);
	object->grace = start_poll_synchronize_rcu();
	list_add_tail(&object->parting, &slot->parting);
	slot->nr_parting++;
}

/* End an object that has waited for it, or leave it to the end of a storm that broke. */
static void part(struct storm_slot *slot, struct storm_object *object)
{
	struct storm *storm = slot->storm;

	list_del(&object->parting);
	slot->nr_parting--;
	if (READ_ONCE(storm->abandon)) {
		storm_object_bury(object);
		return;
	}
	storm_check_alive(object, "about to end alive");
	end_alive(object);
	tally(slot->alive_ends, 1);
	storm_object_discard(object);
	storm_graveyard_trim(storm, GRAVEYARD_MAX);
}

/**
 * storm_part_due - end those objects of a slot that are unused by now
 * @slot: the slot
 * @all: wait for all of them
 *
 * If the storm broke they are left to storm_object_bury_abandoned().
 *
 * Context: process; workers go on, and drain.
 */
void storm_part_due(struct storm_slot *slot, bool all)
{
	struct storm_object *object, *next;

	for (;;) {
		/* Each of them: their grace periods are the same. */
		list_for_each_entry_safe(object, next, &slot->parting, parting)
			if (READ_ONCE(slot->storm->abandon) || is_unused(object))
				part(slot, object);
		if (slot->nr_parting <= (all ? 0 : PARTING_MAX))
			return;
		usleep_range(200, 400);
	}
}

/* Take and put some, by each operation there is. */
static void use(struct storm_worker *worker, struct storm_object *object)
{
	const struct rs_provider *provider = object->counter.provider;
	u32 nr = 1 + rs_sequence_below(&worker->seq, BURST_MAX);

	provider->get(&object->counter, nr);
	storm_worker_chance(worker, true);
	if (provider->tryget(&object->counter, 1))
		nr++;
	else
		storm_violation(worker->storm, INVARIANT_NO_EARLY_RELEASE, object,
				"worker %u holds %u references, and tryget fails",
				worker->index, nr);
	storm_worker_chance(worker, true);
	provider->put(&object->counter, nr);
	tally(worker->operations[RS_CONTEXT_TASK], 3);
}

/* Have a switch be under way, or behind it. */
static void switch_mode(struct storm_worker *worker, struct storm_object *object)
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
		/* Mainline's switch has its own reference for a while longer. */
		if (!provider->exit_waits)
			synchronize_rcu();
		modes->switch_to_percpu(&object->counter);
		break;
	default:
		return;
	}
	tally(worker->switches, 1);
}

static bool goes_on(const struct storm_worker *worker)
{
	return !READ_ONCE(worker->storm->ending) && !READ_ONCE(worker->storm->abandon);
}

static void one_life(struct storm_worker *worker)
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
		use(worker, object);
	} while (ktime_get_ns() < end_ns && goes_on(worker));
	if (rs_sequence_below(&worker->seq, 2))
		udelay(rs_sequence_below(&worker->seq, REST_US_MAX));
	storm_check_alive(object, "about to end alive");
	if (object->may_return)
		switch_mode(worker, object);
	if (READ_ONCE(storm->abandon)) {
		storm_object_bury(object);
		return;
	}
	end_alive(object);
	tally(worker->alive_ends, 1);
	storm_object_discard(object);
	storm_graveyard_trim(storm, GRAVEYARD_MAX);
}

/* Thread function of a worker of this pattern, which kthread_stop() ends. */
int storm_alive_thread(void *arg)
{
	struct storm_worker *worker = arg;
	u64 busy_since = ktime_get_ns();

	set_user_nice(current, 10);
	while (goes_on(worker)) {
		one_life(worker);
		storm_worker_pause(worker, &busy_since);
	}
	thread_wait_stop();
	return 0;
}
