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

#define BATCH		64
#define DUTY_PERIOD_NS	(10 * NSEC_PER_MSEC)
#define REST_US_MAX	100000ULL	/* killers and stop wait for who rests */

/* Count an operation that is about to be done on @object. */
static void account(struct storm_worker *worker, struct storm_object *object)
{
	worker->operations++;
	if (READ_ONCE(object->phase) != PHASE_KILLING ||
	    READ_ONCE(object->killer_cpu) == raw_smp_processor_id())
		return;
	worker->overlap_operations++;
	if (!READ_ONCE(object->overlapped))
		WRITE_ONCE(object->overlapped, true);
}

static void check_payload(struct storm_worker *worker, struct storm_object *object)
{
	u64 payload = READ_ONCE(object->payload);

	if (payload != PAYLOAD_LIVE)
		storm_violation(worker->storm, INVARIANT_PAYLOAD_INTACT,
				object->generation,
				"worker %u holds a reference and sees payload %llx in slot %u",
				worker->index, payload, object->slot->index);
}

static void put(struct storm_worker *worker, struct storm_ledger *ledger, u64 nr)
{
	struct storm_object *object = ledger->object;

	account(worker, object);
	worker->dropped += nr;
	WRITE_ONCE(ledger->held, ledger->held - nr);
	object->counter.provider->put(&object->counter, nr);
}

static void acquire(struct storm_worker *worker, struct storm_ledger *ledger,
		    struct storm_slot *slot, bool live)
{
	const struct rs_provider *provider = worker->storm->setup.provider;
	struct storm_object *object;
	bool confirmed, drain, taken;

	rcu_read_lock();
	object = rcu_dereference(slot->object);
	if (!object)
		goto unlock;
	drain = READ_ONCE(object->drain);
	/*
	 * Asked to drain: take nothing that would keep the object from its
	 * release. What must fail can still be tried.
	 */
	if (drain && !live && READ_ONCE(object->phase) != PHASE_RELEASED)
		goto unlock;

	/* Pairs with the release in storm_object_confirmed(). */
	confirmed = smp_load_acquire(&object->confirmed);
	account(worker, object);
	taken = live ? provider->tryget_live(&object->counter) :
		       provider->tryget(&object->counter, 1);
	if (!taken)
		goto unlock;
	ledger->object = object;
	WRITE_ONCE(ledger->held, 1);
	worker->taken++;

	if (live && confirmed)
		storm_violation(worker->storm, INVARIANT_CONFIRM_THEN_DEAD,
				object->generation,
				"worker %u: tryget_live after the confirmation, slot %u",
				worker->index, slot->index);
	check_payload(worker, object);
	if (drain && !storm_violated(worker->storm))
		put(worker, ledger, 1);
unlock:
	rcu_read_unlock();
}

static void step_acquire(struct storm_worker *worker, struct storm_ledger *ledger,
			 const struct rs_step *step)
{
	if (!ledger->held)
		acquire(worker, ledger, &worker->storm->slots[step->slot], false);
}

static void step_acquire_live(struct storm_worker *worker, struct storm_ledger *ledger,
			      const struct rs_step *step)
{
	if (!ledger->held)
		acquire(worker, ledger, &worker->storm->slots[step->slot], true);
}

static void step_get(struct storm_worker *worker, struct storm_ledger *ledger,
		     const struct rs_step *step)
{
	struct storm_object *object = ledger->object;

	if (!ledger->held)
		return;
	account(worker, object);
	object->counter.provider->get(&object->counter, step->nr);
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
				object->generation,
				"tryget failed while worker %u holds %llu in slot %u",
				worker->index, ledger->held, step->slot);
		return;
	}
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
	udelay(step->nr / NSEC_PER_USEC);
	ndelay(step->nr % NSEC_PER_USEC);
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
static void drain(struct storm_worker *worker, bool all)
{
	unsigned int i;

	for (i = 0; i < worker->storm->setup.killers; i++) {
		struct storm_ledger *ledger = &worker->ledger[i];

		if (!READ_ONCE(worker->storm->abandon) &&
		    (must_drain(ledger) || (all && ledger->held)))
			put(worker, ledger, ledger->held);
	}
}

/**
 * storm_worker_pause - let others run between two batches
 * @worker: the worker
 * @busy_since: when its present period began, in ns
 *
 * Sleeps for the part of a period that the storm's duty leaves.
 *
 * Context: the worker's.
 */
void storm_worker_pause(struct storm_worker *worker, u64 *busy_since)
{
	u64 duty = worker->storm->setup.duty;
	u64 busy = ktime_get_ns() - *busy_since;

	if (duty < 100 && busy * 100 >= duty * DUTY_PERIOD_NS) {
		/* Busy is also who had to wait for a CPU: rest no longer than makes sense. */
		u64 rest_us = min(div_u64(busy * (100 - duty), duty * NSEC_PER_USEC),
				  REST_US_MAX);

		usleep_range(rest_us, rest_us + rest_us / 8 + 1);
		*busy_since = ktime_get_ns();
	}
	cond_resched();
}

/* A thread that has nothing left to do waits here for kthread_stop(). */
void storm_thread_wait_stop(void)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

/* Thread function of a worker, which kthread_stop() ends. */
int storm_worker_thread(void *arg)
{
	struct storm_worker *worker = arg;
	struct storm *storm = worker->storm;
	u64 busy_since = ktime_get_ns();
	struct rs_step steps[BATCH];
	unsigned int i;

	/* Killers and the machine's own work come first. */
	set_user_nice(current, 10);

	while (!READ_ONCE(storm->ending) && !READ_ONCE(storm->abandon)) {
		rs_sequence_fill(&worker->seq, steps, BATCH);
		for (i = 0; i < BATCH && !READ_ONCE(storm->abandon); i++)
			run(worker, &steps[i]);
		drain(worker, false);
		storm_worker_pause(worker, &busy_since);
	}
	drain(worker, true);
	storm_thread_wait_stop();
	return 0;
}
