// SPDX-License-Identifier: GPL-2.0
/*
 * The threads of concurrent segments: one for each CPU, in turn, asleep until
 * there are segments.
 *
 * Those that have a part in a segment meet half-way. The wait is bounded: a CPU
 * that is late, or the only one, costs a segment its overlap, not the run its
 * time. Whether they overlapped is measured: each says where it is at work, and
 * looks for others who are, elsewhere.
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
#define WAITED_MAX	(2 * HZ)
#define WAITED_PART	4	/* and this part of the run's time */

struct member {
	struct oracle_team	*team;
	struct task_struct	*task;
	unsigned int		index;
	int			cpu;
	wait_queue_head_t	wait;
	bool			go;
};

struct oracle_team {
	struct member		member[ORACLE_THREADS];
	struct oracle_batch	batch;
	unsigned long		born;
	atomic_t		waited;		/* since then, in jiffies, for others */
	atomic_t		busy;
	struct completion	joined;
};

static struct rs_alloc_site * const thread_site = &refstorm_sites[SITE_ORACLE_THREAD];

/* What is to be run next. */
struct oracle_batch *oracle_team_batch(struct oracle_team *team)
{
	return &team->batch;
}

static bool spin(const atomic_t *arrived, int expected)
{
	unsigned int i;

	for (i = 0; i < SPINS && atomic_read(arrived) < expected; i++)
		cpu_relax();
	return i < SPINS;
}

/* There is a limit to what may be spent on waiting, so that the run goes on. */
static void sleep(struct oracle_team *team, atomic_t *arrived, int expected)
{
	unsigned long now = jiffies;

	if (atomic_read(&team->waited) > WAITED_MAX + (now - team->born) / WAITED_PART)
		return;
	wait_var_event_timeout(arrived, atomic_read(arrived) >= expected, MEET_JIFFIES);
	atomic_add(jiffies - now, &team->waited);
}

/*
 * Wait until all have come, then until all run again: in a virtual machine the
 * CPU that came first may have lost its own meanwhile.
 */
static void meet(struct oracle_team *team, struct oracle_segment *segment,
		 enum oracle_side side)
{
	/* No more can be there at the same time than there are CPUs. */
	int expected = min(hweight32(segment->threads), num_online_cpus());
	atomic_t *arrived = &segment->arrived[side];

	if (atomic_inc_return(arrived) >= expected)
		wake_up_var(arrived);
	else if (!spin(arrived, expected))
		sleep(team, arrived, expected);
	atomic_inc(arrived);
	spin(arrived, 2 * expected);
}

/* Of two who enter, at least one sees the other. */
static void enter(struct oracle_segment *segment, enum oracle_side side, unsigned int thread)
{
	int here = raw_smp_processor_id(), there;
	unsigned int i;

	WRITE_ONCE(segment->inside[side][thread], here);
	smp_mb();	/* pairs with itself, in another thread */
	for (i = 0; i < ORACLE_THREADS; i++) {
		there = READ_ONCE(segment->inside[side][i]);
		if (there != SEGMENT_OUTSIDE && there != here)
			WRITE_ONCE(segment->overlapped[side], true);
	}
}

static void do_side(struct oracle_team *team, struct oracle_segment *segment,
		    enum oracle_side side, unsigned int thread)
{
	enter(segment, side, thread);
	oracle_segment_first_half(segment, side, thread);
	meet(team, segment, side);
	oracle_segment_second_half(segment, side, thread);
	WRITE_ONCE(segment->inside[side][thread], SEGMENT_OUTSIDE);
}

static void do_segments(struct oracle_team *team, unsigned int thread)
{
	unsigned int i;

	for (i = 0; i < team->batch.nr; i++) {
		struct oracle_segment *segment = &team->batch.segment[i];

		if (!(segment->threads & BIT(thread)))
			continue;
		do_side(team, segment, MAINLINE, thread);
		do_side(team, segment, OURS, thread);
		cond_resched_tasks_rcu_qs();
	}
}

static int member_thread(void *arg)
{
	struct member *member = arg;
	struct oracle_team *team = member->team;

	while (!kthread_should_stop()) {
		wait_event_idle(member->wait,
				/* Pairs with the release in oracle_team_run(). */
				smp_load_acquire(&member->go) || kthread_should_stop());
		if (!READ_ONCE(member->go))
			continue;
		WRITE_ONCE(member->go, false);
		thread_return(member->cpu);
		do_segments(team, member->index);
		if (atomic_dec_and_test(&team->busy))
			complete(&team->joined);
	}
	return 0;
}

/**
 * oracle_team_run - have the batch run, each segment on one side, then the other
 * @team: the threads
 *
 * Context: process. Returns when all have ended.
 */
void oracle_team_run(struct oracle_team *team)
{
	unsigned int i;

	atomic_set(&team->busy, ORACLE_THREADS);
	reinit_completion(&team->joined);
	for (i = 0; i < ORACLE_THREADS; i++) {
		/* Pairs with the acquire in member_thread(): the batch is complete. */
		smp_store_release(&team->member[i].go, true);
		wake_up(&team->member[i].wait);
	}
	wait_for_completion(&team->joined);
}

/**
 * oracle_team_destroy - end the threads, and free the team
 * @team: it, or NULL; no segment runs
 *
 * Context: process.
 */
void oracle_team_destroy(struct oracle_team *team)
{
	unsigned int i;

	if (!team)
		return;
	for (i = 0; i < ORACLE_THREADS; i++)
		thread_stop(thread_site, team->member[i].task);
	rs_free(&refstorm_sites[SITE_ORACLE], team);
}

/**
 * oracle_team_create - make the threads, one on each CPU in turn
 * @run: number of the run, for their names
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
	init_completion(&team->joined);
	team->born = jiffies;
	for (i = 0; i < ORACLE_THREADS; i++) {
		struct member *member = &team->member[i];

		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		member->team = team;
		member->index = i;
		member->cpu = cpu;
		init_waitqueue_head(&member->wait);
		member->task = thread_create(thread_site, member_thread, member, cpu,
					     "oracle", run, i + 1);
		if (!member->task) {
			oracle_team_destroy(team);
			return NULL;
		}
	}
	/* Not before: a thread that was never woken is stopped without a step. */
	for (i = 0; i < ORACLE_THREADS; i++)
		wake_up_process(team->member[i].task);
	return team;
}
