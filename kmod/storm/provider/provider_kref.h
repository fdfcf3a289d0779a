/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Template: the operations of struct kref and struct rs_kref, which have the same interface.
 *
 * The including file defines TYPE, the counter's type, FN(name), the function of that type,
 * and SET(kref, n), and writes the table of its provider. A kref moves one reference at a time.
 */
#include <linux/build_bug.h>
#include <linux/container_of.h>

#include "provider.h"
#include "provider_bench.h"

static TYPE *provider_ref(struct rs_counter *counter)
{
	static_assert(sizeof(TYPE) <= RS_COUNTER_BYTES);
	return (TYPE *)counter->storage;
}

static int provider_init(struct rs_counter *counter, u32 count, unsigned int flags)
{
	FN(init)(provider_ref(counter));
	if (count != 1)
		SET(provider_ref(counter), count);
	return 0;
}

static void provider_release(TYPE *kref)
{
	struct rs_counter *counter =
		container_of((void *)kref, struct rs_counter, storage);

	counter->release(counter);
}

static void provider_get(struct rs_counter *counter, u32 nr)
{
	while (nr--)
		FN(get)(provider_ref(counter));
}

static void provider_put(struct rs_counter *counter, u32 nr)
{
	while (nr--)
		FN(put)(provider_ref(counter), provider_release);
}

static bool provider_tryget(struct rs_counter *counter, u32 nr)
{
	if (!FN(get_unless_zero)(provider_ref(counter)))
		return false;
	provider_get(counter, nr - 1);
	return true;
}

static void provider_inspect(struct rs_counter *counter, struct rs_counter_state *state)
{
	provider_word_state(counter, FN(read)(provider_ref(counter)), state);
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

/* The table of the loops whose names begin with @prefix */
#define PROVIDER_BENCH(prefix) {				\
	{ "get", prefix##_get, 1 },				\
	{ "put", prefix##_put, -1 },				\
	{ "pair", prefix##_pair },				\
	{ "get_unless_zero", prefix##_get_unless_zero, 1 },	\
	{}							\
}

static const struct rs_bench_op provider_bench[] = PROVIDER_BENCH(bench);
