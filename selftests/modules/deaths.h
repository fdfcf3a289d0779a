/* SPDX-License-Identifier: GPL-2.0 */
/* Uses that crash or hang mainline's percpu_ref. */
#ifndef SELFTESTS_MODULES_DEATHS_H
#define SELFTESTS_MODULES_DEATHS_H

#include "scenario.h"
#include "window.h"

/* deaths_sequences.h, on mainline's counter and on ours */
#define DEATH(name)					\
	void mainline_##name(const struct scenario *s);	\
	void ours_##name(const struct scenario *s)

DEATH(release_asks);
DEATH(release_exits);
DEATH(switch_back);
DEATH(resurrect);
DEATH(exit_twice);
DEATH(zero_then_exit);
DEATH(sync_then_exit);

#endif /* SELFTESTS_MODULES_DEATHS_H */
