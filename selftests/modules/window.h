/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Holds a race window open: a CPU stops after the instruction that wrote or read a word, until
 * the other side has done its part. window_frame.h has the functions.
 */
#ifndef SELFTESTS_MODULES_WINDOW_H
#define SELFTESTS_MODULES_WINDOW_H

#include <linux/hw_breakpoint.h>
#include <linux/ptrace.h>
#include <linux/types.h>

/**
 * window_open() - stop the task that accesses a word
 * @address: of 8 bytes
 * @type: HW_BREAKPOINT_W stops at writes, HW_BREAKPOINT_RW at reads, too
 * @here: called after the access; true if this is the instruction to stop at; any context
 * @arg: for @here
 *
 * The first task for which @here is true waits in the debug exception of its instruction
 * until window_leave(), ten seconds at most. CPUs that are offline now are not watched.
 *
 * Context: process.
 * Return: true; false is a failure that was reported.
 */
bool window_open(const void *address, int type,
		 bool (*here)(struct pt_regs *regs, void *arg), void *arg);
/* Wait for a task in the window; false is a failure that was reported. Context: process. */
bool window_entered(void);
/* Is a task in the window? Context: any. */
bool window_is_entered(void);
/* Context: any. */
void window_leave(void);
/* The counterpart of window_open(). Context: process. */
void window_close(void);

#endif /* SELFTESTS_MODULES_WINDOW_H */
