/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Template: the operations of refcount_t and rs_refcount_t, which have the same interface.
 *
 * The including file defines TYPE, the counter's type, and FN(name), the function of that
 * type, and writes the table of its provider.
 */
#include <linux/build_bug.h>
#include <linux/spinlock.h>

#include "provider.h"
#include "provider_bench.h"

static TYPE *provider_ref(struct rs_counter *counter)
{
	static_assert(sizeof(TYPE) <= RS_COUNTER_BYTES);
	return (TYPE *)counter->storage;
}

static int provider_init(struct rs_counter *counter, u32 count, unsigned int flags)
{
	FN(set)(provider_ref(counter), count);
	return 0;
}

static void provider_get(struct rs_counter *counter, u32 nr)
{
	if (nr == 1)
		FN(inc)(provider_ref(counter));
	else
		FN(add)(nr, provider_ref(counter));
}

static void provider_put(struct rs_counter *counter, u32 nr)
{
	bool last;

	if (nr == 1)
		last = FN(dec_and_test)(provider_ref(counter));
	else
		last = FN(sub_and_test)(nr, provider_ref(counter));
	if (last)
		counter->release(counter);
}

static bool provider_tryget(struct rs_counter *counter, u32 nr)
{
	if (nr == 1)
		return FN(inc_not_zero)(provider_ref(counter));
	return FN(add_not_zero)(nr, provider_ref(counter));
}

static void provider_inspect(struct rs_counter *counter, struct rs_counter_state *state)
{
	provider_word_state(counter, FN(read)(provider_ref(counter)), state);
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

/* The table of the loops whose names begin with @prefix */
#define PROVIDER_BENCH(prefix) {				\
	{ "inc", prefix##_inc, 1 },				\
	{ "dec_and_test", prefix##_dec_and_test, -1 },		\
	{ "pair", prefix##_pair },				\
	{ "get_unless_zero", prefix##_get_unless_zero, 1 },	\
	{ "dec_and_lock", prefix##_dec_and_lock, -1 },		\
	{}							\
}

static const struct rs_bench_op provider_bench[] = PROVIDER_BENCH(bench);
