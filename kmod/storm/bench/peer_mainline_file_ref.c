// SPDX-License-Identifier: GPL-2.0
/* Peer file_ref: mainline's file_ref_t, since 6.13. */
#include <refstorm/compat.h>

#if RS_HAVE_FILE_REF
#include <linux/file_ref.h>

#define TYPE		file_ref_t

static __always_inline bool peer_tryget(TYPE *ref)
{
	return file_ref_get(ref);
}

static __always_inline void peer_get(TYPE *ref)
{
	(void)!file_ref_get(ref);
}

static __always_inline bool peer_put(TYPE *ref)
{
	return file_ref_put(ref);
}

#include "peer.h"

static int peer_init(struct rs_counter *counter, u32 count, unsigned int flags)
{
	file_ref_init(peer_ref(counter), count);
	return 0;
}

const struct rs_provider bench_peer_file_ref = {
	PEER_COMMON,
	.name		= "file_ref",
	.origin		= RS_ORIGIN_MAINLINE,
	.init		= peer_init,
	.kill		= provider_kill_by_put,
};
#endif /* RS_HAVE_FILE_REF */
