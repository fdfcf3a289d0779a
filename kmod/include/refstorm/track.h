/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracking: who holds the references of a counter. It is switched on for one counter at a time.
 *
 * A counter that was killed and is never released says nothing by itself: a number does not tell
 * whose references it stands for. Tracking gathers two kinds of evidence.
 *
 * Named holders, exact. A caller that takes a reference with ..._get_held() gives a struct
 * rs_holder, usually embedded in what holds the reference, and gives it again to ..._put_held().
 * While the counter is tracked the holder is in a list, with its name and the stack, task, CPU
 * and time of the get. Each holder in the list has a reference.
 *
 * Anonymous gets and puts of a per-CPU counter, by call site: they are counted for each stack
 * that they come from. The total is exact: references from before, plus gets, minus puts, plus
 * named holders is the count. If several sites only get, and all their puts come by the same way,
 * tracking cannot tell which site misses a put. Those sites are the suspects.
 *
 * A refcount or kref has no room to say that it is tracked. Its owner keeps a struct rs_track
 * beside it, and only named holders are recorded.
 *
 * A tracked counter that was killed and is not released some seconds later is reported in the
 * kernel log, with its holders, and again after twice the time, and so on. rs_track_for_each()
 * shows all tracked counters at any time.
 *
 * While a per-CPU counter is tracked it counts in its shared word, where each get and put finds
 * a flag in what its atomic operation returns. While it is not tracked, none of its functions has
 * an instruction more; ..._put_held() has a load and a branch.
 */
#ifndef _REFSTORM_TRACK_H
#define _REFSTORM_TRACK_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/types.h>

#include <refstorm/kref.h>
#include <refstorm/percpu_ref.h>
#include <refstorm/refcount.h>
#include <refstorm/sealed_ref.h>

struct rs_tracker;

/* Frames that are kept of a stack, and bytes of a name, with its end */
#define RS_TRACK_FRAMES		8
#define RS_TRACK_NAME		32
/* Call sites of one counter, at most; the parameter track_sites sets the number */
#define RS_TRACK_SITES_MAX	64
/* Holders that a view shows; the others are counted */
#define RS_TRACK_HOLDERS_SHOWN	32

/**
 * struct rs_track_origin - where a reference was taken, or moved to a holder
 * @name: of the holder, or NULL; has to stay while the holder has a reference
 * @comm: the task's name; in an interrupt that of the interrupted task
 * @pid: the task
 * @cpu: the CPU
 * @since_ns: the time, of ktime_get_ns()
 * @nr_frames: how many of @frames there are
 * @frames: return addresses, the innermost first, those of rsref.ko left out
 */
struct rs_track_origin {
	const char	*name;
	char		comm[TASK_COMM_LEN];
	pid_t		pid;
	int		cpu;
	u64		since_ns;
	unsigned int	nr_frames;
	unsigned long	frames[RS_TRACK_FRAMES];
};

/**
 * struct rs_holder - what goes with one reference from its get to its put
 * @node: in the list of the counter's holders; private
 * @tracker: whose list that is, or NULL if the reference is not recorded; private
 * @origin: where it was taken
 *
 * To be initialised with rs_holder_init() or RS_HOLDER_INIT(), and not to be moved while it has
 * a reference.
 */
struct rs_holder {
	struct list_head	node;
	struct rs_tracker	*tracker;
	struct rs_track_origin	origin;
};

#define RS_HOLDER_INIT(_name) { .origin.name = (_name) }

/**
 * rs_holder_init - a holder without a reference
 * @holder: the holder
 * @name: for reports; has to stay as long as @holder
 *
 * Context: any.
 */
static inline void rs_holder_init(struct rs_holder *holder, const char *name)
{
	*holder = (struct rs_holder)RS_HOLDER_INIT(name);
}

bool rs_holder_drop(struct rs_holder *holder);
void rs_holder_move(struct rs_holder *from, struct rs_holder *to);

/*
 * Per-CPU counters.
 */

int __rs_percpu_count_track(struct rs_percpu_data *data, const char *name,
			    unsigned int seconds);
void __rs_percpu_count_untrack(struct rs_percpu_data *data);
void __rs_percpu_count_get_held(struct rs_percpu_data *data, struct rs_holder *holder);
bool __rs_percpu_count_tryget_held(struct rs_percpu_data *data, struct rs_holder *holder,
				   bool live);
void __rs_percpu_count_put_held(struct rs_percpu_data *data, struct rs_holder *holder);

