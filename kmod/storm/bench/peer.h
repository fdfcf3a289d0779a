/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Peers: what other algorithms cost, beside ours and beside mainline's percpu_ref.
 *
 * A peer is a table of operations as a provider is, which only the benchmark drives. No storm
 * proves a peer right: a peer counts correctly, and lacks what a counter for users needs
 * (warnings, saturation everywhere, an end that is safe from every context).
 *
 *	peer_rcuref		one word, which one addition changes and whose sign decides
 *	peer_locked_percpu	a locked addition to a slot per CPU, which a kill exchanges
 *	peer_srcu_pair		two unlocked counters per CPU, of gets and of puts; no teardown
 *	rcuref, file_ref	mainline's own, where the kernel has them
 *
 * The including file defines TYPE, peer_get(), peer_put() and peer_tryget(), and writes the
 * table of its peer.
 */
#include <linux/build_bug.h>

#include "bench_internal.h"

static TYPE *peer_ref(struct rs_counter *counter)
{
	static_assert(sizeof(TYPE) <= RS_COUNTER_BYTES);
	return (TYPE *)counter->storage;
}

static void peer_get_many(struct rs_counter *counter, u32 nr)
{
	while (nr--)
		peer_get(peer_ref(counter));
}

static void peer_put_many(struct rs_counter *counter, u32 nr)
{
	while (nr--)
		if (peer_put(peer_ref(counter)))
			counter->release(counter);
}

/* Each reference is taken while the one before is held; only the first can be refused. */
static bool peer_tryget_many(struct rs_counter *counter, u32 nr)
{
	if (!peer_tryget(peer_ref(counter)))
		return false;
	peer_get_many(counter, nr - 1);
	return true;
}

static __always_inline bool do_get(struct rs_counter *counter, TYPE *ref)
{
	peer_get(ref);
	return true;
}

static __always_inline bool do_put(struct rs_counter *counter, TYPE *ref)
{
	if (peer_put(ref))
		counter->release(counter);
	return true;
}

static __always_inline bool do_pair(struct rs_counter *counter, TYPE *ref)
{
	peer_get(ref);
	return do_put(counter, ref);
}

static __always_inline bool do_tryget(struct rs_counter *counter, TYPE *ref)
{
	return peer_tryget(ref);
}

RS_BENCH_LOOP(get, TYPE)
RS_BENCH_LOOP(put, TYPE)
RS_BENCH_LOOP(pair, TYPE)
RS_BENCH_LOOP(tryget, TYPE)

static const struct rs_bench_op peer_bench[] = {
	{ "get", bench_get, 1 },
	{ "put", bench_put, -1 },
	{ "pair", bench_pair },
	{ "tryget", bench_tryget, 1 },
	{}
};

/* The part of a table that all peers share */
#define PEER_COMMON				\
	.get		= peer_get_many,	\
	.put		= peer_put_many,	\
	.tryget		= peer_tryget_many,	\
	.size		= sizeof(TYPE),		\
	.bench		= peer_bench
