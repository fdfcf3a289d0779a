// SPDX-License-Identifier: GPL-2.0
/* Provider: our rs_kref. */
#include <refstorm/kref.h>

#define TYPE		struct rs_kref
#define FN(name)	rs_kref_##name
#define SET(kref, n)	rs_refcount_set(&(kref)->refcount, n)
#define PROVIDER	rs_provider_rs_kref
#define NAME		"rs_kref"
#define ORIGIN		RS_ORIGIN_REFSTORM
#define REFCOUNT(counter)	(&kref_of(counter)->refcount)
#define COUNT_MAX		RS_REFCOUNT_MAX
#include "provider_kref.h"