/**
 * rs_percpu_ref_track - record who holds a counter's references, from now on
 * @ref: the counter; the caller is its owner, or holds a reference
 * @name: for reports; copied, and cut to %RS_TRACK_NAME - 1 bytes
 * @seconds: from a kill to the first report, if it is not released; 0 stands for
 *	rsref.ko's parameter track_seconds
 *
 * The counter goes over to its shared word and stays there, as after
 * rs_percpu_ref_switch_to_atomic(), until rs_percpu_ref_untrack(); a dynamic one gives its
 * slots back. Of references that were taken before only the number is known. The counter can
 * be killed, resurrected and ended as ever, and may have been killed already. With
 * %RS_PERCPU_REF_INIT_TRACKED it is tracked from the beginning, without a name.
 *
 * Context: process, may sleep, for the length of a switch; between init and exit.
 * Return: 0, -ENOMEM, -EALREADY if it is tracked, or -EINVAL if it was ended.
 */
static inline int rs_percpu_ref_track(struct rs_percpu_ref *ref, const char *name,
				      unsigned int seconds)
{
	return __rs_percpu_count_track(&ref->data, name, seconds);
}

/**
 * rs_percpu_ref_untrack - take back rs_percpu_ref_track()
 * @ref: the counter, tracked or not; the caller is its owner, or holds a reference
 *
 * The counter counts per CPU again, unless it was switched to atomic mode or killed. Holders
 * keep their references, which are not recorded any more. exit ends tracking by itself.
 *
 * Context: process, may sleep; between init and exit.
 */
static inline void rs_percpu_ref_untrack(struct rs_percpu_ref *ref)
{
	__rs_percpu_count_untrack(&ref->data);
}

/**
 * rs_sealed_ref_track - as rs_percpu_ref_track(), in microseconds
 * @ref: the counter; the caller is its owner, or holds a reference
 * @name: for reports
 * @seconds: from a kill to the first report
 *
 * Context and return value as for rs_percpu_ref_track().
 */
static inline int rs_sealed_ref_track(struct rs_sealed_ref *ref, const char *name,
				      unsigned int seconds)
{
	return __rs_percpu_count_track(&ref->data, name, seconds);
}

/**
 * rs_sealed_ref_untrack - as rs_percpu_ref_untrack()
 * @ref: the counter, tracked or not; the caller is its owner, or holds a reference
 *
 * Context: as for rs_percpu_ref_untrack().
 */
static inline void rs_sealed_ref_untrack(struct rs_sealed_ref *ref)
{
	__rs_percpu_count_untrack(&ref->data);
}

/* Take a reference in a slot. Return: false if the counter is not in per-CPU mode. */
static inline bool __rs_percpu_ref_add(struct rs_percpu_ref *ref)
{
	unsigned long __percpu *slots;
	bool counted;

	rcu_read_lock_sched();
	counted = __rs_percpu_ref_slots(ref, &slots);
	if (likely(counted))
		this_cpu_inc(*slots);
	rcu_read_unlock_sched();
	return counted;
}

/**
 * rs_percpu_ref_get_held - take a reference for a named holder
 * @ref: the counter; the caller holds a reference, or knows that the initial one is held
 * @holder: will have the reference; has none yet
 *
 * Context: any but NMI, between init and exit. Ordering: none.
 */
static inline void rs_percpu_ref_get_held(struct rs_percpu_ref *ref,
					  struct rs_holder *holder)
{
	if (unlikely(!__rs_percpu_ref_add(ref)))
		__rs_percpu_count_get_held(&ref->data, holder);
}

/**
 * rs_percpu_ref_tryget_held - take a reference for a named holder unless the count is zero
 * @ref: the counter
 * @holder: will have the reference; has none yet
 *
 * Context: any but NMI, between init and exit. Ordering: as rs_percpu_ref_tryget().
 * Return: true if the reference was taken.
 */
static inline bool rs_percpu_ref_tryget_held(struct rs_percpu_ref *ref,
					     struct rs_holder *holder)
{
	return likely(__rs_percpu_ref_add(ref)) ||
	       __rs_percpu_count_tryget_held(&ref->data, holder, false);
}

/**
 * rs_percpu_ref_tryget_live_held - take a reference for a named holder unless killed
 * @ref: the counter
 * @holder: will have the reference; has none yet
 *
 * Context: any but NMI, between init and exit. Ordering: as rs_percpu_ref_tryget_live().
 * Return: true if the reference was taken.
 */
