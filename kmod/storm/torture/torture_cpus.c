// SPDX-License-Identifier: GPL-2.0
/* CPUs that go offline and online (onoff), and one that is left alone (shuffle). */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "control/tally.h"
#include "control/thread.h"
#include "refstorm_module.h"
#include "storm/storm_shuffle.h"
#include "torture_cpus.h"

static struct rs_alloc_site * const mover_site = &refstorm_sites[SITE_TORTURE_THREAD];

static struct cpumask taken;	/* CPUs that onoff took offline */

/* A random CPU that can go offline, or nr_cpu_ids. */
static unsigned int torture_cpu_draw(void)
{
	unsigned int cpu = get_random_u32() % nr_cpu_ids, i;

	for (i = 0; i < nr_cpu_ids; i++, cpu = (cpu + 1) % nr_cpu_ids)
		if (cpu_possible(cpu) && cpu_is_hotpluggable(cpu))
			return cpu;
	return nr_cpu_ids;
}

/* Can a CPU go offline on this machine? */
bool torture_cpu_can_move(void)
{
	return IS_ENABLED(CONFIG_HOTPLUG_CPU) && num_possible_cpus() > 1 &&
	       torture_cpu_draw() < nr_cpu_ids;
}

static bool torture_onoff_once(void)
{
	unsigned int cpu = torture_cpu_draw();

	if (cpu >= nr_cpu_ids)
		return false;
	if (cpumask_test_cpu(cpu, &taken)) {
		if (add_cpu(cpu))
			return false;
		cpumask_clear_cpu(cpu, &taken);
		return true;
	}
	/* One that user space took offline stays as it is. */
	if (!cpu_online(cpu) || num_online_cpus() == 1 || remove_cpu(cpu))
		return false;
	cpumask_set_cpu(cpu, &taken);
	return true;
}

static void torture_onoff_end(void)
{
	unsigned int cpu;

	for_each_cpu(cpu, &taken)
		if (add_cpu(cpu))
			pr_alert("# onoff: CPU %u does not come back\n", cpu);
	cpumask_clear(&taken);
}

static bool torture_shuffle_once(void)
{
	storm_shuffle_next();
	return num_online_cpus() > 1;
}

struct torture_mover torture_movers[TORTURE_MOVER_NR] = {
	[TORTURE_SHUFFLE] = { .name = "shuffle", .did = "times another CPU was left alone",
			      .once = torture_shuffle_once, .end = storm_shuffle_end },
	[TORTURE_ONOFF]	  = { .name = "onoff", .did = "times a CPU went offline or online",
			      .once = torture_onoff_once, .end = torture_onoff_end },
};

static int torture_mover_thread(void *arg)
{
	struct torture_mover *mover = arg;

	bool goes_on;

	for (goes_on = thread_sleep(mover->holdoff); goes_on;
	     goes_on = thread_sleep(mover->interval))
		if (mover->once())
			tally(mover->count, 1);
	mover->end();
	return 0;
}

/* Create the threads of those that have an interval. Return: 0 or -ENOMEM. */
int torture_movers_create(void)
{
	struct torture_mover *mover;

	for (mover = torture_movers; mover < torture_movers + TORTURE_MOVER_NR; mover++) {
		if (!mover->interval)
			continue;
		mover->task = thread_create(mover_site, torture_mover_thread, mover, THREAD_ANY_CPU,
					    mover->name, 0, 0);
		if (!mover->task) {
			torture_movers_stop();
			return -ENOMEM;
		}
	}
	return 0;
}

void torture_movers_start(void)
{
	struct torture_mover *mover;

	for (mover = torture_movers; mover < torture_movers + TORTURE_MOVER_NR; mover++)
		if (mover->task)
			wake_up_process(mover->task);
}

void torture_movers_stop(void)
{
	struct torture_mover *mover;

	for (mover = torture_movers; mover < torture_movers + TORTURE_MOVER_NR; mover++) {
		thread_stop(mover_site, mover->task);
		mover->task = NULL;
	}
}
