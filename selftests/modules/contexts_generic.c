// SPDX-License-Identifier: GPL-2.0
/* The operations of rs_sealed_ref, sealed by atomic operations, for contexts.ko. */
#define RS_SEALED_REF_GENERIC
#define REF_TYPE	struct rs_sealed_ref
#define REF(name)	rs_sealed_ref_##name
#define REF_KIND	context_sealed_generic
#include "contexts_counter.h"
