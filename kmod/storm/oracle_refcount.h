/* SPDX-License-Identifier: GPL-2.0 */
/* What the oracle's subjects refcount and kref share. */
#ifndef _REFSTORM_ORACLE_REFCOUNT_H
#define _REFSTORM_ORACLE_REFCOUNT_H

#include "oracle_internal.h"

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

extern const char * const oracle_refcount_states[STATE_NR];

unsigned int oracle_refcount_state(unsigned int count);
u32 oracle_refcount_value(struct rs_sequence *seq);
u32 oracle_refcount_amount(struct rs_sequence *seq, unsigned int count);
void oracle_refcount_provoke(void);
bool oracle_dec_not_one_leaves_zero(void);

#endif /* _REFSTORM_ORACLE_REFCOUNT_H */
