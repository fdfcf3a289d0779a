/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The differential oracle, seen from the command that starts it and the file
 * that shows what it found. The inside is in oracle_internal.h.
 */
#ifndef _REFSTORM_ORACLE_H
#define _REFSTORM_ORACLE_H

struct command;
struct seq_file;

#define ORACLE_USAGE "stop, or counter=refcount|kref|percpu_ref [steps=N] [ms=N] [seed=N] " \
		     "[concurrent=0|1] [unlist=DIFFERENCE]"

/* Command of the control file, and the oracle file; see docs/oracle.md */
int oracle_command(struct command *cmd);
void oracle_show(struct seq_file *m);

#endif /* _REFSTORM_ORACLE_H */
