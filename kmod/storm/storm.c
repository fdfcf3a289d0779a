// SPDX-License-Identifier: GPL-2.0
/*
 * Storms: starting, stopping, the manager, and the table of what came out.
 *
 * A storm is made as a whole or not at all: memory, objects and threads first,
 * and only then is anything woken. From there on it is its manager's. The
 * module cannot go away meanwhile: the storm holds a reference to it, taken
 * while the file through which it was started held another.
 */
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/random.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>

#include "command.h"
#include "events.h"
#include "refstorm_module.h"
#include "storm.h"
#include "storm_internal.h"
#include "storm_record.h"
#include "thread.h"

static DEFINE_MUTEX(storms_lock);
static unsigned int nr_storms;
static struct rs_alloc_site * const site = &refstorm_sites[SITE_STORM_THREAD];

/* In the order in which they must end: killers wait for workers to drain. */
static void stop_killers(struct storm *storm)
{
	unsigned int i;

	WRITE_ONCE(storm->closing, true);
	for (i = 0; i < storm->setup.killers; i++)
		thread_stop(site, storm->slots[i].killer);
}

static void stop_workers(struct storm *storm)
{
	unsigned int i;

	/* All at once: each may be asleep for a while. */
	WRITE_ONCE(storm->ending, true);
	for (i = 0; i < storm->setup.workers; i++)
		thread_stop(site, storm->workers[i].task);
}

static void storm_free(struct storm *storm)
{
	if (!storm)
		return;
	/* Objects on their way to the grave */
	rcu_barrier();
	storm_graveyard_trim(storm, 0);
	rs_free(&refstorm_sites[SITE_STORM_WORKERS], storm->workers);
	rs_free(&refstorm_sites[SITE_STORM_SLOTS], storm->slots);
	rs_free(&refstorm_sites[SITE_STORM], storm);
}

static u32 allowed_steps(const struct rs_provider *provider)
{
	return provider->tryget_live ? RS_STEP_ALL :
	       RS_STEP_ALL & ~RS_STEP_BIT(RS_STEP_ACQUIRE_LIVE);
}

#define KILLER_STREAM	0x10000		/* workers' streams are below */

static struct storm *storm_alloc(const struct storm_setup *setup, u32 id)
{
	struct storm *storm;
	unsigned int i;
	int cpu = -1;

	storm = rs_zalloc(&refstorm_sites[SITE_STORM], sizeof(*storm), GFP_KERNEL);
	if (!storm)
		return NULL;
	storm->id = id;
	storm->setup = *setup;
	init_waitqueue_head(&storm->wait);
	init_llist_head(&storm->graves);

	storm->slots = rs_zalloc(&refstorm_sites[SITE_STORM_SLOTS],
				 setup->killers * sizeof(*storm->slots), GFP_KERNEL);
	storm->workers = rs_zalloc(&refstorm_sites[SITE_STORM_WORKERS],
				   setup->workers * sizeof(*storm->workers), GFP_KERNEL);
	if (!storm->slots || !storm->workers) {
		storm_free(storm);
		return NULL;
	}
	for (i = 0; i < setup->killers; i++) {
		struct storm_slot *slot = &storm->slots[i];

		slot->storm = storm;
		slot->index = i;
		init_waitqueue_head(&slot->wait);
		rs_histogram_reset(&slot->kill_to_release);
		rs_sequence_seed(&slot->seq, setup->seed, KILLER_STREAM + i,
				 setup->killers, RS_STEP_ALL);
	}
	for (i = 0; i < setup->workers; i++) {
		struct storm_worker *worker = &storm->workers[i];

		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		worker->storm = storm;
		worker->index = i;
		worker->cpu = cpu;
		rs_sequence_seed(&worker->seq, setup->seed, i, setup->killers,
				 allowed_steps(setup->provider));
	}
	return storm;
}

static bool saturate(const struct storm *storm)
{
	return storm->setup.pattern == PATTERN_SATURATE;
}

