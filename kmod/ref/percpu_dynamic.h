/* SPDX-License-Identifier: GPL-2.0 */
/* Per-CPU counts that have slots while they are hot; percpu_dynamic.c tells how. */
#ifndef _RSREF_PERCPU_DYNAMIC_H
#define _RSREF_PERCPU_DYNAMIC_H

#include <linux/irq_work.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <refstorm/refcount.h>

#include "percpu_count.h"

/* A window, in jiffies: how long gets are numbered to tell whether a count is hot */
#define PERCPU_DYNAMIC_WINDOW	HZ

enum percpu_dynamic_state { DYNAMIC_COLD, DYNAMIC_HOT, DYNAMIC_PROBING };

/**
 * struct percpu_dynamic - what a dynamic count has beside struct rs_percpu_count
 * @work: changes the state
 * @heat: asks for the work where no task may be woken
 * @count: the count, in the same allocation
 * @users: the owner; the work, once for each time that it is queued; @heat while it is
 *	asked for; a switch until its slots are collected
 * @threshold: gets within a window that make it hot
 * @window: when the present window began, in jiffies; races are harmless
 * @gets: in this window; races are harmless
 * @state: written by the work alone; the count's lock protects this and what follows
 * @warming_up: the work is queued for, or runs for, getting slots
 * @wanted: the work is to be queued when the lock is free
 * @delay: how many jiffies after that it runs
 * @backoff: how many times dynamic_hot_ms to wait before the next probe
 */
struct percpu_dynamic {
	struct delayed_work		work;
	struct irq_work			heat;
	struct rs_percpu_count		*count;
	rs_refcount_t			users;
	unsigned int			threshold;
	unsigned long			window;
	u64				gets;
	enum percpu_dynamic_state	state;
	bool				warming_up;
	bool				wanted;
	unsigned long			delay;
	unsigned int			backoff;
};

/* A dynamic count, as it is allocated */
struct percpu_dynamic_count {
	struct rs_percpu_count	count;
	struct percpu_dynamic	dynamic;
};

/* @count is a dynamic one. */
static inline struct percpu_dynamic *percpu_dynamic_of(struct rs_percpu_count *count)
{
	return &container_of(count, struct percpu_dynamic_count, count)->dynamic;
}

/* Keep the memory of a dynamic count until percpu_dynamic_drop(). Context: any. */
static inline void percpu_dynamic_hold(struct rs_percpu_count *count)
{
	rs_refcount_inc(&percpu_dynamic_of(count)->users);
}

/* Drop what percpu_dynamic_hold() took, or init. Context: any but NMI. */
static inline void percpu_dynamic_drop(struct rs_percpu_count *count)
{
	if (rs_refcount_dec_and_test(&percpu_dynamic_of(count)->users))
		percpu_count_free(count);
}

void percpu_dynamic_init(struct rs_percpu_count *count);
void percpu_dynamic_set_threshold(struct rs_percpu_count *count, unsigned int threshold);

/* percpu_heat.c */
void percpu_dynamic_got(struct rs_percpu_count *count, u64 nr);
void percpu_dynamic_heat(struct irq_work *heat);
void percpu_dynamic_new_window(struct percpu_dynamic *dynamic);
void percpu_dynamic_want(struct percpu_dynamic *dynamic, unsigned long delay);
void percpu_dynamic_queue_wanted(struct rs_percpu_count *count, unsigned long flags)
	__releases(&count->lock);
void percpu_dynamic_collected(struct rs_percpu_count *count);
void percpu_dynamic_exit(struct rs_percpu_count *count);

#endif /* _RSREF_PERCPU_DYNAMIC_H */
