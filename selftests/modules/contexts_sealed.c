// SPDX-License-Identifier: GPL-2.0
/* The operations of rs_sealed_ref, sealed by interrupts, for contexts.ko. */
#define REF_TYPE	struct rs_sealed_ref
#define REF(name)	rs_sealed_ref_##name
#define REF_KIND	context_sealed_ref
#include "contexts_counter.h"
