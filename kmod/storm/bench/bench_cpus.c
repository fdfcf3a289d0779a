// SPDX-License-Identifier: GPL-2.0
/*
 * Operations a second, by several CPUs on one counter.
 *
 * Each CPU has a thread, which does turns until it is told to stop, counts them
 * and the time they take. All begin together. What leaves a reference more, or
 * takes one away, is done in turns with its opposite, whose time is not counted.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "bench_internal.h"
#include "refstorm_module.h"

#define TURNS 1000

struct bench_worker {
	struct bench_counter		*bench;
	const struct rs_bench_op	*op;
	const struct rs_bench_op	*opposite;	/* if @op leaves another count */
	const bool			*go;
	u64				turns;
	u64				ns;
};

static int worker_thread(void *arg)
{
	struct bench_worker *worker = arg;
	struct rs_counter *counter = &worker->bench->counter;
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

static struct task_struct *thread_start(int (*function)(void *arg), void *arg,
					unsigned int cpu)
{
	struct rs_alloc_site *site = &refstorm_sites[SITE_BENCH_THREAD];
	struct task_struct *task = ERR_PTR(-ENOMEM);

	if (!rs_alloc_should_fail(site))
		task = kthread_create_on_node(function, arg, cpu_to_node(cpu),
					      "rs_bench/%u", cpu);
	rs_alloc_result(site, !IS_ERR(task));
	if (IS_ERR(task))
		return NULL;
	kthread_bind(task, cpu);
	wake_up_process(task);
	return task;
}

/**
 * bench_threads_start - start threads, each on a CPU of its own
 * @threads: where to write them, from @started on
 * @started: how many there are, in all
 * @skip: how many CPUs go without, of those that are online the first
 * @nr: how many to start, on those that follow
 * @function: of the threads
 * @args: what the first is given
 * @stride: bytes to what the next is given; 0 if all get the same
 *
 * Context: process.
 * Return: 0, -ENOMEM, or -EAGAIN if there are fewer CPUs now; some threads may have
 * been started then, too.
 */
int bench_threads_start(struct task_struct **threads, unsigned int *started,
			unsigned int skip, unsigned int nr, int (*function)(void *arg),
			void *args, size_t stride)
{
	unsigned int cpu, i = 0;

	for_each_online_cpu(cpu) {
		if (skip) {
			skip--;
			continue;
		}
		if (i == nr)
			break;
		threads[*started] = thread_start(function, args + i * stride, cpu);
		if (!threads[*started])
			return -ENOMEM;
		(*started)++;
		i++;
	}
	return i == nr ? 0 : -EAGAIN;
}

/* Wait for the end of threads that end when they are told to. */
void bench_threads_stop(struct task_struct **threads, unsigned int started)
{
	while (started--) {
		kthread_stop(threads[started]);
		rs_alloc_returned(&refstorm_sites[SITE_BENCH_THREAD]);
	}
}

/* What all do in a second, from when they had done @before. */
static u64 rate_of(const struct bench_worker *workers, const struct bench_worker *before,
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

/* What brings the count back where an operation finds it. */
static const struct rs_bench_op *opposite_of(const struct rs_provider *provider,
					     const struct rs_bench_op *op)
{
	const struct rs_bench_op *each = provider->bench;

	while (each->name && (!op->delta || each->delta != -op->delta))
		each++;
	return each;
}

/* @before has room for as many workers as there are. */
static int run(struct bench_worker *workers, struct bench_worker *before,
	       struct task_struct **threads, struct bench_counter *bench,
	       const struct rs_bench_op *op, unsigned int cpus, unsigned int ms)
{
	const struct rs_bench_op *opposite = opposite_of(bench->counter.provider, op);
	unsigned int started = 0, i;
	bool go = false;
	u64 rate;
	int ret;

	for (i = 0; i < cpus; i++)
		workers[i] = (struct bench_worker) {
			.bench = bench, .op = op, .opposite = opposite, .go = &go,
		};
	ret = bench_threads_start(threads, &started, 0, cpus, worker_thread, workers,
				  sizeof(*workers));
	if (!ret) {
		WRITE_ONCE(go, true);
		msleep(ms / 10 + 1);	/* all run, and the counter is warm */
		memcpy(before, workers, cpus * sizeof(*workers));
		if (msleep_interruptible(ms))
			ret = -EINTR;
		rate = rate_of(workers, before, cpus);
	}
	bench_threads_stop(threads, started);
	if (!ret)
		bench_result(bench->counter.provider, op->name, cpus, "ops_per_second",
			     rate * 1000);
	return ret;
}

/**
 * bench_cpus - measure how often several CPUs do an operation
 * @bench: a counter
 * @op: the operation
 * @cpus: how many, of those that are online the first
 * @ms: for how long
 *
 * Context: process.
 * Return: 0 and one more result line, -ENOMEM, -EINTR, or -EAGAIN if a CPU went
 * offline.
 */
int bench_cpus(struct bench_counter *bench, const struct rs_bench_op *op,
	       unsigned int cpus, unsigned int ms)
{
	struct rs_alloc_site *site = &refstorm_sites[SITE_BENCH];
	struct task_struct **threads;
	struct bench_worker *workers;
	int ret = -ENOMEM;

	threads = rs_zalloc(site, cpus * sizeof(*threads), GFP_KERNEL);
	workers = rs_zalloc(site, 2 * cpus * sizeof(*workers), GFP_KERNEL);
	if (threads && workers)
		ret = run(workers, workers + cpus, threads, bench, op, cpus, ms);
	rs_free(site, workers);
	rs_free(site, threads);
	return ret;
}
