// SPDX-License-Identifier: GPL-2.0
/* Provider percpu_ref: mainline's struct percpu_ref. */
#include <linux/bits.h>

#include "mainline_percpu_ref.h"

#define TYPE		struct percpu_ref
#define FN(name)	percpu_ref_##name
#include "provider_percpu_ref.h"

/* provider_init() passes flags of enum rs_counter_init to percpu_ref_init(). */
static_assert((int)RS_COUNTER_INIT_ATOMIC == (int)PERCPU_REF_INIT_ATOMIC);
static_assert((int)RS_COUNTER_INIT_DEAD == (int)PERCPU_REF_INIT_DEAD);
static_assert((int)RS_COUNTER_ALLOW_REINIT == (int)PERCPU_REF_ALLOW_REINIT);

static bool provider_tryget_live(struct rs_counter *counter)
{
	return MAINLINE_FLAGS_READ(percpu_ref_tryget_live(provider_ref(counter)));
}

/* percpu_ref_kill() returns nothing; a second call warns and drops a reference. */
static bool provider_kill(struct rs_counter *counter, bool confirm)
{
	percpu_ref_kill_and_confirm(provider_ref(counter), confirm ? provider_confirm : NULL);
	return true;
}

static void provider_inspect(struct rs_counter *counter, struct rs_counter_state *state)
{
	struct percpu_ref *ref = provider_ref(counter);
	unsigned long __percpu *slots;
	unsigned long count;

	*state = (struct rs_counter_state) {
		.killable	= true,
		.dying		= MAINLINE_FLAGS_READ(percpu_ref_is_dying(ref)),
	};
	/* Mainline's bias is the top bit; the count may be just below it. */
	count = atomic_long_read(&ref->data->count);
	state->word = (s64)(count << 1) >> 1;
	if (__ref_is_percpu(ref, &slots)) {
		state->mode = RS_COUNTER_PERCPU;
		return;
	}
	if (count & GENMASK(BITS_PER_LONG - 1, BITS_PER_LONG - 2)) {
		state->mode = RS_COUNTER_SWITCHING;
		return;
	}
	state->mode = RS_COUNTER_ATOMIC;
	state->countable = true;
	state->count = count;
	/* percpu_ref_is_zero() takes a lock, which the caller of a callback may hold. */
	state->zero = !count;
	state->whole = true;
}

static bool provider_slot(struct rs_counter *counter, int cpu, s64 *value)
{
	unsigned long slots = provider_ref(counter)->percpu_count_ptr &
			      ~(unsigned long)__PERCPU_REF_ATOMIC_DEAD;

	return provider_read_slot((const unsigned long __percpu __force *)slots, cpu, value);
}

const struct rs_provider rs_provider_percpu_ref = {
	.name		= "percpu_ref",
	.origin		= RS_ORIGIN_MAINLINE,
	.percpu		= true,
	.kill_sleeps_on_rt =
		"percpu_ref_kill() takes the lock of all percpu_refs, which sleeps there",
	.kill_waits	= true,
	.ends_alive	= true,
	.modes		= &provider_modes,
	.init		= provider_init,
	.exit		= provider_exit,
	.get		= provider_get,
	.put		= provider_put,
	.tryget		= provider_tryget,
	.tryget_live	= provider_tryget_live,
	.kill		= provider_kill,
	.inspect	= provider_inspect,
	.read_slot	= provider_slot,
	.size		= sizeof(struct percpu_ref),
	.bench		= provider_bench,
};
