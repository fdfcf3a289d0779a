/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The differential oracle runs mainline's counter and ours side by side.
 *
 * A pair (struct oracle_pair) has a counter of each side. A step (struct oracle_step)
 * does one operation to both counters. After each step both counters are asked the
 * same questions (enum oracle_field), and the answers must be equal. The subject's
 * draw() chooses the steps, with numbers from the run's seed, among the operations that
 * are legal in the pair's state. So each sequence of steps is one that a correct user
 * could have written, or a misuse that the counter is documented to survive.
 *
 * oracle_batch() advances ORACLE_PAIRS pairs in rounds. A round has five parts:
 *
 *	begin	a few steps that may sleep; no switch of mode is under way
 *	middle	steps that do not sleep, in one RCU read-side critical section:
 *		no grace period can end in it, so a switch that a step starts
 *		stays under way, for both counters, until the round is over
 *	tail	for some pairs one step that waits for a switch, each in a
 *		worker of its own, so that these steps share a grace period
 *	segment	for some pairs a list of operations for each of several threads
 *		on CPUs of their own, all at once; see oracle_segment.h
 *	settle	one oracle_wait() for all pairs, after which no switch is under way
 *
 * oracle_record() keeps the steps of each pair. When the answers differ, oracle_shrink()
 * runs the steps again, with fewer and fewer of them, as long as the answers still
 * differ. It skips a step that is illegal without one that was left out.
 *
 * Some differences are intended: see struct oracle_difference.
 *
 * A file calls those below it only:
 *
 *	oracle.c			the command and the run's thread
 *	oracle_run.c, oracle_shrink.c	batches of pairs; shorter sequences
 *	oracle_segment.c		segments: drawing, starting, counting
 *	oracle_team.c			the threads of segments
 *	oracle_ledger.c			what one thread of a segment does
 *	oracle_step.c			one step, or the end of a segment, and the comparison
 *
 * All of them call the subjects by struct oracle_subject; a subject calls none of them.
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
#define ORACLE_DIFFERENCES_MAX	5
#define ORACLE_AGAIN		10	/* runs of a shrunk sequence */
#define ORACLE_CELL_MIN		100	/* visits that each reachable cell needs */

/* The answers that are compared after each step. */
enum oracle_field {
	FIELD_RET,		/* what the call returned */
	FIELD_OLD,		/* what the call wrote to *oldp */
	FIELD_LOCKED,		/* which locks were held after the call */
	FIELD_COUNT,		/* the shared word and the slots together */
	FIELD_MODE,
	FIELD_DYING,
	FIELD_ZERO,
	FIELD_RELEASED,		/* calls of release() so far */
	FIELD_CONFIRMED,	/* calls of confirmations so far */
	FIELD_ORDER,		/* a digest of the order of all these calls */
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
	WHEN_SEGMENT,		/* begins a segment, and has its parameters */
	WHEN_CONCURRENT,	/* an operation of a segment */
};

/**
 * struct oracle_step - one operation on a pair
 * @op: index into the subject's operations
 * @when: enum oracle_when
 * @thread: in a segment, the thread that does the operation
 * @nr: first argument: a number of references, or flags; of WHEN_SEGMENT, how often
 *	each thread repeats its list
 * @limit: second argument of the few operations that have one; of WHEN_SEGMENT, bits:
 *	SEGMENT_DROP_ALL and the like
 */
struct oracle_step {
	u8	op;
	u8	when;
	u8	thread;
	u32	nr;
	u32	limit;
};

/**
 * struct oracle_sum - what the threads of a segment did to one side's counter
 * @net: references taken minus references dropped
 * @won: calls that returned true to one caller only: the last put, the kill
 * @certain: successful trygets among those whose result no other thread can change
 */
struct oracle_sum {
	s64	net;
	s64	won;
	s64	certain;
};

/**
 * struct oracle_pair - a pair of counters; the subject's structure embeds it
 * @work: does the tail
 * @run: the run that the pair belongs to
 * @nr_steps: number of recorded steps
 * @steps: steps since the pair was initialised
 * @broken: the answers differed; the pair takes no more steps
 * @state: state before the tail, or before the segment
 * @answers: answers to the tail
 * @segment_at: index of the step that begins the last segment
 * @segment_pending: a segment was drawn, or has run, and was not compared yet
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
	bool				segment_pending;
	struct oracle_sum		sum[SIDES];
};

/**
 * struct oracle_difference - an intended difference between the two counters
 * @name: name for the user
 * @row: what differs, in one line
 * @holds: tries whether this kernel's counter has the difference; NULL: every kernel's has
 * @explains: returns whether the difference accounts for all that differs in @answers
 *
 * A run in which a difference that holds never occurred is unproven.
 */
