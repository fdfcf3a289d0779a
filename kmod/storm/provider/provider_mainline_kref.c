// SPDX-License-Identifier: GPL-2.0
/* Provider: mainline's kref. */
#include <linux/kref.h>

#define TYPE		struct kref
#define FN(name)	kref_##name
#define SET(kref, n)	refcount_set(&(kref)->refcount, n)
#define PROVIDER	rs_provider_kref
#define NAME		"kref"
#define ORIGIN		RS_ORIGIN_MAINLINE
#define COUNT_MAX		REFCOUNT_MAX
#include "provider_kref.h"
