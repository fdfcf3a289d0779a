// SPDX-License-Identifier: GPL-2.0
/*
 * How users of collected counts are called back: in softirq, and soon.
 *
 * A round ends in a hard interrupt of the CPU that reported last. release() cannot be called
 * there, and no softirq of that CPU may be waited for either. Where softirqs run in threads
 * (PREEMPT_RT, threadirqs) one SCHED_FIFO task on that CPU keeps them away for good. Those of a
 * CPU that goes down run after its callbacks of the PREPARE states, one of which may be waiting
 * for this very release().
 *
 * So collected counts go into one queue for the whole machine, with two ways out:
 *
 *	hard interrupt, and softirqs run at its end:	tasklet of this CPU
 *	anything else:					the thread, on any CPU
 *
 * The thread raises the tasklet of the CPU that it is on with bottom halves off, and runs it by
 * turning them on. So callbacks come in softirq either way. The thread has the lowest realtime
 * priority: it waits for no ordinary task, and the scheduler moves it away from a CPU that a
 * realtime task keeps busy.
 */
#include <linux/bottom_half.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/spinlock.h>

#include "percpu_count.h"
#include "rsref.h"
#include "sealed_callback.h"

/* So many users are called back before other softirqs get a turn */
#define CALL_COUNTS	128

/*
 * Collected counts whose users are to be called back. An interrupt adds to @fresh, in the order of
 * a round: the count that was killed last comes first. Softirq reverses that.
 */
static struct {
	raw_spinlock_t		lock;
	struct llist_node	*fresh;
	struct llist_node	*first;	/* the count that was killed first */
	struct llist_node	**end;
} collected = {
	.lock	= __RAW_SPIN_LOCK_UNLOCKED(collected.lock),
	.end	= &collected.first,
};

struct callback_cpu {
	struct tasklet_struct	tasklet;
	struct irq_work		kick;
};

static DEFINE_PER_CPU(struct callback_cpu, callback_cpus);
static struct task_struct *callback_thread;

/* Softirqs that an interrupt raises run at its end. sealed_callback_probe() finds out. */
static bool softirqs_end_interrupts;

/**
 * sealed_callback_add - counts were collected
 * @newest: the first of a list, of the count that was killed last
 * @oldest: the last of that list
 *
 * sealed_callback_kick() or sealed_callback_kick_in_irq() has to follow.
 *
 * Context: any but NMI, interrupts off.
 */
void sealed_callback_add(struct llist_node *newest, struct llist_node *oldest)
{
	raw_spin_lock(&collected.lock);
	oldest->next = collected.fresh;
	WRITE_ONCE(collected.fresh, newest);
	raw_spin_unlock(&collected.lock);
}

static struct llist_node *sealed_callback_take_fresh(void)
{
	struct llist_node *fresh;
	unsigned long flags;

	raw_spin_lock_irqsave(&collected.lock, flags);
	fresh = collected.fresh;
	WRITE_ONCE(collected.fresh, NULL);
	raw_spin_unlock_irqrestore(&collected.lock, flags);
	return fresh;
}

/* Append fresh counts in reverse, so that the first killed comes first. */
static void sealed_callback_turn_around(void)
{
	struct llist_node *newest = sealed_callback_take_fresh(), *first;
	unsigned long flags;

	if (!newest)
		return;
	first = llist_reverse_order(newest);
	raw_spin_lock_irqsave(&collected.lock, flags);
	WRITE_ONCE(*collected.end, first);
	collected.end = &newest->next;
	raw_spin_unlock_irqrestore(&collected.lock, flags);
}

static struct rs_percpu_count *sealed_callback_pop(void)
{
	struct llist_node *node;
	unsigned long flags;

	raw_spin_lock_irqsave(&collected.lock, flags);
	node = collected.first;
	if (node) {
		WRITE_ONCE(collected.first, node->next);
		if (!collected.first)
			collected.end = &collected.first;
	}
	raw_spin_unlock_irqrestore(&collected.lock, flags);
	return node ? llist_entry(node, struct rs_percpu_count, node) : NULL;
}

static bool sealed_callback_pending(void)
{
	return READ_ONCE(collected.first) || READ_ONCE(collected.fresh);
}

static void sealed_callback_run(struct tasklet_struct *tasklet)
{
	struct rs_percpu_count *count;
	unsigned int i;

	sealed_callback_turn_around();
	for (i = 0; i < CALL_COUNTS && (count = sealed_callback_pop()); i++)
		percpu_count_collected(count, atomic_long_read(&count->sum));
	/* The thread goes on: softirqs that do not end are left to a thread of this CPU. */
	if (sealed_callback_pending())
		wake_up_process(callback_thread);
}

