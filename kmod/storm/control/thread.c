// SPDX-License-Identifier: GPL-2.0
/* Kernel threads: how storms, the oracle and the benchmark make, end and count them. */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include <refstorm/alloc.h>

#include "thread.h"

static atomic_t nr_threads = ATOMIC_INIT(0);

/**
 * thread_create - make a thread that sleeps until it is woken
 * @site: where its allocation is counted
 * @run: what it does
 * @arg: with what
 * @cpu: where it stays, or THREAD_ANY_CPU
 * @role: first part of its name
 * @id: of what it belongs to
 * @index: which of those it is
 *
 * Context: process.
 * Return: the thread, or NULL.
 */
struct task_struct *thread_create(struct rs_alloc_site *site, int (*run)(void *), void *arg,
				  int cpu, const char *role, u32 id, unsigned int index)
{
	struct task_struct *task = ERR_PTR(-ENOMEM);

	if (!rs_alloc_should_fail(site))
		task = kthread_create(run, arg, "rs_%s/%u.%u", role, id, index);
	rs_alloc_result(site, !IS_ERR(task));
	if (IS_ERR(task))
		return NULL;
	atomic_inc(&nr_threads);
	/* Only a bound thread keeps its CPU: others get the default mask in their first step. */
	if (cpu != THREAD_ANY_CPU)
		kthread_bind(task, cpu);
	return task;
}

/**
 * thread_return - go back to a CPU that was offline meanwhile
 * @cpu: where the caller stays; the caller is left where it is while @cpu is offline
 *
 * Context: process, a thread of thread_create().
 */
void thread_return(int cpu)
{
	if (raw_smp_processor_id() != cpu && cpu_online(cpu))
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

/* One is about to end by itself, or has ended. Context: any. */
void thread_gone(struct rs_alloc_site *site)
{
	rs_alloc_returned(site);
	atomic_dec(&nr_threads);
}

/* Stop a thread, whether it was ever woken or not; NULL is none. Context: process. */
void thread_stop(struct rs_alloc_site *site, struct task_struct *task)
{
	if (!task)
		return;
	kthread_stop(task);
	thread_gone(site);
}

/* Sleep until thread_stop(), in a thread that has nothing left to do. */
void thread_wait_stop(void)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

/* Sleep for so many jiffies, or until thread_stop(). Return: whether to go on. */
bool thread_sleep(unsigned long jiffies)
{
	set_current_state(TASK_INTERRUPTIBLE);
	if (!kthread_should_stop())
		schedule_timeout(jiffies);
	__set_current_state(TASK_RUNNING);
	return !kthread_should_stop();
}

/* All threads that there are. */
unsigned int threads_count(void)
{
	return atomic_read(&nr_threads);
}
