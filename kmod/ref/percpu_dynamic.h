/* SPDX-License-Identifier: GPL-2.0 */
/* Per-CPU counts that come by slots when they are hot; see percpu_dynamic.c. */
#ifndef _RSREF_PERCPU_DYNAMIC_H
#define _RSREF_PERCPU_DYNAMIC_H

#include <linux/types.h>
#include <linux/workqueue.h>

#include <refstorm/refcount.h>

#include "percpu_count.h"

enum percpu_dynamic_state { DYNAMIC_COLD, DYNAMIC_HOT, DYNAMIC_PROBING };

/**
 * struct percpu_dynamic - what a dynamic count has beside the rest
 * @work: changes the state
 * @count: the count, in the same allocation
 * @users: the owner, and the work while it is queued or runs
 * @threshold: gets within a window that make it hot
 * @window: when the present window began, in jiffies; races are harmless
 * @gets: in this window; races are harmless
 * @state: under the count's lock, as all that follows
 * @queued: the work is queued or runs
 * @running: the work runs
 * @backoff: how many times dynamic_hot_ms to wait before asking
 */
struct percpu_dynamic {
	struct delayed_work		work;
	struct rs_percpu_count		*count;
	rs_refcount_t			users;
	unsigned int			threshold;
	unsigned long			window;
	u64				gets;
	enum percpu_dynamic_state	state;
	bool				queued;
	bool				running;
	unsigned int			backoff;
};

/* A dynamic count, as it is allocated */
struct percpu_dynamic_count {
	struct rs_percpu_count	count;
	struct percpu_dynamic	dynamic;
};

/* @count is a dynamic one. */
static inline struct percpu_dynamic *dynamic_of(struct rs_percpu_count *count)
{
	return &container_of(count, struct percpu_dynamic_count, count)->dynamic;
}

void percpu_dynamic_init(struct rs_percpu_count *count);
void percpu_dynamic_exit(struct rs_percpu_count *count);
void percpu_dynamic_got(struct rs_percpu_count *count, u64 nr);
void percpu_dynamic_collected(struct rs_percpu_count *count);
void percpu_dynamic_set_threshold(struct rs_percpu_count *count, unsigned int threshold);

#endif /* _RSREF_PERCPU_DYNAMIC_H */
