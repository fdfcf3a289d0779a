// SPDX-License-Identifier: GPL-2.0
/*
 * The functions of <refstorm/track.h> for per-CPU counters: tracking is switched on and off here,
 * and references with a named holder are taken and dropped.
 */
#include <linux/export.h>
#include <linux/mutex.h>

#include <refstorm/track.h>

#include "percpu_data.h"
#include "percpu_track.h"
#include "track.h"

/* One task at a time switches tracking of any count on or off, which is done rarely. */
static DEFINE_MUTEX(switch_mutex);

/*
 * A get or put that read TRACKED of the last tracker may not have recorded itself yet. It would
 * do so with the next tracker, which has that reference among those from before. A get or put
 * is an RCU reader, or has preemption off, until it has recorded itself.
 */
static void percpu_holder_wait_for_last_tracker(const struct rs_percpu_count *count)
{
	if (count->tracked_before)
		synchronize_rcu();
}

/**
 * __rs_percpu_count_track - rs_percpu_ref_track() of either counter
 * @data: of the counter
 * @name: for reports; copied
 * @seconds: from a kill to the first report
 *
 * Context and return value as for that.
 */
int __rs_percpu_count_track(struct rs_percpu_data *data, const char *name, unsigned int seconds)
{
	struct rs_percpu_count *count = percpu_data_owner_count(data);
	struct rs_tracker *tracker;
	unsigned long flags;
	int ret = -EINVAL;

	tracker = percpu_track_alloc(count, name, seconds, GFP_KERNEL);
	if (!tracker)
		return -ENOMEM;

	mutex_lock(&switch_mutex);
	percpu_holder_wait_for_last_tracker(count);
	flags = percpu_count_lock_settled(count);
	if (percpu_count_is_exited(count))
		goto unlock;
	ret = -EALREADY;
	if (count->tracked)
		goto unlock;
	ret = 0;
	count->tracked = true;
	if (percpu_count_is_percpu(count))
		percpu_count_begin_switch(count, SWITCH_ASKED);
	else
		percpu_count_ask_for_switch(count);
	raw_spin_unlock_irqrestore(&count->lock, flags);

	/* With @tracked set the slots stay closed, so now every reference is in the word. */
	flags = percpu_count_lock_settled(count);
	percpu_track_begin(count, tracker);
	tracker = NULL;
unlock:
	raw_spin_unlock_irqrestore(&count->lock, flags);
	mutex_unlock(&switch_mutex);
	track_discard(tracker);
	return ret;
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_track);

/**
 * __rs_percpu_count_untrack - rs_percpu_ref_untrack() of either counter
 * @data: of the counter, tracked or not
 *
 * Context: as for that.
 */
void __rs_percpu_count_untrack(struct rs_percpu_data *data)
{
	struct rs_percpu_count *count = percpu_data_owner_count(data);
	struct rs_tracker *tracker = NULL;
	unsigned long flags;

	mutex_lock(&switch_mutex);
	raw_spin_lock_irqsave(&count->lock, flags);
	if (count->tracked) {
		tracker = percpu_track_end(count);
		percpu_count_try_open(count);
	}
	raw_spin_unlock_irqrestore(&count->lock, flags);
	mutex_unlock(&switch_mutex);
	if (tracker)
		track_end(tracker);
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_untrack);

static void percpu_holder_got(struct rs_percpu_count *count, struct rs_holder *holder, u64 old)
{
	struct rs_tracker *tracker;

	/* percpu_count_got() would record the get without a name. */
	percpu_count_got(count, old & ~COUNT_TRACKED, 1);
	tracker = rcu_dereference(count->tracker);
	if (tracker && old & COUNT_TRACKED)
		track_hold(tracker, holder);
}

/**
 * __rs_percpu_count_get_held - the rest of rs_percpu_ref_get_held() of either counter
 * @data: of the counter, whose slot could not be used
 * @holder: will have the reference
 *
 * Context: as for that.
 */
void __rs_percpu_count_get_held(struct rs_percpu_data *data, struct rs_holder *holder)
{
	struct rs_percpu_count *count;
	u64 old;

	rcu_read_lock();
	count = percpu_data_count(data);
	if (percpu_count_take(count, 1, &old))
		percpu_holder_got(count, holder, old);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_get_held);

/**
 * __rs_percpu_count_tryget_held - the rest of both tryget for a holder, of either counter
 * @data: of the counter, whose slot could not be used
 * @holder: will have the reference
 * @live: fail if the counter was killed
 *
 * Context: as for those. Return: true if the reference was taken.
 */
bool __rs_percpu_count_tryget_held(struct rs_percpu_data *data, struct rs_holder *holder,
				   bool live)
{
	struct rs_percpu_count *count;
	bool taken;
	u64 old;

	rcu_read_lock();
	count = percpu_data_count(data);
	taken = percpu_count_try_take(count, 1, live, &old);
	if (taken)
		percpu_holder_got(count, holder, old);
	rcu_read_unlock();
	return taken;
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_tryget_held);

/**
 * __rs_percpu_count_put_held - the rest of rs_percpu_ref_put_held() of either counter
 * @data: of the counter
 * @holder: has the reference, which is recorded
 *
 * Context: as for that.
 */
void __rs_percpu_count_put_held(struct rs_percpu_data *data, struct rs_holder *holder)
{
	struct rs_percpu_count *count;
	u64 hidden, old;

	/* One section for both steps: see percpu_holder_wait_for_last_tracker(). */
	rcu_read_lock();
	hidden = rs_holder_drop(holder) ? COUNT_TRACKED : 0;
	count = percpu_data_count(data);
	if (percpu_count_drop(count, 1, &old))
		percpu_count_dropped(count, old & ~hidden, 1);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_put_held);
