// SPDX-License-Identifier: GPL-2.0
/* The table of providers, the file that shows it, and operations that several providers share. */
#include <linux/bits.h>
#include <linux/kconfig.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include <refstorm/abi.h>

#include "control/command.h"
#include "provider.h"
#include "provider_bench.h"

/* kmod/cxx/providers.cc casts a struct rs_counter to the counter in its storage. */
static_assert(!offsetof(struct rs_counter, storage));

static const struct rs_provider * const providers[] = {
	&rs_provider_atomic,
	&rs_provider_refcount,
	&rs_provider_kref,
	&rs_provider_percpu_ref,
	&rs_provider_rs_refcount,
	&rs_provider_rs_kref,
	&rs_provider_rs_percpu_ref,
	&rs_provider_rs_percpu_ref_dynamic,
	&rs_provider_rs_percpu_ref_two_stage,
	&rs_provider_rs_sealed_ref,
	&rs_provider_rs_sealed_ref_dynamic,
	&rs_provider_rs_sealed_ref_generic,
	&rs_provider_cxx_refcount,
	&rs_provider_cxx_kref,
#ifdef CONFIG_X86_64
	&rs_provider_cxx_sealed_ref,
#endif
};

static const char * const origin_names[] = {
	[RS_ORIGIN_BASELINE]	= "baseline",
	[RS_ORIGIN_MAINLINE]	= "mainline",
	[RS_ORIGIN_REFSTORM]	= "refstorm",
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

/**
 * provider_find_or_refuse - the provider that a word of a command names
 * @cmd: the command
 * @word: the word that it stands in, for the error
 * @name: its name
 *
 * Return: the provider, or NULL after refusing the command with -ENOENT.
 */
const struct rs_provider *provider_find_or_refuse(struct command *cmd,
						  unsigned int word,
						  const char *name)
{
	char names[384] = "";
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(providers); i++) {
		if (!strcmp(providers[i]->name, name))
			return providers[i];
		len += scnprintf(names + len, sizeof(names) - len, " %s",
				 providers[i]->name);
	}
	command_refuse(cmd, word, -ENOENT, "no provider is called '%.32s'; accepted:%s",
		       name, names);
	return NULL;
}

/* @kill of a provider whose kill is no more than the put of the owner's reference */
bool provider_kill_by_put(struct rs_counter *counter, bool confirm)
{
	counter->provider->put(counter, 1);
	return true;
}

/* @inspect of a provider whose counter is one 32-bit word, which reads @count */
void provider_word_state(struct rs_counter *counter, u32 count, struct rs_counter_state *state)
{
	*state = (struct rs_counter_state) {
		.countable	= true,
		.count		= count,
		.zero		= !count,
		.saturated	= counter->provider->saturates && count > RS_REFCOUNT_MAX,
	};
}

/* @read_rounds of the providers of rs_sealed_ref, whose counters share their rounds */
void provider_read_sealed_rounds(struct rs_counter_rounds *rounds)
{
	struct rs_sealed_ref_rounds sealed;

	rs_sealed_ref_read_rounds(&sealed);
	*rounds = (struct rs_counter_rounds) { sealed.rounds, sealed.interrupts };
}

/* The providers in kmod/cxx/providers.cc call the following. */

DEFINE_SPINLOCK(rs_bench_lock);

/* Call a counter's release. Context: that of a put. */
void rs_counter_released(struct rs_counter *counter)
{
	counter->release(counter);
}

/* Drop rs_bench_lock, which the caller holds, and call a counter's release. */
void rs_counter_released_locked(struct rs_counter *counter) __releases(&rs_bench_lock)
{
	spin_unlock(&rs_bench_lock);
	counter->release(counter);
}

/* Call a counter's confirmation. Context: softirq or that of a kill. */
void rs_counter_confirmed(struct rs_counter *counter)
{
	counter->confirm(counter);
}

/* The providers file. */
void providers_show(struct seq_file *m)
{
	unsigned int i;

	seq_puts(m, "# provider origin percpu saturates kill_contexts lives ends ops tracks\n");
	for (i = 0; i < ARRAY_SIZE(providers); i++) {
		const struct rs_provider *p = providers[i];

		seq_printf(m, "provider=%s origin=%s percpu=%d saturates=%d kill_contexts=",
			   p->name, origin_names[p->origin], p->percpu, p->saturates);
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
