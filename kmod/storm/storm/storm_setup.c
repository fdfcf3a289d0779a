// SPDX-License-Identifier: GPL-2.0
/* What can be asked of a storm: one table to read it, to check it and to show it. */
#include <linux/bitops.h>
#include <linux/init.h>
#include <linux/kconfig.h>
#include <linux/random.h>
#include <linux/seq_file.h>

#include <refstorm/abi.h>

#include "control/command.h"
#include "storm_setup.h"

static int set_provider(struct command *cmd, unsigned int word, const char *value,
			void *out)
{
	struct storm_setup *setup = out;

	setup->provider = provider_find_or_refuse(cmd, word, value);
	return setup->provider ? 0 : -ENOENT;
}

static const char * const pattern_choices[] = {
	[PATTERN_LIFECYCLE]	= "lifecycle",
	[PATTERN_SATURATE]	= "saturate",
	[PATTERN_ENDS_ALIVE]	= "ends-alive",
	NULL
};

static const char * const memory_choices[] = {
	[MEMORY_KEPT]	= "kept",
	[MEMORY_FREED]	= "freed",
	NULL
};

static const char * const context_choices[] = {
	[WORKER_PINNED]	= "pinned",
	[WORKER_ROAMING]	= "roaming",
	[WORKER_NICE]		= "nice",
	[WORKER_REALTIME]	= "realtime",
	[WORKER_SOFTIRQ]	= "softirq",
	[WORKER_HARDIRQ]	= "hardirq",
	NULL
};

/* Filled from their one home, before there is a file. */
static const char *step_choices[RS_STEP_KIND_COUNT + 1];

#define NUMBER(_name, _min, _max) {				\
	.name = #_name, .min = (_min), .max = (_max),		\
	.offset = offsetof(struct storm_setup, _name),		\
}

#define CHOICE(_name, _choices) {				\
	.name = #_name, .choices = (_choices),			\
	.offset = offsetof(struct storm_setup, _name),		\
}

#define SEVERAL(_name, _choices) {				\
	.name = #_name, .choices = (_choices), .several = true,	\
	.offset = offsetof(struct storm_setup, _name),		\
}

static const struct command_key keys[] = {
	{ .name = "provider", .set = set_provider },
	CHOICE(pattern, pattern_choices),
	NUMBER(seed, 0, U64_MAX),
	NUMBER(workers, 1, RS_WORKERS_MAX),
	NUMBER(killers, 1, RS_KILLERS_MAX),
	NUMBER(ms, RS_STORM_MS_MIN, RS_STORM_MS_MAX),
	NUMBER(bound_ms, 1, RS_BOUND_MS_MAX),
	NUMBER(duty, 1, 100),
	SEVERAL(contexts, context_choices),
	SEVERAL(kill_contexts, rs_kill_context_names),
	NUMBER(delay, 0, 1000),
	SEVERAL(steps, step_choices),
	NUMBER(objects, 1, RS_STORM_OBJECTS_MAX),
	NUMBER(life_us, 1, RS_STORM_LIFE_US_MAX),
	SEVERAL(lives, rs_life_names),
	SEVERAL(ends, rs_end_names),
	CHOICE(memory, memory_choices),
	NUMBER(switchers, 0, RS_KILLERS_MAX),
	NUMBER(gust_ms, 0, RS_BOUND_MS_MAX),
	NUMBER(hotplug, 0, 1),
	NUMBER(kprobes, 0, 1),
	NUMBER(track, 0, 1),
	NUMBER(hard_bound, 0, 1),
};

/* The @n-th bit of @mask, counted round and round. */
unsigned int storm_setup_pick(u64 mask, unsigned int n)
{
	unsigned int bit = 0;

	for (n %= hweight64(mask);; bit++)
		if (mask & BIT_ULL(bit) && !n--)
			return bit;
}

static int check_contexts(struct command *cmd, const struct storm_setup *setup)
{
	const struct rs_provider *provider = setup->provider;
	u64 refused = setup->kill_contexts & ~provider_kill_contexts(provider);

	if (!refused)
		return 0;
	return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
			      "%s cannot be killed in %s on this kernel: %s", provider->name,
			      rs_kill_context_names[__ffs64(refused)],
			      provider->kill_sleeps_on_rt);
}

