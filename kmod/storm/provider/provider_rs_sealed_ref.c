// SPDX-License-Identifier: GPL-2.0
/*
 * Providers rs_sealed_ref, rs_sealed_ref_dynamic and cxx_sealed_ref: our rs_sealed_ref, whose
 * slots interrupts seal.
 */
#include <refstorm/abi.h>

#define TYPE		struct rs_sealed_ref
#define FN(name)	rs_sealed_ref_##name
#define READ_SLOT(ref, cpu, value)	provider_read_sealed_slot((ref)->slots, cpu, value)
#include "provider_rs_percpu_ref.h"

const struct rs_provider rs_provider_rs_sealed_ref = {
	PROVIDER_RS_PERCPU_REF(provider),
	.name		= "rs_sealed_ref",
	.kill		= provider_kill,
	.read_rounds	= provider_read_sealed_rounds,
	.bench		= provider_bench,
};

/* A dynamic counter has slots only while it is used often. */
const struct rs_provider rs_provider_rs_sealed_ref_dynamic = {
	PROVIDER_RS_PERCPU_REF(provider),
	.name		= "rs_sealed_ref_dynamic",
	.init_flags	= RS_PERCPU_REF_DYNAMIC,
	.kill		= provider_kill,
	.read_rounds	= provider_read_sealed_rounds,
	.bench		= provider_bench,
};

#ifdef CONFIG_X86_64
static const struct rs_bench_op provider_cxx_bench[] = PROVIDER_BENCH(rs_cxx_sealed_ref_bench);

/*
 * Get, put, tryget and kill go through the C++ handles of kmod/cxx/providers.cc. The other
 * operations are those of C, so each counter goes from one language to the other and back.
 */
const struct rs_provider rs_provider_cxx_sealed_ref = {
	PROVIDER_RS_PERCPU_REF(rs_cxx_sealed_ref),
	.name		= "cxx_sealed_ref",
	.kill		= rs_cxx_sealed_ref_kill,
	.read_rounds	= provider_read_sealed_rounds,
	.bench		= provider_cxx_bench,
};
#endif
