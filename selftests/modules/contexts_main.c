// SPDX-License-Identifier: GPL-2.0
/*
 * Each operation of each counter in the contexts that allow least.
 *
 * get, put and tryget are documented for any context. A slow path that wakes a task, or takes
 * a lock of the scheduler, of a work queue or of the timers, hangs only when it is called with
 * that very lock held. So the scenarios call each operation with each of these locks held, in
 * handlers of tracepoints, and in an NMI.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#ifdef CONFIG_X86
#include <asm/apic.h>
#include <asm/nmi.h>
#endif

#include <refstorm/compat.h>

#include "contexts.h"
#include "scenario_frame.h"

/**
 * struct use - one kind of counter in one context
 * @kind: of counter
 * @enter: call @kind's use() in the context. Return: false, after reporting it, if this
 *	machine has no such context. Context: process
 */
struct use {
	const struct context_kind	*kind;
	bool				(*enter)(const struct context_kind *kind);
};

/* The context to use once, when its handler runs; @by is how the handler recognises it. */
static struct {
	const struct context_kind	*kind;
	const void			*by;
	bool				used;
} armed;

/*
 * A wakeup takes the lock of the run queue that the task goes to. This is not always the run
 * queue whose lock is held, so the scenario also watches for wakeups.
 */
static int watched_cpu = -1;
static atomic_t woken;

static void on_sched_waking(void *unused, struct task_struct *task)
{
	if (READ_ONCE(watched_cpu) == raw_smp_processor_id())
		atomic_inc(&woken);
}

static void arm(const struct context_kind *kind, const void *by)
{
	armed.kind = kind;
	armed.used = false;
	/* Pairs with the acquire in use_if_armed(). */
	smp_store_release(&armed.by, by);
}

static bool use_if_armed(const void *by)
{
	/* Pairs with the release in arm(). */
	if (smp_load_acquire(&armed.by) != by)
		return false;
	WRITE_ONCE(armed.by, NULL);
	WRITE_ONCE(watched_cpu, raw_smp_processor_id());
	armed.kind->use();
	WRITE_ONCE(watched_cpu, -1);
	WRITE_ONCE(armed.used, true);
	return true;
}

/*
 * Tracepoints. Those that are not exported are looked up. Their probes stand from the beginning to
 * the end, and an armed one acts.
 */

enum { SCHED_WAKING, SCHED_SWITCH, ACTIVATE_WORK, TIMER_START };

struct probe {
	const char		*name;
	void			*fn;
	struct tracepoint	*found;
};

static struct probe probes[];

/* Call @cause, at which the tracepoint @nr has its probe called, with its lock held. */
static bool at_tracepoint(unsigned int nr, void (*cause)(void), const struct context_kind *kind,
			  const void *by)
{
	if (!probes[nr].found) {
		skipped("this kernel has no such tracepoint");
		return false;
	}
	arm(kind, by);
	cause();
	return check(armed.used);
}

/* Call @enter, in whose context no task may be woken. */
static bool without_waking(bool (*enter)(const struct context_kind *kind),
			   const struct context_kind *kind)
{
	bool entered;

	if (!probes[SCHED_WAKING].found) {
		skipped("this kernel does not tell of tasks that are woken");
		return false;
	}
	atomic_set(&woken, 0);
	entered = enter(kind);
	return check(!atomic_read(&woken)) && entered;
}

/* The lock of the run queue is held; a wakeup takes it. */
static void on_sched_switch(void *unused, bool preempt, struct task_struct *prev)
{
	use_if_armed(prev);
}

static void sleep_once(void)
{
	schedule_timeout_uninterruptible(1);
}

static bool at_sched_switch(const struct context_kind *kind)
{
	return at_tracepoint(SCHED_SWITCH, sleep_once, kind, current);
}

static bool run_queue(const struct context_kind *kind)
{
	return without_waking(at_sched_switch, kind);
}

/* The lock of a worker pool is held; queue_work() takes it. */
static void on_activate_work(void *unused, struct work_struct *work)
{
	use_if_armed(work);
}

static void do_nothing(struct work_struct *work)
{
}

static DECLARE_WORK(some_work, do_nothing);

/* rsref.ko's works are unbound, too. */
static void queue_once(void)
{
	queue_work(system_unbound_wq, &some_work);
	flush_work(&some_work);
}

static bool worker_pool(const struct context_kind *kind)
{
	return at_tracepoint(ACTIVATE_WORK, queue_once, kind, &some_work);
}

/* The lock of this CPU's timers is held; starting a timer takes it. */
static void on_timer_start(void *unused, struct timer_list *timer)
{
	use_if_armed(timer);
}

static void on_expiry(struct timer_list *timer)
{
}

static DEFINE_TIMER(some_timer, on_expiry);

static void start_once(void)
{
	mod_timer(&some_timer, jiffies + HZ);
	rs_timer_delete_sync(&some_timer);
}

static bool timer_base(const struct context_kind *kind)
{
	return at_tracepoint(TIMER_START, start_once, kind, &some_timer);
}

