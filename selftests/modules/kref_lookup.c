// SPDX-License-Identifier: GPL-2.0
/*
 * Rule 3 of the kref document: objects that are looked up in a list. Each of its listings is
 * a struct listing, under the same crowd of threads.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>

#include "kref.h"

static struct my_data *get_entry(void)
{
	struct my_data *entry;

	lock_q();
	entry = first_in_q();
	if (entry) {
		use(entry);
		rs_kref_get(&entry->refcount);
	}
	unlock_q();
	return entry;
}

static void put_entry(struct my_data *entry)
{
	lock_q();
	rs_kref_put(&entry->refcount, release_entry);
	unlock_q();
}

const struct listing under_mutex = { get_entry, put_entry };

static void release_nothing(struct rs_kref *ref)
{
	/* All is done when put has returned. */
}

static void put_entry_split(struct my_data *entry)
{
	bool first;

	lock_q();
	if (rs_kref_put(&entry->refcount, release_nothing)) {
		first = unlink_entry(entry);
		unlock_q();
		if (first)
			bury(entry);
	} else {
		unlock_q();
	}
}

const struct listing split_release = { get_entry, put_entry_split };

static struct my_data *get_entry_unless_zero(void)
{
	struct my_data *entry;

	lock_q();
	entry = first_in_q();
	if (entry) {
		/* An entry on the list has its memory, also while it is being released. */
		use(entry);
		if (!rs_kref_get_unless_zero(&entry->refcount))
			entry = NULL;
	}
	unlock_q();
	return entry;
}

static void put_entry_unlocked(struct my_data *entry)
{
	rs_kref_put(&entry->refcount, release_entry_locking);
}

const struct listing unless_zero = { get_entry_unless_zero, put_entry_unlocked };

static struct my_data *get_entry_rcu(void)
{
	struct my_data *entry;

	rcu_read_lock();
	entry = first_in_q();
	if (entry) {
		use(entry);
		if (!rs_kref_get_unless_zero(&entry->refcount)) {
			/* Gone, but not before the grace period is over. */
			use(entry);
			entry = NULL;
		}
	}
	rcu_read_unlock();
	return entry;
}

static void release_entry_rcu(struct rs_kref *ref)
{
	struct my_data *entry = to_data(ref);
	bool first;

	lock_q();
	first = unlink_entry(entry);
	unlock_q();
	if (!first)
		return;
	/* kfree_rcu(), with a callback that can be watched */
	call_rcu(&entry->rhead, bury_rcu);
}

static void put_entry_rcu(struct my_data *entry)
{
	rs_kref_put(&entry->refcount, release_entry_rcu);
}

const struct listing under_rcu = { get_entry_rcu, put_entry_rcu };

static void release_entry_sync(struct rs_kref *ref)
{
	struct my_data *entry = to_data(ref);
	bool first;

	lock_q();
	first = unlink_entry(entry);
	unlock_q();
	if (!first)
		return;
	synchronize_rcu();
	bury(entry);
}

static void put_entry_sync(struct my_data *entry)
{
	rs_kref_put(&entry->refcount, release_entry_sync);
}

const struct listing under_rcu_sync = { get_entry_rcu, put_entry_sync };

/*
 * The two forms of put that take the lock for the last reference. The scenarios check the owner
 * of the mutex of lookups, so these have a lock of their own.
 */

static DEFINE_MUTEX(plain_mutex);
static DEFINE_SPINLOCK(plain_lock);

static struct my_data *get_locked(void)
{
	static atomic_t calls;
	struct my_data *entry;

	/* Let the last put of another thread come while the lock is held. */
	if (atomic_inc_return(&calls) % 8 == 0)
		mdelay(1);
	entry = first_in_q();

	if (entry) {
		use(entry);
		rs_kref_get(&entry->refcount);
	}
	return entry;
}

static struct my_data *get_entry_plain_mutex(void)
{
	struct my_data *entry;

	mutex_lock(&plain_mutex);
	entry = get_locked();
	mutex_unlock(&plain_mutex);
	return entry;
}

static void release_unlocking_mutex(struct rs_kref *ref)
{
	struct my_data *entry = to_data(ref);
	bool first;

	check(mutex_is_locked(&plain_mutex));
	first = unlink_entry(entry);
	mutex_unlock(&plain_mutex);
	if (first)
		bury(entry);
}

