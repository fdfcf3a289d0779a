// SPDX-License-Identifier: GPL-2.0
/*
 * Operations a second, by several CPUs on one counter.
 *
 * Each CPU has a thread, which does turns until it is told to stop and counts
 * them. All begin together.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>

#include "bench_internal.h"
#include "refstorm_module.h"

#define TURNS 1000

struct bench_worker {
	struct bench_counter		*bench;
	const struct rs_bench_op	*op;
	const bool			*go;
	u64				turns;
};

static int worker_thread(void *arg)
{
	struct bench_worker *worker = arg;

	while (!kthread_should_stop()) {
		if (!READ_ONCE(*worker->go)) {
			usleep_range(50, 100);
			continue;
		}
		worker->op->loop(&worker->bench->counter, TURNS);
		WRITE_ONCE(worker->turns, worker->turns + TURNS);
		cond_resched();
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
 * bench_threads_start - start a thread on each of the first CPUs
 * @threads: where to write them, from @started on
 * @started: how many there are, in all
 * @nr: how many to start
 * @function: of the threads
 * @args: what the first is given
 * @stride: bytes to what the next is given; 0 if all get the same
 *
 * Context: process.
 * Return: 0, -ENOMEM, or -EAGAIN if there are fewer CPUs now; some threads may have
 * been started then, too.
 */
int bench_threads_start(struct task_struct **threads, unsigned int *started,
			unsigned int nr, int (*function)(void *arg), void *args,
			size_t stride)
{
	unsigned int cpu, i = 0;

	for_each_online_cpu(cpu) {
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

static u64 turns_of(const struct bench_worker *workers, unsigned int cpus)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < cpus; i++)
		sum += READ_ONCE(workers[i].turns);
	return sum;
}

static int run(struct bench_worker *workers, struct task_struct **threads,
	       struct bench_counter *bench, const struct rs_bench_op *op,
	       unsigned int cpus, unsigned int ms)
{
	unsigned int started = 0, i;
	bool go = false;
	u64 ns, turns;
	int ret;

	for (i = 0; i < cpus; i++)
		workers[i] = (struct bench_worker) { .bench = bench, .op = op, .go = &go };
	ret = bench_threads_start(threads, &started, cpus, worker_thread, workers,
				  sizeof(*workers));
	if (!ret) {
		WRITE_ONCE(go, true);
		msleep(ms / 10 + 1);	/* all run, and the counter is warm */
		turns = turns_of(workers, cpus);
		ns = ktime_get_ns();
		if (msleep_interruptible(ms))
			ret = -EINTR;
		turns = turns_of(workers, cpus) - turns;
		ns = ktime_get_ns() - ns;
	}
	bench_threads_stop(threads, started);
	if (!ret)
		bench_result(bench->counter.provider, op->name, cpus, "ops_per_second",
			     mul_u64_u64_div_u64(turns, NSEC_PER_SEC, ns) * 1000);
	return ret;
}

/**
 * bench_cpus - measure how often several CPUs do an operation
 * @bench: a counter
 * @op: an operation that leaves the count as it is
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
	workers = rs_zalloc(site, cpus * sizeof(*workers), GFP_KERNEL);
	if (threads && workers)
		ret = run(workers, threads, bench, op, cpus, ms);
	rs_free(site, workers);
	rs_free(site, threads);
	return ret;
}