static struct probe probes[] = {
	[SCHED_WAKING]	= { "sched_waking", on_sched_waking },
	[SCHED_SWITCH]	= { "sched_switch", on_sched_switch },
	[ACTIVATE_WORK]	= { "workqueue_activate_work", on_activate_work },
	[TIMER_START]	= { "timer_start", on_timer_start },
};

static void find_probe(struct tracepoint *tp, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].name))
			probes[i].found = tp;
}

static void begin_probes(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].found)
			WARN_ON(tracepoint_probe_register(probes[i].found, probes[i].fn, NULL));
}

static void end_probes(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].found)
			tracepoint_probe_unregister(probes[i].found, probes[i].fn, NULL);
}

/*
 * Call @fn, which changes code that each CPU runs all the time, while one CPU is online. A CPU
 * that QEMU 7.2 emulates by a thread of its own may go on to see a breakpoint which the kernel
 * put there while it changed the code, and hangs at it.
 */
static void on_one_cpu(void (*fn)(void))
{
#ifdef CONFIG_HOTPLUG_CPU
	static struct cpumask offline;
	unsigned int cpu;

	cpumask_clear(&offline);
	for_each_present_cpu(cpu)
		if (cpu != cpumask_first(cpu_online_mask) && cpu_online(cpu) && !remove_cpu(cpu))
			cpumask_set_cpu(cpu, &offline);
	fn();
	for_each_cpu(cpu, &offline)
		WARN_ON(add_cpu(cpu));
#else
	fn();
#endif
}

/* No sleeping lock may be taken here, on PREEMPT_RT either. */
static bool interrupts_off(const struct context_kind *kind)
{
	static DEFINE_RAW_SPINLOCK(lock);
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	kind->use();
	raw_spin_unlock_irqrestore(&lock, flags);
	return true;
}

#ifdef CONFIG_X86
static int on_nmi(unsigned int type, struct pt_regs *regs)
{
	return use_if_armed((void *)(1UL + raw_smp_processor_id())) ? NMI_HANDLED : NMI_DONE;
}

/* Other NMIs may come: ours is the one on the chosen CPU. */
static bool in_one_nmi(const struct context_kind *kind)
{
	unsigned long ms;
	int here;

	if (!check(!register_nmi_handler(NMI_LOCAL, on_nmi, 0, "contexts")))
		return false;
	here = get_cpu();
	arm(kind, (void *)(1UL + here));
	apic->send_IPI_mask(cpumask_of(here), NMI_VECTOR);
	for (ms = 0; ms < 5000 && !READ_ONCE(armed.used); ms++)
		mdelay(1);
	put_cpu();
	unregister_nmi_handler(NMI_LOCAL, "contexts");
	return check(armed.used);
}

static bool nmi(const struct context_kind *kind)
{
	return without_waking(in_one_nmi, kind);
}
#else
static bool nmi(const struct context_kind *kind)
{
	skipped("how to send an NMI is known on x86 only");
	return false;
}
#endif

static void use_in_context(const struct scenario *s)
{
	const struct use *use = s->arg;

	if (use->kind->prepare())
		use->enter(use->kind);
	use->kind->conclude();
}

#define IN(_enter, _kind, _title) {						\
	.name = #_enter "_" #_kind, .title = (_title), .run = use_in_context,	\
	.arg = &(const struct use){						\
		.kind = &context_##_kind, .enter = (_enter),			\
	},									\
}

#define IN_EACH_CONTEXT(_kind, _name)						\
	IN(interrupts_off, _kind, _name ": every operation with interrupts off"), \
	IN(run_queue, _kind, _name ": every operation under a run queue's lock"), \
	IN(worker_pool, _kind, _name ": every operation under the lock of a pool of workers"), \
	IN(timer_base, _kind, _name ": every operation under the lock of the timers"), \
	IN(nmi, _kind, _name ": every operation for any context in an NMI")

static const struct scenario list[] = {
	IN_EACH_CONTEXT(refcount, "rs_refcount, rs_kref"),
	IN_EACH_CONTEXT(percpu_ref, "rs_percpu_ref"),
#ifdef CONFIG_X86_64
	IN_EACH_CONTEXT(sealed_ref, "rs_sealed_ref"),
#endif
	IN_EACH_CONTEXT(sealed_generic, "rs_sealed_ref, generic"),
};

static int __init contexts_init(void)
{
	for_each_kernel_tracepoint(find_probe, NULL);
	on_one_cpu(begin_probes);
	scenarios_begin(list, ARRAY_SIZE(list));
	return 0;
}

static void __exit contexts_exit(void)
{
	scenarios_end();
	on_one_cpu(end_probes);
	tracepoint_synchronize_unregister();
	rcu_barrier();
}

module_init(contexts_init);
module_exit(contexts_exit);

MODULE_AUTHOR("The refstorm authors");
MODULE_DESCRIPTION("Every operation of every counter in the contexts that allow least");
MODULE_LICENSE("GPL");
