/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The differential oracle: mainline's counter and ours, step by step.
 *
 * A pair is one of each. Whatever is done to one is done to the other, and
 * after each step both are asked the same questions; the answers must be the
 * same. What may be done next is drawn from a seed among what is legal in the
 * state that the pair is in, so every sequence is one that a correct user
 * could have written, or one of the abuses that a counter is documented to
 * survive.
 *
 * Many pairs advance side by side, in rounds:
 *
 *	begin	a few steps that may sleep; nothing is being switched
 *	middle	steps that do not sleep, in one RCU read-side critical section:
 *		no grace period can end in it, so a switch that was begun stays
 *		under way, for both counters, until the round is over
 *	tail	for some pairs one step that waits for a switch, each in a
 *		worker of its own, so that they wait for the same grace period
 *	segment	for some pairs a list of operations for each of several threads
 *		on CPUs of their own, all at once; see oracle_segment.h
 *	settle	one rcu_barrier() for all pairs: every switch is complete
 *
 * Steps are recorded as they are drawn. A disagreement is run again, with fewer
 * and fewer steps, while it persists; a step that is not legal any more
 * because another is missing is passed over.
 *
 * Some disagreements are what we want: see struct oracle_difference.
 */
#ifndef _REFSTORM_ORACLE_INTERNAL_H
#define _REFSTORM_ORACLE_INTERNAL_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <refstorm/abi.h>

#include "control/tally.h"

#define ORACLE_PAIRS		512
#define ORACLE_STEPS_MAX	256	/* of one pair, over all rounds, with segments */
#define ORACLE_THREADS		4	/* of a segment, at most */
#define ORACLE_OPS_MAX		32
#define ORACLE_STATES_MAX	6
#define ORACLE_DIFFERENCES_MAX	4
#define ORACLE_AGAIN		10	/* runs of a shrunk sequence */
#define ORACLE_CELL_MIN		100	/* what each reachable cell is visited at least */

/* What is asked after each step, and compared. */
enum oracle_field {
	FIELD_RET,		/* what the call returned */
	FIELD_OLD,		/* what it wrote to *oldp */
	FIELD_LOCKED,		/* who held the lock after it */
	FIELD_COUNT,		/* with what is in slots */
	FIELD_MODE,
	FIELD_DYING,
	FIELD_ZERO,
	FIELD_RELEASED,		/* callbacks, so far */
	FIELD_CONFIRMED,
	FIELD_ORDER,		/* in which they came */
	FIELD_NR,
};

struct oracle_team;
struct seq_file;

struct oracle_answer {
	s64	field[FIELD_NR];
};

enum oracle_side { MAINLINE, OURS, SIDES };

enum oracle_when {
	WHEN_BEGIN, WHEN_MIDDLE, WHEN_TAIL, WHEN_SETTLE,
	WHEN_SEGMENT,		/* begins a segment, and says how it is run */
	WHEN_CONCURRENT,	/* an operation in it */
};

/**
 * struct oracle_step - one thing done to a pair
 * @op: index of the subject's operations
 * @when: enum oracle_when
 * @thread: which does it, in a segment
 * @nr: argument: how many, or which flags; of a segment, how often each thread
 *	runs through its list
 * @limit: second argument of the few that have one; of a segment, its bits
 */
struct oracle_step {
	u8	op;
	u8	when;
	u8	thread;
	u32	nr;
	u32	limit;
};

/**
 * struct oracle_sum - what the threads of a segment did, one side's
 * @net: references taken, without those dropped
 * @won: how many were told that they were the one: whose put was the last, whose
 *	kill killed
 * @sure: trygets with an answer that cannot depend on the others, and was true
 */
struct oracle_sum {
	s64	net;
	s64	won;
	s64	sure;
};

/**
 * struct oracle_pair - a pair of counters; a subject's own follows it
 * @work: does the tail
 * @run: whose it is
 * @nr_steps: how many were recorded
 * @steps: what was done since the pair was born
 * @broken: a disagreement was seen; no more steps
 * @state: before the tail, or the segment
 * @answers: to the tail
 * @segment_at: where the last segment was recorded
 * @unjudged: a segment was drawn, or has been run and waits for the settling
 * @sum: of that segment
 */
struct oracle_pair {
	struct work_struct		work;
	struct oracle_run		*run;
	unsigned int			nr_steps;
	struct oracle_step		steps[ORACLE_STEPS_MAX];
	bool				broken;
	unsigned int			state;
	struct oracle_answer		answers[SIDES];
	unsigned int			segment_at;
	bool				unjudged;
	struct oracle_sum		sum[SIDES];
};

/**
 * struct oracle_difference - a disagreement that is meant to be
 * @name: of it
 * @row: where it is documented, and why
 * @holds: whether this kernel's counter has it, found by trying; NULL: all do
 * @explains: does it account for all that differs in these answers?
 *
 * One that holds and does not occur in a run is as bad as a disagreement.
 */
