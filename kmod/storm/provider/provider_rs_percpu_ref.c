// SPDX-License-Identifier: GPL-2.0
/* Providers rs_percpu_ref, rs_percpu_ref_dynamic and rs_percpu_ref_two_stage. */
#include <refstorm/percpu_ref.h>

#define TYPE		struct rs_percpu_ref
#define FN(name)	rs_percpu_ref_##name
#define READ_SLOT(ref, cpu, value)						\
	provider_read_slot((const unsigned long __percpu __force *)		\
			   (READ_ONCE((ref)->percpu_count_ptr) &		\
			    ~__RS_PERCPU_REF_ATOMIC), cpu, value)
#include "provider_rs_percpu_ref.h"

const struct rs_provider rs_provider_rs_percpu_ref = {
	PROVIDER_RS_PERCPU_REF(provider),
	.name		= "rs_percpu_ref",
	.kill		= provider_kill,
	.bench		= provider_bench,
};

/* A dynamic counter has slots only while it is used often. */
const struct rs_provider rs_provider_rs_percpu_ref_dynamic = {
	PROVIDER_RS_PERCPU_REF(provider),
	.name		= "rs_percpu_ref_dynamic",
	.init_flags	= RS_PERCPU_REF_DYNAMIC,
	.kill		= provider_kill,
	.bench		= provider_bench,
};

/* The kill of 2012 leaves the initial reference to the caller for whom it returns true. */
static bool provider_kill_two_stage(struct rs_counter *counter, bool confirm)
{
	struct rs_percpu_ref *ref = provider_ref(counter);

	if (!rs_percpu_ref_kill_two_stage(ref, confirm ? provider_confirm : NULL))
		return false;
	rs_percpu_ref_put(ref);
	return true;
}

const struct rs_provider rs_provider_rs_percpu_ref_two_stage = {
	PROVIDER_RS_PERCPU_REF(provider),
	.name		= "rs_percpu_ref_two_stage",
	.kill		= provider_kill_two_stage,
	.bench		= provider_bench,
};
