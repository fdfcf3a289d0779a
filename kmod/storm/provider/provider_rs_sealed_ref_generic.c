// SPDX-License-Identifier: GPL-2.0
/* Provider rs_sealed_ref_generic: our rs_sealed_ref, whose slots atomic operations seal. */
#define RS_SEALED_REF_GENERIC
#include <refstorm/sealed_ref.h>

#define TYPE		struct rs_sealed_ref
#define FN(name)	rs_sealed_ref_##name
#define READ_SLOT(ref, cpu, value)	provider_read_sealed_slot((ref)->slots, cpu, value)
#include "provider_rs_percpu_ref.h"

const struct rs_provider rs_provider_rs_sealed_ref_generic = {
	PROVIDER_RS_PERCPU_REF(provider),
	.name		= "rs_sealed_ref_generic",
	.kill		= provider_kill,
	.read_rounds	= provider_read_sealed_rounds,
	.bench		= provider_bench,
};
