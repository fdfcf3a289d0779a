// SPDX-License-Identifier: GPL-2.0
/* The cost of one operation on one CPU. */
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sort.h>

#include "bench_internal.h"

#define TURNS		1000
#define ROUNDS		7	/* of a clock of instructions; odd, for the median */
#define ROUNDS_OF_TIME	50	/* of other clocks, for other tasks disturb most rounds */
#define SETTLE_TRIES	100
#define COLD_AT_ONCE	256	/* counters visited with interrupts off */
#define COLD_STRIDE	20011	/* odd, so that the walk visits every counter */
#define SAMPLES		101	/* of init and exit, which may sleep; odd, for the median */

static __always_inline bool do_nothing(struct rs_counter *counter, u64 *ref)
{
	return true;
}

RS_BENCH_LOOP(nothing, u64)

/*
 * The time of one run of a loop. Signed, for with a coarse clock an operation may seem one
 * tick cheaper than none.
 */
static s64 bench_loop_once(struct rs_counter *counter, const struct bench_clock *clock,
			   void (*loop)(struct rs_counter *counter, unsigned long n),
			   unsigned long n)
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

static unsigned int bench_loop_rounds(const struct bench_clock *clock)
{
	return clock->kind == CLOCK_INSTRUCTIONS ? ROUNDS : ROUNDS_OF_TIME;
}

/* For sort(). */
int bench_compare(const void *a, const void *b)
{
	s64 x = *(const s64 *)a, y = *(const s64 *)b;

	return x < y ? -1 : x > y;
}

/*
 * The cost of a loop, given its times in several rounds. Of times the least counts, since
 * other tasks and interrupts only add to a time. Counts of instructions are all the same,
 * except that the emulator reads a stale or a late clock once in some thousand rounds; the
 * median leaves such a round out.
 */
static s64 bench_loop_choose(s64 *rounds, const struct bench_clock *clock)
{
	unsigned int nr = bench_loop_rounds(clock);

	sort(rounds, nr, sizeof(*rounds), bench_compare, NULL);
	return rounds[clock->kind == CLOCK_INSTRUCTIONS ? nr / 2 : 0];
}

/*
 * Whether no reschedule is due. While one is due, every preempt_enable() of a loop calls the
 * scheduler, which adds instructions. Times need no check, for the least time counts.
 */
static bool bench_loop_undisturbed(const struct bench_clock *clock)
{
	return clock->kind != CLOCK_INSTRUCTIONS || !need_resched();
}

/* Measure a loop of @n turns. Return: the cost, S64_MAX if the counter leaves its mode. */
static s64 bench_loop_measure(struct rs_counter *counter, const struct rs_bench_op *op,
			      const struct bench_clock *clock, unsigned long n)
{
	const struct rs_provider *provider = counter->provider;
	unsigned int round = 0, rounds = bench_loop_rounds(clock), tries;
	static s64 took[ROUNDS_OF_TIME + 1];	/* one run at a time */

	for (tries = 0; round <= rounds && tries < rounds + SETTLE_TRIES; tries++) {
		bool settled;

		if (bench_counter_settle(counter, op->atomic))
			break;
		if (op->delta < 0)
			provider->get(counter, n);
		cond_resched_tasks_rcu_qs();
		settled = bench_counter_is_settled(counter, op->atomic);
		took[round] = bench_loop_once(counter, clock, op->loop, n);
		settled &= bench_counter_is_settled(counter, op->atomic) &&
			   bench_loop_undisturbed(clock);
		if (op->delta > 0)
			provider->put(counter, n);
		round += settled;
	}
	/* The first round only warms up the caches. */
	return round <= rounds ? S64_MAX : bench_loop_choose(took + 1, clock);
}

/* Measure an empty loop of @n turns. */
static s64 bench_loop_measure_nothing(struct rs_counter *counter, const struct bench_clock *clock,
				      unsigned long n)
{
	static s64 took[ROUNDS_OF_TIME + 1];
	unsigned int round;

	for (round = 0; round <= bench_loop_rounds(clock); round++)
		took[round] = bench_loop_once(counter, clock, bench_nothing, n);
	return bench_loop_choose(took + 1, clock);
}

/**
 * bench_loop - measure the cost of an operation
 * @counter: the counter
 * @op: the operation
 * @clock: the clock
 *
 * Context: process, pinned to a CPU.
 * Return: 0 and one more result line; -EAGAIN if the counter leaves the mode that is to be
 * measured.
 */
int bench_loop(struct rs_counter *counter, const struct rs_bench_op *op,
	       const struct bench_clock *clock)
{
	s64 whole = bench_loop_measure(counter, op, clock, 2 * TURNS);
	s64 half = bench_loop_measure(counter, op, clock, TURNS);
	s64 nothing;

	if (whole == S64_MAX || half == S64_MAX)
		return -EAGAIN;
	nothing = bench_loop_measure_nothing(counter, clock, 2 * TURNS) -
		  bench_loop_measure_nothing(counter, clock, TURNS);
	bench_result(counter->provider, op->name, 1, clock->unit,
		     div_s64(max(whole - half - nothing, 0LL) * 1000, TURNS));
	return 0;
}

/* Run one turn on each counter, in an order that the prefetcher cannot predict. */
static s64 bench_loop_walk(struct rs_counter *counters, const struct bench_clock *clock,
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

static void bench_loop_move_all(struct rs_counter *counters,
				void (*move)(struct rs_counter *counter, u32 nr))
{
	unsigned int i;

	for (i = 0; i < COLD_COUNTERS; i++)
		move(&counters[i], 1);
}

/**
 * bench_cold - measure the cost of an operation on counters that are in no cache
 * @counters: array of %COLD_COUNTERS counters
 * @op: the operation
 * @clock: a clock of time
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
		nothing = min(nothing, bench_loop_walk(counters, clock, bench_nothing));
		if (op->delta < 0)
			bench_loop_move_all(counters, provider->get);
		least = min(least, bench_loop_walk(counters, clock, op->loop));
		if (op->delta > 0)
			bench_loop_move_all(counters, provider->put);
	}
	scnprintf(name, sizeof(name), "%s_cold", op->name);
	bench_result(provider, name, 1, clock->unit,
		     div_s64(max(least - nothing, 0LL) * 1000, COLD_COUNTERS));
	return 0;
}

/**
 * bench_init_exit - measure the cost of init and exit of a counter
 * @provider: kind of the counter
 * @clock: the clock
 *
 * The result is a median, for an allocator takes longer when its caches are empty. The
 * median of two reads of the clock is subtracted.
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
		sort(samples[i], SAMPLES, sizeof(s64), bench_compare, NULL);
	bench_result(provider, "init_exit", 1, clock->unit,
		     (samples[1][SAMPLES / 2] - samples[0][SAMPLES / 2]) * 1000);
	return 0;
}
