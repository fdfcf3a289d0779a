/* SPDX-License-Identifier: GPL-2.0 */
/* Ours, which has every operation on every kernel; included by abuse_rs.c and abuse_generic.c. */
#include <refstorm/refcount.h>

#include "abuse.h"

#undef HAVE_SET_RELEASE
#undef HAVE_ACQUIRE
#undef HAVE_LIMITED
#define HAVE_SET_RELEASE 1
#define HAVE_ACQUIRE 1
#define HAVE_LIMITED 1

#define TYPE		rs_refcount_t
#define COUNTER(op)	rs_refcount_##op
#define WITH_OLD(op)	__rs_refcount_##op
#include "abuse_counter.h"
