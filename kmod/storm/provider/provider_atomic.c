// SPDX-License-Identifier: GPL-2.0
/* Provider: a bare atomic_t, the baseline. It has no checks of its own. */
#include <linux/atomic.h>
#include <linux/build_bug.h>

#include "bench/bench.h"
#include "provider.h"

static atomic_t *atomic_of(struct rs_counter *counter)
{
	static_assert(sizeof(atomic_t) <= RS_COUNTER_BYTES);
	return (atomic_t *)counter->storage;
}

static int atomic_provider_init(struct rs_counter *counter, u32 count,
				unsigned int flags)
{
	atomic_set(atomic_of(counter), count);
	return 0;
}

static void atomic_provider_get(struct rs_counter *counter, u32 nr)
{
	atomic_add(nr, atomic_of(counter));
}

static void atomic_provider_put(struct rs_counter *counter, u32 nr)
{
	if (atomic_sub_and_test(nr, atomic_of(counter)))
		counter->release(counter);
}

static bool atomic_provider_tryget(struct rs_counter *counter, u32 nr)
{
	return atomic_add_unless(atomic_of(counter), nr, 0);
}

static bool atomic_provider_kill(struct rs_counter *counter, bool confirm)
{
	atomic_provider_put(counter, 1);
	return true;
}

static void atomic_provider_inspect(struct rs_counter *counter,
				    struct rs_counter_state *state)
{
	u32 count = atomic_read(atomic_of(counter));

	*state = (struct rs_counter_state) {
		.countable	= true,
		.count		= count,
		.zero		= !count,
	};
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

static const struct rs_bench_op atomic_bench[] = {
	{ "inc", bench_inc, 1 },
	{ "dec_and_test", bench_dec_and_test, -1 },
	{ "pair", bench_pair },
	{ "get_unless_zero", bench_get_unless_zero, 1 },
	{}
};

const struct rs_provider rs_provider_atomic = {
	.name		= "atomic",
	.origin		= RS_ORIGIN_BASELINE,
	.init		= atomic_provider_init,
	.get		= atomic_provider_get,
	.put		= atomic_provider_put,
	.tryget		= atomic_provider_tryget,
	.kill		= atomic_provider_kill,
	.inspect	= atomic_provider_inspect,
	.size		= sizeof(atomic_t),
	.bench		= atomic_bench,
};
