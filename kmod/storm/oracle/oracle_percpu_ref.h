/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle's subjects percpu_ref and sealed_ref: struct percpu_ref beside struct rs_percpu_ref,
 * or beside struct rs_sealed_ref.
 *
 * A pair knows what a correct user would know: the references that the user holds beyond
 * the initial one, whether the counter was killed, whether a switch may be under way.
 * From that follows which operations are legal. An operation that mainline does not
 * survive is left out, or done to our counter only: see the differences in
 * oracle_percpu_ref.c.
 *
 * A switch of rs_sealed_ref waits for no grace period. While mainline's switch is under way, ours
 * may be over. So a sealed pair takes only those steps then whose answers do not depend on that:
 * somebody keeps a reference, since at zero ours is released at once, and mainline's is not.
 */
#ifndef _REFSTORM_ORACLE_PERCPU_REF_H
#define _REFSTORM_ORACLE_PERCPU_REF_H

#include <linux/container_of.h>

#include <refstorm/percpu_ref.h>
#include <refstorm/sealed_ref.h>

#include "provider/mainline_percpu_ref.h"
#include "oracle_segment.h"

/*
 * SWITCHING	not killed, a switch is under way
 * DYING	killed, a switch is under way
 * DEAD		killed, no switch is under way, there are references
 * ZERO		killed, no switch is under way, there are no references
 *
 * An owner may put the initial reference without a kill, as md does with writes_pending.
 * The live counter is then at zero, and get takes it from there, in any mode. It is not
 * killed before the owner has got the initial reference back.
 */
enum {
	STATE_PERCPU, STATE_SWITCHING, STATE_ATOMIC, STATE_DYING, STATE_DEAD, STATE_ZERO,
	STATE_NR
};

#define P	BIT(STATE_PERCPU)
#define S	BIT(STATE_SWITCHING)
#define A	BIT(STATE_ATOMIC)
#define Y	BIT(STATE_DYING)
#define D	BIT(STATE_DEAD)
#define Z	BIT(STATE_ZERO)

#define LIVE	(P | S | A)
#define KILLED	(Y | D)
#define ALL	(LIVE | KILLED | Z)

/* Name, states, role in segments, whether it takes a number, states in which a segment begins. */
#define OPS(X)									\
	X(GET, "get", LIVE | KILLED, GET, false, LIVE | KILLED)			\
	X(GET_MANY, "get_many", ALL, GET, true, LIVE | KILLED)			\
	X(PUT, "put", LIVE | KILLED, PUT, false, LIVE | KILLED)			\
	X(PUT_MANY, "put_many", ALL, PUT, true, LIVE | KILLED)			\
	X(PUT_INITIAL, "put_initial", LIVE, NONE, false, 0)			\
	X(GET_INITIAL, "get_initial", LIVE, NONE, false, 0)			\
	X(TRYGET, "tryget", ALL, TRYGET, false, ALL)				\
	X(TRYGET_MANY, "tryget_many", ALL, TRYGET, true, ALL)			\
	X(TRYGET_LIVE, "tryget_live", ALL, TRYGET_LIVE, false, ALL)		\
	X(TRYGET_LIVE_RCU, "tryget_live_rcu", ALL, TRYGET_LIVE, false, ALL)	\
	X(KILL, "kill", LIVE, EXCLUSIVE, false, LIVE)				\
	X(KILL_CONFIRM, "kill_and_confirm", LIVE, EXCLUSIVE, false, LIVE)	\
	X(SECOND_KILL, "second_kill", KILLED | Z, EXCLUSIVE, false, KILLED | Z)	\
	X(SWITCH_TO_ATOMIC, "switch_to_atomic", ALL, SWITCH, false, LIVE)	\
	X(SWITCH_TO_ATOMIC_CONFIRM, "switch_to_atomic_confirm", ALL, SWITCH, false, LIVE) \
	X(SWITCH_TO_ATOMIC_SYNC, "switch_to_atomic_sync", ALL, SWITCH, false, LIVE) \
	X(SWITCH_TO_PERCPU, "switch_to_percpu", ALL, SWITCH, false, LIVE)	\
	X(RESURRECT, "resurrect", KILLED | Z, EXCLUSIVE, false, KILLED)		\
	X(REINIT, "reinit", Z, EXCLUSIVE, false, Z)				\
	X(IS_ZERO, "is_zero", ALL, READ, false, ALL)				\
	X(IS_DYING, "is_dying", ALL, READ, false, ALL)				\
	X(EXIT_INIT, "exit_init", P | A | D | Z, NONE, false, 0)

