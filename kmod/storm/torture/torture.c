// SPDX-License-Identifier: GPL-2.0
/*
 * A run: the storms of the parameter storm, one after the other, with results in the kernel
 * log for machines on which nothing else can be read.
 *
 *	KTAP version 1
 *	1..2
 *	# storm=1 provider=rs_kref ... verdict=held ...
 *	ok 1 storm provider=rs_kref seconds=5
 *	ok 2 storm provider=kref ms=500
 *	# Totals: pass:2 fail:0 xfail:0 xpass:0 skip:0 error:0
 *	refstorm: End of test: SUCCESS
 *
 * The last line, and once=, shutdown_secs=, stutter=, shuffle_interval=, onoff_interval= and
 * onoff_holdoff= are what users of the kernel's torture modules know. As there, the lines have
 * the level that is on the console of a quiet kernel.
 *
 * A run has a thread of its own, so insmod returns at once. The thread holds a reference to the
 * module until the run is over. With once=1 the storms run while the module is loaded, which
 * then fails: a module cannot unload itself in another way.
 */
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "control/command.h"
#include "control/thread.h"
#include "refstorm_module.h"
#include "storm/storm.h"
#include "storm/storm_setup.h"
#include "torture.h"
#include "torture_cpus.h"

#define TORTURE_COLUMNS		120
#define TORTURE_PATIENCE	(120 * HZ)	/* for the end of a storm whose time is up */

static bool torture_once;
module_param_named(once, torture_once, bool, 0400);
MODULE_PARM_DESC(once, "1: run storm= and do not stay loaded; insmod fails with EAGAIN, or EIO if the run failed");

static uint torture_shutdown_secs;
module_param_named(shutdown_secs, torture_shutdown_secs, uint, 0400);
MODULE_PARM_DESC(shutdown_secs, "seconds from load to the end of the run and power off; 0: never");

static uint torture_stutter;
module_param_named(stutter, torture_stutter, uint, 0400);
MODULE_PARM_DESC(stutter, "seconds for which workers are busy and idle by turns; 0: always busy");

static uint torture_shuffle_interval;
module_param_named(shuffle_interval, torture_shuffle_interval, uint, 0400);
MODULE_PARM_DESC(shuffle_interval, "seconds after which another CPU is left alone; 0: no CPU is");

static uint torture_onoff_interval;
module_param_named(onoff_interval, torture_onoff_interval, uint, 0400);
MODULE_PARM_DESC(onoff_interval, "jiffies between changes of a CPU to offline or online; 0: none changes");

static uint torture_onoff_holdoff;
module_param_named(onoff_holdoff, torture_onoff_holdoff, uint, 0400);
MODULE_PARM_DESC(onoff_holdoff, "seconds before the first such change");

static struct rs_alloc_site * const torture_site = &refstorm_sites[SITE_TORTURE_THREAD];

/* Results, and what one of them has to say. */
static struct {
	unsigned int	planned;
	unsigned int	passed;
	unsigned int	failed;
	unsigned int	skipped;
	char		said[2048];
} torture;

static struct task_struct *torture_runner, *torture_ender;
static bool torture_time_is_up;		/* nothing else is begun */
static bool torture_is_over;		/* the last line is written */
static DECLARE_WAIT_QUEUE_HEAD(torture_wait);

/* Text of functions that write to files, for the log. */
static struct seq_file torture_file(void)
{
	torture.said[0] = '\0';
	return (struct seq_file){ .buf = torture.said, .size = sizeof(torture.said) - 1 };
}

/* Write torture.said to the log; rows are broken between words. */
static void torture_say(struct seq_file *m, const char *before)
{
	char *line, *left = torture.said;

	torture.said[min(m->count, m->size)] = '\0';
	while ((line = strsep(&left, "\n"))) {
		while (strlen(line) > TORTURE_COLUMNS) {
			int len = TORTURE_COLUMNS;

			while (len && line[len] != ' ')
				len--;
			if (!len)
				break;
			pr_alert("%s%.*s\n", before, len, line);
			line += len + 1;
		}
		if (*line)
			pr_alert("%s%s\n", before, line);
	}
}

