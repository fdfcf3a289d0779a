// SPDX-License-Identifier: GPL-2.0
/*
 * Storms: starting, stopping, and the manager.
 *
 * storm_start() allocates memory, objects and threads first, and wakes the manager only
 * if it got all of them. From then on the storm belongs to its manager, which frees it.
 * The storm holds a reference to the module, which storm_start() takes while the open
 * control file holds another.
 */
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>

#include "control/command.h"
#include "control/events.h"
#include "refstorm_module.h"
#include "storm.h"
#include "storm_internal.h"
#include "storm_record.h"

static DEFINE_MUTEX(storms_lock);
static unsigned int nr_storms;
static u32 last_storm;	/* its ID */
static struct rs_alloc_site * const thread_site = &refstorm_sites[SITE_STORM_THREAD];

/* Killers are stopped before workers, for they wait until workers have drained. */
static void storm_stop_killers(struct storm *storm)
{
	unsigned int i;

	WRITE_ONCE(storm->closing, true);
	for (i = 0; i < storm->nr_slots; i++)
		thread_stop(thread_site, storm->slots[i].killer);
}

static void storm_stop_workers(struct storm *storm)
{
	unsigned int i;

	/* Tell all of them before the first is stopped: each may sleep for a while. */
	WRITE_ONCE(storm->ending, true);
	for (i = 0; i < storm->nr_workers; i++)
		thread_stop(thread_site, storm->workers[i].task);
}

static void storm_free(struct storm *storm)
{
	if (!storm)
		return;
	/* Grace periods of storm_object_exit_rcu() */
	rcu_barrier();
	storm_objects_exit_abandoned(storm);
	storm_quarantine_trim(storm, 0);
	rs_free(&refstorm_sites[SITE_STORM_WORKERS], storm->workers);
	rs_free(&refstorm_sites[SITE_STORM_OBJECTS], storm->objects);
	storm_history_free(storm);
	rs_free(&refstorm_sites[SITE_STORM_SLOTS], storm->slots);
	rs_free(&refstorm_sites[SITE_STORM], storm);
}

static u32 storm_allowed_steps(const struct storm_setup *setup)
{
	u32 live = RS_STEP_BIT(RS_STEP_ACQUIRE_LIVE);

	return setup->provider->tryget_live ? setup->steps : setup->steps & ~live;
}

/* Streams of random numbers of one seed; those below are the steps of the workers. */
#define KILLER_STREAM	0x10000
#define RANDOM_STREAM	0x20000

static struct storm *storm_alloc(const struct storm_setup *setup, u32 id)
{
	struct storm *storm;
	unsigned int i;

	storm = rs_zalloc(&refstorm_sites[SITE_STORM], sizeof(*storm), GFP_KERNEL);
	if (!storm)
		return NULL;
	storm->id = id;
	storm->setup = *setup;
	storm->nr_slots = setup->killers + setup->hotplug;
	storm->nr_workers = setup->workers + setup->switchers;
	storm->one_cpu = storm_places() == 1;
	init_swait_queue_head(&storm->wait);
	init_llist_head(&storm->quarantine);
	init_llist_head(&storm->abandoned);

