// SPDX-License-Identifier: GPL-2.0
/*
 * The memory that counters take, as /proc/meminfo shows it.
 *
 * /proc/meminfo has one line for each allocator that can provide a counter's memory. A run
 * reads /proc/meminfo before and after the init of very many counters, and divides the
 * difference by the number of counters. The method is the same for mainline's counters and
 * for ours. Only the size of the counter itself, which is embedded in an object, is added.
 *
 * An allocator uses up its free memory before it asks for pages, and does not give back every
 * page. So before the first reading a run initialises as many counters again, which stay
 * until the end, and fills up per-CPU memory. The kernel accounts for pages on each CPU, and
 * sums the accounts up about once a second, so a reading is valid when the next two agree.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "bench_internal.h"
#include "refstorm_module.h"

#define MEMINFO		"/proc/meminfo"
#define MEMINFO_BYTES	8192
#define SETTLE_MS	600	/* all CPUs report within a second, so within two of these */
#define SETTLE_READINGS	3
#define SETTLE_TRIES	100
#define HEAT_PAIRS_MAX	8192
#define HEAT_SECONDS	120
#define FILLERS_MAX	1000000
#define FILLERS_STEP	256
#define CHUNK_BYTES_MIN	(2 * PAGE_SIZE)	/* descriptors of a new chunk */

enum account {
	ACCOUNT_SLAB,
	ACCOUNT_PERCPU,
	ACCOUNT_VMALLOC,	/* descriptors of the per-CPU allocator, and large arrays */
	ACCOUNT_NR,
};

static const struct {
	const char	*name;
	const char	*line;
} accounts[] = {
	[ACCOUNT_SLAB]		= { "slab", "\nSlab:" },
	[ACCOUNT_PERCPU]	= { "percpu", "\nPercpu:" },
	[ACCOUNT_VMALLOC]	= { "vmalloc", "\nVmallocUsed:" },
};

/**
 * struct reading - what was taken at one moment
 * @bytes: of each account
 * @allocations: of rsref.ko, exactly; no other user of memory shows in it
 */
struct reading {
	s64	bytes[ACCOUNT_NR];
	s64	allocations;
};

/**
 * struct memory_run - a run of bench_memory()
 * @setup: arguments of the command
 * @warm: counters that stay until the end, as many as @counters
 * @counters: the counters that are measured
 * @base: the reading before the init of @counters
 */
struct memory_run {
	const struct bench_memory	*setup;
	struct rs_counter		*warm;
	struct rs_counter		*counters;
	struct reading			base;
};

static void bench_memory_add_site(const struct module *owner, const struct rs_alloc_site *site,
				  void *arg)
{
	if (owner != THIS_MODULE)
		*(s64 *)arg += atomic64_read(&site->allocated) - atomic64_read(&site->freed);
}

static int bench_memory_read(char *text, struct reading *reading)
{
	struct file *file = filp_open(MEMINFO, O_RDONLY, 0);
	unsigned int i;
	loff_t pos = 0;
	ssize_t len;

	if (IS_ERR(file))
		return -ENODEV;
	len = kernel_read(file, text, MEMINFO_BYTES - 1, &pos);
	filp_close(file, NULL);
	text[max_t(ssize_t, len, 0)] = '\0';
	reading->allocations = 0;
	rs_alloc_for_each(bench_memory_add_site, &reading->allocations);
	for (i = 0; i < ACCOUNT_NR; i++) {
		const char *at = strstr(text, accounts[i].line);
		u64 kilobytes;

		if (!at || sscanf(at + strlen(accounts[i].line), "%llu kB", &kilobytes) != 1)
			return -ENODEV;
		reading->bytes[i] = kilobytes * 1024;
	}
	return 0;
}

static u64 bench_memory_distance(const struct reading *a, const struct reading *b)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < ACCOUNT_NR; i++)
		sum += abs(a->bytes[i] - b->bytes[i]);
	return sum;
}

