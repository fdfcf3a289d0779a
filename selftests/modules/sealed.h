/* SPDX-License-Identifier: GPL-2.0 */
/* What the scenarios of rs_sealed_ref below its interface share. */
#ifndef SELFTESTS_MODULES_SEALED_H
#define SELFTESTS_MODULES_SEALED_H

#include <linux/atomic.h>
#include <linux/context_tracking.h>
#include <linux/ktime.h>
#include <linux/percpu.h>

#include <refstorm/compat.h>
#include <refstorm/sealed_ref.h>

#include "scenario.h"

/* As many counters as make a crowd */
#define MANY	1000

/* What the callbacks did; misplaced: they came where, or when, they should not */
extern atomic_t releases, confirmations, misplaced;

void forget(void);
void note_confirm(struct rs_sealed_ref *ref);

/* Begin with these flags; false is a failure that was reported. */
bool begin(struct rs_sealed_ref *ref, unsigned int flags);
/* Kill, wait for release(), exit. Return: the slots that the counter had. */
s64 __percpu *end(struct rs_sealed_ref *ref);

static inline s64 slot_of(s64 __percpu *slots, int cpu)
{
	return READ_ONCE(*per_cpu_ptr(slots, cpu));
}

/* A wait that began then, with interrupts off, has lasted too long. */
static inline bool sealed_expired(u64 since)
{
	return ktime_get_mono_fast_ns() - since > 8ULL * NSEC_PER_SEC;
}

/*
 * A thread is taken for an idle CPU: with interrupts off it tells RCU that the CPU is idle, and
 * waits. So the CPU is idle for exactly as long as the scenario wants.
 */
#if RS_HAVE_RCU_STATE
/* RCU takes no CPU for idle that runs another task than the idle task, if it checks that. */
#define HAVE_DOZE	(!IS_ENABLED(CONFIG_RCU_EQS_DEBUG))
#define doze_enter()	ct_idle_enter()
#define doze_exit()	ct_idle_exit()
#else
#define HAVE_DOZE	false
#define doze_enter()	do { } while (0)
#define doze_exit()	do { } while (0)
#endif

#define SCENARIO_FN(name) void name(const struct scenario *s)

/* sealed_rounds.c */
SCENARIO_FN(kill_in_hotplug);
SCENARIO_FN(cpu_comes_up);
SCENARIO_FN(kills_share_rounds);

/* sealed_away.c */
SCENARIO_FN(interrupts_of_a_round);
SCENARIO_FN(cpu_wakes_up);
SCENARIO_FN(cpu_wakes_and_rests);
SCENARIO_FN(opened_where_rcu_does_not_look);
SCENARIO_FN(opened_too_late);

/* sealed_back.c */
SCENARIO_FN(woken_side_by_side);
SCENARIO_FN(isolated_cpu_reports_last);
SCENARIO_FN(busy_cpu_delays_no_kill);

#endif /* SELFTESTS_MODULES_SEALED_H */
