/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Storms: the functions of the commands and debugfs files. storm_internal.h explains storms.
 */
#ifndef _REFSTORM_STORM_H
#define _REFSTORM_STORM_H

#include <linux/fs.h>
#include <linux/types.h>

#include "control/command.h"

struct seq_file;
struct storm_setup;

extern const struct command_key storm_stop_keys[];

/* Commands of the control file; see docs/debugfs.md */
int storm_command(struct command *cmd);
int storm_stop_command(struct command *cmd);

/* For storms that no command starts */
int storm_begin(struct command *cmd, struct storm_setup *setup, u32 *id);
const char *storm_wait(u32 id, struct seq_file *m);
void storms_end_now(void);

/* The storms file */
extern const struct file_operations storms_fops;

void storms_history_show(struct seq_file *m);
void storms_account_show(struct seq_file *m);
unsigned int storms_count(void);

#endif /* _REFSTORM_STORM_H */
