// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle's subjects refcount and kref: refcount_t beside rs_refcount_t, struct kref
 * beside struct rs_kref.
 */
#include <linux/container_of.h>
#include <linux/limits.h>
#include <linux/minmax.h>

#include "oracle_refcount.h"

#define NEAR_MAX	64
#define SHARE_MAX	64		/* references that threads may share */
#define MISUSE_SHARE	BIT(20)		/* references that a thread of a misuse may put */

#define OP_ROW(id, op_name, op_role, is_many, in_states) {		\
		.name = op_name, .states = STATES_ALL,			\
		.concurrent = in_states, .role = ROLE_##op_role, .many = is_many, \
	},

static const struct oracle_op refcount_ops[OP_NR] = { REFCOUNT_OPS(OP_ROW) };
static const struct oracle_op kref_ops[OP_KREF_NR] = { KREF_OPS(OP_ROW) };

static_assert(OP_NR <= ORACLE_OPS_MAX);
static_assert((int)OP_SET == (int)OP_KREF_SET);

static const char * const states[STATE_NR] = {
	[STATE_ZERO]		= "zero",
	[STATE_ONE]		= "one",
	[STATE_SOME]		= "some",
	[STATE_NEAR_MAX]	= "near_max",
	[STATE_MAX]		= "max",
	[STATE_SATURATED]	= "saturated",
};

static struct refcount_pair *to_pair(struct oracle_pair *pair)
{
	return container_of(pair, struct refcount_pair, base);
}

static bool oracle_refcount_is_kref(const struct oracle_pair *base)
{
	return base->run->subject == &oracle_kref;
}

static void oracle_refcount_one_side(struct oracle_pair *base, enum oracle_side side,
				     const struct oracle_step *step,
				     struct oracle_answer *answer)
{
	if (oracle_refcount_is_kref(base))
		oracle_kref_do(to_pair(base), side, step, answer);
	else
		oracle_refcount_do(to_pair(base), side, step, answer);
}

static int oracle_refcount_perform(struct oracle_pair *base, const struct oracle_step *step,
				   struct oracle_answer *answers)
{
	oracle_refcount_one_side(base, MAINLINE, step, &answers[MAINLINE]);
	oracle_refcount_one_side(base, OURS, step, &answers[OURS]);
	return 0;
}

static bool oracle_refcount_segment_step(struct oracle_pair *base, enum oracle_side side,
					 const struct oracle_step *step)
{
	struct oracle_answer answer = {};

	oracle_refcount_one_side(base, side, step, &answer);
	return answer.field[FIELD_RET];
}

static int oracle_refcount_init(struct oracle_pair *base)
{
	kref_init(&to_pair(base)->mainline);
	rs_kref_init(&to_pair(base)->ours);
	return 0;
}

static void oracle_refcount_exit(struct oracle_pair *base)
{
}

static unsigned int oracle_refcount_count(struct oracle_pair *base)
{
	return kref_read(&to_pair(base)->mainline);
}

static unsigned int oracle_refcount_state(struct oracle_pair *base)
{
	unsigned int count = oracle_refcount_count(base);

	if (count <= 1)
		return count ? STATE_ONE : STATE_ZERO;
	if (count >= INT_MAX)
		return count == INT_MAX ? STATE_MAX : STATE_SATURATED;
	/* A segment that begins in STATE_SOME does not reach the end. */
	return count < INT_MAX - SEGMENT_REACH ? STATE_SOME : STATE_NEAR_MAX;
}

/* A value to set: each state is equally likely. */
static u32 oracle_refcount_draw_value(struct rs_sequence *seq)
{
	switch (rs_sequence_below(seq, STATE_NR)) {
	case STATE_ZERO:
		return 0;
	case STATE_ONE:
		return 1;
	case STATE_SOME:
		return 2 + rs_sequence_below(seq, rs_sequence_below(seq, 2) ? 6 : 1 << 30);
	case STATE_NEAR_MAX:
		return INT_MAX - 1 - rs_sequence_below(seq, NEAR_MAX);
	case STATE_MAX:
		return INT_MAX;
	default:
		return REFCOUNT_SATURATED;
	}
}

