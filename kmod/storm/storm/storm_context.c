// SPDX-License-Identifier: GPL-2.0
/*
 * The contexts in which workers run and kills are done.
 *
 * A worker runs in its thread, or in the interrupts of a high resolution timer: a soft
 * timer expires in softirq, a hard one in hardirq, on PREEMPT_RT too. Each interrupt runs
 * a few steps in the middle of whatever that CPU was doing, which is often another
 * worker's get or put on the same object.
 *
 * A worker in interrupts has a thread, too. The thread starts the timer on the right CPU,
 * starts it there again when that CPU was offline, and in the end puts what the worker
 * holds.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include <refstorm/compat.h>

#include "storm_internal.h"

#define THREAD_STEPS		64	/* steps of a thread between two pauses */
#define INTERRUPT_STEPS		8
#define INTERVAL_NS		50000	/* from one interrupt to the next */
#define IDLE_SOFTIRQ_NS		5000
#define IDLE_HARDIRQ_NS		1000
#define REPIN_JIFFIES		(HZ / 10)
#define REALTIME_DUTY		50	/* per cent of a CPU for all its realtime workers; the
					 * scheduler throttles them from 95 on
					 */
#define DUTY_PERIOD_NS		(10 * NSEC_PER_MSEC)
#define SLEEP_US_MAX		100000ULL	/* killers and stop wait for a sleeping worker */

static bool storm_context_is_bound(const struct storm_worker *worker)
{
	return worker->context != WORKER_ROAMING;
}

