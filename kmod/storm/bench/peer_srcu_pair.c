// SPDX-License-Identifier: GPL-2.0
/*
 * Peer peer_srcu_pair: two counters per CPU, of gets and of puts, as a reader of SRCU counts
 * (Documentation/RCU, kernel/rcu/srcutree.c).
 *
 * Each is changed by its own CPU without a lock, with the full barrier that SRCU's readers have.
 * There is no teardown: no put learns that it was the last one. A kill is the put of the owner's
 * reference, and polls until the sums agree, puts first.
 */
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/sched.h>

#include <refstorm/alloc.h>

#include "refstorm_module.h"

struct peer_pair {
	unsigned long	gets;
	unsigned long	puts;
};

struct peer_srcu_pair {
	struct peer_pair __percpu *pairs;
};

#define TYPE		struct peer_srcu_pair

static __always_inline void peer_get(TYPE *ref)
{
	this_cpu_inc(ref->pairs->gets);
	smp_mb();	/* what the reference protects is used after the get: see peer_is_zero() */
}

static __always_inline bool peer_put(TYPE *ref)
{
	smp_mb();	/* what the reference protects was used before the put */
	this_cpu_inc(ref->pairs->puts);
	return false;
}

static __always_inline bool peer_tryget(TYPE *ref)
{
	peer_get(ref);
	return true;
}

#include "peer.h"

/* Each put that is seen has its get seen, since the gets are read later. */
static bool peer_is_zero(TYPE *ref)
{
	unsigned long gets = 0, puts = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		puts += READ_ONCE(per_cpu_ptr(ref->pairs, cpu)->puts);
	smp_mb();	/* pairs with both of peer_get() and peer_put() */
	for_each_possible_cpu(cpu)
		gets += READ_ONCE(per_cpu_ptr(ref->pairs, cpu)->gets);
	return gets == puts;
}

static int peer_init(struct rs_counter *counter, u32 count, unsigned int flags)
{
	TYPE *ref = peer_ref(counter);

	ref->pairs = rs_alloc_percpu(&refstorm_sites[SITE_BENCH], struct peer_pair, GFP_KERNEL);
	if (!ref->pairs)
		return -ENOMEM;
	peer_get_many(counter, count);
	return 0;
}

static void peer_exit(struct rs_counter *counter)
{
	rs_free_percpu(&refstorm_sites[SITE_BENCH], peer_ref(counter)->pairs);
}

static bool peer_kill(struct rs_counter *counter, bool confirm)
{
	TYPE *ref = peer_ref(counter);

	peer_put(ref);
	while (!peer_is_zero(ref))
		schedule_timeout_uninterruptible(1);
	counter->release(counter);
	return true;
}

const struct rs_provider bench_peer_peer_srcu_pair = {
	PEER_COMMON,
	.name		= "peer_srcu_pair",
	.origin		= RS_ORIGIN_PEER,
	.init		= peer_init,
	.exit		= peer_exit,
	.kill		= peer_kill,
};
