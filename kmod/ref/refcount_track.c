// SPDX-License-Identifier: GPL-2.0
/* The functions of <refstorm/track.h> for refcounts and krefs. */
#include <linux/export.h>
#include <linux/rcupdate.h>

#include "track.h"

static struct track_look refcount_track_look(const void *counter)
{
	unsigned int count = rs_refcount_read(counter);

	return (struct track_look) {
		.count		= count,
		.zero		= !count,
		.saturated	= count > RS_REFCOUNT_MAX,
	};
}

static const struct track_kind refcount_track_kind = { .look = refcount_track_look };

static u64 refcount_track_start(const void *counter)
{
	return rs_refcount_read(counter);
}

/**
 * rs_refcount_track - track a refcount
 * @track: beside it, zeroed
 * @refcount: the counter
 * @name: for reports; copied
 * @seconds: as for rs_percpu_ref_track()
 *
 * Only named holders are recorded: other references show as a difference. The owner calls
 * rs_track_killed() when the end of the counter begins, and rs_track_end() when it is over, in
 * release() at the latest.
 *
 * Context: process, may sleep; one caller at a time for one @track.
 * Return: 0, -ENOMEM, or -EALREADY if @refcount is tracked.
 */
int rs_refcount_track(struct rs_track *track, const rs_refcount_t *refcount,
		      const char *name, unsigned int seconds)
{
	struct rs_tracker *tracker;

	if (rcu_access_pointer(track->tracker))
		return -EALREADY;
	tracker = track_alloc(&refcount_track_kind, "rs_refcount", name, seconds, GFP_KERNEL);
	if (!tracker)
		return -ENOMEM;
	track_begin(tracker, refcount, refcount_track_start);
	rcu_assign_pointer(track->tracker, tracker);
	return 0;
}
EXPORT_SYMBOL_GPL(rs_refcount_track);

/**
 * rs_track_killed - the owner begins the end of a refcount or kref
 * @track: beside the counter
 *
 * To be called before the owner's reference is dropped, which may be the last.
 *
 * Context: any but NMI.
 */
void rs_track_killed(struct rs_track *track)
{
	struct rs_tracker *tracker;

	rcu_read_lock();
	tracker = rcu_dereference(track->tracker);
	if (tracker)
		track_killed(tracker, 1);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(rs_track_killed);

/**
 * rs_track_end - end the tracking of a refcount or kref
 * @track: beside the counter, tracked or not
 *
 * Context: any but NMI; one caller at a time for one @track.
 */
void rs_track_end(struct rs_track *track)
{
	struct rs_tracker *tracker = rcu_dereference_protected(track->tracker, true);

	if (!tracker)
		return;
	RCU_INIT_POINTER(track->tracker, NULL);
	track_end(tracker);
}
EXPORT_SYMBOL_GPL(rs_track_end);

/**
 * __rs_track_hold - the rest of rs_track_hold()
 * @track: beside the counter
 * @holder: has a reference now
 *
 * Context: any but NMI.
 */
void __rs_track_hold(struct rs_track *track, struct rs_holder *holder)
{
	struct rs_tracker *tracker;

	rcu_read_lock();
	tracker = rcu_dereference(track->tracker);
	if (tracker)
		track_hold(tracker, holder);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(__rs_track_hold);
