// SPDX-License-Identifier: GPL-2.0
/*
 * The CPUs that workers may have: those that are online, without those that isolcpus= took
 * away from the scheduler, for their users expect to have them alone.
 */
#include <linux/cpumask.h>
#include <linux/sched/isolation.h>

#include "storm_internal.h"

/* The CPU after @cpu, round and round; the first one after -1. */
int storm_cpu_next(int cpu)
{
	const struct cpumask *allowed = housekeeping_cpumask(HK_TYPE_DOMAIN);

	cpu = cpumask_next_and(cpu, cpu_online_mask, allowed);
	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first_and(cpu_online_mask, allowed);
	/* Every CPU that is online is isolated. */
	return cpu < nr_cpu_ids ? cpu : cpumask_first(cpu_online_mask);
}

/* The number of these CPUs. */
unsigned int storm_places(void)
{
	int first = storm_cpu_next(-1), cpu = first;
	unsigned int nr = 0;

	/* Any CPU, the first one included, may go offline meanwhile. */
	do {
		nr++;
		cpu = storm_cpu_next(cpu);
	} while (cpu > first && nr < nr_cpu_ids);
	return nr;
}

/* The @n-th of these CPUs, from 0. */
int storm_cpu_nth(unsigned int n)
{
	int cpu = storm_cpu_next(-1);

	while (n--)
		cpu = storm_cpu_next(cpu);
	return cpu;
}
