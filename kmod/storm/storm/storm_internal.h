/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of a storm.
 *
 *	manager		starts and ends the others, draws the verdict
 *	worker		runs a seeded sequence of gets and puts, in its context:
 *			as a thread, or in the interrupts of a timer
 *	killer		gives its slot an object, kills it, waits for its release,
 *			and begins again; or keeps up many objects at once
 *	switcher	a worker that has nothing in mind but the counter's mode
 *	callback	of CPU hotplug: a killer without a thread
 *
 * A slot holds one object at a time, or a crowd. Its life:
 *
 *	phase		LIVE ------> KILLING ----------> RELEASED
 *	killer		publish	     kill, drain set	 retract, bury, replace
 *	workers		get, put     the same until drain, then put all
 *
 * From KILLING it may be resurrected, from RELEASED begun anew: another life of
 * the same object. Readers of the old life may be about, so what they compare is
 * the number of the life.
 *
 * Each worker has a ledger for each slot: what it holds, counted after a get
 * and before a put, so that a ledger that is not zero always means a reference
 * that is really held. release() looks at all ledgers of its slot.
 *
 * An object's memory stays until every reader that could have found it is gone
 * and further GRAVEYARD_MAX objects were buried, so that a broken counter that
 * calls release() late, or twice, is caught at it and breaks nothing else.
 *
 * An object that is ended alive stays LIVE: storm_alive.c.
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

#include "context.h"
#include "provider/provider.h"
#include "storm_history.h"
#include "storm_setup.h"
#include "control/tally.h"
#include "control/thread.h"

#define RS_INVARIANT_ENUM(id, name, text) INVARIANT_##id,
enum invariant {
	RS_INVARIANTS(RS_INVARIANT_ENUM)
	INVARIANT_NR
};

struct storm_ring;

enum object_phase { PHASE_LIVE, PHASE_KILLING, PHASE_RELEASED };

#define PAYLOAD_LIVE	0x600d600d600d600dULL
#define PAYLOAD_POISON	0xdeaddeaddeaddeadULL

struct storm_object {
	struct rs_counter	counter;
	struct storm_slot	*slot;
	u64			generation;	/* of the slot, from 1 */
	u64			life;		/* from 1 */
	u64			payload;
	int			phase;		/* enum object_phase */
	int			killer_cpu;	/* valid from KILLING on */
	bool			drain;		/* workers put all they hold */
	bool			confirm_wanted;
	bool			confirm_drains;	/* the confirmation sets drain ... */
	u32			linger_ns;	/* ... and aims at the last put */
	u64			confirmed_life;	/* the last that was */
	u64			killed_life;	/* what the confirmation confirms */
	bool			may_return;	/* made to be reinitialised */
	bool			owner_holds;	/* the killer, beside the ledgers */
	enum rs_end		end;		/* valid from KILLING on */
	bool			ended;
	bool			overlapped;	/* by a worker on another CPU */
	atomic_t		released;
	u64			kill_ns;
	u64			release_ns;
	struct rcu_head		rcu;
	struct llist_node	grave;
	struct list_head	parting;	/* RS_END_ALIVE: in its slot's list */
	unsigned long		grace;		/* what it waits for there */
	bool			unused;		/* and that is for the last time */
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
	struct task_struct	*killer;	/* NULL: the callback of CPU hotplug */
	struct mutex		switching;	/* where kill must not meet a switch */
	struct swait_queue_head	wait;		/* killer: for release */
	struct storm_call	call;
	struct storm_object	*target;	/* of the kill that is under way */
	u64			dice;		/* what that is to be like */
	struct rs_sequence	seq;
	u64			generation;
	u64			kills[RS_CONTEXT_NR];
	u64			confirms;
	u64			releases;
	u64			reinits;
	u64			resurrections;
	u64			early_ends;	/* in release(), or at zero */
	u64			alive_ends;	/* of counters that were not killed */
	struct list_head	parting;	/* objects to be ended alive, oldest first */
	unsigned int		nr_parting;
	u64			overlapped_kills;
	struct rs_histogram	kill_to_release;
};

/* Written by its worker only, read by release() and the killer */
struct storm_ledger {
	struct storm_object	*object;	/* NULL once the put of the last returned */
	u64			held;
};