struct oracle_difference {
	const char	*name;
	const char	*row;
	bool		(*holds)(void);
	bool		(*explains)(struct oracle_pair *pair, const struct oracle_step *step,
				    unsigned int state, const struct oracle_answer *answers);
};

/* What an operation is to the thread of a segment that does it. */
enum oracle_role {
	ROLE_NONE,		/* not to be done at once with others */
	ROLE_LOOK,		/* changes nothing */
	ROLE_GET,		/* takes; somebody must hold a reference meanwhile */
	ROLE_TRYGET,		/* takes if it is true */
	ROLE_TRYGET_LIVE,	/* the same, unless it was killed */
	ROLE_TRYGET_LIMIT,	/* the same; always depends on the others */
	ROLE_PUT,		/* drops; true if that was the last */
	ROLE_PUT_SPARE,		/* drops one that is not the last */
	ROLE_PUT_IF_LAST,	/* drops the last if it is true */
	ROLE_PUT_IF_NOT,	/* drops one that is not the last if it is true */
	ROLE_SWITCH,		/* of mode; once */
	ROLE_EXCLUSIVE,		/* once; of all callers one is told true */
};

/**
 * struct oracle_op - an operation
 * @name: of the function
 * @states: bits of the states in which it can be used
 * @concurrent: bits of the states in which a segment with it can begin
 * @role: enum oracle_role, for segments
 * @many: it takes or drops as many as the step says, else one
 */
struct oracle_op {
	const char	*name;
	u32		states;
	u32		concurrent;
	u8		role;
	bool		many;
};

struct oracle_segment;

/**
 * struct oracle_subject - a kind of counter
 * @name: mainline's name
 * @ops: operations
 * @nr_ops: how many
 * @states: names of states
 * @nr_states: how many
 * @differences: that are meant to be
 * @nr_differences: how many
 * @pair_size: of the structure that begins with struct oracle_pair
 * @rounds: of a pair's life
 * @round_steps: middle steps of a round
 * @switches: there are switches to wait for, and tails
 * @provoke: misuse both counters once in each way, so that what they warn of
 *	once has been warned of; in a fixed order, on the calling CPU
 * @init: begin a pair; 0 or -ENOMEM
 * @exit: end it
 * @state: that it is in now
 * @draw: choose a step; false if there is none
 * @legal: may it be done now?
 * @perform: do it to both; answer ret, old, locked
 * @look: ask both; all other answers
 * @settled: all switches are complete
 * @resync: after a difference, make them equal again; may be NULL
 * @segments: one pair of so many has a segment in each round
 * @rarely: bits of the states in which it is a quarter of these
 * @put: operation that drops references, as many as the step says
 * @limit: second argument, for those that have one
 * @fits: may this step go into the segment that has been collected?
 * @prepare: say what can be relied on in the segment; see oracle_segment.h
 * @concurrent: do a step to one side; whether it is true
 * @joined: all has settled after a segment, whose sum is known
 */
struct oracle_subject {
	const char			*name;
	const struct oracle_op		*ops;
	unsigned int			nr_ops;
	const char * const		*states;
	unsigned int			nr_states;
	const struct oracle_difference	*differences;
	unsigned int			nr_differences;
	size_t				pair_size;
	unsigned int			rounds;
	unsigned int			round_steps;
	bool				switches;
	void		(*provoke)(void);
	int		(*init)(struct oracle_pair *pair);
	void		(*exit)(struct oracle_pair *pair);
	unsigned int	(*state)(struct oracle_pair *pair);
	bool		(*draw)(struct oracle_pair *pair, enum oracle_when when,
				struct rs_sequence *seq, struct oracle_step *step);
	bool		(*legal)(struct oracle_pair *pair, const struct oracle_step *step);
	int		(*perform)(struct oracle_pair *pair, const struct oracle_step *step,
				   struct oracle_answer *answers);
	void		(*look)(struct oracle_pair *pair, struct oracle_answer *answers);
	void		(*settled)(struct oracle_pair *pair);
	void		(*resync)(struct oracle_pair *pair);
	unsigned int	segments;
	u32		rarely;
	u8		put;
	u32		(*limit)(struct oracle_pair *pair, struct rs_sequence *seq);
	bool		(*fits)(const struct oracle_segment *segment,
				const struct oracle_step *step);
	void		(*prepare)(struct oracle_segment *segment);
	bool		(*concurrent)(struct oracle_pair *pair, enum oracle_side side,
				      const struct oracle_step *step);
	void		(*joined)(struct oracle_pair *pair);
};

/**
 * struct oracle_mismatch - a disagreement
 * @step: index of the step in the pair's sequence
 * @last: the step
 * @state: before it
 * @answers: to it
 */
struct oracle_mismatch {
	unsigned int		step;
	struct oracle_step	last;
	unsigned int		state;
	struct oracle_answer	answers[SIDES];
};

