// SPDX-License-Identifier: GPL-2.0
/* Provider: our rs_refcount_t. */
#include <refstorm/refcount.h>

#define TYPE		rs_refcount_t
#define FN(name)	rs_refcount_##name
#define PROVIDER	rs_provider_rs_refcount
#define NAME		"rs_refcount"
#define ORIGIN		RS_ORIGIN_REFSTORM
#define REFCOUNT(counter)	refcount_of(counter)
#define COUNT_MAX		RS_REFCOUNT_MAX
#include "provider_refcount.h"