/* A number to add or subtract: most of them lead to the end of a range, or just past it. */
static u32 oracle_refcount_draw_amount(struct rs_sequence *seq, unsigned int count)
{
	switch (rs_sequence_below(seq, 8)) {
	case 0:
		return 0;
	case 1:
		return rs_sequence_below(seq, INT_MAX);
	case 2:
		return INT_MAX;
	case 3:
		return min_t(u64, count, INT_MAX);
	case 4:
		return min_t(u64, (u64)count + 1, INT_MAX);
	case 5:
		return count <= INT_MAX ? INT_MAX - count : 1;
	case 6:
		return count && count <= INT_MAX ? INT_MAX - count + 1 : 1;
	default:
		return 1 + rs_sequence_below(seq, 4);
	}
}

static bool oracle_refcount_draw(struct oracle_pair *base, enum oracle_when when,
				 struct rs_sequence *seq, struct oracle_step *step)
{
	const struct oracle_subject *subject = base->run->subject;
	unsigned int count = oracle_refcount_count(base);
	const struct oracle_op *op;

	if (when != WHEN_MIDDLE)
		return false;
	step->op = rs_sequence_below(seq, 3) ? rs_sequence_below(seq, subject->nr_ops) : OP_SET;
	op = &subject->ops[step->op];
	if (op->many && op->role == ROLE_NONE)
		step->nr = oracle_refcount_draw_value(seq);
	else if (!oracle_refcount_is_kref(base))	/* also for those that take no number */
		step->nr = oracle_refcount_draw_amount(seq, count);
	if (op->role == ROLE_TRYGET_LIMIT)
		step->limit = oracle_refcount_draw_amount(seq, count);
	return true;
}

static bool oracle_refcount_legal(struct oracle_pair *base, const struct oracle_step *step)
{
	return true;
}

/* A limit for an operation of a segment, near the count. */
static u32 oracle_refcount_draw_limit(struct oracle_pair *base, struct rs_sequence *seq)
{
	unsigned int count = oracle_refcount_count(base);

	return count < INT_MAX - NEAR_MAX ? count + rs_sequence_below(seq, 16) : INT_MAX;
}

static void oracle_refcount_segment_prepare(struct oracle_segment *segment)
{
	unsigned int count = oracle_refcount_count(segment->pair), i;

	segment->misused = !(BIT(segment->state) & COUNTS);
	segment->referenced = true;
	segment->live_certain = true;
	if (segment->misused) {
		for (i = 0; i < ORACLE_THREADS; i++)
			segment->share[i] = MISUSE_SHARE;
	} else if (segment->bits & SEGMENT_DROP_ALL && count <= SHARE_MAX) {
		segment->referenced = false;
		oracle_segment_share(segment, count);
	}
}

static void oracle_refcount_inspect(struct oracle_pair *base, struct oracle_answer *answers)
{
	struct refcount_pair *pair = to_pair(base);
	unsigned int side;

	answers[MAINLINE].field[FIELD_COUNT] = kref_read(&pair->mainline);
	answers[OURS].field[FIELD_COUNT] = rs_kref_read(&pair->ours);
	for (side = 0; side < SIDES; side++)
		answers[side].field[FIELD_RELEASED] = atomic_read(&pair->released[side]);
}

static void oracle_refcount_resync(struct oracle_pair *base)
{
	rs_refcount_set(&to_pair(base)->ours.refcount, oracle_refcount_count(base));
}

static bool oracle_refcount_ours_saturated(const struct oracle_answer *answers)
{
	return answers[OURS].field[FIELD_COUNT] == (u32)RS_REFCOUNT_SATURATED;
}

static bool oracle_refcount_explains_sub_none(struct oracle_pair *base,
					      const struct oracle_step *step, unsigned int state,
					      const struct oracle_answer *answers)
{
	return (step->op == OP_SUB_AND_TEST || step->op == OP_SUB_AND_TEST_OLD) &&
	       !step->nr && state == STATE_ZERO && oracle_refcount_ours_saturated(answers) &&
	       !answers[OURS].field[FIELD_RET] &&
	       oracle_agree_but(answers, BIT(FIELD_RET) | BIT(FIELD_COUNT));
}

