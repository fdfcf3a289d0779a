// SPDX-License-Identifier: GPL-2.0
/*
 * A killer of many objects at once, whose lives overlap.
 *
 * A window goes round over the places of the slot. Who it reaches is killed, who
 * is in its middle is asked to drain, who it leaves must be released and is
 * replaced:
 *
 *	    live      |  killed   |  drained  |    live, newer
 *	--------------+-----------+-----------+-----------------
 *	             head       middle       tail
 */
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "storm_internal.h"

#define WINDOW_MAX	1024	/* objects that are dying at once */
#define BURST		64	/* kills without a pause */

static struct storm_object *object_at(struct storm_slot *slot, u64 place)
{
	return rcu_dereference_protected(slot->objects[place % slot->storm->setup.objects],
					 true);
}

static bool goes_on(struct storm *storm)
{
	return !READ_ONCE(storm->closing) && !READ_ONCE(storm->abandon);
}

static void kill_at(struct storm_slot *slot, u64 place)
{
	struct storm_object *object = object_at(slot, place);

	/* In the end it may have been reached before. */
	if (!object || READ_ONCE(object->phase) != PHASE_LIVE || object->end == RS_END_ALIVE)
		return;
	object->end = storm_setup_pick(slot->storm->setup.ends,
				       rs_sequence_random(&slot->seq) >> 8);
	if (object->end != RS_END_ALIVE)
		storm_kill(slot, object);
}

static void drain_at(struct storm_slot *slot, u64 place)
{
	struct storm_object *object = object_at(slot, place);

	if (object)
		WRITE_ONCE(object->drain, true);
}

static void bury_at(struct storm_slot *slot, u64 place)
{
	struct storm_object *object = object_at(slot, place);

	if (!object)
		return;
	if (object->end == RS_END_ALIVE) {
		storm_part(slot, place % slot->storm->setup.objects);
		return;
	}
	storm_wait_for_release(slot, object);
	if (!READ_ONCE(slot->storm->abandon))
		storm_check_released(slot, object);
	storm_retire(slot, place % slot->storm->setup.objects);
}

/* Thread function of the killer of a crowd, which kthread_stop() ends. */
int storm_crowd_thread(void *arg)
{
	struct storm_slot *slot = arg;
	struct storm *storm = slot->storm;
	u64 objects = storm->setup.objects, window = min_t(u64, objects / 2, WINDOW_MAX);
	u64 place, head;

	/* All of them, even if the storm is short: they die together at the end. */
	for (place = 0; place < objects && !READ_ONCE(storm->abandon); place++) {
		storm_publish(slot, place);
		cond_resched_tasks_rcu_qs();
	}

	for (head = 0; goes_on(storm); head++) {
		kill_at(slot, head);
		if (head >= window / 2)
			drain_at(slot, head - window / 2);
		if (head >= window) {
			bury_at(slot, head - window);
			storm_part_due(slot, false);
			storm_publish(slot, (head - window) % objects);
		}
		if (head % BURST == 0)
			storm_sleep_up_to(slot, storm->setup.life_us);
		cond_resched_tasks_rcu_qs();
	}
	/* The last of all: every one of them at once. */
	for (place = 0; place < objects && !READ_ONCE(storm->abandon); place++) {
		kill_at(slot, place);
		cond_resched_tasks_rcu_qs();
	}
	for (place = 0; place < objects; place++)
		drain_at(slot, place);
	for (place = 0; place < objects; place++)
		bury_at(slot, place);
	storm_part_due(slot, true);
	thread_wait_stop();
	return 0;
}
