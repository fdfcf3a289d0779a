// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark: its command, its results, and the counter that is measured;
 * bench_internal.h tells how.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "bench_internal.h"
#include "command.h"
#include "refstorm_module.h"

#define TEXT_SIZE	16384
#define MS_DEFAULT	100
#define HEAT		8192	/* gets; more than a dynamic counter's threshold */
#define HEAT_MS		2000

DEFINE_SPINLOCK(rs_bench_lock);

static DEFINE_MUTEX(run_lock);		/* one run at a time */
static u32 last_run;

static DEFINE_MUTEX(text_lock);		/* protects what follows */
static char text[TEXT_SIZE];
static size_t text_len;

/* More of the bench file, a line or a part of it; what does not fit is a bug of ours. */
void bench_line(const char *fmt, ...)
{
	va_list args;

	mutex_lock(&text_lock);
	va_start(args, fmt);
	text_len += vscnprintf(text + text_len, TEXT_SIZE - text_len, fmt, args);
	va_end(args);
	WARN_ON_ONCE(text_len == TEXT_SIZE - 1);
	mutex_unlock(&text_lock);
}

/* A result line; the value with as many places as it needs, three at most. */
void bench_result(const struct rs_provider *provider, const char *operation,
		  unsigned int cpus, const char *unit, u64 thousandths)
{
	u64 whole = thousandths / 1000;
	unsigned int rest = thousandths % 1000;
	char value[32];

	if (rest)
		scnprintf(value, sizeof(value), "%llu.%03u", whole, rest);
	else
		scnprintf(value, sizeof(value), "%llu", whole);
	bench_line("result=%s provider=%s cpus=%u unit=%s value=%s\n", operation,
		   provider->name, cpus, unit, value);
}

/* The bench file: what the last run found, or this one so far. */
void bench_show(struct seq_file *m)
{
	mutex_lock(&text_lock);
	seq_write(m, text, text_len);
	mutex_unlock(&text_lock);
}

static void released(struct rs_counter *counter)
{
	complete(&container_of(counter, struct bench_counter, counter)->released);
}

static void confirmed(struct rs_counter *counter)
{
}

/* Begin with a reference of the owner's. Return: 0 or -ENOMEM. */
int bench_counter_begin(struct bench_counter *bench, const struct rs_provider *provider,
			bool atomic)
{
	init_completion(&bench->released);
	bench->counter.provider = provider;
	bench->counter.release = released;
	bench->counter.confirm = confirmed;
	return provider->init(&bench->counter, 1,
			      provider->modes && atomic ? RS_COUNTER_INIT_ATOMIC : 0);
}

/* Nobody holds a reference but the owner. */
void bench_counter_end(struct bench_counter *bench)
{
	const struct rs_provider *provider = bench->counter.provider;

	provider->kill(&bench->counter, false);
	wait_for_completion(&bench->released);
	if (provider->exit)
		provider->exit(&bench->counter);
}

/* It counts in the way that is to be measured. */
bool bench_counter_is_settled(struct bench_counter *bench, bool atomic)
{
	struct rs_counter_state state;

	if (!bench->counter.provider->modes)
		return true;
	bench->counter.provider->inspect(&bench->counter, &state);
	return state.mode == (atomic ? RS_COUNTER_ATOMIC : RS_COUNTER_PERCPU);
}

/*
 * Bring it there: a dynamic counter wants to be used first.
 * Return: 0, -EINTR, or -EAGAIN.
 */
int bench_counter_settle(struct bench_counter *bench, bool atomic)
{
	const struct rs_provider *provider = bench->counter.provider;
	unsigned long deadline = jiffies + msecs_to_jiffies(HEAT_MS);

	while (!bench_counter_is_settled(bench, atomic)) {
		unsigned int i;

		if (signal_pending(current))
			return -EINTR;
		if (time_after(jiffies, deadline))
			return -EAGAIN;
		for (i = 0; i < HEAT; i++) {
			provider->get(&bench->counter, 1);
			provider->put(&bench->counter, 1);
		}
		usleep_range(1000, 2000);
	}
	return 0;
}

