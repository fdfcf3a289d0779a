/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loops that the benchmark runs around a provider's operations.
 *
 * A provider's template defines one loop for each operation, with the operation inlined as
 * a user's code would have it, and lists the loops in a table of struct rs_bench_op.
 */
#ifndef _REFSTORM_PROVIDER_BENCH_H
#define _REFSTORM_PROVIDER_BENCH_H

#include <linux/compiler.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

struct rs_counter;

/**
 * struct rs_bench_op - a loop around one operation
 * @name: name of the operation, as in docs/performance.md
 * @loop: runs the operation @n times; @n is at least 1
 * @delta: references that one run of the operation adds: 1, 0 or -1
 * @atomic: the operation is measured on a counter in atomic mode
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
 * @_name: name of the operation, which is bool do_NAME(counter, ref)
 * @TYPE: type of ref, the provider's own counter
 *
 * do_NAME() is __always_inline, and returns false, which ends the loop, if the operation
 * fails; no operation does in a benchmark. The benchmark subtracts the cost of
 * bench_nothing(), the same loop around an empty operation. The loop is not unrolled:
 * gcc 14 would unroll bench_nothing() alone, and the difference would depend on the compiler.
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

/* The lock of dec_and_lock, which never takes it: the last reference is not dropped. */
extern spinlock_t rs_bench_lock;

#endif /* _REFSTORM_PROVIDER_BENCH_H */
