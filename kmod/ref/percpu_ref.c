// SPDX-License-Identifier: GPL-2.0
/*
 * rs_percpu_ref: the functions of <refstorm/percpu_ref.h>.
 *
 * The state machine is in percpu_count.c, how CPUs count and are collected in
 * rcu_engine.c; what it shares with the other engine's counter, in percpu_handle.c.
 */
#include <linux/export.h>

#include <refstorm/percpu_ref.h>

#include "percpu_dynamic.h"
#include "percpu_handle.h"
#include "rcu_engine.h"

/*
 * The rest of a put may call the user, so it runs as an RCU reader that can be preempted;
 * without a gap between the two kinds of section, since @count has to stay.
 */
static noinline void percpu_ref_dropped(struct rs_percpu_count *count, u64 old, u64 nr)
	__must_hold(RCU_SCHED)
{
	rcu_read_lock();
	rcu_read_unlock_sched();
	percpu_count_dropped(count, old, nr);
	rcu_read_lock_sched();
	rcu_read_unlock();
}

/**
 * __rs_percpu_ref_misused_nr - more references in one call than the word has room for
 * @ref: the counter, not in per-CPU mode
 * @nr: how many, more than %RS_PERCPU_REF_NR_MAX
 *
 * Context: any; RCU read-side critical section.
 * Return: 0, for the caller to take or drop instead.
 */
unsigned long __rs_percpu_ref_misused_nr(struct rs_percpu_ref *ref, unsigned long nr)
{
	percpu_count_misused_nr(count_of(&ref->data), nr);
	return 0;
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_misused_nr);

/**
 * __rs_percpu_ref_get_slow - take references from the shared word
 * @ref: the counter, not in per-CPU mode
 * @nr: how many
 *
 * The rest of rs_percpu_ref_get_many(). Never calls the user.
 *
 * Context: rcu_read_lock_sched().
 */
void __rs_percpu_ref_get_slow(struct rs_percpu_ref *ref, unsigned long nr)
{
	percpu_count_get(count_of(&ref->data), nr);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_get_slow);

/**
 * __rs_percpu_ref_put_slow - drop references from the shared word
 * @ref: the counter, not in per-CPU mode
 * @nr: how many
 *
 * The rest of rs_percpu_ref_put_many(); may call release().
 *
 * Context: rcu_read_lock_sched(), which it may leave for a while.
 */
void __rs_percpu_ref_put_slow(struct rs_percpu_ref *ref, unsigned long nr)
{
	struct rs_percpu_count *count = count_of(&ref->data);
	u64 old;

	if (percpu_count_drop(count, nr, &old))
		percpu_ref_dropped(count, old, nr);
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
	return percpu_count_tryget_many(count_of(&ref->data), nr);
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
	return percpu_count_tryget(count_of(&ref->data), 1, true);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_tryget_live_slow);

/**
 * rs_percpu_ref_init - begin a counter
 * @ref: the counter
 * @release: called when the last reference is dropped
 * @flags: of enum rs_percpu_ref_init_flags
 * @gfp: how to allocate
 *
 * Unless @flags say otherwise it begins in per-CPU mode, with one reference,
 * the owner's. On error @ref is as after rs_percpu_ref_exit().
 *
 * Context: as @gfp says.
 * Return: 0, -ENOMEM, or -EINVAL for unknown @flags or no @release.
 */
int rs_percpu_ref_init(struct rs_percpu_ref *ref, rs_percpu_ref_func_t *release,
		       unsigned int flags, gfp_t gfp)
{
	ref->percpu_count_ptr = __RS_PERCPU_REF_ATOMIC;
	return percpu_handle_init(&ref->data, &rcu_engine, ref, (struct percpu_callback *)release,
				  flags, gfp);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_init);

/**
 * rs_percpu_ref_exit - end a counter and free its memory
 * @ref: the counter; zeroed, or seen by rs_percpu_ref_init() at least
 *
 * The usual place is release(), or later. Elsewhere it waits for a switch that
 * is under way, and its confirmation. It does not wait for release(): who saw
 * rs_percpu_ref_is_zero() and ends the counter may still have release() running,
 * or about to, on another CPU, and lets a grace period pass before freeing the
 * object. Afterwards @ref answers as one that is dead
 * and zero, and its memory may go away as soon as its last reader has; calling
 * this again does nothing.
 *
 * Context: any but NMI, without locks of the scheduler's or of the timers'; may sleep
 * if a switch is under way, which cannot be the case in release(). No user may be in get,
 * put or tryget unless release() was called.
 */
void rs_percpu_ref_exit(struct rs_percpu_ref *ref)
{
	percpu_handle_exit(&ref->data);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_exit);

/**
 * rs_percpu_ref_cancel_init - end a counter that was never used
 * @ref: the counter; rs_percpu_ref_init() has returned, with whatever result
 *
 * For error paths of an object that was half constructed: release() is not
 * called, and nothing waits. Warns, once, if the counter was used. Linux 3.11 to
 * 3.16 had this.
 *
 * Context: any but NMI.
 */
void rs_percpu_ref_cancel_init(struct rs_percpu_ref *ref)
{
	percpu_handle_cancel_init(&ref->data);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_cancel_init);

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
	return percpu_handle_kill(&ref->data, (struct percpu_callback *)confirm, KILL_DROPS);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_kill_and_confirm);

