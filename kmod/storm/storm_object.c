// SPDX-License-Identifier: GPL-2.0
/*
 * The objects of a storm: birth, the callbacks that check, burial.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>

#include "events.h"
#include "refstorm_module.h"
#include "storm_internal.h"

#define LINGER_NS_MAX	(100 * NSEC_PER_USEC)	/* in a confirmation, in softirq */

#define RS_INVARIANT_NAME(id, name, text) name,
const char * const invariant_names[INVARIANT_NR] = {
	RS_INVARIANTS(RS_INVARIANT_NAME)
};

/**
 * storm_violation - an invariant is broken
 * @storm: the storm
 * @invariant: which
 * @generation: of the object
 * @fmt: how it was seen
 *
 * The first one is kept, and ends the storm. From now on nobody touches a
 * counter: it cannot be trusted.
 *
 * Context: any but NMI.
 */
void storm_violation(struct storm *storm, enum invariant invariant,
		     u64 generation, const char *fmt, ...)
{
	va_list args;

	if (atomic_cmpxchg(&storm->violated, VIOLATION_NONE, VIOLATION_WRITING) !=
	    VIOLATION_NONE)
		return;

	storm->invariant = invariant;
	storm->violated_object = generation;
	va_start(args, fmt);
	vscnprintf(storm->detail, sizeof(storm->detail), fmt, args);
	va_end(args);
	WRITE_ONCE(storm->abandon, true);
	/* Pairs with the acquire in record_fill(). */
	atomic_set_release(&storm->violated, VIOLATION_WRITTEN);

	events_add("subject=storm:%u event=violation invariant=%s object=%llu detail=\"%s\"",
		   storm->id, invariant_names[invariant], generation, storm->detail);
	wake_up(&storm->wait);
}

/* References that ledgers say are held in @slot; one of the holders if any. */
u64 storm_slot_held(struct storm_slot *slot, unsigned int *worker)
{
	struct storm *storm = slot->storm;
	unsigned int i;
	u64 held, sum = 0;

	for (i = 0; i < storm->setup.workers; i++) {
		held = READ_ONCE(storm->workers[i].ledger[slot->index].held);
		if (held && worker)
			*worker = i;
		sum += held;
	}
	return sum;
}

/* Called by the counter, for the last put. */
static void storm_object_released(struct rs_counter *counter)
{
	struct storm_object *object = container_of(counter, struct storm_object, counter);
	struct storm_slot *slot = object->slot;
	struct storm *storm = slot->storm;
	u64 now = ktime_get_ns();
	unsigned int worker;
	u64 held;

	if (atomic_inc_return(&object->released) != 1) {
		storm_violation(storm, INVARIANT_RELEASE_ONCE, object->generation,
				"release() was called again in slot %u", slot->index);
		return;
	}
	if (READ_ONCE(storm->abandon))
		return;

	held = storm_slot_held(slot, &worker);
	if (held)
		storm_violation(storm, INVARIANT_NO_EARLY_RELEASE, object->generation,
				"%llu references held in slot %u, some by worker %u",
				held, slot->index, worker);
	else if (READ_ONCE(object->phase) != PHASE_KILLING)
		storm_violation(storm, INVARIANT_NO_EARLY_RELEASE, object->generation,
				"slot %u: the owner's reference was not dropped yet",
				slot->index);
	else if (object->confirm_wanted && !READ_ONCE(object->confirmed))
		storm_violation(storm, INVARIANT_CONFIRM_BEFORE_RELEASE,
				object->generation, "slot %u: not confirmed yet",
				slot->index);

	WRITE_ONCE(object->payload, PAYLOAD_POISON);
	object->release_ns = now;
	/* Pairs with the acquire of the killer; the last touch of the object. */
	smp_store_release(&object->phase, PHASE_RELEASED);
	wake_up(&slot->wait);
}

/*
 * Have the last put come just when the switch drops its own reference: who sees
 * zero then? A ledger goes to zero right before its put.
 */
static void linger(struct storm_object *object)
{
	u64 deadline = ktime_get_ns() + LINGER_NS_MAX;

	WRITE_ONCE(object->drain, true);
	while (storm_slot_held(object->slot, NULL) && ktime_get_ns() < deadline)
		cpu_relax();
	ndelay(object->linger_ns);
}

static void storm_object_confirmed(struct rs_counter *counter)
{
	struct storm_object *object = container_of(counter, struct storm_object, counter);

	/* Pairs with the acquire of a worker before its tryget_live. */
	smp_store_release(&object->confirmed, true);

	if (object->confirm_drains)
		linger(object);
}

/**
 * storm_object_create - make an object for a slot
 * @slot: the slot; the object is not published
 * @count: initial references
 *
 * Context: process. Return: the object, or NULL if memory ran out.
 */
struct storm_object *storm_object_create(struct storm_slot *slot, u32 count)
{
	const struct rs_provider *provider = slot->storm->setup.provider;
	struct storm_object *object;

	object = rs_zalloc(&refstorm_sites[SITE_STORM_OBJECT], sizeof(*object),
			   GFP_KERNEL);
	if (!object)
		return NULL;
	object->slot = slot;
	object->generation = ++slot->generation;
	object->payload = PAYLOAD_LIVE;
	object->counter.provider = provider;
	object->counter.release = storm_object_released;
	object->counter.confirm = storm_object_confirmed;
	if (provider->init(&object->counter, count, 0)) {
		rs_free(&refstorm_sites[SITE_STORM_OBJECT], object);
		return NULL;
	}
	return object;
}

static void bury_rcu(struct rcu_head *rcu)
{
	struct storm_object *object = container_of(rcu, struct storm_object, rcu);
	const struct rs_provider *provider = object->counter.provider;
	struct storm *storm = object->slot->storm;

	if (provider->exit)
		provider->exit(&object->counter);
	llist_add(&object->grave, &storm->graves);
	atomic_inc(&storm->nr_graves);
	/* The last touch of the storm, whose manager waits in rcu_barrier(). */
	atomic_dec(&storm->unburied);
}

/**
 * storm_object_bury - give up an object that is not published any more
 * @object: the object; its counter is idle
 *
 * Readers may still be looking at it: the counter ends after a grace period.
 *
 * Context: process.
 */
void storm_object_bury(struct storm_object *object)
{
	atomic_inc(&object->slot->storm->unburied);
	call_rcu(&object->rcu, bury_rcu);
}

/**
 * storm_graveyard_trim - free the oldest buried objects
 * @storm: the storm
 * @keep: how many to keep
 *
 * Context: process; several killers may call it at once.
 */
void storm_graveyard_trim(struct storm *storm, unsigned int keep)
{
	struct llist_node *first, *node, *next;
	unsigned int kept = 0;

	if (atomic_read(&storm->nr_graves) <= keep)
		return;

	/* Newest first. What is kept goes back; others may have added since. */
	first = llist_del_all(&storm->graves);
	llist_for_each_safe(node, next, first) {
		if (kept < keep / 2) {
			kept++;
			llist_add(node, &storm->graves);
			continue;
		}
		atomic_dec(&storm->nr_graves);
		rs_free(&refstorm_sites[SITE_STORM_OBJECT],
			llist_entry(node, struct storm_object, grave));
	}
}
