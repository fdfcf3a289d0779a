/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The benchmark, seen from the providers and from the control file.
 *
 * A provider's template makes one loop for each operation, with the operation
 * inlined as a user would have it, and lists them in a table. Everything else
 * is the same for all: bench_internal.h tells it.
 */
#ifndef _REFSTORM_BENCH_H
#define _REFSTORM_BENCH_H

#include <linux/compiler.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

struct command;
struct rs_counter;
struct seq_file;

/**
 * struct rs_bench_op - a loop around one operation
 * @name: of the operation, as in docs/performance.md
 * @loop: does it @n times; @n is at least 1
 * @delta: references that one time leaves (1), or takes away (-1)
 * @atomic: of a counter with modes: in atomic mode
 *
 * Context of @loop: interrupts off, or a pinned thread.
 */
struct rs_bench_op {
	const char	*name;
	void		(*loop)(struct rs_counter *counter, unsigned long n);
	int		delta;
	bool		atomic;
};

#ifdef __clang__
#define RS_BENCH_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define RS_BENCH_ROLLED _Pragma("GCC unroll 1")
#endif

/**
 * RS_BENCH_LOOP() - define bench_NAME(), the loop around an operation
 * @_name: of the operation, which is bool do_NAME(counter, ref)
 * @TYPE: of ref, the provider's own counter
 *
 * The operation is __always_inline; false, which ends the loop, is for what must
 * not happen. bench_nothing() is the same around nothing: what it takes is
 * subtracted. Nothing is unrolled: gcc 14 would make one turn of two around nothing,
 * and what is subtracted would depend on the compiler.
 */
#define RS_BENCH_LOOP(_name, TYPE)						\
static noinline void bench_##_name(struct rs_counter *counter, unsigned long n)	\
{										\
	TYPE * const ref = (TYPE *)counter->storage;				\
										\
	RS_BENCH_ROLLED								\
	do {									\
		if (!do_##_name(counter, ref))					\
			break;							\
		barrier();							\
	} while (--n);								\
}

/* For dec_and_lock: never taken, since the last reference is not dropped. */
extern spinlock_t rs_bench_lock;

#define BENCH_USAGE "provider=P [operation=O] [clock=auto|instructions|cycles|cpu_clock|ns] [cpus=N] [ms=N] [cold=0|1]"

#define BENCH_KILL_USAGE "provider=P [refs=N] [batches=N] [load=0|1] [from=one|all]"

#define BENCH_MEMORY_USAGE "provider=P [refs=N]"

/* Commands of the control file, and the bench file; see docs/debugfs.md */
int bench_command(struct command *cmd);
int bench_kill_command(struct command *cmd);
int bench_memory_command(struct command *cmd);
void bench_show(struct seq_file *m);

#endif /* _REFSTORM_BENCH_H */
