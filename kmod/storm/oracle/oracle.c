// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle: its command, its thread, and its file.
 *
 * There is one run at a time. The run's thread holds a reference to the module, which
 * oracle_start() takes while the open control file holds another. The result of the last
 * run of each counter stays.
 */
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "control/command.h"
#include "oracle.h"
#include "oracle_segment.h"
#include "refstorm_module.h"
#include "control/thread.h"

#define STEPS_DEFAULT	1000000
#define STEPS_MAX	1000000000000ULL
#define MS_MAX		RS_STORM_MS_MAX

static const struct oracle_subject * const subjects[] = {
	&oracle_refcount,
	&oracle_kref,
	&oracle_percpu_ref,
	&oracle_sealed_ref,
};

static const char * const subject_choices[] = {
	"refcount", "kref", "percpu_ref", "sealed_ref", NULL
};

static DEFINE_MUTEX(oracle_lock);	/* protects the variables below */
static struct oracle_result results[ARRAY_SIZE(subjects)];
static struct oracle_run *running;
static u32 last_run;

struct oracle_setup {
	u64	counter;
	u64	steps;
	u64	ms;
	u64	seed;
	u64	concurrent;
	const char *unlist;		/* name of a difference */
	u32	unlisted;		/* bit of that difference */
};

static void oracle_run_free(struct oracle_run *run)
{
	if (!run)
		return;
	oracle_team_destroy(run->team);
	rs_free(&refstorm_sites[SITE_ORACLE], run);
}

/* One allocation: the run, the memory for shrinking, and the pairs. */
static struct oracle_run *oracle_run_alloc(const struct oracle_subject *subject)
{
	size_t head = ALIGN(sizeof(struct oracle_run), 64);
	size_t scratch = ALIGN(oracle_shrink_scratch(), 64);
	struct oracle_run *run;

	run = rs_zalloc(&refstorm_sites[SITE_ORACLE],
			head + scratch + ORACLE_PAIRS * subject->pair_size, GFP_KERNEL);
	if (!run)
		return NULL;
	run->subject = subject;
	run->scratch = (void *)run + head;
	run->pairs = run->scratch + scratch;
	return run;
}

static bool oracle_is_over(const struct oracle_run *run)
{
	const struct oracle_result *result = run->result;

	if (oracle_ending(run) || result->verdict)
		return true;
	return result->ms && ktime_get_ns() - run->start_ns >= result->ms * NSEC_PER_MSEC;
}

static const char *oracle_verdict(struct oracle_run *run)
{
	struct oracle_result *result = run->result;

	if (result->verdict)
		return result->verdict;
	if (run->failed) {
		scnprintf(result->detail, sizeof(result->detail),
			  "a counter could not be made: error %d", -run->failed);
		return "error";
	}
	if (READ_ONCE(run->stop))
		return "stopped";
	return oracle_unproven(run->subject, result, result->detail, sizeof(result->detail)) ?:
	       "agreed";
}

static int oracle_thread(void *arg)
{
	struct oracle_run *run = arg;
	struct oracle_result *result = run->result;

	while (!oracle_is_over(run)) {
		oracle_batch(run);
		if (run->found)
			oracle_shrink(run);
		WRITE_ONCE(result->elapsed_ns, ktime_get_ns() - run->start_ns);
	}
	rcu_barrier();

	mutex_lock(&oracle_lock);
	result->verdict = oracle_verdict(run);
	running = NULL;
	/* A reader that sees state=done sees neither the memory nor the thread of the run. */
	oracle_run_free(run);
	thread_gone(&refstorm_sites[SITE_ORACLE_THREAD]);
	result->running = false;
	mutex_unlock(&oracle_lock);

	module_put_and_kthread_exit(0);
}

static void oracle_result_init(struct oracle_run *run, const struct oracle_setup *setup)
{
	const struct oracle_subject *subject = run->subject;
	struct oracle_result *result = &results[setup->counter];
	unsigned int i;

	memset(result, 0, sizeof(*result));
	result->run = ++last_run;
	result->running = true;
	result->seed = setup->seed;
	result->steps_wanted = setup->steps;
	result->ms = setup->ms;
	result->lockstep = !setup->concurrent;
	result->cpus = num_online_cpus();
	for (i = 0; i < subject->nr_differences; i++)
		if (!subject->differences[i].holds || subject->differences[i].holds())
			result->holds |= BIT(i);
	result->listed = result->holds & ~setup->unlisted;
	run->result = result;
}

