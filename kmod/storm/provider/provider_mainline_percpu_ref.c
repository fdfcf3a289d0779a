// SPDX-License-Identifier: GPL-2.0
/* Provider: mainline's percpu_ref. */
#include <linux/bits.h>

#include "mainline_percpu_ref.h"

#define TYPE		struct percpu_ref
#define FN(name)	percpu_ref_##name
#define PROVIDER	rs_provider_percpu_ref
#define NAME		"percpu_ref"
#define ORIGIN		RS_ORIGIN_MAINLINE
#define KILL_ONCE	false
#define KILL_SLEEPS_ON_RT "percpu_ref_kill() takes the lock of all percpu_refs, which sleeps there"
#define KILL_WAITS	true
#define ENDS_EARLY	false
#define EXIT_WAITS	false
#define INIT(name)	PERCPU_REF_##name
#define FLAGS		0
#define TRACKED	0
#define TRACKING	NULL
#define FLAGS_READ(call) MAINLINE_FLAGS_READ(call)
#include "provider_percpu_ref.h"

/* Mainline's kill does not say; a second one warns, and drops a reference. */
static bool provider_kill_counter(struct percpu_ref *ref,
				  void (*confirm)(struct percpu_ref *ref))
{
	percpu_ref_kill_and_confirm(ref, confirm);
	return true;
}

static void provider_inspect(struct rs_counter *counter,
			     struct rs_counter_state *state)
{
	struct percpu_ref *ref = percpu_ref_of(counter);
	unsigned long __percpu *slots;
	unsigned long count;

	*state = (struct rs_counter_state) {
		.killable	= true,
		.dying		= FLAGS_READ(percpu_ref_is_dying(ref)),
	};
	if (__ref_is_percpu(ref, &slots)) {
		state->mode = RS_COUNTER_PERCPU;
		return;
	}
	/* Mainline's bias is the top bit; the count may be just below it. */
	count = atomic_long_read(&ref->data->count);
	if (count & GENMASK(BITS_PER_LONG - 1, BITS_PER_LONG - 2)) {
		state->mode = RS_COUNTER_SWITCHING;
		return;
	}
	state->mode = RS_COUNTER_ATOMIC;
	state->countable = true;
	state->count = count;
	state->zero = percpu_ref_is_zero(ref);
}
