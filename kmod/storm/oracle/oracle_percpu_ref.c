// SPDX-License-Identifier: GPL-2.0
/* The oracle's subject percpu_ref: doing a step to both counters, and inspecting them. */
#include <linux/cpumask.h>
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

static void oracle_percpu_ours_inspect_word(struct percpu_pair *pair, s64 *field)
{
	static const s64 modes[] = {
		[RS_PERCPU_REF_PERCPU]		= MODE_PERCPU,
		[RS_PERCPU_REF_SWITCHING]	= MODE_SWITCHING,
		[RS_PERCPU_REF_ATOMIC]		= MODE_ATOMIC,
	};
	struct rs_percpu_ref_state state;

	rs_percpu_ref_inspect(&pair->ours, &state);
	field[FIELD_COUNT] = (u32)state.count;
	field[FIELD_MODE] = modes[state.mode] + 100 * state.saturated;
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

static int oracle_percpu_begin(struct percpu_pair *pair, u32 flags)
{
	int ret = oracle_percpu_mainline_init(&pair->mainline, flags);

	if (ret)
		return ret;
	ret = oracle_percpu_ours_init(&pair->ours, flags);
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
	return oracle_percpu_begin(to_pair(base), 0);
}

static void oracle_percpu_exit(struct oracle_pair *base)
{
	struct percpu_pair *pair = to_pair(base);

	if (!pair->alive)
		return;
	percpu_ref_exit(&pair->mainline);
	rs_percpu_ref_exit(&pair->ours);
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
	*ours = rs_percpu_ref_kill_and_confirm(&pair->ours, oracle_percpu_ours_confirm_kill);
}

static int oracle_percpu_exit_init(struct percpu_pair *pair, u32 flags,
				   struct oracle_answer *answers)
{
	s64 *mainline = answers[MAINLINE].field, *ours = answers[OURS].field;
	bool zero = oracle_percpu_state(&pair->base) == STATE_ZERO;

	percpu_ref_exit(&pair->mainline);
	if (zero)
		percpu_ref_exit(&pair->mainline);
	rs_percpu_ref_exit(&pair->ours);
	rs_percpu_ref_exit(&pair->ours);
	mainline[FIELD_RET] = zero ? 2 : 1;
	ours[FIELD_RET] = 2;
	mainline[FIELD_OLD] = percpu_ref_is_zero(&pair->mainline);
	ours[FIELD_OLD] = rs_percpu_ref_is_zero(&pair->ours);
	mainline[FIELD_LOCKED] = percpu_ref_is_dying(&pair->mainline);
	ours[FIELD_LOCKED] = rs_percpu_ref_is_dying(&pair->ours);
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
		oracle_percpu_ours_perform(pair, step, ours);
		oracle_percpu_mainline_perform(pair, step, mainline);
	} else {
		oracle_percpu_mainline_perform(pair, step, mainline);
		oracle_percpu_ours_perform(pair, step, ours);
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
			ret = rs_percpu_ref_kill_and_confirm(&pair->ours,
							     oracle_percpu_ours_confirm_kill);
		return ret;
	}
	if (side == MAINLINE)
		oracle_percpu_mainline_perform(pair, step, &ret);
	else
		oracle_percpu_ours_perform(pair, step, &ret);
	/* These return 0 when they succeed. */
	return step->op == OP_RESURRECT || step->op == OP_REINIT ? !ret : ret;
}

static void oracle_percpu_inspect(struct oracle_pair *base, struct oracle_answer *answers)
{
	struct percpu_pair *pair = to_pair(base);

	if (!pair->alive)
		return;
	oracle_percpu_mainline_inspect(pair, &answers[MAINLINE]);
	oracle_percpu_ours_inspect(pair, &answers[OURS]);
}

static void oracle_percpu_settled(struct oracle_pair *base)
{
	to_pair(base)->switching = false;
}

static bool oracle_percpu_explains_second_kill(struct oracle_pair *base,
					       const struct oracle_step *step, unsigned int state,
					       const struct oracle_answer *answers)
{
	return step->when == WHEN_MIDDLE && step->op == OP_SECOND_KILL &&
	       !answers[OURS].field[FIELD_RET] && oracle_agree_but(answers, BIT(FIELD_RET));
}

static bool oracle_percpu_explains_looks_dead(struct oracle_pair *base,
					      const struct oracle_step *step, unsigned int state,
					      const struct oracle_answer *answers)
{
	u32 fields = BIT(FIELD_DYING);

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

	pair->calls[MAINLINE] = pair->calls[OURS];
}

static const struct oracle_difference differences[] = {
	{ "second_kill", "a second kill warns and drops a reference it does not own",
	  NULL, oracle_percpu_explains_second_kill },
	{ "looks_dead", "switch_to_atomic without ALLOW_REINIT leaves it looking dead",
	  NULL, oracle_percpu_explains_looks_dead },
	{ "second_exit", "a second exit may free garbage; is_zero then has the old count",
	  NULL, oracle_percpu_explains_second_exit },
	{ "put_none", "put_many(0) of a count that is zero calls release() again",
	  NULL, oracle_percpu_explains_put_none },
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

const struct oracle_subject oracle_percpu_ref = {
	.name		= "percpu_ref",
	.ops		= oracle_percpu_ops,
	.nr_ops		= OP_NR,
	.states		= states,
	.nr_states	= STATE_NR,
	.differences	= differences,
	.nr_differences	= ARRAY_SIZE(differences),
	.pair_size	= sizeof(struct percpu_pair),
	.rounds		= 5,
	.round_steps	= 22,
	.switches	= true,
	.provoke_warnings = oracle_percpu_provoke,
	.init		= oracle_percpu_init,
	.exit		= oracle_percpu_exit,
	.state		= oracle_percpu_state,
	.draw		= oracle_percpu_draw,
	.legal		= oracle_percpu_legal,
	.perform	= oracle_percpu_perform,
	.inspect	= oracle_percpu_inspect,
	.settled	= oracle_percpu_settled,
	.resync		= oracle_percpu_resync,
	.segment_one_in	= 10,
	.rare_states	= ALL & ~(P | A),
	.put_op		= OP_PUT_MANY,
	.segment_fits	= oracle_percpu_segment_fits,
	.segment_prepare = oracle_percpu_segment_prepare,
	.segment_step	= oracle_percpu_segment_step,
	.segment_end	= oracle_percpu_segment_end,
};
