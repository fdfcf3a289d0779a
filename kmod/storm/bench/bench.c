// SPDX-License-Identifier: GPL-2.0
/* The commands of the benchmark; bench_internal.h tells how it measures. */
#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "bench.h"
#include "bench_internal.h"
#include "control/command.h"
#include "refstorm_module.h"

#define MS_DEFAULT	100

static DEFINE_MUTEX(bench_run_lock);	/* one run at a time */

struct bench_setup {
	const struct rs_provider *provider;
	const char		*operation;
	u64			clock;
	u64			cpus;
	u64			ms;
	u64			cold;
};

#define BENCH_PROVIDER_KEY(type)						\
	PROVIDER_KEY_OF(type, bench_provider_set, "one of the files providers and peers")

#define BENCH_KEY(_field) \
	.name = #_field, .offset = offsetof(struct bench_setup, _field)

const struct command_key bench_keys[] = {
	BENCH_PROVIDER_KEY(struct bench_setup),
	{ BENCH_KEY(operation), .kind = COMMAND_TEXT, .placeholder = "O",
	  .help = "one of those that the provider has; all if not told" },
	{ BENCH_KEY(clock), .kind = COMMAND_CHOICE, .choices = bench_clock_names,
	  .help = "what is counted; auto: the first of the others that the machine has" },
	{ BENCH_KEY(cpus), .min = 1, .max = RS_WORKERS_MAX,
	  .help = "operations a second of so many CPUs at once" },
	{ BENCH_KEY(ms), .min = 1, .max = RS_BENCH_MS_MAX, .value = MS_DEFAULT,
	  .help = "how long, with cpus=" },
	{ BENCH_KEY(cold), .max = 1,
	  .help = "1: on counters that are in no near cache; needs a clock of time" },
	{}
};

static bool bench_wants(const struct bench_setup *setup, const char *operation)
{
	return !setup->operation || !strcmp(setup->operation, operation);
}

/* For command_refuse_list(): the operations of a provider. */
static void bench_list_loops(struct seq_file *m, const void *of)
{
	const struct rs_provider *provider = of;
	const struct rs_bench_op *op;

	for (op = provider->bench; op->name; op++)
		seq_printf(m, " %s", op->name);
}

static void bench_list_all(struct seq_file *m, const void *of)
{
	bench_list_loops(m, of);
	seq_puts(m, " init_exit");
}

static int bench_check_operation(struct command *cmd, const struct bench_setup *setup)
{
	const struct rs_bench_op *op;
	bool once_only = setup->cpus || setup->cold;	/* without init_exit */

	if (setup->cpus && setup->cold)
		return command_refuse(cmd, COMMAND_NO_WORD, -EINVAL,
				      "cpus= and cold=1 exclude each other");
	for (op = setup->provider->bench; op->name; op++)
		if (bench_wants(setup, op->name))
			return 0;
	if (!once_only && bench_wants(setup, "init_exit"))
		return 0;
	return command_refuse_list(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
				   once_only ? bench_list_loops : bench_list_all,
				   setup->provider, "%s has no operation '%.32s'%s; it has:",
				   setup->provider->name, setup->operation,
				   setup->cpus ? " for cpus=" : setup->cold ? " for cold=" : "");
}

/* Measure all wanted operations in one mode, on a counter for that mode alone. */
static int bench_run_mode(const struct bench_setup *setup, bool atomic,
			  const struct bench_clock *clock)
{
	struct rs_counter counter;
	const struct rs_bench_op *op;
	bool any = false;
	int ret;

	for (op = setup->provider->bench; op->name; op++)
		any |= op->atomic == atomic && bench_wants(setup, op->name);
	if (!any)
		return 0;
	ret = bench_counters_begin(&counter, setup->provider, 1, atomic);
	if (ret)
		return ret;
	for (op = setup->provider->bench; op->name && !ret; op++) {
		if (op->atomic != atomic || !bench_wants(setup, op->name))
			continue;
		if (signal_pending(current))
			ret = -EINTR;
		else if (clock)
			ret = bench_loop(&counter, op, clock);
		else
			ret = bench_counter_settle(&counter, atomic) ?:
			      bench_cpus(&counter, op, setup->cpus, setup->ms);
	}
	bench_counters_kill(&counter, 1);
	bench_counters_exit(&counter, 1);
	return ret;
}

