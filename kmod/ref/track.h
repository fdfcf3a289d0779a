/* SPDX-License-Identifier: GPL-2.0 */
/* Trackers: what the files that implement <refstorm/track.h> share; track.c tells how. */
#ifndef _RSREF_TRACK_H
#define _RSREF_TRACK_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include <refstorm/refcount.h>
#include <refstorm/track.h>

/**
 * struct track_look - the state of a counter
 * @count: references
 * @zero: it has none
 * @saturated: it will never be released
 */
struct track_look {
	u64	count;
	bool	zero;
	bool	saturated;
};

/**
 * typedef track_start_t - have gets and puts of a counter record themselves from now on
 * @counter: the counter
 *
 * Context: the tracker's lock is held: a get that records itself at once waits until the
 * tracker knows @counter and what was taken before.
 * Return: how many references were taken before.
 */
typedef u64 (track_start_t)(const void *counter);

/**
 * struct track_kind - a kind of counter that can be tracked
 * @look: return the state of @counter
 * @anonymous: gets and puts without a holder are recorded
 */
struct track_kind {
	struct track_look	(*look)(const void *counter);
	bool			anonymous;
};

/**
 * struct rs_tracker - records who holds the references of one counter
 * @node: in the list of all trackers, under its lock, until the last user has gone
 * @users: the counter while it is tracked, and tasks that look at the tracker without its lock
 * @kind: of counter
 * @kind_name: its name
 * @release: the counter's callback, for reports
 * @name: for reports
 * @seconds: from the kill to the first report
 * @gets: without a holder, since tracking began
 * @puts: without a holder, since tracking began
 * @unplaced_gets: gets that have no site
 * @unplaced_puts: puts that have no site
 * @max_sites: how many fit in @sites
 * @lock: innermost of all; protects what follows
 * @counter: for @kind's look(), or NULL once tracking has ended
 * @killed: the counter was killed
 * @killed_at: the time of the kill, in jiffies
 * @report_at: when the next report is due, in jiffies
 * @reports: how many there were
 * @before: references from before tracking, without those that a kill dropped
 * @holders: those that have a reference, the oldest first
 * @held: how many those are
 * @nr_sites: how many of @sites are used
 * @rcu: for freeing
 * @sites: stacks, with the gets and puts that came from each
 *
 * Gets and puts find the tracker as RCU readers.
 */
struct rs_tracker {
	struct list_head	node;
	rs_refcount_t		users;
	const struct track_kind	*kind;
	const char		*kind_name;
	const void		*release;
	char			name[RS_TRACK_NAME];
	unsigned int		seconds;
	atomic64_t		gets;
	atomic64_t		puts;
	atomic64_t		unplaced_gets;
	atomic64_t		unplaced_puts;
	unsigned int		max_sites;
	raw_spinlock_t		lock;
	const void		*counter;
	bool			killed;
	unsigned long		killed_at;
	unsigned long		report_at;
	unsigned int		reports;
	u64			before;
	struct list_head	holders;
	u64			held;
	unsigned int		nr_sites;
	struct rcu_head		rcu;
	struct rs_track_site	sites[];
};

struct rs_tracker *track_alloc(const struct track_kind *kind, const char *kind_name,
			       const char *name, unsigned int seconds, gfp_t gfp);
void track_begin(struct rs_tracker *tracker, const void *counter, track_start_t *start);
void track_end(struct rs_tracker *tracker);
void track_discard(struct rs_tracker *tracker);

void track_got(struct rs_tracker *tracker, u64 nr);
void track_dropped(struct rs_tracker *tracker, u64 nr);
void track_hold(struct rs_tracker *tracker, struct rs_holder *holder);
struct rs_tracker *track_next(struct rs_tracker *tracker);

/* track_report.c */
void track_killed(struct rs_tracker *tracker, u64 initial);
void track_resurrected(struct rs_tracker *tracker);
void track_report_module_exit(void);

#endif /* _RSREF_TRACK_H */
