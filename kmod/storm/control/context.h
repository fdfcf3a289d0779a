/* SPDX-License-Identifier: GPL-2.0 */
/* The context in which code runs, for events and storms. */
#ifndef _REFSTORM_CONTEXT_H
#define _REFSTORM_CONTEXT_H

#include <linux/preempt.h>
#include <linux/sched.h>		/* in_serving_softirq() on PREEMPT_RT */

enum rs_context { RS_CONTEXT_TASK, RS_CONTEXT_SOFTIRQ, RS_CONTEXT_HARDIRQ, RS_CONTEXT_NR };

/* events.c */
extern const char * const rs_context_names[RS_CONTEXT_NR];

static inline enum rs_context rs_context_now(void)
{
	if (in_hardirq())
		return RS_CONTEXT_HARDIRQ;
	return in_serving_softirq() ? RS_CONTEXT_SOFTIRQ : RS_CONTEXT_TASK;
}

#endif /* _REFSTORM_CONTEXT_H */
