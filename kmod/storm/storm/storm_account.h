/* SPDX-License-Identifier: GPL-2.0 */
/* What an object's counter counts, beside what it should count. */
#ifndef _REFSTORM_STORM_ACCOUNT_H
#define _REFSTORM_STORM_ACCOUNT_H

#include <linux/types.h>

struct seq_file;
struct storm;
struct storm_object;
enum invariant;

/**
 * struct storm_look - a look at an object's counter and at all ledgers
 * @known: the counter was not exited yet; all but the ledgers is valid
 * @steady: no worker began or ended an operation on the object meanwhile
 * @counted: @count is valid: a sealed slot hides what it had counted until the slots are summed
 * @killable: @dying is valid
 * @dying: the counter was killed
 * @whole: every reference is in the shared word
 * @mode: enum rs_counter_mode
 * @owned: references of the object's owner, which are in no ledger
 * @held: sum of the ledgers
 * @moving: references that operations are taking or dropping right now
 * @count: what the counter counts: the shared word, and the slots unless @whole
 *
 * A right counter that was looked at steadily differs from @held + @owned by @moving at most.
 */
struct storm_look {
	bool	known;
	bool	steady;
	bool	counted;
	bool	killable;
	bool	dying;
	bool	whole;
	u8	mode;
	u32	owned;
	u32	held;
	u32	moving;
	s64	count;
};

#define STORM_ACCOUNT_CPUS	16	/* whose slots are kept */
#define STORM_ACCOUNT_HOLDERS	16	/* workers whose ledgers are kept */

/* What is known of an object: at the violation, and when all threads have ended */
struct storm_account {
	u64			time_ns;
	struct storm_look	look;
	struct storm_look	settled;
	u64			life;
	u8			phase;		/* enum object_phase */
	bool			confirm_wanted;
	bool			confirmed;
	int			released;	/* calls of release() */
	u64			killed_ns;	/* before the violation; 0: never */
	unsigned int		nr_slots;	/* CPUs of slot[] and has_slot */
	u32			has_slot;	/* bits of CPUs whose slot could be read */
	s64			slot[STORM_ACCOUNT_CPUS];
	s64			slots_sum;	/* of all CPUs */
	unsigned int		nr_holders;
	struct {
		u16	worker;
		u64	held;
	}			holder[STORM_ACCOUNT_HOLDERS];
};

void storm_account_look(struct storm_object *object, struct storm_look *look);
void storm_account_take(struct storm *storm, struct storm_object *object);
void storm_account_settle(struct storm *storm);
void storm_account_keep(struct storm *storm, u64 last_put_ns);
void storm_account_show(struct seq_file *m);

#endif /* _REFSTORM_STORM_ACCOUNT_H */
