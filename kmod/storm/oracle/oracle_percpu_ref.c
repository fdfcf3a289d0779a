// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle's subjects percpu_ref and sealed_ref: doing a step to both counters, and inspecting
 * them. The subjects differ in our counter only, which struct percpu_ours calls.
 */
#include <linux/bits.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/spinlock.h>

#include "oracle_percpu_ref.h"

static const char * const states[STATE_NR] = {
	"percpu", "switching", "atomic", "dying", "dead", "zero",
};

/* Callbacks of threads of a segment and of a switch may run at the same time. */
static DEFINE_RAW_SPINLOCK(calls_lock);

static void oracle_percpu_record_call(struct callback_calls *calls, enum callback callback)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&calls_lock, flags);
	if (callback == CALLBACK_RELEASE)
		calls->released++;
	else
		calls->confirmed++;
	calls->order = calls->order * 31 + callback;
	raw_spin_unlock_irqrestore(&calls_lock, flags);
}

/*
 * Mainline's word has the bias in its top bit, and a switch holds a reference. What is
 * compared is the lower 32 bits, without the switch's reference, and with the slots:
 * if the count is per-CPU again, mainline's switch drops its reference in a slot.
 */
static void oracle_percpu_mainline_inspect_word(struct percpu_pair *pair, s64 *field)
{
	unsigned long __percpu *slots;
	u32 count = atomic_long_read(&pair->mainline.data->count);

	field[FIELD_COUNT] = (u32)(count - pair->switching);
	if (pair->switching)
		field[FIELD_MODE] = MODE_SWITCHING;
	else
		field[FIELD_MODE] = __ref_is_percpu(&pair->mainline, &slots) ?
			MODE_PERCPU : MODE_ATOMIC;
}

static void oracle_percpu_answer_state(const struct rs_percpu_ref_state *state, s64 *field)
{
	static const s64 modes[] = {
		[RS_PERCPU_REF_PERCPU]		= MODE_PERCPU,
		[RS_PERCPU_REF_SWITCHING]	= MODE_SWITCHING,
		[RS_PERCPU_REF_ATOMIC]		= MODE_ATOMIC,
	};

	field[FIELD_COUNT] = (u32)state->count;
	field[FIELD_MODE] = modes[state->mode] + 100 * state->saturated;
}

static void oracle_percpu_ours_inspect_word(struct percpu_pair *pair, s64 *field)
{
	struct rs_percpu_ref_state state;

	rs_percpu_ref_inspect(&pair->ours, &state);
	oracle_percpu_answer_state(&state, field);
}

static void oracle_percpu_sealed_inspect_word(struct percpu_pair *pair, s64 *field)
{
	struct rs_percpu_ref_state state;

	rs_sealed_ref_inspect(&pair->sealed, &state);
	oracle_percpu_answer_state(&state, field);
}

/* The sum of slots that a pointer with flags in its low bits leads to. */
static s64 oracle_percpu_sum(unsigned long percpu_count_ptr)
{
	unsigned long __percpu *slots = (unsigned long __percpu __force *)
		(percpu_count_ptr & ~3UL);
	s64 sum = 0;
	int cpu;

	if (slots)
		for_each_possible_cpu(cpu)
			sum += *per_cpu_ptr(slots, cpu);
	return sum;
}

static s64 oracle_percpu_mainline_slots(struct percpu_ref *ref)
{
	return oracle_percpu_sum(ref->percpu_count_ptr);
}

static s64 oracle_percpu_ours_slots(struct rs_percpu_ref *ref)
{
	return oracle_percpu_sum(ref->percpu_count_ptr);
}

/* An open slot is about 2^62. A sealed one is below zero, and counts nothing. */
static s64 oracle_percpu_sealed_slots(struct rs_sealed_ref *ref)
{
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		s64 slot = READ_ONCE(*per_cpu_ptr(ref->slots, cpu));

		sum += slot < 0 ? 0 : slot - (s64)BIT_ULL(62);
	}
	return sum;
}

#define SIDE(name)	oracle_percpu_mainline_##name
#define TYPE		percpu_ref
#define FN(name)	percpu_ref_##name
#define FLAG(name)	PERCPU_REF_##name
#define WHICH		MAINLINE
#define WHICH_MEMBER	mainline
#define FLAGS_READ(call) MAINLINE_FLAGS_READ(call)
#define RESULT(call, value) ((call), (value))
#include "oracle_percpu_ref_side.h"
#undef SIDE
#undef TYPE
#undef FN
#undef FLAG
#undef WHICH
#undef WHICH_MEMBER
#undef FLAGS_READ
#undef RESULT

