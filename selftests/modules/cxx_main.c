// SPDX-License-Identifier: GPL-2.0
/*
 * The handles of <refstorm/ref.hpp> in a kernel, where what they call is the kernel's:
 * per-CPU counts, RCU, locks, and an allocator that may have nothing. The scenarios are
 * in cxx_scenarios.cc.
 */
#include <linux/rcupdate.h>

#include <refstorm/alloc.h>

#include "cxx_handles.h"
#include "scenario_frame.h"

static DEFINE_SPINLOCK(spinlock);
static DEFINE_MUTEX(mutex);

void handles_failed(int line, const char *what)
{
	fail("cxx_scenarios.cc:%d: not so: %s", line, what);
}

void handles_caught(const char *name)
{
	caught(name);
}

void handles_called(atomic_t *calls)
{
	atomic_inc(calls);
}

int handles_calls(const atomic_t *calls)
{
	return atomic_read(calls);
}

bool handles_wait_for_call(const atomic_t *calls)
{
	return becomes_true(atomic_read(calls));
}

u64 handles_count(struct rs_percpu_ref *ref)
{
	struct rs_percpu_ref_state state;

	rs_percpu_ref_switch_to_atomic_sync(ref);
	rs_percpu_ref_inspect(ref, &state);
	return state.count;
}

bool handles_fail_next(const char *site)
{
	return !rs_alloc_fail_nth(site, 1);
}

int handles_rcu_depth(void)
{
#ifdef CONFIG_PREEMPT_RCU
	return rcu_preempt_depth();
#else
	return -1;
#endif
}

spinlock_t *handles_spinlock(void)
{
	return &spinlock;
}

struct mutex *handles_mutex(void)
{
	return &mutex;
}

bool handles_locked(enum handles_lock which)
{
	return spin_is_locked(&spinlock) == (which == SPIN_LOCK) &&
		mutex_is_locked(&mutex) == (which == MUTEX_LOCK);
}

void handles_spin_unlock(void)
	__releases(&spinlock)
{
	spin_unlock(&spinlock);
}

void handles_mutex_unlock(void)
{
	mutex_unlock(&mutex);
}

#define RIGHT(_run, _title) \
	{ .name = #_run, .title = (_title), .run = (_run) }

static const struct scenario list[] = {
	RIGHT(per_cpu_references,
	      "each way to a reference of a per-CPU count adds up, and its scope puts it"),
	RIGHT(begin_without_memory, "begin says -ENOMEM, and there is no owner then"),
	RIGHT(owners_in_turn,
	      "a counter that was killed gets an owner again by reinit and resurrect"),
	RIGHT(lookups_under_guards, "a guard is held while a lookup looks, and not after it"),
	RIGHT(last_put_under_lock,
	      "the last put_lock or put_mutex calls release under the lock, no other takes it"),
	{ .name = "moved_from", .run = moved_from, .wrong = true, .warnings = 1,
	  .title = "what a handle no longer holds is refused with a warning",
	  .text = "refstorm: share of a handle that holds nothing" },
};

SCENARIOS_MODULE(list, "The C++ handles of references in a kernel");
