// SPDX-License-Identifier: GPL-2.0
/*
 * Provider: our rs_percpu_ref, killed in two stages as in 2012: the caller who
 * got true drops the initial reference itself.
 */
#define PROVIDER	rs_provider_rs_percpu_ref_two_stage
#define NAME		"rs_percpu_ref_two_stage"
#define FLAGS		0
#include "provider_rs_percpu_ref.h"

static bool provider_kill_counter(struct rs_percpu_ref *ref,
				  void (*confirm)(struct rs_percpu_ref *ref))
{
	if (!rs_percpu_ref_kill_two_stage(ref, confirm))
		return false;
	rs_percpu_ref_put(ref);
	return true;
}
