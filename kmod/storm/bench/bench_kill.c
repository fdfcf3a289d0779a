// SPDX-License-Identifier: GPL-2.0
/*
 * How long kills take: from the call of kill to the confirmation, and to release().
 *
 * A batch is a number of counters that are killed one after the other, by one CPU or
 * by all at once, while the others, or all, rest or get and put. Each counter is a sample;
 * there are as many batches as asked for.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sort.h>

#include <refstorm/sealed_ref.h>

#include "bench_internal.h"
#include "refstorm_module.h"
#include "storm/storm_internal.h"

/* After so many, wait until memory is settled. */
#define SETTLE_REFS	1000

/**
 * struct kill_object - a counter that is killed
 * @counter: the counter
 * @batch: it belongs to
 * @killed_ns: when kill was called
 * @confirmed_ns: when the confirmation came
 * @released_ns: when release() ran
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
 * @nr: how many
 * @next: the next to be killed
 * @left: not released yet
 * @released: none is left
 * @go: killers may begin
 * @busy: who gets and puts goes on when nothing lives
 */
struct kill_batch {
	struct kill_object	*objects;
	unsigned int		nr;
	atomic_t		next;
	atomic_t		left;
	struct completion	released;
	bool			go;
	bool			busy;
};

const char * const bench_kill_from[] = { "one", "all", NULL };
/* Of enum bench_kill_load */
const char * const bench_kill_loads[] = { "none", "users", "busy", NULL };

static struct kill_object *object_of(struct rs_counter *counter)
{
	return container_of(counter, struct kill_object, counter);
}

static void confirmed(struct rs_counter *counter)
{
	object_of(counter)->confirmed_ns = ktime_get_ns();
}

static void released(struct rs_counter *counter)
{
	struct kill_object *object = object_of(counter);

	object->released_ns = ktime_get_ns();
	if (atomic_dec_and_test(&object->batch->left))
		complete(&object->batch->released);
}

static void kill_all(struct kill_batch *batch)
{
	unsigned int i;

	while ((i = atomic_inc_return(&batch->next) - 1) < batch->nr) {
		struct kill_object *object = &batch->objects[i];

		object->killed_ns = ktime_get_ns();
		object->counter.provider->kill(&object->counter, true);
		cond_resched_tasks_rcu_qs();
	}
}

static int killer_thread(void *arg)
{
	struct kill_batch *batch = arg;

	while (!READ_ONCE(batch->go) && !kthread_should_stop())
		cond_resched_tasks_rcu_qs();
	if (READ_ONCE(batch->go))
		kill_all(batch);
	thread_wait_stop();
	return 0;
}

/*
 * Get and put whatever lives. Users whom one counter after the other has refused rest, since
 * what was killed stays so; busy ones ask on, and keep their CPU from whoever waits for it.
 */
static int load_thread(void *arg)
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

static int kill_batch(struct kill_batch *batch, const struct bench_kill *setup,
		      struct task_struct **threads)
{
	unsigned int cpus = num_online_cpus(), killers = setup->from ? cpus : 1;
	/* Who kills alone has its CPU to itself, if there is another. */
	unsigned int skip = !setup->from && cpus > 1;
	unsigned int loads = setup->load == BENCH_KILL_ALONE ? 0 : cpus - skip, started = 0;
	int ret;