struct bench_setup {
	const struct rs_provider *provider;
	const char		*operation;
	u64			clock;
	u64			cpus;
	u64			ms;
};

/* Of both setups it is the first. */
static int set_provider(struct command *cmd, unsigned int word, const char *value,
			void *out)
{
	const struct rs_provider **provider = out;

	*provider = provider_find_or_refuse(cmd, word, value);
	return *provider ? 0 : -ENOENT;
}

static int set_operation(struct command *cmd, unsigned int word, const char *value,
			 void *out)
{
	struct bench_setup *setup = out;

	setup->operation = value;
	return 0;
}

static const struct command_key bench_keys[] = {
	{ .name = "provider", .set = set_provider },
	{ .name = "operation", .set = set_operation },
	{ .name = "clock", .choices = bench_clock_names,
	  .offset = offsetof(struct bench_setup, clock) },
	{ .name = "cpus", .min = 1, .max = RS_WORKERS_MAX,
	  .offset = offsetof(struct bench_setup, cpus) },
	{ .name = "ms", .min = 1, .max = RS_BENCH_MS_MAX,
	  .offset = offsetof(struct bench_setup, ms) },
};

static bool wanted(const struct bench_setup *setup, const char *operation)
{
	return !setup->operation || !strcmp(setup->operation, operation);
}

/* Those that leave the count as it is can be done by several CPUs for any time. */
static bool op_wanted(const struct bench_setup *setup, const struct rs_bench_op *op)
{
	return wanted(setup, op->name) && (!setup->cpus || !op->delta);
}

static int check_operation(struct command *cmd, const struct bench_setup *setup)
{
	const struct rs_bench_op *op;
	char names[160] = "";
	size_t len = 0;

	for (op = setup->provider->bench; op->name; op++) {
		if (op_wanted(setup, op))
			return 0;
		if (!setup->cpus || !op->delta)
			len += scnprintf(names + len, sizeof(names) - len, " %s", op->name);
	}
	if (!setup->cpus && wanted(setup, "init_exit"))
		return 0;
	return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
			      "%s has no operation '%.32s'%s; it has:%s%s",
			      setup->provider->name, setup->operation,
			      setup->cpus ? " for cpus=" : "", names,
			      setup->cpus ? "" : " init_exit");
}

/* All that is wanted of one mode, on a counter of its own. */
static int run_mode(const struct bench_setup *setup, bool atomic,
		    const struct bench_clock *clock)
{
	struct bench_counter bench;
	const struct rs_bench_op *op;
	bool any = false;
	int ret;

	for (op = setup->provider->bench; op->name; op++)
		any |= op->atomic == atomic && op_wanted(setup, op);
	if (!any)
		return 0;
	ret = bench_counter_begin(&bench, setup->provider, atomic);
	if (ret)
		return ret;
	for (op = setup->provider->bench; op->name && !ret; op++) {
		if (op->atomic != atomic || !op_wanted(setup, op))
			continue;
		if (signal_pending(current))
			ret = -EINTR;
		else if (clock)
			ret = bench_loop(&bench, op, clock);
		else
			ret = bench_counter_settle(&bench, atomic) ?:
			      bench_cpus(&bench, op, setup->cpus, setup->ms);
	}
	bench_counter_end(&bench);
	return ret;
}

static int run_modes(const struct bench_setup *setup, const struct bench_clock *clock)
{
	return run_mode(setup, false, clock) ?: run_mode(setup, true, clock);
}

static int refuse(struct command *cmd, int err)
{
	switch (err) {
	case -ENOMEM:
		return command_refuse(cmd, COMMAND_NO_WORD, err, "out of memory");
	case -EINTR:
		return command_refuse(cmd, COMMAND_NO_WORD, err, "interrupted");
	default:
		return command_refuse(cmd, COMMAND_NO_WORD, err,
				      "the counter would not stay in its mode, or a CPU went offline");
	}
}

/* A run that nothing speaks against: its results replace those of the last. */
static void begin(const char *clock, const char *source)
{
	mutex_lock(&text_lock);
	text_len = 0;
	mutex_unlock(&text_lock);
	bench_line("run=%u clock=%s source=%s possible_cpus=%u\n", ++last_run, clock, source,
		   num_possible_cpus());
}

