// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle's subject refcount: refcount_t beside rs_refcount_t.
 *
 * Where this kernel lacks an operation of a later one, ours is compared with
 * what it is documented to equal: the acquire forms with the plain ones,
 * set_release with set, the limited forms with a few lines here.
 */
#include <linux/irqflags.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

#include <refstorm/refcount.h>

#include "oracle_refcount.h"

#define NEAR_MAX	64
#define SPEND_MAX	64	/* references that threads share, at most */
#define RAW_SHARE	BIT(20)	/* what a misused count lets each put */

/*
 * States in which a segment can begin, and what can be in it. Where a count is
 * misused its end is the same in every order all the same: once saturated, each
 * operation sets it so again after its own addition, and additions alone lead from
 * near_max and max past the end or not. The acquire forms differ there.
 */
#define COUNTS		ORACLE_REFCOUNT_COUNTS
#define DROPS		(COUNTS | BIT(STATE_SATURATED))

#define OPS(X)									\
	X(READ, "read", READ, false, STATES_ALL)				\
	X(SET, "set", NONE, true, 0)						\
	X(SET_RELEASE, "set_release", NONE, true, 0)				\
	X(INC, "inc", GET, false, STATES_ALL)					\
	X(ADD, "add", GET, true, STATES_ALL)					\
	X(DEC, "dec", PUT_SPARE, false, DROPS)					\
	X(INC_NOT_ZERO, "inc_not_zero", TRYGET, false, STATES_ALL)		\
	X(ADD_NOT_ZERO, "add_not_zero", TRYGET, true, STATES_ALL)		\
	X(INC_NOT_ZERO_ACQUIRE, "inc_not_zero_acquire", TRYGET, false, COUNTS)	\
	X(ADD_NOT_ZERO_ACQUIRE, "add_not_zero_acquire", TRYGET, true, COUNTS)	\
	X(SUB_AND_TEST, "sub_and_test", PUT, true, DROPS)			\
	X(DEC_AND_TEST, "dec_and_test", PUT, false, DROPS)			\
	X(DEC_IF_ONE, "dec_if_one", PUT_IF_LAST, false, DROPS)			\
	X(DEC_NOT_ONE, "dec_not_one", PUT_IF_NOT, false, DROPS)			\
	X(INC_OLD, "__inc", GET, false, STATES_ALL)				\
	X(ADD_OLD, "__add", GET, true, STATES_ALL)				\
	X(DEC_OLD, "__dec", PUT_SPARE, false, DROPS)				\
	X(INC_NOT_ZERO_OLD, "__inc_not_zero", TRYGET, false, STATES_ALL)	\
	X(ADD_NOT_ZERO_OLD, "__add_not_zero", TRYGET, true, STATES_ALL)		\
	X(INC_NOT_ZERO_ACQUIRE_OLD, "__inc_not_zero_acquire", TRYGET, false, COUNTS) \
	X(ADD_NOT_ZERO_ACQUIRE_OLD, "__add_not_zero_acquire", TRYGET, true, COUNTS) \
	X(INC_LIMITED, "__inc_not_zero_limited_acquire", TRYGET_LIMIT, false, COUNTS) \
	X(ADD_LIMITED, "__add_not_zero_limited_acquire", TRYGET_LIMIT, true, COUNTS) \
	X(SUB_AND_TEST_OLD, "__sub_and_test", PUT, true, DROPS)			\
	X(DEC_AND_TEST_OLD, "__dec_and_test", PUT, false, DROPS)		\
	X(DEC_AND_MUTEX_LOCK, "dec_and_mutex_lock", PUT, false, DROPS)		\
	X(DEC_AND_LOCK, "dec_and_lock", PUT, false, DROPS)			\
	X(DEC_AND_LOCK_IRQSAVE, "dec_and_lock_irqsave", PUT, false, DROPS)

enum {
#define X(id, name, does, many, at_once) OP_##id,
	OPS(X)
#undef X
	OP_NR
};

static_assert(OP_NR <= ORACLE_OPS_MAX);

static const struct oracle_op ops[OP_NR] = {
#define X(id, op_name, does, is_many, at_once) {			\
		.name = op_name, .states = STATES_ALL,			\
		.concurrent = at_once, .role = ROLE_##does, .many = is_many,	\
	},
	OPS(X)