	ret = bench_threads_start(threads, &started, skip, loads, load_thread, batch, 0) ?:
	      bench_threads_start(threads, &started, 0, killers, killer_thread, batch, 0);
	if (!ret)
		WRITE_ONCE(batch->go, true);
	else	/* What no thread has killed, as some could not be started. */
		kill_all(batch);
	wait_for_completion(&batch->released);
	bench_threads_stop(threads, started);
	return ret;
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 quantile(const u64 *sorted, size_t nr, unsigned int per_mille)
{
	return sorted[min(nr * per_mille / 1000, nr - 1)];
}

/* The lines of one distribution: the quantiles, then what lies between powers of two. */
static void show(const struct bench_kill *setup, const char *what, u64 *ns, size_t nr,
		 u64 total_ns, const struct rs_sealed_ref_rounds *cost)
{
	size_t i, begin;

	sort(ns, nr, sizeof(*ns), compare, NULL);
	bench_line("kill=%s provider=%s refs=%llu load=%s from=%s cpus=%u samples=%zu ",
		   what, setup->provider->name, setup->refs, bench_kill_loads[setup->load],
		   bench_kill_from[setup->from], num_online_cpus(), nr);
	bench_line("min_ns=%llu median_ns=%llu p90_ns=%llu p99_ns=%llu max_ns=%llu total_ns=%llu",
		   ns[0], quantile(ns, nr, 500), quantile(ns, nr, 900),
		   quantile(ns, nr, 990), ns[nr - 1], total_ns);
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

/* Begin all counters of a batch. Return: how many did. */
static unsigned int begin_all(struct kill_batch *batch, const struct bench_kill *setup)
{
	unsigned int i;

	for (i = 0; i < setup->refs; i++) {
		struct kill_object *object = &batch->objects[i];

		*object = (struct kill_object) {
			.counter = {
				.provider	= setup->provider,
				.release	= released,
				.confirm	= confirmed,
			},
			.batch = batch,
		};
		if (setup->provider->init(&object->counter, 1, 0))
			break;
	}
	return i;
}

/*
 * One batch, whose times go to @ns, confirmations first, releases @stride further. How
 * long all took is added to @total_ns.
 */
static int run_batch(struct kill_batch *batch, const struct bench_kill *setup,
		     struct task_struct **threads, u64 *ns, size_t stride, u64 *total_ns)
{
	u64 first = U64_MAX, last = 0;
	unsigned int i;
	int ret = 0;

	batch->nr = begin_all(batch, setup);
	if (batch->nr < setup->refs)
		ret = -ENOMEM;
	atomic_set(&batch->next, 0);
	atomic_set(&batch->left, batch->nr);
	init_completion(&batch->released);
	batch->go = false;
	batch->busy = setup->load == BENCH_KILL_BUSY;
	if (!ret) {
		ret = kill_batch(batch, setup, threads);
	} else if (batch->nr) {
		kill_all(batch);
		wait_for_completion(&batch->released);
	}
	/* release() of the last may still be returning from our function. */
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
 * bench_kill - measure kills
 * @setup: which
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
	struct rs_sealed_ref_rounds before, cost;
	u64 *ns, total_ns = 0;
	unsigned int i;
	int ret = -ENOMEM;

	threads = rs_zalloc(site, 2 * num_possible_cpus() * sizeof(*threads), GFP_KERNEL);
	batch.objects = rs_zalloc(site, setup->refs * sizeof(*batch.objects), GFP_KERNEL);
	ns = rs_zalloc(site, 2 * nr * sizeof(*ns), GFP_KERNEL);
	if (threads && batch.objects && ns)
		ret = 0;
	rs_sealed_ref_read_rounds(&before);
	for (i = 0; i < setup->batches && !ret; i++) {
		/* The memory of many is given back later: not while the next are killed. */
		if (i && setup->refs >= SETTLE_REFS)
			schedule_timeout_idle(HZ);
		ret = run_batch(&batch, setup, threads, ns + i * setup->refs, nr, &total_ns);
		if (!ret && signal_pending(current))
			ret = -EINTR;
	}
	rs_sealed_ref_read_rounds(&cost);
	cost.rounds -= before.rounds;
	cost.interrupts -= before.interrupts;
	if (!ret) {
		show(setup, "confirm", ns, nr, total_ns, &cost);
		show(setup, "release", ns + nr, nr, total_ns, &cost);
	}
	rs_free(site, ns);
	rs_free(site, batch.objects);
	rs_free(site, threads);
	return ret;
}
