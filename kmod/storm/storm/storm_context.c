// SPDX-License-Identifier: GPL-2.0
/*
 * Where workers run and where kills happen.
 *
 * A worker is a thread, or lives in the interrupts of a high resolution timer:
 * soft ones expire in softirq, hard ones in hardirq, on PREEMPT_RT too. Each
 * interrupt runs a few steps, in the middle of whatever was being done on that
 * CPU, which is often another worker's get or put on the same object.
 *
 * The worker's thread is there in any case. It starts the timer on the right
 * CPU, brings it back when that CPU was offline, and puts in the end what is
 * left.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/smp.h>

#include <refstorm/compat.h>

#include "storm_internal.h"
#include "control/thread.h"

#define BATCH			64	/* steps of a thread between two looks around */
#define SHOT			8	/* steps in one interrupt */
#define INTERVAL_NS		50000	/* from one interrupt to the next */
#define IDLE_SOFTIRQ_NS		5000
#define IDLE_HARDIRQ_NS		1000
#define REPIN_JIFFIES		(HZ / 10)
#define REALTIME_DUTY		50	/* of all on a CPU: throttling begins at 95 */
#define DUTY_PERIOD_NS		(10 * NSEC_PER_MSEC)
#define REST_US_MAX		100000ULL	/* killers and stop wait for who rests */

/*
 * Where workers may be: the CPUs that are online, without those that the kernel's command
 * line took away from the scheduler. These belong to somebody else.
 */
static int next_place(int cpu)
{
	const struct cpumask *places = housekeeping_cpumask(HK_TYPE_DOMAIN);

	cpu = cpumask_next_and(cpu, cpu_online_mask, places);
	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first_and(cpu_online_mask, places);
	/* All that are left are isolated. */
	return cpu < nr_cpu_ids ? cpu : cpumask_first(cpu_online_mask);
}

/* How many there are. */
unsigned int storm_places(void)
{
	int first = next_place(-1), cpu = first;
	unsigned int nr = 0;

	/* One may go meanwhile, the first of them, too. */
	do {
		nr++;
		cpu = next_place(cpu);
	} while (cpu > first && nr < nr_cpu_ids);
	return nr;
}

static int nth_place(unsigned int n)
{
	int cpu = next_place(-1);

	while (n--)
		cpu = next_place(cpu);
	return cpu;
}

static bool worker_is_bound(const struct storm_worker *worker)
{
	return worker->context != WORKER_ROAMING;
}

