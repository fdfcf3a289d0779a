// SPDX-License-Identifier: GPL-2.0
/* The oracle's subject kref: struct kref beside struct rs_kref. */
#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include <refstorm/kref.h>

#include "oracle_refcount.h"

enum {
	OP_SET, OP_INIT, OP_READ, OP_GET, OP_GET_UNLESS_ZERO, OP_PUT, OP_PUT_MUTEX,
	OP_PUT_LOCK, OP_NR
};

#define DROPS (ORACLE_REFCOUNT_COUNTS | BIT(STATE_SATURATED))

/* When a segment can begin: see oracle_refcount.c. */
static const struct oracle_op ops[OP_NR] = {
	[OP_SET]	= { "KREF_INIT", STATES_ALL },
	[OP_INIT]	= { "init", STATES_ALL },
	[OP_READ]	= { "read", STATES_ALL, STATES_ALL, ROLE_READ },
	[OP_GET]	= { "get", STATES_ALL, STATES_ALL, ROLE_GET },
	[OP_GET_UNLESS_ZERO] = { "get_unless_zero", STATES_ALL, STATES_ALL, ROLE_TRYGET },
	[OP_PUT]	= { "put", STATES_ALL, DROPS, ROLE_PUT },
	[OP_PUT_MUTEX]	= { "put_mutex", STATES_ALL, DROPS, ROLE_PUT },
	[OP_PUT_LOCK]	= { "put_lock", STATES_ALL, DROPS, ROLE_PUT },
};

struct kref_pair {
	struct oracle_pair	base;
	struct kref		mainline;
	struct rs_kref		ours;
	atomic_t		released[SIDES];
	/* In release(). Of concurrent segments it is the last one's word, and nobody asks. */
	bool			locked[SIDES];
};

static DEFINE_MUTEX(the_mutex);
static DEFINE_SPINLOCK(the_spinlock);

static bool spinlock_is_held(void)
{
	bool is_free = spin_trylock(&the_spinlock);

	if (is_free)
		spin_unlock(&the_spinlock);
	return !is_free;
}

#define SIDE(name)	mainline_##name
#define TYPE		kref
#define FN(name)	kref_##name
#define SET(kref, n)	(*(kref) = (struct kref)KREF_INIT(n))
#define WHICH		MAINLINE
#define WHICH_MEMBER	mainline
#include "oracle_kref_side.h"
#undef SIDE
#undef TYPE
#undef FN
#undef SET
#undef WHICH
#undef WHICH_MEMBER

#define SIDE(name)	ours_##name
#define TYPE		rs_kref
#define FN(name)	rs_kref_##name
#define SET(kref, n)	(*(kref) = (struct rs_kref)RS_KREF_INIT(n))
#define WHICH		OURS
#define WHICH_MEMBER	ours
#include "oracle_kref_side.h"

static struct kref_pair *to_pair(struct oracle_pair *pair)
{
	return container_of(pair, struct kref_pair, base);
}

static int kref_pair_init(struct oracle_pair *base)
{
	kref_init(&to_pair(base)->mainline);
	rs_kref_init(&to_pair(base)->ours);
	return 0;
}

static void kref_pair_nothing(struct oracle_pair *base)
{
}

static unsigned int kref_pair_state(struct oracle_pair *base)
{
	return oracle_refcount_state(kref_read(&to_pair(base)->mainline));
}

static bool kref_pair_draw(struct oracle_pair *base, enum oracle_when when,
			   struct rs_sequence *seq, struct oracle_step *step)
{
	if (when != WHEN_MIDDLE)
		return false;
	step->op = rs_sequence_below(seq, 3) ? rs_sequence_below(seq, OP_NR) : OP_SET;
	if (step->op == OP_SET)
		step->nr = oracle_refcount_value(seq);
	return true;
}

static bool kref_pair_legal(struct oracle_pair *base, const struct oracle_step *step)
{
	return true;
}

static int kref_pair_perform(struct oracle_pair *base, const struct oracle_step *step,
			     struct oracle_answer *answers)
{
	mainline_perform(&to_pair(base)->mainline, step, &answers[MAINLINE]);
	ours_perform(&to_pair(base)->ours, step, &answers[OURS]);
	return 0;
}

static void kref_pair_prepare(struct oracle_segment *segment)
{
	oracle_refcount_prepare(segment, kref_read(&to_pair(segment->pair)->mainline));
}

static bool kref_pair_concurrent(struct oracle_pair *base, enum oracle_side side,
				 const struct oracle_step *step)
{
	struct oracle_answer answer = {};

	if (side == MAINLINE)
		mainline_perform(&to_pair(base)->mainline, step, &answer);
	else
		ours_perform(&to_pair(base)->ours, step, &answer);
	return answer.field[FIELD_RET];
}

static void kref_pair_look(struct oracle_pair *base, struct oracle_answer *answers)
{
	struct kref_pair *pair = to_pair(base);
	unsigned int side;

	answers[MAINLINE].field[FIELD_COUNT] = kref_read(&pair->mainline);
	answers[OURS].field[FIELD_COUNT] = rs_kref_read(&pair->ours);
	for (side = 0; side < SIDES; side++)
		answers[side].field[FIELD_RELEASED] = atomic_read(&pair->released[side]);
}

static void kref_pair_resync(struct oracle_pair *base)
{
	struct kref_pair *pair = to_pair(base);

	pair->ours = (struct rs_kref)RS_KREF_INIT(kref_read(&pair->mainline));
}

static bool explains_dec_not_one(struct oracle_pair *pair, const struct oracle_step *step,
				 unsigned int state, const struct oracle_answer *answers)
{
	return (step->op == OP_PUT_MUTEX || step->op == OP_PUT_LOCK) &&
	       state == STATE_ZERO &&
	       answers[OURS].field[FIELD_COUNT] == (u32)RS_REFCOUNT_SATURATED &&
	       oracle_agree_but(answers, BIT(FIELD_COUNT));
}

static const struct oracle_difference differences[] = {
	{ "dec_not_one_of_zero", "refcount_dec_not_one(0) warns, and does not saturate",
	  oracle_dec_not_one_leaves_zero, explains_dec_not_one },
};

const struct oracle_subject oracle_kref = {
	.name		= "kref",
	.ops		= ops,
	.nr_ops		= OP_NR,
	.states		= oracle_refcount_states,
	.nr_states	= STATE_NR,
	.differences	= differences,
	.nr_differences	= ARRAY_SIZE(differences),
	.pair_size	= sizeof(struct kref_pair),
	.rounds		= 4,
	.round_steps	= 32,
	.provoke_warnings = oracle_refcount_provoke,
	.init		= kref_pair_init,
	.exit		= kref_pair_nothing,
	.state		= kref_pair_state,
	.draw		= kref_pair_draw,
	.legal		= kref_pair_legal,
	.perform	= kref_pair_perform,
	.inspect	= kref_pair_look,
	.settled	= kref_pair_nothing,
	.resync		= kref_pair_resync,
	.segment_one_in	= 12,
	.rare_states	= STATES_ALL & ~ORACLE_REFCOUNT_COUNTS,
	.put_op		= OP_PUT,
	.segment_prepare = kref_pair_prepare,
	.segment_step	= kref_pair_concurrent,
};
