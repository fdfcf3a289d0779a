// SPDX-License-Identifier: GPL-2.0
/* The operations of rs_percpu_ref, for contexts.ko. */
#define REF_TYPE	struct rs_percpu_ref
#define REF(name)	rs_percpu_ref_##name
#define REF_KIND	context_percpu_ref
#include "contexts_counter.h"