#define SIDE(name)	oracle_percpu_ours_##name
#define TYPE		rs_percpu_ref
#define FN(name)	rs_percpu_ref_##name
#define FLAG(name)	RS_PERCPU_REF_##name
#define WHICH		OURS
#define WHICH_MEMBER	ours
#define FLAGS_READ(call) (call)
#define RESULT(call, value) (call)
#include "oracle_percpu_ref_side.h"
#define TABLE		oracle_percpu_ours
#include "oracle_percpu_ref_ours.h"
#undef TABLE
#undef SIDE
#undef TYPE
#undef FN
#undef FLAG
#undef WHICH_MEMBER

#define SIDE(name)	oracle_percpu_sealed_##name
#define TYPE		rs_sealed_ref
#define FN(name)	rs_sealed_ref_##name
#define FLAG(name)	RS_PERCPU_REF_##name
#define WHICH_MEMBER	sealed
#include "oracle_percpu_ref_side.h"
#define TABLE		oracle_percpu_sealed
#include "oracle_percpu_ref_ours.h"

static int oracle_percpu_begin(struct percpu_pair *pair, u32 flags)
{
	int ret = oracle_percpu_mainline_init(&pair->mainline, flags);

	if (ret)
		return ret;
	ret = pair->calls_ours->init(pair, flags);
	if (ret) {
		percpu_ref_exit(&pair->mainline);
		return ret;
	}
	pair->alive = true;
	pair->held = 0;
	pair->initial_put = false;
	pair->killed = flags & BEGIN_DEAD;
	pair->allow_reinit = flags;	/* each flag implies PERCPU_REF_ALLOW_REINIT */
	pair->looks_dead = false;
	return 0;
}

static int oracle_percpu_init(struct oracle_pair *base)
{
	to_pair(base)->calls_ours = &oracle_percpu_ours;
	return oracle_percpu_begin(to_pair(base), 0);
}

static int oracle_percpu_init_sealed(struct oracle_pair *base)
{
	to_pair(base)->calls_ours = &oracle_percpu_sealed;
	to_pair(base)->prompt = true;
	return oracle_percpu_begin(to_pair(base), 0);
}

static void oracle_percpu_exit(struct oracle_pair *base)
{
	struct percpu_pair *pair = to_pair(base);

	if (!pair->alive)
		return;
	percpu_ref_exit(&pair->mainline);
	pair->calls_ours->exit(pair);
	pair->alive = false;
}

/*
 * Mainline's second kill drops a reference, so the step takes one for it. In states in
 * which that put could call release() or wait, only ours is killed again.
 */
static void oracle_percpu_second_kill(struct percpu_pair *pair, s64 *mainline, s64 *ours)
{
	if (oracle_percpu_state(&pair->base) == STATE_DEAD) {
		percpu_ref_get(&pair->mainline);
		percpu_ref_kill(&pair->mainline);
	}
	*mainline = true;
	*ours = pair->calls_ours->kill_again(pair);
}

static int oracle_percpu_exit_init(struct percpu_pair *pair, u32 flags,
				   struct oracle_answer *answers)
{
	s64 *mainline = answers[MAINLINE].field, *ours = answers[OURS].field;
	bool zero = oracle_percpu_state(&pair->base) == STATE_ZERO;

	percpu_ref_exit(&pair->mainline);
	if (zero)
		percpu_ref_exit(&pair->mainline);
	pair->calls_ours->exit(pair);
	pair->calls_ours->exit(pair);
	mainline[FIELD_RET] = zero ? 2 : 1;
	ours[FIELD_RET] = 2;
	mainline[FIELD_OLD] = percpu_ref_is_zero(&pair->mainline);
	ours[FIELD_OLD] = pair->calls_ours->is_zero(pair);
	mainline[FIELD_LOCKED] = percpu_ref_is_dying(&pair->mainline);
	ours[FIELD_LOCKED] = pair->calls_ours->is_dying(pair);
	pair->alive = false;
	return oracle_percpu_begin(pair, flags);
}

/*
 * In a tail the first operation waits for the switch, and the second one finds it complete.
 * step->limit says which side is first. Our kill does not wait, and is always first.
 */
static bool oracle_percpu_ours_first(const struct oracle_step *step)
{
	return step->when == WHEN_TAIL &&
	       (step->limit || step->op == OP_KILL || step->op == OP_KILL_CONFIRM);
}

static int oracle_percpu_perform(struct oracle_pair *base, const struct oracle_step *step,
				 struct oracle_answer *answers)
{
	struct percpu_pair *pair = to_pair(base);
	s64 *mainline = &answers[MAINLINE].field[FIELD_RET];
	s64 *ours = &answers[OURS].field[FIELD_RET];
	bool was_percpu = is_percpu(pair);

