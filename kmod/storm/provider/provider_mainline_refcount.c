// SPDX-License-Identifier: GPL-2.0
/* Provider: mainline's refcount_t. */
#include <linux/refcount.h>

#define TYPE		refcount_t
#define FN(name)	refcount_##name
#define PROVIDER	rs_provider_refcount
#define NAME		"refcount"
#define ORIGIN		RS_ORIGIN_MAINLINE
#define COUNT_MAX		REFCOUNT_MAX
#include "provider_refcount.h"
