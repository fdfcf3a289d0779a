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
 *	zone 10, 01	biased: the slots hold a part, the word alone says
 *			nothing; it may be above or below the bias by 2^59
 *	zone 11		saturated: misuse was seen, never zero again
 *
 * DEAD shares the word so that of any number of racing kills exactly one sets
 * it, and so that tryget_live decides and counts in one step.
 *
 * SWITCHING is the switch's own reference: while it is set the word cannot be
 * zero, even for users who sit at no reference in per-CPU mode, and the
 * decrement that takes it away also says that the switch is over. Whoever
 * sees zero knows therefore that nothing of ours is still under way.
 *
 * TRACKED shares it so that each get and put says itself whether it is to be
 * recorded: what the word held when it was set is what was taken before, exactly. It is
 * set only while every reference is in the word, and keeps them there.
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

/* No references: neither the users', nor the switch's, nor in slots. */
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
 * Every reference is in the word, there are some, and nobody records them: nothing to
 * think about. In few instructions, so a biased word that is exactly 2^59 below its bias
 * passes, too; nobody minds that.
 */
static inline bool count_is_plain(u64 word)
{
	/* Without the two flags that do not matter. One reference less, and none is far above. */
	u64 rest = word << 2;

	return !((rest - BIT_ULL(2)) >> 61);
}

/* Users may count in slots. */
static inline bool count_is_percpu(u64 word)
{
	return count_is_biased(word) && !(word & COUNT_SWITCHING);
}

/* Every reference is in the word, and it has fewer than @nr. */
static inline bool count_has_fewer(u64 word, u64 nr)
{
	return !(word & COUNT_ZONE) && (word & COUNT_REFS) < nr;
}

#endif /* _RSREF_COUNT_WORD_H */
