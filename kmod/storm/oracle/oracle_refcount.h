/* SPDX-License-Identifier: GPL-2.0 */
/* What the oracle's subjects refcount and kref share. */
#ifndef _REFSTORM_ORACLE_REFCOUNT_H
#define _REFSTORM_ORACLE_REFCOUNT_H

#include "oracle_segment.h"

enum oracle_refcount_state {
	STATE_ZERO,
	STATE_ONE,
	STATE_SOME,
	STATE_NEAR_MAX,
	STATE_MAX,
	STATE_SATURATED,
	STATE_NR,
};

#define STATES_ALL (BIT(STATE_NR) - 1)

/* In which a count is what its users hold. */
#define ORACLE_REFCOUNT_COUNTS (BIT(STATE_ONE) | BIT(STATE_SOME))

extern const char * const oracle_refcount_states[STATE_NR];

unsigned int oracle_refcount_state(unsigned int count);
u32 oracle_refcount_value(struct rs_sequence *seq);
u32 oracle_refcount_amount(struct rs_sequence *seq, unsigned int count);
void oracle_refcount_prepare(struct oracle_segment *segment, unsigned int count);
void oracle_refcount_provoke(void);
bool oracle_dec_not_one_leaves_zero(void);

#endif /* _REFSTORM_ORACLE_REFCOUNT_H */
