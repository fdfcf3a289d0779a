// SPDX-License-Identifier: GPL-2.0
/*
 * Breakpoints in the fast path: kprobes on the instructions of the provider's
 * get, put and tryget, into which the counter's own are inlined. A task is then
 * interrupted by an exception between them, and single-steps over what may be
 * the addition itself, which the kernel runs elsewhere for it.
 *
 * The kernel refuses what is not the start of an instruction, so every byte is
 * tried. What lies behind a short function is another of this module: no harm.
 */
#include <linux/kprobes.h>

#include "refstorm_module.h"
#include "storm_internal.h"

#define FIRST_BYTE	8	/* the entry may be ftrace's */
#define LAST_BYTE	64
#define PROBES_EACH	6	/* of a function: each costs a microsecond a pass */
#define PROBES_MAX	(3 * PROBES_EACH)

struct probes {
	struct storm	*storm;
	unsigned int	nr;
	struct kprobe	probe[PROBES_MAX];
	struct kprobe	*pointers[PROBES_MAX];
};

static struct probes *the_probes;

static int probe_met(struct kprobe *probe, struct pt_regs *regs)
{
	atomic64_inc(&the_probes->storm->probes);
	return 0;
}

static int probe_function(struct probes *probes, void *function)
{
	unsigned int offset, end = probes->nr + PROBES_EACH;
	int ret = 0;

	for (offset = FIRST_BYTE; offset < LAST_BYTE && probes->nr < end; offset++) {
		struct kprobe *probe = &probes->probe[probes->nr];

		*probe = (struct kprobe) {
			.addr		= function + offset,
			.pre_handler	= probe_met,
		};
		ret = register_kprobe(probe);
		if (!ret)
			probes->pointers[probes->nr++] = probe;
		else if (ret == -EOPNOTSUPP)	/* a kernel without kprobes */
			break;
	}
	return probes->nr ? 0 : ret;
}

static void probes_free(void)
{
	/* All at once: it takes a grace period. */
	unregister_kprobes(the_probes->pointers, the_probes->nr);
	rs_free(&refstorm_sites[SITE_STORM_PROBES], the_probes);
	the_probes = NULL;
}

/**
 * storm_probe_begin - put breakpoints into the fast path
 * @storm: about to start
 *
 * Context: process; storms_lock held.
 * Return: 0, -ENOMEM, -EBUSY if another storm has some, -EOPNOTSUPP if the kernel
 * has no kprobes, or what it says to the last of them.
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
	ret = probe_function(the_probes, provider->get) ?:
	      probe_function(the_probes, provider->put) ?:
	      probe_function(the_probes, provider->tryget);
	if (ret)
		probes_free();
	return ret;
}

/* Context: process; storms_lock held. */
void storm_probe_end(struct storm *storm)
{
	if (storm->setup.kprobes)
		probes_free();
}
