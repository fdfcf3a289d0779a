// SPDX-License-Identifier: GPL-2.0
/* Provider kref: mainline's struct kref. */
#include <linux/kref.h>

#define TYPE		struct kref
#define FN(name)	kref_##name
#define SET(kref, n)	refcount_set(&(kref)->refcount, n)
#include "provider_kref.h"

const struct rs_provider rs_provider_kref = {
	PROVIDER_WORD(provider),
	.name		= "kref",
	.origin		= RS_ORIGIN_MAINLINE,
	.saturates	= true,
	.bench		= provider_bench,
};
