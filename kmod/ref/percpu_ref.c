// SPDX-License-Identifier: GPL-2.0
/*
 * rs_percpu_ref: collecting a count that is spread over the CPUs.
 *
 * While the counter lives, a get on one CPU and its put on another leave +1
 * and -1 in two slots. Only their sum means something, and only when nobody
 * adds any more. Three things make the collection right:
 *
 * The bias. As soon as readers see ATOMIC they count in the shared word, while
 * what they took earlier still lies in the slots. The word may go far below
 * zero in that time, and must not look like zero. So it starts 2^60 higher, and
 * loses that in the same addition that brings in the slots.
 *
 * The grace period. A task that read the slot pointer before ATOMIC was set may
 * add to its slot later, but it is an RCU reader until it has. The slots are
 * summed in an RCU callback; whoever adds after that has seen ATOMIC.
 *
 *	putter			killer			RCU callback
 *	------			------			------------
 *	rcu_read_lock()
 *	read pointer
 *				set ATOMIC
 *				call_rcu()
 *	slot -= 1
 *	rcu_read_unlock()
 *				  (grace period)
 *							sum slots: -1 is in
 *
 * The switch's own reference, COUNT_SWITCHING in count_word.h: it keeps
 * release() away until the confirmation was delivered, and the counter's memory
 * in place until our last access to it.
 *
 * After Kent Overstreet's design (commit 215e262f2aeb, "percpu: implement
 * generic percpu refcounting") and Tejun Heo's atomic and per-CPU modes
 * (Linux 3.18).
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/percpu.h>
#include <linux/wait_bit.h>

#include <refstorm/alloc.h>
#include <refstorm/percpu_ref.h>

#include "count_word.h"
#include "rsref.h"
#include "warn.h"

struct rs_percpu_ref_data {
	atomic64_t		count;		/* see count_word.h */
	rs_percpu_ref_func_t	*release;
	rs_percpu_ref_func_t	*confirm;	/* of the switch under way */
	struct rs_percpu_ref	*ref;
	struct rcu_head		rcu;		/* the switch, then our end */
};

static bool is_switching(const struct rs_percpu_ref_data *data)
{
	/* Pairs with the full barrier of end_switch(). */
	return atomic64_read_acquire(&data->count) & COUNT_SWITCHING;
}

/*
 * What ->data points to after exit: dead, and zero. Readers that still hold an
 * RCU-protected pointer to the counter get an answer instead of an oops.
 */
static void exited_release(struct rs_percpu_ref *ref)
{
}

static struct rs_percpu_ref_data exited = {
	.count		= ATOMIC64_INIT(COUNT_DEAD),
	.release	= exited_release,
};

/* For functions that take RCU themselves, or whose caller has. */
static struct rs_percpu_ref_data *ref_data(struct rs_percpu_ref *ref)
{
	return rcu_dereference(ref->data);
}

static unsigned long __percpu *ref_slots(const struct rs_percpu_ref *ref)
{
	return (unsigned long __percpu *)
		(ref->percpu_count_ptr & ~__RS_PERCPU_REF_ATOMIC);
}

/*
 * Misuse was seen: make sure that the counter is never released (again). DEAD
 * and SWITCHING keep their meaning; who saw them borrowed from is woken.
 */
static void saturate(struct rs_percpu_ref_data *data)
{
	s64 old = atomic64_read(&data->count);

	do {
		if (count_is_saturated(old))
			break;
	} while (!atomic64_try_cmpxchg(&data->count, &old,
			(old & (COUNT_DEAD | COUNT_SWITCHING)) | COUNT_SATURATED));
	wake_up_var(&data->count);
}

static noinline __cold void misused_get(struct rs_percpu_ref_data *data, u64 nr)
{
	rsref_warn_once(WARN_PERCPU_REF_GET,
			"rs_percpu_ref: get on 0 (%ps); use-after-free.\n",
			data->release);
	/* "exited" is everybody's and must stay as it is. */
	if (data == &exited)
		atomic64_sub(nr, &data->count);
	else
		saturate(data);
}