/* The same with many counters, of which none is in a cache. */
static int bench_run_mode_cold(const struct bench_setup *setup, bool atomic,
			       const struct bench_clock *clock)
{
	struct rs_alloc_site *site = &refstorm_sites[SITE_BENCH];
	const struct rs_bench_op *op;
	struct rs_counter *counters;
	int ret;

	counters = rs_zalloc(site, COLD_COUNTERS * sizeof(*counters), GFP_KERNEL);
	if (!counters)
		return -ENOMEM;
	ret = bench_counters_begin(counters, setup->provider, COLD_COUNTERS, atomic);
	if (ret)
		goto out;
	for (op = setup->provider->bench; op->name && !ret; op++)
		if (op->atomic == atomic && bench_wants(setup, op->name))
			ret = bench_cold(counters, op, clock);
	bench_counters_kill(counters, COLD_COUNTERS);
	bench_counters_exit(counters, COLD_COUNTERS);
out:
	rs_free(site, counters);
	return ret;
}

static int bench_run_modes(const struct bench_setup *setup, const struct bench_clock *clock)
{
	typeof(bench_run_mode) *run = setup->cold ? bench_run_mode_cold : bench_run_mode;
	int ret = run(setup, false, clock);

	if (!ret && setup->provider->modes)
		ret = run(setup, true, clock);
	return ret;
}

/* Why a run can fail after its begin. */
static const struct {
	int		err;
	const char	*why;
} bench_failures[] = {
	{ -ENOMEM, "out of memory" },
	{ -EINTR, "interrupted" },
	{ -EAGAIN, "the counter would not stay in its mode, or a CPU went offline" },
	{ -ENODEV, "/proc/meminfo cannot be read, or lacks Slab, Percpu or VmallocUsed" },
	{ -EUCLEAN, "other tasks allocate and free too much beside the counters" },
};

/*
 * Run a command, unless another run is at work. @run refuses the command itself, or returns an
 * errno of bench_failures, with which bench_run_alone() refuses the command.
 */
static int bench_run_alone(struct command *cmd, int (*run)(struct command *cmd, const void *setup),
			   const void *setup)
{
	unsigned int i;
	int ret;

	if (!mutex_trylock(&bench_run_lock))
		return command_refuse(cmd, COMMAND_NO_WORD, -EBUSY, "a bench is at work");
	ret = run(cmd, setup);
	for (i = 0; i < ARRAY_SIZE(bench_failures); i++)
		if (ret == bench_failures[i].err)
			command_refuse(cmd, COMMAND_NO_WORD, ret, "%s",
				       bench_failures[i].why);
	scnprintf(cmd->result, sizeof(cmd->result), "command=%s run=%u result=done",
		  cmd->words[0], bench_run());
	mutex_unlock(&bench_run_lock);
	return ret;
}

static int bench_run_on_one(struct command *cmd, const struct bench_setup *setup)
{
	const struct bench_clock *clock;
	int ret;

	migrate_disable();
	clock = bench_clock_begin(setup->clock);
	if (!clock) {
		migrate_enable();
		return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
				      "this machine has no clock that counts %s",
				      bench_clock_names[setup->clock]);
	}
	if (setup->cold && clock->kind == CLOCK_INSTRUCTIONS) {
		bench_clock_end(clock);
		migrate_enable();
		return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
				      "cold=1 needs a clock of time, not of instructions");
	}
	bench_result_begin(bench_clock_names[clock->kind], clock->source);
	ret = bench_run_modes(setup, clock);
	if (!ret && !setup->cold && bench_wants(setup, "init_exit"))
		ret = bench_init_exit(setup->provider, clock);
	bench_clock_end(clock);
	migrate_enable();
	return ret;
}

