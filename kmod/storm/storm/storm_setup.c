// SPDX-License-Identifier: GPL-2.0
/*
 * What can be asked of a storm: one table to read it, to check it, to show it, and to tell
 * the driver of it (the commands file).
 */
#include <linux/bitops.h>
#include <linux/init.h>
#include <linux/kconfig.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/time64.h>

#include <refstorm/abi.h>

#include "control/command.h"
#include "storm_setup.h"

static const char * const storm_setup_pattern_choices[] = {
	[PATTERN_LIFECYCLE]	= "lifecycle",
	[PATTERN_SATURATE]	= "saturate",
	[PATTERN_ENDS_ALIVE]	= "ends-alive",
	NULL
};

static const char * const storm_setup_memory_choices[] = {
	[MEMORY_KEPT]	= "kept",
	[MEMORY_FREED]	= "freed",
	NULL
};

static const char * const storm_setup_context_choices[] = {
	[WORKER_PINNED]	= "pinned",
	[WORKER_ROAMING]	= "roaming",
	[WORKER_NICE]		= "nice",
	[WORKER_REALTIME]	= "realtime",
	[WORKER_SOFTIRQ]	= "softirq",
	[WORKER_HARDIRQ]	= "hardirq",
	NULL
};

/* Filled from their one home, before there is a file. */
static const char *storm_setup_step_choices[RS_STEP_KIND_COUNT + 1];

#define SETUP_FIELD(_name) \
	.name = #_name, .offset = offsetof(struct storm_setup, _name)

#define NUMBER(_name, _min, _max, _value, _help)			\
	{ SETUP_FIELD(_name), .min = (_min), .max = (_max), .value = (_value), .help = (_help) }

#define FLAG(_name, _help) NUMBER(_name, 0, 1, 0, _help)

#define CHOICE(_name, _choices, _value, _help)				\
	{ SETUP_FIELD(_name), .kind = COMMAND_CHOICE, .choices = (_choices),	\
	  .value = (_value), .help = (_help) }

#define SEVERAL(_name, _choices, _value, _help)				\
	{ SETUP_FIELD(_name), .kind = COMMAND_SEVERAL, .choices = (_choices),	\
	  .value = (_value), .help = (_help) }

const struct command_key storm_setup_keys[] = {
	PROVIDER_KEY(struct storm_setup),
	CHOICE(pattern, storm_setup_pattern_choices, PATTERN_LIFECYCLE,
	       "lifecycle; saturate: past its end and back; ends-alive: ended without a kill"),
	NUMBER(seed, 0, U64_MAX, 0, "the same seed gives the same steps; 0 chooses one"),
	NUMBER(workers, 1, RS_WORKERS_MAX, 0,
	       "contexts that get and put; one of each kind on each CPU if not told"),
	NUMBER(killers, 1, RS_KILLERS_MAX, 2, "threads that kill, each with objects of its own"),
	NUMBER(ms, RS_STORM_MS_MIN, RS_STORM_MS_MAX, RS_STORM_MS_DEFAULT, "length of the storm"),
	{ .name = "seconds", .help = "the same in seconds", .instead = true, .min = 1,
	  .max = RS_STORM_MS_MAX / MSEC_PER_SEC, .scale = MSEC_PER_SEC,
	  .offset = offsetof(struct storm_setup, ms) },
	NUMBER(bound_ms, 1, RS_BOUND_MS_MAX, RS_BOUND_MS_DEFAULT,
	       "time after the last put within which release() must have run"),
	NUMBER(duty, 1, 100, 100, "percent of the time that a worker is busy"),
	SEVERAL(contexts, storm_setup_context_choices, BIT(WORKER_PINNED),
		"where workers run; CPUs and contexts go round"),
	SEVERAL(kill_contexts, rs_kill_context_names, BIT(RS_KILL_TASK),
		"where kills happen; each kill chooses one"),
	NUMBER(delay, 0, 1000, 0, "per mille of the places between two steps that get a delay"),
	SEVERAL(steps, storm_setup_step_choices, RS_STEP_ALL, "kinds of steps that workers do"),
	NUMBER(objects, 1, RS_STORM_OBJECTS_MAX, 1, "objects of each killer at once"),
	NUMBER(life_us, 1, RS_STORM_LIFE_US_MAX, RS_STORM_LIFE_US_DEFAULT,
	       "time from birth to kill at most"),
	SEVERAL(lives, rs_life_names, BIT(RS_LIFE_END), "what becomes of a killed counter"),
	SEVERAL(ends, rs_end_names, BIT(RS_END_GRACE),
		"when a counter is ended; grace: a grace period after release"),
	CHOICE(memory, storm_setup_memory_choices, MEMORY_KEPT,
	       "what becomes of an object after its end; freed: poisoned and freed"),
	NUMBER(switchers, 0, RS_KILLERS_MAX, 0, "threads that switch modes"),
	NUMBER(gust_ms, 0, RS_BOUND_MS_MAX, 0,
	       "workers are busy and idle by turns for this long; 0: always busy"),
	FLAG(hotplug, "1: callbacks of CPU hotplug kill, too"),
	FLAG(kprobes, "1: breakpoints between the instructions of get, put and tryget"),
	FLAG(track, "1: the holders of objects are recorded; switchers turn that off and on"),
	FLAG(hard_bound, "1: a release() beyond the bound is lost, though it may be on its way"),
	{}
};

/* The @n-th bit of @mask, counted round and round. */
unsigned int storm_setup_pick(u64 mask, unsigned int n)
{
	unsigned int bit = 0;

	for (n %= hweight64(mask);; bit++)
		if (mask & BIT_ULL(bit) && !n--)
			return bit;
}

static int storm_setup_check_contexts(struct command *cmd, const struct storm_setup *setup)
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

static int storm_setup_check_lives(struct command *cmd, const struct storm_setup *setup)
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

static int storm_setup_check_sizes(struct command *cmd, const struct storm_setup *setup)
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
static int storm_setup_check_pattern(struct command *cmd, struct storm_setup *setup)
{
	const char *name = storm_setup_pattern_choices[setup->pattern], *workers = "pinned workers";
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
		storm_setup_step_choices[i] = rs_step_name(i);
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

	ret = command_keys(cmd, setup);
	if (ret)
		return ret;
	ret = storm_setup_check_contexts(cmd, setup) ?: storm_setup_check_lives(cmd, setup) ?:
	      storm_setup_check_sizes(cmd, setup) ?: storm_setup_check_pattern(cmd, setup);
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

/* The provider has another place, and what is scaled is in the field of another key. */
static bool storm_setup_is_shown(const struct command_key *key)
{
	return key->kind != COMMAND_PROVIDER && !key->scale;
}

/* The names of what storm_setup_show() shows, in its order. */
void storm_setup_show_names(struct seq_file *m)
{
	const struct command_key *key;

	for (key = storm_setup_keys; key->name; key++)
		if (storm_setup_is_shown(key))
			seq_printf(m, " %s", key->name);
}

/* What a storm was asked to do, but for the provider. */
void storm_setup_show(struct seq_file *m, const struct storm_setup *setup)
{
	const struct command_key *key;

	for (key = storm_setup_keys; key->name; key++)
		if (storm_setup_is_shown(key))
			command_key_show(m, key, setup);
}
