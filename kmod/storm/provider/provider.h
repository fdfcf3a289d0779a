/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Providers: the counters that can be driven, each one table of operations.
 *
 * Mainline's counters and ours stand side by side behind the same calls. To
 * add one, write a file that defines a struct rs_provider, and list it in
 * provider.c.
 */
#ifndef _REFSTORM_PROVIDER_H
#define _REFSTORM_PROVIDER_H

#include <linux/bits.h>
#include <linux/types.h>

#include <refstorm/refcount.h>

struct command;
struct rs_bench_op;
struct rs_holder;
struct rs_provider;
struct seq_file;

/* Room for any provider's counter */
#define RS_COUNTER_BYTES 64

/**
 * struct rs_counter - a counter of whatever kind, with its callbacks
 * @storage: the provider's counter
 * @provider: its operations
 * @release: called when the last reference is dropped; must not sleep
 * @confirm: called when a kill is confirmed; must not sleep
 */
struct rs_counter {
	u64			 storage[RS_COUNTER_BYTES / sizeof(u64)];
	const struct rs_provider *provider;
	void			(*release)(struct rs_counter *counter);
	void			(*confirm)(struct rs_counter *counter);
};

enum rs_origin {
	RS_ORIGIN_BASELINE,
	RS_ORIGIN_MAINLINE,
	RS_ORIGIN_REFSTORM,
};

enum rs_counter_mode {
	RS_COUNTER_MODELESS,
	RS_COUNTER_PERCPU,
	RS_COUNTER_SWITCHING,
	RS_COUNTER_ATOMIC,
};

/**
 * struct rs_counter_state - what a counter says of itself
 * @mode: how it counts
 * @countable: @count and @zero mean something
 * @count: references
 * @zero: it has none
 * @killable: @dying means something
 * @dying: it was killed
 * @saturated: it was driven past its end
 */
struct rs_counter_state {
	enum rs_counter_mode	mode;
	bool			countable;
	u64			count;
	bool			zero;
	bool			killable;
	bool			dying;
	bool			saturated;
};

/**
 * struct rs_counter_modes - the operations of a counter that has modes
 * @switch_to_atomic: count in one word, and wait until that is so
 * @switch_to_percpu: count per CPU again, unless it is dying
 * @reinit: begin anew after release
 * @resurrect: take back a kill while a reference is held
 * @begin_switch_to_atomic: begin that switch, and wait for nothing
 *
 * All but the switches to atomic need a counter that began with
 * %RS_COUNTER_ALLOW_REINIT; mainline's need it for that, too. Context: process.
 */
struct rs_counter_modes {
	void (*switch_to_atomic)(struct rs_counter *counter);
	void (*switch_to_percpu)(struct rs_counter *counter);
	void (*reinit)(struct rs_counter *counter);
	void (*resurrect)(struct rs_counter *counter);
	void (*begin_switch_to_atomic)(struct rs_counter *counter);
};

/**
 * struct rs_counter_tracking - the operations of a counter that records its holders
 * @track: begin, with a name and the time from a kill to a report; 0 or an errno
 * @untrack: end
 * @get_held: take a reference for a holder
 * @put_held: drop it
 *
 * Context: process; of the last two, any but NMI.
 */
struct rs_counter_tracking {
	int (*track)(struct rs_counter *counter, const char *name, unsigned int seconds);
	void (*untrack)(struct rs_counter *counter);
	void (*get_held)(struct rs_counter *counter, struct rs_holder *holder);
	void (*put_held)(struct rs_counter *counter, struct rs_holder *holder);
};

/* How a counter begins; only per-CPU ones have a choice */
enum rs_counter_init {
	RS_COUNTER_INIT_ATOMIC	= BIT(0),
	RS_COUNTER_INIT_DEAD	= BIT(1),
	RS_COUNTER_ALLOW_REINIT	= BIT(2),
	RS_COUNTER_TRACKED	= BIT(3),	/* has @tracking only */
};

/* Where a counter can be killed */
enum rs_kill_context {
	RS_KILL_TASK,
	RS_KILL_IRQS_OFF,	/* a task with interrupts off */
	RS_KILL_SOFTIRQ,
	RS_KILL_HARDIRQ,
	RS_KILL_CONTEXT_NR
};

extern const char * const rs_kill_context_names[];

/* What becomes of a counter that was killed */
enum rs_life {
	RS_LIFE_END,		/* released, and that is all */
	RS_LIFE_REINIT,		/* released, and begun anew */
	RS_LIFE_RESURRECT,	/* the kill is taken back */
	RS_LIFE_NR
};