struct oracle_difference {
	const char	*name;
	const char	*row;
	bool		(*holds)(void);
	bool		(*explains)(struct oracle_pair *pair, const struct oracle_step *step,
				    unsigned int state, const struct oracle_answer *answers);
};

/* How a thread of a segment uses an operation, and what its result means. */
enum oracle_role {
	ROLE_NONE,		/* the operation cannot be in a segment */
	ROLE_READ,		/* changes nothing */
	ROLE_GET,		/* takes references; somebody must hold one meanwhile */
	ROLE_TRYGET,		/* takes references if it returns true */
	ROLE_TRYGET_LIVE,	/* the same, and fails after a kill */
	ROLE_TRYGET_LIMIT,	/* the same, and the result depends on other threads */
	ROLE_PUT,		/* drops references; true if these were the last */
	ROLE_PUT_SPARE,		/* drops a reference that is not the last */
	ROLE_PUT_IF_LAST,	/* drops the last reference if it returns true */
	ROLE_PUT_IF_NOT,	/* drops one that is not the last if it returns true */
	ROLE_SWITCH,		/* switches the mode; done once */
	ROLE_EXCLUSIVE,		/* done once; returns true to one of all callers */
};

/**
 * struct oracle_op - an operation
 * @name: name of the function
 * @states: bits of the states in which a step may use it
 * @concurrent: bits of the states in which a segment with it may begin
 * @role: enum oracle_role
 * @many: it takes or drops as many references as the step says, else one
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
 * @nr_ops: number of @ops
 * @states: names of states
 * @nr_states: number of @states
 * @differences: intended differences
 * @nr_differences: number of @differences
 * @pair_size: size of the structure that begins with struct oracle_pair
 * @rounds: rounds of a pair
 * @round_steps: middle steps of a round
 * @switches: the counter has modes, so rounds have tails and settle
 * @provoke_warnings: misuse both counters once in each way, in a fixed order on the
 *	calling CPU, so that warnings that come once have come
 * @init: initialise the counters of a pair; 0 or -ENOMEM
 * @exit: the opposite of @init
 * @state: present state of a pair
 * @draw: choose a step; false if there is none
 * @legal: may the step be done now?
 * @perform: do the step to both counters, and answer FIELD_RET, FIELD_OLD, FIELD_LOCKED
 * @inspect: answer all other fields, for both counters
 * @wait: wait until our switch is over, where rcu_barrier() does not; may be NULL
 * @settled: told that no switch is under way any more; may be NULL
 * @resync: after an intended difference, make the counters equal again; may be NULL
 * @segment_one_in: one of so many pairs has a segment in each round
 * @rare_states: bits of the states in which a quarter of these pairs have one
 * @put_op: the operation with which threads drop references in the end
 * @draw_limit: choose a second argument; may be NULL
 * @segment_fits: may the step be in the segment that was collected so far? may be NULL
 * @segment_prepare: fill in the guarantees and shares of a segment; see oracle_segment.h
 * @segment_step: do a step to one side's counter; returns what the operation returned
 * @segment_end: told that a segment has ended and settled; may be NULL
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
	void		(*provoke_warnings)(void);
	int		(*init)(struct oracle_pair *pair);
	void		(*exit)(struct oracle_pair *pair);
	unsigned int	(*state)(struct oracle_pair *pair);
	bool		(*draw)(struct oracle_pair *pair, enum oracle_when when,
				struct rs_sequence *seq, struct oracle_step *step);
	bool		(*legal)(struct oracle_pair *pair, const struct oracle_step *step);
	int		(*perform)(struct oracle_pair *pair, const struct oracle_step *step,
				   struct oracle_answer *answers);
	void		(*inspect)(struct oracle_pair *pair, struct oracle_answer *answers);
	void		(*wait)(struct oracle_pair *pair);
	void		(*settled)(struct oracle_pair *pair);
	void		(*resync)(struct oracle_pair *pair);
	unsigned int	segment_one_in;
	u32		rare_states;
	u8		put_op;
	u32		(*draw_limit)(struct oracle_pair *pair, struct rs_sequence *seq);
	bool		(*segment_fits)(const struct oracle_segment *segment,
					const struct oracle_step *step);
	void		(*segment_prepare)(struct oracle_segment *segment);
	bool		(*segment_step)(struct oracle_pair *pair, enum oracle_side side,
					const struct oracle_step *step);
	void		(*segment_end)(struct oracle_pair *pair);
};

/**
 * struct oracle_mismatch - an unintended difference
 * @step: index of @last in the pair's sequence
 * @last: the step after which the answers differed
 * @state: state before @last
 * @answers: answers to @last
 */
struct oracle_mismatch {
	unsigned int		step;
	struct oracle_step	last;
	unsigned int		state;
	struct oracle_answer	answers[SIDES];
};

