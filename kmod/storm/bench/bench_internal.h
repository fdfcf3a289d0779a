/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interfaces between the files of the benchmark.
 *
 * One run at a time executes in the context of the task that writes the command. A signal
 * interrupts a run between two measurements.
 *
 *	bench.c			the commands
 *	bench_result.c		the lines of the bench file
 *	bench_counters.c	the counters that are measured
 *	bench_clock.c		the clocks of the machine
 *	bench_loop.c		cost of one operation on one CPU
 *	bench_cpus.c		operations per second on several CPUs
 *	bench_kill.c		duration of kills
 *	bench_memory.c		memory of counters
 *	peers.c, peer_*.c	other algorithms, beside the providers: peer.h
 *
 * The cost of an operation is the time of a loop of 2N turns less that of N turns, less the
 * same difference for an empty loop. What happens once per loop (the call of the loop, two
 * reads of the clock) cancels out, and a clock that counts instructions gives an exact result.
 */
#ifndef _REFSTORM_BENCH_INTERNAL_H
#define _REFSTORM_BENCH_INTERNAL_H

#include <linux/types.h>

#include <refstorm/compat.h>

#include "provider/provider.h"
#include "provider/provider_bench.h"

struct task_struct;

/* bench_result.c */
u32 bench_run(void);
__printf(1, 2)
void bench_line(const char *fmt, ...);
void bench_result_begin(const char *clock, const char *source);
void bench_result(const struct rs_provider *provider, const char *operation,
		  unsigned int cpus, const char *unit, u64 thousandths);

/* peers.c; peer_NAME.c defines bench_peer_NAME. */
#define BENCH_PEERS(X)				\
	X(peer_rcuref)				\
	X(peer_locked_percpu)			\
	X(peer_srcu_pair)			\
	BENCH_PEER_RCUREF(X)			\
	BENCH_PEER_FILE_REF(X)

#if RS_HAVE_RCUREF
#define BENCH_PEER_RCUREF(X)	X(rcuref)
#else
#define BENCH_PEER_RCUREF(X)
#endif
#if RS_HAVE_FILE_REF
#define BENCH_PEER_FILE_REF(X)	X(file_ref)
#else
#define BENCH_PEER_FILE_REF(X)
#endif

#define X(name) extern const struct rs_provider bench_peer_##name;
BENCH_PEERS(X)
#undef X

struct command;
int bench_provider_set(struct command *cmd, unsigned int word, const char *name, void *field);

/* bench_counters.c */
int bench_counters_begin(struct rs_counter *counters, const struct rs_provider *provider,
			 unsigned int nr, bool atomic);
void bench_counters_kill(struct rs_counter *counters, unsigned int nr);
void bench_counters_exit(struct rs_counter *counters, unsigned int nr);
bool bench_counter_is_settled(struct rs_counter *counter, bool atomic);
int bench_counter_settle(struct rs_counter *counter, bool atomic);

/* bench_clock.c */

/* CLOCK_AUTO is the first clock of any other kind that the machine has. */
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
 * @kind: what the clock counts
 * @source: name of the source, for the bench file
 * @unit: unit of the results
 * @irqs_off: @read works with interrupts off
 * @begin: start the clock on this CPU; 0, or an errno if the machine has no such clock
 * @read: return the present value
 * @end: stop the clock; or NULL
 * @perf_config: the event, if perf is the source
 * @perf_type: the type of @perf_config
 *
 * Context: one user at a time, which stays on one CPU from @begin to @end.
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
int bench_compare(const void *a, const void *b);
int bench_loop(struct rs_counter *counter, const struct rs_bench_op *op,
	       const struct bench_clock *clock);
#define COLD_COUNTERS	32768U	/* a power of two; some MiB with all memory of the counters */
int bench_cold(struct rs_counter *counters, const struct rs_bench_op *op,
	       const struct bench_clock *clock);
int bench_init_exit(const struct rs_provider *provider, const struct bench_clock *clock);

/* bench_cpus.c */
int bench_threads_start(struct task_struct **threads, unsigned int *started,
			unsigned int skip, unsigned int nr, int (*function)(void *arg),
			void *args, size_t stride);
void bench_threads_stop(struct task_struct **threads, unsigned int started);
int bench_cpus(struct rs_counter *counter, const struct rs_bench_op *op,
	       unsigned int cpus, unsigned int ms);

/**
 * enum bench_kill_load - load on the CPUs during kills, a single killer's CPU excepted
 * @BENCH_KILL_ALONE: no load
 * @BENCH_KILL_USERS: get and put, until every counter refuses
 * @BENCH_KILL_BUSY: get and put, or failing attempts, until all counters are released
 * @BENCH_KILL_USED: get and put once, and rest before the first kill
 */
enum bench_kill_load { BENCH_KILL_ALONE, BENCH_KILL_USERS, BENCH_KILL_BUSY, BENCH_KILL_USED };

/**
 * struct bench_kill - which kills to measure
 * @provider: kind of the counters; its kill is more than a put
 * @refs: number of counters that are killed together
 * @batches: number of times that @refs counters are killed
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
 * struct bench_memory - which memory to measure
 * @provider: kind of the counters
 * @refs: number of counters
 */
struct bench_memory {
	const struct rs_provider *provider;
	u64			refs;
};

/* bench_memory.c */
int bench_memory(const struct bench_memory *setup);

#endif /* _REFSTORM_BENCH_INTERNAL_H */
