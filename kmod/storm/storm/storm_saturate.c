// SPDX-License-Identifier: GPL-2.0
/*
 * The saturate pattern: workers drive one counter past its end and back.
 *
 * Once its value was seen in the middle of the bad half, where a saturated
 * count is put, it must never be seen elsewhere, however many references are
 * dropped again, and release() must never be called. Values outside of the
 * middle are no proof of anything: the count passes through them between an
 * addition and its correction.
 *
 * If the counter's warnings are armed, starting such a storm gives three of
 * them: two of saturation, by get and by tryget, and one of underflow.
 */
#include <linux/kthread.h>
#include <linux/ktime.h>

#include "storm_internal.h"

#define START		(RS_COUNT_MAX - 16)
#define BATCH		64
#define MIDDLE_FIRST	0xa0000000U
#define MIDDLE_LAST	0xe0000000U

static bool in_the_middle(struct storm_object *object, u32 *count)
{
	struct rs_counter_state state;

	object->counter.provider->inspect(&object->counter, &state);
	*count = state.count;
	return *count >= MIDDLE_FIRST && *count <= MIDDLE_LAST;
}

static struct storm_object *the_object(struct storm *storm)
{
	return rcu_dereference_protected(storm->slots[0].objects[0], true);
}

static void check(struct storm *storm, struct storm_object *object)
{
	/* Pairs with the release below, made after the count was seen. */
	bool before = smp_load_acquire(&storm->saturated);
	u32 count;

	if (in_the_middle(object, &count)) {
		if (!before)	/* pairs with the acquire above */
			smp_store_release(&storm->saturated, true);
	} else if (before) {
		storm_violation(storm, INVARIANT_SATURATION_STICKS, object,
				"count %u after it was saturated", count);
	}
}

static void one_operation(struct storm_worker *worker, struct storm_object *object,
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

/* Thread function of a worker of this pattern, which kthread_stop() ends. */
int storm_saturate_thread(void *arg)
{
	struct storm_worker *worker = arg;
	struct storm *storm = worker->storm;
	struct storm_object *object = the_object(storm);
	u64 busy_since = ktime_get_ns();
	bool up = true;
	unsigned int i;

	set_user_nice(current, 10);
	while (!READ_ONCE(storm->ending) && !READ_ONCE(storm->abandon)) {
		for (i = 0; i < BATCH; i++)
			one_operation(worker, object, up);
		check(storm, object);
		up = !up;
		storm_worker_pause(worker, &busy_since);
	}
	for (up = false; worker->ledger[0].held && !READ_ONCE(storm->abandon);)
		one_operation(worker, object, up);
	thread_wait_stop();
	return 0;
}

/*
 * A counter warns once of each kind of misuse. Have it do so here, on one CPU
 * and in this order, so that the kernel log can be read; then the storm proper
 * is silent.
 */
static void provoke_warnings(struct storm_object *object)
{
	const struct rs_provider *provider = object->counter.provider;

	provider->get(&object->counter, 32);
	if (provider->tryget(&object->counter, 1))
		provider->put(&object->counter, 1);
}

/* Before the workers start. Return: 0 or -ENOMEM. */
int storm_saturate_begin(struct storm *storm)
{
	struct storm_slot *slot = &storm->slots[0];
	struct storm_object *first = storm_object_create(slot, &slot->seq, 1, START);
	struct storm_object *object = storm_object_create(slot, &slot->seq, 2, START);

	if (first && object)
		provoke_warnings(first);
	if (first)
		storm_object_bury(first);
	rcu_assign_pointer(slot->objects[0], object);
	if (first && object)
		return 0;
	storm_saturate_abort(storm);
	return -ENOMEM;
}

/* The workers were never woken. */
void storm_saturate_abort(struct storm *storm)
{
	struct storm_object *object = the_object(storm);

	RCU_INIT_POINTER(storm->slots[0].objects[0], NULL);
	if (object)
		storm_object_bury(object);
}

/* After the workers have stopped. */
void storm_saturate_end(struct storm *storm)
{
	struct storm_object *object = the_object(storm);
	u32 count;

	if (!storm_violated(storm) && !in_the_middle(object, &count))
		storm_violation(storm, INVARIANT_SATURATION_STICKS, object,
				"driven past its end and back, the count is %u", count);
	storm_saturate_abort(storm);
}
