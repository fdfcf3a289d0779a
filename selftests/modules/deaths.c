// SPDX-License-Identifier: GPL-2.0
/*
 * Uses that crash or hang a machine with mainline's percpu_ref, and that ours answers.
 * scripts/tests/deaths runs each use in a guest of its own, and says how the guest must end.
 */
#include "deaths.h"
#include "scenario_frame.h"
#include "window_frame.h"

#define RESURRECT							\
	"rs_percpu_ref: resurrect of a counter that is alive, or was not allowed to be"	\
	" (count_release [percpu_ref_deaths])."

#define OURS(_name, _title) {						\
	.name = "ours_" #_name, .title = (_title), .run = ours_##_name,	\
}

#define REFUSING(_name, _title) {					\
	.name = "ours_" #_name, .title = (_title), .run = ours_##_name,	\
	.wrong = true, .warnings = 1, .text = RESURRECT,		\
}

#define MAINLINE(_name, _title) {					\
	.name = "mainline_" #_name, .title = (_title),			\
	.run = mainline_##_name, .dies = true,				\
}

static const struct scenario list[] = {
	OURS(release_asks, "release() called by kill may ask is_zero"),
	MAINLINE(release_asks, "release() called by kill asks is_zero, and waits for its caller"),
	OURS(release_exits, "release() called by kill may exit"),
	MAINLINE(release_exits, "release() called by kill exits, and waits for its caller"),
	REFUSING(switch_back, "a counter without ALLOW_REINIT switches to atomic and back"),
	MAINLINE(switch_back,
		 "a counter without ALLOW_REINIT that was switched to atomic and back is a BUG"),
	REFUSING(resurrect, "resurrect without ALLOW_REINIT is refused"),
	MAINLINE(resurrect, "resurrect without ALLOW_REINIT is a BUG"),
	OURS(exit_twice, "a second exit does nothing, though references were left"),
	MAINLINE(exit_twice, "a second exit frees the number of references that were left"),
	OURS(zero_then_exit, "exit before the last putter has called release() does it no harm"),
	MAINLINE(zero_then_exit, "exit before the last putter has called release() leaves it none"),
	OURS(sync_then_exit, "after switch_to_atomic_sync the switch needs the counter no more"),
	MAINLINE(sync_then_exit, "after switch_to_atomic_sync the switch still holds a reference"),
};

SCENARIOS_MODULE(list, "What mainline's percpu_ref does not survive");
