/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What only our side of a pair needs beyond oracle_percpu_ref_side.h, which is included before with
 * the same definitions; TABLE is the name of the table of these functions.
 */

static int SIDE(begin)(struct percpu_pair *pair, u32 flags)
{
	return SIDE(init)(&pair->WHICH_MEMBER, flags);
}

static void SIDE(end)(struct percpu_pair *pair)
{
	FN(exit)(&pair->WHICH_MEMBER);
}

static bool SIDE(kill_again)(struct percpu_pair *pair)
{
	return FN(kill_and_confirm)(&pair->WHICH_MEMBER, SIDE(confirm_kill));
}

static bool SIDE(is_zero)(struct percpu_pair *pair)
{
	return FN(is_zero)(&pair->WHICH_MEMBER);
}

static bool SIDE(is_dying)(struct percpu_pair *pair)
{
	return FN(is_dying)(&pair->WHICH_MEMBER);
}

static void SIDE(switch_to_percpu)(struct percpu_pair *pair)
{
	FN(switch_to_percpu)(&pair->WHICH_MEMBER);
}

static const struct percpu_ours TABLE = {
	.init			= SIDE(begin),
	.exit			= SIDE(end),
	.perform		= SIDE(perform),
	.inspect		= SIDE(inspect),
	.kill_again		= SIDE(kill_again),
	.is_zero		= SIDE(is_zero),
	.is_dying		= SIDE(is_dying),
	.switch_to_percpu	= SIDE(switch_to_percpu),
};