	if (step->op == OP_EXIT_INIT)
		return oracle_percpu_exit_init(pair, step->nr, answers);
	if (step->op == OP_SECOND_KILL) {
		oracle_percpu_second_kill(pair, mainline, ours);
	} else if (oracle_percpu_ours_first(step)) {
		pair->calls_ours->perform(pair, step, ours);
		oracle_percpu_mainline_perform(pair, step, mainline);
	} else {
		oracle_percpu_mainline_perform(pair, step, mainline);
		pair->calls_ours->perform(pair, step, ours);
	}
	oracle_percpu_performed(pair, step, was_percpu, *mainline);
	return 0;
}

/* Do a step of a segment. Return: for exclusive operations, whether this call succeeded. */
static bool oracle_percpu_segment_step(struct oracle_pair *base, enum oracle_side side,
				       const struct oracle_step *step)
{
	struct percpu_pair *pair = to_pair(base);
	s64 ret = 0;

	if (step->op == OP_SECOND_KILL) {
		if (side == OURS)
			ret = pair->calls_ours->kill_again(pair);
		return ret;
	}
	if (side == MAINLINE)
		oracle_percpu_mainline_perform(pair, step, &ret);
	else
		pair->calls_ours->perform(pair, step, &ret);
	/* These return 0 when they succeed. */
	return step->op == OP_RESURRECT || step->op == OP_REINIT ? !ret : ret;
}

static void oracle_percpu_inspect(struct oracle_pair *base, struct oracle_answer *answers)
{
	struct percpu_pair *pair = to_pair(base);

	if (!pair->alive)
		return;
	oracle_percpu_mainline_inspect(pair, &answers[MAINLINE]);
	pair->calls_ours->inspect(pair, &answers[OURS]);
}

static void oracle_percpu_settled(struct oracle_pair *base)
{
	to_pair(base)->switching = false;
}

/*
 * The fields in which our sealed counter may be ahead of mainline's, whose switch waits for a
 * grace period; 0 if there is no such difference.
 */
static u32 oracle_percpu_ahead(struct oracle_pair *base, const struct oracle_answer *answers)
{
	const s64 *mainline = answers[MAINLINE].field, *ours = answers[OURS].field;
	u32 fields = BIT(FIELD_ORDER);	/* our callbacks may run while the answers are read */

	if (!oracle_percpu_is_ahead(to_pair(base)))
		return 0;
	if (mainline[FIELD_MODE] == MODE_SWITCHING && ours[FIELD_MODE] == MODE_ATOMIC)
		fields |= BIT(FIELD_MODE);
	/* What a sealed slot has counted is seen when all slots are summed. */
	if (ours[FIELD_MODE] == MODE_SWITCHING)
		fields |= BIT(FIELD_COUNT);
	if (ours[FIELD_RELEASED] > mainline[FIELD_RELEASED] ||
	    ours[FIELD_CONFIRMED] > mainline[FIELD_CONFIRMED])
		fields |= BIT(FIELD_RELEASED) | BIT(FIELD_CONFIRMED);
	if (ours[FIELD_ZERO] && !mainline[FIELD_ZERO])
		fields |= BIT(FIELD_ZERO);
	return fields;
}

static bool oracle_percpu_explains_grace_period(struct oracle_pair *base,
						const struct oracle_step *step,
						unsigned int state,
						const struct oracle_answer *answers)
{
	u32 fields = oracle_percpu_ahead(base, answers);

	return fields && oracle_agree_but(answers, fields);
}

static bool oracle_percpu_explains_second_kill(struct oracle_pair *base,
					       const struct oracle_step *step, unsigned int state,
					       const struct oracle_answer *answers)
{
	return step->when == WHEN_MIDDLE && step->op == OP_SECOND_KILL &&
	       !answers[OURS].field[FIELD_RET] &&
	       oracle_agree_but(answers, BIT(FIELD_RET) | oracle_percpu_ahead(base, answers));
}

static bool oracle_percpu_explains_looks_dead(struct oracle_pair *base,
					      const struct oracle_step *step, unsigned int state,
					      const struct oracle_answer *answers)
{
	u32 fields = BIT(FIELD_DYING) | oracle_percpu_ahead(base, answers);

	if (step->when == WHEN_MIDDLE && step->op == OP_IS_DYING)
		fields |= BIT(FIELD_RET);
	return to_pair(base)->looks_dead &&
	       answers[MAINLINE].field[FIELD_DYING] && !answers[OURS].field[FIELD_DYING] &&
	       oracle_agree_but(answers, fields);
}

static bool oracle_percpu_explains_second_exit(struct oracle_pair *base,
					       const struct oracle_step *step, unsigned int state,
					       const struct oracle_answer *answers)
{
	return step->when == WHEN_BEGIN && step->op == OP_EXIT_INIT && state != STATE_ZERO &&
	       answers[OURS].field[FIELD_OLD] &&
	       oracle_agree_but(answers, BIT(FIELD_RET) | BIT(FIELD_OLD));
}