	storm->slots = rs_zalloc(&refstorm_sites[SITE_STORM_SLOTS],
				 storm->nr_slots * sizeof(*storm->slots), GFP_KERNEL);
	storm->workers = rs_zalloc(&refstorm_sites[SITE_STORM_WORKERS],
				   storm->nr_workers * sizeof(*storm->workers), GFP_KERNEL);
	storm->objects = rs_zalloc(&refstorm_sites[SITE_STORM_OBJECTS],
				   storm->nr_slots * setup->objects *
				   sizeof(*storm->objects), GFP_KERNEL);
	if (!storm->slots || !storm->workers || !storm->objects ||
	    storm_history_begin(storm)) {
		storm_free(storm);
		return NULL;
	}
	for (i = 0; i < storm->nr_slots; i++) {
		struct storm_slot *slot = &storm->slots[i];

		slot->storm = storm;
		slot->index = i;
		init_swait_queue_head(&slot->wait);
		slot->objects = storm->objects + i * setup->objects;
		storm_kill_init(slot);
		INIT_LIST_HEAD(&slot->unpublished);
		rs_histogram_reset(&slot->kill_to_release);
		rs_sequence_seed(&slot->seq, setup->seed, KILLER_STREAM + i,
				 storm->nr_slots, RS_STEP_ALL);
	}
	for (i = 0; i < storm->nr_workers; i++) {
		struct storm_worker *worker = &storm->workers[i];

		worker->storm = storm;
		worker->index = i;
		storm_context_assign(worker);
		rs_sequence_seed(&worker->seq, setup->seed, i, storm->nr_slots,
				 storm_allowed_steps(setup));
		rs_sequence_seed(&worker->random, setup->seed, RANDOM_STREAM + i,
				 storm->nr_slots, RS_STEP_ALL);
	}
	return storm;
}

static bool storm_is_saturate(const struct storm *storm)
{
	return storm->setup.pattern == PATTERN_SATURATE;
}

static int (* const worker_threads[])(void *arg) = {
	[PATTERN_LIFECYCLE]	= storm_worker_thread,
	[PATTERN_SATURATE]	= storm_saturate_thread,
	[PATTERN_ENDS_ALIVE]	= storm_alive_thread,
};

static bool storm_create_worker(struct storm_worker *worker)
{
	struct storm *storm = worker->storm;
	unsigned int index = worker->index;
	int cpu = worker->context == WORKER_ROAMING ? THREAD_ANY_CPU : worker->cpu;

	if (index >= storm->setup.workers)
		worker->task = thread_create(thread_site, storm_switcher_thread, worker,
					     THREAD_ANY_CPU, "switch", storm->id,
					     index - storm->setup.workers);
	else
		worker->task = thread_create(thread_site, worker_threads[storm->setup.pattern],
					     worker, cpu, "work", storm->id, index);
	return worker->task;
}

static bool storm_create_threads(struct storm *storm)
{
	unsigned int i;

	for (i = 0; i < storm->nr_workers; i++)
		if (!storm_create_worker(&storm->workers[i]))
			return false;
	if (storm->setup.pattern != PATTERN_LIFECYCLE)
		return true;
	for (i = 0; i < storm->setup.killers; i++) {
		struct storm_slot *slot = &storm->slots[i];

		slot->killer = thread_create(thread_site, storm->setup.objects > 1 ?
					     storm_window_thread : storm_killer_thread,
					     slot, THREAD_ANY_CPU, "kill", storm->id, i);
		if (!slot->killer)
			return false;
	}
	return true;
}

/* What only one storm at a time can have. Return: 0, or the errno of command_refuse(). */
static int storm_begin_adversaries(struct command *cmd, struct storm *storm)
{
	int ret;

	if (storm->setup.kprobes) {
		ret = storm_probe_begin(storm);
		if (ret)
			return command_refuse(cmd, COMMAND_NO_WORD, ret,
					      ret == -EBUSY ? "another storm has kprobes" :
					      ret == -EOPNOTSUPP ? "this kernel has no kprobes" :
					      "kprobes could not be registered");
	}
	if (!storm->setup.hotplug)
		return 0;
	ret = storm_hotplug_begin(storm);
	if (!ret)
		return 0;
	storm_probe_end(storm);
	return command_refuse(cmd, COMMAND_NO_WORD, ret,
			      ret == -EBUSY ? "another storm kills in callbacks of CPU hotplug" :
			      "callbacks of CPU hotplug could not be set up");
}

static void storm_wake_threads(struct storm *storm)
{
	unsigned int i;

	for (i = 0; i < storm->nr_workers; i++)
		wake_up_process(storm->workers[i].task);
	for (i = 0; i < storm->nr_slots; i++)
		if (storm->slots[i].killer)
			wake_up_process(storm->slots[i].killer);
}