static int oracle_start(struct command *cmd, const struct oracle_setup *setup)
{
	const struct oracle_subject *subject = subjects[setup->counter];
	struct task_struct *task;
	struct oracle_run *run;

	if (running)
		return command_refuse(cmd, COMMAND_NO_WORD, -EBUSY,
				      "a run of the oracle is under way; 'oracle stop' ends it");
	run = oracle_run_alloc(subject);
	if (!run)
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOMEM, "out of memory");
	if (setup->concurrent)
		run->team = oracle_team_create(last_run + 1);
	task = setup->concurrent && !run->team ? NULL :
		thread_create(&refstorm_sites[SITE_ORACLE_THREAD], oracle_thread, run,
			      THREAD_ANY_CPU, "oracle", last_run + 1, 0);
	if (!task) {
		oracle_run_free(run);
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOMEM,
				      "threads could not be created");
	}
	subject->provoke_warnings();
	oracle_result_init(run, setup);
	rs_sequence_seed(&run->seq, setup->seed, 0, 1, RS_STEP_ALL);
	run->start_ns = ktime_get_ns();
	running = run;
	__module_get(THIS_MODULE);
	scnprintf(cmd->result, sizeof(cmd->result), "command=oracle run=%u result=done",
		  last_run);
	wake_up_process(task);
	return 0;
}

/* oracle stop */
int oracle_stop_command(struct command *cmd)
{
	mutex_lock(&oracle_lock);
	if (running)
		WRITE_ONCE(running->stop, true);
	mutex_unlock(&oracle_lock);
	scnprintf(cmd->result, sizeof(cmd->result), "command=oracle result=done");
	return 0;
}

/* For command_refuse_list(): the differences of a counter. */
static void oracle_list_differences(struct seq_file *m, const void *of)
{
	const struct oracle_subject *subject = of;
	unsigned int i;

	for (i = 0; i < subject->nr_differences; i++)
		seq_printf(m, " %s", subject->differences[i].name);
}

/* Look up unlist= when all words were read: counter= may come after it. */
static int oracle_find_unlisted(struct command *cmd, struct oracle_setup *setup)
{
	const struct oracle_subject *subject = subjects[setup->counter];
	unsigned int i;

	setup->unlisted = 0;
	if (!setup->unlist)
		return 0;
	for (i = 0; i < subject->nr_differences; i++)
		if (!strcmp(subject->differences[i].name, setup->unlist))
			setup->unlisted = BIT(i);
	if (setup->unlisted)
		return 0;
	return command_refuse_list(cmd, command_word_of(cmd, setup->unlist), -EINVAL,
				   oracle_list_differences, subject,
				   "'%.32s' is not one of:", setup->unlist);
}

#define ORACLE_KEY(_field) \
	.name = #_field, .offset = offsetof(struct oracle_setup, _field)

const struct command_key oracle_keys[] = {
	{ ORACLE_KEY(counter), .kind = COMMAND_CHOICE, .choices = subject_choices,
	  .needed = true, .help = "which counter of mainline's" },
	{ ORACLE_KEY(steps), .min = 1, .max = STEPS_MAX, .value = STEPS_DEFAULT,
	  .help = "how many steps at most" },
	{ ORACLE_KEY(ms), .min = 1, .max = MS_MAX,
	  .help = "how long at most; no limit if not told" },
	{ ORACLE_KEY(seed), .max = U64_MAX,
	  .help = "the same seed gives the same steps; 0 chooses one" },
	{ ORACLE_KEY(concurrent), .max = 1, .value = 1,
	  .help = "1: segments in which several CPUs use both counters, too" },
	{ ORACLE_KEY(unlist), .kind = COMMAND_TEXT, .placeholder = "DIFFERENCE",
	  .help = "a listed difference that is to be taken for a disagreement" },
	{}
};

/* oracle counter=C [steps=N] [ms=N] [seed=N] [concurrent=0|1] [unlist=D] */
int oracle_command(struct command *cmd)
{
	struct oracle_setup setup;
	int ret;

	ret = command_keys(cmd, &setup) ?: oracle_find_unlisted(cmd, &setup);
	if (ret)
		return ret;
	while (!setup.seed)
		setup.seed = get_random_u64();

	mutex_lock(&oracle_lock);
	ret = oracle_start(cmd, &setup);
	mutex_unlock(&oracle_lock);
	return ret;
}

/* The oracle file. */
void oracle_show(struct seq_file *m)
{
	unsigned int i;

	mutex_lock(&oracle_lock);
	for (i = 0; i < ARRAY_SIZE(subjects); i++)
		if (results[i].run)
			oracle_result_show(m, subjects[i], &results[i]);
	mutex_unlock(&oracle_lock);
}