static int sealed_callback_thread(void *unused)
{
	bool stop;

	for (;;) {
		set_current_state(TASK_IDLE);
		/* Read first: counts that were added before the request to stop are seen then. */
		stop = kthread_should_stop();
		if (!sealed_callback_pending()) {
			if (stop)
				break;
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		local_bh_disable();
		tasklet_schedule(this_cpu_ptr(&callback_cpus.tasklet));
		local_bh_enable();
		cond_resched();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/**
 * sealed_callback_kick - have the users of collected counts called back
 *
 * By an interrupt of this CPU, since the caller may hold locks of the scheduler.
 *
 * Context: any but NMI, preemption off.
 */
void sealed_callback_kick(void)
{
	irq_work_queue(this_cpu_ptr(&callback_cpus.kick));
}

/**
 * sealed_callback_kick_in_irq - have the users of collected counts called back
 *
 * The tasklet is used in an interrupt at whose end softirqs run at once, or at the end of the
 * section with bottom halves off that was interrupted. It is not used in an interrupt of a
 * softirq, which may leave what is raised meanwhile to a thread of this CPU; nor on a CPU that
 * runs pending irq_work while it goes down; nor on one that is isolated, which is not to run what
 * other CPUs' users do in release(). An idle CPU that runs pending irq_work gets an
 * interrupt of its own.
 *
 * Context: hardirq; or interrupts off, on a CPU that is going down or idle.
 */
void sealed_callback_kick_in_irq(void)
{
	int here = smp_processor_id();

	if (!softirqs_end_interrupts || in_serving_softirq() || !cpu_online(here) ||
	    !housekeeping_test_cpu(here, HK_TYPE_TIMER))
		wake_up_process(callback_thread);
	else if (in_hardirq())
		tasklet_schedule(this_cpu_ptr(&callback_cpus.tasklet));
	else
		sealed_callback_kick();
}

static void sealed_callback_kick_irq(struct irq_work *kick)
{
	sealed_callback_kick_in_irq();
}

/*
 * Do softirqs that an interrupt raises run at its end? The kernel's command line decides,
 * and no exported name tells. So an interrupt of our own raises one while no other task can
 * run here. If the interrupt does not come soon, the answer is no, which is always right.
 */
#define PROBE_LOOPS	1000000U

static struct {
	struct irq_work		irq;
	struct tasklet_struct	tasklet;
	bool			interrupted;
	bool			ran;
} probe;

static void sealed_callback_probe_irq(struct irq_work *irq)
{
	tasklet_schedule(&probe.tasklet);
	WRITE_ONCE(probe.interrupted, true);
}

static void sealed_callback_probe_run(struct tasklet_struct *tasklet)
{
	WRITE_ONCE(probe.ran, true);
}

static bool sealed_callback_probe(void)
{
	unsigned int i;
	bool ran;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return false;
	tasklet_setup(&probe.tasklet, sealed_callback_probe_run);
	probe.irq = IRQ_WORK_INIT_HARD(sealed_callback_probe_irq);
	preempt_disable();
	irq_work_queue(&probe.irq);
	for (i = 0; i < PROBE_LOOPS && !READ_ONCE(probe.interrupted); i++)
		cpu_relax();
	ran = READ_ONCE(probe.ran);
	preempt_enable();
	irq_work_sync(&probe.irq);
	tasklet_kill(&probe.tasklet);
	return ran;
}

int sealed_callback_module_init(void)
{
	struct rs_alloc_site *site = &rsref_sites[SITE_CALLBACK_THREAD];
	int cpu;

	for_each_possible_cpu(cpu) {
		struct callback_cpu *there = per_cpu_ptr(&callback_cpus, cpu);

		tasklet_setup(&there->tasklet, sealed_callback_run);
		there->kick = IRQ_WORK_INIT_HARD(sealed_callback_kick_irq);
	}
	callback_thread = ERR_PTR(-ENOMEM);
	if (!rs_alloc_should_fail(site))
		callback_thread = kthread_create(sealed_callback_thread, NULL, "rsref_callback");
	rs_alloc_result(site, !IS_ERR(callback_thread));
	if (IS_ERR(callback_thread))
		return PTR_ERR(callback_thread);
	sched_set_fifo_low(callback_thread);
	wake_up_process(callback_thread);
	softirqs_end_interrupts = sealed_callback_probe();
	return 0;
}

/* All counters have ended; the last callback may not have returned. */
void sealed_callback_module_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		irq_work_sync(&per_cpu(callback_cpus, cpu).kick);
	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu(callback_cpus, cpu).tasklet);
	kthread_stop(callback_thread);
	rs_alloc_returned(&rsref_sites[SITE_CALLBACK_THREAD]);
}
