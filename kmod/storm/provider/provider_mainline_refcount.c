// SPDX-License-Identifier: GPL-2.0
/* Provider refcount: mainline's refcount_t. */
#include <linux/refcount.h>

#define TYPE		refcount_t
#define FN(name)	refcount_##name
#include "provider_refcount.h"

/* provider_word_state() compares with ours. */
static_assert(REFCOUNT_MAX == RS_REFCOUNT_MAX);

const struct rs_provider rs_provider_refcount = {
	PROVIDER_WORD(provider),
	.name		= "refcount",
	.origin		= RS_ORIGIN_MAINLINE,
	.saturates	= true,
	.bench		= provider_bench,
};