/**
 * struct oracle_result - what the oracle file shows of a run
 * @run: its number, 0 if there was none
 * @running: it has not ended
 * @seed: of it
 * @steps_wanted: how many it was asked for
 * @ms: how long it was asked for; 0: until the steps are done
 * @steps: done
 * @sequences: pairs that lived
 * @elapsed_ns: how long it took
 * @verdict: or NULL
 * @detail: of the verdict
 * @cpus: that were online when it began
 * @lockstep: it has no segments
 * @segments: run
 * @overlapped: those in which two threads or more were inside at the same time,
 *	on CPUs of their own, with either counter
 * @cells: how often each operation was done in each state
 * @concurrent: the same in segments that overlapped, by the state in which they began
 * @differences: how often each came
 * @holds: bits of those that this kernel has
 * @listed: bits of those that are no disagreement in this run
 * @mismatch: the disagreement, as it was found, if the verdict says so
 * @sequence: number of the pair it was found in
 * @tries: sequences run to shrink it
 * @repeats: how often a sequence with a segment was run before it counted as one
 *	that agrees; 1 if there was none
 * @again: of ORACLE_AGAIN runs of the shrunk sequence so many disagreed
 * @shrunk: the disagreement at the end of the shrunk sequence
 * @nr_shrunk: how many steps that has
 * @shrunk_steps: the steps
 */
struct oracle_result {
	u32			run;
	bool			running;
	u64			seed;
	u64			steps_wanted;
	u64			ms;
	u64			steps;
	u64			sequences;
	u64			elapsed_ns;
	const char		*verdict;
	char			detail[160];
	unsigned int		cpus;
	bool			lockstep;
	u64			segments;
	u64			overlapped;
	u64			cells[ORACLE_OPS_MAX][ORACLE_STATES_MAX];
	u64			concurrent[ORACLE_OPS_MAX][ORACLE_STATES_MAX];
	u64			differences[ORACLE_DIFFERENCES_MAX];
	u32			holds;
	u32			listed;
	struct oracle_mismatch	mismatch;
	u64			sequence;
	unsigned int		tries;
	unsigned int		repeats;
	unsigned int		again;
	struct oracle_mismatch	shrunk;
	unsigned int		nr_shrunk;
	struct oracle_step	shrunk_steps[ORACLE_STEPS_MAX];
};

/**
 * struct oracle_run - a run
 * @subject: what is compared
 * @result: where its figures go
 * @seq: random numbers
 * @stop: it is to end now
 * @deadline_ns: when it is to end, or 0
 * @start_ns: when it began
 * @replaying: a sequence is being shrunk: nothing is counted
 * @failed: errno of a pair that could not be made
 * @team: threads for segments
 * @scratch: oracle_shrink_scratch() bytes
 * @pairs: ORACLE_PAIRS of them
 */
struct oracle_run {
	const struct oracle_subject	*subject;
	struct oracle_result		*result;
	struct rs_sequence		seq;
	bool				stop;
	u64				deadline_ns;
	u64				start_ns;
	bool				replaying;
	int				failed;
	struct oracle_team		*team;
	void				*scratch;
	void				*pairs;
};

extern const struct oracle_subject oracle_refcount, oracle_kref, oracle_percpu_ref;

static inline struct oracle_pair *oracle_pair(struct oracle_run *run, unsigned int n)
{
	return run->pairs + n * run->subject->pair_size;
}

/* The batch is to be the last, and need not be completed. */
static inline bool oracle_ending(const struct oracle_run *run)
{
	const struct oracle_result *result = run->result;

	return READ_ONCE(run->stop) || run->failed ||
	       (!result->ms && result->steps >= result->steps_wanted);
}

/* Do @a and @b agree but for the fields in @but? */
bool oracle_agree_but(const struct oracle_answer *answers, u32 but);

/* oracle_run.c */
void oracle_batch(struct oracle_run *run);
bool oracle_judge(struct oracle_run *run, struct oracle_pair *pair,
		  const struct oracle_step *step, unsigned int state,
		  const struct oracle_answer *answers, struct oracle_mismatch *mismatch);
bool oracle_one(struct oracle_run *run, struct oracle_pair *pair,
		const struct oracle_step *step, struct oracle_mismatch *mismatch);
bool oracle_settle_one(struct oracle_run *run, struct oracle_pair *pair,
		       struct oracle_mismatch *mismatch);
struct oracle_step *oracle_record(struct oracle_pair *pair, const struct oracle_step *step);

/* oracle_shrink.c */
void oracle_shrink(struct oracle_run *run, const struct oracle_pair *found);
size_t oracle_shrink_scratch(void);

/* oracle_show.c */
void oracle_result_show(struct seq_file *m, const struct oracle_subject *subject,
			const struct oracle_result *result);
const char *oracle_thin(const struct oracle_subject *subject,
			const struct oracle_result *result, char *buf, size_t size);

#endif /* _REFSTORM_ORACLE_INTERNAL_H */