/* Our put_many(0) never calls release(). */
static bool oracle_percpu_explains_put_none(struct oracle_pair *base,
					    const struct oracle_step *step, unsigned int state,
					    const struct oracle_answer *answers)
{
	u32 fields = BIT(FIELD_RELEASED) | BIT(FIELD_ORDER);

	/* Both differences may occur in one step. */
	if (to_pair(base)->looks_dead)
		fields |= BIT(FIELD_DYING);
	return step->when == WHEN_MIDDLE && step->op == OP_PUT_MANY && !step->nr &&
	       answers[MAINLINE].field[FIELD_RELEASED] ==
	       answers[OURS].field[FIELD_RELEASED] + 1 && oracle_agree_but(answers, fields);
}

/* No callback runs while the counters are compared. */
static void oracle_percpu_resync(struct oracle_pair *base)
{
	struct percpu_pair *pair = to_pair(base);

	/* Mainline's callbacks are still to come. */
	if (!pair->switching)
		pair->calls[MAINLINE] = pair->calls[OURS];
}

/* Wait until our switch is over: its end is in no RCU callback. */
static void oracle_percpu_wait(struct oracle_pair *base)
{
	struct percpu_pair *pair = to_pair(base);
	struct rs_percpu_ref_state state;

	if (!pair->alive)
		return;
	for (;;) {
		rs_sealed_ref_inspect(&pair->sealed, &state);
		if (state.mode != RS_PERCPU_REF_SWITCHING)
			return;
		usleep_range(50, 200);
	}
}

#define DIFFERENCES									\
	{ "second_kill", "a second kill warns and drops a reference it does not own",	\
	  NULL, oracle_percpu_explains_second_kill },					\
	{ "looks_dead", "switch_to_atomic without ALLOW_REINIT leaves it looking dead",	\
	  NULL, oracle_percpu_explains_looks_dead },					\
	{ "second_exit", "a second exit may free garbage; is_zero then has the old count", \
	  NULL, oracle_percpu_explains_second_exit },					\
	{ "put_none", "put_many(0) of a count that is zero calls release() again",	\
	  NULL, oracle_percpu_explains_put_none }

static const struct oracle_difference differences[] = { DIFFERENCES };

static const struct oracle_difference sealed_differences[] = {
	DIFFERENCES,
	{ "grace_period", "a switch waits for a grace period; it ends and releases later",
	  NULL, oracle_percpu_explains_grace_period },
};

/* Mainline warns once of a second kill. */
static void oracle_percpu_provoke(void)
{
	struct percpu_ref ref;

	if (oracle_percpu_mainline_init(&ref, BEGIN_ATOMIC))
		return;
	percpu_ref_get_many(&ref, 2);
	percpu_ref_kill(&ref);
	percpu_ref_kill(&ref);
	percpu_ref_exit(&ref);
}

/* What the two subjects have in common. */
#define PERCPU_SUBJECT						\
	.nr_ops		= OP_NR,				\
	.states		= states,				\
	.nr_states	= STATE_NR,				\
	.pair_size	= sizeof(struct percpu_pair),		\
	.rounds		= 5,					\
	.round_steps	= 22,					\
	.switches	= true,					\
	.provoke_warnings = oracle_percpu_provoke,		\
	.exit		= oracle_percpu_exit,			\
	.state		= oracle_percpu_state,			\
	.draw		= oracle_percpu_draw,			\
	.legal		= oracle_percpu_legal,			\
	.perform	= oracle_percpu_perform,		\
	.inspect	= oracle_percpu_inspect,		\
	.settled	= oracle_percpu_settled,		\
	.resync		= oracle_percpu_resync,			\
	.segment_one_in	= 10,					\
	.rare_states	= ALL & ~(P | A),			\
	.put_op		= OP_PUT_MANY,				\
	.segment_fits	= oracle_percpu_segment_fits,		\
	.segment_prepare = oracle_percpu_segment_prepare,	\
	.segment_step	= oracle_percpu_segment_step,		\
	.segment_end	= oracle_percpu_segment_end

const struct oracle_subject oracle_percpu_ref = {
	PERCPU_SUBJECT,
	.ops		= oracle_percpu_ops,
	.name		= "percpu_ref",
	.differences	= differences,
	.nr_differences	= ARRAY_SIZE(differences),
	.init		= oracle_percpu_init,
};

const struct oracle_subject oracle_sealed_ref = {
	PERCPU_SUBJECT,
	.ops		= oracle_sealed_ops,
	.name		= "sealed_ref",
	.differences	= sealed_differences,
	.nr_differences	= ARRAY_SIZE(sealed_differences),
	.init		= oracle_percpu_init_sealed,
	.wait		= oracle_percpu_wait,
};
