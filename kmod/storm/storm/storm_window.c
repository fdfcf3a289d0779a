// SPDX-License-Identifier: GPL-2.0
/*
 * A killer of many objects whose lives overlap, for objects=N.
 *
 * A window moves over the slot's array of objects, round and round. An object is killed
 * when the head of the window reaches it, and told to drain when the middle does. When the
 * tail leaves it, it must be released, and is replaced:
 *
 *	   live, newer  |  drained  |  killed   |    live
 *	----------------+-----------+-----------+-----------------> index
 *	               tail       middle       head
 */
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "storm_internal.h"

#define WINDOW_MAX	1024	/* objects that are killed and not released */
#define BATCH		64	/* kills without a pause */

static struct storm_object *storm_window_object(struct storm_slot *slot, u64 index)
{
	return rcu_dereference_protected(slot->objects[index % slot->storm->setup.objects],
					 true);
}

static void storm_window_kill(struct storm_slot *slot, u64 index)
{
	struct storm_object *object = storm_window_object(slot, index);

	/* In the end, the window has killed some of them already. */
	if (!object || READ_ONCE(object->phase) != PHASE_LIVE || object->end == RS_END_ALIVE)
		return;
	object->end = storm_setup_pick(slot->storm->setup.ends,
				       rs_sequence_random(&slot->seq) >> 8);
	if (object->end != RS_END_ALIVE)
		storm_kill(slot, object);
}

static void storm_window_drain(struct storm_slot *slot, u64 index)
{
	struct storm_object *object = storm_window_object(slot, index);

	if (object)
		WRITE_ONCE(object->drain, true);
}

static void storm_window_retire(struct storm_slot *slot, u64 index)
{
	struct storm_object *object = storm_window_object(slot, index);

	if (!object)
		return;
	if (object->end == RS_END_ALIVE) {
		storm_alive_unpublish(slot, index % slot->storm->setup.objects);
		return;
	}
	storm_wait_for_release(slot, object);
	if (!READ_ONCE(slot->storm->abandon))
		storm_check_released(slot, object);
	storm_retire(slot, index % slot->storm->setup.objects);
}

/* Thread function of a killer of many objects; kthread_stop() ends it. */
int storm_window_thread(void *arg)
{
	struct storm_slot *slot = arg;
	struct storm *storm = slot->storm;
	u64 objects = storm->setup.objects, window = min_t(u64, objects / 2, WINDOW_MAX);
	unsigned int shuffles = 0;
	u64 index, head;

	/* Publish all of them, however short the storm is: in the end all are killed at once. */
	for (index = 0; index < objects && !READ_ONCE(storm->abandon); index++) {
		storm_publish(slot, index);
		cond_resched_tasks_rcu_qs();
	}

	for (head = 0; storm_killer_goes_on(storm); head++) {
		storm_shuffle_follow(&shuffles);
		storm_window_kill(slot, head);
		if (head >= window / 2)
			storm_window_drain(slot, head - window / 2);
		if (head >= window) {
			storm_window_retire(slot, head - window);
			storm_alive_end_unused(slot, false);
			storm_publish(slot, (head - window) % objects);
		}
		if (head % BATCH == 0)
			storm_sleep_up_to(slot, storm->setup.life_us);
		cond_resched_tasks_rcu_qs();
	}
	/* Kill all of them at once. */
	for (index = 0; index < objects && !READ_ONCE(storm->abandon); index++) {
		storm_window_kill(slot, index);
		cond_resched_tasks_rcu_qs();
	}
	for (index = 0; index < objects; index++)
		storm_window_drain(slot, index);
	for (index = 0; index < objects; index++)
		storm_window_retire(slot, index);
	storm_alive_end_unused(slot, true);
	thread_wait_stop();
	return 0;
}
