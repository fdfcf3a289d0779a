/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A way into a race's window: a CPU stops behind the instruction that wrote a word, or read
 * it, until the other side has done its part. window_frame.h has the functions.
 */
#ifndef SELFTESTS_MODULES_WINDOW_H
#define SELFTESTS_MODULES_WINDOW_H

#include <linux/hw_breakpoint.h>
#include <linux/ptrace.h>
#include <linux/types.h>

/**
 * window_open() - have whoever touches a word stop there
 * @address: of 8 bytes
 * @type: HW_BREAKPOINT_W for who writes, HW_BREAKPOINT_RW for who reads, too
 * @here: says whether it is the instruction that is meant, just done; any context
 * @arg: for @here
 *
 * The first one that @here says yes to waits, in the debug exception of its own instruction,
 * until window_leave(), ten seconds at most. CPUs that are not online now are not watched.
 *
 * Context: process.
 * Return: true; false is a failure that was told.
 */
bool window_open(const void *address, int type,
		 bool (*here)(struct pt_regs *regs, void *arg), void *arg);
/* Wait for somebody in the window; false is a failure that was told. Context: process. */
bool window_entered(void);
/* Is somebody there? Context: any. */
bool window_is_entered(void);
/* Context: any. */
void window_leave(void);
/* The counterpart of window_open(). Context: process. */
void window_close(void);

#endif /* SELFTESTS_MODULES_WINDOW_H */