/* Move a roaming worker now and then; bring others back to their CPU if it was offline. */
static void storm_context_move(struct storm_worker *worker)
{
	int cpu;

	if (storm_context_is_bound(worker)) {
		thread_return(storm_shuffle_away(worker->cpu));
		return;
	}
	if (rs_sequence_below(&worker->random, 16))
		return;
	cpu = storm_shuffle_away(storm_cpu_next(raw_smp_processor_id()));
	/* This fails if the CPU has gone offline; the worker then stays where it is. */
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

/* With gust_ms=, all workers are idle, and hold nothing, in every other period. */
static bool storm_context_is_idle(const struct storm *storm)
{
	u64 gust_ns = storm->setup.gust_ms * NSEC_PER_MSEC;

	return gust_ns && div64_u64(ktime_get_ns() - storm->start_ns, gust_ns) & 1;
}

static void storm_context_idle(struct storm_worker *worker)
{
	if (!storm_context_is_idle(worker->storm))
		return;
	storm_worker_drain(worker, true);
	while (storm_worker_goes_on(worker) && storm_context_is_idle(worker->storm))
		usleep_range(1000, 2000);
}

/**
 * storm_worker_pause - let other threads run between two batches of steps
 * @worker: the worker
 * @busy_since: when its present period began, in ns
 *
 * The worker sleeps for the part of a period that its duty leaves. A worker with a duty of
 * 100 per cent never sleeps, so it reports a quiescent state to Tasks RCU, for which kprobes
 * wait under a lock.
 *
 * Context: the worker's thread.
 */
void storm_worker_pause(struct storm_worker *worker, u64 *busy_since)
{
	u64 duty = worker->duty;
	u64 busy = ktime_get_ns() - *busy_since;

	if (duty < 100 && busy * 100 >= duty * DUTY_PERIOD_NS) {
		/* @busy includes the time that the worker waited for a CPU. */
		u64 sleep_us = min(div_u64(busy * (100 - duty), duty * NSEC_PER_USEC),
				   SLEEP_US_MAX);

		usleep_range(sleep_us, sleep_us + sleep_us / 8 + 1);
		*busy_since = ktime_get_ns();
	}
	if (worker->storm->setup.gust_ms)
		storm_context_idle(worker);
	cond_resched_tasks_rcu_qs();
	storm_context_move(worker);
}

static void storm_context_run_thread(struct storm_worker *worker)
{
	u64 busy_since = ktime_get_ns();

	/* Killers and other programs come first, except before realtime workers. */
	if (worker->context == WORKER_REALTIME)
		sched_set_fifo_low(current);
	else
		set_user_nice(current, worker->context == WORKER_NICE ? MAX_NICE : 10);

	while (storm_worker_goes_on(worker)) {
		storm_worker_run(worker, THREAD_STEPS);
		storm_worker_drain(worker, false);
		storm_worker_pause(worker, &busy_since);
	}
}

static enum hrtimer_restart storm_context_interrupt(struct hrtimer *timer)
{
	struct storm_worker *worker = container_of(timer, struct storm_worker, timer);
	u64 interval = worker->interval_ns;

	if (!storm_worker_goes_on(worker))
		return HRTIMER_NORESTART;
	if (!storm_context_is_idle(worker->storm))
		storm_worker_run(worker, INTERRUPT_STEPS);
	storm_worker_drain(worker, storm_context_is_idle(worker->storm));
	interval += rs_sequence_below(&worker->random, interval);
	/* Counted from now, so that a slow machine has time for other work, too. */
	hrtimer_set_expires(timer, ktime_add_ns(ktime_get(), interval));
	return HRTIMER_RESTART;
}

static void storm_context_run_interrupts(struct storm_worker *worker)
{
	enum hrtimer_mode mode = worker->context == WORKER_HARDIRQ ?
		HRTIMER_MODE_REL_PINNED_HARD : HRTIMER_MODE_REL_PINNED_SOFT;

	rs_hrtimer_setup(&worker->timer, storm_context_interrupt, CLOCK_MONOTONIC, mode);
	hrtimer_start(&worker->timer, ns_to_ktime(worker->interval_ns), mode);
	while (!kthread_should_stop()) {
		bool was_away = raw_smp_processor_id() != worker->cpu;

		storm_context_move(worker);
		if (storm_shuffle_away(worker->cpu) != worker->cpu)
			hrtimer_cancel(&worker->timer);
		/* When the CPU went offline, its timers moved to another CPU. */
		if (was_away && raw_smp_processor_id() == worker->cpu &&
		    storm_worker_goes_on(worker)) {
			hrtimer_cancel(&worker->timer);
			hrtimer_start(&worker->timer, ns_to_ktime(worker->interval_ns), mode);
		}
		schedule_timeout_interruptible(REPIN_JIFFIES);
	}
	hrtimer_cancel(&worker->timer);
}

static const struct {
	void	(*run)(struct storm_worker *worker);
	u32	idle_max_ns;
} contexts[WORKER_NR] = {
	[WORKER_PINNED]	= { storm_context_run_thread, RS_STEP_IDLE_MAX_NS },
	[WORKER_ROAMING]	= { storm_context_run_thread, RS_STEP_IDLE_MAX_NS },
	[WORKER_NICE]		= { storm_context_run_thread, RS_STEP_IDLE_MAX_NS },
	[WORKER_REALTIME]	= { storm_context_run_thread, RS_STEP_IDLE_MAX_NS },
	[WORKER_SOFTIRQ]	= { storm_context_run_interrupts, IDLE_SOFTIRQ_NS },
	[WORKER_HARDIRQ]	= { storm_context_run_interrupts, IDLE_HARDIRQ_NS },
};

/**
 * storm_context_assign - set a worker's context, CPU and duty
 * @worker: the worker, whose index is set
 *
 * If there are enough workers, each CPU gets a worker of each context.
 *
 * Context: process.
 */
void storm_context_assign(struct storm_worker *worker)
{
	const struct storm_setup *setup = &worker->storm->setup;
	unsigned int cpus = storm_places();
	unsigned int nth = worker->index % cpus, round = worker->index / cpus;
	unsigned int on_one_cpu = DIV_ROUND_UP(setup->workers, cpus);

	worker->cpu = storm_cpu_nth(nth);
	worker->context = storm_setup_pick(setup->contexts, nth + round);
	worker->idle_max_ns = contexts[worker->context].idle_max_ns;
	worker->duty = setup->duty;
	if (worker->context == WORKER_REALTIME)
		worker->duty = clamp_t(u64, REALTIME_DUTY / on_one_cpu, 1, setup->duty);
	worker->interval_ns = div_u64(INTERVAL_NS * 100ULL, setup->duty) * on_one_cpu;
}

/* Thread function of a worker; kthread_stop() ends it. */
int storm_worker_thread(void *arg)
{
	struct storm_worker *worker = arg;

	contexts[worker->context].run(worker);
	storm_worker_drain(worker, true);
	thread_wait_stop();
	return 0;
}

static enum hrtimer_restart storm_context_call_expired(struct hrtimer *timer)
{
	struct storm_call *call = container_of(timer, struct storm_call, timer);

	call->run(call->arg);
	complete(&call->done);
	return HRTIMER_NORESTART;
}

static void storm_context_call_from_timer(struct storm_call *call, enum hrtimer_mode mode)
{
	reinit_completion(&call->done);
	rs_hrtimer_setup(&call->timer, storm_context_call_expired, CLOCK_MONOTONIC, mode);
	hrtimer_start(&call->timer, 0, mode);
	wait_for_completion(&call->done);
	/* storm_context_call_expired() may not have returned yet. */
	hrtimer_cancel(&call->timer);
}

static void storm_context_call_in_task(struct storm_call *call)
{
	migrate_disable();
	call->run(call->arg);
	migrate_enable();
}

static void storm_context_call_with_irqs_off(struct storm_call *call)
{
	unsigned long flags;

	local_irq_save(flags);
	call->run(call->arg);
	local_irq_restore(flags);
}

static void storm_context_call_in_softirq(struct storm_call *call)
{
	storm_context_call_from_timer(call, HRTIMER_MODE_REL_PINNED_SOFT);
}

static void storm_context_call_in_hardirq(struct storm_call *call)
{
	storm_context_call_from_timer(call, HRTIMER_MODE_REL_PINNED_HARD);
}

/**
 * storm_call_init - initialise a call of a function
 * @call: the call, which storm_call() may use again and again, but not twice at once
 * @run: the function
 * @arg: its argument
 */
void storm_call_init(struct storm_call *call, void (*run)(void *arg), void *arg)
{
	call->run = run;
	call->arg = arg;
	init_completion(&call->done);
}

/**
 * storm_call - call a function in a given context, and wait until it has returned
 * @call: initialised by storm_call_init()
 * @context: the context; the function is not migrated to another CPU
 *
 * Context: process.
 */
void storm_call(struct storm_call *call, enum rs_kill_context context)
{
	static void (* const calls[RS_KILL_CONTEXT_NR])(struct storm_call *call) = {
		[RS_KILL_TASK]		= storm_context_call_in_task,
		[RS_KILL_IRQS_OFF]	= storm_context_call_with_irqs_off,
		[RS_KILL_SOFTIRQ]	= storm_context_call_in_softirq,
		[RS_KILL_HARDIRQ]	= storm_context_call_in_hardirq,
	};

	calls[context](call);
}
