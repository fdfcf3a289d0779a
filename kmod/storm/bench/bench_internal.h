/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of the benchmark.
 *
 * One run at a time, in the writer's own context, which can be interrupted by a
 * signal between two measurements. Results are lines of text, and those of the
 * last run stay in the bench file.
 *
 *	bench.c		the command, the lines, the counter that is measured
 *	bench_clock.c	clocks: what the machine has
 *	bench_loop.c	one operation on one CPU
 *	bench_cpus.c	operations a second on several CPUs
 *	bench_kill.c	how long kills take
 *	bench_counters.c many counters at once
 *	bench_memory.c	the memory that counters take
 *
 * What an operation takes is the difference between 2N and N times, less the
 * same difference for a loop around nothing: whatever happens once (the call of
 * the loop, reading the clock) drops out, and with a clock that counts
 * instructions the result is exact. The least of several rounds counts.
 */
#ifndef _REFSTORM_BENCH_INTERNAL_H
#define _REFSTORM_BENCH_INTERNAL_H

#include <linux/completion.h>
#include <linux/types.h>

#include "bench.h"
#include "provider/provider.h"
#include "provider/provider_bench.h"

struct bench_clock;
struct command;
struct task_struct;

/**
 * struct bench_counter - a counter that is measured
 * @counter: the counter, with the reference it began with
 * @released: release() ran
 */
struct bench_counter {
	struct rs_counter	counter;
	struct completion	released;
};

/* bench.c */
__printf(1, 2)
void bench_line(const char *fmt, ...);
void bench_result(const struct rs_provider *provider, const char *operation,
		  unsigned int cpus, const char *unit, u64 thousandths);
int bench_counter_begin(struct bench_counter *bench, const struct rs_provider *provider,
			bool atomic);
void bench_counter_end(struct bench_counter *bench);
int bench_counter_settle(struct bench_counter *bench, bool atomic);
bool bench_counter_is_settled(struct bench_counter *bench, bool atomic);

/* bench_counters.c */
int bench_counters_begin(struct rs_counter *counters, const struct rs_provider *provider,
			 unsigned int nr, unsigned int flags);
void bench_counters_kill(struct rs_counter *counters, unsigned int nr);
void bench_counters_end(struct rs_counter *counters, unsigned int nr);

/* bench_clock.c */

/* What the user asks for; CLOCK_AUTO is the first of the others that is there. */
enum bench_clock_kind {
	CLOCK_AUTO,
	CLOCK_INSTRUCTIONS,
	CLOCK_CYCLES,
	CLOCK_CPU_CLOCK,
	CLOCK_NS,
	CLOCK_KIND_NR,
};

/**
 * struct bench_clock - a clock
 * @kind: what it counts
 * @source: where it comes from, for the bench file
 * @unit: of the results
 * @irqs_off: it can be read with interrupts off
 * @begin: make it ready on this CPU; 0, or an errno if the machine lacks it
 * @read: its present value
 * @end: the opposite of @begin, or NULL
 * @perf_config: the event, if perf is the source
 * @perf_type: the kind of event
 *
 * Context: one user at a time, who stays on the CPU from @begin to @end.
 */
struct bench_clock {
	enum bench_clock_kind	kind;
	const char		*source;
	const char		*unit;
	bool			irqs_off;
	int			(*begin)(const struct bench_clock *clock);
	u64			(*read)(void);
	void			(*end)(void);
	u64			perf_config;
	u32			perf_type;
};

extern const char * const bench_clock_names[];
const struct bench_clock *bench_clock_begin(enum bench_clock_kind kind);
void bench_clock_end(const struct bench_clock *clock);

/* bench_loop.c */
int bench_loop(struct bench_counter *bench, const struct rs_bench_op *op,
	       const struct bench_clock *clock);
#define COLD_COUNTERS	32768U	/* a power of two; some MiB with all that they have */
int bench_cold(struct rs_counter *counters, const struct rs_bench_op *op,
	       const struct bench_clock *clock);
int bench_init_exit(const struct rs_provider *provider, const struct bench_clock *clock);

/* bench_cpus.c */
int bench_threads_start(struct task_struct **threads, unsigned int *started,
			unsigned int skip, unsigned int nr, int (*function)(void *arg),
			void *args, size_t stride);
void bench_threads_stop(struct task_struct **threads, unsigned int started);
int bench_cpus(struct bench_counter *bench, const struct rs_bench_op *op,
	       unsigned int cpus, unsigned int ms);

/**
 * enum bench_kill_load - what the CPUs do meanwhile, but for one that kills alone
 * @BENCH_KILL_ALONE: nothing
 * @BENCH_KILL_USERS: get and put, until they are refused
 * @BENCH_KILL_BUSY: get and put, or try to, all the time
 */
enum bench_kill_load { BENCH_KILL_ALONE, BENCH_KILL_USERS, BENCH_KILL_BUSY };

/**
 * struct bench_kill - which kills to measure
 * @provider: of counters with a kill of their own
 * @refs: counters that are killed together
 * @batches: how often
 * @load: of enum bench_kill_load
 * @from: 1 if all CPUs kill, 0 if one does
 */
struct bench_kill {
	const struct rs_provider *provider;
	u64			refs;
	u64			batches;
	u64			load;
	u64			from;
};

/* bench_kill.c */
extern const char * const bench_kill_from[];
extern const char * const bench_kill_loads[];
int bench_kill(const struct bench_kill *setup);

/**
 * struct bench_memory - whose memory to measure
 * @provider: of the counters
 * @refs: how many
 */
struct bench_memory {
	const struct rs_provider *provider;
	u64			refs;
};

/* bench_memory.c */
int bench_memory(const struct bench_memory *setup);

#endif /* _REFSTORM_BENCH_INTERNAL_H */
