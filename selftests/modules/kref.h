/* SPDX-License-Identifier: GPL-2.0 */
/* What the scenarios of kref share: an object, the list for lookups, the release. */
#ifndef SELFTESTS_MODULES_KREF_H
#define SELFTESTS_MODULES_KREF_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/types.h>

#include <refstorm/kref.h>

#include "scenario.h"

#define PAYLOAD_WORDS	8

/*
 * The my_data of the document. Its kfree() is bury(), which overwrites the payload and keeps
 * the memory until the scenario ends, so that a use after release is noticed and corrupts
 * no other memory.
 */
struct my_data {
	struct rs_kref		refcount;
	atomic_t		unlinked;
	atomic_t		burials;
	struct list_head	link;
	struct rcu_head		rhead;
	struct llist_node	grave;
	unsigned long		payload[PAYLOAD_WORDS];
};

/* The list of the document, and the mutex around it. */
extern struct list_head q;

/* False, without locking, if the caller holds the mutex: locking would deadlock. */
bool lock_q(void);
void unlock_q(void);
bool holds_q(void);
struct my_data *first_in_q(void);

/* kmalloc() and kref_init(); NULL is a failure that was reported. */
struct my_data *my_data_new(void);
/* list_del(); false if it was off the list already, a failure that was reported. */
bool unlink_entry(struct my_data *data);
void bury(struct my_data *data);
void bury_rcu(struct rcu_head *rhead);
bool is_alive(const struct my_data *data);
/* "do stuff with data here": fails if the object was released. */
void use(const struct my_data *data);

/* So many objects were born, so many ended. */
long born(void);
long buried(void);

/* The release functions of the document. */
void data_release(struct rs_kref *ref);
void release_entry(struct rs_kref *ref);
void release_entry_locking(struct rs_kref *ref);

static inline struct my_data *to_data(struct rs_kref *ref)
{
	return container_of(ref, struct my_data, refcount);
}

/*
 * For threads that work until time_is_up(): 0.3 s after crowd_begins(); or when there were
 * enough objects and the caller says that it has @enough, if that is later; or very many, if that
 * is sooner.
 */
void crowd_begins(void);
bool time_is_up(bool enough);
/* Two for each CPU, but not too many. */
unsigned int threads(void);

void right_init(const struct scenario *s);
void right_hand_over(const struct scenario *s);
void right_enqueue(const struct scenario *s);
void right_put(const struct scenario *s);
void right_lookup(const struct scenario *s);
void right_second_look(const struct scenario *s);
void wrong_get_after_handing_over(const struct scenario *s);
void wrong_get_without_reference(const struct scenario *s);
void wrong_put_without_lock(const struct scenario *s);
void wrong_plain_get(const struct scenario *s);
void wrong_release_locks(const struct scenario *s);
void wrong_get_outside_lock(const struct scenario *s);
void wrong_free_at_once(const struct scenario *s);
void wrong_put_twice(const struct scenario *s);
void wrong_touch_after_enqueue(const struct scenario *s);

/* A listing of the document: how an object is found, and how it is dropped. */
struct listing {
	struct my_data	*(*get_entry)(void);
	void		(*put_entry)(struct my_data *entry);
};

extern const struct listing under_mutex, split_release, unless_zero, under_rcu, under_rcu_sync,
	put_mutex, put_lock;

#endif /* SELFTESTS_MODULES_KREF_H */
