// SPDX-License-Identifier: GPL-2.0
/*
 * Operations per second of several CPUs on one counter.
 *
 * A thread on each CPU runs the loop of the operation until the thread is stopped, and counts
 * turns and time. All threads begin together. An operation that changes the count alternates
 * with its opposite, whose time is not counted.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "bench_internal.h"
#include "control/thread.h"
#include "refstorm_module.h"

#define TURNS 1000

/**
 * struct bench_worker - a thread that runs an operation
 * @counter: the counter
 * @op: the operation
 * @opposite: restores the count after @op, if @op changes it
 * @go: the threads may begin
 * @turns: turns of @op so far
 * @ns: time that @turns took
 */
struct bench_worker {
	struct rs_counter		*counter;
	const struct rs_bench_op	*op;
	const struct rs_bench_op	*opposite;
	const bool			*go;
	u64				turns;
	u64				ns;
};

static int bench_cpus_thread(void *arg)
{
	struct bench_worker *worker = arg;
	struct rs_counter *counter = worker->counter;
	int delta = worker->op->delta;
	u64 start;

	while (!kthread_should_stop()) {
		if (!READ_ONCE(*worker->go)) {
			usleep_range(50, 100);
			continue;
		}
		if (delta < 0)
			worker->opposite->loop(counter, TURNS);
		start = ktime_get_ns();
		worker->op->loop(counter, TURNS);
		WRITE_ONCE(worker->ns, worker->ns + ktime_get_ns() - start);
		WRITE_ONCE(worker->turns, worker->turns + TURNS);
		if (delta > 0)
			worker->opposite->loop(counter, TURNS);
		cond_resched_tasks_rcu_qs();
	}
	return 0;
}

/**
 * bench_threads_start - start threads, each on a CPU of its own
 * @threads: array of threads; new ones are stored from index @started on
 * @started: number of threads in @threads
 * @skip: number of online CPUs, the first ones, that get no thread
 * @nr: number of threads to start, on the CPUs that follow
 * @function: function of the threads
 * @args: argument of the first thread
 * @stride: distance in bytes to the argument of the next thread; 0 if all get the same
 *
 * Context: process.
 * Return: 0, -ENOMEM, or -EAGAIN if too few CPUs are online now; threads that were started
 * before a failure are in @threads.
 */
int bench_threads_start(struct task_struct **threads, unsigned int *started,
			unsigned int skip, unsigned int nr, int (*function)(void *arg),
			void *args, size_t stride)
{
	unsigned int cpu, i = 0;

	for_each_online_cpu(cpu) {
		struct task_struct *task;

		if (skip) {
			skip--;
			continue;
		}
		if (i == nr)
			break;
		task = thread_create(&refstorm_sites[SITE_BENCH_THREAD], function,
				     args + i * stride, cpu, "bench", bench_run(), cpu);
		if (!task)
			return -ENOMEM;
		threads[(*started)++] = task;
		wake_up_process(task);
		i++;
	}
	return i == nr ? 0 : -EAGAIN;
}

/* Stop threads and wait for their end. */
void bench_threads_stop(struct task_struct **threads, unsigned int started)
{
	while (started--)
		thread_stop(&refstorm_sites[SITE_BENCH_THREAD], threads[started]);
}

/* Turns per second of all @workers since they were copied to @before */
static u64 bench_cpus_rate(const struct bench_worker *workers, const struct bench_worker *before,
			   unsigned int cpus)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < cpus; i++) {
		u64 turns = READ_ONCE(workers[i].turns) - before[i].turns;
		u64 ns = READ_ONCE(workers[i].ns) - before[i].ns;

		if (turns)
			sum += mul_u64_u64_div_u64(turns, NSEC_PER_SEC, ns);
	}
	return sum;
}

/* The operation that restores the count after @op */
static const struct rs_bench_op *bench_cpus_opposite(const struct rs_provider *provider,
						     const struct rs_bench_op *op)
{
	const struct rs_bench_op *each = provider->bench;

	while (each->name && (!op->delta || each->delta != -op->delta))
		each++;
	return each;
}

/* @before is a second array of @cpus elements. */
static int bench_cpus_run(struct bench_worker *workers, struct bench_worker *before,
			  struct task_struct **threads, struct rs_counter *counter,
			  const struct rs_bench_op *op, unsigned int cpus, unsigned int ms)
{
	const struct rs_bench_op *opposite = bench_cpus_opposite(counter->provider, op);
	unsigned int started = 0, i;
	bool go = false;
	u64 rate;
	int ret;

	for (i = 0; i < cpus; i++)
		workers[i] = (struct bench_worker) {
			.counter = counter, .op = op, .opposite = opposite, .go = &go,
		};
	ret = bench_threads_start(threads, &started, 0, cpus, bench_cpus_thread, workers,
				  sizeof(*workers));
	if (!ret) {
		WRITE_ONCE(go, true);
		msleep(ms / 10 + 1);	/* every thread runs by then, and the counter is warm */
		memcpy(before, workers, cpus * sizeof(*workers));
		if (msleep_interruptible(ms))
			ret = -EINTR;
		rate = bench_cpus_rate(workers, before, cpus);
	}
	bench_threads_stop(threads, started);
	if (!ret)
		bench_result(counter->provider, op->name, cpus, "ops_per_second", rate * 1000);
	return ret;
}

/**
 * bench_cpus - measure operations per second of several CPUs
 * @counter: the counter
 * @op: the operation
 * @cpus: number of CPUs; the first online ones run the operation
 * @ms: duration
 *
 * Context: process.
 * Return: 0 and one more result line, -ENOMEM, -EINTR, or -EAGAIN if a CPU went offline.
 */
int bench_cpus(struct rs_counter *counter, const struct rs_bench_op *op,
	       unsigned int cpus, unsigned int ms)
{
	struct rs_alloc_site *site = &refstorm_sites[SITE_BENCH];
	struct task_struct **threads;
	struct bench_worker *workers;
	int ret = -ENOMEM;

	threads = rs_zalloc(site, cpus * sizeof(*threads), GFP_KERNEL);
	workers = rs_zalloc(site, 2 * cpus * sizeof(*workers), GFP_KERNEL);
	if (threads && workers)
		ret = bench_cpus_run(workers, workers + cpus, threads, counter, op, cpus, ms);
	rs_free(site, workers);
	rs_free(site, threads);
	return ret;
}
