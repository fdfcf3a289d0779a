// SPDX-License-Identifier: GPL-2.0
/* Provider: our rs_percpu_ref. */
#define PROVIDER	rs_provider_rs_percpu_ref
#define NAME		"rs_percpu_ref"
#define FLAGS		0
#include "provider_rs_percpu_ref.h"

static bool provider_kill_counter(struct rs_percpu_ref *ref,
				  void (*confirm)(struct rs_percpu_ref *ref))
{
	return rs_percpu_ref_kill_and_confirm(ref, confirm);
}
