// SPDX-License-Identifier: GPL-2.0
/*
 * The functions of <refstorm/track.h> for per-CPU counters: tracking switched on and off, and
 * references with a named holder.
 */
#include <linux/export.h>
#include <linux/mutex.h>

#include <refstorm/track.h>

#include "percpu_handle.h"
#include "percpu_track.h"
#include "track.h"

/* Orders who switches tracking on and off, of all counts: it is done rarely. */
static DEFINE_MUTEX(switch_mutex);

/*
 * A get or put that read TRACKED of the last tracker may not have recorded itself yet, and
 * would do so with the next one, which has counted it among those from before. Both are
 * RCU readers, or have preemption off, until they have.
 */
static void percpu_track_forget_the_last(const struct rs_percpu_count *count)
{
	if (count->tracked_before)
		synchronize_rcu();
}

static int track(percpu_handle_t *handle, const char *name, unsigned int seconds)
{
	struct rs_percpu_count *count = own_count(handle);
	struct rs_tracker *tracker;
	unsigned long flags;
	int ret = -EINVAL;

	tracker = percpu_track_alloc(count, name, seconds, GFP_KERNEL);
	if (!tracker)
		return -ENOMEM;

	mutex_lock(&switch_mutex);
	percpu_track_forget_the_last(count);
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

	/* Nobody opens the slots again, so this time the word has it all. */
	flags = percpu_count_lock_settled(count);
	percpu_track_begin(count, tracker);
	tracker = NULL;
unlock:
	raw_spin_unlock_irqrestore(&count->lock, flags);
	mutex_unlock(&switch_mutex);
	track_discard(tracker);
	return ret;
}