static noinline __cold void misused_put(struct rs_percpu_ref_data *data, u64 nr)
{
	rsref_warn_once(WARN_PERCPU_REF_PUT,
			"rs_percpu_ref: more puts than gets (%ps).\n",
			data->release);
	/* The subtraction borrowed from the flags. */
	atomic64_add(nr, &data->count);
	if (data != &exited)
		saturate(data);
}

/* Take @nr from the word and release if that was all. Caller: RCU reader. */
static void put_word(struct rs_percpu_ref_data *data, struct rs_percpu_ref *ref,
		     u64 nr)
{
	u64 old = atomic64_fetch_sub_release(nr, &data->count);

	if (count_is_zero(old - nr)) {
		smp_acquire__after_ctrl_dep();
		data->release(ref);
	} else if (unlikely(count_has_fewer(old, nr))) {
		misused_put(data, nr);
	}
}

/*
 * Drop the switch's own reference. Unless that was the last, @ref may be gone
 * at once, and @data is there for as long as the caller is an RCU reader.
 */
static void end_switch(struct rs_percpu_ref_data *data, struct rs_percpu_ref *ref)
{
	u64 old = atomic64_fetch_sub(COUNT_SWITCHING, &data->count);

	wake_up_var(&data->count);
	if (count_is_zero(old - COUNT_SWITCHING))
		data->release(ref);
}

/**
 * __rs_percpu_ref_get_slow - take references from the shared word
 * @ref: the counter, not in per-CPU mode
 * @nr: how many
 *
 * The rest of rs_percpu_ref_get_many().
 *
 * Context: RCU read-side critical section.
 */
void __rs_percpu_ref_get_slow(struct rs_percpu_ref *ref, unsigned long nr)
{
	struct rs_percpu_ref_data *data = ref_data(ref);

	if (unlikely(count_is_zero(atomic64_fetch_add_relaxed(nr, &data->count))))
		misused_get(data, nr);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_get_slow);

/**
 * __rs_percpu_ref_put_slow - drop references from the shared word
 * @ref: the counter, not in per-CPU mode
 * @nr: how many
 *
 * The rest of rs_percpu_ref_put_many(); may call release().
 *
 * Context: RCU read-side critical section.
 */
void __rs_percpu_ref_put_slow(struct rs_percpu_ref *ref, unsigned long nr)
{
	put_word(ref_data(ref), ref, nr);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_put_slow);

/**
 * __rs_percpu_ref_tryget_slow - take references unless the shared word is zero
 * @ref: the counter, not in per-CPU mode
 * @nr: how many
 *
 * The rest of rs_percpu_ref_tryget_many().
 *
 * Context: RCU read-side critical section.
 * Return: true if they were taken.
 */
bool __rs_percpu_ref_tryget_slow(struct rs_percpu_ref *ref, unsigned long nr)
{
	struct rs_percpu_ref_data *data = ref_data(ref);
	s64 old = atomic64_read(&data->count);

	do {
		if (count_is_zero(old))
			return false;
	} while (!atomic64_try_cmpxchg_acquire(&data->count, &old, old + nr));

	return true;
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_tryget_slow);

/**
 * __rs_percpu_ref_tryget_live_slow - take a reference unless DEAD or zero
 * @ref: the counter, not in per-CPU mode
 *
 * The rest of rs_percpu_ref_tryget_live_rcu().
 *
 * Context: RCU read-side critical section.
 * Return: true if it was taken.
 */
bool __rs_percpu_ref_tryget_live_slow(struct rs_percpu_ref *ref)
{
	struct rs_percpu_ref_data *data = ref_data(ref);
	s64 old = atomic64_read(&data->count);

	do {
		if (old & COUNT_DEAD || count_is_zero(old))
			return false;
	} while (!atomic64_try_cmpxchg_acquire(&data->count, &old, old + 1));

	return true;
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_tryget_live_slow);

/**
 * rs_percpu_ref_init - begin with one reference, the owner's
 * @ref: the counter
 * @release: called when the last reference is dropped
 * @flags: 0, or %RS_PERCPU_REF_INIT_ATOMIC to never use slots
 * @gfp: how to allocate
 *
 * On error @ref is as after rs_percpu_ref_exit().
 *
 * Context: as @gfp says.
 * Return: 0, -ENOMEM, or -EINVAL for unknown @flags or no @release.
 */
