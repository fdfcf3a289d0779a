/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle's subject percpu_ref: struct percpu_ref beside struct rs_percpu_ref.
 *
 * A pair keeps a ledger of what a correct user would know: the references that
 * it holds beyond the owner's, whether it killed, whether a switch may still be
 * under way. From that follows what is legal. Not all that mainline survives is
 * told by its documentation; what it does not survive is left out, or done to
 * ours alone: see the differences in oracle_percpu_ref.c.
 */
#ifndef _REFSTORM_ORACLE_PERCPU_REF_H
#define _REFSTORM_ORACLE_PERCPU_REF_H

#include <linux/container_of.h>

#include <refstorm/percpu_ref.h>

#include "provider/mainline_percpu_ref.h"
#include "oracle_segment.h"

/*
 * switching: not killed, switch under way; dying: killed, switch under way;
 * dead: killed, and no switch under way, but references; zero: none of these.
 *
 * An owner may put the initial reference without a kill, as md does: the counter lives at
 * zero then, and is got from there, in whatever mode. It is not killed before the
 * reference is back.
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

/* Name, states; in segments role, whether it says how many, states in which they begin. */
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

/* Flags of a birth, for both */
#define BEGIN_ATOMIC	BIT(0)
#define BEGIN_DEAD	BIT(1)
#define BEGIN_REINIT	BIT(2)

enum { MODE_PERCPU, MODE_SWITCHING, MODE_ATOMIC };

enum event { EVENT_CONFIRM_SWITCH = 1, EVENT_CONFIRM_KILL, EVENT_RELEASE };

/* What one side's callbacks said; order is a digest of their sequence. */
struct tally {
	u32	released;
	u32	confirmed;
	u32	order;
};

struct percpu_pair {
	struct oracle_pair	base;
	struct percpu_ref	mainline;
	struct rs_percpu_ref	ours;
	struct tally		tally[SIDES];
	u64			held;		/* beyond the owner's */
	bool			bare;		/* alive, and the owner's was put */
	bool			alive;		/* between init and exit */
	bool			killed;
	bool			switching;	/* since the last settling */
	bool			reinit;		/* may be resurrected */
	bool			spoilt;		/* switched though it may not be */
	bool			opposed;	/* in a segment: switches go both ways */
	bool			kill;		/* somebody kills */
	bool			revive;		/* or takes a kill back */
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

/* oracle_percpu_ref_legal.c */
extern const struct oracle_op oracle_percpu_ref_ops[OP_NR];
unsigned int oracle_percpu_ref_state(struct oracle_pair *base);
bool oracle_percpu_ref_legal(struct oracle_pair *base, const struct oracle_step *step);
bool oracle_percpu_ref_draw(struct oracle_pair *base, enum oracle_when when,
			    struct rs_sequence *seq, struct oracle_step *step);
void oracle_percpu_ref_enter(struct percpu_pair *pair, const struct oracle_step *step,
			     bool was_percpu, bool taken);

/* oracle_percpu_ref_segment.c */
bool oracle_percpu_ref_fits(const struct oracle_segment *segment,
			    const struct oracle_step *step);
void oracle_percpu_ref_prepare(struct oracle_segment *segment);
void oracle_percpu_ref_joined(struct oracle_pair *base);

#endif /* _REFSTORM_ORACLE_PERCPU_REF_H */
