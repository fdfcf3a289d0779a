/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A storm: threads and interrupts that use and kill reference-counted objects at once.
 *
 *	manager		the thread of storm.c; starts the other threads, stops them, and
 *			decides the verdict
 *	worker		does a seeded sequence of gets and puts, in a thread or in the
 *			interrupts of a timer (storm_context.c, storm_worker.c)
 *	killer		a thread that owns a slot: publishes an object there, kills it,
 *			waits for its release(), and publishes the next one (storm_killer.c);
 *			or does so with many objects at once (storm_window.c)
 *	switcher	a worker that only switches the counter's mode (storm_switcher.c)
 *	hotplug		the callbacks of CPU hotplug, which own the last slot and do there what
 *			a killer does (storm_hotplug.c)
 *
 * A slot has one object at a time, or an array of them. The life of an object:
 *
 *	phase		LIVE ------> KILLING ---------------> RELEASED
 *	killer		publish	     kill, then set drain     retire, publish the next one
 *	workers		get, put     get, put; put all they hold once drain is set
 *
 * From KILLING the killer may resurrect the counter, from RELEASED it may reinit it. That
 * begins another life of the same object. A worker that found the object in an earlier
 * life may still look at it, so workers compare the number of the life.
 *
 * Each worker has a ledger for each slot: the references that the worker holds. The worker
 * adds to its ledger after a get, and subtracts before a put, so a ledger above zero
 * always stands for references that the worker really holds. release() checks that all
 * ledgers of its slot are zero.
 *
 * An object that is retired is exited after a grace period, when no reader can have found
 * it. Then its memory is in quarantine until QUARANTINE_MAX more objects are there: a broken
 * counter that calls release() late, or twice, is detected and overwrites nothing. With
 * memory=freed there is no quarantine.
 *
 * With ends=alive an object is not killed, and stays LIVE: storm_alive.c.
 *
 * The first broken invariant ends the storm: storm_violation() sets storm->abandon, after
 * which no thread calls the counters any more. The objects are exited at the very end.
 */
#ifndef _REFSTORM_STORM_INTERNAL_H
#define _REFSTORM_STORM_INTERNAL_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/swait.h>
#include <linux/types.h>

#include <refstorm/abi.h>
#include <uapi/refstorm/refstorm.h>

#include "control/context.h"
#include "control/tally.h"
#include "control/thread.h"
#include "provider/provider.h"
#include "storm_account.h"
#include "storm_history.h"
#include "storm_setup.h"

#define RS_INVARIANT_ENUM(id, name, text) INVARIANT_##id,
enum invariant {
	RS_INVARIANTS(RS_INVARIANT_ENUM)
	INVARIANT_NR
};

enum object_phase { PHASE_LIVE, PHASE_KILLING, PHASE_RELEASED };

#define PAYLOAD_LIVE	0x600d600d600d600dULL
#define PAYLOAD_POISON	0xdeaddeaddeaddeadULL

struct storm_object {
	struct rs_counter	counter;
	struct storm_slot	*slot;
	u64			generation;	/* number of the object in its slot, from 1 */
	u64			life;		/* number of its life, from 1 */
	u64			payload;
	int			phase;		/* enum object_phase */
	int			killer_cpu;	/* valid from KILLING on */
	bool			drain;		/* workers must put all they hold */
	bool			confirm_wanted;
	bool			drain_in_confirm; /* the confirmation sets drain ... */
	u32			confirm_delay_ns; /* ... and waits until about the last put */
	u64			confirmed_life;	/* the last life whose kill was confirmed */
	u64			killed_life;	/* the life whose kill was the last */
	bool			allow_reinit;
	bool			owner_holds;	/* the killer has a reference, in no ledger */
	enum rs_end		end;		/* valid from KILLING on */
	bool			ended;		/* the counter was exited, or is about to be */
	bool			overlapped;	/* a worker on another CPU used it while killed */
	atomic_t		released;	/* calls of release() in this life */
	u64			kill_ns;
	u64			release_ns;
	u32			owned;		/* references of the owner, in no ledger */
	u32			owner_moving;	/* as in struct storm_ledger */
	u32			owner_version;
	struct storm_notes	notes;		/* of its life */
	struct rcu_head		rcu;
	struct llist_node	node;		/* in storm->quarantine or storm->abandoned */
	struct list_head	unpublished;	/* RS_END_ALIVE: in slot->unpublished */
	unsigned long		rcu_cookie;	/* of the grace period that it waits for there */
	bool			unused;		/* no ledger names it; the last grace period runs */
};

/* A call in another context, see storm_call() */
struct storm_call {
	void			(*run)(void *arg);
	void			*arg;
	struct hrtimer		timer;
	struct completion	done;
};

