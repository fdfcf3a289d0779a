/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A dynamic count is killed at any time while its work item changes its state: cold, hot,
 * probing whether it is still hot, hot again or cold. The user did not request the switch by
 * which the work probes ("unasked"): that switch ends under the lock and calls no callback. A
 * kill during it makes it the user's switch. ending.pml has exit at such a time.
 *
 * Slots are initialised sealed before they are published, the bias is added before they
 * open, and DEAD is tested under the lock. Slots are taken away only when no round is in
 * progress. A task may have loaded either pointer, and may add at any time; block.pml shows
 * what that means for the memory of the slots.
 *
 * Stands for: percpu_dynamic.c percpu_dynamic_warm_up percpu_dynamic_probe percpu_dynamic_reopen_or_free
 * Stands for: percpu_heat.c percpu_dynamic_collected
 * Stands for: sealed_engine.c sealed_engine_publish sealed_engine_ipi_open sealed_engine_reopen_slot
 * Stands for: percpu_switch.c percpu_count_attach percpu_count_detach
 * Stands for: sealed_round.c sealed_round_ipi sealed_round_seal_first sealed_round_more sealed_round_seal_here sealed_round_finish
 * Stands for: sealed_callback.c sealed_callback_run
 * Stands for: percpu_switch.c percpu_switch_kill percpu_count_try_open percpu_count_begin_switch
 * Stands for: percpu_switch.c percpu_count_ask_for_switch percpu_count_collected
 * Stands for: percpu_count.h percpu_count_is_percpu
 * Stands for: percpu_switch.c percpu_switch_end_unasked percpu_switch_end
 *
 * Right: killed
 * Right: two_tries -DTRIES=2
 * Right: two_tasks -DTASKS=2
 * Right: two_kills -DKILLERS=2
 * Broken: PUBLISHED_BEFORE_INITIALISED confirm_then_dead
 * Broken: OPEN_BEFORE_BIAS no_early_release -DOPENED_FROM_AFAR
 * Broken: KILLED_WHILE_WARMING_UP release_is_last
 * Broken: KILLED_WHILE_COOLING_DOWN no_lost_count
 * Broken: KILL_LEAVES_SWITCH_UNASKED confirm_before_release
 * Broken: ASKED_LOOKED_AT_BEFORE_LOCK no_lost_count
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
#define DYNAMIC
#include "cpu.inc"
#include "machine.inc"

inline initialise() {
	slot[0] = SEALED;
	slot[CPUS - 1] = SEALED
}

inline warm_up() {
#ifndef PUBLISHED_BEFORE_INITIALISED
	atomic { initialise() };
#endif
	ACQUIRE;
	own = 1;
#ifdef PUBLISHED_BEFORE_INITIALISED
	initialise();
#endif
	try_open();
	if :: refs < BIAS / 2 -> own = 0 :: else fi;
	RELEASE
}

inline probe() {
	ACQUIRE;
	if :: IS_PERCPU -> begin_switch(1) :: else fi;
	RELEASE
}

inline reopen_or_free() {
	do
	:: ACQUIRE;
#ifndef KILLED_WHILE_COOLING_DOWN
		if
		:: switching -> RELEASE; !switching
		:: !switching -> break
		fi
#else
		break
#endif
	od;
	if
	:: try_open()	/* it is hot still */
	:: skip
	fi;
	if :: !IS_PERCPU -> own = 0 :: else fi;
	RELEASE
}

proctype Work() {
	warm_up();
	probe();
	reopen_or_free()
}

proctype Killer() {
	bit killed;

	kill()
}

init {
	atomic {
		byte i;

		/* Those that stay come first, for processes end in reverse order. */
		for (i : 1 .. CPUS) { run Ipi(i - 1) }
		run Finish();
		for (i : 1 .. TASKS) { run Task() }
		run Work();
		for (i : 1 .. KILLERS) { run Killer() }
		i = 0
	}
	timeout -> CHECK(no_lost_count, _nr_pr == CPUS + 2 && released && refs == 0 && !switching)
}
