// SPDX-License-Identifier: GPL-2.0
/*
 * The parts of an object's life that its killer sees to: publishing, the kill in
 * its context, the wait for release(), what must be true then, the burial.
 */
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/smp.h>

#include "storm_internal.h"

#define LINGER_NS		200	/* from the last ledger to the end of a switch */
#define UNBURIED_MAX		128

/* Sleep for a random time up to @us. Context: process. */
void storm_sleep_up_to(struct storm_slot *slot, u64 us)
{
	u64 pause = rs_sequence_below(&slot->seq, us + 1);

	if (pause)
		usleep_range(pause, pause + pause / 4 + 1);
}

/**
 * storm_publish - give a slot a new object
 * @slot: the slot
 * @nth: which of its places, empty now
 *
 * Context: process. Return: the object, or NULL if memory ran out.
 */
struct storm_object *storm_publish(struct storm_slot *slot, unsigned int nth)
{
	struct storm_object *object = storm_object_create(slot, &slot->seq, ++slot->generation, 1);

	/* Memory may come back; a storm without kills is unproven. */
	if (!object)
		usleep_range(1000, 2000);
	else
		storm_note(slot->storm, object, STORM_ACTOR_KILLER, STORM_NOTE_PUBLISH, 1, true);
	rcu_assign_pointer(slot->objects[nth], object);
	return object;
}

/**
 * storm_check_alive - nothing of a death may show in a counter
 * @object: alive, or alive again
 * @how: it came to be so
 *
 * Context: process.
 */
void storm_check_alive(struct storm_object *object, const char *how)
{
	const struct rs_provider *provider = object->counter.provider;
	struct storm_slot *slot = object->slot;
	struct rs_counter_state state;

	provider->inspect(&object->counter, &state);
	if (state.dying)
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: %s, and dying", slot->index, how);
	else if (!provider->tryget_live(&object->counter))
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: %s, and tryget_live fails", slot->index, how);
	else
		provider->put(&object->counter, 1);
}

/* In the context of the kill, on one CPU. */
static void kill_target(void *arg)
{
	struct storm_slot *slot = arg;
	struct storm_object *object = slot->target;
	const struct rs_provider *provider = slot->storm->setup.provider;
	bool irqs_off = irqs_disabled(), first;
	struct rs_counter_state state;

	WRITE_ONCE(object->killer_cpu, raw_smp_processor_id());
	object->kill_ns = ktime_get_ns();
	/* The owner's reference counts as dropped from here on. */
	smp_store_release(&object->phase, PHASE_KILLING);
	storm_note(slot->storm, object, STORM_ACTOR_KILLER, STORM_NOTE_KILL, 1,
		   object->confirm_wanted);
	first = provider->kill(&object->counter, object->confirm_wanted);
	tally(slot->kills[rs_context_now()], 1);
	storm_note(slot->storm, object, STORM_ACTOR_KILLER, STORM_NOTE_KILLED, 1, first);

	if (irqs_disabled() != irqs_off)
		storm_violation(slot->storm, INVARIANT_CONTEXT_KEPT, object,
				"slot %u: killed with interrupts %s, and now they are %s",
				slot->index, irqs_off ? "off" : "on", irqs_off ? "on" : "off");
	if (!first)
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: the only kill returned false", slot->index);
	if (provider->kill_once && slot->dice & 2 &&
	    provider->kill(&object->counter, false))
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: a second kill returned true", slot->index);

	provider->inspect(&object->counter, &state);
	if (state.killable && !state.dying)
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: killed, and not dying", slot->index);
}

/**
 * storm_kill - kill an object, in one of the storm's contexts
 * @slot: its slot
 * @object: the object, alive
 *
 * Context: process.
 */
void storm_kill(struct storm_slot *slot, struct storm_object *object)
{
	const struct storm_setup *setup = &slot->storm->setup;
	enum rs_kill_context context;
	bool apart;

	slot->target = object;
	slot->dice = rs_sequence_random(&slot->seq);
	object->confirm_wanted = setup->provider->percpu && slot->dice & 1;
	object->confirm_drains = slot->dice & 4 && !object->owner_holds;
	object->linger_ns = rs_sequence_below(&slot->seq, LINGER_NS);
	object->killed_life = object->life;
	context = storm_setup_pick(setup->kill_contexts, slot->dice >> 8);

	/* Who waits for a switch under way may only do so where one may sleep. */
	apart = setup->provider->kill_waits && context != RS_KILL_TASK;
	if (apart)
		mutex_lock(&slot->switching);
	storm_call(&slot->call, context);
	if (apart)
		mutex_unlock(&slot->switching);
}

