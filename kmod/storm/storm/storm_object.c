// SPDX-License-Identifier: GPL-2.0
/*
 * The objects of a storm: birth, the callbacks that check, burial.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>

#include "control/events.h"
#include "refstorm_module.h"
#include "storm_internal.h"

#define POISON		0xdb		/* memory that is given back */
#define LINGER_NS_MAX	(100 * NSEC_PER_USEC)	/* in a confirmation, in softirq */

#define RS_INVARIANT_NAME(id, name, text) name,
const char * const invariant_names[INVARIANT_NR] = {
	RS_INVARIANTS(RS_INVARIANT_NAME)
};

/**
 * storm_violation - an invariant is broken
 * @storm: the storm
 * @invariant: which
 * @object: that was seen, or NULL
 * @fmt: how it was seen
 *
 * The first one is kept, and ends the storm. From now on nobody touches a
 * counter: it cannot be trusted.
 *
 * Context: any but NMI.
 */
void storm_violation(struct storm *storm, enum invariant invariant,
		     const struct storm_object *object, const char *fmt, ...)
{
	va_list args;

	if (atomic_cmpxchg(&storm->violated, VIOLATION_NONE, VIOLATION_WRITING) !=
	    VIOLATION_NONE)
		return;

	storm->invariant = invariant;
	if (object) {
		storm->violated_object = object->generation;
		storm->violated_slot = object->slot->index;
	}
	va_start(args, fmt);
	vscnprintf(storm->detail, sizeof(storm->detail), fmt, args);
	va_end(args);
	WRITE_ONCE(storm->abandon, true);
	if (object)
		storm_note(storm, object, STORM_ACTOR_COUNTER, STORM_NOTE_VIOLATION, 0, false);
	/* Pairs with the acquire in record_fill(). */
	atomic_set_release(&storm->violated, VIOLATION_WRITTEN);

	events_add("subject=storm:%u event=violation invariant=%s object=%llu detail=\"%s\"",
		   storm->id, invariant_names[invariant], storm->violated_object, storm->detail);
	swake_up_one(&storm->wait);
}

/* References to @object that ledgers say are held; one of the holders if any. */
u64 storm_object_held(struct storm_object *object, unsigned int *worker)
{
	struct storm *storm = object->slot->storm;
	unsigned int i;
	u64 held, sum = 0;

	for (i = 0; i < storm->nr_workers; i++) {
		struct storm_ledger *ledger =
			&storm->workers[i].ledger[object->slot->index];

		/* Pairs with the release of acquire(): whose references they are. */
		held = smp_load_acquire(&ledger->held);
		if (!held || READ_ONCE(ledger->object) != object)
			continue;
		if (worker)
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
		storm_violation(storm, INVARIANT_RELEASE_ONCE, object,
				"release() was called again in slot %u", slot->index);
		return;
	}
	if (READ_ONCE(storm->abandon))
		return;
	storm_note(storm, object, STORM_ACTOR_COUNTER, STORM_NOTE_RELEASE, 0, true);

	held = storm_object_held(object, &worker);
	if (READ_ONCE(object->owner_holds))
		storm_violation(storm, INVARIANT_NO_EARLY_RELEASE, object,
				"slot %u: its killer holds a reference", slot->index);
	else if (held)
		storm_violation(storm, INVARIANT_NO_EARLY_RELEASE, object,
				"%llu references held in slot %u, some by worker %u",
				held, slot->index, worker);
	else if (READ_ONCE(object->phase) != PHASE_KILLING)
		storm_violation(storm, INVARIANT_NO_EARLY_RELEASE, object,
				"slot %u: the owner's reference was not dropped yet",
				slot->index);
	else if (object->confirm_wanted && !storm_object_confirmed(object))
		storm_violation(storm, INVARIANT_CONFIRM_BEFORE_RELEASE,
				object, "slot %u: not confirmed yet",
				slot->index);

	WRITE_ONCE(object->payload, PAYLOAD_POISON);
	object->release_ns = now;
	if (object->end == RS_END_RELEASE)
		storm_object_end(object);
	/* Pairs with the acquire of the killer; the last touch of the object. */
	smp_store_release(&object->phase, PHASE_RELEASED);
	swake_up_one(&slot->wait);
}

/*
 * Have the last put come just when the switch drops its own reference: who sees
 * zero then? A ledger goes to zero right before its put.
 */
static void linger(struct storm_object *object)
{
	u64 deadline = ktime_get_ns() + LINGER_NS_MAX;

	WRITE_ONCE(object->drain, true);
	while (storm_object_held(object, NULL) && ktime_get_ns() < deadline)
		cpu_relax();
	ndelay(object->linger_ns);
}