/**
 * struct oracle_result - what the oracle file shows of a run
 * @run: number of the run, 0 if there was none
 * @running: the run has not ended
 * @seed: the run's seed
 * @steps_wanted: lockstep steps that the command asked for
 * @ms: time that the command asked for; 0: @steps_wanted ends the run
 * @steps: lockstep steps done
 * @sequences: pairs that have ended
 * @elapsed_ns: time since the run began
 * @verdict: verdict, or NULL while there is none
 * @detail: reason of the verdict
 * @cpus: online CPUs when the run began
 * @lockstep: the run has no segments
 * @segments: segments run
 * @overlapped: segments in which, with either counter, two threads or more were at work
 *	at the same time on CPUs of their own
 * @cells: how often each operation was done in each state
 * @concurrent: the same in segments that overlapped, by the state in which they began
 * @differences: how often each intended difference occurred
 * @holds: bits of the intended differences that this kernel has
 * @listed: bits of the intended differences that do not end this run
 * @mismatch: the unintended difference, as the run found it
 * @sequence: number of the pair with @mismatch
 * @tries: sequences that the shrinking ran
 * @repeats: how often a sequence with a segment had to show no difference before the
 *	shrinking gave it up; 1 if there was no segment
 * @again: how many of ORACLE_AGAIN runs of the shrunk sequence differed
 * @shrunk: the difference at the end of the shrunk sequence
 * @nr_shrunk: number of @shrunk_steps
 * @shrunk_steps: the shrunk sequence
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
 * @subject: the kind of counter
 * @result: where the figures go
 * @seq: random numbers
 * @stop: the user has asked the run to end
 * @start_ns: when the run began
 * @replaying: a sequence is being shrunk, and @result counts nothing
 * @failed: errno of the counter that could not be initialised
 * @found: the pair with the mismatch of @result
 * @team: threads for segments
 * @scratch: oracle_shrink_scratch() bytes
 * @pairs: ORACLE_PAIRS of @subject's pairs
 */
struct oracle_run {
	const struct oracle_subject	*subject;
	struct oracle_result		*result;
	struct rs_sequence		seq;
	bool				stop;
	u64				start_ns;
	bool				replaying;
	int				failed;
	const struct oracle_pair	*found;
	struct oracle_team		*team;
	void				*scratch;
	void				*pairs;
};

extern const struct oracle_subject oracle_refcount, oracle_kref, oracle_percpu_ref,
				   oracle_sealed_ref;

static inline struct oracle_pair *oracle_pair(struct oracle_run *run, unsigned int n)
{
	return run->pairs + n * run->subject->pair_size;
}

/* The present batch is the last one, and need not be completed. */
static inline bool oracle_ending(const struct oracle_run *run)
{
	const struct oracle_result *result = run->result;

	return READ_ONCE(run->stop) || run->failed ||
	       (!result->ms && result->steps >= result->steps_wanted);
}

/* Are the answers of both sides equal, except in the fields whose bits are in @but? */
static inline bool oracle_agree_but(const struct oracle_answer *answers, u32 but)
{
	unsigned int i;

	for (i = 0; i < FIELD_NR; i++)
		if (!(but & BIT(i)) &&
		    answers[MAINLINE].field[i] != answers[OURS].field[i])
			return false;
	return true;
}

/* oracle_step.c */
void oracle_wait(struct oracle_run *run, unsigned int first, unsigned int nr);
struct oracle_step *oracle_record(struct oracle_pair *pair, const struct oracle_step *step);
bool oracle_compare(struct oracle_run *run, struct oracle_pair *pair,
		    const struct oracle_step *step, unsigned int state,
		    const struct oracle_answer *answers, struct oracle_mismatch *mismatch);
void oracle_count_step(struct oracle_run *run, const struct oracle_step *step,
		       unsigned int state);
bool oracle_do_step(struct oracle_run *run, struct oracle_pair *pair,
		    const struct oracle_step *step, struct oracle_mismatch *mismatch);
void oracle_do_tail(struct oracle_pair *pair, const struct oracle_step *step);
bool oracle_settle(struct oracle_run *run, struct oracle_pair *pair,
		   struct oracle_mismatch *mismatch);

/* oracle_run.c */
void oracle_batch(struct oracle_run *run);

/* oracle_shrink.c */
void oracle_shrink(struct oracle_run *run);
size_t oracle_shrink_scratch(void);

/* oracle_show.c */
void oracle_result_show(struct seq_file *m, const struct oracle_subject *subject,
			const struct oracle_result *result);
const char *oracle_unproven(const struct oracle_subject *subject,
			    const struct oracle_result *result, char *buf, size_t size);

#endif /* _REFSTORM_ORACLE_INTERNAL_H */
