// SPDX-License-Identifier: GPL-2.0
/* The rules and listings of the kref document, kept by several threads at once. */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "kref.h"

#define RUN_MS		300
#define OBJECTS_MIN	20
#define OBJECTS_MAX	20000
/* A slow kernel makes no objects to speak of in RUN_MS. */
#define PATIENCE_MS	60000

static unsigned long end, patience_ends;

void crowd_begins(void)
{
	end = jiffies + msecs_to_jiffies(RUN_MS);
	patience_ends = jiffies + msecs_to_jiffies(PATIENCE_MS);
}

unsigned int threads(void)
{
	return min(2 * num_online_cpus(), 8U);
}

bool time_is_up(bool enough)
{
	cond_resched();
	if (!enough || born() < OBJECTS_MIN)
		return time_after(jiffies, patience_ends);
	return time_after(jiffies, end) || born() > OBJECTS_MAX;
}

void right_init(const struct scenario *s)
{
	struct rs_kref two = RS_KREF_INIT(2);
	struct my_data *data = my_data_new();

	if (!data)
		return;
	check(rs_kref_read(&data->refcount) == 1);
	check(rs_kref_read(&two) == 2);
	use(data);
	check(rs_kref_put(&data->refcount, data_release) == 1);
	check(!is_alive(data));
	check(rs_kref_read(&data->refcount) == 0);
}

/*
 * Rule 1: my_data_handler() of the document, its thread, and its error path.
 */

static int more_data_handling(void *cb_data)
{
	struct my_data *data = cb_data;

	use(data);
	rs_kref_put(&data->refcount, data_release);
	module_put_and_kthread_exit(0);
	return 0;
}

static struct task_struct *run_thread(struct my_data *data, bool works)
{
	struct task_struct *task = ERR_PTR(-ENOMEM);

	__module_get(THIS_MODULE);
	if (works)
		task = kthread_run(more_data_handling, data, "more_data");
	if (IS_ERR(task))
		module_put(THIS_MODULE);
	return task;
}

static void my_data_handler(unsigned int nr, void *unused)
{
	struct my_data *data;
	unsigned int round;

	for (round = 0; !time_is_up(true); round++) {
		data = my_data_new();
		if (!data)
			return;
		rs_kref_get(&data->refcount);
		if (IS_ERR(run_thread(data, round % 8)))
			rs_kref_put(&data->refcount, data_release);
		else
			use(data);
		rs_kref_put(&data->refcount, data_release);
	}
}

void right_hand_over(const struct scenario *s)
{
	crowd_begins();
	crowd_run(threads() / 2, my_data_handler, NULL);
	check(born() >= 10);
}

/*
 * A reference passed to a queue.
 */

static DEFINE_SPINLOCK(queue_lock);
static LIST_HEAD(queue);
static atomic_t queued;

static void enqueue(struct my_data *data)
{
	spin_lock(&queue_lock);
	list_add_tail(&data->link, &queue);
	spin_unlock(&queue_lock);
	atomic_inc(&queued);
}

static struct my_data *dequeue(void)
{
	struct my_data *data;

	spin_lock(&queue_lock);
	data = list_first_entry_or_null(&queue, struct my_data, link);
	if (data)
		list_del_init(&data->link);
	spin_unlock(&queue_lock);
	if (data)
		atomic_dec(&queued);
	return data;
}

static void drain_queue(void)
{
	struct my_data *data;

	while ((data = dequeue())) {
		use(data);
		rs_kref_put(&data->refcount, data_release);
	}
}

static void produce_or_consume(unsigned int nr, void *unused)
{
	struct my_data *data;
	unsigned int round;

	for (round = 0; !time_is_up(true); round++) {
		if (nr % 2) {
			drain_queue();
			continue;
		}
		if (atomic_read(&queued) > 64) {
			usleep_range(10, 50);
			continue;
		}
		data = my_data_new();
		if (!data)
			return;
		if (round % 2) {
			/* The queue has our reference now. */
			enqueue(data);
		} else {
			/* The silly extra get and put */
			rs_kref_get(&data->refcount);
			enqueue(data);
			use(data);
			rs_kref_put(&data->refcount, data_release);
		}
	}
}

void right_enqueue(const struct scenario *s)
{
	crowd_begins();
	crowd_run(threads(), produce_or_consume, NULL);
	drain_queue();
	check(born() >= 10);
}

/*
 * Rule 2: every holder puts once.
 */

#define PUT_OBJECTS	2000

struct putting {
	struct my_data	*objects[PUT_OBJECTS];
	unsigned int	nr;
	atomic_t	releases;
	atomic_t	started;
	unsigned int	threads;
};

static void put_all(unsigned int nr, void *arg)
{
	struct putting *p = arg;
	unsigned int i;

	atomic_inc(&p->started);
	check(becomes_true(atomic_read(&p->started) == p->threads));
	for (i = 0; i < p->nr; i++) {
		use(p->objects[i]);
		if (rs_kref_put(&p->objects[i]->refcount, data_release))
			atomic_inc(&p->releases);
		if (i % 64 == 0)
			cond_resched();
	}
}

void right_put(const struct scenario *s)
{
	struct putting *p = kvzalloc(sizeof(*p), GFP_KERNEL);
	unsigned int i;

	if (!check(p))
		return;
	p->threads = threads();
	for (; p->nr < PUT_OBJECTS; p->nr++) {
		struct my_data *data = my_data_new();

		if (!data)
			break;
		for (i = 1; i < p->threads; i++)
			rs_kref_get(&data->refcount);
		p->objects[p->nr] = data;
	}
	crowd_run(p->threads, put_all, p);
	check(atomic_read(&p->releases) == PUT_OBJECTS);
	kvfree(p);
}
