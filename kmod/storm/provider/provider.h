/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Providers: the counters that can be driven, each one table of operations.
 *
 * Mainline's counters and ours stand side by side behind the same calls. To add a counter,
 * write its table rs_provider_NAME in a provider_*.c, whose object kmod/storm/Kbuild names,
 * and give the counter a row in RS_PROVIDERS.
 */
#ifndef _REFSTORM_PROVIDER_H
#define _REFSTORM_PROVIDER_H

#include <linux/types.h>

#include <refstorm/percpu_ref.h>
#include <refstorm/refcount.h>
#include <uapi/refstorm/providers.h>

struct command;
struct rs_bench_op;
struct rs_holder;
struct rs_provider;
struct seq_file;

/* Size of the storage for any provider's counter */
#define RS_COUNTER_BYTES 64

/**
 * struct rs_counter - a counter of any kind, with its callbacks
 * @storage: the provider's counter
 * @provider: operations on @storage
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
	RS_ORIGIN_PEER,		/* for the benchmark only: bench/peer.h */
};

extern const char * const provider_origin_names[];

enum rs_counter_mode {
	RS_COUNTER_MODELESS,
	RS_COUNTER_PERCPU,
	RS_COUNTER_SWITCHING,
	RS_COUNTER_ATOMIC,
};

extern const char * const rs_counter_mode_names[];

/**
 * struct rs_counter_state - what @inspect of struct rs_provider reads from a counter
 * @mode: current mode
 * @countable: @count and @zero are valid
 * @count: number of references
 * @zero: the counter has no reference
 * @killable: @dying is valid
 * @dying: the counter was killed
 * @saturated: the count went past its maximum
 * @word: what the shared word counts; below zero if more was dropped there than taken
 * @whole: @word has every reference; else slots have a part
 */
struct rs_counter_state {
	enum rs_counter_mode	mode;
	bool			countable;
	u64			count;
	bool			zero;
	bool			killable;
	bool			dying;
	bool			saturated;
	s64			word;
	bool			whole;
};

/**
 * struct rs_counter_modes - the operations of a counter that has modes
 * @switch_to_atomic: count in one word; returns when the switch is done
 * @switch_to_percpu: count per CPU again, unless the counter is dying
 * @reinit: begin a new life after release
 * @resurrect: take back a kill while a reference is held
 * @begin_switch_to_atomic: begin @switch_to_atomic without waiting for its end
 *
 * All but the switches to atomic mode need a counter initialised with
 * %RS_COUNTER_ALLOW_REINIT; mainline's counters need the flag for those, too.
 *
 * Context: process.
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
 * @track: start recording under a name, with the time from a kill to a report; returns 0
 *	or an errno
 * @untrack: stop recording
 * @get_held: take a reference for a holder
 * @put_held: drop a holder's reference
 *
 * Context: process; @get_held and @put_held: any but NMI.
 */
struct rs_counter_tracking {
	int (*track)(struct rs_counter *counter, const char *name, unsigned int seconds);
	void (*untrack)(struct rs_counter *counter);
	void (*get_held)(struct rs_counter *counter, struct rs_holder *holder);
	void (*put_held)(struct rs_counter *counter, struct rs_holder *holder);
};

/* How a per-CPU counter begins; other counters ignore these flags */
enum rs_counter_init {
	RS_COUNTER_INIT_ATOMIC	= RS_PERCPU_REF_INIT_ATOMIC,
	RS_COUNTER_INIT_DEAD	= RS_PERCPU_REF_INIT_DEAD,
	RS_COUNTER_ALLOW_REINIT	= RS_PERCPU_REF_ALLOW_REINIT,
	RS_COUNTER_TRACKED	= RS_PERCPU_REF_INIT_TRACKED,	/* needs @tracking */
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
	RS_LIFE_END,		/* the counter is released, and ends */
	RS_LIFE_REINIT,		/* the counter is released, and begins a new life */
	RS_LIFE_RESURRECT,	/* the kill is taken back */
	RS_LIFE_NR
};

extern const char * const rs_life_names[];

/* When exit is called for a counter */
enum rs_end {
	RS_END_GRACE,		/* after release() and a grace period */
	RS_END_RELEASE,		/* in release() */
	RS_END_ZERO,		/* as soon as the counter reads as zero */
	RS_END_ALIVE,		/* without a kill, when nobody but the owner uses the counter */
	RS_END_NR
};

extern const char * const rs_end_names[];

/**
 * struct rs_counter_rounds - what the collection of all counters of a kind has cost so far
 * @rounds: in which CPUs were interrupted; many kills may share one
 * @interrupts: sent to other CPUs for @rounds
 */
struct rs_counter_rounds {
	u64	rounds;
	u64	interrupts;
};

