// SPDX-License-Identifier: GPL-2.0
/*
 * The memory that counters take, by the accounts of those who gave it.
 *
 * /proc/meminfo has one line for each allocator that a counter's memory can come
 * from. It is read before and after very many counters begin, and the difference
 * is shared among them. That goes for mainline's counters as for ours: nobody's
 * own idea of its size comes in, but for the counter itself, which is embedded
 * in what it counts.
 *
 * Allocators hand out what they have before they ask for pages, and do not give
 * back every page. So as many counters begin, get hot, and stay, before the first
 * reading, and per-CPU memory is filled up: that uses what was left over. Pages are
 * accounted for on each CPU first, and summed up now and then, so a reading counts
 * when the next two agree.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "bench_internal.h"
#include "refstorm_module.h"

#define MEMINFO		"/proc/meminfo"
#define MEMINFO_BYTES	8192
#define SETTLE_MS	600	/* three of these are more than a second, in which CPUs report */
#define SETTLE_READINGS	3
#define SETTLE_TRIES	100
#define HEAT_PAIRS_MAX	8192
#define HEAT_SECONDS	120
#define FILLERS_MAX	1000000
#define FILLERS_STEP	256
#define CHUNK_BYTES_MIN	(2 * PAGE_SIZE)		/* of its own needs */

enum account {
	ACCOUNT_SLAB,
	ACCOUNT_PERCPU,
	ACCOUNT_VMALLOC,	/* what per-CPU allocator and arrays have beside */
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

struct reading {
	s64 bytes[ACCOUNT_NR];
};

/**
 * struct memory_run - counters whose memory is measured
 * @setup: what was asked for
 * @warm: as many counters as are measured; they stay
 * @counters: those that are measured
 * @base: the reading before they began
 */
struct memory_run {
	const struct bench_memory	*setup;
	struct rs_counter		*warm;
	struct rs_counter		*counters;
	struct reading			base;
};

static int read_accounts(char *text, struct reading *reading)
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
	for (i = 0; i < ACCOUNT_NR; i++) {
		const char *at = strstr(text, accounts[i].line);
		u64 kilobytes;

		if (!at || sscanf(at + strlen(accounts[i].line), "%llu kB", &kilobytes) != 1)
			return -ENODEV;
		reading->bytes[i] = kilobytes * 1024;
	}
	return 0;
}

static u64 distance(const struct reading *a, const struct reading *b)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < ACCOUNT_NR; i++)
		sum += abs(a->bytes[i] - b->bytes[i]);
	return sum;
}

/* A reading that stays for more than a second, give or take half a byte for each counter. */
static int read_settled(char *text, u64 refs, struct reading *reading)
{
	unsigned int same = 1, tries;

	for (tries = 0; tries < SETTLE_TRIES && same < SETTLE_READINGS; tries++) {
		struct reading now;
		int ret = read_accounts(text, &now);

		if (ret)
			return ret;
		same = tries && distance(&now, reading) <= refs / 2 ? same + 1 : 1;
		*reading = now;
		if (same < SETTLE_READINGS && msleep_interruptible(SETTLE_MS))
			return -EINTR;
	}
	return same < SETTLE_READINGS ? -EUCLEAN : 0;
}

/* What earlier counters had is given back after grace periods, of which one may be under way. */
static int wait_for_the_past(char *text, u64 refs)
{
	struct reading unused;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		synchronize_rcu_tasks();
		rcu_barrier();
	}
	return read_settled(text, refs, &unused);
}

/* Return: 0 and two more lines of results; or an errno. */
static int measure(const struct memory_run *run, char *text, const char *state)
{
	const struct bench_memory *setup = run->setup;
	const struct rs_provider *provider = setup->provider;
	struct reading now;
	char operation[24];
	s64 sum = 0;
	unsigned int i;
	int ret;

	ret = read_settled(text, setup->refs, &now);
	if (ret)
		return ret;
	bench_line("memory=%s provider=%s refs=%llu possible_cpus=%u embedded_bytes=%zu", state,
		   provider->name, setup->refs, num_possible_cpus(), provider->size);
	for (i = 0; i < ACCOUNT_NR; i++) {
		s64 bytes = now.bytes[i] - run->base.bytes[i];

		bench_line(" %s_bytes=%lld", accounts[i].name, bytes);
		sum += bytes;
	}
	bench_line("\n");
	scnprintf(operation, sizeof(operation), "memory_%s", state);
	bench_result(provider, operation, num_possible_cpus(), "bytes", provider->size * 1000 +
		     div64_u64(max(sum, 0LL) * 1000, setup->refs));
	return 0;
}

