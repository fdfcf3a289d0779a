/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of a storm.
 *
 *	manager		starts and ends the others, draws the verdict
 *	worker		runs a seeded sequence of gets and puts; one to a CPU
 *	killer		gives its slot an object, kills it, waits for its release,
 *			and begins again
 *
 * A slot holds one object at a time. Its life:
 *
 *	phase		LIVE ------> KILLING ----------> RELEASED
 *	killer		publish	     kill, drain set	 retract, bury, replace
 *	workers		get, put     the same until drain, then put all
 *
 * Each worker has a ledger for each slot: what it holds, counted after a get
 * and before a put, so that a ledger that is not zero always means a reference
 * that is really held. release() looks at all ledgers of its slot.
 *
 * An object's memory stays until every reader that could have found it is gone
 * and further GRAVEYARD_MAX objects were buried, so that a broken counter that
 * calls release() late, or twice, is caught at it and breaks nothing else.
 */
#ifndef _REFSTORM_STORM_INTERNAL_H
#define _REFSTORM_STORM_INTERNAL_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <refstorm/abi.h>
#include <uapi/refstorm/refstorm.h>

#include "provider.h"

#define RS_INVARIANT_ENUM(id, name, text) INVARIANT_##id,
enum invariant {
	RS_INVARIANTS(RS_INVARIANT_ENUM)
	INVARIANT_NR
};

enum storm_pattern { PATTERN_LIFECYCLE, PATTERN_SATURATE };

/* What was asked for; all u64 for command_keys() */
struct storm_setup {
	const struct rs_provider *provider;
	u64	ms;
	u64	seed;
	u64	workers;
	u64	killers;
	u64	pattern;
	u64	bound_ms;
	u64	duty;
};

enum object_phase { PHASE_LIVE, PHASE_KILLING, PHASE_RELEASED };

#define PAYLOAD_LIVE	0x600d600d600d600dULL
#define PAYLOAD_POISON	0xdeaddeaddeaddeadULL

struct storm_object {
	struct rs_counter	counter;
	struct storm_slot	*slot;
	u64			generation;	/* of the slot, from 1 */
	u64			payload;
	int			phase;		/* enum object_phase */
	int			killer_cpu;	/* valid from KILLING on */
	bool			drain;		/* workers put all they hold */
	bool			confirm_wanted;
	bool			confirm_drains;	/* the confirmation sets drain ... */
	u32			linger_ns;	/* ... and aims at the last put */
	bool			confirmed;
	bool			overlapped;	/* by a worker on another CPU */
	atomic_t		released;
	u64			kill_ns;
	u64			release_ns;
	struct rcu_head		rcu;
	struct llist_node	grave;
};

struct storm_slot {
	struct storm		*storm;
	unsigned int		index;
	struct storm_object __rcu *object;
	struct task_struct	*killer;
	wait_queue_head_t	wait;		/* for release */
	struct rs_sequence	seq;
	u64			generation;
	u64			kills;
	u64			confirms;
	u64			releases;
	u64			overlapped_kills;
	struct rs_histogram	kill_to_release;
};

/* Written by its worker only, read by release() and the killer */
struct storm_ledger {
	struct storm_object	*object;
	u64			held;
};

struct storm_worker {
	struct storm		*storm;
	unsigned int		index;
	int			cpu;
	struct task_struct	*task;
	struct rs_sequence	seq;
	u64			operations;
	u64			overlap_operations;
	u64			taken;		/* references */
	u64			dropped;
	struct storm_ledger	ledger[RS_KILLERS_MAX];
} ____cacheline_aligned_in_smp;

#define GRAVEYARD_MAX	256

enum storm_violation_state { VIOLATION_NONE, VIOLATION_WRITING, VIOLATION_WRITTEN };

struct storm {
	u32			id;
	struct storm_setup	setup;
	struct storm_slot	*slots;		/* setup.killers of them */
	struct storm_worker	*workers;	/* setup.workers of them */
	u64			start_ns;
	wait_queue_head_t	wait;		/* manager: stop, or a violation */
	bool			stop;		/* asked for by a command */
	bool			closing;	/* killers: this object is the last */
	bool			ending;		/* workers: drain, and end */
	bool			abandon;	/* broken: touch no counter again */
	bool			saturated;	/* PATTERN_SATURATE: seen to be */

	atomic_t		violated;	/* enum storm_violation_state */
	enum invariant		invariant;	/* valid once WRITTEN */
	u64			violated_object;
	char			detail[128];

	struct llist_head	graves;		/* exited, not freed yet */
	atomic_t		unburied;	/* objects whose grace period runs */
	atomic_t		nr_graves;
};

static inline bool storm_violated(struct storm *storm)
{
	return atomic_read(&storm->violated) != VIOLATION_NONE;
}

extern const char * const invariant_names[INVARIANT_NR];

/* storm_object.c */
__printf(4, 5)
void storm_violation(struct storm *storm, enum invariant invariant,
		     u64 generation, const char *fmt, ...);
struct storm_object *storm_object_create(struct storm_slot *slot, u32 count);
void storm_object_bury(struct storm_object *object);
void storm_graveyard_trim(struct storm *storm, unsigned int keep);
u64 storm_slot_held(struct storm_slot *slot, unsigned int *worker);

/* storm_worker.c */
int storm_worker_thread(void *arg);
void storm_thread_wait_stop(void);
void storm_worker_pause(struct storm_worker *worker, u64 *busy_since);

/* storm_killer.c */
int storm_killer_thread(void *arg);

/* storm_saturate.c */
int storm_saturate_begin(struct storm *storm);
void storm_saturate_abort(struct storm *storm);
int storm_saturate_thread(void *arg);
void storm_saturate_end(struct storm *storm);

#endif /* _REFSTORM_STORM_INTERNAL_H */
