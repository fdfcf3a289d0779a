// SPDX-License-Identifier: GPL-2.0
/*
 * A worker: does its seeded sequence of gets and puts, and keeps its ledgers.
 *
 * All checks depend on the order of ledger and counter. A worker adds to its ledger after the
 * get, and subtracts before the put, so the ledger never has a reference that the worker
 * does not hold. Every put is ordered before release(), so a correct release() sees all
 * ledgers at zero.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "storm_internal.h"

#define STEPS		16	/* drawn at a time */
#define DELAY_NS	20000

/**
 * storm_worker_delay - now and then (delay=), pause so that other CPUs come in between
 * @worker: the worker, in the middle of an operation
 * @may_sleep: the caller can sleep, if the worker's context can
 *
 * Context: the worker's.
 */
void storm_worker_delay(struct storm_worker *worker, bool may_sleep)
{
	u64 random;

	if (likely(!worker->storm->setup.delay) ||
	    rs_sequence_below(&worker->random, 1000) >= worker->storm->setup.delay)
		return;
	random = rs_sequence_random(&worker->random);
	may_sleep = may_sleep && worker->context < WORKER_SOFTIRQ;
	if (may_sleep && random & 1)
		usleep_range(1, 50);
	else if (may_sleep && random & 2)
		cond_resched();
	else
		ndelay((random >> 8) % min_t(u32, DELAY_NS, worker->idle_max_ns));
}

/* Count an operation that is about to be done on @object. */
static void storm_worker_account(struct storm_worker *worker, struct storm_object *object)
{
	tally(worker->operations[rs_context_now()], 1);
	if (READ_ONCE(object->phase) != PHASE_KILLING ||
	    (READ_ONCE(object->killer_cpu) == raw_smp_processor_id() &&
	     !worker->storm->one_cpu))
		return;
	tally(worker->overlap_operations, 1);
	if (!READ_ONCE(object->overlapped))
		WRITE_ONCE(object->overlapped, true);
}

static void storm_worker_check_payload(struct storm_worker *worker, struct storm_object *object)
{
	u64 payload = READ_ONCE(object->payload);

	if (payload != PAYLOAD_LIVE)
		storm_violation(worker->storm, INVARIANT_PAYLOAD_INTACT,
				object,
				"worker %u holds a reference and sees payload %llx in slot %u",
				worker->index, payload, object->slot->index);
}

static void storm_worker_put(struct storm_worker *worker, struct storm_ledger *ledger, u64 nr)
{
	struct storm_object *object = ledger->object;

	storm_worker_account(worker, object);
	worker->dropped += nr;
	storm_ledger_begin(ledger, object, nr);
	WRITE_ONCE(ledger->held, ledger->held - nr);
	storm_note_use(worker, object, STORM_NOTE_PUT, nr, true, ledger->held);
	storm_worker_delay(worker, true);
	object->counter.provider->put(&object->counter, nr);
	storm_ledger_end(ledger);
	if (ledger->held)
		return;
	/* Pairs with the acquire in storm_alive_is_in_ledger(): the put has returned. */
	smp_store_release(&ledger->object, NULL);
}

/* Find one of the slot's objects. The caller is an RCU reader. */
static struct storm_object *storm_worker_look_up(struct storm_worker *worker,
						 struct storm_slot *slot)
{
	u64 objects = worker->storm->setup.objects;
	u64 nth = objects == 1 ? 0 : rs_sequence_below(&worker->random, objects);

	return rcu_dereference(slot->objects[nth]);
}

/**
 * storm_worker_acquire - try to get a first reference to an object of a slot
 * @worker: the worker, whose ledger of the slot is zero
 * @slot: the slot
 * @live: use tryget_live, else tryget
 *
 * Context: the worker's.
 */
