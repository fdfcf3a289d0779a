// SPDX-License-Identifier: GPL-2.0
/* The table of providers, and the file that shows it. */
#include <linux/bits.h>
#include <linux/kconfig.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "control/command.h"
#include "provider.h"

static const struct rs_provider * const providers[] = {
#define X(name, ...) &rs_provider_##name,
	RS_PROVIDERS(X)
#undef X
};

const char * const provider_origin_names[] = {
	[RS_ORIGIN_BASELINE]	= "baseline",
	[RS_ORIGIN_MAINLINE]	= "mainline",
	[RS_ORIGIN_REFSTORM]	= "refstorm",
	[RS_ORIGIN_PEER]	= "peer",
};

const char * const rs_counter_mode_names[] = {
	[RS_COUNTER_MODELESS]	= "-",
	[RS_COUNTER_PERCPU]	= "percpu",
	[RS_COUNTER_SWITCHING]	= "switching",
	[RS_COUNTER_ATOMIC]	= "atomic",
};

const char * const rs_kill_context_names[] = {
	[RS_KILL_TASK]		= "task",
	[RS_KILL_IRQS_OFF]	= "irqs_off",
	[RS_KILL_SOFTIRQ]	= "softirq",
	[RS_KILL_HARDIRQ]	= "hardirq",
	NULL
};

const char * const rs_life_names[] = {
	[RS_LIFE_END]		= "end",
	[RS_LIFE_REINIT]	= "reinit",
	[RS_LIFE_RESURRECT]	= "resurrect",
	NULL
};

const char * const rs_end_names[] = {
	[RS_END_GRACE]		= "grace",
	[RS_END_RELEASE]	= "release",
	[RS_END_ZERO]		= "zero",
	[RS_END_ALIVE]		= "alive",
	NULL
};

/**
 * provider_kill_contexts - where a counter can be killed on this kernel
 * @provider: the kind of counter
 *
 * Return: a mask of enum rs_kill_context.
 */
u64 provider_kill_contexts(const struct rs_provider *provider)
{
	u64 all = BIT(RS_KILL_CONTEXT_NR) - 1;

	if (IS_ENABLED(CONFIG_PREEMPT_RT) && provider->kill_sleeps_on_rt)
		all &= ~(BIT(RS_KILL_IRQS_OFF) | BIT(RS_KILL_HARDIRQ));
	return all;
}

/* What may become of a killed counter. Return: a mask of enum rs_life. */
u64 provider_lives(const struct rs_provider *provider)
{
	return provider->modes ? BIT(RS_LIFE_NR) - 1 : BIT(RS_LIFE_END);
}

/* When exit may be called for a counter. Return: a mask of enum rs_end. */
u64 provider_ends(const struct rs_provider *provider)
{
	u64 ends = BIT(RS_END_GRACE);

	if (provider->ends_early)
		ends |= BIT(RS_END_RELEASE) | BIT(RS_END_ZERO);
	if (provider->ends_alive)
		ends |= BIT(RS_END_ALIVE);
	return ends;
}

/* For command_refuse_list(): the names of all providers. */
void provider_list(struct seq_file *m, const void *of)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(providers); i++)
		seq_printf(m, " %s", providers[i]->name);
}

/* The provider of a name. Return: the provider, or NULL. */
const struct rs_provider *provider_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(providers); i++)
		if (!strcmp(providers[i]->name, name))
			return providers[i];
	return NULL;
}

/**
 * provider_find_or_refuse - the provider that a word of a command names
 * @cmd: the command
 * @word: index of the word with the name, for the error
 * @name: name of the provider
 *
 * Return: the provider, or NULL after refusing the command with -ENOENT.
 */
const struct rs_provider *provider_find_or_refuse(struct command *cmd,
						  unsigned int word,
						  const char *name)
{
	const struct rs_provider *provider = provider_find(name);

	if (!provider)
		command_refuse_list(cmd, word, -ENOENT, provider_list, NULL,
				    "no provider is called '%.32s'; accepted:", name);
	return provider;
}

/* For PROVIDER_KEY(): @field is a const struct rs_provider *. */
int provider_set(struct command *cmd, unsigned int word, const char *name, void *field)
{
	const struct rs_provider **provider = field;

	*provider = provider_find_or_refuse(cmd, word, name);
	return *provider ? 0 : -ENOENT;
}

/* The providers file. */
void providers_show(struct seq_file *m)
{
	unsigned int i;

	seq_puts(m, "# provider origin percpu saturates kill_contexts lives ends ops tracks\n");
	for (i = 0; i < ARRAY_SIZE(providers); i++) {
		const struct rs_provider *p = providers[i];

		seq_printf(m, "provider=%s origin=%s percpu=%d saturates=%d kill_contexts=",
			   p->name, provider_origin_names[p->origin], p->percpu, p->saturates);
		command_names_show(m, rs_kill_context_names, provider_kill_contexts(p));
		seq_puts(m, " lives=");
		command_names_show(m, rs_life_names, provider_lives(p));
		seq_puts(m, " ends=");
		command_names_show(m, rs_end_names, provider_ends(p));
		seq_printf(m, " ops=get,put,tryget%s,kill%s%s tracks=%d\n",
			   p->tryget_live ? ",tryget_live" : "",
			   p->percpu ? ",kill_confirm" : "",
			   p->modes ? ",switch_to_atomic,switch_to_percpu,reinit,resurrect" : "",
			   p->tracking || p->refcount);
	}
}
