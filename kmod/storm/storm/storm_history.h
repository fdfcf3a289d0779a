/* SPDX-License-Identifier: GPL-2.0 */
/* The notes of what was done to an object, for the history file and the tracepoint. */
#ifndef _REFSTORM_STORM_HISTORY_H
#define _REFSTORM_STORM_HISTORY_H

#include <linux/atomic.h>
#include <linux/types.h>

#include "storm_account.h"

struct seq_file;
struct storm;
struct storm_object;
struct storm_worker;

/*
 * A get is noted after it returned, a put before it begins, as in ledgers. New notes go to the
 * end: filters of the tracepoint have their numbers.
 */
#define STORM_NOTES(X)					\
	X(PUBLISH, "publish")				\
	X(ACQUIRE, "acquire")				\
	X(ACQUIRE_LIVE, "acquire_live")			\
	X(GET, "get")					\
	X(TRYGET, "tryget")				\
	X(PUT, "put")					\
	X(KILL, "kill")					\
	X(KILLED, "killed")				\
	X(CONFIRM, "confirm")				\
	X(DRAIN, "drain")				\
	X(RELEASE, "release")				\
	X(END, "end")					\
	X(RETIRE, "retire")				\
	X(RESURRECT, "resurrect")			\
	X(REINIT, "reinit")				\
	X(SWITCH_TO_ATOMIC, "switch_to_atomic")		\
	X(SWITCH_TO_PERCPU, "switch_to_percpu")		\
	X(TRACK, "track")				\
	X(UNTRACK, "untrack")				\
	X(VIOLATION, "violation")			\
	X(RESURRECTED, "resurrected")			\
	X(REINITED, "reinited")				\
	X(SWITCHED, "switched")

#define STORM_NOTE_ENUM(id, name) STORM_NOTE_##id,
enum storm_note_what { STORM_NOTES(STORM_NOTE_ENUM) STORM_NOTE_NR };

/* The actor of a note: a worker's index, or one of these */
#define STORM_ACTOR_KILLER	0xfffe
#define STORM_ACTOR_COUNTER	0xffff	/* a callback of the counter */

/**
 * struct storm_note - what was done to an object
 * @time_ns: when
 * @generation: of the object in its slot; 0: never written
 * @nr: number of references
 * @look: of notes of an object's life and of switches: the counter and the ledgers; else @held
 *	is the worker's ledger after the operation
 * @times: of a try that was refused: how many there were on this CPU so far
 * @actor: a worker's index, or STORM_ACTOR_KILLER or the like
 * @life: number of the object's life
 * @cpu: where
 * @slot: of the object
 * @what: enum storm_note_what
 * @context: enum rs_context
 * @result: what the operation returned
 * @looked: @look is valid, all of it
 */
struct storm_note {
	u64			time_ns;
	u32			generation;
	u32			nr;
	struct storm_look	look;
	u32			times;
	u16			actor;
	u16			life;
	u16			cpu;
	u8			slot;
	u8			what;
	u8			context;
	bool			result;
	bool			looked;
};

#define STORM_LIFE_NOTES	8	/* of an object: those of one life, in most storms */

/* Notes of an object's life: the last of them */
struct storm_notes {
	atomic_t		next;
	struct storm_note	note[STORM_LIFE_NOTES];
};

int storm_history_begin(struct storm *storm);
void storm_history_free(struct storm *storm);
void storm_history_keep(struct storm *storm);
void storm_history_show(struct seq_file *m);
void storm_note(struct storm *storm, struct storm_object *object, unsigned int actor,
		enum storm_note_what what, u32 nr, bool result);
void storm_note_use(struct storm_worker *worker, const struct storm_object *object,
		    enum storm_note_what what, u32 nr, bool result, u32 held);

#endif /* _REFSTORM_STORM_HISTORY_H */
