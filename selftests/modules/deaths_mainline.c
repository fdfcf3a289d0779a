// SPDX-License-Identifier: GPL-2.0
/* Uses of mainline's percpu_ref that crash or hang the machine. */
#include <linux/percpu-refcount.h>

#define TYPE			struct percpu_ref
#define COUNTER(name)		percpu_ref_##name
#define FLAG(name)		PERCPU_REF_##name
#define SEQUENCE(name)		mainline_##name
#define REFUSED(call)		(call)
#define ACCEPTED(call)		(call)
#define CAUGHT(name)		do { } while (0)
#define WORD(ref)		(&(ref)->data->count)
#define SWITCH_WORD(ref)	(&(ref)->data->confirm_switch)

static bool is_confirmed(struct pt_regs *regs, void *arg)
{
	struct percpu_ref *ref = arg;

	return !READ_ONCE(ref->data->confirm_switch);
}

#include "deaths_sequences.h"
