// SPDX-License-Identifier: GPL-2.0
/*
 * Trackers: what is recorded of the references of a counter; <refstorm/track.h> says what a
 * tracker knows and what it cannot know.
 *
 * All memory is allocated when tracking is switched on: a tracker has room for so many stacks,
 * and holders are the users' own. A get or put allocates nothing and takes one lock, inside which
 * no other is taken. In an NMI, which may wait for no lock, a get or put is counted without its
 * stack, as it is when the room is used up.
 *
 * A task that reads or reports a tracker has a reference to it, so that the task can release the
 * lock of the list and keep its place there. The counter may end meanwhile: the tracker then
 * knows neither counter nor holders any more.
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#include "rsref.h"
#include "track.h"
#include "warn.h"

static unsigned int track_seconds = 10;
module_param(track_seconds, uint, 0644);
MODULE_PARM_DESC(track_seconds, "time from a kill to the report of a tracked counter that is not released");

static unsigned int track_sites = 32;
module_param(track_sites, uint, 0644);
MODULE_PARM_DESC(track_sites, "call sites that a tracked counter has room for, 1 to 64");

/* More than the calls in rsref.ko between track_save_stack() and the user */
#define OWN_FRAMES	6

static LIST_HEAD(trackers);
static DEFINE_RAW_SPINLOCK(trackers_lock);

static void track_drop_user(struct rs_tracker *tracker)
{
	unsigned long flags;

	if (!rs_refcount_dec_and_test(&tracker->users))
		return;
	raw_spin_lock_irqsave(&trackers_lock, flags);
	list_del(&tracker->node);
	raw_spin_unlock_irqrestore(&trackers_lock, flags);
	rs_free_rcu(&rsref_sites[SITE_TRACKER], tracker, rcu);
}

/**
 * track_next - walk over all trackers
 * @tracker: the last one, whose reference is dropped; or NULL to begin
 *
 * Context: any but NMI.
 * Return: the next one, with a reference, or NULL.
 */
struct rs_tracker *track_next(struct rs_tracker *tracker)
{
	struct list_head *node = tracker ? &tracker->node : &trackers;
	struct rs_tracker *next = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&trackers_lock, flags);
	while ((node = node->next) != &trackers) {
		next = list_entry(node, struct rs_tracker, node);
		/* Pass by a tracker whose last user is about to take it off the list. */
		if (rs_refcount_inc_not_zero(&next->users))
			break;
		next = NULL;
	}
	raw_spin_unlock_irqrestore(&trackers_lock, flags);
	if (tracker)
		track_drop_user(tracker);
	return next;
}

/**
 * track_alloc - memory to track a counter
 * @kind: of counter
 * @kind_name: its name, which stays
 * @name: for reports, copied; or NULL
 * @seconds: from the kill to the first report; 0 is the module's parameter
 * @gfp: how to allocate
 *
 * Return: for track_begin() or track_discard(); or NULL.
 */
struct rs_tracker *track_alloc(const struct track_kind *kind, const char *kind_name,
			       const char *name, unsigned int seconds, gfp_t gfp)
{
	unsigned int sites = clamp(READ_ONCE(track_sites), 1U, (unsigned int)RS_TRACK_SITES_MAX);
	struct rs_tracker *tracker;

	if (!kind->anonymous)
		sites = 0;
	tracker = rs_zalloc(&rsref_sites[SITE_TRACKER], struct_size(tracker, sites, sites), gfp);
	if (!tracker)
		return NULL;
	tracker->kind = kind;
	tracker->kind_name = kind_name;
	strscpy(tracker->name, name ?: "-", sizeof(tracker->name));
	tracker->seconds = seconds ?: max(READ_ONCE(track_seconds), 1U);
	tracker->max_sites = sites;
	raw_spin_lock_init(&tracker->lock);
	INIT_LIST_HEAD(&tracker->holders);
	return tracker;
}