static void torture_result(bool passed, const char *name)
{
	unsigned int nr = torture.passed + torture.failed + torture.skipped + 1;

	pr_alert("%sok %u %s\n", passed ? "" : "not ", nr, name);
	if (passed)
		torture.passed++;
	else
		torture.failed++;
}

static void torture_skip(const char *name, const char *why)
{
	unsigned int nr = torture.passed + torture.failed + torture.skipped++ + 1;

	pr_alert("ok %u %s # SKIP %s\n", nr, name, why);
}

static void torture_run_storm(unsigned int nth)
{
	static struct command cmd;
	struct storm_setup setup;
	const char *verdict;
	struct seq_file m;
	u32 id;

	if (READ_ONCE(torture_time_is_up)) {
		torture_skip(torture_storm(nth), "not begun: shutdown_secs are over");
		return;
	}
	if (torture_read(nth, &cmd, &setup))
		goto refused;
	if (torture_stutter && !setup.gust_ms)
		setup.gust_ms = torture_stutter * MSEC_PER_SEC;
	if (storm_begin(&cmd, &setup, &id))
		goto refused;
	/* It may have begun just after the others were ended. */
	if (READ_ONCE(torture_time_is_up))
		storms_end_now();
	m = torture_file();
	verdict = storm_wait(id, &m);
	torture_say(&m, "# ");
	torture_result(verdict && !strcmp(verdict, "held"), torture_storm(nth));
	return;

refused:
	m = torture_file();
	errors_show_last(&m);
	torture_say(&m, "# ");
	torture_result(false, torture_storm(nth));
}

static void torture_run(void)
{
	struct torture_mover *mover;
	unsigned int i;

	/* A record each: dmesg indents what follows a newline. */
	pr_alert("KTAP version 1\n");
	pr_alert("1..%u\n", torture.planned);
	torture_movers_start();
	for (i = 0; i < torture_storms(); i++)
		torture_run_storm(i);
	torture_movers_stop();
	for (mover = torture_movers; mover < torture_movers + TORTURE_MOVER_NR; mover++) {
		if (!mover->interval)
			continue;
		pr_alert("# %s: %llu %s\n", mover->name, mover->count, mover->did);
		torture_result(mover->count, mover->name);
	}
	pr_alert("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0\n", torture.passed,
		 torture.failed, torture.skipped);
	pr_alert("refstorm: End of test: %s\n",
		 torture.passed && !torture.failed ? "SUCCESS" : "FAILURE");
	WRITE_ONCE(torture_is_over, true);
	wake_up_all(&torture_wait);
}

static int torture_runner_thread(void *arg)
{
	torture_run();
	if (torture_once) {
		thread_wait_stop();
		return 0;
	}
	thread_gone(torture_site);
	module_put_and_kthread_exit(0);
}

static void torture_end_storms(void)
{
	WRITE_ONCE(torture_time_is_up, true);
	storms_end_now();
}

/* Sleeps for shutdown_secs, or until the module is unloaded. */
static int torture_ender_thread(void *arg)
{
	u64 now = ktime_get_ns(), until = now + torture_shutdown_secs * (u64)NSEC_PER_SEC;

	for (; now < until; now = ktime_get_ns())
		if (!thread_sleep(nsecs_to_jiffies(until - now) + 1))
			return 0;
	torture_end_storms();
	if (torture.planned &&
	    !wait_event_idle_timeout(torture_wait, READ_ONCE(torture_is_over), TORTURE_PATIENCE)) {
		pr_alert("# a storm does not end\n");
		pr_alert("refstorm: End of test: FAILURE\n");
	}
	pr_alert("refstorm: shutdown_secs=%u are over: power off\n", torture_shutdown_secs);
	kernel_power_off();
	thread_wait_stop();
	return 0;
}

static int __init torture_refuse(const char *why)
{
	pr_err("refstorm: %s\n", why);
	return -EINVAL;
}