static void object_confirmed(struct rs_counter *counter)
{
	struct storm_object *object = container_of(counter, struct storm_object, counter);

	storm_note(object->slot->storm, object, STORM_ACTOR_COUNTER, STORM_NOTE_CONFIRM, 0, true);
	/* Pairs with the acquire of a worker before its tryget_live. */
	smp_store_release(&object->confirmed_life, object->killed_life);

	if (object->confirm_drains)
		linger(object);
}

/**
 * storm_object_create - make an object for a slot
 * @slot: the slot; the object is not published
 * @seq: random numbers
 * @generation: the object's number in the slot
 * @count: initial references
 *
 * Context: process. Return: the object, or NULL if memory ran out.
 */
struct storm_object *storm_object_create(struct storm_slot *slot, struct rs_sequence *seq,
					 u64 generation, u32 count)
{
	const struct storm_setup *setup = &slot->storm->setup;
	const struct rs_provider *provider = setup->provider;
	bool may_return = setup->lives != BIT(RS_LIFE_END) || setup->switchers ||
		setup->pattern == PATTERN_ENDS_ALIVE;
	struct storm_object *object;

	object = rs_zalloc(&refstorm_sites[SITE_STORM_OBJECT], sizeof(*object),
			   GFP_KERNEL);
	if (!object)
		return NULL;
	object->slot = slot;
	object->generation = generation;
	object->life = 1;
	object->payload = PAYLOAD_LIVE;
	/* Counters that may not be reinitialised go other ways inside. */
	object->may_return = may_return && rs_sequence_below(seq, 4);
	object->counter.provider = provider;
	object->counter.release = storm_object_released;
	object->counter.confirm = object_confirmed;
	if (provider->init(&object->counter, count,
			   (object->may_return ? RS_COUNTER_ALLOW_REINIT : 0) |
			   (setup->track ? RS_COUNTER_TRACKED : 0))) {
		rs_free(&refstorm_sites[SITE_STORM_OBJECT], object);
		return NULL;
	}
	return object;
}

/**
 * storm_object_begin_life - make an object ready to live again
 * @object: released, or killed while its killer holds a reference
 *
 * The counter comes to life after this.
 *
 * Context: process, its killer's.
 */
void storm_object_begin_life(struct storm_object *object)
{
	WRITE_ONCE(object->life, object->life + 1);
	WRITE_ONCE(object->drain, false);
	WRITE_ONCE(object->payload, PAYLOAD_LIVE);
	object->overlapped = false;
	atomic_set(&object->released, 0);
	WRITE_ONCE(object->phase, PHASE_LIVE);
	/* Pairs with the barrier of acquire(): who gets a reference sees all that. */
	smp_mb();
}

/* End the counter before its time, where it is known to stand that. */
void storm_object_end(struct storm_object *object)
{
	storm_note(object->slot->storm, object, STORM_ACTOR_KILLER, STORM_NOTE_END, 0, true);
	object->ended = true;
	object->counter.provider->exit(&object->counter);
}

/**
 * storm_object_discard - give up an object whose counter has ended
 * @object: the object, which nobody looks at any more
 *
 * Context: any but NMI.
 */
void storm_object_discard(struct storm_object *object)
{
	struct storm *storm = object->slot->storm;

	if (storm->setup.memory == MEMORY_FREED) {
		memset(object, POISON, sizeof(*object));
		rs_free(&refstorm_sites[SITE_STORM_OBJECT], object);
		return;
	}
	llist_add(&object->grave, &storm->graves);
	atomic_inc(&storm->nr_graves);
}

static void bury_rcu(struct rcu_head *rcu)
{
	struct storm_object *object = container_of(rcu, struct storm_object, rcu);
	const struct rs_provider *provider = object->counter.provider;
	struct storm *storm = object->slot->storm;

	if (provider->exit && !object->ended)
		provider->exit(&object->counter);
	storm_object_discard(object);
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
	struct storm *storm = object->slot->storm;

	/* A switch may be under way, for which exit() waits where it may sleep. */
	if (READ_ONCE(storm->abandon)) {
		llist_add(&object->grave, &storm->abandoned);
		return;
	}
	atomic_inc(&storm->unburied);
	call_rcu(&object->rcu, bury_rcu);
}

/**
 * storm_object_bury_abandoned - end and free what was left when the storm broke
 * @storm: its threads have ended, and so have all RCU callbacks
 *
 * Context: process.
 */
void storm_object_bury_abandoned(struct storm *storm)
{
	const struct rs_provider *provider = storm->setup.provider;
	struct llist_node *node, *next;

	llist_for_each_safe(node, next, llist_del_all(&storm->abandoned)) {
		struct storm_object *object = llist_entry(node, struct storm_object, grave);

		if (provider->exit && !object->ended)
			provider->exit(&object->counter);
		rs_free(&refstorm_sites[SITE_STORM_OBJECT], object);
	}
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