/* Read until three readings agree within half a byte for each counter. */
static int bench_memory_read_settled(char *text, u64 refs, struct reading *reading)
{
	unsigned int same = 1, tries;

	for (tries = 0; tries < SETTLE_TRIES && same < SETTLE_READINGS; tries++) {
		struct reading now;
		int ret = bench_memory_read(text, &now);

		if (ret)
			return ret;
		same = tries && bench_memory_distance(&now, reading) <= refs / 2 ? same + 1 : 1;
		*reading = now;
		if (same < SETTLE_READINGS && msleep_interruptible(SETTLE_MS))
			return -EINTR;
	}
	return same < SETTLE_READINGS ? -EUCLEAN : 0;
}

/* Wait until the memory of earlier counters, which are freed after grace periods, is free. */
static int bench_memory_wait_freed(char *text, u64 refs)
{
	struct reading unused;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		synchronize_rcu_tasks();
		rcu_barrier();
	}
	return bench_memory_read_settled(text, refs, &unused);
}

/* Read the memory in one state. Return: 0 and two more lines of results; or an errno. */
static int bench_memory_measure(const struct memory_run *run, char *text, const char *state)
{
	const struct bench_memory *setup = run->setup;
	const struct rs_provider *provider = setup->provider;
	struct reading now;
	char operation[24];
	s64 sum = 0;
	unsigned int i;
	int ret;

	ret = bench_memory_read_settled(text, setup->refs, &now);
	if (ret)
		return ret;
	bench_line("memory=%s provider=%s refs=%llu possible_cpus=%u embedded_bytes=%zu", state,
		   provider->name, setup->refs, num_possible_cpus(), provider->size);
	for (i = 0; i < ACCOUNT_NR; i++) {
		s64 bytes = now.bytes[i] - run->base.bytes[i];

		bench_line(" %s_bytes=%lld", accounts[i].name, bytes);
		sum += bytes;
	}
	bench_line(" allocations=%lld\n", now.allocations - run->base.allocations);
	scnprintf(operation, sizeof(operation), "memory_%s", state);
	bench_result(provider, operation, num_possible_cpus(), "bytes", provider->size * 1000 +
		     div64_u64(max(sum, 0LL) * 1000, setup->refs));
	return 0;
}

/* Use the counters until all are in per-CPU mode at the same time. */
static int bench_memory_heat(struct rs_counter *counters, const struct bench_memory *setup)
{
	unsigned long deadline = jiffies + HEAT_SECONDS * HZ;
	unsigned int pairs = 1, cold, i, j;

	do {
		for (i = 0, cold = 0; i < setup->refs; i++) {
			struct rs_counter *counter = &counters[i];
			bool hot = bench_counter_is_settled(counter, false);

			cold += !hot;
			for (j = 0; j < (hot ? pairs == 1 : pairs); j++) {
				counter->provider->get(counter, 1);
				counter->provider->put(counter, 1);
			}
			if (signal_pending(current))
				return -EINTR;
			cond_resched_tasks_rcu_qs();
		}
		if (cold)
			msleep(20);
		pairs = min(2 * pairs, HEAT_PAIRS_MAX);
	} while (cold && time_before(jiffies, deadline));
	return cold ? -EAGAIN : 0;
}

/* Per-CPU memory that fills up a chunk; @next is used in the slot of the first CPU only. */
struct filler {
	struct filler __percpu *next;
};

static struct filler *bench_memory_first_slot(struct filler __percpu *filler)
{
	return per_cpu_ptr(filler, cpumask_first(cpu_possible_mask));
}

/*
 * Use up the memory of the per-CPU allocator until it makes a new chunk. The slots of the
 * counters that are measured then begin at the same place of a chunk in every run.
 */