static inline bool rs_percpu_ref_tryget_live_held(struct rs_percpu_ref *ref,
						  struct rs_holder *holder)
{
	return likely(__rs_percpu_ref_add(ref)) ||
	       __rs_percpu_count_tryget_held(&ref->data, holder, true);
}

/**
 * rs_percpu_ref_put_held - drop the reference of a holder
 * @ref: the counter
 * @holder: has the reference, recorded or not, and has none afterwards
 *
 * Context: any but NMI that release() can stand, between init and exit.
 * Ordering: everything before the put is visible to release().
 */
static inline void rs_percpu_ref_put_held(struct rs_percpu_ref *ref,
					  struct rs_holder *holder)
{
	if (unlikely(READ_ONCE(holder->tracker)))
		__rs_percpu_count_put_held(&ref->data, holder);
	else
		rs_percpu_ref_put(ref);
}

/**
 * rs_sealed_ref_get_held - take a reference for a named holder
 * @ref: the counter; the caller holds a reference, or knows that the initial one is held
 * @holder: will have the reference; has none yet
 *
 * Context: any but NMI, between init and exit. Ordering: none.
 */
static __always_inline void rs_sealed_ref_get_held(struct rs_sealed_ref *ref,
						   struct rs_holder *holder)
{
	if (unlikely(!__rs_sealed_ref_add(ref, 1)))
		__rs_percpu_count_get_held(&ref->data, holder);
}

/**
 * rs_sealed_ref_tryget_held - take a reference for a named holder unless the count is zero
 * @ref: the counter; something else than a reference keeps its memory in place
 * @holder: will have the reference; has none yet
 *
 * Context: any but NMI, between init and exit. Ordering: ACQUIRE on success.
 * Return: true if the reference was taken.
 */
static __always_inline bool rs_sealed_ref_tryget_held(struct rs_sealed_ref *ref,
						      struct rs_holder *holder)
{
	return likely(__rs_sealed_ref_add(ref, 1)) ||
	       __rs_percpu_count_tryget_held(&ref->data, holder, false);
}

/**
 * rs_sealed_ref_tryget_live_held - take a reference for a named holder unless killed
 * @ref: the counter; something else than a reference keeps its memory in place
 * @holder: will have the reference; has none yet
 *
 * Context: any but NMI, between init and exit. Ordering: ACQUIRE on success.
 * Return: true if the reference was taken.
 */
static __always_inline bool rs_sealed_ref_tryget_live_held(struct rs_sealed_ref *ref,
							   struct rs_holder *holder)
{
	return likely(__rs_sealed_ref_add(ref, 1)) ||
	       __rs_percpu_count_tryget_held(&ref->data, holder, true);
}

/**
 * rs_sealed_ref_put_held - drop the reference of a holder
 * @ref: the counter
 * @holder: has the reference, recorded or not, and has none afterwards
 *
 * Context: any but NMI that release() can stand, between init and exit.
 * Ordering: everything before the put is visible to release().
 */
static __always_inline void rs_sealed_ref_put_held(struct rs_sealed_ref *ref,
						   struct rs_holder *holder)
{
	if (unlikely(READ_ONCE(holder->tracker)))
		__rs_percpu_count_put_held(&ref->data, holder);
	else
		rs_sealed_ref_put(ref);
}

/*
 * Refcounts and krefs.
 */

/**
 * struct rs_track - beside a refcount or kref: whether it is tracked
 * @tracker: records the holders, or NULL; private. Zeroed memory is not tracked
 */
struct rs_track {
	struct rs_tracker __rcu	*tracker;
};

int rs_refcount_track(struct rs_track *track, const rs_refcount_t *refcount,
		      const char *name, unsigned int seconds);
void rs_track_killed(struct rs_track *track);
void rs_track_end(struct rs_track *track);
void __rs_track_hold(struct rs_track *track, struct rs_holder *holder);

/**
 * rs_track_hold - record a reference that the caller has just taken
 * @track: of the counter
 * @holder: has the reference now; had none
 *
 * rs_holder_drop() takes this back, before the reference is dropped.
 *
 * Context: any but NMI.
 */
static inline void rs_track_hold(struct rs_track *track, struct rs_holder *holder)
{
	if (unlikely(rcu_access_pointer(track->tracker)))
		__rs_track_hold(track, holder);
}