static int __init torture_check_parameters(void)
{
	if (torture_stutter > RS_BOUND_MS_MAX / MSEC_PER_SEC)
		return torture_refuse("stutter= takes at most 60 seconds");
	if (torture_onoff_holdoff && !torture_onoff_interval)
		return torture_refuse("onoff_holdoff= needs onoff_interval=");
	if (!torture_storms() && (torture_once || torture_stutter || torture_shuffle_interval ||
				  torture_onoff_interval))
		return torture_refuse("once=, stutter=, shuffle_ and onoff_interval= need storm=");
	if (torture_once && torture_shutdown_secs)
		return torture_refuse("shutdown_secs= needs a module that stays, unlike once=1");
	if (torture_onoff_interval && !torture_cpu_can_move())
		return torture_refuse("onoff_interval= needs a CPU that can go offline");
	if (torture_shuffle_interval && num_online_cpus() == 1)
		return torture_refuse("shuffle_interval= needs two CPUs");
	return 0;
}

/**
 * torture_check - judge the parameters of a run
 *
 * Nothing is begun before all of them are right.
 *
 * Context: process, module start.
 * Return: 0, or a negative errno; the kernel log has the reason.
 */
int __init torture_check(void)
{
	static struct command cmd __initdata;
	struct storm_setup setup;
	struct seq_file m;
	unsigned int i;
	int ret;

	ret = torture_check_parameters();
	if (ret)
		return ret;
	for (i = 0; i < torture_storms(); i++) {
		ret = torture_read(i, &cmd, &setup);
		if (ret) {
			m = torture_file();
			errors_show_last(&m);
			torture_say(&m, "refstorm: ");
			return ret;
		}
	}
	torture_movers[TORTURE_SHUFFLE].interval = torture_shuffle_interval * (unsigned long)HZ;
	torture_movers[TORTURE_SHUFFLE].holdoff = torture_shuffle_interval * (unsigned long)HZ;
	torture_movers[TORTURE_ONOFF].interval = torture_onoff_interval;
	torture_movers[TORTURE_ONOFF].holdoff = torture_onoff_holdoff * (unsigned long)HZ;
	torture.planned = torture_storms() + !!torture_shuffle_interval + !!torture_onoff_interval;
	return 0;
}

/* Does the module go as soon as its storms have run? */
bool torture_is_once(void)
{
	return torture_once;
}

/* Wait for the end of the run. Return: what module start returns, never 0. */
static int __init torture_wait_once(void)
{
	bool killed = wait_event_killable(torture_wait, READ_ONCE(torture_is_over));

	if (killed) {
		torture_end_storms();
		wait_event_idle(torture_wait, READ_ONCE(torture_is_over));
	}
	thread_stop(torture_site, torture_runner);
	/* The last thread of a storm drops its reference when it is out of this module. */
	while (module_refcount(THIS_MODULE) > 1)
		schedule_timeout_idle(1);
	if (killed)
		return -EINTR;
	return torture.failed || !torture.passed ? -EIO : -EAGAIN;
}

/**
 * torture_begin - begin the run
 *
 * Context: process, the end of module start.
 * Return: 0, or a negative errno; with once=1 always an errno, when the run is over.
 */
int __init torture_begin(void)
{
	if (torture.planned) {
		torture_runner = thread_create(torture_site, torture_runner_thread, NULL,
					       THREAD_ANY_CPU, "run", 0, 0);
		if (!torture_runner)
			return -ENOMEM;
		if (torture_movers_create())
			goto runner;
	}
	if (torture_shutdown_secs) {
		torture_ender = thread_create(torture_site, torture_ender_thread, NULL,
					      THREAD_ANY_CPU, "shutdown", 0, 0);
		if (!torture_ender)
			goto movers;
		wake_up_process(torture_ender);
	}
	if (!torture.planned)
		return 0;
	if (!torture_once)
		__module_get(THIS_MODULE);
	wake_up_process(torture_runner);
	return torture_once ? torture_wait_once() : 0;

movers:
	torture_movers_stop();
runner:
	thread_stop(torture_site, torture_runner);
	return -ENOMEM;
}

/* End what waits for shutdown_secs; a run holds the module. Context: process. */
void torture_end(void)
{
	thread_stop(torture_site, torture_ender);
}
