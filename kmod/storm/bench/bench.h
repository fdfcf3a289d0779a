/* SPDX-License-Identifier: GPL-2.0 */
/* The commands of the benchmark, and the bench file. */
#ifndef _REFSTORM_BENCH_H
#define _REFSTORM_BENCH_H

#include "control/command.h"

struct seq_file;

extern const struct command_key bench_keys[];
extern const struct command_key bench_kill_keys[];
extern const struct command_key bench_memory_keys[];

/* See docs/debugfs.md. */
int bench_command(struct command *cmd);
int bench_kill_command(struct command *cmd);
int bench_memory_command(struct command *cmd);
void bench_show(struct seq_file *m);
void peers_show(struct seq_file *m);

#endif /* _REFSTORM_BENCH_H */