/* On its way again, or back to its CPU, which may have been offline. */
static void find_place(struct storm_worker *worker)
{
	int cpu;

	if (worker_is_bound(worker)) {
		thread_return(worker->cpu);
		return;
	}
	if (rs_sequence_below(&worker->chance, 16))
		return;
	cpu = next_place(raw_smp_processor_id());
	/* It may go offline now: then we stay where we are. */
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

static bool worker_goes_on(struct storm_worker *worker)
{
	return !READ_ONCE(worker->storm->ending) && !READ_ONCE(worker->storm->abandon);
}

/* Between two gusts nobody holds anything. */
static bool is_calm(const struct storm *storm)
{
	u64 gust_ns = storm->setup.gust_ms * NSEC_PER_MSEC;

	return gust_ns && div64_u64(ktime_get_ns() - storm->start_ns, gust_ns) & 1;
}

static void sit_out_the_calm(struct storm_worker *worker)
{
	if (!is_calm(worker->storm))
		return;
	storm_worker_drain(worker, true);
	while (worker_goes_on(worker) && is_calm(worker->storm))
		usleep_range(1000, 2000);
}

/**
 * storm_worker_pause - let others run between two batches
 * @worker: the worker
 * @busy_since: when its present period began, in ns
 *
 * Sleeps for the part of a period that the worker's duty leaves. A worker that never
 * sleeps does not keep Tasks RCU waiting: kprobes wait for it under a lock.
 *
 * Context: the worker's thread.
 */
void storm_worker_pause(struct storm_worker *worker, u64 *busy_since)
{
	u64 duty = worker->duty;
	u64 busy = ktime_get_ns() - *busy_since;

	if (duty < 100 && busy * 100 >= duty * DUTY_PERIOD_NS) {
		/* Busy is also who had to wait for a CPU: rest no longer than makes sense. */
		u64 rest_us = min(div_u64(busy * (100 - duty), duty * NSEC_PER_USEC),
				  REST_US_MAX);

		usleep_range(rest_us, rest_us + rest_us / 8 + 1);
		*busy_since = ktime_get_ns();
	}
	if (worker->storm->setup.gust_ms)
		sit_out_the_calm(worker);
	cond_resched_tasks_rcu_qs();
	find_place(worker);
}

static void run_in_thread(struct storm_worker *worker)
{
	u64 busy_since = ktime_get_ns();

	/* Killers and the machine's own work come first, but where they shall not. */
	if (worker->context == WORKER_REALTIME)
		sched_set_fifo_low(current);
	else
		set_user_nice(current, worker->context == WORKER_NICE ? MAX_NICE : 10);

	while (worker_goes_on(worker)) {
		storm_worker_run(worker, BATCH);
		storm_worker_drain(worker, false);
		storm_worker_pause(worker, &busy_since);
	}
}

static enum hrtimer_restart worker_interrupt(struct hrtimer *timer)
{
	struct storm_worker *worker = container_of(timer, struct storm_worker, timer);
	u64 interval = worker->interval_ns;

	if (!worker_goes_on(worker))
		return HRTIMER_NORESTART;
	if (!is_calm(worker->storm))
		storm_worker_run(worker, SHOT);
	storm_worker_drain(worker, is_calm(worker->storm));
	interval += rs_sequence_below(&worker->chance, interval);
	/* From now, so that a machine that is too slow gets something else done. */
	hrtimer_set_expires(timer, ktime_add_ns(ktime_get(), interval));
	return HRTIMER_RESTART;
}

static void run_in_interrupts(struct storm_worker *worker)
{
	bool hard = worker->context == WORKER_HARDIRQ;

	rs_hrtimer_setup(&worker->timer, worker_interrupt, CLOCK_MONOTONIC,
			 hard ? HRTIMER_MODE_REL_PINNED_HARD : HRTIMER_MODE_REL_PINNED_SOFT);
	hrtimer_start(&worker->timer, ns_to_ktime(worker->interval_ns),
		      hard ? HRTIMER_MODE_REL_PINNED_HARD : HRTIMER_MODE_REL_PINNED_SOFT);
	while (!kthread_should_stop()) {
		bool was_away = raw_smp_processor_id() != worker->cpu;

		find_place(worker);
		/* The timer went elsewhere with its CPU, too. */
		if (was_away && raw_smp_processor_id() == worker->cpu && worker_goes_on(worker)) {
			hrtimer_cancel(&worker->timer);
			hrtimer_start(&worker->timer, ns_to_ktime(worker->interval_ns),
				      hard ? HRTIMER_MODE_REL_PINNED_HARD :
					     HRTIMER_MODE_REL_PINNED_SOFT);
		}
		schedule_timeout_interruptible(REPIN_JIFFIES);
	}
	hrtimer_cancel(&worker->timer);
}

static const struct {
	void	(*run)(struct storm_worker *worker);
	u32	idle_max_ns;
} contexts[WORKER_NR] = {
	[WORKER_PINNED]	= { run_in_thread, RS_STEP_IDLE_MAX_NS },
	[WORKER_ROAMING]	= { run_in_thread, RS_STEP_IDLE_MAX_NS },
	[WORKER_NICE]		= { run_in_thread, RS_STEP_IDLE_MAX_NS },
	[WORKER_REALTIME]	= { run_in_thread, RS_STEP_IDLE_MAX_NS },
	[WORKER_SOFTIRQ]	= { run_in_interrupts, IDLE_SOFTIRQ_NS },
	[WORKER_HARDIRQ]	= { run_in_interrupts, IDLE_HARDIRQ_NS },
};

/**
 * storm_context_assign - give a worker its context and its CPU
 * @worker: the worker, whose index is set
 *
 * Contexts and CPUs go round so that each CPU gets each context, if there are
 * workers enough.
 *
 * Context: process.
 */
void storm_context_assign(struct storm_worker *worker)
{
	const struct storm_setup *setup = &worker->storm->setup;
	unsigned int cpus = storm_places();
	unsigned int nth = worker->index % cpus, round = worker->index / cpus;
	unsigned int on_one_cpu = DIV_ROUND_UP(setup->workers, cpus);

	worker->cpu = nth_place(nth);
	worker->context = storm_setup_pick(setup->contexts, nth + round);
	worker->idle_max_ns = contexts[worker->context].idle_max_ns;
	worker->duty = setup->duty;
	if (worker->context == WORKER_REALTIME)
		worker->duty = clamp_t(u64, REALTIME_DUTY / on_one_cpu, 1, setup->duty);
	worker->interval_ns = div_u64(INTERVAL_NS * 100ULL, setup->duty) * on_one_cpu;
}

/* Thread function of a worker, which kthread_stop() ends. */
int storm_worker_thread(void *arg)
{
	struct storm_worker *worker = arg;

	contexts[worker->context].run(worker);
	storm_worker_drain(worker, true);
	thread_wait_stop();
	return 0;
}

static enum hrtimer_restart call_expired(struct hrtimer *timer)
{
	struct storm_call *call = container_of(timer, struct storm_call, timer);

	call->run(call->arg);
	complete(&call->done);
	return HRTIMER_NORESTART;
}

static void call_from_timer(struct storm_call *call, enum hrtimer_mode mode)
{
	reinit_completion(&call->done);
	rs_hrtimer_setup(&call->timer, call_expired, CLOCK_MONOTONIC, mode);
	hrtimer_start(&call->timer, 0, mode);
	wait_for_completion(&call->done);
	/* It has still to return from its function. */
	hrtimer_cancel(&call->timer);
}

static void call_in_task(struct storm_call *call)
{
	migrate_disable();
	call->run(call->arg);
	migrate_enable();
}

static void call_with_irqs_off(struct storm_call *call)
{
	unsigned long flags;

	local_irq_save(flags);
	call->run(call->arg);
	local_irq_restore(flags);
}

static void call_in_softirq(struct storm_call *call)
{
	call_from_timer(call, HRTIMER_MODE_REL_PINNED_SOFT);
}

static void call_in_hardirq(struct storm_call *call)
{
	call_from_timer(call, HRTIMER_MODE_REL_PINNED_HARD);
}

/**
 * storm_call_init - prepare calls of a function
 * @call: to be used for one after the other
 * @run: the function
 * @arg: for it
 */
void storm_call_init(struct storm_call *call, void (*run)(void *arg), void *arg)
{
	call->run = run;
	call->arg = arg;
	init_completion(&call->done);
}

/**
 * storm_call - call a function in some context, and wait until it has returned
 * @call: prepared by storm_call_init()
 * @context: where; the function stays on one CPU
 *
 * Context: process.
 */
void storm_call(struct storm_call *call, enum rs_kill_context context)
{
	static void (* const calls[RS_KILL_CONTEXT_NR])(struct storm_call *call) = {
		[RS_KILL_TASK]		= call_in_task,
		[RS_KILL_IRQS_OFF]	= call_with_irqs_off,
		[RS_KILL_SOFTIRQ]	= call_in_softirq,
		[RS_KILL_HARDIRQ]	= call_in_hardirq,
	};

	calls[context](call);
}