int rs_percpu_ref_init(struct rs_percpu_ref *ref, rs_percpu_ref_func_t *release,
		       unsigned int flags, gfp_t gfp)
{
	struct rs_percpu_ref_data *data;
	unsigned long __percpu *slots;

	ref->percpu_count_ptr = __RS_PERCPU_REF_ATOMIC;
	RCU_INIT_POINTER(ref->data, &exited);

	if (!release || flags & ~RS_PERCPU_REF_INIT_ATOMIC)
		return -EINVAL;

	data = rs_zalloc(&rsref_sites[SITE_PERCPU_REF_DATA], sizeof(*data), gfp);
	if (!data)
		return -ENOMEM;

	data->release = release;
	data->ref = ref;

	if (flags & RS_PERCPU_REF_INIT_ATOMIC) {
		atomic64_set(&data->count, 1);
	} else {
		slots = rs_alloc_percpu(&rsref_sites[SITE_PERCPU_REF_SLOTS],
					unsigned long, gfp);
		if (!slots) {
			rs_free(&rsref_sites[SITE_PERCPU_REF_DATA], data);
			return -ENOMEM;
		}
		atomic64_set(&data->count, COUNT_BIAS + 1);
		ref->percpu_count_ptr = (unsigned long)slots;
	}

	/* The counter itself is published by its owner. */
	RCU_INIT_POINTER(ref->data, data);
	return 0;
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_init);

/**
 * rs_percpu_ref_exit - end a counter and free its memory
 * @ref: the counter; zeroed, or seen by rs_percpu_ref_init() at least
 *
 * The usual place is release(), or later. Elsewhere it waits for a switch that
 * is under way, with its callbacks. Afterwards @ref answers as one that is dead
 * and zero, and its memory may go away as soon as its last reader has; calling
 * this again does nothing.
 *
 * Context: any but NMI; may sleep if a kill's release() has not been called,
 * which cannot be the case in release(). No user may be in get, put or tryget
 * unless release() was called.
 */
void rs_percpu_ref_exit(struct rs_percpu_ref *ref)
{
	struct rs_percpu_ref_data *data = rcu_dereference_protected(ref->data, true);

	if (!data || data == &exited)
		return;

	if (is_switching(data))
		wait_var_event(&data->count, !is_switching(data));

	rs_free_percpu(&rsref_sites[SITE_PERCPU_REF_SLOTS], ref_slots(ref));
	WRITE_ONCE(ref->percpu_count_ptr, __RS_PERCPU_REF_ATOMIC);
	rcu_assign_pointer(ref->data, &exited);
	rs_free_rcu(&rsref_sites[SITE_PERCPU_REF_DATA], data, rcu);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_exit);

/*
 * Bring @sum, what the slots hold, into the word and take the bias off, in one
 * step: in two, or slot by slot, a put collected before the get that it belongs
 * to could make the word pass through zero.
 */
static void collect(struct rs_percpu_ref_data *data, unsigned long sum)
{
	s64 old = atomic64_read(&data->count);
	bool negative;
	u64 flags, refs;

	do {
		flags = old & (COUNT_DEAD | COUNT_SWITCHING);
		refs = (old & ~flags) + sum - COUNT_BIAS;
		negative = refs & ~COUNT_REFS;
		if (unlikely(negative))
			refs = COUNT_SATURATED;
	} while (!atomic64_try_cmpxchg(&data->count, &old, flags | refs));

	if (unlikely(negative))
		rsref_warn_once(WARN_PERCPU_REF_SUM,
				"rs_percpu_ref: more puts than gets (%ps).\n",
				data->release);
}

/* A grace period after ATOMIC was set: nobody can still add to a slot. */
static void switch_to_atomic_rcu(struct rcu_head *rcu)
{
	struct rs_percpu_ref_data *data =
		container_of(rcu, struct rs_percpu_ref_data, rcu);
	struct rs_percpu_ref *ref = data->ref;
	unsigned long __percpu *slots = ref_slots(ref);
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(slots, cpu);
	collect(data, sum);

	/* Slots are not needed again; do not keep them until exit. */
	WRITE_ONCE(ref->percpu_count_ptr, __RS_PERCPU_REF_ATOMIC);
	rs_free_percpu(&rsref_sites[SITE_PERCPU_REF_SLOTS], slots);

	rcu_read_lock();
	if (data->confirm)
		data->confirm(ref);
	end_switch(data, ref);
	rcu_read_unlock();
}