/* All threads have ended: references taken and dropped must be equal, and so on. */
static void storm_check_ledgers(struct storm *storm)
{
	unsigned int i;

	for (i = 0; i < storm->nr_workers; i++) {
		struct storm_worker *worker = &storm->workers[i];

		if (worker->taken != worker->dropped)
			storm_violation(storm, INVARIANT_LEDGER_BALANCED, NULL,
					"worker %u took %llu references and dropped %llu",
					i, worker->taken, worker->dropped);
	}
	for (i = 0; i < storm->nr_slots; i++) {
		struct storm_slot *slot = &storm->slots[i];
		u64 kills = storm_sum(slot->kills);

		if (kills != slot->releases + slot->resurrections)
			storm_violation(storm, INVARIANT_LEDGER_BALANCED, NULL,
					"slot %u: %llu kills, %llu releases and %llu resurrections",
					i, kills, slot->releases, slot->resurrections);
	}
}

static int storm_manager_thread(void *arg)
{
	struct storm *storm = arg;

	storm_wake_threads(storm);
	/* An idle sleep: the detector of hung tasks ignores it. */
	swait_event_idle_timeout_exclusive(storm->wait,
					   READ_ONCE(storm->stop) || READ_ONCE(storm->time_is_up) ||
					   storm_violated(storm),
					   msecs_to_jiffies(storm->setup.ms));

	mutex_lock(&storms_lock);
	storm_hotplug_end(storm);
	mutex_unlock(&storms_lock);
	storm_stop_killers(storm);
	storm_stop_workers(storm);
	if (storm_is_saturate(storm))
		storm_saturate_end(storm);
	if (!storm_violated(storm))
		storm_check_ledgers(storm);
	rcu_barrier();

	mutex_lock(&storms_lock);
	storm_probe_end(storm);
	storm_record_finish(storm);
	if (storm_violated(storm)) {
		storm_account_settle(storm);
		storm_history_keep(storm);
	}
	nr_storms--;
	mutex_unlock(&storms_lock);

	storm_free(storm);
	storm_record_announce();
	thread_gone(thread_site);
	module_put_and_kthread_exit(0);
}

/* Free a storm whose threads were never woken. */
static void storm_abort(struct storm *storm)
{
	storm_stop_killers(storm);
	storm_stop_workers(storm);
	if (storm_is_saturate(storm))
		storm_saturate_abort(storm);
	storm_free(storm);
}

/* Caller holds storms_lock. */
static int storm_start(struct command *cmd, struct storm_setup *setup)
{
	struct task_struct *manager;
	struct storm *storm;
	u64 threads = setup->workers + setup->switchers + setup->killers + 1;
	int ret;

	if (nr_storms == RS_STORMS_MAX)
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOSPC,
				      "%d storms are running already", RS_STORMS_MAX);
	if (threads_count() + threads > RS_THREADS_MAX)
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOSPC,
				      "%llu threads more; there are %u, and %d is the limit",
				      threads, threads_count(), RS_THREADS_MAX);

	storm = storm_alloc(setup, last_storm + 1);
	if (!storm)
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOMEM, "out of memory");
	if (storm_is_saturate(storm) && storm_saturate_begin(storm)) {
		storm_free(storm);
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOMEM, "out of memory");
	}
	manager = storm_create_threads(storm) ?
		thread_create(thread_site, storm_manager_thread, storm, THREAD_ANY_CPU, "storm",
			      storm->id, 0) : NULL;
	if (!manager) {
		storm_abort(storm);
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOMEM,
				      "a thread could not be created");
	}

	ret = storm_begin_adversaries(cmd, storm);
	if (ret) {
		thread_stop(thread_site, manager);
		storm_abort(storm);
		return ret;
	}

	last_storm++;
	nr_storms++;
	__module_get(THIS_MODULE);
	storm->start_ns = ktime_get_ns();
	storm_record_start(storm);
	scnprintf(cmd->result, sizeof(cmd->result), "command=storm storm=%u result=done",
		  storm->id);
	wake_up_process(manager);
	return 0;
}

