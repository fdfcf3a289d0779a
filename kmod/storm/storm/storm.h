/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Storms: the functions of the commands and debugfs files. storm_internal.h explains storms.
 */
#ifndef _REFSTORM_STORM_H
#define _REFSTORM_STORM_H

#include <linux/fs.h>
#include <linux/types.h>

struct command;

#define STORM_USAGE "provider=P [ms=N] [seed=N] [workers=N] [killers=N] "	\
		    "[pattern=lifecycle|saturate|ends-alive] [bound_ms=N] [duty=N] "	\
		    "[contexts=C,...] [kill_contexts=C,...] [delay=N] [steps=S,...] "	\
		    "[objects=N] [life_us=N] [lives=L,...] [ends=E,...] [memory=kept|freed] "	\
		    "[switchers=N] [gust_ms=N] [hotplug=0|1] [kprobes=0|1] [track=0|1] "	\
		    "[hard_bound=0|1]"

/* Commands of the control file; see docs/debugfs.md */
int storm_command(struct command *cmd);
int storm_stop_command(struct command *cmd);

/* The storms file */
extern const struct file_operations storms_fops;

struct seq_file;

void storms_history_show(struct seq_file *m);
unsigned int storms_count(void);

#endif /* _REFSTORM_STORM_H */