/**
 * rs_percpu_ref_kill_two_stage - begin the end, and keep the initial reference
 * @ref: the counter
 * @confirm: called once no tryget_live can succeed any more, or NULL
 *
 * The first stage of a shutdown in two: no tryget_live will succeed a grace
 * period from now, and from now on zero will be noticed. The second is the
 * rs_percpu_ref_put() of the initial reference, whenever the caller who got
 * true likes; there is no need to wait in between. This is how per-CPU reference
 * counts began (December 2012); kill, which does both, is the modern form.
 *
 * Context and ordering as for rs_percpu_ref_kill_and_confirm().
 * Return: true for the first caller only, who has to drop the initial
 * reference.
 */
bool rs_percpu_ref_kill_two_stage(struct rs_percpu_ref *ref,
				  rs_percpu_ref_func_t *confirm)
{
	return percpu_handle_kill(&ref->data, (struct percpu_callback *)confirm, KILL_KEEPS);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_kill_two_stage);

/**
 * rs_percpu_ref_switch_to_atomic - count in the shared word until told otherwise
 * @ref: the counter
 * @confirm: called once no CPU uses its slot any more, or NULL
 *
 * The counter stays alive, and stays atomic, through kill and resurrection too,
 * until rs_percpu_ref_switch_to_percpu(). It need not allow to be reinitialised.
 *
 * Context: any but NMI if no switch is under way, else process; between init
 * and exit.
 */
void rs_percpu_ref_switch_to_atomic(struct rs_percpu_ref *ref,
				    rs_percpu_ref_func_t *confirm)
{
	percpu_count_switch_to_atomic(own_count(&ref->data), (struct percpu_callback *)confirm);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_switch_to_atomic);

/**
 * rs_percpu_ref_switch_to_atomic_sync - the same, and wait until it is done
 * @ref: the counter
 *
 * When it returns, the switch holds no reference any more:
 * rs_percpu_ref_is_zero() says what is.
 *
 * Context: process, between init and exit.
 */
void rs_percpu_ref_switch_to_atomic_sync(struct rs_percpu_ref *ref)
{
	percpu_count_switch_to_atomic_sync(own_count(&ref->data));
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_switch_to_atomic_sync);

/**
 * rs_percpu_ref_switch_to_percpu - count in slots again
 * @ref: the counter
 *
 * Takes back rs_percpu_ref_switch_to_atomic() and %RS_PERCPU_REF_INIT_ATOMIC. If
 * the counter is dying, it comes true with resurrection; if it is a dynamic one
 * and cold, when it is hot; if it is tracked, when it is not any more.
 *
 * Context: any but NMI if no switch is under way, else process; between init
 * and exit.
 * Return: 0, or -EINVAL if it was killed and may not be reinitialised.
 */
int rs_percpu_ref_switch_to_percpu(struct rs_percpu_ref *ref)
{
	return percpu_count_switch_to_percpu(own_count(&ref->data));
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_switch_to_percpu);

/**
 * rs_percpu_ref_resurrect - take back a kill
 * @ref: the counter
 *
 * The owner has the initial reference again. The caller sees to it that
 * release() is not being called meanwhile, by a reference of its own or because
 * it has been called.
 *
 * Context: any but NMI if no switch is under way, else process; between init
 * and exit.
 * Return: 0, or -EINVAL, with a warning, if the counter was not killed, or
 * began without %RS_PERCPU_REF_ALLOW_REINIT; nothing has changed then.
 */
int rs_percpu_ref_resurrect(struct rs_percpu_ref *ref)
{
	return percpu_handle_resurrect(&ref->data);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_resurrect);

/**
 * rs_percpu_ref_reinit - begin anew after release()
 * @ref: the counter, dead and zero
 *
 * Context: any but NMI if no switch is under way, else process; between init
 * and exit.
 * Return: 0, or -EINVAL, with a warning, if the counter is not dead and zero, or
 * began without %RS_PERCPU_REF_ALLOW_REINIT; nothing has changed then. (Mainline
 * warns of a count that is not zero, and goes on.)
 */
int rs_percpu_ref_reinit(struct rs_percpu_ref *ref)
{
	return percpu_handle_reinit(&ref->data);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_reinit);

/**
 * rs_percpu_ref_set_threshold - what is hot for this counter
 * @ref: a counter made with %RS_PERCPU_REF_DYNAMIC
 * @threshold: gets within a second that make it per-CPU
 *
 * Instead of rsref.ko's parameter dynamic_threshold.
 *
 * Context: any, between init and exit.
 * Return: 0, or -EINVAL if the counter is not a dynamic one.
 */
int rs_percpu_ref_set_threshold(struct rs_percpu_ref *ref, unsigned int threshold)
{
	return percpu_handle_set_threshold(&ref->data, threshold);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_set_threshold);

/**
 * rs_percpu_ref_is_zero - are there no references?
 * @ref: the counter
 *
 * Context: any, after init. Ordering: ACQUIRE if true.
 * Return: true if the count is zero; always false in per-CPU mode.
 */
bool rs_percpu_ref_is_zero(struct rs_percpu_ref *ref)
{
	return count_is_zero(percpu_handle_read(&ref->data));
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
	return percpu_handle_read(&ref->data) & COUNT_DEAD;
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
	percpu_handle_inspect(&ref->data, state);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_inspect);
