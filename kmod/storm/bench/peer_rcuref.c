// SPDX-License-Identifier: GPL-2.0
/*
 * Peer peer_rcuref: a count in one word, after mainline's rcuref (commit ee1ee6db0779, "atomics:
 * Provide rcuref - scalable reference counting").
 *
 * The word holds the number of references less one. A get and a put are one addition, without
 * a comparison before it; the sign of the result says whether more is to be done. The put that
 * leaves -1 exchanges -1 for DEAD, and is the last one if no get came between. Mainline's own
 * rcuref, where the kernel has it, is peer_mainline.c.
 */
#include <linux/atomic.h>
#include <linux/compiler.h>

struct peer_rcuref {
	atomic_t	count;
};

#define TYPE		struct peer_rcuref
/*
 * The negative numbers, as unsigned ones: past the maximum, then dead. SATURATED and DEAD lie in
 * the middle of their halves, so that additions which race with each other stay within.
 */
#define SATURATED	0xa0000000U
#define FIRST_DEAD	0xc0000000U
#define DEAD		0xe0000000U
#define NO_REFERENCE	0xffffffffU

static noinline bool peer_get_slowly(TYPE *ref)
{
	unsigned int count = atomic_read(&ref->count);

	if (count >= FIRST_DEAD) {
		atomic_set(&ref->count, DEAD);
		return false;
	}
	if ((int)count < 0)
		atomic_set(&ref->count, SATURATED);
	return true;
}

static noinline bool peer_put_slowly(TYPE *ref)
{
	int count = atomic_read(&ref->count);

	if ((unsigned int)count == NO_REFERENCE)
		return atomic_try_cmpxchg_release(&ref->count, &count, DEAD);
	if ((unsigned int)count >= FIRST_DEAD)
		atomic_set(&ref->count, DEAD);
	else if (count < 0)
		atomic_set(&ref->count, SATURATED);
	return false;
}

static __always_inline bool peer_tryget(TYPE *ref)
{
	return likely(!atomic_add_negative(1, &ref->count)) || peer_get_slowly(ref);
}

static __always_inline void peer_get(TYPE *ref)
{
	peer_tryget(ref);
}

static __always_inline bool peer_put(TYPE *ref)
{
	return unlikely(atomic_add_negative(-1, &ref->count)) && peer_put_slowly(ref);
}

#include "peer.h"

static int peer_init(struct rs_counter *counter, u32 count, unsigned int flags)
{
	atomic_set(&peer_ref(counter)->count, (int)count - 1);
	return 0;
}

const struct rs_provider bench_peer_peer_rcuref = {
	PEER_COMMON,
	.name		= "peer_rcuref",
	.origin		= RS_ORIGIN_PEER,
	.init		= peer_init,
	.kill		= provider_kill_by_put,
};