/* Free a tracker that never began, or NULL. Context: any but NMI. */
void track_discard(struct rs_tracker *tracker)
{
	rs_free(&rsref_sites[SITE_TRACKER], tracker);
}

/**
 * track_begin - track a counter
 * @tracker: of track_alloc(); gets and puts may find it already
 * @counter: for its kind's look(), until track_end()
 * @start: called with @tracker's lock held; see track_start_t
 *
 * Context: any but NMI.
 */
void track_begin(struct rs_tracker *tracker, const void *counter, track_start_t *start)
{
	unsigned long flags;

	rs_refcount_set(&tracker->users, 1);
	raw_spin_lock_irqsave(&tracker->lock, flags);
	tracker->counter = counter;
	tracker->before = start(counter);
	raw_spin_unlock_irqrestore(&tracker->lock, flags);

	raw_spin_lock_irqsave(&trackers_lock, flags);
	list_add_tail(&tracker->node, &trackers);
	raw_spin_unlock_irqrestore(&trackers_lock, flags);
}

/**
 * track_end - end the tracking of a counter, which may be freed afterwards
 * @tracker: no counter points to it any more; RCU readers may still look at it
 *
 * Holders keep their references, which are not recorded any more.
 *
 * Context: any but NMI.
 */
void track_end(struct rs_tracker *tracker)
{
	struct rs_holder *holder, *next;
	unsigned long flags;

	raw_spin_lock_irqsave(&tracker->lock, flags);
	tracker->counter = NULL;
	tracker->killed = false;
	list_for_each_entry_safe(holder, next, &tracker->holders, node)
		WRITE_ONCE(holder->tracker, NULL);
	INIT_LIST_HEAD(&tracker->holders);
	tracker->held = 0;
	raw_spin_unlock_irqrestore(&tracker->lock, flags);
	track_drop_user(tracker);
}

/* Save the stack from the function that called rsref.ko. Return: how many frames. */
static unsigned int track_save_stack(unsigned long *frames)
{
	unsigned long all[RS_TRACK_FRAMES + OWN_FRAMES];
	unsigned int nr = stack_trace_save(all, ARRAY_SIZE(all), 1), own = 0;

	while (own < nr && within_module(all[own], THIS_MODULE))
		own++;
	nr = min_t(unsigned int, nr - own, RS_TRACK_FRAMES);
	memcpy(frames, all + own, nr * sizeof(*frames));
	return nr;
}

/* Caller holds @tracker's lock. Return: the site of a stack, or NULL if no room is left. */
static struct rs_track_site *track_find_site(struct rs_tracker *tracker,
					     const unsigned long *frames, unsigned int nr)
{
	struct rs_track_site *site, *end = tracker->sites + tracker->nr_sites;

	for (site = tracker->sites; site < end; site++)
		if (site->nr_frames == nr &&
		    !memcmp(site->frames, frames, nr * sizeof(*frames)))
			return site;
	if (tracker->nr_sites == tracker->max_sites)
		return NULL;
	tracker->nr_sites++;
	site->nr_frames = nr;
	memcpy(site->frames, frames, nr * sizeof(*frames));
	return site;
}

/* Count gets and puts at the site of this stack. Return: false if the stack has no site. */
static bool track_record(struct rs_tracker *tracker, u64 gets, u64 puts)
{
	unsigned long frames[RS_TRACK_FRAMES], flags;
	struct rs_track_site *site;
	unsigned int nr;

	if (in_nmi())
		return false;
	nr = track_save_stack(frames);
	raw_spin_lock_irqsave(&tracker->lock, flags);
	site = track_find_site(tracker, frames, nr);
	if (site) {
		site->gets += gets;
		site->puts += puts;
	}
	raw_spin_unlock_irqrestore(&tracker->lock, flags);
	return site;
}

/* @nr references were taken without a holder. Context: any; RCU reader. */
void track_got(struct rs_tracker *tracker, u64 nr)
{
	atomic64_add(nr, &tracker->gets);
	if (!track_record(tracker, nr, 0))
		atomic64_add(nr, &tracker->unplaced_gets);
}