static void untrack(percpu_handle_t *handle)
{
	struct rs_percpu_count *count = own_count(handle);
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

static void get_held(percpu_handle_t *handle, struct rs_holder *holder, u64 old)
{
	struct rs_percpu_count *count = count_of(handle);
	struct rs_tracker *tracker;

	/* Recorded here, by name. */
	percpu_count_got(count, old & ~COUNT_TRACKED, 1);
	tracker = rcu_dereference(count->tracker);
	if (tracker && old & COUNT_TRACKED)
		track_hold(tracker, holder);
}

static void percpu_handle_get_held(percpu_handle_t *handle, struct rs_holder *holder)
{
	u64 old;

	rcu_read_lock();
	if (percpu_count_take(count_of(handle), 1, &old))
		get_held(handle, holder, old);
	rcu_read_unlock();
}

static bool percpu_handle_tryget_held(percpu_handle_t *handle, struct rs_holder *holder,
				      bool live)
{
	bool taken;
	u64 old;

	rcu_read_lock();
	taken = percpu_count_try_take(count_of(handle), 1, live, &old);
	if (taken)
		get_held(handle, holder, old);
	rcu_read_unlock();
	return taken;
}

static void percpu_handle_put_held(percpu_handle_t *handle, struct rs_holder *holder)
{
	struct rs_percpu_count *count;
	u64 hidden, old;

	/* One section for both: see percpu_track_forget_the_last(). */
	rcu_read_lock();
	hidden = rs_holder_drop(holder) ? COUNT_TRACKED : 0;
	count = count_of(handle);
	if (percpu_count_drop(count, 1, &old))
		percpu_count_dropped(count, old & ~hidden, 1);
	rcu_read_unlock();
}

/**
 * rs_percpu_ref_track - record who holds a counter's references, from now on
 * @ref: the counter; the caller is its owner, or holds a reference
 * @name: for reports; copied, and cut to %RS_TRACK_NAME - 1 bytes
 * @seconds: from a kill to the first report, if it is not released; 0 stands for
 *	rsref.ko's parameter track_seconds
 *
 * The counter goes over to its shared word and stays there, as after
 * rs_percpu_ref_switch_to_atomic(), until rs_percpu_ref_untrack(); a dynamic one gives its
 * slots back. References that were taken before are known by their number only. It can
 * be killed, resurrected and ended as ever, and may have been killed already. With
 * %RS_PERCPU_REF_INIT_TRACKED it is tracked from the beginning, without a name.
 *
 * Context: process, may sleep, for the length of a switch; between init and exit.
 * Return: 0, -ENOMEM, -EALREADY if it is tracked, or -EINVAL if it was ended.
 */
int rs_percpu_ref_track(struct rs_percpu_ref *ref, const char *name, unsigned int seconds)
{
	return track(&ref->data, name, seconds);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_track);

/**
 * rs_percpu_ref_untrack - take back rs_percpu_ref_track()
 * @ref: the counter, tracked or not; the caller is its owner, or holds a reference
 *
 * It counts per CPU again if it did before, and nothing else speaks against it. Holders
 * keep their references, unrecorded. exit does this by itself.
 *
 * Context: process, may sleep; between init and exit.
 */
void rs_percpu_ref_untrack(struct rs_percpu_ref *ref)
{
	untrack(&ref->data);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_untrack);

/**
 * rs_sealed_ref_track - record who holds a counter's references, from now on
 * @ref: the counter; the caller is its owner, or holds a reference
 * @name: for reports
 * @seconds: from a kill to the first report
 *
 * As rs_percpu_ref_track(), in microseconds.
 *
 * Context: process, may sleep, for the length of a switch; between init and exit.
 * Return: 0, -ENOMEM, -EALREADY if it is tracked, or -EINVAL if it was ended.
 */
int rs_sealed_ref_track(struct rs_sealed_ref *ref, const char *name, unsigned int seconds)
{
	return track(&ref->data, name, seconds);
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_track);

/**
 * rs_sealed_ref_untrack - take back rs_sealed_ref_track()
 * @ref: the counter, tracked or not; the caller is its owner, or holds a reference
 *
 * As rs_percpu_ref_untrack().
 *
 * Context: process, may sleep; between init and exit.
 */
void rs_sealed_ref_untrack(struct rs_sealed_ref *ref)
{
	untrack(&ref->data);
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_untrack);

/**
 * __rs_percpu_ref_get_held - the rest of rs_percpu_ref_get_held()
 * @ref: the counter, whose slot could not be used
 * @holder: who will have the reference
 *
 * Context: as that.
 */
void __rs_percpu_ref_get_held(struct rs_percpu_ref *ref, struct rs_holder *holder)
{
	percpu_handle_get_held(&ref->data, holder);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_get_held);

/**
 * __rs_percpu_ref_tryget_held - the rest of both tryget for a holder
 * @ref: the counter, whose slot could not be used
 * @holder: who will have the reference
 * @live: fail if the counter was killed
 *
 * Context: as those. Return: true if the reference was taken.
 */
bool __rs_percpu_ref_tryget_held(struct rs_percpu_ref *ref, struct rs_holder *holder, bool live)
{
	return percpu_handle_tryget_held(&ref->data, holder, live);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_tryget_held);

/**
 * __rs_percpu_ref_put_held - rs_percpu_ref_put_held() of a recorded reference
 * @ref: the counter
 * @holder: who has the reference
 *
 * Context: as that.
 */
void __rs_percpu_ref_put_held(struct rs_percpu_ref *ref, struct rs_holder *holder)
{
	percpu_handle_put_held(&ref->data, holder);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_put_held);

/**
 * __rs_sealed_ref_get_held - the rest of rs_sealed_ref_get_held()
 * @ref: the counter, whose slot could not be used
 * @holder: who will have the reference
 *
 * Context: as that.
 */
void __rs_sealed_ref_get_held(struct rs_sealed_ref *ref, struct rs_holder *holder)
{
	percpu_handle_get_held(&ref->data, holder);
}
EXPORT_SYMBOL_GPL(__rs_sealed_ref_get_held);

/**
 * __rs_sealed_ref_tryget_held - the rest of both tryget for a holder
 * @ref: the counter, whose slot could not be used
 * @holder: who will have the reference
 * @live: fail if the counter was killed
 *
 * Context: as those. Return: true if the reference was taken.
 */
bool __rs_sealed_ref_tryget_held(struct rs_sealed_ref *ref, struct rs_holder *holder, bool live)
{
	return percpu_handle_tryget_held(&ref->data, holder, live);
}
EXPORT_SYMBOL_GPL(__rs_sealed_ref_tryget_held);

/**
 * __rs_sealed_ref_put_held - rs_sealed_ref_put_held() of a recorded reference
 * @ref: the counter
 * @holder: who has the reference
 *
 * Context: as that.
 */
void __rs_sealed_ref_put_held(struct rs_sealed_ref *ref, struct rs_holder *holder)
{
	percpu_handle_put_held(&ref->data, holder);
}
EXPORT_SYMBOL_GPL(__rs_sealed_ref_put_held);
