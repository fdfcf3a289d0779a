// SPDX-License-Identifier: GPL-2.0
/*
 * A worker: runs its seeded sequence of gets and puts, and keeps its ledgers.
 *
 * The order of ledger and counter is what the checks stand on. A ledger goes up
 * after the get that it stands for and down before the put, so it never claims
 * a reference that is not held. release() is ordered after every put, so when
 * it runs rightly it sees all ledgers at zero.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "storm_internal.h"

#define STEPS		16	/* generated at a time */
#define DELAY_NS	20000

/**
 * storm_worker_chance - now and then, give others a chance to come in between
 * @worker: the worker, between two steps of what a user does
 * @may_sleep: unless its context forbids it
 *
 * Context: the worker's.
 */
void storm_worker_chance(struct storm_worker *worker, bool may_sleep)
{
	u64 dice;

	if (likely(!worker->storm->setup.delay) ||
	    rs_sequence_below(&worker->chance, 1000) >= worker->storm->setup.delay)
		return;
	dice = rs_sequence_random(&worker->chance);
	may_sleep = may_sleep && worker->context < WORKER_SOFTIRQ;
	if (may_sleep && dice & 1)
		usleep_range(1, 50);
	else if (may_sleep && dice & 2)
		cond_resched();
	else
		ndelay((dice >> 8) % min_t(u32, DELAY_NS, worker->idle_max_ns));
}

/* Count an operation that is about to be done on @object. */
static void account(struct storm_worker *worker, struct storm_object *object)
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

static void check_payload(struct storm_worker *worker, struct storm_object *object)
{
	u64 payload = READ_ONCE(object->payload);

	if (payload != PAYLOAD_LIVE)
		storm_violation(worker->storm, INVARIANT_PAYLOAD_INTACT,
				object,
				"worker %u holds a reference and sees payload %llx in slot %u",
				worker->index, payload, object->slot->index);
}

static void put(struct storm_worker *worker, struct storm_ledger *ledger, u64 nr)
{
	struct storm_object *object = ledger->object;

	account(worker, object);
	worker->dropped += nr;
	WRITE_ONCE(ledger->held, ledger->held - nr);
	storm_note(worker->storm, object, worker->index, STORM_NOTE_PUT, nr, true);
	storm_worker_chance(worker, true);
	object->counter.provider->put(&object->counter, nr);
	if (ledger->held)
		return;
	/* Pairs with the acquire in storm_alive.c: from here on the counter may end alive. */
	smp_store_release(&ledger->object, NULL);
}

/* One of the slot's objects. Caller is an RCU reader. */
static struct storm_object *look_up(struct storm_worker *worker, struct storm_slot *slot)
{
	u64 objects = worker->storm->setup.objects;
	u64 nth = objects == 1 ? 0 : rs_sequence_below(&worker->chance, objects);

	return rcu_dereference(slot->objects[nth]);
}

/**
 * storm_worker_acquire - try to get a first reference to an object of a slot
 * @worker: the worker, whose ledger of the slot is empty
 * @slot: the slot
 * @live: by tryget_live
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
	object = look_up(worker, slot);
	if (!object)
		goto unlock;
	drain = READ_ONCE(object->drain);
	/*
	 * Asked to drain: take nothing that would keep the object from its
	 * release. What must fail can still be tried.
	 */
	if (drain && !live && READ_ONCE(object->phase) != PHASE_RELEASED)
		goto unlock;

	/* Before the confirmation, which is of one life. */
	life = smp_load_acquire(&object->life);
	confirmed = storm_object_confirmed(object);
	account(worker, object);
	storm_worker_chance(worker, false);
	taken = live ? provider->tryget_live(&object->counter) :
		       provider->tryget(&object->counter, 1);
	storm_note(worker->storm, object, worker->index,
		   live ? STORM_NOTE_ACQUIRE_LIVE : STORM_NOTE_ACQUIRE, 1, taken);
	if (!taken)
		goto unlock;
	storm_worker_chance(worker, false);
	WRITE_ONCE(ledger->object, object);
	/* Pairs with the acquire in storm_object_held(). */
	smp_store_release(&ledger->held, 1);
	worker->taken++;

	/* Pairs with the barrier of storm_object_begin_life(). */
	smp_rmb();
	if (live && confirmed && READ_ONCE(object->life) == life)
		storm_violation(worker->storm, INVARIANT_CONFIRM_THEN_DEAD,
				object,
				"worker %u: tryget_live after the confirmation, slot %u",
				worker->index, slot->index);
	check_payload(worker, object);