static int bench_memory_fill_chunk(char *text, struct filler __percpu **fillers)
{
	struct reading before, now;
	unsigned int i;
	int ret;

	ret = bench_memory_read(text, &now);
	for (i = 1; i <= FILLERS_MAX && !ret; i++) {
		struct filler __percpu *filler;

		filler = rs_alloc_percpu(&refstorm_sites[SITE_BENCH], struct filler, GFP_KERNEL);
		if (!filler)
			return -ENOMEM;
		bench_memory_first_slot(filler)->next = *fillers;
		*fillers = filler;
		if (i % FILLERS_STEP)
			continue;
		before = now;
		ret = bench_memory_read(text, &now);
		if (now.bytes[ACCOUNT_VMALLOC] - before.bytes[ACCOUNT_VMALLOC] >= CHUNK_BYTES_MIN)
			return ret;
		cond_resched_tasks_rcu_qs();
	}
	return ret ?: -EUCLEAN;
}

static void bench_memory_free_fillers(struct filler __percpu *fillers)
{
	while (fillers) {
		struct filler __percpu *next = bench_memory_first_slot(fillers)->next;

		rs_free_percpu(&refstorm_sites[SITE_BENCH], fillers);
		fillers = next;
	}
}

/* Atomic mode is first, since it needs no memory that the other states would miss. */
static int bench_memory_measure_states(struct memory_run *run, char *text)
{
	const struct bench_memory *setup = run->setup;
	int ret;

	ret = bench_memory_read_settled(text, setup->refs, &run->base);
	if (ret)
		return ret;
	if (setup->provider->modes) {
		ret = bench_counters_begin(run->counters, setup->provider, setup->refs, true);
		if (ret)
			return ret;
		ret = bench_memory_measure(run, text, "atomic");
		bench_counters_kill(run->counters, setup->refs);
		bench_counters_exit(run->counters, setup->refs);
		ret = ret ?: bench_memory_wait_freed(text, setup->refs);
		if (ret)
			return ret;
	}
	ret = bench_counters_begin(run->counters, setup->provider, setup->refs, false);
	if (ret)
		return ret;
	ret = bench_memory_measure(run, text, "cold") ?: bench_memory_heat(run->counters, setup) ?:
	      bench_memory_measure(run, text, "hot");
	bench_counters_kill(run->counters, setup->refs);
	ret = ret ?: bench_memory_wait_freed(text, setup->refs) ?:
	      bench_memory_measure(run, text, "killed");
	bench_counters_exit(run->counters, setup->refs);
	return ret;
}

/**
 * bench_memory - measure the memory of counters
 * @setup: kind and number of the counters
 *
 * Context: process.
 * Return: 0 and lines for each state; -ENOMEM, -EINTR, -ENODEV if /proc/meminfo lacks a line,
 * -EUCLEAN if other tasks allocate too much meanwhile, or -EAGAIN if the counters are never all
 * in per-CPU mode.
 */
int bench_memory(const struct bench_memory *setup)
{
	struct rs_alloc_site *site = &refstorm_sites[SITE_BENCH];
	struct filler __percpu *fillers = NULL;
	struct memory_run run = { .setup = setup };
	char *text;
	int ret = -ENOMEM;

	text = rs_zalloc(site, MEMINFO_BYTES, GFP_KERNEL);
	run.warm = rs_zalloc(site, 2 * setup->refs * sizeof(*run.warm), GFP_KERNEL);
	if (!text || !run.warm)
		goto out;
	run.counters = run.warm + setup->refs;
	ret = bench_memory_wait_freed(text, setup->refs) ?:
	      bench_counters_begin(run.warm, setup->provider, setup->refs, false);
	if (ret)
		goto out;
	ret = bench_memory_heat(run.warm, setup) ?: bench_memory_fill_chunk(text, &fillers) ?:
	      bench_memory_measure_states(&run, text);
	bench_memory_free_fillers(fillers);
	bench_counters_kill(run.warm, setup->refs);
	bench_counters_exit(run.warm, setup->refs);
out:
	rs_free(site, run.warm);
	rs_free(site, text);
	return ret;
}
