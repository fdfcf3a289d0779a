// SPDX-License-Identifier: GPL-2.0
/* Provider kref: mainline's struct kref. */
#include <linux/kref.h>

#define TYPE		struct kref
#define FN(name)	kref_##name
#define SET(kref, n)	refcount_set(&(kref)->refcount, n)
#include "provider_kref.h"

const struct rs_provider rs_provider_kref = {
	.name		= "kref",
	.origin		= RS_ORIGIN_MAINLINE,
	.saturates	= true,
	.init		= provider_init,
	.get		= provider_get,
	.put		= provider_put,
	.tryget		= provider_tryget,
	.kill		= provider_kill_by_put,
	.inspect	= provider_inspect,
	.size		= sizeof(struct kref),
	.bench		= provider_bench,
};