static int bench_run_on_cpus(struct command *cmd, const struct bench_setup *setup)
{
	if (setup->cpus > num_online_cpus())
		return command_refuse(cmd, COMMAND_NO_WORD, -ERANGE,
				      "cpus=%llu: %u are online", setup->cpus,
				      num_online_cpus());
	bench_result_begin("ns", "ktime");
	return bench_run_modes(setup, NULL);
}

static int bench_run_operations(struct command *cmd, const void *setup)
{
	const struct bench_setup *bench = setup;

	return bench->cpus ? bench_run_on_cpus(cmd, bench) : bench_run_on_one(cmd, bench);
}

/* bench provider=P [operation=O] [clock=C] [cpus=N] [ms=N] */
int bench_command(struct command *cmd)
{
	struct bench_setup setup;

	return command_keys(cmd, &setup) ?: bench_check_operation(cmd, &setup) ?:
	       bench_run_alone(cmd, bench_run_operations, &setup);
}

#define BENCH_KILL_KEY(_field) \
	.name = #_field, .offset = offsetof(struct bench_kill, _field)

const struct command_key bench_kill_keys[] = {
	BENCH_PROVIDER_KEY(struct bench_kill),
	{ BENCH_KILL_KEY(refs), .min = 1, .max = RS_BENCH_REFS_MAX, .value = 1,
	  .help = "counters that are killed together" },
	{ BENCH_KILL_KEY(batches), .min = 1, .max = RS_BENCH_BATCHES_MAX, .value = 20,
	  .help = "how often" },
	{ BENCH_KILL_KEY(load), .kind = COMMAND_CHOICE, .choices = bench_kill_loads,
	  .help = "what other CPUs do: nothing, get and put until refused, or all the time; "
		  "or they did once, before the first kill" },
	{ BENCH_KILL_KEY(from), .kind = COMMAND_CHOICE, .choices = bench_kill_from,
	  .help = "one CPU kills, or all CPUs do" },
	{}
};

static int bench_run_kill(struct command *cmd, const void *setup)
{
	bench_result_begin("ns", "ktime");
	return bench_kill(setup);
}

/* bench_kill provider=P [refs=N] [batches=N] [load=none|users|busy|used] [from=one|all] */
int bench_kill_command(struct command *cmd)
{
	struct bench_kill setup;
	int ret;

	ret = command_keys(cmd, &setup);
	if (ret)
		return ret;
	if (!setup.provider->percpu)
		return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
				      "%s has no kill but its put", setup.provider->name);
	if (setup.refs * setup.batches > RS_BENCH_KILLS_MAX)
		return command_refuse(cmd, COMMAND_NO_WORD, -ERANGE,
				      "%llu kills; accepted: %d in all",
				      setup.refs * setup.batches, RS_BENCH_KILLS_MAX);

	return bench_run_alone(cmd, bench_run_kill, &setup);
}

const struct command_key bench_memory_keys[] = {
	BENCH_PROVIDER_KEY(struct bench_memory),
	{ .name = "refs", .min = RS_BENCH_MEMORY_REFS_MIN, .max = RS_BENCH_REFS_MAX,
	  .value = RS_BENCH_REFS_MAX, .help = "counters that are measured together",
	  .offset = offsetof(struct bench_memory, refs) },
	{}
};

static int bench_run_memory(struct command *cmd, const void *setup)
{
	bench_result_begin("none", "meminfo");
	return bench_memory(setup);
}

/* bench_memory provider=P [refs=N] */
int bench_memory_command(struct command *cmd)
{
	struct bench_memory setup;

	return command_keys(cmd, &setup) ?: bench_run_alone(cmd, bench_run_memory, &setup);
}
