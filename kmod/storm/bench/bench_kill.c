// SPDX-License-Identifier: GPL-2.0
/*
 * The duration of kills: from the call of kill to the confirmation, and to release().
 *
 * A run kills batches of counters. One CPU kills the counters of a batch one after the other,
 * or all CPUs kill at once; the other CPUs, or all, are idle or get and put. Each counter is a
 * sample.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sort.h>

#include <refstorm/compat.h>

#include "bench_internal.h"
#include "control/thread.h"
#include "refstorm_module.h"

/* A batch of so many counters waits until the memory of the last batch is freed. */
#define SETTLE_REFS	1000
/* Wait so long for CPUs to rest. */
#define REST_JIFFIES	HZ

/**
 * struct kill_object - a counter that is killed
 * @counter: the counter
 * @batch: the batch of the counter
 * @killed_ns: time of the call of kill
 * @confirmed_ns: time of the confirmation
 * @released_ns: time of release()
 */
struct kill_object {
	struct rs_counter	counter;
	struct kill_batch	*batch;
	u64			killed_ns;
	u64			confirmed_ns;
	u64			released_ns;
};

/**
 * struct kill_batch - counters that are killed together
 * @objects: the counters
 * @nr: number of @objects
 * @next: index of the next object to be killed
 * @left: objects that are not released yet
 * @released: @left is 0
 * @go: killers may begin
 * @busy: load threads go on when every counter refuses
 * @using: load threads that have yet to use every counter once, after which they rest
 * @used: @using is 0
 * @rests: the killer waits until the other CPUs rest
 */
struct kill_batch {
	struct kill_object	*objects;
	unsigned int		nr;
	atomic_t		next;
	atomic_t		left;
	struct completion	released;
	bool			go;
	bool			busy;
	atomic_t		using;
	struct completion	used;
	bool			rests;
};

const char * const bench_kill_from[] = { "one", "all", NULL };
/* Of enum bench_kill_load */
const char * const bench_kill_loads[] = { "none", "users", "busy", "used", NULL };

static void bench_kill_confirmed(struct rs_counter *counter)
{
	container_of(counter, struct kill_object, counter)->confirmed_ns = ktime_get_ns();
}

static void bench_kill_released(struct rs_counter *counter)
{
	struct kill_object *object = container_of(counter, struct kill_object, counter);

	object->released_ns = ktime_get_ns();
	if (atomic_dec_and_test(&object->batch->left))
		complete(&object->batch->released);
}

static void bench_kill_all(struct kill_batch *batch)
{
	unsigned int i;

	while ((i = atomic_inc_return(&batch->next) - 1) < batch->nr) {
		struct kill_object *object = &batch->objects[i];

		object->killed_ns = ktime_get_ns();
		object->counter.provider->kill(&object->counter, true);
		cond_resched_tasks_rcu_qs();
	}
}

/* Wait until RCU watches no other CPU. A CPU that has other work is not waited for any longer. */
static void bench_kill_wait_for_rest(void)
{
	unsigned long deadline = jiffies + REST_JIFFIES;
	unsigned int cpu;

	for_each_online_cpu(cpu)
		while (cpu != raw_smp_processor_id() && rs_rcu_state(cpu) & RS_RCU_WATCHED &&
		       time_before(jiffies, deadline))
			schedule_timeout_idle(1);
}

static int bench_kill_killer(void *arg)
{
	struct kill_batch *batch = arg;

	while (!READ_ONCE(batch->go) && !kthread_should_stop())
		cond_resched_tasks_rcu_qs();
	if (batch->rests)
		bench_kill_wait_for_rest();
	if (READ_ONCE(batch->go))
		bench_kill_all(batch);
	thread_wait_stop();
	return 0;
}

/*
 * Get and put every counter that is alive. Without @busy the thread stops when every counter
 * has refused, for a killed counter stays killed. With @busy the thread goes on, and keeps
 * its CPU from all tasks that wait for that CPU.
 */
