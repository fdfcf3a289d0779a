/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Template: the operations that percpu_ref, rs_percpu_ref and rs_sealed_ref share.
 *
 * The including file defines TYPE, the counter's type, and FN(name), the function of that
 * type, adds tryget_live, kill and inspect, and writes the table of its provider.
 */
#include <linux/build_bug.h>
#include <linux/container_of.h>
#include <linux/gfp.h>
#include <linux/rcupdate.h>

#include "provider.h"
#include "provider_bench.h"

static TYPE *provider_ref(struct rs_counter *counter)
{
	static_assert(sizeof(TYPE) <= RS_COUNTER_BYTES);
	return (TYPE *)counter->storage;
}

static struct rs_counter *provider_counter(TYPE *ref)
{
	return container_of((void *)ref, struct rs_counter, storage);
}

static void provider_release(TYPE *ref)
{
	struct rs_counter *counter = provider_counter(ref);

	counter->release(counter);
}

static void provider_confirm(TYPE *ref)
{
	struct rs_counter *counter = provider_counter(ref);

	counter->confirm(counter);
}

static int provider_init(struct rs_counter *counter, u32 count, unsigned int flags)
{
	return FN(init)(provider_ref(counter), provider_release,
			counter->provider->init_flags | flags, GFP_KERNEL);
}

static void provider_exit(struct rs_counter *counter)
{
	FN(exit)(provider_ref(counter));
}

static void provider_switch_to_atomic(struct rs_counter *counter)
{
	FN(switch_to_atomic_sync)(provider_ref(counter));
}

static void provider_switch_to_percpu(struct rs_counter *counter)
{
	FN(switch_to_percpu)(provider_ref(counter));
}

static void provider_reinit(struct rs_counter *counter)
{
	FN(reinit)(provider_ref(counter));
}

static void provider_resurrect(struct rs_counter *counter)
{
	FN(resurrect)(provider_ref(counter));
}

static void provider_begin_switch_to_atomic(struct rs_counter *counter)
{
	FN(switch_to_atomic)(provider_ref(counter), NULL);
}

static const struct rs_counter_modes provider_modes = {
	.switch_to_atomic	= provider_switch_to_atomic,
	.switch_to_percpu	= provider_switch_to_percpu,
	.reinit			= provider_reinit,
	.resurrect		= provider_resurrect,
	.begin_switch_to_atomic	= provider_begin_switch_to_atomic,
};

static void provider_get(struct rs_counter *counter, u32 nr)
{
	FN(get_many)(provider_ref(counter), nr);
}

static void provider_put(struct rs_counter *counter, u32 nr)
{
	FN(put_many)(provider_ref(counter), nr);
}

static bool provider_tryget(struct rs_counter *counter, u32 nr)
{
	return FN(tryget_many)(provider_ref(counter), nr);
}

static __always_inline bool do_get(struct rs_counter *counter, TYPE *ref)
{
	FN(get)(ref);
	return true;
}

static __always_inline bool do_put(struct rs_counter *counter, TYPE *ref)
{
	FN(put)(ref);
	return true;
}

static __always_inline bool do_pair(struct rs_counter *counter, TYPE *ref)
{
	FN(get)(ref);
	return do_put(counter, ref);
}

static __always_inline bool do_tryget(struct rs_counter *counter, TYPE *ref)
{
	return FN(tryget)(ref);
}

static __always_inline bool do_tryget_live(struct rs_counter *counter, TYPE *ref)
{
	return FN(tryget_live)(ref);
}

static __always_inline bool do_tryget_live_held(struct rs_counter *counter, TYPE *ref)
{
	return FN(tryget_live_rcu)(ref);
}

RS_BENCH_LOOP(get, TYPE)
RS_BENCH_LOOP(put, TYPE)
RS_BENCH_LOOP(pair, TYPE)
RS_BENCH_LOOP(tryget, TYPE)
RS_BENCH_LOOP(tryget_live, TYPE)
RS_BENCH_LOOP(tryget_live_held, TYPE)

/* The caller of tryget_live_rcu is an RCU reader already. */
static void bench_tryget_live_rcu(struct rs_counter *counter, unsigned long n)
{
	rcu_read_lock();
	bench_tryget_live_held(counter, n);
	rcu_read_unlock();
}

/* The table of the loops whose names begin with @prefix */
#define PROVIDER_BENCH(prefix) {				\
	{ "get", prefix##_get, 1 },				\
	{ "put", prefix##_put, -1 },				\
	{ "pair", prefix##_pair },				\
	{ "tryget", prefix##_tryget, 1 },			\
	{ "tryget_live", prefix##_tryget_live, 1 },		\
	{ "tryget_live_rcu", prefix##_tryget_live_rcu, 1 },	\
	{ "pair_atomic", prefix##_pair, 0, true },		\
	{}							\
}

static const struct rs_bench_op provider_bench[] = PROVIDER_BENCH(bench);
