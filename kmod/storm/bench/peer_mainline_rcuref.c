// SPDX-License-Identifier: GPL-2.0
/* Peer rcuref: mainline's rcuref_t, since 6.4. */
#include <refstorm/compat.h>

#if RS_HAVE_RCUREF
#include <linux/rcuref.h>

#define TYPE		rcuref_t

static __always_inline bool peer_tryget(TYPE *ref)
{
	return rcuref_get(ref);
}

static __always_inline void peer_get(TYPE *ref)
{
	(void)!rcuref_get(ref);
}

static __always_inline bool peer_put(TYPE *ref)
{
	return rcuref_put(ref);
}

#include "peer.h"

static int peer_init(struct rs_counter *counter, u32 count, unsigned int flags)
{
	rcuref_init(peer_ref(counter), count);
	return 0;
}

const struct rs_provider bench_peer_rcuref = {
	PEER_COMMON,
	.name		= "rcuref",
	.origin		= RS_ORIGIN_MAINLINE,
	.init		= peer_init,
	.kill		= provider_kill_by_put,
};
#endif /* RS_HAVE_RCUREF */
