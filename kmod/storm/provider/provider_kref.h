/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Provider: kref or rs_kref, which have the same interface.
 *
 * The including file defines TYPE, FN(name), SET(kref, n), PROVIDER, NAME, ORIGIN
 * and COUNT_MAX, and OP(name) and LOOP(name) if get, put, tryget and the loops of the
 * benchmark are elsewhere. A kref moves one reference at a time.
 */
#include <linux/build_bug.h>
#include <linux/container_of.h>

#include "bench/bench.h"
#include "provider.h"

static TYPE *kref_of(struct rs_counter *counter)
{
	static_assert(sizeof(TYPE) <= RS_COUNTER_BYTES);
	return (TYPE *)counter->storage;
}

static int provider_init(struct rs_counter *counter, u32 count, unsigned int flags)
{
	FN(init)(kref_of(counter));
	if (count != 1)
		SET(kref_of(counter), count);
	return 0;
}

#ifndef OP
#define OP(name)	provider_##name
#define LOOP(name)	bench_##name

static void provider_release(TYPE *kref)
{
	struct rs_counter *counter =
		container_of((void *)kref, struct rs_counter, storage);

	counter->release(counter);
}

static void provider_get(struct rs_counter *counter, u32 nr)
{
	while (nr--)
		FN(get)(kref_of(counter));
}

static void provider_put(struct rs_counter *counter, u32 nr)
{
	while (nr--)
		FN(put)(kref_of(counter), provider_release);
}

static bool provider_tryget(struct rs_counter *counter, u32 nr)
{
	if (!FN(get_unless_zero)(kref_of(counter)))
		return false;
	provider_get(counter, nr - 1);
	return true;
}

static __always_inline bool do_get(struct rs_counter *counter, TYPE *ref)
{
	FN(get)(ref);
	return true;
}

static __always_inline bool do_put(struct rs_counter *counter, TYPE *ref)
{
	FN(put)(ref, provider_release);
	return true;
}

static __always_inline bool do_pair(struct rs_counter *counter, TYPE *ref)
{
	FN(get)(ref);
	return do_put(counter, ref);
}

static __always_inline bool do_get_unless_zero(struct rs_counter *counter, TYPE *ref)
{
	return FN(get_unless_zero)(ref);
}

RS_BENCH_LOOP(get, TYPE)
RS_BENCH_LOOP(put, TYPE)
RS_BENCH_LOOP(pair, TYPE)
RS_BENCH_LOOP(get_unless_zero, TYPE)
#endif

static const struct rs_bench_op provider_bench[] = {
	{ "get", LOOP(get), 1 },
	{ "put", LOOP(put), -1 },
	{ "pair", LOOP(pair) },
	{ "get_unless_zero", LOOP(get_unless_zero), 1 },
	{}
};

#define COUNTER_OF(counter) kref_of(counter)
#include "provider_saturating.h"
