// SPDX-License-Identifier: GPL-2.0
/*
 * Kills in the callbacks of CPU hotplug: an object lives, is killed and awaited
 * while a CPU comes or goes, as drivers do it. Whoever needs the hotplug lock to
 * collect a counter hangs here.
 *
 * There are callbacks of two kinds, each for CPUs that come and CPUs that go:
 *
 *	online	on the CPU itself, which runs everything, but for its interrupts
 *	prepare	on the CPU that takes it up or down. The other one is dead, and what
 *		it had not done yet (a timer, a tasklet) is done by nobody before
 *		the callback returns
 *
 * The callbacks are there while such a storm runs, one storm at a time. CPUs are
 * moved by somebody in user space.
 */
#include <linux/cpuhotplug.h>

#include "storm_internal.h"

static struct storm *the_storm;

static struct {
	enum cpuhp_state	wanted;
	const char		*name;
	int			state;		/* that it got */
} callbacks[] = {
	{ CPUHP_AP_ONLINE_DYN, "refstorm:online" },
	{ CPUHP_BP_PREPARE_DYN, "refstorm:prepare" },
};

/* Called for one CPU at a time. */
static int cpu_came_or_goes(unsigned int cpu)
{
	struct storm *storm = the_storm;

	if (!READ_ONCE(storm->closing) && !READ_ONCE(storm->abandon))
		storm_killer_one(&storm->slots[storm->nr_slots - 1]);
	return 0;
}

/* Take back the first @nr. */
static void callbacks_remove(unsigned int nr)
{
	while (nr--)
		cpuhp_remove_state_nocalls(callbacks[nr].state);
	the_storm = NULL;
}

/**
 * storm_hotplug_begin - kill where CPUs come and go, too
 * @storm: about to start; its last slot is for that
 *
 * Context: process; storms_lock held.
 * Return: 0, -EBUSY if another storm does that, or what cpuhp says.
 */
int storm_hotplug_begin(struct storm *storm)
{
	unsigned int i;

	if (the_storm)
		return -EBUSY;
	the_storm = storm;
	for (i = 0; i < ARRAY_SIZE(callbacks); i++) {
		callbacks[i].state = cpuhp_setup_state_nocalls(callbacks[i].wanted,
							       callbacks[i].name,
							       cpu_came_or_goes,
							       cpu_came_or_goes);
		if (callbacks[i].state < 0) {
			callbacks_remove(i);
			return callbacks[i].state;
		}
	}
	return 0;
}

/**
 * storm_hotplug_end - the opposite of storm_hotplug_begin()
 * @storm: the storm
 *
 * Waits for a callback that runs, for which the workers must still be there.
 *
 * Context: process; storms_lock held.
 */
void storm_hotplug_end(struct storm *storm)
{
	if (!storm->setup.hotplug)
		return;
	callbacks_remove(ARRAY_SIZE(callbacks));
	storm_part_due(&storm->slots[storm->nr_slots - 1], true);
}