enum {
#define X(id, name, in, does, many, at_once) OP_##id,
	OPS(X)
#undef X
	OP_NR
};

/* Flags of init, for both counters */
#define BEGIN_ATOMIC	BIT(0)
#define BEGIN_DEAD	BIT(1)
#define BEGIN_REINIT	BIT(2)

enum { MODE_PERCPU, MODE_SWITCHING, MODE_ATOMIC };

enum callback { CALLBACK_CONFIRM_SWITCH = 1, CALLBACK_CONFIRM_KILL, CALLBACK_RELEASE };

/* Calls of one side's callbacks; order is a digest of their sequence. */
struct callback_calls {
	u32	released;
	u32	confirmed;
	u32	order;
};

struct percpu_pair;

/**
 * struct percpu_ours - calls of our counter, of either kind
 * @init: begin with flags of init
 * @exit: end
 * @perform: do a step, but for %OP_EXIT_INIT and %OP_SECOND_KILL
 * @inspect: answer all fields but those of a step
 * @kill_again: kill with a confirmation; returns what kill did
 * @is_zero: ask
 * @is_dying: ask
 * @switch_to_percpu: switch
 */
struct percpu_ours {
	int	(*init)(struct percpu_pair *pair, u32 flags);
	void	(*exit)(struct percpu_pair *pair);
	void	(*perform)(struct percpu_pair *pair, const struct oracle_step *step, s64 *ret);
	void	(*inspect)(struct percpu_pair *pair, struct oracle_answer *answer);
	bool	(*kill_again)(struct percpu_pair *pair);
	bool	(*is_zero)(struct percpu_pair *pair);
	bool	(*is_dying)(struct percpu_pair *pair);
	void	(*switch_to_percpu)(struct percpu_pair *pair);
};

struct percpu_pair {
	struct oracle_pair	base;
	struct percpu_ref	mainline;
	union {
		struct rs_percpu_ref	ours;
		struct rs_sealed_ref	sealed;
	};
	const struct percpu_ours *calls_ours;
	bool			prompt;		/* our switches wait for no grace period */
	struct callback_calls	calls[SIDES];
	u64			held;		/* references beyond the initial one */
	bool			initial_put;	/* alive, without the initial reference */
	bool			alive;		/* between init and exit */
	bool			killed;
	bool			switching;	/* a switch began since the last settle */
	bool			allow_reinit;	/* may be resurrected */
	bool			looks_dead;	/* mainline's: switched without ALLOW_REINIT */
	bool			opposed_switches; /* the segment switches both ways */
	bool			segment_kills;	/* the segment has a kill */
	bool			segment_revives; /* the segment has resurrect or reinit */
};

static inline struct percpu_pair *to_pair(struct oracle_pair *pair)
{
	return container_of(pair, struct percpu_pair, base);
}

static inline bool is_percpu(struct percpu_pair *pair)
{
	unsigned long __percpu *slots;

	return __ref_is_percpu(&pair->mainline, &slots);
}

/*
 * References that surely keep the counter from zero: the user's, and the owner's initial one.
 */
static inline u64 oracle_percpu_kept(const struct percpu_pair *pair)
{
	return pair->held + (!pair->killed && !pair->initial_put);
}

/* Ours may have ended a switch that mainline's has not. */
static inline bool oracle_percpu_is_ahead(const struct percpu_pair *pair)
{
	return pair->prompt && pair->switching;
}

/* oracle_percpu_ref_legal.c */
extern const struct oracle_op oracle_percpu_ops[OP_NR], oracle_sealed_ops[OP_NR];
unsigned int oracle_percpu_state(struct oracle_pair *base);
bool oracle_percpu_legal(struct oracle_pair *base, const struct oracle_step *step);
bool oracle_percpu_draw(struct oracle_pair *base, enum oracle_when when,
			struct rs_sequence *seq, struct oracle_step *step);
void oracle_percpu_performed(struct percpu_pair *pair, const struct oracle_step *step,
			     bool was_percpu, bool ret);

/* oracle_percpu_ref_segment.c */
bool oracle_percpu_segment_fits(const struct oracle_segment *segment,
				const struct oracle_step *step);
void oracle_percpu_segment_prepare(struct oracle_segment *segment);
void oracle_percpu_segment_end(struct oracle_pair *base);

#endif /* _REFSTORM_ORACLE_PERCPU_REF_H */