/**
 * rs_kref_track - track a kref
 * @track: beside the counter
 * @kref: the counter
 * @name: for reports
 * @seconds: as for rs_percpu_ref_track()
 *
 * Context: process, may sleep.
 * Return: 0, -ENOMEM, or -EALREADY if it is tracked.
 */
static inline int rs_kref_track(struct rs_track *track, const struct rs_kref *kref,
				const char *name, unsigned int seconds)
{
	return rs_refcount_track(track, &kref->refcount, name, seconds);
}

/**
 * rs_kref_get_held - take a reference for a named holder
 * @kref: the counter; the caller holds a reference
 * @track: beside it
 * @holder: will have the reference; has none yet
 *
 * Context: any but NMI. Ordering: none.
 */
static inline void rs_kref_get_held(struct rs_kref *kref, struct rs_track *track,
				    struct rs_holder *holder)
{
	rs_kref_get(kref);
	rs_track_hold(track, holder);
}

/**
 * rs_kref_put_held - drop the reference of a holder
 * @kref: the counter
 * @holder: has the reference, recorded or not, and has none afterwards
 * @release: as for rs_kref_put(); has to call rs_track_end()
 *
 * Context: any but NMI that @release can stand. Ordering: as rs_kref_put().
 * Return: 1 if the object was released, else 0.
 */
static inline int rs_kref_put_held(struct rs_kref *kref, struct rs_holder *holder,
				   void (*release)(struct rs_kref *kref))
{
	if (unlikely(READ_ONCE(holder->tracker)))
		rs_holder_drop(holder);
	return rs_kref_put(kref, release);
}

/*
 * What a tracker knows.
 */

/**
 * struct rs_track_site - a stack that gets or puts came from
 * @gets: references taken from there
 * @puts: references dropped from there
 * @nr_frames: how many of @frames there are
 * @frames: as in struct rs_track_origin
 */
struct rs_track_site {
	u64		gets;
	u64		puts;
	unsigned int	nr_frames;
	unsigned long	frames[RS_TRACK_FRAMES];
};

/**
 * struct rs_track_view - a tracked counter at one instant
 * @name: as given when tracking began
 * @kind: of counter
 * @release: its callback, or NULL if it has none of its own
 * @anonymous: anonymous gets and puts are recorded, too
 * @count: references, the owner's among them
 * @killed: the counter was killed
 * @released: it was killed, and has no references any more
 * @saturated: misuse was seen; the counter will never be released
 * @killed_ms: time since the kill, or since tracking of a killed counter began
 * @reports: how many reports were in the log
 * @before: references taken before tracking, the owner's among them until the kill
 * @gets: anonymous references taken since
 * @puts: anonymous references dropped since, whenever they were taken
 * @unplaced_gets: of @gets, those without a site: from NMIs, or the table was full
 * @unplaced_puts: of @puts, those without a site
 * @held: references with a named holder
 * @nr_holders: how many of @holders are used: for the oldest references, at most
 *	%RS_TRACK_HOLDERS_SHOWN
 * @nr_sites: how many of @sites are used
 * @names: those of @holders, whose own pointers are NULL
 * @holders: where those references were taken
 * @sites: where anonymous gets and puts came from
 *
 * A get or put is counted before it is recorded, so one that is under way may show as a
 * difference between @count and the rest.
 */
struct rs_track_view {
	char			name[RS_TRACK_NAME];
	const char		*kind;
	const void		*release;
	bool			anonymous;
	u64			count;
	bool			killed;
	bool			released;
	bool			saturated;
	u64			killed_ms;
	unsigned int		reports;
	u64			before;
	u64			gets;
	u64			puts;
	u64			unplaced_gets;
	u64			unplaced_puts;
	u64			held;
	unsigned int		nr_holders;
	unsigned int		nr_sites;
	char			names[RS_TRACK_HOLDERS_SHOWN][RS_TRACK_NAME];
	struct rs_track_origin	holders[RS_TRACK_HOLDERS_SHOWN];
	struct rs_track_site	sites[RS_TRACK_SITES_MAX];
};

/**
 * typedef rs_track_visit_t - called by rs_track_for_each() for every tracked counter
 * @view: of the counter; valid during the call
 * @arg: as given to rs_track_for_each()
 *
 * Context: process, may sleep; must not call rs_track_for_each().
 */
typedef void (rs_track_visit_t)(const struct rs_track_view *view, void *arg);

void rs_track_for_each(rs_track_visit_t *visit, void *arg);

#endif /* _REFSTORM_TRACK_H */
