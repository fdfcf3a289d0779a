/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state machine that all per-CPU counts share.
 *
 * A per-CPU count has a fast path that knows one thing: the CPU's slot, or
 * that there is none to be used now. Everything else is here, once: the shared
 * word (count_word.h), the modes, kill, confirmation, resurrection, release. An
 * engine answers only how slots come and go, and how all CPUs are got to stop
 * using them.
 *
 *	             open
 *	   ATOMIC ----------> PERCPU
 *	     ^                   |
 *	     | collected         | begin: kill, switch_to_atomic, probation
 *	     +---- SWITCHING <---+
 *
 * The mode follows from three wishes: a count is to be per-CPU unless it is DEAD,
 * was told to stay atomic (force_atomic), or is tracked (percpu_track.c). Kill never
 * waits: if a switch is under way already, its end confirms the kill too. The others,
 * which may sleep, let it end first.
 *
 * A switch that the user did not ask for (percpu_dynamic.c asks whether a count is still
 * hot) must not make any function of the user's sleep: kill and switch_to_atomic make
 * that switch their own, and exit leaves the memory to the end of the switch.
 *
 * A lock of each count's own orders changes of mode: every decision about the mode, the
 * end of a count included, looks at the word under that lock. No callback is called
 * under it, and neither get nor put takes it.
 */
#ifndef _RSREF_PERCPU_COUNT_H
#define _RSREF_PERCPU_COUNT_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include <refstorm/percpu_common.h>

#include "count_word.h"

struct rs_percpu_count;
struct rs_tracker;
/* The slots of one count, and what its engine keeps with them; the engine's own. */
struct percpu_block;


/**
 * struct percpu_engine - how the CPUs count, and how they are collected
 * @name: of the counter, for warnings
 * @exited: the count of all counters that were ended: dead, and zero
 * @alloc: get slots, not open; NULL if memory ran out
 * @discard: give them back; NULL is ignored
 * @publish: show a block to users, who do not count in it yet; or, with NULL, take
 *	away the one that they saw
 * @open: let users count in slots again, all zero; the word has its bias
 * @collect: have users count in the word from now on, and call
 *	percpu_count_collected() once no CPU can add to a slot any more
 * @used: do the slots show that somebody counted? May miss it
 * @call: call a user's callback
 * @reopen_slot: a user counts in the word though the count is in per-CPU mode; or NULL
 * @discard_sleeps: @discard may sleep, and is left to an RCU callback where the
 *	caller may not
 *
 * Context: @publish, @open, @collect and @used are called with the count's lock held,
 * interrupts off; @alloc as its flags say; @reopen_slot in any, NMI included; @call and
 * @discard in any but NMI, without the lock.
 */
struct percpu_engine {
	const char		*name;
	struct rs_percpu_count	*exited;
	struct percpu_block	*(*alloc)(gfp_t gfp);
	void			(*discard)(struct percpu_block *block);
	void			(*publish)(struct rs_percpu_count *count,
					   struct percpu_block *block);
	void			(*open)(struct rs_percpu_count *count);
	void			(*collect)(struct rs_percpu_count *count);
	bool			(*used)(const struct rs_percpu_count *count);
	void			(*call)(struct __rs_percpu_callback *callback, void *ref);
	void			(*reopen_slot)(struct rs_percpu_count *count);
	bool			discard_sleeps;
};

/**
 * enum percpu_special - counts that get, put and tryget treat differently
 * @PERCPU_DYNAMIC: the count has slots while it is hot; struct percpu_dynamic follows
 * @PERCPU_EXITED: the owner has called exit; nobody adds to the word any more
 */
enum percpu_special {
	PERCPU_DYNAMIC	= BIT(0),
	PERCPU_EXITED	= BIT(1),
};

/**
 * struct rs_percpu_count - the part of a per-CPU count that is not its fast path
 * @word: see count_word.h
 * @special: of enum percpu_special: what get, put and tryget look at before the word;
 *	written with @lock held
 * @engine: whose it is
 * @ref: the user's counter
 * @release: the user's callback
 * @lock: orders changes of mode; protects what follows
 * @block: the slots, in use or not, or NULL
 * @confirm_switch: callback of the switch that is under way
 * @confirm_kill: callback of a kill that this switch will confirm
 * @collecting: a switch is under way whose end will look at the callbacks
 * @unasked: the dynamic count's work began that switch, and the user cannot know of it
 * @force_atomic: stay in the word though alive
 * @allow_reinit: keep slots when killed
 * @tracked: stay in the word, since what is counted there is recorded
 * @tracked_before: it was tracked once, and is not any more
 * @tracker: who records it while the word says TRACKED, or NULL
 * @rcu: the RCU engine's switch, then the end of the memory
 * @node: in the lists of the sealed engines, before that
 * @sum: of the slots, there
 */
struct rs_percpu_count {
	atomic64_t			word;
	u8				special;
	const struct percpu_engine	*engine;
	void				*ref;
	struct __rs_percpu_callback		*release;
	raw_spinlock_t			lock;
	struct percpu_block		*block;
	struct __rs_percpu_callback		*confirm_switch;
	struct __rs_percpu_callback		*confirm_kill;
	bool				collecting;
	bool				unasked;
	bool				force_atomic;
	bool				allow_reinit;
	bool				tracked;
	bool				tracked_before;
	struct rs_tracker __rcu		*tracker;
	union {
		struct rcu_head			rcu;
		struct {
			struct llist_node	node;
			atomic_long_t		sum;
		};
	};
};

/* Who wanted a switch: see @unasked */
enum percpu_switch { SWITCH_ASKED, SWITCH_UNASKED };

