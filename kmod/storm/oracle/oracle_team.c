// SPDX-License-Identifier: GPL-2.0
/*
 * The threads of concurrent segments: one for each CPU, in turn. The threads sleep
 * until oracle_team_run() wakes them.
 *
 * The threads of a segment wait for each other half-way. That wait is bounded: on a CPU
 * that is late, and on a machine with one CPU, the segment loses its overlap, and the run
 * does not lose its time. The overlap is measured: each thread sets segment->inside to
 * its CPU while it is at work, and looks for other threads that are at work on other
 * CPUs.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>

#include "oracle_segment.h"
#include "refstorm_module.h"
#include "control/thread.h"

#define SPINS		1500
#define MEET_JIFFIES	10
/* All waits together take no longer than WAITED_MAX plus a quarter of the run's time. */
#define WAITED_MAX	(2 * HZ)
#define WAITED_PART	4

struct oracle_team_thread {
	struct oracle_team	*team;
	struct task_struct	*task;
	unsigned int		index;
	int			cpu;
	wait_queue_head_t	wait;
	bool			go;		/* there is a batch to run */
};

struct oracle_team {
	struct oracle_team_thread threads[ORACLE_THREADS];
	struct oracle_batch	batch;
	unsigned long		created;	/* in jiffies */
	atomic_t		waited;		/* jiffies that threads waited for others */
	atomic_t		busy;		/* threads that have not done the batch */
	struct completion	done;
};

/* The segments that oracle_team_run() will run. */
struct oracle_batch *oracle_team_batch(struct oracle_team *team)
{
	return &team->batch;
}

static bool oracle_team_spin(const atomic_t *arrived, int expected)
{
	unsigned int i;

	for (i = 0; i < SPINS && atomic_read(arrived) < expected; i++)
		cpu_relax();
	return i < SPINS;
}

static void oracle_team_sleep(struct oracle_team *team, atomic_t *arrived, int expected)
{
	unsigned long now = jiffies;

	if (atomic_read(&team->waited) > WAITED_MAX + (now - team->created) / WAITED_PART)
		return;
	wait_var_event_timeout(arrived, atomic_read(arrived) >= expected, MEET_JIFFIES);
	atomic_add(jiffies - now, &team->waited);
}

/*
 * Wait until all threads of the segment have arrived, then until all of them run again:
 * in a virtual machine the virtual CPU that arrived first may have been descheduled.
 */
static void oracle_team_meet(struct oracle_team *team, struct oracle_segment *segment,
			     enum oracle_side side)
{
	/* No more threads can run at the same time than there are CPUs. */
	int expected = min(hweight32(segment->threads), num_online_cpus());
	atomic_t *arrived = &segment->arrived[side];

	if (atomic_inc_return(arrived) >= expected)
		wake_up_var(arrived);
	else if (!oracle_team_spin(arrived, expected))
		oracle_team_sleep(team, arrived, expected);
	atomic_inc(arrived);
	oracle_team_spin(arrived, 2 * expected);
}

/* Of two threads that call this at the same time, at least one sees the other. */
static void oracle_team_enter(struct oracle_segment *segment, enum oracle_side side,
			      unsigned int thread)
{
	int here = raw_smp_processor_id(), there;
	unsigned int i;

	WRITE_ONCE(segment->inside[side][thread], here);
	smp_mb();	/* pairs with the same barrier in another thread */
	for (i = 0; i < ORACLE_THREADS; i++) {
		there = READ_ONCE(segment->inside[side][i]);
		if (there != SEGMENT_OUTSIDE && there != here)
			WRITE_ONCE(segment->overlapped[side], true);
	}
}

static void oracle_team_side(struct oracle_team *team, struct oracle_segment *segment,
			     enum oracle_side side, unsigned int thread)
{
	oracle_team_enter(segment, side, thread);
	oracle_ledger_first_half(segment, side, thread);
	oracle_team_meet(team, segment, side);
	oracle_ledger_second_half(segment, side, thread);
	WRITE_ONCE(segment->inside[side][thread], SEGMENT_OUTSIDE);
}

static void oracle_team_segments(struct oracle_team *team, unsigned int thread)
{
	unsigned int i;

	for (i = 0; i < team->batch.nr; i++) {
		struct oracle_segment *segment = &team->batch.segment[i];

		if (!(segment->threads & BIT(thread)))
			continue;
		oracle_team_side(team, segment, MAINLINE, thread);
		oracle_team_side(team, segment, OURS, thread);
		cond_resched_tasks_rcu_qs();
	}
}

static int oracle_team_thread(void *arg)
{
	struct oracle_team_thread *thread = arg;
	struct oracle_team *team = thread->team;

	while (!kthread_should_stop()) {
		wait_event_idle(thread->wait,
				/* Pairs with the release in oracle_team_run(). */
				smp_load_acquire(&thread->go) || kthread_should_stop());
		if (!READ_ONCE(thread->go))
			continue;
		WRITE_ONCE(thread->go, false);
		thread_return(thread->cpu);
		oracle_team_segments(team, thread->index);
		if (atomic_dec_and_test(&team->busy))
			complete(&team->done);
	}
	return 0;
}

/**
 * oracle_team_run - run the batch, each segment on mainline's counter, then on ours
 * @team: the threads
 *
 * Context: process. Waits until all threads have done the batch.
 */
void oracle_team_run(struct oracle_team *team)
{
	unsigned int i;

	atomic_set(&team->busy, ORACLE_THREADS);
	reinit_completion(&team->done);
	for (i = 0; i < ORACLE_THREADS; i++) {
		/* Pairs with the acquire in oracle_team_thread(): the batch is complete. */
		smp_store_release(&team->threads[i].go, true);
		wake_up(&team->threads[i].wait);
	}
	wait_for_completion(&team->done);
}

/**
 * oracle_team_destroy - stop the threads, and free the team
 * @team: the team, or NULL; no segment runs
 *
 * Context: process.
 */
void oracle_team_destroy(struct oracle_team *team)
{
	unsigned int i;

	if (!team)
		return;
	for (i = 0; i < ORACLE_THREADS; i++)
		thread_stop(&refstorm_sites[SITE_ORACLE_THREAD], team->threads[i].task);
	rs_free(&refstorm_sites[SITE_ORACLE], team);
}

/**
 * oracle_team_create - create the threads, one on each CPU in turn
 * @run: number of the run, for the threads' names
 *
 * Context: process.
 * Return: the team, or NULL.
 */
struct oracle_team *oracle_team_create(u32 run)
{
	struct oracle_team *team;
	unsigned int i;
	int cpu = -1;

	team = rs_zalloc(&refstorm_sites[SITE_ORACLE], sizeof(*team), GFP_KERNEL);
	if (!team)
		return NULL;
	init_completion(&team->done);
	team->created = jiffies;
	for (i = 0; i < ORACLE_THREADS; i++) {
		struct oracle_team_thread *thread = &team->threads[i];

		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		thread->team = team;
		thread->index = i;
		thread->cpu = cpu;
		init_waitqueue_head(&thread->wait);
		thread->task = thread_create(&refstorm_sites[SITE_ORACLE_THREAD],
					     oracle_team_thread, thread, cpu, "oracle",
					     run, i + 1);
		if (!thread->task) {
			oracle_team_destroy(team);
			return NULL;
		}
	}
	/* Not before: a thread that was never woken never runs, and can be stopped. */
	for (i = 0; i < ORACLE_THREADS; i++)
		wake_up_process(team->threads[i].task);
	return team;
}