extern const char * const rs_life_names[];

/* When a counter is ended */
enum rs_end {
	RS_END_GRACE,		/* after release() and a grace period */
	RS_END_RELEASE,		/* by release() */
	RS_END_ZERO,		/* as soon as it says that it is zero */
	RS_END_ALIVE,		/* never killed: when nobody uses it any more */
	RS_END_NR
};

extern const char * const rs_end_names[];

/**
 * struct rs_provider - one kind of counter
 * @name: as the user writes it
 * @origin: whose it is
 * @percpu: it has a kill that is more than a put, and starts with count 1
 * @saturates: driven past its end it sticks there and warns
 * @kill_once: a second kill returns false and changes nothing
 * @kill_sleeps_on_rt: why kill may sleep on PREEMPT_RT, so that only tasks and
 *	softirqs can there; NULL if it never does
 * @kill_waits: kill sleeps while a switch is under way
 * @ends_early: exit is good in release() and when it is zero, while readers may
 *	still try to take references; else only when nobody can
 * @ends_alive: exit is good for a counter that was not killed and that nobody but its
 *	owner uses
 * @exit_waits: exit waits for a switch that is under way; else it must not meet one
 * @modes: operations of a counter that has modes, or NULL
 * @tracking: operations of a counter that records its holders, or NULL
 * @refcount: the rs_refcount_t inside, for holders beside it; or NULL
 * @init: begin with @count references and flags of enum rs_counter_init; 0 or
 *	-ENOMEM
 * @exit: end, after release or when nobody uses it; NULL if there is nothing to do
 * @get: take @nr references; one is held already
 * @put: drop @nr references; calls release at zero
 * @tryget: take @nr references unless there are none
 * @tryget_live: take one unless killed; NULL if there is no such thing
 * @kill: drop the owner's reference; true for the first caller
 * @inspect: look
 * @size: of the counter in bytes
 * @bench: loops of the benchmark; ends with one that has no name
 *
 * Context of get, put, tryget, tryget_live and kill: any but NMI, on PREEMPT_RT
 * too, but for @kill_sleeps_on_rt. The others: process; exit also softirq.
 */
struct rs_provider {
	const char	*name;
	enum rs_origin	origin;
	bool		percpu;
	bool		saturates;
	bool		kill_once;
	const char	*kill_sleeps_on_rt;
	bool		kill_waits;
	bool		ends_early;
	bool		ends_alive;
	bool		exit_waits;
	const struct rs_counter_modes *modes;
	const struct rs_counter_tracking *tracking;
	const rs_refcount_t *(*refcount)(struct rs_counter *counter);
	int  (*init)(struct rs_counter *counter, u32 count, unsigned int flags);
	void (*exit)(struct rs_counter *counter);
	void (*get)(struct rs_counter *counter, u32 nr);
	void (*put)(struct rs_counter *counter, u32 nr);
	bool (*tryget)(struct rs_counter *counter, u32 nr);
	bool (*tryget_live)(struct rs_counter *counter);
	bool (*kill)(struct rs_counter *counter, bool confirm);
	void (*inspect)(struct rs_counter *counter, struct rs_counter_state *state);
	size_t		size;
	const struct rs_bench_op *bench;
};

extern const struct rs_provider rs_provider_atomic;
extern const struct rs_provider rs_provider_refcount;
extern const struct rs_provider rs_provider_kref;
extern const struct rs_provider rs_provider_percpu_ref;
extern const struct rs_provider rs_provider_rs_refcount;
extern const struct rs_provider rs_provider_rs_kref;
extern const struct rs_provider rs_provider_rs_percpu_ref;
extern const struct rs_provider rs_provider_rs_percpu_ref_dynamic;
extern const struct rs_provider rs_provider_rs_percpu_ref_two_stage;
extern const struct rs_provider rs_provider_rs_sealed_ref;
extern const struct rs_provider rs_provider_rs_sealed_ref_dynamic;
extern const struct rs_provider rs_provider_rs_sealed_ref_generic;
extern const struct rs_provider rs_provider_cxx_kref;
extern const struct rs_provider rs_provider_cxx_refcount;
extern const struct rs_provider rs_provider_cxx_sealed_ref;

const struct rs_provider *provider_find_or_refuse(struct command *cmd,
						  unsigned int word,
						  const char *name);
u64 provider_kill_contexts(const struct rs_provider *provider);
u64 provider_lives(const struct rs_provider *provider);
u64 provider_ends(const struct rs_provider *provider);
void providers_show(struct seq_file *m);

#endif /* _REFSTORM_PROVIDER_H */
