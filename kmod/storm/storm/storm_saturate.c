// SPDX-License-Identifier: GPL-2.0
/*
 * pattern=saturate: workers drive one counter past its maximum and back.
 *
 * A saturated count is in the middle of the negative half. Once the count was seen there,
 * it must never be seen elsewhere, however many references are dropped, and release() must
 * never be called. A count elsewhere proves nothing before that: between an addition and
 * its correction the count is anything.
 *
 * If the counter's warnings are armed, starting such a storm provokes three of them: two of
 * saturation, by get and by tryget, and one of underflow.
 */
#include <linux/kthread.h>
#include <linux/ktime.h>

#include "storm_internal.h"

#define START		(RS_COUNT_MAX - 16)
#define BATCH		64
#define MIDDLE_FIRST	0xa0000000U
#define MIDDLE_LAST	0xe0000000U

static bool storm_saturate_in_middle(struct storm_object *object, u32 *count)
{
	struct rs_counter_state state;

	object->counter.provider->inspect(&object->counter, &state);
	*count = state.count;
	return *count >= MIDDLE_FIRST && *count <= MIDDLE_LAST;
}

static struct storm_object *storm_saturate_object(struct storm *storm)
{
	return rcu_dereference_protected(storm->slots[0].objects[0], true);
}

static void storm_saturate_check(struct storm *storm, struct storm_object *object)
{
	/* Pairs with the release below. It is read before the count. */
	bool before = smp_load_acquire(&storm->saturated);
	u32 count;

	if (storm_saturate_in_middle(object, &count)) {
		if (!before)	/* pairs with the acquire above */
			smp_store_release(&storm->saturated, true);
	} else if (before) {
		storm_violation(storm, INVARIANT_SATURATION_STICKS, object,
				"count %u after it was saturated", count);
	}
}

static void storm_saturate_step(struct storm_worker *worker, struct storm_object *object,
				bool up)
{
	const struct rs_provider *provider = object->counter.provider;
	struct storm_ledger *ledger = &worker->ledger[0];
	u32 nr = 1 + rs_sequence_below(&worker->seq, 4);

	if (!up) {
		nr = min_t(u64, nr, ledger->held);
		if (!nr)
			return;
		WRITE_ONCE(ledger->held, ledger->held - nr);
		worker->dropped += nr;
		provider->put(&object->counter, nr);
	} else {
		if (nr == 4 && !provider->tryget(&object->counter, nr))
			return;
		if (nr != 4)
			provider->get(&object->counter, nr);
		WRITE_ONCE(ledger->held, ledger->held + nr);
		worker->taken += nr;
	}
	tally(worker->operations[RS_CONTEXT_TASK], 1);
	tally(worker->overlap_operations, READ_ONCE(worker->storm->saturated));
}

/* Thread function of a worker of pattern=saturate; kthread_stop() ends it. */
int storm_saturate_thread(void *arg)
{
	struct storm_worker *worker = arg;
	struct storm *storm = worker->storm;
	struct storm_object *object = storm_saturate_object(storm);
	u64 busy_since = ktime_get_ns();
	bool up = true;
	unsigned int i;

	set_user_nice(current, 10);
	while (storm_worker_goes_on(worker)) {
		for (i = 0; i < BATCH; i++)
			storm_saturate_step(worker, object, up);
		storm_saturate_check(storm, object);
		up = !up;
		storm_worker_pause(worker, &busy_since);
	}
	for (up = false; worker->ledger[0].held && !READ_ONCE(storm->abandon);)
		storm_saturate_step(worker, object, up);
	thread_wait_stop();
	return 0;
}

/*
 * A counter warns once of each kind of misuse. Provoke these warnings here, on one CPU and
 * in a fixed order, so that the kernel log is predictable; the workers provoke none.
 */
static void storm_saturate_provoke(struct storm_object *object)
{
	const struct rs_provider *provider = object->counter.provider;

	provider->get(&object->counter, 32);
	if (provider->tryget(&object->counter, 1))
		provider->put(&object->counter, 1);
}

/* Create the counter, before the workers start. Return: 0 or -ENOMEM. */
int storm_saturate_begin(struct storm *storm)
{
	struct storm_slot *slot = &storm->slots[0];
	struct storm_object *first = storm_object_create(slot, &slot->seq, 1, START);
	struct storm_object *object = storm_object_create(slot, &slot->seq, 2, START);

	if (first && object)
		storm_saturate_provoke(first);
	if (first)
		storm_object_exit_rcu(first);
	rcu_assign_pointer(slot->objects[0], object);
	if (first && object)
		return 0;
	storm_saturate_abort(storm);
	return -ENOMEM;
}

/* Give up the counter. No worker runs. */
void storm_saturate_abort(struct storm *storm)
{
	struct storm_object *object = storm_saturate_object(storm);

	RCU_INIT_POINTER(storm->slots[0].objects[0], NULL);
	if (object)
		storm_object_exit_rcu(object);
}

/* Check and give up the counter, after the workers have stopped. */
void storm_saturate_end(struct storm *storm)
{
	struct storm_object *object = storm_saturate_object(storm);
	u32 count;

	if (!storm_violated(storm) && !storm_saturate_in_middle(object, &count))
		storm_violation(storm, INVARIANT_SATURATION_STICKS, object,
				"count %u at the end, which is not saturated", count);
	storm_saturate_abort(storm);
}
