/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks of slots are freed and reused while stragglers may still add to them.
 *
 * Between loading the slot pointer and adding, a task may be preempted for any time.
 * An interrupt may be in that window, too, but runs to its end. So counter A, which has
 * gone cold or was ended, first points to the static sealed slot. Then Tasks RCU waits for
 * tasks and RCU for interrupts, and only then is the block opened for counter B, or freed.
 * A itself may take the block back at once, because the block is still right for A's
 * stragglers. But then that wait does not cover tasks that load the pointer from now on,
 * and the next retirement needs a wait of its own. (The code takes no block back.)
 *
 * A grace period waits for each task that is in the window when the grace period begins.
 * Windows are short, so the model only waits to see each straggler outside of its window.
 *
 * Stands for: sealed_ref.h rs_sealed_ref_get
 * Stands for: sealed_engine.c sealed_engine_publish
 * Stands for: percpu_switch.c percpu_count_attach percpu_count_detach
 * Stands for: sealed_block.c sealed_block_alloc sealed_block_retire sealed_block_wait
 * Stands for: sealed_block.c sealed_block_wait_for_preempted sealed_block_wait_for_interrupted sealed_block_recycle
 *
 * Right: recycled
 * Right: freed -DFREED
 * Right: taken_back -DTAKEN_BACK
 * Right: taken_back_and_freed -DTAKEN_BACK -DFREED
 * Right: waits_the_other_way_round -DWAITS_REVERSED
 * Right: waits_side_by_side -DWAITS_TOGETHER
 * Right: no_preemption -DNO_PREEMPTION
 * Broken: FREED_AT_ONCE no_stray_add -DFREED
 * Broken: RECYCLED_AT_ONCE no_lost_count
 * Broken: RCU_ALONE no_lost_count
 * Broken: TASKS_RCU_ALONE no_lost_count
 * Broken: NOT_REPOINTED no_lost_count
 * Broken: REPOINTED_LATE no_lost_count
 * Broken: FIRST_WAIT_FREES no_stray_add -DTAKEN_BACK -DFREED
 */
#ifndef OPS
#define OPS	2	/* of each straggler */
#endif
#define CPUS	1
#include "cpu.inc"

#define TASK	0
#define IRQ	1

short slot = OPEN, a = BIAS + 1, b;	/* the block's slot; the words of A and B */
bit own = 1;				/* A points to the block */
bit cold_now, window[2], tasks_left, rcu_left, freed, taken, b_done, a_done;
byte waits, got;

/* rs_sealed_ref_get() on A: each caller relies on a reference of another task. */
proctype Straggler(byte who) {
	byte ops;
	short res;
	bit block;

	do
	:: ops < OPS ->
		atomic { window[who] = 1; block = own };
		atomic {
			if
			:: block ->
				CHECK(no_stray_add, !freed);
				slot++; res = slot
			:: !block -> res = SEALED	/* the static slot */
			fi;
			window[who] = 0; block = 0; got++; ops++
		};
		if :: res < 0 -> a++ :: res >= 0 fi;
		res = 0
	:: ops == OPS -> break
	od
}

inline leave_tasks() {
#if !defined(RCU_ALONE) && !defined(NO_PREEMPTION)
	window[TASK] == 0;
#endif
	skip
}

inline leave_interrupts() {
#ifndef TASKS_RCU_ALONE
	window[IRQ] == 0;
#ifdef NO_PREEMPTION
	/* A task that is not preempted does not pass through the scheduler. */
	window[TASK] == 0;
#endif
#endif
	skip
}

/* Tasks RCU, RCU, and then: @wait is the latest, or says nothing. */
proctype Wait(byte wait) {
#if !defined(FREED_AT_ONCE) && !defined(RECYCLED_AT_ONCE)
#ifdef WAITS_REVERSED
	leave_interrupts();
	leave_tasks();
#elif defined(WAITS_TOGETHER)
	do
	:: !tasks_left -> leave_tasks(); tasks_left = 1
	:: !rcu_left -> leave_interrupts(); rcu_left = 1
	:: tasks_left && rcu_left -> break
	od;
#else
	leave_tasks();
	leave_interrupts();
#endif
#endif
#ifdef REPOINTED_LATE
	own = 0;
#endif
	atomic {
#ifdef FIRST_WAIT_FREES
		if :: cold_now && !taken -> taken = 1 :: else -> goto out fi
#else
		if :: wait == waits && cold_now -> taken = 1 :: else -> goto out fi
#endif
	};
#ifdef FREED
	freed = 1;
#else
	/* B gets it, initialised, opens it, and is killed at last. */
	slot = SEALED;
	b = 1;
	b = b + BIAS;
	slot = OPEN;
	a_done;
	atomic { b = b + slot - OPEN - BIAS; slot = SEALED };
#endif
	b_done = 1;
out:	skip
}

/* A goes cold: sealed, collected, repointed; a straggler in its window still adds. */
inline cold() {
	atomic { a = a + slot - OPEN - BIAS; slot = SEALED };
#if !defined(NOT_REPOINTED) && !defined(REPOINTED_LATE)
	own = 0;
#endif
	atomic { cold_now = 1; waits++; run Wait(waits) }
}

proctype A() {
	cold();
#ifdef TAKEN_BACK
	/* Hot again before that wait is over: the same block, sealed still */
	if
	:: atomic { !taken -> waits++; cold_now = 0; own = 1 };
		a = a + BIAS;
		slot = OPEN;
		cold()
	:: taken
	fi
#endif
}

init {
	atomic {
		run Straggler(TASK);
		run Straggler(IRQ);
		run A()
	}
	got == 2 * OPS;
	a_done = 1;
	timeout -> CHECK(no_lost_count, b_done && a == 1 + got && (freed || b == 1))
}
