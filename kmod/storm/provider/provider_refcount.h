/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Provider: refcount_t or rs_refcount_t, which have the same interface.
 *
 * The including file defines TYPE, FN(name), PROVIDER, NAME, ORIGIN and COUNT_MAX, and
 * OP(name) and LOOP(name) if get, put, tryget and the loops of the benchmark are elsewhere.
 */
#include <linux/build_bug.h>
#include <linux/spinlock.h>

#include "bench/bench.h"
#include "provider.h"

static TYPE *refcount_of(struct rs_counter *counter)
{
	static_assert(sizeof(TYPE) <= RS_COUNTER_BYTES);
	return (TYPE *)counter->storage;
}

static int provider_init(struct rs_counter *counter, u32 count, unsigned int flags)
{
	FN(set)(refcount_of(counter), count);
	return 0;
}

#ifndef OP
#define OP(name)	provider_##name
#define LOOP(name)	bench_##name

static void provider_get(struct rs_counter *counter, u32 nr)
{
	if (nr == 1)
		FN(inc)(refcount_of(counter));
	else
		FN(add)(nr, refcount_of(counter));
}

static void provider_put(struct rs_counter *counter, u32 nr)
{
	bool last;

	if (nr == 1)
		last = FN(dec_and_test)(refcount_of(counter));
	else
		last = FN(sub_and_test)(nr, refcount_of(counter));
	if (last)
		counter->release(counter);
}

static bool provider_tryget(struct rs_counter *counter, u32 nr)
{
	if (nr == 1)
		return FN(inc_not_zero)(refcount_of(counter));
	return FN(add_not_zero)(nr, refcount_of(counter));
}

static __always_inline bool do_inc(struct rs_counter *counter, TYPE *ref)
{
	FN(inc)(ref);
	return true;
}

static __always_inline bool do_dec_and_test(struct rs_counter *counter, TYPE *ref)
{
	if (FN(dec_and_test)(ref))
		counter->release(counter);
	return true;
}

static __always_inline bool do_pair(struct rs_counter *counter, TYPE *ref)
{
	FN(inc)(ref);
	return do_dec_and_test(counter, ref);
}

static __always_inline bool do_get_unless_zero(struct rs_counter *counter, TYPE *ref)
{
	return FN(inc_not_zero)(ref);
}

static __always_inline bool do_dec_and_lock(struct rs_counter *counter, TYPE *ref)
{
	if (FN(dec_and_lock)(ref, &rs_bench_lock)) {
		__acquire(&rs_bench_lock);	/* for sparse: held if true */
		spin_unlock(&rs_bench_lock);
		counter->release(counter);
	}
	return true;
}

RS_BENCH_LOOP(inc, TYPE)
RS_BENCH_LOOP(dec_and_test, TYPE)
RS_BENCH_LOOP(pair, TYPE)
RS_BENCH_LOOP(get_unless_zero, TYPE)
RS_BENCH_LOOP(dec_and_lock, TYPE)
#endif

static const struct rs_bench_op provider_bench[] = {
	{ "inc", LOOP(inc), 1 },
	{ "dec_and_test", LOOP(dec_and_test), -1 },
	{ "pair", LOOP(pair) },
	{ "get_unless_zero", LOOP(get_unless_zero), 1 },
	{ "dec_and_lock", LOOP(dec_and_lock), -1 },
	{}
};

#define COUNTER_OF(counter) refcount_of(counter)
#include "provider_saturating.h"