/* The functions that lock, of refcount and of kref, use dec_not_one. */
static bool oracle_refcount_explains_dec_not_one(struct oracle_pair *base,
						 const struct oracle_step *step,
						 unsigned int state,
						 const struct oracle_answer *answers)
{
	bool uses_it = oracle_refcount_is_kref(base) ? step->op >= OP_KREF_PUT_MUTEX :
		step->op == OP_DEC_NOT_ONE || step->op >= OP_DEC_AND_MUTEX_LOCK;

	return uses_it && state == STATE_ZERO && oracle_refcount_ours_saturated(answers) &&
	       oracle_agree_but(answers, BIT(FIELD_COUNT));
}

static bool oracle_refcount_explains_acquire(struct oracle_pair *base,
					     const struct oracle_step *step, unsigned int state,
					     const struct oracle_answer *answers)
{
	switch (step->op) {
	case OP_INC_NOT_ZERO_ACQUIRE:
	case OP_ADD_NOT_ZERO_ACQUIRE:
	case OP_INC_NOT_ZERO_ACQUIRE_OLD:
	case OP_ADD_NOT_ZERO_ACQUIRE_OLD:
		return oracle_refcount_ours_saturated(answers) &&
		       answers[OURS].field[FIELD_RET] &&
		       oracle_agree_but(answers, BIT(FIELD_RET) | BIT(FIELD_COUNT));
	}
	return false;
}

static bool oracle_refcount_explains_limited(struct oracle_pair *base,
					     const struct oracle_step *step, unsigned int state,
					     const struct oracle_answer *answers)
{
	return (step->op == OP_INC_LIMITED || step->op == OP_ADD_LIMITED) &&
	       state == STATE_SATURATED && oracle_refcount_ours_saturated(answers) &&
	       answers[OURS].field[FIELD_RET] && !answers[MAINLINE].field[FIELD_RET] &&
	       oracle_agree_but(answers, BIT(FIELD_RET) | BIT(FIELD_COUNT));
}

/* The first difference is kref's, too. */
static const struct oracle_difference differences[] = {
	{ "dec_not_one_of_zero", "refcount_dec_not_one(0) warns, and does not saturate",
	  oracle_refcount_dec_not_one_leaves_zero, oracle_refcount_explains_dec_not_one },
	{ "sub_none_of_zero", "refcount_sub_and_test(0) on 0 is true before 6.11",
	  oracle_refcount_sub_none_is_true, oracle_refcount_explains_sub_none },
	{ "acquire_saturated", "*_not_zero_acquire at saturation is false, silently",
	  oracle_refcount_acquire_does_not_saturate, oracle_refcount_explains_acquire },
	{ "limited_saturated", "*_limited_acquire at saturation is false where the limit wraps",
	  NULL, oracle_refcount_explains_limited },
};

#define REFCOUNT_SUBJECT						\
	.states		= states,					\
	.nr_states	= STATE_NR,					\
	.differences	= differences,					\
	.pair_size	= sizeof(struct refcount_pair),			\
	.rounds		= 4,						\
	.round_steps	= 32,						\
	.provoke_warnings = oracle_refcount_provoke,			\
	.init		= oracle_refcount_init,				\
	.exit		= oracle_refcount_exit,				\
	.state		= oracle_refcount_state,			\
	.draw		= oracle_refcount_draw,				\
	.legal		= oracle_refcount_legal,			\
	.perform	= oracle_refcount_perform,			\
	.inspect	= oracle_refcount_inspect,			\
	.resync		= oracle_refcount_resync,			\
	.segment_one_in	= 12,						\
	.rare_states	= STATES_ALL & ~COUNTS,				\
	.segment_prepare = oracle_refcount_segment_prepare,		\
	.segment_step	= oracle_refcount_segment_step

const struct oracle_subject oracle_refcount = {
	REFCOUNT_SUBJECT,
	.name		= "refcount",
	.ops		= refcount_ops,
	.nr_ops		= OP_NR,
	.nr_differences	= ARRAY_SIZE(differences),
	.put_op		= OP_SUB_AND_TEST,
	.draw_limit	= oracle_refcount_draw_limit,
};

const struct oracle_subject oracle_kref = {
	REFCOUNT_SUBJECT,
	.name		= "kref",
	.ops		= kref_ops,
	.nr_ops		= OP_KREF_NR,
	.nr_differences	= 1,
	.put_op		= OP_KREF_PUT,
};
