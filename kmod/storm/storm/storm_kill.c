// SPDX-License-Identifier: GPL-2.0
/*
 * What killers do to an object: publish it, kill it in one of the storm's contexts, wait for
 * its release(), check its state, retire it.
 */
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/smp.h>

#include "storm_internal.h"

#define CONFIRM_DELAY_NS	200	/* from ledgers at zero to the end of the confirmation */
#define EXITS_PENDING_MAX	128

/* Sleep for a random time up to @us. Context: process. */
void storm_sleep_up_to(struct storm_slot *slot, u64 us)
{
	u64 pause = rs_sequence_below(&slot->seq, us + 1);

	if (pause)
		usleep_range(pause, pause + pause / 4 + 1);
}

/**
 * storm_publish - create an object, and let workers find it
 * @slot: the slot
 * @nth: index in slot->objects, empty now
 *
 * Context: process. Return: the object, or NULL if memory ran out.
 */
struct storm_object *storm_publish(struct storm_slot *slot, unsigned int nth)
{
	struct storm_object *object = storm_object_create(slot, &slot->seq, ++slot->generation, 1);

	/* The caller tries again. If memory never returns, the storm is unproven. */
	if (!object)
		usleep_range(1000, 2000);
	else
		storm_note(slot->storm, object, STORM_ACTOR_KILLER, STORM_NOTE_PUBLISH, 1, true);
	rcu_assign_pointer(slot->objects[nth], object);
	return object;
}

/**
 * storm_check_alive - check that a live counter is not dying and can be got
 * @object: the object
 * @how: why it is alive, for the message
 *
 * Context: process.
 */
void storm_check_alive(struct storm_object *object, const char *how)
{
	const struct rs_provider *provider = object->counter.provider;
	struct storm_slot *slot = object->slot;
	struct rs_counter_state state;

	provider->inspect(&object->counter, &state);
	storm_owner_begin(object, 1);
	if (state.dying)
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: %s, but dying", slot->index, how);
	else if (!provider->tryget_live(&object->counter))
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: %s, but tryget_live fails", slot->index, how);
	else
		provider->put(&object->counter, 1);
	storm_owner_end(object);
}

/* Called by storm_call(): migration is disabled. */
static void storm_kill_target(void *arg)
{
	struct storm_slot *slot = arg;
	struct storm_object *object = slot->target;
	const struct rs_provider *provider = slot->storm->setup.provider;
	bool irqs_off = irqs_disabled(), first;
	struct rs_counter_state state;

	WRITE_ONCE(object->killer_cpu, raw_smp_processor_id());
	object->kill_ns = ktime_get_ns();
	/* From here on release() may be called. */
	smp_store_release(&object->phase, PHASE_KILLING);
	storm_note(slot->storm, object, STORM_ACTOR_KILLER, STORM_NOTE_KILL, 1,
		   object->confirm_wanted);
	storm_owner_begin(object, 1);
	WRITE_ONCE(object->owned, object->owned - 1);
	first = provider->kill(&object->counter, object->confirm_wanted);
	storm_owner_end(object);
	tally(slot->kills[rs_context_now()], 1);
	storm_note(slot->storm, object, STORM_ACTOR_KILLER, STORM_NOTE_KILLED, 1, first);

	if (irqs_disabled() != irqs_off)
		storm_violation(slot->storm, INVARIANT_CONTEXT_KEPT, object,
				"slot %u: kill was called with interrupts %s, and left them %s",
				slot->index, irqs_off ? "off" : "on", irqs_off ? "on" : "off");
	if (!first)
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: the only kill returned false", slot->index);
	if (provider->kill_once && slot->random & 2 &&
	    provider->kill(&object->counter, false))
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: a second kill returned true", slot->index);

	provider->inspect(&object->counter, &state);
	if (state.killable && !state.dying)
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object,
				"slot %u: killed, but not dying", slot->index);
}

/**
 * storm_kill - kill an object in one of the storm's contexts
 * @slot: the object's slot
 * @object: the object, alive
 *
 * Context: process.
 */
void storm_kill(struct storm_slot *slot, struct storm_object *object)
{
	const struct storm_setup *setup = &slot->storm->setup;
	enum rs_kill_context context;
	bool exclude_switch;

	slot->target = object;
	slot->random = rs_sequence_random(&slot->seq);
	object->confirm_wanted = setup->provider->percpu && slot->random & 1;
	object->drain_in_confirm = slot->random & 4 && !object->owner_holds;
	object->confirm_delay_ns = rs_sequence_below(&slot->seq, CONFIRM_DELAY_NS);
	object->killed_life = object->life;
	context = storm_setup_pick(setup->kill_contexts, slot->random >> 8);

	/* A kill that waits for a switch can do so only in a task: keep the switch away. */
	exclude_switch = setup->provider->kill_waits && context != RS_KILL_TASK;
	if (exclude_switch)
		mutex_lock(&slot->switch_lock);
	storm_call(&slot->call, context);
	if (exclude_switch)
		mutex_unlock(&slot->switch_lock);
}

