// SPDX-License-Identifier: GPL-2.0
/*
 * The objects of a storm: creation, the callbacks that check, exit, quarantine.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>

#include "control/events.h"
#include "refstorm_module.h"
#include "storm_internal.h"

#define POISON		0xdb	/* written to memory that is freed */
#define DELAY_NS_MAX	(100 * NSEC_PER_USEC)	/* of a confirmation, in softirq */

/**
 * storm_violation - report that an invariant is broken
 * @storm: the storm
 * @invariant: the invariant
 * @object: the object, or NULL
 * @fmt: what was seen
 *
 * The first violation is kept, and ends the storm. From now on no thread calls a counter,
 * for a broken counter may do anything.
 *
 * Context: any but NMI.
 */
void storm_violation(struct storm *storm, enum invariant invariant,
		     struct storm_object *object, const char *fmt, ...)
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
	if (object) {
		/* No worker begins an operation any more, so the account is steady soon. */
		storm_account_take(storm, object);
		storm_note(storm, object, STORM_ACTOR_COUNTER, STORM_NOTE_VIOLATION, 0, false);
		storm->violated_notes = object->notes;
	}
	/* Pairs with the acquire in storm_record_fill(). */
	atomic_set_release(&storm->violated, VIOLATION_WRITTEN);

	events_add("subject=storm:%u event=violation invariant=%s object=%llu detail=\"%s\"",
		   storm->id, invariant_names[invariant], storm->violated_object, storm->detail);
	swake_up_one(&storm->wait);
}

/* The references to @object in all ledgers; @worker gets the index of a holder, if any. */
u64 storm_object_held(struct storm_object *object, unsigned int *worker)
{
	struct storm *storm = object->slot->storm;
	unsigned int i;
	u64 held, sum = 0;

	for (i = 0; i < storm->nr_workers; i++) {
		struct storm_ledger *ledger =
			&storm->workers[i].ledger[object->slot->index];

		/* Pairs with the release in storm_worker_acquire(): ledger->object is valid. */
		held = smp_load_acquire(&ledger->held);
		if (!held || READ_ONCE(ledger->object) != object)
			continue;
		if (worker)
			*worker = i;
		sum += held;
	}
	return sum;
}

/* The counter's release(). */
static void storm_object_release(struct rs_counter *counter)
{
	struct storm_object *object = container_of(counter, struct storm_object, counter);
	struct storm_slot *slot = object->slot;
	struct storm *storm = slot->storm;
	u64 now = ktime_get_ns();
	unsigned int worker;
	u64 held;

	if (atomic_inc_return(&object->released) != 1) {
		storm_violation(storm, INVARIANT_RELEASE_ONCE, object,
				"slot %u: release() was called again", slot->index);
		return;
	}
	if (READ_ONCE(storm->abandon))
		return;
	storm_note(storm, object, STORM_ACTOR_COUNTER, STORM_NOTE_RELEASE, 0, true);

	held = storm_object_held(object, &worker);
	if (READ_ONCE(object->owner_holds))
		storm_violation(storm, INVARIANT_NO_EARLY_RELEASE, object,
				"slot %u: release() while the killer holds a reference",
				slot->index);
	else if (held)
		storm_violation(storm, INVARIANT_NO_EARLY_RELEASE, object,
				"%llu references held in slot %u, some by worker %u",
				held, slot->index, worker);
	else if (READ_ONCE(object->phase) != PHASE_KILLING)
		storm_violation(storm, INVARIANT_NO_EARLY_RELEASE, object,
				"slot %u: release() before the kill", slot->index);
	else if (object->confirm_wanted && !storm_object_confirmed(object))
		storm_violation(storm, INVARIANT_CONFIRM_BEFORE_RELEASE, object,
				"slot %u: release() before the confirmation", slot->index);

	WRITE_ONCE(object->payload, PAYLOAD_POISON);
	object->release_ns = now;
	if (object->end == RS_END_RELEASE)
		storm_object_end(object);
	/* Pairs with the acquire in storm_kill_has_ended(). The killer now owns the object. */
	smp_store_release(&object->phase, PHASE_RELEASED);
	swake_up_one(&slot->wait);
}

/*
 * Let the workers' last put meet the put of the switch, which follows this confirmation:
 * one of the two must see zero. A ledger goes to zero right before the put.
 */
static void storm_object_delay_confirm(struct storm_object *object)
{
	u64 deadline = ktime_get_ns() + DELAY_NS_MAX;

	WRITE_ONCE(object->drain, true);
	while (storm_object_held(object, NULL) && ktime_get_ns() < deadline)
		cpu_relax();
	ndelay(object->confirm_delay_ns);
}

static void storm_object_confirm(struct rs_counter *counter)
{
	struct storm_object *object = container_of(counter, struct storm_object, counter);

	storm_note(object->slot->storm, object, STORM_ACTOR_COUNTER, STORM_NOTE_CONFIRM, 0, true);
	/* Pairs with the acquire in storm_object_confirmed(). */
	smp_store_release(&object->confirmed_life, object->killed_life);

	if (object->drain_in_confirm)
		storm_object_delay_confirm(object);
}

