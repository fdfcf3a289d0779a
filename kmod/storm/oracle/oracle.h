/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The differential oracle, seen from the command that starts it and the file
 * that shows what it found. The inside is in oracle_internal.h.
 */
#ifndef _REFSTORM_ORACLE_H
#define _REFSTORM_ORACLE_H

#include "control/command.h"

struct seq_file;

extern const struct command_key oracle_keys[];

/* Commands of the control file, and the oracle file; see docs/oracle.md */
int oracle_command(struct command *cmd);
int oracle_stop_command(struct command *cmd);
void oracle_show(struct seq_file *m);

#endif /* _REFSTORM_ORACLE_H */