static int run_on_one(struct command *cmd, const struct bench_setup *setup)
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
	begin(bench_clock_names[clock->kind], clock->source);
	ret = run_modes(setup, clock);
	if (!ret && wanted(setup, "init_exit"))
		ret = bench_init_exit(setup->provider, clock);
	bench_clock_end(clock);
	migrate_enable();
	return ret ? refuse(cmd, ret) : 0;
}

static int run_on_cpus(struct command *cmd, const struct bench_setup *setup)
{
	int ret;

	if (setup->cpus > num_online_cpus())
		return command_refuse(cmd, COMMAND_NO_WORD, -ERANGE,
				      "cpus=%llu: %u are online", setup->cpus,
				      num_online_cpus());
	begin("ns", "ktime");
	ret = run_modes(setup, NULL);
	return ret ? refuse(cmd, ret) : 0;
}

/* bench provider=P [operation=O] [clock=C] [cpus=N] [ms=N] */
int bench_command(struct command *cmd)
{
	struct bench_setup setup = { .ms = MS_DEFAULT };
	int ret;

	ret = command_keys(cmd, 1, bench_keys, ARRAY_SIZE(bench_keys), &setup);
	if (ret)
		return ret;
	if (!setup.provider)
		return command_refuse(cmd, COMMAND_NO_WORD, -EINVAL, "provider= is missing");
	ret = check_operation(cmd, &setup);
	if (ret)
		return ret;

	if (!mutex_trylock(&run_lock))
		return command_refuse(cmd, COMMAND_NO_WORD, -EBUSY, "a bench is at work");
	ret = setup.cpus ? run_on_cpus(cmd, &setup) : run_on_one(cmd, &setup);
	scnprintf(cmd->result, sizeof(cmd->result), "command=bench run=%u result=done",
		  last_run);
	mutex_unlock(&run_lock);
	return ret;
}

static const struct command_key bench_kill_keys[] = {
	{ .name = "provider", .set = set_provider },
	{ .name = "refs", .min = 1, .max = RS_BENCH_REFS_MAX,
	  .offset = offsetof(struct bench_kill, refs) },
	{ .name = "batches", .min = 1, .max = RS_BENCH_BATCHES_MAX,
	  .offset = offsetof(struct bench_kill, batches) },
	{ .name = "load", .max = 1, .offset = offsetof(struct bench_kill, load) },
	{ .name = "from", .choices = bench_kill_from,
	  .offset = offsetof(struct bench_kill, from) },
};

/* bench_kill provider=P [refs=N] [batches=N] [load=0|1] [from=one|all] */
int bench_kill_command(struct command *cmd)
{
	struct bench_kill setup = { .refs = 1, .batches = 20 };
	int ret;

	static_assert(!offsetof(struct bench_kill, provider));
	static_assert(!offsetof(struct bench_setup, provider));
	ret = command_keys(cmd, 1, bench_kill_keys, ARRAY_SIZE(bench_kill_keys), &setup);
	if (ret)
		return ret;
	if (!setup.provider)
		return command_refuse(cmd, COMMAND_NO_WORD, -EINVAL, "provider= is missing");
	if (!setup.provider->percpu)
		return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
				      "a kill of %s is a put", setup.provider->name);
	if (setup.refs * setup.batches > RS_BENCH_KILLS_MAX)
		return command_refuse(cmd, COMMAND_NO_WORD, -ERANGE,
				      "%llu kills; accepted: %d in all",
				      setup.refs * setup.batches, RS_BENCH_KILLS_MAX);

	if (!mutex_trylock(&run_lock))
		return command_refuse(cmd, COMMAND_NO_WORD, -EBUSY, "a bench is at work");
	begin("ns", "ktime");
	ret = bench_kill(&setup);
	if (ret)
		ret = refuse(cmd, ret);
	scnprintf(cmd->result, sizeof(cmd->result), "command=bench_kill run=%u result=done",
		  last_run);
	mutex_unlock(&run_lock);
	return ret;
}