/**
 * storm_object_create - allocate an object, and initialise its counter
 * @slot: the slot; the object is not published
 * @seq: random numbers
 * @generation: number of the object in the slot
 * @count: initial references
 *
 * Context: process. Return: the object, or NULL if memory ran out.
 */
struct storm_object *storm_object_create(struct storm_slot *slot, struct rs_sequence *seq,
					 u64 generation, u32 count)
{
	const struct storm_setup *setup = &slot->storm->setup;
	const struct rs_provider *provider = setup->provider;
	bool allow_reinit = setup->lives != BIT(RS_LIFE_END) || setup->switchers ||
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
	object->owned = count;
	/* A quarter of the counters lacks ALLOW_REINIT: these take other branches. */
	object->allow_reinit = allow_reinit && rs_sequence_below(seq, 4);
	object->counter.provider = provider;
	object->counter.release = storm_object_release;
	object->counter.confirm = storm_object_confirm;
	if (provider->init(&object->counter, count,
			   (object->allow_reinit ? RS_COUNTER_ALLOW_REINIT : 0) |
			   (setup->track ? RS_COUNTER_TRACKED : 0))) {
		rs_free(&refstorm_sites[SITE_STORM_OBJECT], object);
		return NULL;
	}
	return object;
}

/**
 * storm_object_begin_life - prepare an object for another life
 * @object: the object, released, or killed while its killer holds a reference
 *
 * The killer reinitialises or resurrects the counter after this.
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
	/* Pairs with the barrier in storm_worker_acquire(), after its tryget. */
	smp_mb();
}

/* Exit the counter early: in release(), at zero, or alive. */
void storm_object_end(struct storm_object *object)
{
	storm_note(object->slot->storm, object, STORM_ACTOR_KILLER, STORM_NOTE_END, 0, true);
	object->ended = true;
	object->counter.provider->exit(&object->counter);
}

/**
 * storm_object_discard - free an object, or put it in quarantine
 * @object: the object, whose counter was exited; it has no readers
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
	llist_add(&object->node, &storm->quarantine);
	atomic_inc(&storm->nr_quarantine);
}

static void storm_object_rcu_callback(struct rcu_head *rcu)
{
	struct storm_object *object = container_of(rcu, struct storm_object, rcu);
	const struct rs_provider *provider = object->counter.provider;
	struct storm *storm = object->slot->storm;

	if (provider->exit && !object->ended) {
		WRITE_ONCE(object->ended, true);
		provider->exit(&object->counter);
	}
	storm_object_discard(object);
	/* The manager waits for this callback with rcu_barrier(). */
	atomic_dec(&storm->exits_pending);
}

/**
 * storm_object_exit_rcu - exit an object's counter after a grace period
 * @object: the object, unpublished; readers may still look at it
 *
 * Context: process.
 */
void storm_object_exit_rcu(struct storm_object *object)
{
	struct storm *storm = object->slot->storm;

	/* A switch may be under way. exit() would wait for it, which an RCU callback cannot. */
	if (READ_ONCE(storm->abandon)) {
		llist_add(&object->node, &storm->abandoned);
		return;
	}
	atomic_inc(&storm->exits_pending);
	call_rcu(&object->rcu, storm_object_rcu_callback);
}

/**
 * storm_objects_exit_abandoned - exit and free the objects that a broken storm left
 * @storm: the storm; its threads and RCU callbacks have ended
 *
 * Context: process.
 */
void storm_objects_exit_abandoned(struct storm *storm)
{
	const struct rs_provider *provider = storm->setup.provider;
	struct llist_node *node, *next;

	llist_for_each_safe(node, next, llist_del_all(&storm->abandoned)) {
		struct storm_object *object = llist_entry(node, struct storm_object, node);

		if (provider->exit && !object->ended)
			provider->exit(&object->counter);
		rs_free(&refstorm_sites[SITE_STORM_OBJECT], object);
	}
}

/**
 * storm_quarantine_trim - free the oldest objects of the quarantine
 * @storm: the storm
 * @keep: nothing is freed unless there are more objects; then half of @keep stays
 *
 * Context: process; several killers may call it at once.
 */
void storm_quarantine_trim(struct storm *storm, unsigned int keep)
{
	struct llist_node *first, *node, *next;
	unsigned int kept = 0;

	if (atomic_read(&storm->nr_quarantine) <= keep)
		return;

	/* The newest are first. They are added again; other threads may have added some. */
	first = llist_del_all(&storm->quarantine);
	llist_for_each_safe(node, next, first) {
		if (kept < keep / 2) {
			kept++;
			llist_add(node, &storm->quarantine);
			continue;
		}
		atomic_dec(&storm->nr_quarantine);
		rs_free(&refstorm_sites[SITE_STORM_OBJECT],
			llist_entry(node, struct storm_object, node));
	}
}
