// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes that the detectors of a debug kernel must report: insmod detectors.ko mistake=NAME.
 * For guests that are discarded. The suites of make test-debug demand that each mistake is
 * reported before they take a silent log for a good one.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu_counter.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <refstorm/refcount.h>
#include <refstorm/sealed_ref.h>

#include "detectors.h"

static char *mistake = "";
module_param(mistake, charp, 0);
MODULE_PARM_DESC(mistake, "what to do wrong; a wrong name lists the right ones in the log");

struct thing {
	struct rcu_head		rcu;
	struct work_struct	work;
	struct percpu_counter	counter;
	int			value;
	rs_refcount_t		count;
	struct rs_sealed_ref	sealed;
};

static int use_after_free(void)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	if (!thing)
		return -ENOMEM;
	kfree(thing);
	return READ_ONCE(thing->value);
}

/* Nothing but the put touches the object, and there are others left. */
static int put_after_free(void)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	if (!thing)
		return -ENOMEM;
	rs_refcount_set(&thing->count, 3);
	kfree(thing);
	return rs_refcount_dec_and_test(&thing->count);
}

static int put_not_last_after_free(void)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	if (!thing)
		return -ENOMEM;
	rs_refcount_set(&thing->count, 3);
	kfree(thing);
	rs_refcount_dec(&thing->count);
	return 0;
}

static void never_released(struct rs_sealed_ref *ref)
{
}

static int put_sealed_after_free(void)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	if (!thing || rs_sealed_ref_init(&thing->sealed, never_released, 0, GFP_KERNEL))
		return -ENOMEM;
	rs_sealed_ref_get(&thing->sealed);
	kfree(thing);
	rs_sealed_ref_put(&thing->sealed);
	return 0;
}

static int put_in_cxx_after_free(void)
{
	struct cxx_thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	if (!thing)
		return -ENOMEM;
	rs_refcount_set(&thing->count.refcount, 3);
	kfree(thing);
	cxx_drop(thing);
	return 0;
}

static int out_of_bounds(void)
{
	char *text = kmalloc(20, GFP_KERNEL);

	if (!text)
		return -ENOMEM;
	WRITE_ONCE(text[20], 0);
	kfree(text);
	return 0;
}

/* For a mistake that needs a variable after it returns. */
static int shared;
static int __rcu *shared_pointer;
static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);

static int racer(void *unused)
{
	while (!kthread_should_stop()) {
		int i;

		for (i = 0; i < 1000; i++) {
			shared++;
			barrier();
		}
		cond_resched();
	}
	return 0;
}

/* Two threads, for as long as a race takes to be seen. */
static int race(int (*one)(void *unused), int (*other)(void *unused))
{
	struct task_struct *first_racer = kthread_run(one, NULL, "racer/1");
	struct task_struct *second_racer = kthread_run(other, NULL, "racer/2");

	msleep(3000);
	if (!IS_ERR(first_racer))
		kthread_stop(first_racer);
	if (!IS_ERR(second_racer))
		kthread_stop(second_racer);
	return 0;
}

static int race_on_data(void)
{
	return race(racer, racer);
}

/* A count that is used and overwritten all the time, far from its limits. */
static struct cxx_thing counted = { .count = RS_KREF_INIT(INT_MAX / 2) };

static int overwriter(void *unused)
{
	while (!kthread_should_stop()) {
		int i;

		for (i = 0; i < 1000; i++) {
			counted.count.refcount.refs.counter = INT_MAX / 2;
			barrier();
		}
		cond_resched();
	}
	return 0;
}

static int dropper(void *unused)
{
	while (!kthread_should_stop()) {
		int i;

		for (i = 0; i < 1000; i++)
			WARN_ON_ONCE(rs_refcount_dec_and_test(&counted.count.refcount));
		cond_resched();
	}
	return 0;
}

