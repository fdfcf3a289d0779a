// SPDX-License-Identifier: GPL-2.0
/*
 * Breakpoints in the fast path: kprobes on instructions of the provider's get, put and
 * tryget, into which the counter's functions are inlined. An exception then interrupts a
 * task between two instructions, and the kernel single-steps the probed instruction, which
 * may be the addition itself, in another place.
 *
 * register_kprobe() refuses addresses inside of an instruction, so every byte is tried.
 * If a function is short, some probes are in the function after it, which does no harm.
 */
#include <linux/kprobes.h>

#include "refstorm_module.h"
#include "storm_internal.h"

#define FIRST_BYTE	8	/* ftrace may own the entry */
#define LAST_BYTE	64
#define PROBES_EACH	6	/* in a function; a hit takes a microsecond */
#define PROBES_MAX	(3 * PROBES_EACH)

struct probes {
	struct storm	*storm;
	unsigned int	nr;
	struct kprobe	probe[PROBES_MAX];
	struct kprobe	*pointers[PROBES_MAX];
};

static struct probes *the_probes;

static int storm_probe_hit(struct kprobe *probe, struct pt_regs *regs)
{
	atomic64_inc(&the_probes->storm->probe_hits);
	return 0;
}

static int storm_probe_function(struct probes *probes, void *function)
{
	unsigned int offset, end = probes->nr + PROBES_EACH;
	int ret = 0;

	for (offset = FIRST_BYTE; offset < LAST_BYTE && probes->nr < end; offset++) {
		struct kprobe *probe = &probes->probe[probes->nr];

		*probe = (struct kprobe) {
			.addr		= function + offset,
			.pre_handler	= storm_probe_hit,
		};
		ret = register_kprobe(probe);
		if (!ret)
			probes->pointers[probes->nr++] = probe;
		else if (ret == -EOPNOTSUPP)	/* a kernel without kprobes */
			break;
	}
	return probes->nr ? 0 : ret;
}

static void storm_probe_free(void)
{
	/* One call, for it waits for a grace period. */
	unregister_kprobes(the_probes->pointers, the_probes->nr);
	rs_free(&refstorm_sites[SITE_STORM_PROBES], the_probes);
	the_probes = NULL;
}

/**
 * storm_probe_begin - register the kprobes
 * @storm: the storm, about to start
 *
 * Context: process; storms_lock held.
 * Return: 0, -ENOMEM, -EBUSY if another storm has kprobes, -EOPNOTSUPP if the kernel has
 * none, or the errno of the last register_kprobe().
 */
int storm_probe_begin(struct storm *storm)
{
	const struct rs_provider *provider = storm->setup.provider;
	int ret;

	if (the_probes)
		return -EBUSY;
	the_probes = rs_zalloc(&refstorm_sites[SITE_STORM_PROBES], sizeof(*the_probes),
			       GFP_KERNEL);
	if (!the_probes)
		return -ENOMEM;
	the_probes->storm = storm;
	ret = storm_probe_function(the_probes, provider->get) ?:
	      storm_probe_function(the_probes, provider->put) ?:
	      storm_probe_function(the_probes, provider->tryget);
	if (ret)
		storm_probe_free();
	return ret;
}

/* Context: process; storms_lock held. */
void storm_probe_end(struct storm *storm)
{
	if (storm->setup.kprobes)
		storm_probe_free();
}
