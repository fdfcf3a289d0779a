// SPDX-License-Identifier: GPL-2.0
/*
 * A killer: publishes one object after the other in its slot, and kills each. What is done
 * after the kill (release, reinit, resurrect) is drawn from lives=.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>

#include "storm_internal.h"

#define DRAIN_US_MODELESS	200	/* from kill to drain, at most */
#define DRAIN_US_PERCPU		20000	/* a grace period or so */
#define CONFIRMED_US_MAX	1000	/* from confirmation to drain */
#define HOTPLUG_LIVES		4	/* of an object of a callback of CPU hotplug, at most */

/* Let workers take references during the switch, and after its confirmation. */
static void storm_killer_delay_drain(struct storm_slot *slot, struct storm_object *object)
{
	unsigned long deadline;

	if (!slot->storm->setup.provider->percpu) {
		storm_sleep_up_to(slot, DRAIN_US_MODELESS);
		return;
	}
	if (!object->confirm_wanted || rs_sequence_below(&slot->seq, 4) == 0) {
		storm_sleep_up_to(slot, DRAIN_US_PERCPU);
		return;
	}
	deadline = jiffies + msecs_to_jiffies(slot->storm->setup.bound_ms);
	while (!storm_object_confirmed(object) && !READ_ONCE(slot->storm->abandon) &&
	       time_before(jiffies, deadline))
		usleep_range(100, 200);
	storm_sleep_up_to(slot, CONFIRMED_US_MAX);
}

/* Kill, and resurrect, for which the caller needs a reference. */
static void storm_killer_resurrect(struct storm_slot *slot, struct storm_object *object)
{
	const struct rs_provider *provider = object->counter.provider;

	storm_owner_begin(object, 1);
	provider->get(&object->counter, 1);
	WRITE_ONCE(object->owned, object->owned + 1);
	storm_owner_end(object);
	WRITE_ONCE(object->owner_holds, true);
	storm_kill(slot, object);
	/* Resurrect during the switch, at its end, or after it. */
	if (slot->random & BIT(4))
		storm_sleep_up_to(slot, DRAIN_US_PERCPU);
	if (READ_ONCE(slot->storm->abandon))
		return;
	storm_object_begin_life(object);
	storm_note(slot->storm, object, STORM_ACTOR_KILLER, STORM_NOTE_RESURRECT, 1, true);
	storm_owner_begin(object, 1);
	provider->modes->resurrect(&object->counter);
	WRITE_ONCE(object->owned, object->owned + 1);
	storm_owner_end(object);
	storm_note(slot->storm, object, STORM_ACTOR_KILLER, STORM_NOTE_RESURRECTED, 1, true);
	tally(slot->resurrections, 1);
	storm_check_alive(object, "resurrected");
	WRITE_ONCE(object->owner_holds, false);
	storm_owner_begin(object, 1);
	WRITE_ONCE(object->owned, object->owned - 1);
	provider->put(&object->counter, 1);
	storm_owner_end(object);
}

static void storm_killer_release(struct storm_slot *slot, struct storm_object *object)
{
	storm_kill(slot, object);
	storm_killer_delay_drain(slot, object);
	storm_note(slot->storm, object, STORM_ACTOR_KILLER, STORM_NOTE_DRAIN, 0, true);
	WRITE_ONCE(object->drain, true);
	storm_wait_for_release(slot, object);
	if (!READ_ONCE(slot->storm->abandon))
		storm_check_released(slot, object);
}

static void storm_killer_reinit(struct storm_slot *slot, struct storm_object *object)
{
	storm_object_begin_life(object);
	storm_note(slot->storm, object, STORM_ACTOR_KILLER, STORM_NOTE_REINIT, 1, true);
	storm_owner_begin(object, 1);
	object->counter.provider->modes->reinit(&object->counter);
	WRITE_ONCE(object->owned, object->owned + 1);
	storm_owner_end(object);
	storm_note(slot->storm, object, STORM_ACTOR_KILLER, STORM_NOTE_REINITED, 1, true);
	tally(slot->reinits, 1);
	storm_check_alive(object, "reinitialised");
}

static enum rs_life storm_killer_draw_life(struct storm_slot *slot, struct storm_object *object)
{
	/* The counter cannot be reinitialised, or the storm ends. */
	if (!object->allow_reinit || READ_ONCE(slot->storm->closing))
		return RS_LIFE_END;
	/* A callback of CPU hotplug keeps all CPUs from coming and going until it returns. */
	if (!slot->killer && object->life >= HOTPLUG_LIVES)
		return RS_LIFE_END;
	return storm_setup_pick(slot->storm->setup.lives, rs_sequence_random(&slot->seq) >> 8);
}

/**
 * storm_killer_one - publish an object, kill it, and retire it after its last life
 * @slot: the slot, empty before and after
 *
 * Context: process.
 */
void storm_killer_one(struct storm_slot *slot)
{
	struct storm *storm = slot->storm;
	struct storm_object *object;
	enum rs_life life;

	storm_alive_end_unused(slot, false);
	object = storm_publish(slot, 0);
	if (!object)
		return;
	do {
		storm_sleep_up_to(slot, storm->setup.life_us);
		life = storm_killer_draw_life(slot, object);
		if (life == RS_LIFE_RESURRECT) {
			storm_killer_resurrect(slot, object);
			continue;
		}
		if (life == RS_LIFE_END)
			object->end = storm_setup_pick(storm->setup.ends,
						       rs_sequence_random(&slot->seq) >> 8);
		if (object->end == RS_END_ALIVE) {
			storm_alive_unpublish(slot, 0);
			return;
		}
		storm_killer_release(slot, object);
		if (life == RS_LIFE_REINIT && !READ_ONCE(storm->abandon))
			storm_killer_reinit(slot, object);
	} while (life != RS_LIFE_END && !READ_ONCE(storm->abandon));
	storm_retire(slot, 0);
}

/* Thread function of a killer; kthread_stop() ends it. */
int storm_killer_thread(void *arg)
{
	struct storm_slot *slot = arg;
	struct storm *storm = slot->storm;
	unsigned int shuffles = 0;

	while (storm_killer_goes_on(storm)) {
		storm_shuffle_follow(&shuffles);
		storm_killer_one(slot);
	}
	storm_alive_end_unused(slot, true);
	thread_wait_stop();
	return 0;
}
