/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Template: the operations that rs_percpu_ref and rs_sealed_ref have beside those of
 * provider_percpu_ref.h, and what the tables of their providers have in common. The including
 * file defines READ_SLOT(ref, cpu, value), too: @read_slot of struct rs_provider.
 */
#include <refstorm/track.h>

#include "provider_percpu_ref.h"

static bool provider_tryget_live(struct rs_counter *counter)
{
	return FN(tryget_live)(provider_ref(counter));
}

static bool provider_kill(struct rs_counter *counter, bool confirm)
{
	return FN(kill_and_confirm)(provider_ref(counter), confirm ? provider_confirm : NULL);
}

static int provider_track(struct rs_counter *counter, const char *name, unsigned int seconds)
{
	return FN(track)(provider_ref(counter), name, seconds);
}

static void provider_untrack(struct rs_counter *counter)
{
	FN(untrack)(provider_ref(counter));
}

static void provider_get_held(struct rs_counter *counter, struct rs_holder *holder)
{
	FN(get_held)(provider_ref(counter), holder);
}

static void provider_put_held(struct rs_counter *counter, struct rs_holder *holder)
{
	FN(put_held)(provider_ref(counter), holder);
}

static const struct rs_counter_tracking provider_tracking = {
	.track		= provider_track,
	.untrack	= provider_untrack,
	.get_held	= provider_get_held,
	.put_held	= provider_put_held,
};

static void provider_inspect(struct rs_counter *counter, struct rs_counter_state *state)
{
	static const enum rs_counter_mode modes[] = {
		[RS_PERCPU_REF_PERCPU]		= RS_COUNTER_PERCPU,
		[RS_PERCPU_REF_SWITCHING]	= RS_COUNTER_SWITCHING,
		[RS_PERCPU_REF_ATOMIC]		= RS_COUNTER_ATOMIC,
	};
	struct rs_percpu_ref_state ref;

	FN(inspect)(provider_ref(counter), &ref);
	*state = (struct rs_counter_state) {
		.mode		= modes[ref.mode],
		.countable	= ref.mode == RS_PERCPU_REF_ATOMIC,
		.count		= ref.count,
		.zero		= ref.mode == RS_PERCPU_REF_ATOMIC && !ref.count,
		.killable	= true,
		.dying		= ref.dying,
		.saturated	= ref.saturated,
		/* 59 bits with a sign */
		.word		= (s64)(ref.count << 5) >> 5,
		.whole		= ref.collected,
	};
}

static bool provider_slot(struct rs_counter *counter, int cpu, s64 *value)
{
	return READ_SLOT(provider_ref(counter), cpu, value);
}

/*
 * The part of a table that all providers of these counters share. @prefix is that of the
 * operations which can be those of C or of C++.
 */
#define PROVIDER_RS_PERCPU_REF(prefix)			\
	.origin		= RS_ORIGIN_REFSTORM,		\
	.percpu		= true,				\
	.kill_once	= true,				\
	.ends_early	= true,				\
	.ends_alive	= true,				\
	.exit_waits	= true,				\
	.modes		= &provider_modes,		\
	.tracking	= &provider_tracking,		\
	.init		= provider_init,		\
	.exit		= provider_exit,		\
	.get		= prefix##_get,			\
	.put		= prefix##_put,			\
	.tryget		= prefix##_tryget,		\
	.tryget_live	= prefix##_tryget_live,		\
	.inspect	= provider_inspect,		\
	.read_slot	= provider_slot,		\
	.size		= sizeof(TYPE)
