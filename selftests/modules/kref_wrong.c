// SPDX-License-Identifier: GPL-2.0
/*
 * What the kref document warns of. Completions force each misuse into the interleaving in
 * which it goes wrong. Then the misuse must show: in the payload, in the counter or in the
 * owner of the mutex.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/rculist.h>

#include "kref.h"

static bool is_saturated(const struct my_data *data)
{
	return rs_kref_read(&data->refcount) == (unsigned int)RS_REFCOUNT_SATURATED;
}

/* Another thread drops the last reference. */
static void put_plain(unsigned int nr, void *arg)
{
	struct my_data *data = arg;

	rs_kref_put(&data->refcount, data_release);
}

static void put_locked(unsigned int nr, void *arg)
{
	struct my_data *data = arg;

	lock_q();
	rs_kref_put(&data->refcount, release_entry);
	unlock_q();
}

static void put_locking(unsigned int nr, void *arg)
{
	struct my_data *data = arg;

	rs_kref_put(&data->refcount, release_entry_locking);
}

static struct my_data *new_in_q(void)
{
	struct my_data *data = my_data_new();

	if (data) {
		lock_q();
		list_add_rcu(&data->link, &q);
		unlock_q();
	}
	return data;
}

void wrong_get_after_handing_over(const struct scenario *s)
{
	struct my_data *data = my_data_new();

	if (!data)
		return;
	/* The receiving thread drops its reference first. */
	crowd_run(1, put_plain, data);
	/* BAD BAD BAD - get is after the handoff */
	rs_kref_get(&data->refcount);
	if (!is_alive(data) && is_saturated(data))
		caught("get after handing over: the object was released before the get");
	else
		fail("a get after the release went unnoticed");
}

void wrong_touch_after_enqueue(const struct scenario *s)
{
	struct my_data *data = my_data_new();

	if (!data)
		return;
	/* "DON'T TOUCH obj AFTER HERE!" */
	crowd_run(1, put_plain, data);
	if (!is_alive(data))
		caught("touch after enqueue: the queue's consumer released the object");
	else
		fail("a touch after the release went unnoticed");
}

void wrong_put_twice(const struct scenario *s)
{
	struct my_data *data = my_data_new();

	if (!data)
		return;
	check(rs_kref_put(&data->refcount, data_release) == 1);
	check(rs_kref_put(&data->refcount, data_release) == 0);
	if (is_saturated(data))
		caught("put twice: the reference had been dropped already");
	else
		fail("a second put went unnoticed");
}

void wrong_get_without_reference(const struct scenario *s)
{
	struct my_data *entry, *data = new_in_q();

	if (!data)
		return;
	/* The entry is off the list, and no reference keeps it. */
	entry = first_in_q();
	check(entry == data);
	crowd_run(1, put_locked, data);
	rs_kref_get(&entry->refcount);
	if (!is_alive(entry) && is_saturated(entry))
		caught("get without a held reference or lock: the object was released before it");
	else
		fail("a get of a released object went unnoticed");
}

/*
 *	putter				lookup, under the mutex
 *	------				-----------------------
 *	count: 1 -> 0
 *	release, no mutex held
 *					finds the entry
 *					get: 0 -> 1
 *	unlinks, frees
 */
static DECLARE_COMPLETION(in_release);
static DECLARE_COMPLETION(go_on);
static bool release_had_mutex;

static void release_entry_slowly(struct rs_kref *ref)
{
	struct my_data *entry = to_data(ref);

	release_had_mutex = holds_q();
	complete(&in_release);
	wait_for_completion(&go_on);
	list_del_rcu(&entry->link);
	bury(entry);
}

static void put_without_mutex(unsigned int nr, void *arg)
{
	struct my_data *data = arg;

	rs_kref_put(&data->refcount, release_entry_slowly);
	/* Also if release() was not called. */
	complete(&in_release);
}