static int dropper_in_cxx(void *unused)
{
	while (!kthread_should_stop()) {
		int i;

		for (i = 0; i < 1000; i++)
			cxx_drop(&counted);
		cond_resched();
	}
	return 0;
}

static int race_on_count(void)
{
	return race(overwriter, dropper);
}

static int race_on_count_in_cxx(void)
{
	return race(overwriter, dropper_in_cxx);
}

static int lock_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static int rcu_without_reader(void)
{
	return rcu_dereference(shared_pointer) ? -EBUSY : 0;
}

static int sleep_in_atomic(void)
{
	spin_lock(&spin);
	msleep(20);
	spin_unlock(&spin);
	return 0;
}

static int cpu_while_preemptible(void)
{
	WRITE_ONCE(shared, smp_processor_id());
	return 0;
}

/* Several, because a register or a stack may still point to one. */
static int leak(void)
{
	int i;

	for (i = 0; i < 10; i++)
		WRITE_ONCE(shared, !kmalloc(sizeof(struct thing), GFP_KERNEL));
	return 0;
}

static void do_nothing_rcu(struct rcu_head *rcu)
{
}

static int rcu_head_twice(void)
{
	static struct rcu_head head;

	call_rcu(&head, do_nothing_rcu);
	call_rcu(&head, do_nothing_rcu);
	rcu_barrier();
	return 0;
}

static void take_a_while(struct work_struct *work)
{
	msleep(100);
}

/* The work waits in the queue behind another one, and is freed while it waits. */
static int free_active_work(void)
{
	static DECLARE_WORK(other, take_a_while);
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);
	struct workqueue_struct *queue = alloc_ordered_workqueue("detectors", 0);

	if (!thing || !queue)
		return -ENOMEM;
	INIT_WORK(&thing->work, take_a_while);
	queue_work(queue, &other);
	queue_work(queue, &thing->work);
	kfree(thing);
	destroy_workqueue(queue);
	return 0;
}

static int free_active_percpu_counter(void)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	if (!thing || percpu_counter_init(&thing->counter, 0, GFP_KERNEL))
		return -ENOMEM;
	kfree(thing);
	return 0;
}

static int shift_too_far(void)
{
	int by = 33;

	OPTIMIZER_HIDE_VAR(by);
	WRITE_ONCE(shared, 1 << by);
	return 0;
}

static const struct {
	const char	*name;
	int		(*make)(void);
} mistakes[] = {
	{ "use_after_free", use_after_free },
	{ "put_after_free", put_after_free },
	{ "put_not_last_after_free", put_not_last_after_free },
	{ "put_sealed_after_free", put_sealed_after_free },
	{ "put_in_cxx_after_free", put_in_cxx_after_free },
	{ "out_of_bounds", out_of_bounds },
	{ "race_on_data", race_on_data },
	{ "race_on_count", race_on_count },
	{ "race_on_count_in_cxx", race_on_count_in_cxx },
	{ "lock_inversion", lock_inversion },
	{ "rcu_without_reader", rcu_without_reader },
	{ "sleep_in_atomic", sleep_in_atomic },
	{ "cpu_while_preemptible", cpu_while_preemptible },
	{ "leak", leak },
	{ "rcu_head_twice", rcu_head_twice },
	{ "free_active_work", free_active_work },
	{ "free_active_percpu_counter", free_active_percpu_counter },
	{ "shift_too_far", shift_too_far },
};

static int __init detectors_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++)
		if (!strcmp(mistake, mistakes[i].name))
			return mistakes[i].make() < 0 ? -ENOMEM : 0;
	for (i = 0; i < ARRAY_SIZE(mistakes); i++)
		pr_info("detectors: mistake=%s\n", mistakes[i].name);
	return -EINVAL;
}

static void __exit detectors_exit(void)
{
	rcu_barrier();
}

module_init(detectors_init);
module_exit(detectors_exit);
MODULE_DESCRIPTION("Mistakes that the detectors of a debug kernel must see");
MODULE_LICENSE("GPL");