/**
 * struct rs_provider - one kind of counter
 * @name: name in commands and files
 * @origin: author of the counter
 * @percpu: kill is more than a put, and the counter begins with one reference
 * @saturates: a count past its maximum sticks there and warns
 * @kill_once: a second kill returns false and changes nothing
 * @kill_sleeps_on_rt: why kill may sleep on PREEMPT_RT, where only tasks and softirqs can
 *	kill then; NULL if kill never sleeps
 * @kill_waits: kill sleeps while a switch is under way
 * @ends_early: exit is allowed in release() and when the count is zero, while readers may
 *	still try to take references; otherwise only when nobody can
 * @ends_alive: exit is allowed for a counter that was not killed and that nobody but its
 *	owner uses
 * @exit_waits: exit waits for a switch that is under way; otherwise the caller must wait
 * @init_flags: flags that @init adds to those of its caller
 * @modes: operations of a counter that has modes, or NULL
 * @tracking: operations of a counter that records its holders, or NULL
 * @refcount: returns the rs_refcount_t inside, for a tracker beside the counter; or NULL
 * @init: begin with @count references and flags of enum rs_counter_init; returns 0 or
 *	-ENOMEM
 * @exit: end the counter after release or when nobody uses it; NULL if nothing is to be done
 * @get: take @nr references; the caller holds one already
 * @put: drop @nr references; calls release at zero
 * @tryget: take @nr references unless the count is zero
 * @tryget_live: take one reference unless the counter was killed; or NULL
 * @kill: drop the owner's reference; true for the first caller
 * @inspect: read the state
 * @read_slot: read what a CPU counts in its slot; false if the CPU has none, or a sealed one.
 *	The slots' memory may be gone meanwhile. NULL: the counter has no slots
 * @read_rounds: read what collection has cost so far, all counters of this kind together; or
 *	NULL
 * @size: of the counter in bytes
 * @bench: loops of the benchmark; the last one has no name
 *
 * Context of get, put, tryget, tryget_live and kill: any but NMI, on PREEMPT_RT too, with
 * the exception of @kill_sleeps_on_rt; of inspect and read_slot: any but NMI. Of the others:
 * process; of exit: softirq, too.
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
	unsigned int	init_flags;
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
	bool (*read_slot)(struct rs_counter *counter, int cpu, s64 *value);
	void (*read_rounds)(struct rs_counter_rounds *rounds);
	size_t		size;
	const struct rs_bench_op *bench;
};

#define RS_DECLARE_PROVIDER(name, ...) extern const struct rs_provider rs_provider_##name;
RS_PROVIDERS(RS_DECLARE_PROVIDER)
#undef RS_DECLARE_PROVIDER

void provider_list(struct seq_file *m, const void *of);
const struct rs_provider *provider_find(const char *name);
const struct rs_provider *provider_find_or_refuse(struct command *cmd,
						  unsigned int word,
						  const char *name);
int provider_set(struct command *cmd, unsigned int word, const char *name, void *field);

/* The key provider= of a command, found by @_set and stored in member provider of @type */
#define PROVIDER_KEY_OF(type, _set, _help)					\
	{ .name = "provider", .help = _help,					\
	  .kind = COMMAND_PROVIDER, .placeholder = "P", .needed = true,		\
	  .set = _set, .offset = offsetof(type, provider) }

#define PROVIDER_KEY(type)							\
	PROVIDER_KEY_OF(type, provider_set, "one of the providers file")

u64 provider_kill_contexts(const struct rs_provider *provider);
u64 provider_lives(const struct rs_provider *provider);
u64 provider_ends(const struct rs_provider *provider);
void providers_show(struct seq_file *m);

/*
 * The part of a table that all counters of one word share. The including file defines TYPE, the
 * counter's type; @prefix is that of the operations which can be those of C or of C++.
 */
#define PROVIDER_WORD(prefix)				\
	.init		= provider_init,		\
	.get		= prefix##_get,			\
	.put		= prefix##_put,			\
	.tryget		= prefix##_tryget,		\
	.kill		= provider_kill_by_put,		\
	.inspect	= provider_inspect,		\
	.size		= sizeof(TYPE)

/* provider_common.c */
bool provider_kill_by_put(struct rs_counter *counter, bool confirm);
bool provider_read_slot(const unsigned long __percpu *slots, int cpu, s64 *value);
bool provider_read_sealed_slot(const s64 __percpu *slots, int cpu, s64 *value);
void provider_read_sealed_rounds(struct rs_counter_rounds *rounds);
void provider_word_state(struct rs_counter *counter, u32 count, struct rs_counter_state *state);

#endif /* _REFSTORM_PROVIDER_H */
