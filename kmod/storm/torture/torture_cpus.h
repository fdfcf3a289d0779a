/* SPDX-License-Identifier: GPL-2.0 */
/* What moves under the storms of a run: which CPUs are online, which one is left alone. */
#ifndef _REFSTORM_TORTURE_CPUS_H
#define _REFSTORM_TORTURE_CPUS_H

#include <linux/types.h>

struct task_struct;

/**
 * struct torture_mover - something that a thread of its own does again and again
 * @name: of its thread and its result
 * @did: what it counts, in words
 * @holdoff: jiffies before the first time
 * @interval: jiffies from one time to the next; 0: never
 * @once: does it one time; returns whether anything changed
 * @end: undoes what is left of it
 * @count: how often anything changed
 * @task: its thread
 */
struct torture_mover {
	const char		*name;
	const char		*did;
	unsigned long		holdoff;
	unsigned long		interval;
	bool			(*once)(void);
	void			(*end)(void);
	u64			count;
	struct task_struct	*task;
};

enum torture_mover_kind { TORTURE_SHUFFLE, TORTURE_ONOFF, TORTURE_MOVER_NR };

extern struct torture_mover torture_movers[TORTURE_MOVER_NR];

bool torture_cpu_can_move(void);
int torture_movers_create(void);
void torture_movers_start(void);
void torture_movers_stop(void);

#endif /* _REFSTORM_TORTURE_CPUS_H */