#undef X
};

const char * const oracle_refcount_states[STATE_NR] = {
	[STATE_ZERO]		= "zero",
	[STATE_ONE]		= "one",
	[STATE_SOME]		= "some",
	[STATE_NEAR_MAX]	= "near_max",
	[STATE_MAX]		= "max",
	[STATE_SATURATED]	= "saturated",
};

struct refcount_pair {
	struct oracle_pair	base;
	refcount_t		mainline;
	rs_refcount_t		ours;
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

#if !RS_HAVE_REFCOUNT_LIMITED
/* What Linux has since 6.15, where int wraps around. */
static bool model_add_not_zero_limited_acquire(int i, refcount_t *r, int *oldp, int limit)
{
	int old = refcount_read(r);

	do {
		*oldp = old;
		if (!old || i > limit - old)
			return false;
	} while (!atomic_try_cmpxchg_acquire(&r->refs, &old, old + i));
	if (old < 0 || old + i < 0)
		refcount_warn_saturate(r, REFCOUNT_ADD_NOT_ZERO_OVF);
	return true;
}

static bool model_inc_not_zero_limited_acquire(refcount_t *r, int *oldp, int limit)
{
	return model_add_not_zero_limited_acquire(1, r, oldp, limit);
}
#endif

#if !RS_HAVE_REFCOUNT_ACQUIRE
#define model_set_release(r, n)				refcount_set(r, n)
#define model_inc_not_zero_acquire(r)			refcount_inc_not_zero(r)
#define model_add_not_zero_acquire(i, r)		refcount_add_not_zero(i, r)
#define __model_inc_not_zero_acquire(r, oldp)		__refcount_inc_not_zero(r, oldp)
#define __model_add_not_zero_acquire(i, r, oldp)	__refcount_add_not_zero(i, r, oldp)
#endif

#define SIDE(name)	mainline_##name
#define TYPE		refcount_struct
#define FN(name)	refcount_##name
#define TWIN(name)	__refcount_##name
#if RS_HAVE_REFCOUNT_ACQUIRE
#define ACQUIRING(name)	refcount_##name
#define TWIN_ACQUIRING(name) __refcount_##name
#else
#define ACQUIRING(name)	model_##name
#define TWIN_ACQUIRING(name) __model_##name
#endif
#if RS_HAVE_REFCOUNT_LIMITED
#define LIMITED(name)	__refcount_##name
#else
#define LIMITED(name)	model_##name
#endif
#include "oracle_refcount_side.h"
#undef SIDE
#undef TYPE
#undef FN
#undef TWIN
#undef ACQUIRING
#undef TWIN_ACQUIRING
#undef LIMITED

#define SIDE(name)	ours_##name
#define TYPE		rs_refcount_struct
#define FN(name)	rs_refcount_##name
#define TWIN(name)	__rs_refcount_##name
#define ACQUIRING(name)	rs_refcount_##name
#define TWIN_ACQUIRING(name) __rs_refcount_##name
#define LIMITED(name)	__rs_refcount_##name
#include "oracle_refcount_side.h"

static struct refcount_pair *to_pair(struct oracle_pair *pair)
{
	return container_of(pair, struct refcount_pair, base);
}

unsigned int oracle_refcount_state(unsigned int count)
{
	if (count <= 1)
		return count ? STATE_ONE : STATE_ZERO;
	if (count >= INT_MAX)
		return count == INT_MAX ? STATE_MAX : STATE_SATURATED;
	return count < INT_MAX - NEAR_MAX ? STATE_SOME : STATE_NEAR_MAX;
}

/* A value to set: each state is as likely. */
u32 oracle_refcount_value(struct rs_sequence *seq)
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

/* How many to add or subtract: about the ends of everything, none included. */
u32 oracle_refcount_amount(struct rs_sequence *seq, unsigned int count)
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

/* Also for kref. In this order, on one CPU: the kernel log tells of it. */
void oracle_refcount_provoke(void)
{
	mainline_provoke();
	ours_provoke();
}

static int refcount_pair_init(struct oracle_pair *base)
{
	struct refcount_pair *pair = to_pair(base);

	refcount_set(&pair->mainline, 1);
	rs_refcount_set(&pair->ours, 1);
	return 0;
}

static void refcount_pair_exit(struct oracle_pair *base)
{
}

static unsigned int refcount_pair_state(struct oracle_pair *base)
{
	return oracle_refcount_state(refcount_read(&to_pair(base)->mainline));
}

static bool refcount_pair_draw(struct oracle_pair *base, enum oracle_when when,
			       struct rs_sequence *seq, struct oracle_step *step)
{
	unsigned int count = refcount_read(&to_pair(base)->mainline);

