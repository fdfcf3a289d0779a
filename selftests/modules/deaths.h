/* SPDX-License-Identifier: GPL-2.0 */
/* Uses of a percpu_ref that mainline's does not survive, and a way into a race's window. */
#ifndef SELFTESTS_MODULES_DEATHS_H
#define SELFTESTS_MODULES_DEATHS_H

#include <linux/types.h>

#include "scenario.h"

/**
 * window_open() - have whoever writes a word stop there
 * @address: of 8 bytes
 * @here: says whether it is the write that is meant, just done; any context
 * @arg: for @here
 *
 * The first one that @here says yes to waits, in the debug exception of its own instruction,
 * until window_leave(), two seconds at most.
 *
 * Return: true; false is a failure that was told.
 */
bool window_open(void *address, bool (*here)(void *arg), void *arg);
/* Wait for somebody in the window; false is a failure that was told. */
bool window_entered(void);
void window_leave(void);
/* The counterpart of window_open(). */
void window_close(void);

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