static void put_entry_mutex(struct my_data *entry)
{
	rs_kref_put_mutex(&entry->refcount, release_unlocking_mutex, &plain_mutex);
}

const struct listing put_mutex = { get_entry_plain_mutex, put_entry_mutex };

static struct my_data *get_entry_spin(void)
{
	struct my_data *entry;

	spin_lock(&plain_lock);
	entry = get_locked();
	spin_unlock(&plain_lock);
	return entry;
}

static void release_unlocking_spin(struct rs_kref *ref)
	__releases(&plain_lock)
{
	struct my_data *entry = to_data(ref);
	bool first;

	check(spin_is_locked(&plain_lock));
	first = unlink_entry(entry);
	spin_unlock(&plain_lock);
	if (first)
		bury(entry);
}

static void put_entry_lock(struct my_data *entry)
{
	rs_kref_put_lock(&entry->refcount, release_unlocking_spin, &plain_lock);
}

const struct listing put_lock = { get_entry_spin, put_entry_lock };

/* Under the lock that the release of this listing takes. */
static void add(struct my_data *data)
{
	lock_q();
	mutex_lock(&plain_mutex);
	spin_lock(&plain_lock);
	list_add_tail_rcu(&data->link, &q);
	spin_unlock(&plain_lock);
	mutex_unlock(&plain_mutex);
	unlock_q();
}

/*
 *	holder, under the lock		putter
 *	----------------------		------
 *					the last reference: wants the lock
 *	takes another
 *	unlocks
 *					looks again: not the last any more
 */
struct second_look {
	struct my_data		*data;
	const struct listing	*listing;
	atomic_t		locked;
	atomic_t		putting;
};

/* Context: the lock is held. */
static void get_when_wanted(struct second_look *look)
{
	unsigned long end = jiffies + 2 * HZ;

	atomic_set(&look->locked, 1);
	while (!atomic_read(&look->putting) && time_before(jiffies, end))
		cpu_relax();
	/* Time for the other thread to look up and wait. */
	mdelay(5);
	rs_kref_get(&look->data->refcount);
}

static void hold_or_put(unsigned int nr, void *arg)
{
	struct second_look *look = arg;

	if (nr) {
		check(becomes_true(atomic_read(&look->locked)));
		atomic_set(&look->putting, 1);
		look->listing->put_entry(look->data);
		return;
	}
	mutex_lock(&plain_mutex);
	if (look->listing == &put_lock) {
		spin_lock(&plain_lock);
		get_when_wanted(look);
		spin_unlock(&plain_lock);
	} else {
		get_when_wanted(look);
	}
	mutex_unlock(&plain_mutex);
}

void right_second_look(const struct scenario *s)
{
	struct second_look look = { .listing = s->arg };

	if (num_online_cpus() < 2) {
		skipped("needs 2 CPUs");
		return;
	}
	look.data = my_data_new();
	if (!look.data)
		return;
	add(look.data);
	crowd_run(2, hold_or_put, &look);
	check(rs_kref_read(&look.data->refcount) == 1);
	if (check(is_alive(look.data)))
		look.listing->put_entry(look.data);
}

#define FOUND_MIN	5

static atomic_long_t found;

/* Each thread looks up, uses and drops an entry, and adds one if it finds none. */
static void lookup_thread(unsigned int nr, void *arg)
{
	const struct listing *listing = arg;
	struct my_data *entry;
	unsigned int round;

	for (round = nr; !time_is_up(atomic_long_read(&found) >= FOUND_MIN); round++) {
		entry = listing->get_entry();
		if (entry) {
			atomic_long_inc(&found);
		} else {
			entry = my_data_new();
			if (!entry)
				return;
			add(entry);
		}
		use(entry);
		if (round % 4 == 0)
			usleep_range(50, 200);
		use(entry);
		listing->put_entry(entry);
		/* Now and then all threads pause, and the last put releases. */
		if (jiffies % 3 == 0)
			usleep_range(1000, 3000);
		else if (round % 3 == 0)
			usleep_range(20, 100);
	}
}

void right_lookup(const struct scenario *s)
{
	atomic_long_set(&found, 0);
	crowd_begins();
	crowd_run(threads(), lookup_thread, (void *)s->arg);
	check(born() >= 5);
	check(atomic_long_read(&found) >= FOUND_MIN);
}