static int check_lives(struct command *cmd, const struct storm_setup *setup)
{
	const struct rs_provider *provider = setup->provider;
	u64 lives = setup->lives & ~provider_lives(provider);
	u64 ends = setup->ends & ~provider_ends(provider);

	if (lives)
		return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP, "%s has no %s",
				      provider->name, rs_life_names[__ffs64(lives)]);
	if (setup->switchers && !provider->modes)
		return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
				      "%s has no modes to switch", provider->name);
	if (setup->track && !provider->tracking)
		return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
				      "%s does not record who holds it", provider->name);
	if (ends & BIT(RS_END_ALIVE))
		return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
				      "%s cannot be ended alive: it has no exit", provider->name);
	if (ends)
		return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
				      "%s cannot be ended at %s: readers may still look at it",
				      provider->name, rs_end_names[__ffs64(ends)]);
	return 0;
}

static int check_sizes(struct command *cmd, const struct storm_setup *setup)
{
	if (setup->objects > 1 && setup->lives != BIT(RS_LIFE_END))
		return command_refuse(cmd, COMMAND_NO_WORD, -EINVAL,
				      "many objects have one life each: objects= or lives=");
	if (setup->hotplug && setup->killers == RS_KILLERS_MAX)
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOSPC,
				      "hotplug=1 needs the place of one killer: at most %d",
				      RS_KILLERS_MAX - 1);
	if (setup->killers * setup->objects > RS_STORM_OBJECTS_MAX)
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOSPC,
				      "%llu killers with %llu objects each; %d in all is the limit",
				      setup->killers, setup->objects, RS_STORM_OBJECTS_MAX);
	return 0;
}

/* The patterns that are driven by themselves take no more than that. */
static int check_pattern(struct command *cmd, struct storm_setup *setup)
{
	const char *name = pattern_choices[setup->pattern], *workers = "pinned workers";
	u64 contexts = BIT(WORKER_PINNED);

	switch (setup->pattern) {
	case PATTERN_SATURATE:
		if (!setup->provider->saturates)
			return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
					      "%s does not saturate", setup->provider->name);
		break;
	case PATTERN_ENDS_ALIVE:
		if (!setup->provider->ends_alive)
			return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
					      "%s cannot be ended alive: it has no exit",
					      setup->provider->name);
		contexts |= BIT(WORKER_ROAMING);
		workers = "pinned and roaming workers";
		break;
	default:
		return 0;
	}
	if (setup->contexts & ~contexts || setup->objects > 1 || setup->switchers ||
	    setup->hotplug)
		return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
				      "pattern=%s has %s and one object, no more", name, workers);
	setup->killers = 1;	/* one slot, which nobody kills */
	return 0;
}

/**
 * storm_setup_init - the names that are not this file's
 *
 * Context: process; nobody reads or shows a setup yet.
 */
void __init storm_setup_init(void)
{
	unsigned int i;

	for (i = 0; i < RS_STEP_KIND_COUNT; i++)
		step_choices[i] = rs_step_name(i);
}

/**
 * storm_setup_read - take the words of a storm command
 * @cmd: storm provider=P [ms=N] ...
 * @setup: where to
 *
 * Context: process. Return: 0, or the errno of command_refuse().
 */
int storm_setup_read(struct command *cmd, struct storm_setup *setup)
{
	int ret;

	*setup = (struct storm_setup) {
		.ms		= RS_STORM_MS_DEFAULT,
		.killers	= 2,
		.bound_ms	= RS_BOUND_MS_DEFAULT,
		.duty		= 100,
		.contexts	= BIT(WORKER_PINNED),
		.kill_contexts	= BIT(RS_KILL_TASK),
		.steps		= RS_STEP_ALL,
		.objects	= 1,
		.life_us	= RS_STORM_LIFE_US_DEFAULT,
		.lives		= BIT(RS_LIFE_END),
		.ends		= BIT(RS_END_GRACE),
	};
	ret = command_keys(cmd, 1, keys, ARRAY_SIZE(keys), setup);
	if (ret)
		return ret;
	if (!setup->provider)
		return command_refuse(cmd, COMMAND_NO_WORD, -EINVAL,
				      "provider= is missing");
	ret = check_contexts(cmd, setup) ?: check_lives(cmd, setup) ?:
	      check_sizes(cmd, setup) ?: check_pattern(cmd, setup);
	if (ret)
		return ret;

	/* One of each kind on every CPU. */
	if (!setup->workers)
		setup->workers = min_t(u64, storm_places() * hweight64(setup->contexts),
				       RS_WORKERS_MAX);
	while (!setup->seed)
		setup->seed = get_random_u64();
	return 0;
}

/* The names of what storm_setup_show() shows, in its order. */
void storm_setup_show_names(struct seq_file *m)
{
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(keys); i++)
		seq_printf(m, " %s", keys[i].name);
}

/* What a storm was asked to do, but for the provider. */
void storm_setup_show(struct seq_file *m, const struct storm_setup *setup)
{
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(keys); i++)
		command_key_show(m, &keys[i], setup);
}
