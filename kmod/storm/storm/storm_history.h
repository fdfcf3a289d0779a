/* SPDX-License-Identifier: GPL-2.0 */
/* The notes of what was done to an object, for the history file and the tracepoint. */
#ifndef _REFSTORM_STORM_HISTORY_H
#define _REFSTORM_STORM_HISTORY_H

#include <linux/types.h>

struct seq_file;
struct storm;
struct storm_object;

/* A get is noted after it returned, a put before it begins, as in ledgers. */
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
	X(VIOLATION, "violation")

#define STORM_NOTE_ENUM(id, name) STORM_NOTE_##id,
enum storm_note_what { STORM_NOTES(STORM_NOTE_ENUM) STORM_NOTE_NR };

/* The actor of a note: a worker's index, or one of these */
#define STORM_ACTOR_KILLER	0xfffe
#define STORM_ACTOR_COUNTER	0xffff	/* a callback of the counter */

struct storm_note {
	u64	time_ns;
	u32	generation;	/* of the object in its slot; 0: never written */
	u32	nr;
	u16	actor;
	u16	life;
	u16	cpu;
	u8	slot;
	u8	what;		/* enum storm_note_what */
	u8	context;	/* enum rs_context */
	u8	result;
};

int storm_history_begin(struct storm *storm);
void storm_history_free(struct storm *storm);
void storm_history_keep(struct storm *storm);
void storm_history_show(struct seq_file *m);
void storm_note(struct storm *storm, const struct storm_object *object, unsigned int actor,
		enum storm_note_what what, u32 nr, bool result);

#endif /* _REFSTORM_STORM_HISTORY_H */