void storm_worker_acquire(struct storm_worker *worker, struct storm_slot *slot, bool live)
{
	struct storm_ledger *ledger = &worker->ledger[slot->index];
	const struct rs_provider *provider = worker->storm->setup.provider;
	bool confirmed, drain = false, taken = false;
	struct storm_object *object;
	u64 life;

	rcu_read_lock();
	object = storm_worker_look_up(worker, slot);
	if (!object)
		goto unlock;
	drain = READ_ONCE(object->drain);
	/*
	 * After drain, take no reference that would delay release(). A tryget_live, and
	 * a tryget after release(), should fail, so these are tried.
	 */
	if (drain && !live && READ_ONCE(object->phase) != PHASE_RELEASED)
		goto unlock;

	/* The life is read first: a confirmation belongs to one life. */
	life = smp_load_acquire(&object->life);
	confirmed = storm_object_confirmed(object);
	storm_worker_account(worker, object);
	storm_worker_delay(worker, false);
	storm_ledger_begin(ledger, object, 1);
	taken = live ? provider->tryget_live(&object->counter) :
		       provider->tryget(&object->counter, 1);
	storm_note_use(worker, object, live ? STORM_NOTE_ACQUIRE_LIVE : STORM_NOTE_ACQUIRE, 1,
		       taken, taken);
	if (!taken) {
		storm_ledger_end(ledger);
		goto unlock;
	}
	storm_worker_delay(worker, false);
	WRITE_ONCE(ledger->object, object);
	/* Pairs with the acquire in storm_object_held(). */
	smp_store_release(&ledger->held, 1);
	storm_ledger_end(ledger);
	worker->taken++;

	/* Pairs with the barrier in storm_object_begin_life(). */
	smp_rmb();
	if (live && confirmed && READ_ONCE(object->life) == life)
		storm_violation(worker->storm, INVARIANT_CONFIRM_THEN_DEAD,
				object,
				"worker %u: tryget_live after the confirmation, slot %u",
				worker->index, slot->index);
	storm_worker_check_payload(worker, object);
unlock:
	rcu_read_unlock();
	if (!taken)
		return;
	storm_worker_delay(worker, true);
	if (drain && !storm_violated(worker->storm))
		storm_worker_put(worker, ledger, 1);
}

static void storm_worker_step_acquire(struct storm_worker *worker, struct storm_ledger *ledger,
				      const struct rs_step *step)
{
	if (!ledger->held)
		storm_worker_acquire(worker, &worker->storm->slots[step->slot], false);
}

static void storm_worker_step_acquire_live(struct storm_worker *worker, struct storm_ledger *ledger,
					   const struct rs_step *step)
{
	if (!ledger->held)
		storm_worker_acquire(worker, &worker->storm->slots[step->slot], true);
}

static void storm_worker_step_get(struct storm_worker *worker, struct storm_ledger *ledger,
				  const struct rs_step *step)
{
	struct storm_object *object = ledger->object;

	if (!ledger->held)
		return;
	storm_worker_account(worker, object);
	storm_ledger_begin(ledger, object, step->nr);
	object->counter.provider->get(&object->counter, step->nr);
	storm_note_use(worker, object, STORM_NOTE_GET, step->nr, true, ledger->held + step->nr);
	storm_worker_delay(worker, true);
	WRITE_ONCE(ledger->held, ledger->held + step->nr);
	storm_ledger_end(ledger);
	worker->taken += step->nr;
}

static void storm_worker_step_put(struct storm_worker *worker, struct storm_ledger *ledger,
				  const struct rs_step *step)
{
	if (ledger->held)
		storm_worker_put(worker, ledger, min_t(u64, ledger->held, step->nr));
}

