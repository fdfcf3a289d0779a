/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What rs_percpu_ref and rs_sealed_ref have in common: flags, modes, and the functions that
 * do the same for both. Those take the counter's data; the inline functions of
 * <refstorm/percpu_ref.h> and <refstorm/sealed_ref.h> give them the counters' types, and say
 * what they do.
 */
#ifndef _REFSTORM_PERCPU_COMMON_H
#define _REFSTORM_PERCPU_COMMON_H

#ifdef __cplusplus
#include <refstorm/freestanding.hpp>
#else
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>
#endif

struct rs_percpu_count;

/**
 * enum rs_percpu_ref_init_flags - how a counter begins
 * @RS_PERCPU_REF_INIT_ATOMIC: in atomic mode, and stays there until
 *	rs_percpu_ref_switch_to_percpu(); implies ALLOW_REINIT
 * @RS_PERCPU_REF_INIT_DEAD: as if killed and released, until
 *	rs_percpu_ref_reinit(); implies ALLOW_REINIT
 * @RS_PERCPU_REF_ALLOW_REINIT: may be resurrected; slots are kept for that
 * @RS_PERCPU_REF_DYNAMIC: without slots, until there are so many gets that
 *	they are worth their memory, and again when there are not
 * @RS_PERCPU_REF_INIT_TRACKED: tracked from its first reference on, until
 *	rs_percpu_ref_untrack(); see <refstorm/track.h>
 */
enum rs_percpu_ref_init_flags {
	RS_PERCPU_REF_INIT_ATOMIC	= BIT(0),
	RS_PERCPU_REF_INIT_DEAD		= BIT(1),
	RS_PERCPU_REF_ALLOW_REINIT	= BIT(2),
	RS_PERCPU_REF_DYNAMIC		= BIT(3),
	RS_PERCPU_REF_INIT_TRACKED	= BIT(4),
};

/**
 * enum rs_percpu_ref_mode - how a counter counts
 * @RS_PERCPU_REF_PERCPU: in the slots
 * @RS_PERCPU_REF_SWITCHING: in the shared word; slots not collected yet
 * @RS_PERCPU_REF_ATOMIC: in the shared word
 */
enum rs_percpu_ref_mode {
	RS_PERCPU_REF_PERCPU,
	RS_PERCPU_REF_SWITCHING,
	RS_PERCPU_REF_ATOMIC,
};

/**
 * struct rs_percpu_ref_state - what rs_percpu_ref_inspect() saw
 * @mode: how the counter counts
 * @count: references, meaningful in %RS_PERCPU_REF_ATOMIC only
 * @dying: the counter was killed
 * @saturated: misuse was seen; the counter will never be released
 * @collected: every reference is in @count, none in a slot. In %RS_PERCPU_REF_SWITCHING the
 *	slots were summed, and @count is meaningful, too; as a signed number of 59 bits
 */
struct rs_percpu_ref_state {
	enum rs_percpu_ref_mode	mode;
	u64			count;
	bool			dying;
	bool			saturated;
	bool			collected;
};

/*
 * What a counter can count to, and the most references that one call may take or drop. More
 * in one call is misuse: one warning, and the counter saturates.
 */
#define RS_PERCPU_REF_NR_MAX	((1ULL << 59) - 1)

/**
 * struct rs_percpu_data - what a counter has beside its slots; all private
 * @count: the count, or after exit one that is dead and zero; NULL before init
 *
 * Neither fast paths nor users look inside.
 */
struct rs_percpu_data {
	struct rs_percpu_count __rcu	*count;
};

/* A callback of either counter's type, which only the counter's engine calls. */
struct __rs_percpu_callback;

/* Does a kill drop the initial reference, or keep it? */
enum __rs_percpu_kill { __RS_PERCPU_KILL_DROPS, __RS_PERCPU_KILL_KEEPS };

void __rs_percpu_count_exit(struct rs_percpu_data *data);
void __rs_percpu_count_cancel_init(struct rs_percpu_data *data);
bool __rs_percpu_count_kill(struct rs_percpu_data *data, struct __rs_percpu_callback *confirm,
			    enum __rs_percpu_kill how);
void __rs_percpu_count_switch_to_atomic(struct rs_percpu_data *data,
					struct __rs_percpu_callback *confirm);
void __rs_percpu_count_switch_to_atomic_sync(struct rs_percpu_data *data);
int __rs_percpu_count_switch_to_percpu(struct rs_percpu_data *data);
int __rs_percpu_count_resurrect(struct rs_percpu_data *data);
int __rs_percpu_count_reinit(struct rs_percpu_data *data);
int __rs_percpu_count_set_threshold(struct rs_percpu_data *data, unsigned int threshold);
bool __rs_percpu_count_is_zero(struct rs_percpu_data *data);
bool __rs_percpu_count_is_dying(struct rs_percpu_data *data);
void __rs_percpu_count_inspect(struct rs_percpu_data *data, struct rs_percpu_ref_state *state);

#endif /* _REFSTORM_PERCPU_COMMON_H */
