/* SPDX-License-Identifier: GPL-2.0 */
/* The commands of the benchmark, and the bench file. */
#ifndef _REFSTORM_BENCH_H
#define _REFSTORM_BENCH_H

struct command;
struct seq_file;

#define BENCH_USAGE "provider=P [operation=O] [clock=auto|instructions|cycles|cpu_clock|ns] [cpus=N] [ms=N] [cold=0|1]"

#define BENCH_KILL_USAGE "provider=P [refs=N] [batches=N] [load=0|1] [from=one|all]"

#define BENCH_MEMORY_USAGE "provider=P [refs=N]"

/* See docs/debugfs.md. */
int bench_command(struct command *cmd);
int bench_kill_command(struct command *cmd);
int bench_memory_command(struct command *cmd);
void bench_show(struct seq_file *m);

#endif /* _REFSTORM_BENCH_H */
