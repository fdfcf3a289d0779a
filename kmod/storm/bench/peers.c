// SPDX-License-Identifier: GPL-2.0
/* The table of peers, and the file that shows it. peer.h tells what peers are. */
#include <linux/seq_file.h>
#include <linux/string.h>

#include "bench.h"
#include "bench_internal.h"

static const struct rs_provider * const peers[] = {
#define X(name) &bench_peer_##name,
	BENCH_PEERS(X)
#undef X
};

/* For command_refuse_list(): what the benchmark measures. */
static void bench_list_measurable(struct seq_file *m, const void *of)
{
	unsigned int i;

	provider_list(m, of);
	for (i = 0; i < ARRAY_SIZE(peers); i++)
		seq_printf(m, " %s", peers[i]->name);
}

/* For BENCH_PROVIDER_KEY(): @field is a const struct rs_provider *. */
int bench_provider_set(struct command *cmd, unsigned int word, const char *name, void *field)
{
	const struct rs_provider **provider = field;
	unsigned int i;

	*provider = provider_find(name);
	for (i = 0; i < ARRAY_SIZE(peers) && !*provider; i++)
		if (!strcmp(peers[i]->name, name))
			*provider = peers[i];
	if (*provider)
		return 0;
	return command_refuse_list(cmd, word, -ENOENT, bench_list_measurable, NULL,
				   "no provider is called '%.32s'; accepted:", name);
}

/* The peers file. */
void peers_show(struct seq_file *m)
{
	unsigned int i;

	seq_puts(m, "# provider origin percpu\n");
	for (i = 0; i < ARRAY_SIZE(peers); i++)
		seq_printf(m, "provider=%s origin=%s percpu=%d\n", peers[i]->name,
			   provider_origin_names[peers[i]->origin], peers[i]->percpu);
}