void storm_kill_init(struct storm_slot *slot)
{
	storm_call_init(&slot->call, storm_kill_target, slot);
	mutex_init(&slot->switch_lock);
}

static bool storm_kill_has_ended(struct storm_slot *slot, struct storm_object *object)
{
	/* Pairs with the release in storm_object_release(). */
	return smp_load_acquire(&object->phase) == PHASE_RELEASED ||
	       READ_ONCE(slot->storm->abandon);
}

static bool storm_kill_is_zero(struct storm_object *object)
{
	struct rs_counter_state state;

	object->counter.provider->inspect(&object->counter, &state);
	return state.countable && state.zero;
}

/* Exit the counter as soon as its count is zero, even if release() was not called yet. */
static void storm_kill_end_at_zero(struct storm_slot *slot, struct storm_object *object)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(slot->storm->setup.bound_ms);

	while (!storm_kill_is_zero(object) && !READ_ONCE(slot->storm->abandon) &&
	       time_before(jiffies, deadline))
		usleep_range(5, 20);
	if (!storm_kill_is_zero(object) || READ_ONCE(slot->storm->abandon))
		return;
	storm_object_end(object);
}

/*
 * On an overloaded machine a grace period may take longer than any bound. Two rounds of all
 * pending RCU callbacks are enough for a release() that is late, not lost: a kill may wait
 * for the switch that was under way, and then for its own.
 */
static void storm_kill_flush_callbacks(struct storm_slot *slot)
{
	/* A callback of CPU hotplug must not wait for rcu_barrier(). */
	if (!slot->killer || slot->storm->setup.hard_bound)
		return;
	rcu_barrier();
	rcu_barrier();
}

/**
 * storm_wait_for_release - wait until release() has run
 * @slot: the slot
 * @object: the object, killed and told to drain
 *
 * bound_ms is counted from the moment when all ledgers were seen at zero, and again from the
 * start if a late tryget_live succeeded. When it is over, storm_kill_flush_callbacks()
 * waits for what is pending. If release() has not run then either, a count is lost.
 *
 * Context: process.
 */
void storm_wait_for_release(struct storm_slot *slot, struct storm_object *object)
{
	u64 bound_ns = slot->storm->setup.bound_ms * NSEC_PER_MSEC;
	u64 zero_since = 0;
	bool late = false;

	if (object->end == RS_END_ZERO)
		storm_kill_end_at_zero(slot, object);
	while (!swait_event_timeout_exclusive(slot->wait, storm_kill_has_ended(slot, object),
					      usecs_to_jiffies(2000))) {
		u64 now = ktime_get_ns();

		if (storm_object_held(object, NULL)) {
			zero_since = 0;
			late = false;
		} else if (!zero_since) {
			zero_since = now;
		} else if (now - zero_since > bound_ns && !late) {
			storm_kill_flush_callbacks(slot);
			late = true;
		} else if (now - zero_since > bound_ns) {
			storm_violation(slot->storm, INVARIANT_NO_LOST_COUNT,
					object,
					"slot %u: no release() %llu ms after the last put",
					slot->index, slot->storm->setup.bound_ms);
		}
	}
}

/* Check the counter of a released object, and count the kill. */
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
 * storm_retire - unpublish an object, and exit it after a grace period
 * @slot: the slot
 * @nth: index in slot->objects, empty afterwards
 *
 * Context: process.
 */
void storm_retire(struct storm_slot *slot, unsigned int nth)
{
	struct storm_object *object = rcu_dereference_protected(slot->objects[nth], true);
	struct storm *storm = slot->storm;

	RCU_INIT_POINTER(slot->objects[nth], NULL);
	storm_note(storm, object, STORM_ACTOR_KILLER, STORM_NOTE_RETIRE, 0, true);
	storm_object_exit_rcu(object);
	/* A callback of CPU hotplug must not wait for rcu_barrier(). */
	if (slot->killer &&
	    atomic_read(&storm->exits_pending) > max_t(u64, EXITS_PENDING_MAX,
						       storm->setup.objects))
		rcu_barrier();
	storm_quarantine_trim(storm, QUARANTINE_MAX);
}
