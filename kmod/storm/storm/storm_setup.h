/* SPDX-License-Identifier: GPL-2.0 */
/* What was asked of a storm: the words of the command, and their limits. */
#ifndef _REFSTORM_STORM_SETUP_H
#define _REFSTORM_STORM_SETUP_H

#include <linux/types.h>

#include "control/command.h"
#include "provider/provider.h"

struct seq_file;

enum storm_pattern { PATTERN_LIFECYCLE, PATTERN_SATURATE, PATTERN_ENDS_ALIVE };

/* What becomes of the memory of an object after its grace period */
enum storm_memory { MEMORY_KEPT, MEMORY_FREED };

/* Where a worker runs */
enum worker_context {
	WORKER_PINNED,		/* thread, bound to its CPU */
	WORKER_ROAMING,	/* thread that goes from CPU to CPU */
	WORKER_NICE,		/* bound, and last in the queue */
	WORKER_REALTIME,	/* bound, first in the queue, for a part of the time */
	WORKER_SOFTIRQ,	/* a timer's softirq on its CPU */
	WORKER_HARDIRQ,	/* a timer's hardirq on its CPU */
	WORKER_NR
};

/* For command_keys() */
struct storm_setup {
	const struct rs_provider *provider;
	u64	ms;
	u64	seed;
	u64	workers;
	u64	killers;
	u64	pattern;
	u64	bound_ms;
	u64	duty;
	u64	contexts;	/* mask of enum worker_context */
	u64	kill_contexts;	/* mask of enum rs_kill_context */
	u64	delay;		/* per mille of the places where there can be one */
	u64	steps;		/* RS_STEP_BIT() */
	u64	objects;	/* of each killer, at once */
	u64	life_us;	/* from birth to kill, at most */
	u64	lives;		/* mask of enum rs_life */
	u64	ends;		/* mask of enum rs_end */
	u64	memory;
	u64	switchers;
	u64	gust_ms;	/* workers are busy, then idle, for this long */
	u64	hotplug;	/* CPUs that come and go kill, too */
	u64	kprobes;	/* on the fast path */
	u64	track;		/* objects' holders are recorded */
	u64	hard_bound;	/* what is late is lost */
};

/* storm_cpu.c: how many CPUs workers can have */
unsigned int storm_places(void);

extern const struct command_key storm_setup_keys[];

void storm_setup_init(void);
int storm_setup_read(struct command *cmd, struct storm_setup *setup);
void storm_setup_show_names(struct seq_file *m);
void storm_setup_show(struct seq_file *m, const struct storm_setup *setup);
unsigned int storm_setup_pick(u64 mask, unsigned int n);

#endif /* _REFSTORM_STORM_SETUP_H */
