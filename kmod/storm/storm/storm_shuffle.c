// SPDX-License-Identifier: GPL-2.0
/*
 * Shuffling: one CPU is left alone by the threads of all storms, as torture_shuffle() of the
 * kernel's torture tests does it. An idle CPU passes grace periods and rounds in another way
 * than a busy one. Which CPU it is changes from time to time.
 *
 * Each thread moves itself: bound workers, which move back to their CPU anyway, ask
 * storm_shuffle_away() where to go, and the other threads call storm_shuffle_follow().
 */
#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#include "storm_internal.h"
#include "storm_shuffle.h"

#define NO_CPU (-1)

static int shuffle_idle = NO_CPU;	/* the CPU that is left alone */
static unsigned int shuffle_changes;	/* counts changes of shuffle_idle */
static struct cpumask shuffle_others;	/* all CPUs but that one */
static DEFINE_MUTEX(shuffle_lock);

static void storm_shuffle_set(int cpu)
{
	mutex_lock(&shuffle_lock);
	WRITE_ONCE(shuffle_idle, cpu);
	cpumask_copy(&shuffle_others, cpu_possible_mask);
	if (cpu != NO_CPU)
		cpumask_clear_cpu(cpu, &shuffle_others);
	WRITE_ONCE(shuffle_changes, shuffle_changes + 1);
	mutex_unlock(&shuffle_lock);
}

/**
 * storm_shuffle_next - leave another CPU alone from now on
 *
 * Context: process; one caller at a time. With one CPU nothing changes.
 */
void storm_shuffle_next(void)
{
	int cpu = storm_cpu_next(READ_ONCE(shuffle_idle));

	if (storm_cpu_next(cpu) != cpu)
		storm_shuffle_set(cpu);
}

/* Use all CPUs again. Context: process. */
void storm_shuffle_end(void)
{
	if (READ_ONCE(shuffle_idle) != NO_CPU)
		storm_shuffle_set(NO_CPU);
}

/* @cpu, or another one while @cpu is left alone. Context: any. */
int storm_shuffle_away(int cpu)
{
	return unlikely(READ_ONCE(shuffle_idle) == cpu) ? storm_cpu_next(cpu) : cpu;
}

/**
 * storm_shuffle_follow - leave the CPU that is to be left alone
 * @seen: shuffle_changes at the caller's last call; 0 before the first
 *
 * Context: process, a thread of a storm that is bound to no CPU.
 */
void storm_shuffle_follow(unsigned int *seen)
{
	if (likely(READ_ONCE(shuffle_changes) == *seen))
		return;
	mutex_lock(&shuffle_lock);
	*seen = shuffle_changes;
	set_cpus_allowed_ptr(current, &shuffle_others);
	mutex_unlock(&shuffle_lock);
}