struct storm_worker {
	struct storm		*storm;
	unsigned int		index;
	enum worker_context	context;
	int			cpu;
	u32			duty;
	u32			idle_max_ns;	/* longest pause in this context */
	struct task_struct	*task;
	struct hrtimer		timer;		/* in whose interrupts it runs */
	u64			interval_ns;	/* from one to the next, at least */
	struct rs_sequence	seq;
	struct rs_sequence	chance;		/* that leaves the steps as they are */
	u64			operations[RS_CONTEXT_NR];	/* by where it really was */
	u64			overlap_operations;
	u64			switches;
	u64			lives;		/* PATTERN_ENDS_ALIVE: counters that it began */
	u64			alive_ends;	/* and ended */
	u64			taken;		/* references */
	u64			dropped;
	struct storm_ledger	ledger[RS_KILLERS_MAX];
} ____cacheline_aligned_in_smp;

#define GRAVEYARD_MAX	256

enum storm_violation_state { VIOLATION_NONE, VIOLATION_WRITING, VIOLATION_WRITTEN };

struct storm {
	u32			id;
	struct storm_setup	setup;
	struct storm_slot	*slots;		/* nr_slots of them */
	struct storm_worker	*workers;	/* nr_workers of them */
	struct storm_object __rcu **objects;	/* of all slots */
	unsigned int		nr_slots;	/* one for each killer, one for hotplug */
	unsigned int		nr_workers;	/* switchers are the last of them */
	struct storm_ring	*rings;		/* storm_history.c, one to a CPU */
	atomic64_t		probes;		/* breakpoints that were met */
	u64			start_ns;
	bool			one_cpu;	/* when it began */
	struct swait_queue_head	wait;		/* manager: stop, or a violation */
	bool			stop;		/* asked for by a command */
	bool			closing;	/* killers: this object is the last */
	bool			ending;		/* workers: drain, and end */
	bool			abandon;	/* broken: touch no counter again */
	bool			saturated;	/* PATTERN_SATURATE: seen to be */

	atomic_t		violated;	/* enum storm_violation_state */
	enum invariant		invariant;	/* valid once WRITTEN */
	u64			violated_object;	/* 0: none in particular */
	u8			violated_slot;
	char			detail[128];

	struct llist_head	abandoned;	/* of a storm that broke: nothing done yet */
	struct llist_head	graves;		/* exited, not freed yet */
	atomic_t		unburied;	/* objects whose grace period runs */
	atomic_t		nr_graves;
};

static inline bool storm_object_confirmed(struct storm_object *object)
{
	/* Pairs with the release in object_confirmed(). */
	return smp_load_acquire(&object->confirmed_life) == READ_ONCE(object->life);
}

static inline bool storm_violated(struct storm *storm)
{
	return atomic_read(&storm->violated) != VIOLATION_NONE;
}

/* Of one counter for each context, which others count up. */
static inline u64 storm_sum(const u64 *by_context)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < RS_CONTEXT_NR; i++)
		sum += READ_ONCE(by_context[i]);
	return sum;
}

extern const char * const invariant_names[INVARIANT_NR];

/* storm_object.c */
__printf(4, 5)
void storm_violation(struct storm *storm, enum invariant invariant,
		     const struct storm_object *object, const char *fmt, ...);
struct storm_object *storm_object_create(struct storm_slot *slot, struct rs_sequence *seq,
					 u64 generation, u32 count);
void storm_object_begin_life(struct storm_object *object);
void storm_object_end(struct storm_object *object);
void storm_object_bury(struct storm_object *object);
void storm_object_discard(struct storm_object *object);
void storm_object_bury_abandoned(struct storm *storm);
void storm_graveyard_trim(struct storm *storm, unsigned int keep);
u64 storm_object_held(struct storm_object *object, unsigned int *worker);

/* storm_worker.c */
void storm_worker_run(struct storm_worker *worker, unsigned int nr);
void storm_worker_drain(struct storm_worker *worker, bool all);
void storm_worker_chance(struct storm_worker *worker, bool may_sleep);
void storm_worker_acquire(struct storm_worker *worker, struct storm_slot *slot, bool live);

/* storm_context.c */
void storm_context_assign(struct storm_worker *worker);
int storm_worker_thread(void *arg);
void storm_worker_pause(struct storm_worker *worker, u64 *busy_since);
void storm_call_init(struct storm_call *call, void (*run)(void *arg), void *arg);
void storm_call(struct storm_call *call, enum rs_kill_context context);

/* storm_alive.c */
void storm_part(struct storm_slot *slot, unsigned int nth);
void storm_part_due(struct storm_slot *slot, bool all);
int storm_alive_thread(void *arg);

/* storm_killer.c */
void storm_killer_one(struct storm_slot *slot);
int storm_killer_thread(void *arg);

/* storm_crowd.c */
int storm_crowd_thread(void *arg);

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