/**
 * rs_percpu_ref_kill_and_confirm - drop the initial reference
 * @ref: the counter
 * @confirm: called once no tryget_live can succeed any more, or NULL
 *
 * Any number of callers may race: one gets true; the others get false and have
 * changed nothing, and their @confirm is not called. A counter in per-CPU mode
 * goes over to the shared word, and @confirm and release() are called no
 * sooner than a grace period from now, @confirm first. On a counter that was
 * atomic already, both may be called before this returns.
 *
 * Context: any but NMI, between init and exit; does not sleep.
 * Ordering: everything before a successful kill is visible to release().
 * Return: true for the first caller only; false also if the initial reference
 * was dropped by a put, and the count is zero.
 */
bool rs_percpu_ref_kill_and_confirm(struct rs_percpu_ref *ref,
				    rs_percpu_ref_func_t *confirm)
{
	struct rs_percpu_ref_data *data;
	bool percpu;
	u64 new;
	s64 old;

	rcu_read_lock();
	data = ref_data(ref);
	old = atomic64_read(&data->count);
	do {
		if (old & COUNT_DEAD || count_is_zero(old)) {
			rcu_read_unlock();
			return false;
		}
		percpu = count_is_biased(old);
		/* The initial reference becomes the switch's. */
		new = (old | COUNT_DEAD | COUNT_SWITCHING) - 1;
	} while (!atomic64_try_cmpxchg(&data->count, &old, new));

	data->confirm = confirm;
	if (percpu) {
		WRITE_ONCE(ref->percpu_count_ptr,
			   ref->percpu_count_ptr | __RS_PERCPU_REF_ATOMIC);
		rs_call_rcu_hurry(&data->rcu, switch_to_atomic_rcu);
	} else {
		if (confirm)
			confirm(ref);
		end_switch(data, ref);
	}
	rcu_read_unlock();
	return true;
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_kill_and_confirm);

/**
 * rs_percpu_ref_is_zero - are there no references?
 * @ref: the counter
 *
 * Context: any, after init. Ordering: ACQUIRE if true.
 * Return: true if the count is zero; always false in per-CPU mode.
 */
bool rs_percpu_ref_is_zero(struct rs_percpu_ref *ref)
{
	bool zero;

	rcu_read_lock();
	zero = count_is_zero(atomic64_read_acquire(&ref_data(ref)->count));
	rcu_read_unlock();

	return zero;
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_is_zero);

/**
 * rs_percpu_ref_is_dying - was the counter killed?
 * @ref: the counter
 *
 * Context: any, after init. Ordering: none.
 * Return: true once a kill has begun.
 */
bool rs_percpu_ref_is_dying(struct rs_percpu_ref *ref)
{
	bool dying;

	rcu_read_lock();
	dying = atomic64_read(&ref_data(ref)->count) & COUNT_DEAD;
	rcu_read_unlock();

	return dying;
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_is_dying);

/**
 * rs_percpu_ref_inspect - look at a counter, for people
 * @ref: the counter
 * @state: where to write what was seen, at one instant
 *
 * Context: any, after init. Ordering: none.
 */
void rs_percpu_ref_inspect(struct rs_percpu_ref *ref,
			   struct rs_percpu_ref_state *state)
{
	u64 word;

	rcu_read_lock();
	word = atomic64_read(&ref_data(ref)->count);
	rcu_read_unlock();

	state->dying = word & COUNT_DEAD;
	state->saturated = count_is_saturated(word);
	state->count = word & COUNT_REFS;
	if (word & COUNT_SWITCHING)
		state->mode = RS_PERCPU_REF_SWITCHING;
	else if (count_is_biased(word))
		state->mode = RS_PERCPU_REF_PERCPU;
	else
		state->mode = RS_PERCPU_REF_ATOMIC;
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_inspect);
