// SPDX-License-Identifier: GPL-2.0
/* The same uses of ours, which answers them. */
#include <refstorm/percpu_ref.h>

#define TYPE			struct rs_percpu_ref
#define COUNTER(name)		rs_percpu_ref_##name
#define FLAG(name)		RS_PERCPU_REF_##name
#define SEQUENCE(name)		ours_##name
#define REFUSED(call)		check((call) == -EINVAL)
#define ACCEPTED(call)		check(!(call))
#define CAUGHT(name)		caught(name)
/* The word is the first member of the count that data points to. */
#define WORD(ref)		rcu_dereference_raw((ref)->data.count)
#define SWITCH_WORD(ref)	WORD(ref)

static bool is_confirmed(struct pt_regs *regs, void *arg)
{
	struct rs_percpu_ref_state state;

	rs_percpu_ref_inspect(arg, &state);
	return state.mode == RS_PERCPU_REF_ATOMIC;
}

#include "deaths_sequences.h"