static bool threads_create(struct storm *storm)
{
	unsigned int i;

	for (i = 0; i < storm->setup.workers; i++) {
		struct storm_worker *worker = &storm->workers[i];

		worker->task = thread_create(site, saturate(storm) ? storm_saturate_thread :
								     storm_worker_thread,
					     worker, worker->cpu, "work", storm->id, i);
		if (!worker->task)
			return false;
	}
	for (i = 0; i < storm->setup.killers && !saturate(storm); i++) {
		struct storm_slot *slot = &storm->slots[i];

		slot->killer = thread_create(site, storm_killer_thread, slot,
					     THREAD_ANY_CPU, "kill", storm->id, i);
		if (!slot->killer)
			return false;
	}
	return true;
}

static void threads_wake(struct storm *storm)
{
	unsigned int i;

	for (i = 0; i < storm->setup.workers; i++)
		wake_up_process(storm->workers[i].task);
	for (i = 0; i < storm->setup.killers; i++)
		if (storm->slots[i].killer)
			wake_up_process(storm->slots[i].killer);
}

/* All threads have ended: what they say must add up. */
static void check_ledgers(struct storm *storm)
{
	unsigned int i;

	for (i = 0; i < storm->setup.workers; i++) {
		struct storm_worker *worker = &storm->workers[i];

		if (worker->taken != worker->dropped)
			storm_violation(storm, INVARIANT_LEDGER_BALANCED, 0,
					"worker %u took %llu references and dropped %llu",
					i, worker->taken, worker->dropped);
	}
	for (i = 0; i < storm->setup.killers; i++) {
		struct storm_slot *slot = &storm->slots[i];

		if (slot->kills != slot->releases)
			storm_violation(storm, INVARIANT_LEDGER_BALANCED, 0,
					"slot %u: %llu kills and %llu releases", i,
					slot->kills, slot->releases);
	}
}

static int manager_thread(void *arg)
{
	struct storm *storm = arg;

	threads_wake(storm);
	wait_event_timeout(storm->wait,
			   READ_ONCE(storm->stop) || storm_violated(storm),
			   msecs_to_jiffies(storm->setup.ms));

	stop_killers(storm);
	stop_workers(storm);
	if (saturate(storm))
		storm_saturate_end(storm);
	if (!storm_violated(storm))
		check_ledgers(storm);
	rcu_barrier();

	mutex_lock(&storms_lock);
	storm_record_finish(storm);
	nr_storms--;
	mutex_unlock(&storms_lock);

	storm_free(storm);
	storm_record_announce();
	thread_gone(site);
	module_put_and_kthread_exit(0);
}

/* Caller holds storms_lock. */
static int storm_start(struct command *cmd, struct storm_setup *setup)
{
	static u32 last_id;
	struct task_struct *manager;
	struct storm *storm;
	u64 threads = setup->workers + setup->killers + 1;

	if (nr_storms == RS_STORMS_MAX)
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOSPC,
				      "%d storms are running already", RS_STORMS_MAX);
	if (threads_count() + threads > RS_THREADS_MAX)
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOSPC,
				      "%llu threads more; there are %u, and %d is the limit",
				      threads, threads_count(), RS_THREADS_MAX);

	storm = storm_alloc(setup, last_id + 1);
	if (!storm)
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOMEM, "out of memory");
	if (saturate(storm) && storm_saturate_begin(storm)) {
		storm_free(storm);
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOMEM, "out of memory");
	}
	manager = threads_create(storm) ?
		thread_create(site, manager_thread, storm, THREAD_ANY_CPU, "storm",
			      storm->id, 0) : NULL;
	if (!manager) {
		stop_killers(storm);
		stop_workers(storm);
		if (saturate(storm))
			storm_saturate_abort(storm);
		storm_free(storm);
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOMEM,
				      "a thread could not be created");
	}

	last_id++;
	nr_storms++;
	__module_get(THIS_MODULE);
	storm->start_ns = ktime_get_ns();
	storm_record_start(storm);
	scnprintf(cmd->result, sizeof(cmd->result), "command=storm storm=%u result=done",
		  storm->id);
	wake_up_process(manager);
	return 0;
}

