// SPDX-License-Identifier: GPL-2.0
/* What one operation takes on one CPU. */
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sort.h>

#include "bench_internal.h"

#define TURNS		1000
#define ROUNDS		7	/* where nearly each gives the same; odd, for the median */
#define ROUNDS_OF_TIME	50	/* where others are at work beside */
#define SETTLE_TRIES	100
#define COLD_AT_ONCE	256	/* with interrupts off */
#define COLD_STRIDE	20011	/* odd, so that it comes to each */
#define SAMPLES		101	/* of what sleeps; odd, for the median */

static __always_inline bool do_nothing(struct rs_counter *counter, u64 *ref)
{
	return true;
}

RS_BENCH_LOOP(nothing, u64)

/* Signed, since a loop may be cheaper than one around nothing by a tick of a coarse clock. */
static s64 once(struct rs_counter *counter, const struct bench_clock *clock,
		void (*loop)(struct rs_counter *counter, unsigned long n), unsigned long n)
{
	unsigned long flags;
	u64 start, end;

	if (clock->irqs_off) {
		local_irq_save(flags);
		start = clock->read();
		loop(counter, n);
		end = clock->read();
		local_irq_restore(flags);
	} else {
		start = clock->read();
		local_irq_save(flags);
		loop(counter, n);
		local_irq_restore(flags);
		end = clock->read();
	}
	return end - start;
}

static unsigned int rounds_of(const struct bench_clock *clock)
{
	return clock->kind == CLOCK_INSTRUCTIONS ? ROUNDS : ROUNDS_OF_TIME;
}

static int compare(const void *a, const void *b)
{
	s64 x = *(const s64 *)a, y = *(const s64 *)b;

	return x < y ? -1 : x > y;
}

/*
 * What a loop takes, of what it took in some rounds. Of time it is the least, since
 * others are at work beside. A count of instructions is the same each time; but
 * once in some thousand times the emulator's clock is read as it was before the loop, or
 * after something else, which the median leaves out.
 */
static s64 choose(s64 *rounds, const struct bench_clock *clock)
{
	unsigned int nr = rounds_of(clock);

	sort(rounds, nr, sizeof(*rounds), compare, NULL);
	return rounds[clock->kind == CLOCK_INSTRUCTIONS ? nr / 2 : 0];
}

/*
 * While a reschedule is due, each turn of a loop that disables preemption asks for it. On a
 * busy machine one may be due after every round; for times the least is taken anyway.
 */
static bool was_undisturbed(const struct bench_clock *clock)
{
	return clock->kind != CLOCK_INSTRUCTIONS || !need_resched();
}

/* S64_MAX if the counter would not stay in its mode. */
static s64 take(struct bench_counter *bench, const struct rs_bench_op *op,
		const struct bench_clock *clock, unsigned long n)
{
	struct rs_counter *counter = &bench->counter;
	const struct rs_provider *provider = counter->provider;
	unsigned int round = 0, rounds = rounds_of(clock), tries;
	static s64 took[ROUNDS_OF_TIME + 1];	/* one run at a time */

	for (tries = 0; round <= rounds && tries < rounds + SETTLE_TRIES; tries++) {
		bool settled;

		if (bench_counter_settle(bench, op->atomic))
			break;
		if (op->delta < 0)
			provider->get(counter, n);
		cond_resched_tasks_rcu_qs();
		settled = bench_counter_is_settled(bench, op->atomic);
		took[round] = once(counter, clock, op->loop, n);
		settled &= bench_counter_is_settled(bench, op->atomic) && was_undisturbed(clock);
		if (op->delta > 0)
			provider->put(counter, n);
		round += settled;
	}
	/* The first round is for warming up. */
	return round <= rounds ? S64_MAX : choose(took + 1, clock);
}

/* The same for a loop around nothing. */
static s64 take_nothing(struct bench_counter *bench, const struct bench_clock *clock,
			unsigned long n)
{
	static s64 took[ROUNDS_OF_TIME + 1];
	unsigned int round;

	for (round = 0; round <= rounds_of(clock); round++)
		took[round] = once(&bench->counter, clock, bench_nothing, n);
	return choose(took + 1, clock);
}