void storm_kill_init(struct storm_slot *slot)
{
	storm_call_init(&slot->call, kill_target, slot);
	mutex_init(&slot->switching);
}

static bool settled(struct storm_slot *slot, struct storm_object *object)
{
	/* Pairs with the release in storm_object_released(). */
	return smp_load_acquire(&object->phase) == PHASE_RELEASED ||
	       READ_ONCE(slot->storm->abandon);
}

static bool is_zero(struct storm_object *object)
{
	struct rs_counter_state state;

	object->counter.provider->inspect(&object->counter, &state);
	return state.countable && state.zero;
}

/* The counter says zero, but release() may still be on its way: end it all the same. */
static void end_at_zero(struct storm_slot *slot, struct storm_object *object)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(slot->storm->setup.bound_ms);

	while (!is_zero(object) && !READ_ONCE(slot->storm->abandon) &&
	       time_before(jiffies, deadline))
		usleep_range(5, 20);
	if (!is_zero(object) || READ_ONCE(slot->storm->abandon))
		return;
	storm_object_end(object);
}

/*
 * On a machine with more to do than it can, a grace period may take longer than any
 * bound. What is on its way then comes through here: a kill may wait for the switch
 * that was under way, and then for its own.
 */
static void let_late_ones_come(struct storm_slot *slot)
{
	/* CPU hotplug does not wait for others' callbacks. */
	if (!slot->killer || slot->storm->setup.hard_bound)
		return;
	rcu_barrier();
	rcu_barrier();
}

/**
 * storm_wait_for_release - wait until release() has run
 * @slot: the slot
 * @object: killed and asked to drain
 *
 * The bound runs from the moment when all ledgers were seen at zero, and anew if
 * a tryget_live that came before the switch shows up. Beyond it a release() that is
 * late is not lost yet: only what two rounds of RCU callbacks on every CPU did not
 * bring, either, breaks the storm.
 *
 * Context: process.
 */
void storm_wait_for_release(struct storm_slot *slot, struct storm_object *object)
{
	u64 bound_ns = slot->storm->setup.bound_ms * NSEC_PER_MSEC;
	u64 zero_since = 0;
	bool late = false;

	if (object->end == RS_END_ZERO)
		end_at_zero(slot, object);
	while (!swait_event_timeout_exclusive(slot->wait, settled(slot, object),
					      usecs_to_jiffies(2000))) {
		u64 now = ktime_get_ns();

		if (storm_object_held(object, NULL)) {
			zero_since = 0;
			late = false;
		} else if (!zero_since) {
			zero_since = now;
		} else if (now - zero_since > bound_ns && !late) {
			let_late_ones_come(slot);
			late = true;
		} else if (now - zero_since > bound_ns) {
			storm_violation(slot->storm, INVARIANT_NO_LOST_COUNT,
					object,
					"slot %u: no release() %llu ms after the last put",
					slot->index, slot->storm->setup.bound_ms);
		}
	}
}

/* A released object: what its counter says now, and the storm's numbers. */
void storm_check_released(struct storm_slot *slot, struct storm_object *object)
{
	struct rs_counter_state state;

	object->counter.provider->inspect(&object->counter, &state);
	if (state.countable && !state.zero)
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: released with a count of %llu",
				slot->index, state.count);

	tally(slot->releases, 1);
	tally(slot->early_ends, object->ended);
	tally(slot->confirms, storm_object_confirmed(object));
	tally(slot->overlapped_kills, READ_ONCE(object->overlapped));
	rs_histogram_record(&slot->kill_to_release,
			    object->release_ns - object->kill_ns);
}

/**
 * storm_retire - take an object away from readers, and bury it
 * @slot: the slot
 * @nth: its place, empty afterwards
 *
 * Context: process.
 */
void storm_retire(struct storm_slot *slot, unsigned int nth)
{
	struct storm_object *object = rcu_dereference_protected(slot->objects[nth], true);
	struct storm *storm = slot->storm;

	RCU_INIT_POINTER(slot->objects[nth], NULL);
	storm_note(storm, object, STORM_ACTOR_KILLER, STORM_NOTE_RETIRE, 0, true);
	storm_object_bury(object);
	/* CPU hotplug does not wait for others' callbacks. */
	if (slot->killer &&
	    atomic_read(&storm->unburied) > max_t(u64, UNBURIED_MAX, storm->setup.objects))
		rcu_barrier();
	storm_graveyard_trim(storm, GRAVEYARD_MAX);
}
