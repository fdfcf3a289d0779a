// SPDX-License-Identifier: GPL-2.0
/*
 * Kills in the callbacks of CPU hotplug: an object is published, killed and waited for
 * while a CPU goes online or offline, as drivers do it. A counter that needs the hotplug
 * lock to collect its slots hangs here.
 *
 * There are callbacks of two states, each called for CPUs that go online and offline:
 *
 *	online	runs on that CPU, whose timers and interrupts work
 *	prepare	runs on the CPU that brings the other one up or down. The other CPU is
 *		dead, and its pending work (a timer, a tasklet) is not run by anybody
 *		before the callback returns
 *
 * The callbacks are registered while a storm with hotplug=1 runs; only one such storm can
 * run at a time. A program in user space takes the CPUs offline and online.
 */
#include <linux/cpuhotplug.h>

#include "storm_internal.h"

static struct storm *hotplug_storm;

static struct {
	enum cpuhp_state	wanted;
	const char		*name;
	int			state;		/* that cpuhp gave */
} callbacks[] = {
	{ CPUHP_AP_ONLINE_DYN, "refstorm:online" },
	{ CPUHP_BP_PREPARE_DYN, "refstorm:prepare" },
};

/* The hotplug lock lets one such call run at a time. */
static int storm_hotplug_callback(unsigned int cpu)
{
	struct storm *storm = hotplug_storm;

	if (storm_killer_goes_on(storm))
		storm_killer_one(&storm->slots[storm->nr_slots - 1]);
	return 0;
}

/* Unregister the first @nr callbacks. */
static void storm_hotplug_remove(unsigned int nr)
{
	while (nr--)
		cpuhp_remove_state_nocalls(callbacks[nr].state);
	hotplug_storm = NULL;
}

/**
 * storm_hotplug_begin - register the callbacks of CPU hotplug
 * @storm: the storm, about to start; the callbacks have its last slot
 *
 * Context: process; storms_lock held.
 * Return: 0, -EBUSY if another storm has them, or the errno of cpuhp_setup_state_nocalls().
 */
int storm_hotplug_begin(struct storm *storm)
{
	unsigned int i;

	if (hotplug_storm)
		return -EBUSY;
	hotplug_storm = storm;
	for (i = 0; i < ARRAY_SIZE(callbacks); i++) {
		callbacks[i].state = cpuhp_setup_state_nocalls(callbacks[i].wanted,
							       callbacks[i].name,
							       storm_hotplug_callback,
							       storm_hotplug_callback);
		if (callbacks[i].state < 0) {
			storm_hotplug_remove(i);
			return callbacks[i].state;
		}
	}
	return 0;
}

/**
 * storm_hotplug_end - unregister the callbacks of CPU hotplug
 * @storm: the storm; its workers must still run
 *
 * A callback that runs ends only when workers have drained its object, and is waited for.
 *
 * Context: process; storms_lock held.
 */
void storm_hotplug_end(struct storm *storm)
{
	if (!storm->setup.hotplug)
		return;
	storm_hotplug_remove(ARRAY_SIZE(callbacks));
	storm_alive_end_unused(&storm->slots[storm->nr_slots - 1], true);
}