void wrong_put_without_lock(const struct scenario *s)
{
	struct my_data *entry, *data = new_in_q();
	struct crowd *putter;

	if (!data)
		return;
	reinit_completion(&in_release);
	reinit_completion(&go_on);
	putter = crowd_start(1, put_without_mutex, data);
	if (!putter)
		return;
	check(wait_for_completion_timeout(&in_release, 5 * HZ));
	lock_q();
	entry = first_in_q();
	if (check(entry == data))
		rs_kref_get(&entry->refcount);
	if (entry && !release_had_mutex && is_saturated(entry))
		caught("put without the lookup's lock: a lookup found it after the last put");
	else
		fail("a put without the mutex went unnoticed");
	unlock_q();
	complete(&go_on);
	crowd_join(putter);
}

void wrong_plain_get(const struct scenario *s)
{
	struct my_data *entry, *data = new_in_q();
	struct crowd *putter;

	if (!data)
		return;
	lock_q();
	/* Drops the last reference, and waits in release for the mutex. */
	putter = crowd_start(1, put_locking, data);
	check(becomes_true(rs_kref_read(&data->refcount) == 0));
	entry = first_in_q();
	if (check(entry == data)) {
		/* The right use first. */
		check(!rs_kref_get_unless_zero(&entry->refcount));
		check(rs_kref_read(&entry->refcount) == 0);
		rs_kref_get(&entry->refcount);
		if (is_saturated(entry))
			caught("plain get where get_unless_zero is needed: the count was zero");
		else
			fail("a get from zero went unnoticed");
	}
	unlock_q();
	crowd_join(putter);
}

static bool locked_itself_out;

static void release_entry_recursing(struct rs_kref *ref)
{
	struct my_data *entry = to_data(ref);

	/* mutex_lock() would wait for itself, forever. */
	locked_itself_out = !lock_q();
	list_del_rcu(&entry->link);
	if (!locked_itself_out)
		unlock_q();
	bury(entry);
}

void wrong_release_locks(const struct scenario *s)
{
	struct my_data *data = new_in_q();

	if (!data)
		return;
	locked_itself_out = false;
	lock_q();
	check(rs_kref_put(&data->refcount, release_entry_recursing) == 1);
	unlock_q();
	if (locked_itself_out)
		caught("release takes the mutex it is called under: put's caller held it");
	else
		fail("the mutex was not held");
}

void wrong_get_outside_lock(const struct scenario *s)
{
	struct my_data *entry, *data = new_in_q();

	if (!data)
		return;
	lock_q();
	entry = first_in_q();
	unlock_q();
	crowd_run(1, put_locking, data);
	/* Refused here, because bury() keeps the memory; after kfree() it could be reused. */
	check(!rs_kref_get_unless_zero(&entry->refcount));
	if (!is_alive(entry))
		caught("get_unless_zero outside of the lock: it looked at memory given back");
	else
		fail("the object was not released");
}

/* A reader stays after its lookup, and the owner does not wait for readers. */
struct impatience {
	struct my_data	*data;
	bool		reading;
	bool		seen_poison;
};

static void read_or_free(unsigned int nr, void *arg)
{
	struct impatience *i = arg;
	unsigned long end = jiffies + 5 * HZ;
	struct my_data *entry;

	if (nr) {
		check(becomes_true(READ_ONCE(i->reading)));
		put_locking(nr, i->data);
		return;
	}
	rcu_read_lock();
	entry = first_in_q();
	WRITE_ONCE(i->reading, true);
	while (entry && is_alive(entry) && time_before(jiffies, end))
		cpu_relax();
	i->seen_poison = entry && !is_alive(entry);
	rcu_read_unlock();
}

void wrong_free_at_once(const struct scenario *s)
{
	struct impatience i = { .data = NULL };

	if (num_online_cpus() < 2) {
		skipped("needs 2 CPUs");
		return;
	}
	i.data = new_in_q();
	if (!i.data)
		return;
	crowd_run(2, read_or_free, &i);
	if (i.seen_poison)
		caught("free without a grace period: an RCU reader held that memory");
	else
		fail("the reader saw nothing");
}
