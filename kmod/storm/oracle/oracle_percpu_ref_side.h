/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations of one side: mainline's or ours. The including file defines SIDE(name)
 * for the functions here, TYPE and FN(name) for the counter's, FLAG(name) for its flags,
 * WHICH, the enum oracle_side, WHICH_MEMBER of struct percpu_pair, and FLAGS_READ() around
 * calls that read the flags of the pointer, RESULT(call, value) for calls of which mainline's
 * return nothing, SIDE(inspect_word) and SIDE(slots), the sum of the slots.
 */

static void SIDE(called)(struct TYPE *ref, enum callback callback)
{
	struct percpu_pair *pair = container_of(ref, struct percpu_pair, WHICH_MEMBER);

	oracle_percpu_record_call(&pair->calls[WHICH], callback);
}

static void SIDE(release)(struct TYPE *ref)
{
	SIDE(called)(ref, CALLBACK_RELEASE);
}

static void SIDE(confirm_kill)(struct TYPE *ref)
{
	SIDE(called)(ref, CALLBACK_CONFIRM_KILL);
}

static void SIDE(confirm_switch)(struct TYPE *ref)
{
	SIDE(called)(ref, CALLBACK_CONFIRM_SWITCH);
}

static int SIDE(init)(struct TYPE *ref, u32 bits)
{
	unsigned int flags = (bits & BEGIN_ATOMIC ? FLAG(INIT_ATOMIC) : 0) |
			     (bits & BEGIN_DEAD ? FLAG(INIT_DEAD) : 0) |
			     (bits & BEGIN_REINIT ? FLAG(ALLOW_REINIT) : 0);

	return FN(init)(ref, SIDE(release), flags, GFP_KERNEL);
}

/* All operations but OP_EXIT_INIT and OP_SECOND_KILL. */
static void SIDE(perform)(struct percpu_pair *pair, const struct oracle_step *step, s64 *ret)
{
	struct TYPE *ref = &pair->WHICH_MEMBER;

	switch (step->op) {
	case OP_GET:
	case OP_GET_INITIAL:
		FN(get)(ref);
		break;
	case OP_GET_MANY:
		FN(get_many)(ref, step->nr);
		break;
	case OP_PUT:
	case OP_PUT_INITIAL:
		FN(put)(ref);
		break;
	case OP_PUT_MANY:
		FN(put_many)(ref, step->nr);
		break;
	case OP_TRYGET:
		*ret = FN(tryget)(ref);
		break;
	case OP_TRYGET_MANY:
		*ret = FN(tryget_many)(ref, step->nr);
		break;
	case OP_TRYGET_LIVE:
		*ret = FLAGS_READ(FN(tryget_live)(ref));
		break;
	case OP_TRYGET_LIVE_RCU:
		/* The threads of a segment are in no read-side critical section. */
		rcu_read_lock();
		*ret = FLAGS_READ(FN(tryget_live_rcu)(ref));
		rcu_read_unlock();
		break;
	case OP_KILL:
		*ret = RESULT(FN(kill)(ref), true);
		break;
	case OP_KILL_CONFIRM:
		*ret = RESULT(FN(kill_and_confirm)(ref, SIDE(confirm_kill)), true);
		break;
	case OP_SWITCH_TO_ATOMIC:
		FN(switch_to_atomic)(ref, NULL);
		break;
	case OP_SWITCH_TO_ATOMIC_CONFIRM:
		FN(switch_to_atomic)(ref, SIDE(confirm_switch));
		break;
	case OP_SWITCH_TO_ATOMIC_SYNC:
		FN(switch_to_atomic_sync)(ref);
		break;
	case OP_SWITCH_TO_PERCPU:
		/* Ours fails for a dead counter that stays dead. */
		*ret = RESULT(FN(switch_to_percpu)(ref),
			      pair->killed && !pair->allow_reinit ? -EINVAL : 0);
		break;
	case OP_RESURRECT:
		*ret = RESULT(FN(resurrect)(ref), 0);
		break;
	case OP_REINIT:
		*ret = RESULT(FN(reinit)(ref), 0);
		break;
	case OP_IS_ZERO:
		*ret = FN(is_zero)(ref);
		break;
	case OP_IS_DYING:
		*ret = FLAGS_READ(FN(is_dying)(ref));
		break;
	}
}

static void SIDE(inspect)(struct percpu_pair *pair, struct oracle_answer *answer)
{
	struct TYPE *ref = &pair->WHICH_MEMBER;
	s64 *field = answer->field;

	field[FIELD_DYING] = FN(is_dying)(ref);
	field[FIELD_ZERO] = FN(is_zero)(ref);
	SIDE(inspect_word)(pair, field);
	if (pair->switching || field[FIELD_MODE] == MODE_PERCPU)
		field[FIELD_COUNT] = (u32)(field[FIELD_COUNT] + SIDE(slots)(ref));
	field[FIELD_RELEASED] = pair->calls[WHICH].released;
	field[FIELD_CONFIRMED] = pair->calls[WHICH].confirmed;
	field[FIELD_ORDER] = pair->calls[WHICH].order;
}