	if (when != WHEN_MIDDLE)
		return false;
	step->op = rs_sequence_below(seq, 3) ? rs_sequence_below(seq, OP_NR) : OP_SET;
	if (step->op == OP_SET || step->op == OP_SET_RELEASE)
		step->nr = oracle_refcount_value(seq);
	else
		step->nr = oracle_refcount_amount(seq, count);
	if (step->op == OP_INC_LIMITED || step->op == OP_ADD_LIMITED)
		step->limit = oracle_refcount_amount(seq, count);
	return true;
}

static bool refcount_pair_legal(struct oracle_pair *base, const struct oracle_step *step)
{
	return true;
}

/* What a segment can rely on; kref's too. */
void oracle_refcount_prepare(struct oracle_segment *segment, unsigned int count)
{
	bool counts = BIT(segment->state) & COUNTS;
	unsigned int i;

	segment->misused = !counts;
	segment->referenced = true;
	segment->live_certain = true;
	if (segment->misused)
		for (i = 0; i < ORACLE_THREADS; i++)
			segment->share[i] = RAW_SHARE;
	if (counts && segment->bits & SEGMENT_DROP_ALL && count <= SPEND_MAX) {
		segment->referenced = false;
		oracle_segment_share(segment, count);
	}
}

static void refcount_pair_prepare(struct oracle_segment *segment)
{
	oracle_refcount_prepare(segment, refcount_read(&to_pair(segment->pair)->mainline));
}

/* About the count that there is. */
static u32 refcount_pair_limit(struct oracle_pair *base, struct rs_sequence *seq)
{
	unsigned int count = refcount_read(&to_pair(base)->mainline);

	return count < INT_MAX - NEAR_MAX ? count + rs_sequence_below(seq, 16) : INT_MAX;
}

static bool refcount_pair_concurrent(struct oracle_pair *base, enum oracle_side side,
				     const struct oracle_step *step)
{
	struct refcount_pair *pair = to_pair(base);
	struct oracle_answer answer = {};

	if (side == MAINLINE)
		mainline_perform(&pair->mainline, step, &answer);
	else
		ours_perform(&pair->ours, step, &answer);
	return answer.field[FIELD_RET];
}

static int refcount_pair_perform(struct oracle_pair *base, const struct oracle_step *step,
				 struct oracle_answer *answers)
{
	struct refcount_pair *pair = to_pair(base);