static bool is_hot(struct rs_counter *counter)
{
	struct rs_counter_state state;

	if (!counter->provider->modes)
		return true;
	counter->provider->inspect(counter, &state);
	return state.mode == RS_COUNTER_PERCPU;
}

/* Use each, a dynamic one until it has slots; all have them at the same time in the end. */
static int heat(struct rs_counter *counters, const struct bench_memory *setup)
{
	unsigned long deadline = jiffies + HEAT_SECONDS * HZ;
	unsigned int pairs = 1, cold, i, j;

	do {
		for (i = 0, cold = 0; i < setup->refs; i++) {
			struct rs_counter *counter = &counters[i];
			bool hot = is_hot(counter);

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

/* Per-CPU memory that is in the way; the next in the slot of the first CPU. */
struct filler {
	struct filler __percpu *next;
};

static struct filler *first_of(struct filler __percpu *filler)
{
	return per_cpu_ptr(filler, cpumask_first(cpu_possible_mask));
}

/*
 * Use up what the per-CPU allocator has, until it makes a new chunk: then all counters that
 * are measured begin at the same place in one, and none finds room that another left.
 */
static int fill(char *text, struct filler __percpu **fillers)
{
	struct reading before, now;
	unsigned int i;
	int ret;

	ret = read_accounts(text, &now);
	for (i = 1; i <= FILLERS_MAX && !ret; i++) {
		struct filler __percpu *filler;

		filler = rs_alloc_percpu(&refstorm_sites[SITE_BENCH], struct filler, GFP_KERNEL);
		if (!filler)
			return -ENOMEM;
		first_of(filler)->next = *fillers;
		*fillers = filler;
		if (i % FILLERS_STEP)
			continue;
		before = now;
		ret = read_accounts(text, &now);
		if (now.bytes[ACCOUNT_VMALLOC] - before.bytes[ACCOUNT_VMALLOC] >= CHUNK_BYTES_MIN)
			return ret;
		cond_resched_tasks_rcu_qs();
	}
	return ret ?: -EUCLEAN;
}

static void empty(struct filler __percpu *fillers)
{
	while (fillers) {
		struct filler __percpu *next = first_of(fillers)->next;

		rs_free_percpu(&refstorm_sites[SITE_BENCH], fillers);
		fillers = next;
	}
}

/* In atomic mode first, since that takes no more of anything than the rest leaves. */
static int measure_states(struct memory_run *run, char *text)
{
	const struct bench_memory *setup = run->setup;
	int ret;

	ret = read_settled(text, setup->refs, &run->base);
	if (ret)
		return ret;
	if (setup->provider->modes) {
		ret = bench_counters_begin(run->counters, setup->provider, setup->refs,
					   RS_COUNTER_INIT_ATOMIC);
		if (ret)
			return ret;
		ret = measure(run, text, "atomic");
		bench_counters_kill(run->counters, setup->refs);
		bench_counters_end(run->counters, setup->refs);
		ret = ret ?: wait_for_the_past(text, setup->refs);
		if (ret)
			return ret;
	}
	ret = bench_counters_begin(run->counters, setup->provider, setup->refs, 0);
	if (ret)
		return ret;
	ret = measure(run, text, "cold") ?: heat(run->counters, setup) ?:
	      measure(run, text, "hot");
	bench_counters_kill(run->counters, setup->refs);
	ret = ret ?: wait_for_the_past(text, setup->refs) ?: measure(run, text, "killed");
	bench_counters_end(run->counters, setup->refs);
	return ret;
}

/**
 * bench_memory - measure the memory of counters
 * @setup: of which, and how many
 *
 * Context: process.
 * Return: 0 and lines for each state; -ENOMEM, -EINTR, -ENODEV if nobody keeps
 * accounts, -EUCLEAN if others allocate too much meanwhile, or -EAGAIN if the counters
 * would not get hot together.
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
	ret = wait_for_the_past(text, setup->refs) ?:
	      bench_counters_begin(run.warm, setup->provider, setup->refs, 0);
	if (ret)
		goto out;
	ret = heat(run.warm, setup) ?: fill(text, &fillers) ?: measure_states(&run, text);
	empty(fillers);
	bench_counters_kill(run.warm, setup->refs);
	bench_counters_end(run.warm, setup->refs);
out:
	rs_free(site, run.warm);
	rs_free(site, text);
	return ret;
}