static int bench_kill_load(void *arg)
{
	struct kill_batch *batch = arg;
	unsigned int i = 0, refused = 0;

	while (!kthread_should_stop() && (batch->busy || refused < batch->nr)) {
		struct rs_counter *counter = &batch->objects[i++ % batch->nr].counter;

		refused++;
		if (counter->provider->tryget_live(counter)) {
			counter->provider->put(counter, 1);
			refused = 0;
		}
		if (!(i % 256))
			cond_resched_tasks_rcu_qs();
	}
	thread_wait_stop();
	return 0;
}

static int bench_kill_use(void *arg)
{
	struct kill_batch *batch = arg;
	unsigned int i;

	for (i = 0; i < batch->nr; i++) {
		struct rs_counter *counter = &batch->objects[i].counter;

		/* The first opens the slot, the second counts there. */
		if (counter->provider->tryget_live(counter))
			counter->provider->put(counter, 1);
	}
	if (atomic_dec_and_test(&batch->using))
		complete(&batch->used);
	thread_wait_stop();
	return 0;
}

static int bench_kill_start(struct kill_batch *batch, const struct bench_kill *setup,
			    struct task_struct **threads)
{
	unsigned int cpus = num_online_cpus(), killers = setup->from ? cpus : 1;
	/* A single killer shares its CPU with no load if there is another CPU. */
	unsigned int skip = !setup->from && cpus > 1;
	unsigned int loads = setup->load == BENCH_KILL_ALONE ? 0 : cpus - skip, started = 0;
	bool used = setup->load == BENCH_KILL_USED && loads;
	int ret;

	atomic_set(&batch->using, loads);
	init_completion(&batch->used);
	ret = bench_threads_start(threads, &started, skip, loads,
				  used ? bench_kill_use : bench_kill_load, batch, 0);
	batch->rests = used && !setup->from;
	if (!ret && used)
		wait_for_completion(&batch->used);
	if (!ret)
		ret = bench_threads_start(threads, &started, 0, killers, bench_kill_killer,
					  batch, 0);
	if (!ret)
		WRITE_ONCE(batch->go, true);
	else	/* A thread could not be started. */
		bench_kill_all(batch);
	wait_for_completion(&batch->released);
	bench_threads_stop(threads, started);
	return ret;
}

static u64 bench_kill_quantile(const u64 *sorted, size_t nr, unsigned int per_mille)
{
	return sorted[min(nr * per_mille / 1000, nr - 1)];
}

/* The lines of one distribution: the quantiles, then the samples between powers of two. */
static void bench_kill_show(const struct bench_kill *setup, const char *what, u64 *ns, size_t nr,
			    u64 total_ns, const struct rs_counter_rounds *cost)
{
	size_t i, begin;

	sort(ns, nr, sizeof(*ns), bench_compare, NULL);
	bench_line("kill=%s provider=%s refs=%llu load=%s from=%s cpus=%u samples=%zu ",
		   what, setup->provider->name, setup->refs, bench_kill_loads[setup->load],
		   bench_kill_from[setup->from], num_online_cpus(), nr);
	bench_line("min_ns=%llu median_ns=%llu p90_ns=%llu p99_ns=%llu max_ns=%llu total_ns=%llu",
		   ns[0], bench_kill_quantile(ns, nr, 500), bench_kill_quantile(ns, nr, 900),
		   bench_kill_quantile(ns, nr, 990), ns[nr - 1], total_ns);
	bench_line(" rounds=%llu interrupts=%llu\n", cost->rounds, cost->interrupts);
	for (begin = 0; begin < nr; begin = i) {
		unsigned int power = ilog2(ns[begin] | 1);

		for (i = begin; i < nr && ilog2(ns[i] | 1) == power; i++)
			;
		bench_line("bucket=%llu kill=%s provider=%s refs=%llu load=%s from=%s count=%zu\n",
			   1ULL << power, what, setup->provider->name, setup->refs,
			   bench_kill_loads[setup->load], bench_kill_from[setup->from], i - begin);
	}
}

