// SPDX-License-Identifier: GPL-2.0
/*
 * Each operation of each counter in the contexts that allow least.
 *
 * get, put and tryget are documented for any context, and a slow path that wakes a
 * task, or takes a lock of the scheduler's, of a work queue's or of the timers', is not
 * noticed before it is called with that very lock held: then the CPU hangs. So here
 * each is called with that very lock held, in handlers of tracepoints, and in an NMI.
 */
#include <linux/fs.h>
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
 * @enter: call @kind's use() in the context. Return: false if there is no such context
 *	here, which was told. Context: process
 */
struct use {
	const struct context_kind	*kind;
	bool				(*enter)(const struct context_kind *kind);
};

/* What is used when the context is entered, once, and by whom or what the handler knows it. */
static struct {
	const struct context_kind	*kind;
	const void			*by;
	bool				used;
} armed;

/*
 * Who wakes a task takes the lock of the run queue that the task goes to. That is not always
 * the one that is held, so what is woken is watched for.
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
 * Tracepoints. Those that are not exported are looked up.
 */

struct wanted {
	const char		*name;
	struct tracepoint	*found;
};

static void look_at_tracepoint(struct tracepoint *tp, void *arg)
{
	struct wanted *wanted = arg;

	if (!strcmp(tp->name, wanted->name))
		wanted->found = tp;
}

static struct tracepoint *tracepoint_of(const char *name)
{
	struct wanted wanted = { .name = name };

	for_each_kernel_tracepoint(look_at_tracepoint, &wanted);
	if (!wanted.found)
		skipped("this kernel has no such tracepoint");
	return wanted.found;
}

static void end_probe(struct tracepoint *tp, void *probe)
{
	tracepoint_probe_unregister(tp, probe, NULL);
	tracepoint_synchronize_unregister();
}

/* Call @enter, in whose context nobody may be woken. */
static bool without_waking(bool (*enter)(const struct context_kind *kind),
			   const struct context_kind *kind)
{
	struct tracepoint *tp = tracepoint_of("sched_waking");
	bool entered;

	if (!tp || !check(!tracepoint_probe_register(tp, on_sched_waking, NULL)))
		return false;
	atomic_set(&woken, 0);
	entered = enter(kind);
	end_probe(tp, on_sched_waking);
	return check(!atomic_read(&woken)) && entered;
}

/* Call @cause, at which the tracepoint @name has @probe called, with its lock held. */
static bool at_tracepoint(const char *name, void *probe, void (*cause)(void),
			  const struct context_kind *kind, const void *by)
{
	struct tracepoint *tp = tracepoint_of(name);

	if (!tp || !check(!tracepoint_probe_register(tp, probe, NULL)))
		return false;
	arm(kind, by);
	cause();
	end_probe(tp, probe);
	return check(armed.used);
}

/* The lock of the run queue is held; who wakes a task takes it. */
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
	return at_tracepoint("sched_switch", on_sched_switch, sleep_once, kind, current);
}

static bool run_queue(const struct context_kind *kind)
{
	return without_waking(at_sched_switch, kind);
}

/* The lock of a pool of workers is held; who queues work to it takes it. */
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
	return at_tracepoint("workqueue_activate_work", on_activate_work, queue_once, kind,
			     &some_work);
}

/* The lock of this CPU's timers is held; who starts one takes it. */
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
	return at_tracepoint("timer_start", on_timer_start, start_once, kind, &some_timer);
}

/* On PREEMPT_RT, too, no lock that may sleep can be taken. */
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

/* Other NMIs may come, too: the CPU's number tells which is ours. */
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

unsigned int context_set_hot_ms(unsigned int ms)
{
	struct file *file = filp_open("/sys/module/rsref/parameters/dynamic_hot_ms", O_RDWR, 0);
	unsigned int before = 0;
	char text[16] = "";
	loff_t pos = 0;
	int length;

	if (!check(!IS_ERR(file)))
		return ms;
	check(kernel_read(file, text, sizeof(text) - 1, &pos) > 0);
	check(!kstrtouint(strim(text), 0, &before));
	length = scnprintf(text, sizeof(text), "%u", ms);
	pos = 0;
	check(kernel_write(file, text, length, &pos) == length);
	filp_close(file, NULL);
	return before;
}

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
	scenarios_begin(list, ARRAY_SIZE(list));
	return 0;
}

static void __exit contexts_exit(void)
{
	scenarios_end();
	rcu_barrier();
}

module_init(contexts_init);
module_exit(contexts_exit);

MODULE_AUTHOR("The refstorm authors");
MODULE_DESCRIPTION("Every operation of every counter in the contexts that allow least");
MODULE_LICENSE("GPL");
