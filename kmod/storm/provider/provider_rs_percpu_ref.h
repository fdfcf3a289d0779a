/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Provider: rs_percpu_ref or rs_sealed_ref in one of their forms;
 * provider_percpu_ref.h says what the including file defines, of which TYPE and FN()
 * are rs_percpu_ref's unless it says otherwise.
 */
#include <refstorm/percpu_ref.h>
#include <refstorm/track.h>

#ifndef TYPE
#define TYPE		struct rs_percpu_ref
#define FN(name)	rs_percpu_ref_##name
#endif
#define ORIGIN		RS_ORIGIN_REFSTORM
#define KILL_ONCE	true
#define KILL_SLEEPS_ON_RT NULL
#define KILL_WAITS	false
#define ENDS_EARLY	true
#define EXIT_WAITS	true
#define INIT(name)	RS_PERCPU_REF_##name
#define TRACKED	RS_PERCPU_REF_INIT_TRACKED
#define TRACKING	(&provider_tracking)

#include "provider.h"

static const struct rs_counter_tracking provider_tracking;

#include "provider_percpu_ref.h"

static int provider_track(struct rs_counter *counter, const char *name, unsigned int seconds)
{
	return FN(track)(percpu_ref_of(counter), name, seconds);
}

static void provider_untrack(struct rs_counter *counter)
{
	FN(untrack)(percpu_ref_of(counter));
}

static void provider_get_held(struct rs_counter *counter, struct rs_holder *holder)
{
	FN(get_held)(percpu_ref_of(counter), holder);
}

static void provider_put_held(struct rs_counter *counter, struct rs_holder *holder)
{
	FN(put_held)(percpu_ref_of(counter), holder);
}

static const struct rs_counter_tracking provider_tracking = {
	.track		= provider_track,
	.untrack	= provider_untrack,
	.get_held	= provider_get_held,
	.put_held	= provider_put_held,
};

static void provider_inspect(struct rs_counter *counter,
			     struct rs_counter_state *state)
{
	static const enum rs_counter_mode modes[] = {
		[RS_PERCPU_REF_PERCPU]		= RS_COUNTER_PERCPU,
		[RS_PERCPU_REF_SWITCHING]	= RS_COUNTER_SWITCHING,
		[RS_PERCPU_REF_ATOMIC]		= RS_COUNTER_ATOMIC,
	};
	struct rs_percpu_ref_state ref;

	FN(inspect)(percpu_ref_of(counter), &ref);
	*state = (struct rs_counter_state) {
		.mode		= modes[ref.mode],
		.countable	= ref.mode == RS_PERCPU_REF_ATOMIC,
		.count		= ref.count,
		.zero		= ref.mode == RS_PERCPU_REF_ATOMIC && !ref.count,
		.killable	= true,
		.dying		= ref.dying,
		.saturated	= ref.saturated,
	};
}
