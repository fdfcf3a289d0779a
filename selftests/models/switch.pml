/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Modes: atomic, per-CPU and back, kills at any time, reinit. Rounds only seal. A switch to
 * per-CPU mode adds the bias to the word, and each CPU opens its own slot when it next finds
 * the slot sealed and the word biased without SWITCHING.
 *
 * A task without a reference tries to get one, and puts it.
 *
 * Stands for: sealed_ref.h rs_sealed_ref_put rs_sealed_ref_tryget_live
 * Stands for: sealed_round.c sealed_round_collect sealed_round_begin sealed_round_ipi sealed_round_more
 * Stands for: sealed_round.c sealed_round_seal_first sealed_round_seal_here sealed_round_add_sum sealed_round_finish
 * Stands for: sealed_callback.c sealed_callback_run
 * Stands for: sealed_engine.c sealed_engine_ipi_open sealed_engine_reopen_slot
 * Stands for: percpu_switch.c percpu_switch_kill percpu_count_begin_switch
 * Stands for: percpu_count.c percpu_count_tryget
 * Stands for: percpu_count.c percpu_count_dropped
 * Stands for: percpu_switch.c percpu_count_collected percpu_switch_add_sum percpu_switch_end
 * Stands for: percpu_switch.c __rs_percpu_count_switch_to_atomic_sync __rs_percpu_count_switch_to_percpu
 * Stands for: percpu_switch.c percpu_count_try_open percpu_count_resurrect percpu_count_lock_settled
 *
 * Right: switch_and_kill
 * Right: two_kills -DKILLERS=2
 * Right: two_tasks -DTASKS=2
 * Right: two_tries -DTRIES=2 -DKILLERS=2
 * Right: two_switchers -DSWITCHERS=2
 * Right: reinit -DREINIT
 * Right: opened_from_afar -DOPENED_FROM_AFAR
 * Broken: DEAD_BESIDE_THE_COUNT confirm_then_dead
 * Broken: DEAD_SET_BLINDLY kill_once -DKILLERS=2
 * Broken: NO_SWITCH_REFERENCE confirm_before_release
 * Broken: SYNC_WOKEN_FIRST sync_is_atomic
 * Broken: OPEN_BEFORE_BIAS no_early_release -DOPENED_FROM_AFAR
 * Broken: REOPENED_UNSEEN sync_is_atomic
 * Broken: REOPENED_INTERRUPTED no_lost_count
 * Broken: CONFIRMED_BEFORE_SEALED confirm_then_dead
 */
#ifndef CPUS
#define CPUS	2
#endif
#ifndef TASKS
#define TASKS	1
#endif
#ifndef TRIES
#define TRIES	1	/* of each task */
#endif
#ifndef KILLERS
#define KILLERS	1
#endif
#ifndef SWITCHERS
#define SWITCHERS 1
#endif
#include "cpu.inc"

#include "machine.inc"

proctype Killer() {
	bit killed;

	kill();
#ifdef REINIT
	released && SETTLED;
	/* percpu_count_resurrect() */
	ACQUIRE;
	atomic { released = 0; confirmed = 0; kills = 0; dead = 0; refs++; initial = 1 };
	try_open();
	RELEASE;
	kill();
#endif
	skip
}

#ifndef REINIT
proctype Switcher() {
	/* __rs_percpu_count_switch_to_atomic_sync() */
	percpu_count_lock_settled();
	force_atomic = 1;
	if :: refs >= BIAS / 2 -> begin_switch(0) :: else fi;
	RELEASE;
	SETTLED;
	/* The word alone has the number of references, unless another task opened the slots. */
	CHECK(sync_is_atomic, SWITCHERS > 1 || !switching && slot[0] < 0 && slot[CPUS - 1] < 0 && refs < BIAS / 2);
	/* __rs_percpu_count_switch_to_percpu() */
	percpu_count_lock_settled();
	force_atomic = 0;
	try_open();
	RELEASE
}
#endif

init {
	atomic {
		byte i;

		/* Those that stay come first, for processes end in reverse order. */
		for (i : 1 .. CPUS) { run Ipi(i - 1) }
		run Finish();
		for (i : 1 .. TASKS) { run Task() }
		for (i : 1 .. KILLERS) { run Killer() }
#ifndef REINIT
		for (i : 1 .. SWITCHERS) { run Switcher() }
#endif
		i = 0
	}
	timeout -> CHECK(no_lost_count, _nr_pr == CPUS + 2 && released && refs == 0 && !switching)
}