struct storm_slot {
	struct storm		*storm;
	unsigned int		index;
	struct storm_object __rcu **objects;	/* setup.objects of them */
	struct task_struct	*killer;	/* NULL: the callbacks of CPU hotplug */
	struct mutex		switch_lock;	/* where a kill must not meet a switch */
	struct swait_queue_head	wait;		/* the killer waits for release() */
	struct storm_call	call;
	struct storm_object	*target;	/* of the kill that is under way */
	u64			random;		/* random bits for that kill */
	struct rs_sequence	seq;
	u64			generation;
	struct list_head	unpublished;	/* objects that will be ended alive, oldest first */
	unsigned int		nr_unpublished;
	u64			kills[RS_CONTEXT_NR];
	u64			confirms;
	u64			releases;
	u64			reinits;
	u64			resurrections;
	u64			early_ends;	/* counters exited in release(), or at zero */
	u64			alive_ends;	/* counters exited without a kill */
	u64			overlapped_kills;
	struct rs_histogram	kill_to_release;
};

/* Written by its worker, read by release() and the killer */
struct storm_ledger {
	struct storm_object	*object;	/* NULL once the last put has returned */
	u64			held;
	struct storm_object	*at;		/* of the operation that is under way */
	u32			moving;		/* references that it takes or drops */
	u32			version;	/* changes when an operation begins or ends */
};

struct storm_worker {
	struct storm		*storm;
	unsigned int		index;
	enum worker_context	context;
	int			cpu;
	u32			duty;
	u32			idle_max_ns;	/* longest pause in this context */
	struct task_struct	*task;
	struct hrtimer		timer;		/* of a worker in interrupts */
	u64			interval_ns;	/* shortest time between two interrupts */
	struct rs_sequence	seq;		/* gives the steps */
	struct rs_sequence	random;		/* for all else, so that the steps stay the same */
	u64			operations[RS_CONTEXT_NR];	/* by the context they ran in */
	u64			overlap_operations;
	u64			switches;
	u64			lives;		/* PATTERN_ENDS_ALIVE: counters that it created */
	u64			alive_ends;	/* PATTERN_ENDS_ALIVE: counters that it exited */
	u64			taken;		/* references */
	u64			dropped;
	struct storm_ledger	ledger[RS_KILLERS_MAX];
} ____cacheline_aligned_in_smp;

#define QUARANTINE_MAX	256

enum storm_violation_state { VIOLATION_NONE, VIOLATION_WRITING, VIOLATION_WRITTEN };

struct storm {
	u32			id;
	struct storm_setup	setup;
	struct storm_slot	*slots;		/* nr_slots of them */
	struct storm_worker	*workers;	/* nr_workers of them */
	struct storm_object __rcu **objects;	/* of all slots */
	unsigned int		nr_slots;	/* one for each killer, one for hotplug */
	unsigned int		nr_workers;	/* switchers are the last of them */
	void			*rings;		/* of storm_history.c */
	unsigned int		ring_notes;
	atomic64_t		probe_hits;
	u64			start_ns;
	bool			one_cpu;	/* workers had one CPU when the storm began */
	struct swait_queue_head	wait;		/* the manager waits for stop or a violation */
	bool			stop;		/* the command stop */
	bool			time_is_up;	/* storms_end_now() */
	bool			closing;	/* killers: end after the present object */
	bool			ending;		/* workers: drain, and end */
	bool			abandon;	/* all: call no counter any more */
	bool			saturated;	/* PATTERN_SATURATE: the count was seen saturated */

	atomic_t		violated;	/* enum storm_violation_state */
	enum invariant		invariant;	/* valid once WRITTEN */
	u64			violated_object;	/* its generation, or 0 */
	u8			violated_slot;
	char			detail[128];
	struct storm_account	account;	/* of the violated object */
	struct storm_notes	violated_notes;	/* of its life */

	struct llist_head	abandoned;	/* objects whose counters were not exited yet */
	struct llist_head	quarantine;	/* objects that are exited, and not freed yet */
	atomic_t		nr_quarantine;
	atomic_t		exits_pending;	/* objects whose grace period runs */
};

static inline bool storm_worker_goes_on(const struct storm_worker *worker)
{
	return !READ_ONCE(worker->storm->ending) && !READ_ONCE(worker->storm->abandon);
}

static inline bool storm_killer_goes_on(const struct storm *storm)
{
	return !READ_ONCE(storm->closing) && !READ_ONCE(storm->abandon);
}

static inline bool storm_object_confirmed(struct storm_object *object)
{
	/* Pairs with the release in storm_object_confirm(). */
	return smp_load_acquire(&object->confirmed_life) == READ_ONCE(object->life);
}

