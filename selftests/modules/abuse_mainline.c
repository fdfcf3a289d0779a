// SPDX-License-Identifier: GPL-2.0
/* refcount_t, with the operations that this kernel has. */
#include <linux/refcount.h>

#include "abuse.h"

#define FUNCTION	abuse_mainline
#define TYPE		refcount_t
#define COUNTER(op)	refcount_##op
#define WITH_OLD(op)	__refcount_##op
#include "abuse_counter.h"
