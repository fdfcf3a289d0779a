// SPDX-License-Identifier: GPL-2.0
/* Provider: our rs_sealed_ref that comes by its slots when it is hot. */
#include <refstorm/sealed_ref.h>

#define PROVIDER	rs_provider_rs_sealed_ref_dynamic
#define NAME		"rs_sealed_ref_dynamic"
#define TYPE		struct rs_sealed_ref
#define FN(name)	rs_sealed_ref_##name
#define FLAGS		RS_PERCPU_REF_DYNAMIC
#include "provider_rs_percpu_ref.h"

static bool provider_kill_counter(struct rs_sealed_ref *ref,
				  void (*confirm)(struct rs_sealed_ref *ref))
{
	return rs_sealed_ref_kill_and_confirm(ref, confirm);
}
