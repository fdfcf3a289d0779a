// SPDX-License-Identifier: GPL-2.0
/*
 * Kills in the callbacks of CPU hotplug: an object lives, is killed and awaited
 * while a CPU comes or goes, as drivers do it. Whoever needs the hotplug lock to
 * collect a counter hangs here.
 *
 * The callbacks are there while such a storm runs, one storm at a time. CPUs are
 * moved by somebody in user space.
 */
#include <linux/cpuhotplug.h>

#include "storm_internal.h"

static struct storm *the_storm;
static enum cpuhp_state state;

/* Called for one CPU at a time. */
static int cpu_came_or_goes(unsigned int cpu)
{
	struct storm *storm = the_storm;

	if (!READ_ONCE(storm->closing) && !READ_ONCE(storm->abandon))
		storm_killer_one(&storm->slots[storm->nr_slots - 1]);
	return 0;
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
	int ret;

	if (the_storm)
		return -EBUSY;
	the_storm = storm;
	ret = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "refstorm:storm",
					cpu_came_or_goes, cpu_came_or_goes);
	if (ret < 0) {
		the_storm = NULL;
		return ret;
	}
	state = ret;
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
	cpuhp_remove_state_nocalls(state);
	the_storm = NULL;
}