/**
 * bench_loop - measure an operation
 * @bench: a counter
 * @op: the operation
 * @clock: the clock
 *
 * Context: process, pinned to a CPU.
 * Return: 0 and one more result line; -EAGAIN if the counter would not stay in
 * the mode that is to be measured.
 */
int bench_loop(struct bench_counter *bench, const struct rs_bench_op *op,
	       const struct bench_clock *clock)
{
	s64 whole = take(bench, op, clock, 2 * TURNS);
	s64 half = take(bench, op, clock, TURNS);
	s64 nothing;

	if (whole == S64_MAX || half == S64_MAX)
		return -EAGAIN;
	nothing = take_nothing(bench, clock, 2 * TURNS) - take_nothing(bench, clock, TURNS);
	bench_result(bench->counter.provider, op->name, 1, clock->unit,
		     div_s64(max(whole - half - nothing, 0LL) * 1000, TURNS));
	return 0;
}

/* One turn on each of many counters, in an order that no prefetcher guesses. */
static s64 walk(struct rs_counter *counters, const struct bench_clock *clock,
		void (*loop)(struct rs_counter *counter, unsigned long n))
{
	unsigned int i, next = 0;
	unsigned long flags;
	s64 sum = 0;
	u64 start;

	for (i = 0; i < COLD_COUNTERS; i += COLD_AT_ONCE) {
		unsigned int end = i + COLD_AT_ONCE;

		local_irq_save(flags);
		start = clock->read();
		for (; next < end; next++)
			loop(&counters[next * COLD_STRIDE % COLD_COUNTERS], 1);
		sum += clock->read() - start;
		local_irq_restore(flags);
		cond_resched_tasks_rcu_qs();
	}
	return sum;
}

static void move_all(struct rs_counter *counters,
		     void (*move)(struct rs_counter *counter, u32 nr))
{
	unsigned int i;

	for (i = 0; i < COLD_COUNTERS; i++)
		move(&counters[i], 1);
}

/**
 * bench_cold - measure an operation on counters that are in no cache
 * @counters: %COLD_COUNTERS of them
 * @op: the operation
 * @clock: one of time
 *
 * Context: process, pinned to a CPU.
 * Return: 0 and one more result line, or -EINTR.
 */
int bench_cold(struct rs_counter *counters, const struct rs_bench_op *op,
	       const struct bench_clock *clock)
{
	const struct rs_provider *provider = counters->provider;
	s64 least = S64_MAX, nothing = S64_MAX;
	char name[40];
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		if (signal_pending(current))
			return -EINTR;
		nothing = min(nothing, walk(counters, clock, bench_nothing));
		if (op->delta < 0)
			move_all(counters, provider->get);
		least = min(least, walk(counters, clock, op->loop));
		if (op->delta > 0)
			move_all(counters, provider->put);
	}
	scnprintf(name, sizeof(name), "%s_cold", op->name);
	bench_result(provider, name, 1, clock->unit,
		     div_s64(max(least - nothing, 0LL) * 1000, COLD_COUNTERS));
	return 0;
}

/**
 * bench_init_exit - measure a counter's beginning and end
 * @provider: whose
 * @clock: the clock
 *
 * The median, since allocators have their days, less that of nothing.
 *
 * Context: process, pinned to a CPU.
 * Return: 0 and one more result line, or -ENOMEM.
 */
int bench_init_exit(const struct rs_provider *provider, const struct bench_clock *clock)
{
	static s64 samples[2][SAMPLES];		/* one run at a time */
	struct rs_counter counter = { .provider = provider };
	unsigned int i;
	u64 start;
	int ret;

	for (i = 0; i < SAMPLES; i++) {
		start = clock->read();
		samples[0][i] = clock->read() - start;

		start = clock->read();
		ret = provider->init(&counter, 1, 0);
		if (ret)
			return ret;
		if (provider->exit)
			provider->exit(&counter);
		samples[1][i] = clock->read() - start;
	}
	for (i = 0; i < ARRAY_SIZE(samples); i++)
		sort(samples[i], SAMPLES, sizeof(s64), compare, NULL);
	bench_result(provider, "init_exit", 1, clock->unit,
		     (samples[1][SAMPLES / 2] - samples[0][SAMPLES / 2]) * 1000);
	return 0;
}