/**
 * storm_begin - start a storm
 * @cmd: the command that asks for it
 * @setup: what storm_setup_read() made of the command
 * @id: where the number of the storm goes
 *
 * Context: process.
 * Return: 0, or the errno of command_refuse().
 */
int storm_begin(struct command *cmd, struct storm_setup *setup, u32 *id)
{
	int ret;

	mutex_lock(&storms_lock);
	ret = storm_start(cmd, setup);
	*id = last_storm;
	mutex_unlock(&storms_lock);
	return ret;
}

/* storm provider=P [ms=N] ... */
int storm_command(struct command *cmd)
{
	struct storm_setup setup;
	u32 id;

	return storm_setup_read(cmd, &setup) ?: storm_begin(cmd, &setup, &id);
}

/**
 * storm_wait - wait until a storm has ended
 * @id: its number
 * @m: where its row of the storms file goes
 *
 * Context: process.
 * Return: its verdict; NULL if so many storms ended since that its record is gone.
 */
const char *storm_wait(u32 id, struct seq_file *m)
{
	const char *verdict;

	storm_record_wait(id);
	mutex_lock(&storms_lock);
	verdict = storm_record_of_id(id, m);
	mutex_unlock(&storms_lock);
	return verdict;
}

/* End each running storm as if its time was over. Context: process. */
void storms_end_now(void)
{
	struct storm *storm;
	unsigned int i;

	mutex_lock(&storms_lock);
	for (i = 0; (storm = storm_record_live(i)); i++) {
		WRITE_ONCE(storm->time_is_up, true);
		swake_up_one(&storm->wait);
	}
	mutex_unlock(&storms_lock);
}

static int storm_stop(struct command *cmd, u64 id)
{
	unsigned int stopped = 0;
	struct storm *storm;
	u64 i;

	for (i = 0; (storm = storm_record_live(i)); i++) {
		if (id && storm->id != id)
			continue;
		WRITE_ONCE(storm->stop, true);
		swake_up_one(&storm->wait);
		stopped++;
	}
	if (id && !stopped)
		return command_refuse(cmd, 1, -ENOENT, "storm %llu is not running", id);
	scnprintf(cmd->result, sizeof(cmd->result), "command=stop storm=%s result=done",
		  cmd->words[1]);
	return 0;
}

struct storm_stop_values {
	u64 id;
	u64 all;
};

const struct command_key storm_stop_keys[] = {
	{ .name = "ID", .help = "the number of the storm", .operand = true, .needed = true,
	  .min = 1, .max = U32_MAX, .offset = offsetof(struct storm_stop_values, id) },
	{ .name = "all", .help = "all that are running", .kind = COMMAND_WORD, .instead = true,
	  .offset = offsetof(struct storm_stop_values, all) },
	{}
};

/* stop ID|all */
int storm_stop_command(struct command *cmd)
{
	struct storm_stop_values values;
	int ret;

	ret = command_keys(cmd, &values);
	if (ret)
		return ret;
	mutex_lock(&storms_lock);
	ret = storm_stop(cmd, values.id);
	mutex_unlock(&storms_lock);
	return ret;
}

static int storms_show(struct seq_file *m, void *v)
{
	mutex_lock(&storms_lock);
	storm_records_show(m);
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

/* The history file */
void storms_history_show(struct seq_file *m)
{
	mutex_lock(&storms_lock);
	storm_history_show(m);
	mutex_unlock(&storms_lock);
}

/* The account file */
void storms_account_show(struct seq_file *m)
{
	mutex_lock(&storms_lock);
	storm_account_show(m);
	mutex_unlock(&storms_lock);
}

/* The number of storms whose manager has not finished. */
unsigned int storms_count(void)
{
	return READ_ONCE(nr_storms);
}