	mainline_perform(&pair->mainline, step, &answers[MAINLINE]);
	ours_perform(&pair->ours, step, &answers[OURS]);
	return 0;
}

static void refcount_pair_look(struct oracle_pair *base, struct oracle_answer *answers)
{
	struct refcount_pair *pair = to_pair(base);

	answers[MAINLINE].field[FIELD_COUNT] = refcount_read(&pair->mainline);
	answers[OURS].field[FIELD_COUNT] = rs_refcount_read(&pair->ours);
}

static void refcount_pair_settled(struct oracle_pair *base)
{
}

static void refcount_pair_resync(struct oracle_pair *base)
{
	struct refcount_pair *pair = to_pair(base);

	rs_refcount_set(&pair->ours, refcount_read(&pair->mainline));
}

static bool ours_saturated(const struct oracle_answer *answers)
{
	return answers[OURS].field[FIELD_COUNT] == (u32)RS_REFCOUNT_SATURATED;
}

static bool sub_none_of_zero_is_true(void)
{
	refcount_t r = REFCOUNT_INIT(0);

	return refcount_sub_and_test(0, &r);
}

static bool explains_sub_none(struct oracle_pair *pair, const struct oracle_step *step,
			      unsigned int state, const struct oracle_answer *answers)
{
	return (step->op == OP_SUB_AND_TEST || step->op == OP_SUB_AND_TEST_OLD) &&
	       !step->nr && state == STATE_ZERO && ours_saturated(answers) &&
	       !answers[OURS].field[FIELD_RET] &&
	       oracle_agree_but(answers, BIT(FIELD_RET) | BIT(FIELD_COUNT));
}

bool oracle_dec_not_one_leaves_zero(void)
{
	refcount_t r = REFCOUNT_INIT(0);

	return refcount_dec_not_one(&r) && !refcount_read(&r);
}

static bool explains_dec_not_one(struct oracle_pair *pair, const struct oracle_step *step,
				 unsigned int state, const struct oracle_answer *answers)
{
	return (step->op == OP_DEC_NOT_ONE || step->op >= OP_DEC_AND_MUTEX_LOCK) &&
	       state == STATE_ZERO && ours_saturated(answers) &&
	       oracle_agree_but(answers, BIT(FIELD_COUNT));
}

static bool acquire_forms_do_not_saturate(void)
{
#if RS_HAVE_REFCOUNT_ACQUIRE
	refcount_t r = REFCOUNT_INIT(REFCOUNT_SATURATED);

	return !refcount_inc_not_zero_acquire(&r);
#else
	return false;
#endif
}

static bool explains_acquire(struct oracle_pair *pair, const struct oracle_step *step,
			     unsigned int state, const struct oracle_answer *answers)
{
	switch (step->op) {
	case OP_INC_NOT_ZERO_ACQUIRE:
	case OP_ADD_NOT_ZERO_ACQUIRE:
	case OP_INC_NOT_ZERO_ACQUIRE_OLD:
	case OP_ADD_NOT_ZERO_ACQUIRE_OLD:
		return ours_saturated(answers) && answers[OURS].field[FIELD_RET] &&
		       oracle_agree_but(answers, BIT(FIELD_RET) | BIT(FIELD_COUNT));
	}
	return false;
}

static bool always(void)
{
	return true;
}

static bool explains_limited(struct oracle_pair *pair, const struct oracle_step *step,
			     unsigned int state, const struct oracle_answer *answers)
{
	return (step->op == OP_INC_LIMITED || step->op == OP_ADD_LIMITED) &&
	       state == STATE_SATURATED && ours_saturated(answers) &&
	       answers[OURS].field[FIELD_RET] && !answers[MAINLINE].field[FIELD_RET] &&
	       oracle_agree_but(answers, BIT(FIELD_RET) | BIT(FIELD_COUNT));
}

static const struct oracle_difference differences[] = {
	{ "sub_none_of_zero", "refcount_sub_and_test(0) on 0 is true before 6.11",
	  sub_none_of_zero_is_true, explains_sub_none },
	{ "dec_not_one_of_zero", "refcount_dec_not_one(0) warns, and does not saturate",
	  oracle_dec_not_one_leaves_zero, explains_dec_not_one },
	{ "acquire_saturated", "*_not_zero_acquire at saturation is false, silently",
	  acquire_forms_do_not_saturate, explains_acquire },
	{ "limited_saturated", "*_limited_acquire at saturation is false where the limit wraps",
	  always, explains_limited },
};

const struct oracle_subject oracle_refcount = {
	.name		= "refcount",
	.ops		= ops,
	.nr_ops		= OP_NR,
	.states		= oracle_refcount_states,
	.nr_states	= STATE_NR,
	.differences	= differences,
	.nr_differences	= ARRAY_SIZE(differences),
	.pair_size	= sizeof(struct refcount_pair),
	.rounds		= 4,
	.round_steps	= 32,
	.provoke_warnings = oracle_refcount_provoke,
	.init		= refcount_pair_init,
	.exit		= refcount_pair_exit,
	.state		= refcount_pair_state,
	.draw		= refcount_pair_draw,
	.legal		= refcount_pair_legal,
	.perform	= refcount_pair_perform,
	.inspect	= refcount_pair_look,
	.settled	= refcount_pair_settled,
	.resync		= refcount_pair_resync,
	.segment_one_in	= 12,
	.rare_states	= STATES_ALL & ~ORACLE_REFCOUNT_COUNTS,
	.put_op		= OP_SUB_AND_TEST,
	.draw_limit	= refcount_pair_limit,
	.segment_prepare = refcount_pair_prepare,
	.segment_step	= refcount_pair_concurrent,
};