static inline bool storm_violated(struct storm *storm)
{
	return atomic_read(&storm->violated) != VIOLATION_NONE;
}

/*
 * An operation on @nr references begins and ends: see storm_account.c. The ledger changes in
 * between.
 */
static inline void storm_ledger_begin(struct storm_ledger *ledger, struct storm_object *object,
				      u32 nr)
{
	WRITE_ONCE(ledger->at, object);
	WRITE_ONCE(ledger->moving, nr);
	WRITE_ONCE(ledger->version, ledger->version + 1);
}

static inline void storm_ledger_end(struct storm_ledger *ledger)
{
	WRITE_ONCE(ledger->version, ledger->version + 1);
	WRITE_ONCE(ledger->moving, 0);
}

/* The same for the object's owner, whose references are in no ledger. */
static inline void storm_owner_begin(struct storm_object *object, u32 nr)
{
	WRITE_ONCE(object->owner_moving, nr);
	WRITE_ONCE(object->owner_version, object->owner_version + 1);
}

static inline void storm_owner_end(struct storm_object *object)
{
	WRITE_ONCE(object->owner_version, object->owner_version + 1);
	WRITE_ONCE(object->owner_moving, 0);
}

/* The sum of a figure that is counted by context. */
static inline u64 storm_sum(const u64 *by_context)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < RS_CONTEXT_NR; i++)
		sum += READ_ONCE(by_context[i]);
	return sum;
}

/* storm_account.c */
extern const char * const invariant_names[INVARIANT_NR];

/* storm_object.c */
__printf(4, 5)
void storm_violation(struct storm *storm, enum invariant invariant,
		     struct storm_object *object, const char *fmt, ...);
struct storm_object *storm_object_create(struct storm_slot *slot, struct rs_sequence *seq,
					 u64 generation, u32 count);
void storm_object_begin_life(struct storm_object *object);
void storm_object_end(struct storm_object *object);
void storm_object_exit_rcu(struct storm_object *object);
void storm_object_discard(struct storm_object *object);
void storm_objects_exit_abandoned(struct storm *storm);
void storm_quarantine_trim(struct storm *storm, unsigned int keep);
u64 storm_object_held(struct storm_object *object, unsigned int *worker);

/* storm_worker.c */
void storm_worker_run(struct storm_worker *worker, unsigned int nr);
void storm_worker_drain(struct storm_worker *worker, bool all);
void storm_worker_delay(struct storm_worker *worker, bool may_sleep);
void storm_worker_acquire(struct storm_worker *worker, struct storm_slot *slot, bool live);

/* storm_cpu.c */
int storm_cpu_next(int cpu);
int storm_cpu_nth(unsigned int n);

/* storm_shuffle.c */
int storm_shuffle_away(int cpu);
void storm_shuffle_follow(unsigned int *seen);

/* storm_context.c */
void storm_context_assign(struct storm_worker *worker);
int storm_worker_thread(void *arg);
void storm_worker_pause(struct storm_worker *worker, u64 *busy_since);
void storm_call_init(struct storm_call *call, void (*run)(void *arg), void *arg);
void storm_call(struct storm_call *call, enum rs_kill_context context);

/* storm_alive.c */
void storm_alive_unpublish(struct storm_slot *slot, unsigned int nth);
void storm_alive_end_unused(struct storm_slot *slot, bool all);
int storm_alive_thread(void *arg);

/* storm_killer.c */
void storm_killer_one(struct storm_slot *slot);
int storm_killer_thread(void *arg);

/* storm_window.c */
int storm_window_thread(void *arg);

/* storm_kill.c */
void storm_sleep_up_to(struct storm_slot *slot, u64 us);
struct storm_object *storm_publish(struct storm_slot *slot, unsigned int nth);
void storm_kill(struct storm_slot *slot, struct storm_object *object);
void storm_kill_init(struct storm_slot *slot);
void storm_check_alive(struct storm_object *object, const char *how);
void storm_wait_for_release(struct storm_slot *slot, struct storm_object *object);
void storm_check_released(struct storm_slot *slot, struct storm_object *object);
void storm_retire(struct storm_slot *slot, unsigned int nth);

/* storm_switcher.c */
int storm_switcher_thread(void *arg);

/* storm_hotplug.c */
int storm_hotplug_begin(struct storm *storm);
void storm_hotplug_end(struct storm *storm);

/* storm_probe.c */
int storm_probe_begin(struct storm *storm);
void storm_probe_end(struct storm *storm);

/* storm_saturate.c */
int storm_saturate_begin(struct storm *storm);
void storm_saturate_abort(struct storm *storm);
int storm_saturate_thread(void *arg);
void storm_saturate_end(struct storm *storm);

#endif /* _REFSTORM_STORM_INTERNAL_H */