static int set_provider(struct command *cmd, unsigned int word, const char *value,
			void *out)
{
	struct storm_setup *setup = out;

	setup->provider = provider_find_or_refuse(cmd, word, value);
	return setup->provider ? 0 : -ENOENT;
}

static const char * const pattern_choices[] = {
	[PATTERN_LIFECYCLE]	= "lifecycle",
	[PATTERN_SATURATE]	= "saturate",
	NULL
};

#define NUMBER(_name, _min, _max) {				\
	.name = #_name, .min = (_min), .max = (_max),		\
	.offset = offsetof(struct storm_setup, _name),		\
}

static const struct command_key storm_keys[] = {
	{ .name = "provider", .set = set_provider },
	NUMBER(ms, RS_STORM_MS_MIN, RS_STORM_MS_MAX),
	NUMBER(seed, 0, U64_MAX),
	NUMBER(workers, 1, RS_WORKERS_MAX),
	NUMBER(killers, 1, RS_KILLERS_MAX),
	{ .name = "pattern", .choices = pattern_choices,
	  .offset = offsetof(struct storm_setup, pattern) },
	NUMBER(bound_ms, 1, RS_BOUND_MS_MAX),
	NUMBER(duty, 1, 100),
};

/* storm provider=P [ms=N] ... */
int storm_command(struct command *cmd)
{
	struct storm_setup setup = {
		.ms		= RS_STORM_MS_DEFAULT,
		.workers	= min_t(u64, num_online_cpus(), RS_WORKERS_MAX),
		.killers	= 2,
		.bound_ms	= RS_BOUND_MS_DEFAULT,
		.duty		= 100,
	};
	int ret;

	ret = command_keys(cmd, 1, storm_keys, ARRAY_SIZE(storm_keys), &setup);
	if (ret)
		return ret;
	if (!setup.provider)
		return command_refuse(cmd, COMMAND_NO_WORD, -EINVAL,
				      "provider= is missing");
	if (setup.pattern == PATTERN_SATURATE) {
		if (!setup.provider->saturates)
			return command_refuse(cmd, COMMAND_NO_WORD, -EOPNOTSUPP,
					      "%s does not saturate", setup.provider->name);
		setup.killers = 1;	/* one slot, which nobody kills */
	}
	while (!setup.seed)
		setup.seed = get_random_u64();

	mutex_lock(&storms_lock);
	ret = storm_start(cmd, &setup);
	mutex_unlock(&storms_lock);
	return ret;
}

static int stop_locked(struct command *cmd, u64 id)
{
	unsigned int stopped = 0;
	struct storm *storm;
	u64 i;

	for (i = 0; (storm = storm_record_live(i)); i++) {
		if (id && storm->id != id)
			continue;
		WRITE_ONCE(storm->stop, true);
		wake_up(&storm->wait);
		stopped++;
	}
	if (id && !stopped)
		return command_refuse(cmd, 1, -ENOENT, "storm %llu is not running", id);
	scnprintf(cmd->result, sizeof(cmd->result), "command=stop storm=%s result=done",
		  cmd->words[1]);
	return 0;
}

/* stop ID, or stop all */
int storm_stop_command(struct command *cmd)
{
	u64 id = 0;
	int ret = 0;

	if (strcmp(cmd->words[1], "all"))
		ret = command_number(cmd, 1, cmd->words[1], 1, U32_MAX, &id);
	if (ret)
		return ret;
	mutex_lock(&storms_lock);
	ret = stop_locked(cmd, id);
	mutex_unlock(&storms_lock);
	return ret;
}

static int storms_show(struct seq_file *m, void *v)
{
	mutex_lock(&storms_lock);
	storm_records_show(m, pattern_choices);
	mutex_unlock(&storms_lock);
	return 0;
}

static int storms_open(struct inode *inode, struct file *file)
{
	return single_open(file, storms_show, NULL);
}

const struct file_operations storms_fops = {
	.owner		= THIS_MODULE,
	.open		= storms_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.poll		= storm_records_poll,
	.release	= single_release,
};

/* Storms that are running, or whose manager is still at work. */
unsigned int storms_count(void)
{
	return READ_ONCE(nr_storms);
}