static void storm_worker_step_tryget(struct storm_worker *worker, struct storm_ledger *ledger,
				     const struct rs_step *step)
{
	struct storm_object *object = ledger->object;

	if (!ledger->held)
		return;
	storm_worker_account(worker, object);
	storm_ledger_begin(ledger, object, 1);
	if (!object->counter.provider->tryget(&object->counter, 1)) {
		storm_violation(worker->storm, INVARIANT_NO_EARLY_RELEASE,
				object,
				"tryget failed while worker %u holds %llu in slot %u",
				worker->index, ledger->held, step->slot);
		return;
	}
	storm_note_use(worker, object, STORM_NOTE_TRYGET, 1, true, ledger->held + 1);
	WRITE_ONCE(ledger->held, ledger->held + 1);
	storm_ledger_end(ledger);
	worker->taken++;
}

static void storm_worker_step_check(struct storm_worker *worker, struct storm_ledger *ledger,
				    const struct rs_step *step)
{
	if (ledger->held)
		storm_worker_check_payload(worker, ledger->object);
}

static void storm_worker_step_drain(struct storm_worker *worker, struct storm_ledger *ledger,
				    const struct rs_step *step)
{
	if (ledger->held)
		storm_worker_put(worker, ledger, ledger->held);
}

static void storm_worker_step_idle(struct storm_worker *worker, struct storm_ledger *ledger,
				   const struct rs_step *step)
{
	u32 ns = min(step->nr, worker->idle_max_ns);

	udelay(ns / NSEC_PER_USEC);
	ndelay(ns % NSEC_PER_USEC);
}

typedef void (step_run_t)(struct storm_worker *worker, struct storm_ledger *ledger,
			  const struct rs_step *step);

static step_run_t * const step_run[RS_STEP_KIND_COUNT] = {
	[RS_STEP_ACQUIRE]	= storm_worker_step_acquire,
	[RS_STEP_ACQUIRE_LIVE]	= storm_worker_step_acquire_live,
	[RS_STEP_GET]		= storm_worker_step_get,
	[RS_STEP_GET_MANY]	= storm_worker_step_get,
	[RS_STEP_PUT]		= storm_worker_step_put,
	[RS_STEP_PUT_MANY]	= storm_worker_step_put,
	[RS_STEP_TRYGET]	= storm_worker_step_tryget,
	[RS_STEP_CHECK]		= storm_worker_step_check,
	[RS_STEP_DRAIN]		= storm_worker_step_drain,
	[RS_STEP_IDLE]		= storm_worker_step_idle,
};

static bool storm_worker_must_drain(const struct storm_ledger *ledger)
{
	return ledger->held && READ_ONCE(ledger->object->drain);
}

static void storm_worker_step(struct storm_worker *worker, const struct rs_step *step)
{
	struct storm_ledger *ledger = &worker->ledger[step->slot];

	/* Before the step: storm_object_delay_confirm() waits for this put. */
	if (storm_worker_must_drain(ledger))
		storm_worker_put(worker, ledger, ledger->held);
	else
		step_run[step->kind](worker, ledger, step);
}

/* Put all references to the objects with drain set, or to @all objects. */
void storm_worker_drain(struct storm_worker *worker, bool all)
{
	unsigned int i;

	for (i = 0; i < worker->storm->nr_slots; i++) {
		struct storm_ledger *ledger = &worker->ledger[i];

		if (!READ_ONCE(worker->storm->abandon) &&
		    (storm_worker_must_drain(ledger) || (all && ledger->held)))
			storm_worker_put(worker, ledger, ledger->held);
	}
}

/**
 * storm_worker_run - do the next steps of a worker
 * @worker: the worker
 * @nr: number of steps
 *
 * Context: the worker's.
 */
void storm_worker_run(struct storm_worker *worker, unsigned int nr)
{
	struct rs_step steps[STEPS];
	unsigned int i, some;

	for (; nr; nr -= some) {
		some = min_t(unsigned int, nr, STEPS);
		rs_sequence_fill(&worker->seq, steps, some);
		for (i = 0; i < some && !READ_ONCE(worker->storm->abandon); i++)
			storm_worker_step(worker, &steps[i]);
	}
}