/* As many as the word has room for: more in one call would reach its flags. */
#define COUNT_NR_MAX	RS_PERCPU_REF_NR_MAX

/* The count that @_engine's counter @_ref has when it was ended. */
#define PERCPU_COUNT_EXITED(_name, _engine, _ref) {		\
	.word	 = ATOMIC64_INIT(COUNT_DEAD),			\
	.special = PERCPU_EXITED,				\
	.engine	 = (_engine),					\
	.ref	 = (_ref),					\
	.lock	 = __RAW_SPIN_LOCK_UNLOCKED((_name).lock),	\
}

struct rs_percpu_count *percpu_count_alloc(const struct percpu_engine *engine,
					   bool dynamic, gfp_t gfp);
void percpu_count_free(struct rs_percpu_count *count);
void percpu_count_module_exit(void);

u64 percpu_count_take_special(struct rs_percpu_count *count, u64 nr);
void percpu_count_get_special(struct rs_percpu_count *count, u64 nr);
void percpu_count_got(struct rs_percpu_count *count, u64 old, u64 nr);
void percpu_count_dropped(struct rs_percpu_count *count, u64 old, u64 nr);
void percpu_count_misused_put(struct rs_percpu_count *count, u64 nr);
void percpu_count_misused_nr(struct rs_percpu_count *count, u64 nr);
bool percpu_count_tryget(struct rs_percpu_count *count, u64 nr, bool live);
bool percpu_count_tryget_many(struct rs_percpu_count *count, u64 nr);
bool percpu_count_try_take(struct rs_percpu_count *count, u64 nr, bool live, u64 *old);

int percpu_count_resurrect(struct rs_percpu_count *count, bool *nonzero);
void percpu_count_wait(struct rs_percpu_count *count);
unsigned long percpu_count_lock_settled(struct rs_percpu_count *count)
	__acquires(&count->lock);
void percpu_count_collected(struct rs_percpu_count *count, unsigned long sum);

/*
 * for_each_possible_cpu() for what is done to each slot at init and exit: without a
 * call for each CPU, which costs more than the slot. There are few holes in that mask.
 */
#define for_each_slot_cpu(cpu)					\
	for ((cpu) = 0; (cpu) < nr_cpu_ids; (cpu)++)		\
		if (cpu_possible(cpu))

/* Below: caller holds @count->lock, or nobody else has @count yet. */
void percpu_count_attach(struct rs_percpu_count *count, struct percpu_block *block);
struct percpu_block *percpu_count_detach(struct rs_percpu_count *count);
void percpu_count_begin_switch(struct rs_percpu_count *count, enum percpu_switch why);
void percpu_count_ask_for_switch(struct rs_percpu_count *count);
bool percpu_count_try_open(struct rs_percpu_count *count);

/* Is it per-CPU, and not on its way out of that? */
static inline bool percpu_count_is_percpu(const struct rs_percpu_count *count)
{
	return count_is_percpu(atomic64_read(&count->word));
}

static inline bool percpu_count_is_dynamic(const struct rs_percpu_count *count)
{
	return READ_ONCE(count->special) & PERCPU_DYNAMIC;
}

static inline bool percpu_count_is_exited(const struct rs_percpu_count *count)
{
	return READ_ONCE(count->special) & PERCPU_EXITED;
}

static inline void percpu_count_release(struct rs_percpu_count *count)
{
	count->engine->call(count->release, count->ref);
}

/*
 * The beginning of percpu_count_get(); true if percpu_count_got() has to follow. The word
 * of a count that was ended is not touched: all ended counters of an engine share it.
 */
static __always_inline bool percpu_count_take(struct rs_percpu_count *count, u64 nr, u64 *old)
{
	if (unlikely(READ_ONCE(count->special))) {
		*old = percpu_count_take_special(count, nr);
		return true;
	}
	*old = atomic64_fetch_add_relaxed(nr, &count->word);
	return unlikely(!count_is_plain(*old));
}

/* That of percpu_count_put(); true if percpu_count_dropped() has to follow. */
static __always_inline bool percpu_count_drop(struct rs_percpu_count *count, u64 nr, u64 *old)
{
	if (unlikely(percpu_count_is_exited(count))) {
		*old = COUNT_DEAD;
		return true;
	}
	*old = atomic64_fetch_sub_release(nr, &count->word);
	return unlikely(!count_is_plain(*old - nr));
}

/**
 * percpu_count_get - take references in the word
 * @count: the count
 * @nr: how many
 *
 * Context: any in which @count stays: the caller holds a reference, or is an RCU
 * reader.
 */
static __always_inline void percpu_count_get(struct rs_percpu_count *count, u64 nr)
{
	u64 old;

	if (unlikely(READ_ONCE(count->special))) {
		percpu_count_get_special(count, nr);
		return;
	}
	old = atomic64_fetch_add_relaxed(nr, &count->word);
	if (unlikely(!count_is_plain(old)))
		percpu_count_got(count, old, nr);
}

/**
 * percpu_count_put - drop references in the word, and release if that was all
 * @count: the count
 * @nr: how many
 *
 * Context: RCU read-side critical section.
 */
static __always_inline void percpu_count_put(struct rs_percpu_count *count, u64 nr)
{
	u64 old;

	if (percpu_count_drop(count, nr, &old))
		percpu_count_dropped(count, old, nr);
}

static inline bool percpu_count_is_switching(const struct rs_percpu_count *count)
{
	/* Pairs with the full barrier of percpu_switch_end(). */
	return atomic64_read_acquire(&count->word) & COUNT_SWITCHING;
}

#endif /* _RSREF_PERCPU_COUNT_H */
