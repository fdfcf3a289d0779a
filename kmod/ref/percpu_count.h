/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-CPU counts; percpu_count.c tells how they work.
 *
 * percpu_count.c has get, put and tryget in the word, percpu_switch.c the changes of mode. An
 * engine answers only how slots come and go, and how all CPUs are stopped from using them.
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
/* The slots of one count, and what its engine keeps with them; only the engine looks inside. */
struct percpu_block;

/**
 * struct percpu_engine - how CPUs count in slots, and how the slots are collected
 * @name: of the counter, for warnings
 * @exited: the count that all ended counters of the engine point to: dead and zero
 * @alloc: allocate a block of slots that are not open; NULL if memory ran out
 * @discard: free a block; NULL is ignored
 * @publish: have the user's counter point to a block in which gets and puts do not count
 *	yet; with NULL, to no block of its own
 * @open: let gets and puts count in slots, all zero at first; the word has its bias
 * @collect: have gets and puts count in the word from now on, and call
 *	percpu_count_collected() once no CPU can add to a slot any more
 * @used: do the slots show that a get or put counted there? May miss one
 * @call: call a user's callback, by its real type
 * @reopen_slot: a get or put came to the word though the count is in per-CPU mode: let this
 *	CPU use its slot; or NULL
 * @discard_sleeps: @discard may sleep; exit leaves it to an RCU callback
 *
 * Context: @publish, @open, @collect and @used are called with the count's lock held,
 * interrupts off; @alloc as its flags say; @call and @discard in any but NMI, without the
 * lock. @reopen_slot is called in any, NMI included, by a caller whose reference or RCU
 * read-side critical section keeps the count; the user's counter may be gone.
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
 * @PERCPU_EXITED: the owner has called exit; no get or put adds to the word any more
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
 * @engine: how the CPUs count
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
 * @tracked: stay in the word, since gets and puts are recorded there
 * @tracked_before: the count was tracked once, and is not any more
 * @tracker: records gets and puts while the word says TRACKED; or NULL
 * @rcu: for a switch of the RCU engine; later for freeing the count
 * @node: for a switch of a sealed engine: in lists of counts to collect
 * @sum: for a switch of a sealed engine: of the slots so far
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

/* Did the user want a switch? See @unasked of struct rs_percpu_count. */
enum percpu_switch { SWITCH_ASKED, SWITCH_UNASKED };

/* The word has room for so many references: more in one call would reach its flags. */
#define COUNT_NR_MAX	RS_PERCPU_REF_NR_MAX

/* The count @_name of @_engine for ended counters; @_ref stands for the user's counter. */
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
 * for_each_possible_cpu() for init, exit and collection, which do little to each slot: without
 * a function call for each CPU, which would cost more. The mask has few holes.
 */
#define for_each_slot_cpu(cpu)					\
	for ((cpu) = 0; (cpu) < nr_cpu_ids; (cpu)++)		\
		if (cpu_possible(cpu))

/* Of these the caller holds @count->lock, or has @count alone. */
void percpu_count_attach(struct rs_percpu_count *count, struct percpu_block *block);
struct percpu_block *percpu_count_detach(struct rs_percpu_count *count);
void percpu_count_begin_switch(struct rs_percpu_count *count, enum percpu_switch why);
void percpu_count_ask_for_switch(struct rs_percpu_count *count);
bool percpu_count_try_open(struct rs_percpu_count *count);

/* Is @count in per-CPU mode, with no switch under way? */
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
 * The beginning of percpu_count_get(). Return: true if percpu_count_got() has to follow. All
 * ended counters of an engine share one count, whose word is not changed.
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

/* The beginning of percpu_count_put(). Return: true if percpu_count_dropped() has to follow. */
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
 * Context: any; the caller's reference or RCU read-side critical section keeps @count.
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
