// SPDX-License-Identifier: GPL-2.0
/* Provider refcount: mainline's refcount_t. */
#include <linux/refcount.h>

#define TYPE		refcount_t
#define FN(name)	refcount_##name
#include "provider_refcount.h"

/* provider_word_state() compares with ours. */
static_assert(REFCOUNT_MAX == RS_REFCOUNT_MAX);

const struct rs_provider rs_provider_refcount = {
	.name		= "refcount",
	.origin		= RS_ORIGIN_MAINLINE,
	.saturates	= true,
	.init		= provider_init,
	.get		= provider_get,
	.put		= provider_put,
	.tryget		= provider_tryget,
	.kill		= provider_kill_by_put,
	.inspect	= provider_inspect,
	.size		= sizeof(refcount_t),
	.bench		= provider_bench,
};