/* Initialise the counters of a batch. Return: the number of initialised counters. */
static unsigned int bench_kill_init(struct kill_batch *batch, const struct bench_kill *setup)
{
	unsigned int i;

	for (i = 0; i < setup->refs; i++) {
		struct kill_object *object = &batch->objects[i];

		*object = (struct kill_object) {
			.counter = {
				.provider	= setup->provider,
				.release	= bench_kill_released,
				.confirm	= bench_kill_confirmed,
			},
			.batch = batch,
		};
		if (setup->provider->init(&object->counter, 1, 0))
			break;
	}
	return i;
}

/*
 * Run one batch. The times until confirmation go to @ns, those until release to @ns + @stride.
 * The time from the first kill to the last release is added to @total_ns.
 */
static int bench_kill_run(struct kill_batch *batch, const struct bench_kill *setup,
			  struct task_struct **threads, u64 *ns, size_t stride, u64 *total_ns)
{
	u64 first = U64_MAX, last = 0;
	unsigned int i;
	int ret = 0;

	batch->nr = bench_kill_init(batch, setup);
	if (batch->nr < setup->refs)
		ret = -ENOMEM;
	atomic_set(&batch->next, 0);
	atomic_set(&batch->left, batch->nr);
	init_completion(&batch->released);
	batch->go = false;
	batch->busy = setup->load == BENCH_KILL_BUSY;
	if (!ret) {
		ret = bench_kill_start(batch, setup, threads);
	} else if (batch->nr) {
		bench_kill_all(batch);
		wait_for_completion(&batch->released);
	}
	/* bench_kill_released() may still be running for the last counter. */
	synchronize_rcu();
	for (i = 0; i < batch->nr; i++) {
		struct kill_object *object = &batch->objects[i];

		object->counter.provider->exit(&object->counter);
		ns[i] = object->confirmed_ns - object->killed_ns;
		ns[stride + i] = object->released_ns - object->killed_ns;
		first = min(first, object->killed_ns);
		last = max(last, object->released_ns);
	}
	*total_ns += last - first;
	return ret;
}

/**
 * bench_kill - measure the duration of kills
 * @setup: which kills
 *
 * Context: process.
 * Return: 0 and lines for both distributions; -ENOMEM or -EINTR.
 */
int bench_kill(const struct bench_kill *setup)
{
	struct rs_alloc_site *site = &refstorm_sites[SITE_BENCH];
	size_t nr = (size_t)setup->refs * setup->batches;
	struct task_struct **threads;
	struct kill_batch batch = {};
	struct rs_counter_rounds before = {}, cost = {};
	u64 *ns, total_ns = 0;
	unsigned int i;
	int ret = -ENOMEM;

	threads = rs_zalloc(site, 2 * num_possible_cpus() * sizeof(*threads), GFP_KERNEL);
	batch.objects = rs_zalloc(site, setup->refs * sizeof(*batch.objects), GFP_KERNEL);
	ns = rs_zalloc(site, 2 * nr * sizeof(*ns), GFP_KERNEL);
	if (threads && batch.objects && ns)
		ret = 0;
	if (setup->provider->read_rounds)
		setup->provider->read_rounds(&before);
	for (i = 0; i < setup->batches && !ret; i++) {
		/* The memory of many counters is freed later: not during the next kills. */
		if (i && setup->refs >= SETTLE_REFS)
			schedule_timeout_idle(HZ);
		ret = bench_kill_run(&batch, setup, threads, ns + i * setup->refs, nr, &total_ns);
		if (!ret && signal_pending(current))
			ret = -EINTR;
	}
	if (setup->provider->read_rounds)
		setup->provider->read_rounds(&cost);
	cost.rounds -= before.rounds;
	cost.interrupts -= before.interrupts;
	if (!ret) {
		bench_kill_show(setup, "confirm", ns, nr, total_ns, &cost);
		bench_kill_show(setup, "release", ns + nr, nr, total_ns, &cost);
	}
	rs_free(site, ns);
	rs_free(site, batch.objects);
	rs_free(site, threads);
	return ret;
}
