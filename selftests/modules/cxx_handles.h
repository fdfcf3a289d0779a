/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What crosses between the two languages of cxx_handles.ko: cxx_main.c asks the kernel,
 * cxx_scenarios.cc uses the handles of <refstorm/ref.hpp> as a driver would.
 */
#ifndef SELFTESTS_MODULES_CXX_HANDLES_H
#define SELFTESTS_MODULES_CXX_HANDLES_H

#include <refstorm/abi.h>

#ifdef __cplusplus
extern "C" {
#else
#include <linux/mutex.h>
#include <linux/spinlock.h>
#endif

struct scenario;

/* Counted per CPU; @confirmed and @released: calls of its callbacks, by handles_called(). */
struct handled_device {
	struct rs_percpu_ref	requests;
	atomic_t		confirmed;
	atomic_t		released;
};

/* Counted in a word, and looked up under a lock. */
struct handled_entry {
	struct rs_kref		kref;
	atomic_t		released;
};

/* Which of the locks is held */
enum handles_lock { NO_LOCK, SPIN_LOCK, MUTEX_LOCK };

/*
 * C's half, for C++. Context: process, but handles_called() and handles_failed(): any but NMI.
 */
void handles_failed(int line, const char *what);
void handles_caught(const char *name);
void handles_called(atomic_t *calls);
int handles_calls(const atomic_t *calls);
/* Wait for a call; false if it does not come. */
bool handles_wait_for_call(const atomic_t *calls);
/* The count of @ref, which is atomic from then on. */
u64 handles_count(struct rs_percpu_ref *ref);
/* The next allocation of @site fails. */
bool handles_fail_next(const char *site);
/* How deep in RCU read-side critical sections the caller is; -1 where the kernel cannot tell. */
int handles_rcu_depth(void);
/* One lock of the module */
spinlock_t *handles_spinlock(void);
/* The other one */
struct mutex *handles_mutex(void);
/* Only @which of them is held. */
bool handles_locked(enum handles_lock which);
/* For a release function that is called with the lock held. */
void handles_spin_unlock(void);
void handles_mutex_unlock(void);

/* The scenarios. */
void per_cpu_references(const struct scenario *scenario);
void begin_without_memory(const struct scenario *scenario);
void owners_in_turn(const struct scenario *scenario);
void lookups_under_guards(const struct scenario *scenario);
void last_put_under_lock(const struct scenario *scenario);
void moved_from(const struct scenario *scenario);

#ifdef __cplusplus
}
#endif

#endif /* SELFTESTS_MODULES_CXX_HANDLES_H */
