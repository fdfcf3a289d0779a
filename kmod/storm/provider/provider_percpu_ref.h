/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Provider: percpu_ref or rs_percpu_ref, which have the same interface but for
 * what kill returns and how one looks inside.
 *
 * The including file defines TYPE, FN(name), PROVIDER, NAME, ORIGIN, KILL_ONCE,
 * KILL_SLEEPS_ON_RT, KILL_WAITS, ENDS_EARLY, EXIT_WAITS, TRACKED, INIT(name) and FLAGS for
 * init, and provider_tracking or NULL as TRACKING, the functions provider_kill_counter() and
 * provider_inspect(). If get, put, tryget, tryget_live, kill and the loops of the
 * benchmark are elsewhere, OP(name) and LOOP(name), and no provider_kill_counter().
 * Mainline's also defines FLAGS_READ(call), around what looks at the flags of the pointer.
 */
#include <linux/build_bug.h>
#include <linux/container_of.h>
#include <linux/gfp.h>

#include "bench/bench.h"
#include "provider.h"

#ifndef FLAGS_READ
#define FLAGS_READ(call) (call)
#endif

static TYPE *percpu_ref_of(struct rs_counter *counter)
{
	static_assert(sizeof(TYPE) <= RS_COUNTER_BYTES);
	return (TYPE *)counter->storage;
}

static struct rs_counter *counter_of(TYPE *ref)
{
	return container_of((void *)ref, struct rs_counter, storage);
}

static void provider_inspect(struct rs_counter *counter,
			     struct rs_counter_state *state);

static void provider_release(TYPE *ref)
{
	struct rs_counter *counter = counter_of(ref);

	counter->release(counter);
}

static int provider_init(struct rs_counter *counter, u32 count, unsigned int flags)
{
	unsigned int init = FLAGS;

	if (flags & RS_COUNTER_INIT_ATOMIC)
		init |= INIT(INIT_ATOMIC);
	if (flags & RS_COUNTER_INIT_DEAD)
		init |= INIT(INIT_DEAD);
	if (flags & RS_COUNTER_ALLOW_REINIT)
		init |= INIT(ALLOW_REINIT);
	if (flags & RS_COUNTER_TRACKED)
		init |= TRACKED;
	return FN(init)(percpu_ref_of(counter), provider_release, init, GFP_KERNEL);
}

static void provider_exit(struct rs_counter *counter)
{
	FN(exit)(percpu_ref_of(counter));
}

static void provider_switch_to_atomic(struct rs_counter *counter)
{
	FN(switch_to_atomic_sync)(percpu_ref_of(counter));
}

static void provider_switch_to_percpu(struct rs_counter *counter)
{
	FN(switch_to_percpu)(percpu_ref_of(counter));
}

static void provider_reinit(struct rs_counter *counter)
{
	FN(reinit)(percpu_ref_of(counter));
}

static void provider_resurrect(struct rs_counter *counter)
{
	FN(resurrect)(percpu_ref_of(counter));
}

static void provider_begin_switch_to_atomic(struct rs_counter *counter)
{
	FN(switch_to_atomic)(percpu_ref_of(counter), NULL);
}

static const struct rs_counter_modes provider_modes = {
	.switch_to_atomic	= provider_switch_to_atomic,
	.switch_to_percpu	= provider_switch_to_percpu,
	.reinit			= provider_reinit,
	.resurrect		= provider_resurrect,
	.begin_switch_to_atomic	= provider_begin_switch_to_atomic,
};

#ifndef OP
#define OP(name)	provider_##name
#define LOOP(name)	bench_##name

static bool provider_kill_counter(TYPE *ref, void (*confirm)(TYPE *ref));

static void provider_confirm(TYPE *ref)
{
	struct rs_counter *counter = counter_of(ref);

	counter->confirm(counter);
}

static void provider_get(struct rs_counter *counter, u32 nr)
{
	FN(get_many)(percpu_ref_of(counter), nr);
}

static void provider_put(struct rs_counter *counter, u32 nr)
{
	FN(put_many)(percpu_ref_of(counter), nr);
}

static bool provider_tryget(struct rs_counter *counter, u32 nr)
{
	return FN(tryget_many)(percpu_ref_of(counter), nr);
}

static bool provider_tryget_live(struct rs_counter *counter)
{
	return FLAGS_READ(FN(tryget_live)(percpu_ref_of(counter)));
}

static bool provider_kill(struct rs_counter *counter, bool confirm)
{
	return provider_kill_counter(percpu_ref_of(counter),
				     confirm ? provider_confirm : NULL);
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

/* For a caller who is an RCU reader already. */
static void bench_tryget_live_rcu(struct rs_counter *counter, unsigned long n)
{
	rcu_read_lock();
	bench_tryget_live_held(counter, n);
	rcu_read_unlock();
}
#endif

static const struct rs_bench_op provider_bench[] = {
	{ "get", LOOP(get), 1 },
	{ "put", LOOP(put), -1 },
	{ "pair", LOOP(pair) },
	{ "tryget", LOOP(tryget), 1 },
	{ "tryget_live", LOOP(tryget_live), 1 },
	{ "tryget_live_rcu", LOOP(tryget_live_rcu), 1 },
	{ "pair_atomic", LOOP(pair), 0, true },
	{}
};

const struct rs_provider PROVIDER = {
	.name		= NAME,
	.origin		= ORIGIN,
	.percpu		= true,
	.kill_once	= KILL_ONCE,
	.kill_sleeps_on_rt = KILL_SLEEPS_ON_RT,
	.kill_waits	= KILL_WAITS,
	.ends_early	= ENDS_EARLY,
	.ends_alive	= true,
	.exit_waits	= EXIT_WAITS,
	.modes		= &provider_modes,
	.tracking	= TRACKING,
	.init		= provider_init,
	.exit		= provider_exit,
	.get		= OP(get),
	.put		= OP(put),
	.tryget		= OP(tryget),
	.tryget_live	= OP(tryget_live),
	.kill		= OP(kill),
	.inspect	= provider_inspect,
	.size		= sizeof(TYPE),
	.bench		= provider_bench,
};