/* @nr references were dropped without a holder. Context: any; RCU reader. */
void track_dropped(struct rs_tracker *tracker, u64 nr)
{
	atomic64_add(nr, &tracker->puts);
	if (!track_record(tracker, 0, nr))
		atomic64_add(nr, &tracker->unplaced_puts);
}

static void track_fill_origin(struct rs_track_origin *origin)
{
	origin->since_ns = ktime_get_ns();
	origin->cpu = raw_smp_processor_id();
	origin->pid = current->pid;
	memcpy(origin->comm, current->comm, sizeof(origin->comm));
	origin->comm[sizeof(origin->comm) - 1] = '\0';
	origin->nr_frames = track_save_stack(origin->frames);
}

/* Has @holder a reference, so that its list entry is in use? Warns if so. */
static bool track_holder_is_used(const struct rs_holder *holder)
{
	if (likely(!READ_ONCE(holder->tracker)))
		return false;
	rsref_warn_once(WARN_TRACK_HOLDER, "rs_holder '%s' is given a second reference.\n",
			holder->origin.name);
	return true;
}

/**
 * track_hold - a reference was taken for a holder
 * @tracker: of the counter
 * @holder: has no reference yet
 *
 * Context: any but NMI; RCU reader.
 */
void track_hold(struct rs_tracker *tracker, struct rs_holder *holder)
{
	unsigned long flags;

	/* The second reference of a holder is recorded without a name. */
	if (track_holder_is_used(holder)) {
		track_got(tracker, 1);
		return;
	}
	track_fill_origin(&holder->origin);
	raw_spin_lock_irqsave(&tracker->lock, flags);
	if (tracker->counter) {
		list_add_tail(&holder->node, &tracker->holders);
		WRITE_ONCE(holder->tracker, tracker);
		tracker->held++;
	}
	raw_spin_unlock_irqrestore(&tracker->lock, flags);
}

/*
 * Take @holder off its tracker's list, or put @heir in its place, unless that is NULL.
 * Return: false if @holder is not on a list; tracking may have ended.
 */
static bool track_leave(struct rs_holder *holder, struct rs_holder *heir)
{
	struct rs_tracker *tracker;
	unsigned long flags;
	bool recorded = false;

	rcu_read_lock();
	tracker = READ_ONCE(holder->tracker);
	if (tracker) {
		raw_spin_lock_irqsave(&tracker->lock, flags);
		recorded = holder->tracker == tracker;
		if (recorded && heir) {
			list_replace(&holder->node, &heir->node);
			WRITE_ONCE(heir->tracker, tracker);
			WRITE_ONCE(holder->tracker, NULL);
		} else if (recorded) {
			list_del(&holder->node);
			WRITE_ONCE(holder->tracker, NULL);
			tracker->held--;
		}
		raw_spin_unlock_irqrestore(&tracker->lock, flags);
	}
	rcu_read_unlock();
	return recorded;
}

/**
 * rs_holder_drop - forget a holder whose reference is about to be dropped
 * @holder: recorded or not
 *
 * For refcounts and krefs; rs_percpu_ref_put_held() and rs_sealed_ref_put_held() call it.
 *
 * Context: any but NMI.
 * Return: true if @holder was recorded.
 */
bool rs_holder_drop(struct rs_holder *holder)
{
	return track_leave(holder, NULL);
}
EXPORT_SYMBOL_GPL(rs_holder_drop);

/**
 * rs_holder_move - give a reference from one holder to another
 * @from: has the reference, recorded or not; has none afterwards
 * @to: has no reference yet; keeps its name, and gets this stack and time
 *
 * The counter does not change.
 *
 * Context: any but NMI.
 */
void rs_holder_move(struct rs_holder *from, struct rs_holder *to)
{
	if (track_holder_is_used(to))
		return;
	track_fill_origin(&to->origin);
	track_leave(from, to);
}
EXPORT_SYMBOL_GPL(rs_holder_move);
