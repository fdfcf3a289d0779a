// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that uses rsref.ko: a device counts its requests, and is freed after it was
 * removed and its last request has ended.
 *
 * Loading the module adds a device, starts requests, removes the device while some of them
 * are still running, waits for the last one, and logs one line.
 */
#include <linux/completion.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <refstorm/kref.h>
#include <refstorm/percpu_ref.h>

#define REQUESTS 16

/* The device. Its counter is per-CPU: every request takes a reference and drops it. */
struct device_state {
	struct rs_percpu_ref	requests;
	struct completion	idle;
};

/* A request: an ordinary object with two users, its submitter and its work. */
struct request {
	struct rs_kref		kref;
	struct work_struct	work;
	struct device_state	*device;
};

static struct device_state device;
static struct workqueue_struct *workqueue;
static atomic_t ended = ATOMIC_INIT(0);

/* Called when the device was removed and the last request has ended. */
static void device_idle(struct rs_percpu_ref *ref)
{
	complete(&container_of(ref, struct device_state, requests)->idle);
}

static void request_release(struct rs_kref *kref)
{
	struct request *request = container_of(kref, struct request, kref);
	struct device_state *dev = request->device;

	kfree(request);
	atomic_inc(&ended);
	rs_percpu_ref_put(&dev->requests);
}

static void request_work(struct work_struct *work)
{
	struct request *request = container_of(work, struct request, work);

	rs_kref_put(&request->kref, request_release);
}

static int submit(struct device_state *dev)
{
	struct request *request;

	/* A removed device takes no more requests. */
	if (!rs_percpu_ref_tryget_live(&dev->requests))
		return -ENODEV;

	request = kzalloc(sizeof(*request), GFP_KERNEL);
	if (!request) {
		rs_percpu_ref_put(&dev->requests);
		return -ENOMEM;
	}
	request->device = dev;
	rs_kref_init(&request->kref);
	INIT_WORK(&request->work, request_work);

	/* One reference for the work, taken before it is handed over. */
	rs_kref_get(&request->kref);
	queue_work(workqueue, &request->work);
	rs_kref_put(&request->kref, request_release);
	return 0;
}

static int __init example_init(void)
{
	int i, ret, submitted = 0;

	workqueue = alloc_workqueue("rsref_example", 0, 0);
	if (!workqueue)
		return -ENOMEM;
	init_completion(&device.idle);
	ret = rs_percpu_ref_init(&device.requests, device_idle, 0, GFP_KERNEL);
	if (ret) {
		destroy_workqueue(workqueue);
		return ret;
	}

	for (i = 0; i < REQUESTS; i++)
		submitted += submit(&device) == 0;

	rs_percpu_ref_kill(&device.requests);
	wait_for_completion(&device.idle);
	rs_percpu_ref_exit(&device.requests);

	pr_info("rsref_example: %d requests submitted, %d ended, then one is refused: %s\n",
		submitted, atomic_read(&ended), submit(&device) ? "yes" : "no");
	return 0;
}

/* request_work() or device_idle() may have completed @idle and not returned yet. */
static void __exit example_exit(void)
{
	destroy_workqueue(workqueue);
	rcu_barrier();
}

module_init(example_init);
module_exit(example_exit);

MODULE_DESCRIPTION("Example user of rsref.ko");
MODULE_LICENSE("GPL");
