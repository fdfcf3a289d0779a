/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shared word of a per-CPU count: references, bias and state in one.
 *
 *	   63       62          61      60 59     58                  0
 *	+------+-----------+---------+-------+-----------------------+
 *	| DEAD | SWITCHING | TRACKED | zone  |       references      |
 *	+------+-----------+---------+-------+-----------------------+
 *
 *	zone 00		every reference is in this word
 *	zone 10, 01	biased: slots hold a part, and the word alone says
 *			nothing; it may be above or below the bias by 2^59
 *	zone 11		saturated: misuse was seen, never zero again
 *
 * DEAD shares the word so that of any number of racing kills exactly one sets it, and so
 * that tryget_live decides and counts in one step.
 *
 * SWITCHING is the switch's own reference. While it is set the word cannot be zero, even of a
 * counter that sits at no reference in per-CPU mode. The decrement that clears SWITCHING also
 * says that the switch is over, so a caller that sees zero knows that no switch is under way.
 *
 * TRACKED shares the word so that the value that a get or put returns says whether the get or
 * put is recorded: the references in the word when TRACKED was set were taken before, exactly.
 * TRACKED is set only while every reference is in the word, and keeps them there.
 *
 *	live, per-CPU			BIAS + 1
 *	killed: -1, DEAD, SWITCHING	BIAS + SWITCHING + DEAD
 *	collected: + sum - BIAS		n + SWITCHING + DEAD
 *	confirmed: - SWITCHING		n + DEAD
 *	last put			DEAD		release()
 */
#ifndef _RSREF_COUNT_WORD_H
#define _RSREF_COUNT_WORD_H

#include <linux/bits.h>
#include <linux/types.h>

#define COUNT_DEAD		BIT_ULL(63)
#define COUNT_SWITCHING		BIT_ULL(62)
#define COUNT_TRACKED		BIT_ULL(61)
#define COUNT_FLAGS		(COUNT_DEAD | COUNT_SWITCHING | COUNT_TRACKED)
#define COUNT_BIAS		BIT_ULL(60)
#define COUNT_ZONE		GENMASK_ULL(60, 59)
#define COUNT_REFS		GENMASK_ULL(58, 0)
/* The middle of zone 11, as far from either end as can be */
#define COUNT_SATURATED		(COUNT_ZONE | BIT_ULL(58))

/* No references: none of users, none of a switch, none in slots. */
static inline bool count_is_zero(u64 word)
{
	return !(word & ~(COUNT_DEAD | COUNT_TRACKED));
}

static inline bool count_is_biased(u64 word)
{
	return (word & COUNT_ZONE) && (word & COUNT_ZONE) != COUNT_ZONE;
}

static inline bool count_is_saturated(u64 word)
{
	return (word & COUNT_ZONE) == COUNT_ZONE;
}

/*
 * Every reference is in the word, there is at least one, and none is recorded: get and put
 * have no more to do. To be few instructions, this is also true of a biased word that is
 * exactly 2^59 below its bias, which does no harm.
 */
static inline bool count_is_plain(u64 word)
{
	/* DEAD and SWITCHING do not matter. No reference less one is a very large number. */
	u64 rest = word << 2;

	return !((rest - BIT_ULL(2)) >> 61);
}

/* Gets and puts may use slots. */
static inline bool count_is_percpu(u64 word)
{
	return count_is_biased(word) && !(word & COUNT_SWITCHING);
}

/* Every reference is in the word, which has fewer than @nr. */
static inline bool count_has_fewer(u64 word, u64 nr)
{
	return !(word & COUNT_ZONE) && (word & COUNT_REFS) < nr;
}

#endif /* _RSREF_COUNT_WORD_H */
