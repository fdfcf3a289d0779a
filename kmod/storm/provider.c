// SPDX-License-Identifier: GPL-2.0
/* The table of providers, and how it is shown. */
#include <linux/kernel.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "command.h"
#include "provider.h"

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
};

static const char * const origin_names[] = {
	[RS_ORIGIN_BASELINE]	= "baseline",
	[RS_ORIGIN_MAINLINE]	= "mainline",
	[RS_ORIGIN_REFSTORM]	= "refstorm",
};

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
	char names[256] = "";
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

/* The providers file. */
void providers_show(struct seq_file *m)
{
	unsigned int i;

	seq_puts(m, "# provider origin percpu saturates ops\n");
	for (i = 0; i < ARRAY_SIZE(providers); i++) {
		const struct rs_provider *p = providers[i];

		seq_printf(m, "provider=%s origin=%s percpu=%d saturates=%d ops=get,put,tryget%s,kill%s%s\n",
			   p->name, origin_names[p->origin], p->percpu,
			   p->saturates, p->tryget_live ? ",tryget_live" : "",
			   p->percpu ? ",kill_confirm" : "",
			   p->modes ? ",switch_to_atomic,switch_to_percpu,reinit,resurrect" : "");
	}
}