unlock:
	rcu_read_unlock();
	if (!taken)
		return;
	storm_worker_chance(worker, true);
	if (drain && !storm_violated(worker->storm))
		put(worker, ledger, 1);
}

static void step_acquire(struct storm_worker *worker, struct storm_ledger *ledger,
			 const struct rs_step *step)
{
	if (!ledger->held)
		storm_worker_acquire(worker, &worker->storm->slots[step->slot], false);
}

static void step_acquire_live(struct storm_worker *worker, struct storm_ledger *ledger,
			      const struct rs_step *step)
{
	if (!ledger->held)
		storm_worker_acquire(worker, &worker->storm->slots[step->slot], true);
}

static void step_get(struct storm_worker *worker, struct storm_ledger *ledger,
		     const struct rs_step *step)
{
	struct storm_object *object = ledger->object;

	if (!ledger->held)
		return;
	account(worker, object);
	object->counter.provider->get(&object->counter, step->nr);
	storm_note(worker->storm, object, worker->index, STORM_NOTE_GET, step->nr, true);
	storm_worker_chance(worker, true);
	WRITE_ONCE(ledger->held, ledger->held + step->nr);
	worker->taken += step->nr;
}

static void step_put(struct storm_worker *worker, struct storm_ledger *ledger,
		     const struct rs_step *step)
{
	if (ledger->held)
		put(worker, ledger, min_t(u64, ledger->held, step->nr));
}

static void step_tryget(struct storm_worker *worker, struct storm_ledger *ledger,
			const struct rs_step *step)
{
	struct storm_object *object = ledger->object;

	if (!ledger->held)
		return;
	account(worker, object);
	if (!object->counter.provider->tryget(&object->counter, 1)) {
		storm_violation(worker->storm, INVARIANT_NO_EARLY_RELEASE,
				object,
				"tryget failed while worker %u holds %llu in slot %u",
				worker->index, ledger->held, step->slot);
		return;
	}
	storm_note(worker->storm, object, worker->index, STORM_NOTE_TRYGET, 1, true);
	WRITE_ONCE(ledger->held, ledger->held + 1);
	worker->taken++;
}

static void step_check(struct storm_worker *worker, struct storm_ledger *ledger,
		       const struct rs_step *step)
{
	if (ledger->held)
		check_payload(worker, ledger->object);
}

static void step_drain(struct storm_worker *worker, struct storm_ledger *ledger,
		       const struct rs_step *step)
{
	if (ledger->held)
		put(worker, ledger, ledger->held);
}

static void step_idle(struct storm_worker *worker, struct storm_ledger *ledger,
		      const struct rs_step *step)
{
	u32 ns = min(step->nr, worker->idle_max_ns);

	udelay(ns / NSEC_PER_USEC);
	ndelay(ns % NSEC_PER_USEC);
}

typedef void (step_run_t)(struct storm_worker *worker, struct storm_ledger *ledger,
			  const struct rs_step *step);

static step_run_t * const step_run[RS_STEP_KIND_COUNT] = {
	[RS_STEP_ACQUIRE]	= step_acquire,
	[RS_STEP_ACQUIRE_LIVE]	= step_acquire_live,
	[RS_STEP_GET]		= step_get,
	[RS_STEP_GET_MANY]	= step_get,
	[RS_STEP_PUT]		= step_put,
	[RS_STEP_PUT_MANY]	= step_put,
	[RS_STEP_TRYGET]	= step_tryget,
	[RS_STEP_CHECK]		= step_check,
	[RS_STEP_DRAIN]		= step_drain,
	[RS_STEP_IDLE]		= step_idle,
};

static bool must_drain(const struct storm_ledger *ledger)
{
	return ledger->held && READ_ONCE(ledger->object->drain);
}

static void run(struct storm_worker *worker, const struct rs_step *step)
{
	struct storm_ledger *ledger = &worker->ledger[step->slot];

	/* At once: the killer may aim at a moment. */
	if (must_drain(ledger))
		put(worker, ledger, ledger->held);
	else
		step_run[step->kind](worker, ledger, step);
}

/* Put all that is held of objects whose killer asks for it, or of all. */
void storm_worker_drain(struct storm_worker *worker, bool all)
{
	unsigned int i;

	for (i = 0; i < worker->storm->nr_slots; i++) {
		struct storm_ledger *ledger = &worker->ledger[i];

		if (!READ_ONCE(worker->storm->abandon) &&
		    (must_drain(ledger) || (all && ledger->held)))
			put(worker, ledger, ledger->held);
	}
}

/**
 * storm_worker_run - the next steps of a worker
 * @worker: the worker
 * @nr: how many
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
			run(worker, &steps[i]);
	}
}
