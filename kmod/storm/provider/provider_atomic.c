// SPDX-License-Identifier: GPL-2.0
/* Provider atomic: a bare atomic_t, the baseline. An atomic_t checks nothing. */
#include <linux/atomic.h>
#include <linux/build_bug.h>

#include "provider.h"
#include "provider_bench.h"

#define TYPE		atomic_t

static atomic_t *provider_ref(struct rs_counter *counter)
{
	static_assert(sizeof(atomic_t) <= RS_COUNTER_BYTES);
	return (atomic_t *)counter->storage;
}

static int provider_init(struct rs_counter *counter, u32 count, unsigned int flags)
{
	atomic_set(provider_ref(counter), count);
	return 0;
}

static void provider_get(struct rs_counter *counter, u32 nr)
{
	atomic_add(nr, provider_ref(counter));
}

static void provider_put(struct rs_counter *counter, u32 nr)
{
	if (atomic_sub_and_test(nr, provider_ref(counter)))
		counter->release(counter);
}

static bool provider_tryget(struct rs_counter *counter, u32 nr)
{
	return atomic_add_unless(provider_ref(counter), nr, 0);
}

static void provider_inspect(struct rs_counter *counter, struct rs_counter_state *state)
{
	provider_word_state(counter, atomic_read(provider_ref(counter)), state);
}

static __always_inline bool do_inc(struct rs_counter *counter, atomic_t *ref)
{
	atomic_inc(ref);
	return true;
}

static __always_inline bool do_dec_and_test(struct rs_counter *counter, atomic_t *ref)
{
	if (atomic_dec_and_test(ref))
		counter->release(counter);
	return true;
}

static __always_inline bool do_pair(struct rs_counter *counter, atomic_t *ref)
{
	atomic_inc(ref);
	return do_dec_and_test(counter, ref);
}

static __always_inline bool do_get_unless_zero(struct rs_counter *counter, atomic_t *ref)
{
	return atomic_inc_not_zero(ref);
}

RS_BENCH_LOOP(inc, atomic_t)
RS_BENCH_LOOP(dec_and_test, atomic_t)
RS_BENCH_LOOP(pair, atomic_t)
RS_BENCH_LOOP(get_unless_zero, atomic_t)

static const struct rs_bench_op provider_bench[] = {
	{ "inc", bench_inc, 1 },
	{ "dec_and_test", bench_dec_and_test, -1 },
	{ "pair", bench_pair },
	{ "get_unless_zero", bench_get_unless_zero, 1 },
	{}
};

const struct rs_provider rs_provider_atomic = {
	PROVIDER_WORD(provider),
	.name		= "atomic",
	.origin		= RS_ORIGIN_BASELINE,
	.bench		= provider_bench,
};
