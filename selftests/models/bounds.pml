/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An addition to a sealed slot changes the slot, though its value is never read. The slot
 * must not drift until it looks open. A call for more than MOST goes to the word at once, and
 * the slow path re-centres a slot that has drifted by LIMIT. Between the addition and the
 * re-centring the task may be preempted and the slot opened, so the slow path re-centres only
 * a slot that is still sealed, in one step of its CPU.
 *
 * 64 bits scaled down: sealed is -32, and below -64 the sign turns, too.
 *
 * Stands for: sealed_ref.h rs_sealed_ref_get_many rs_sealed_ref_put_many
 * Stands for: sealed_engine.c sealed_engine_recentre
 *
 * Right: gets
 * Right: puts -DNR=-4
 * Right: large -DNR=20 -DCALLS=4
 * Right: three_tasks -DTASKS=3 -DCALLS=4
 * Broken: NOT_RECENTRED no_lost_count
 * Broken: LARGE_CALLS_IN_SLOT no_lost_count -DNR=20 -DCALLS=1
 * Broken: RECENTRES_OPEN_SLOT no_lost_count
 */
#ifndef TASKS
#define TASKS	2
#endif
#ifndef CALLS
#define CALLS	6	/* of each task */
#endif
#ifndef NR
#define NR	4	/* references that a call takes; below zero: gives back */
#endif
#define CPUS	1
#include "cpu.inc"

#define MOST	4
#define LIMIT	8
#define TURNS	(-64)
#define OPENED	(OPEN + 100)	/* no sequence of puts removes so many */

/* There are references enough to give back. */
#define FIRST	1000

short slot = SEALED, refs = FIRST, taken;

#ifdef LARGE_CALLS_IN_SLOT
#define IS_LARGE	0
#else
#define IS_LARGE	(NR > MOST || NR < -MOST)
#endif

/* rs_sealed_ref_get_many() and rs_sealed_ref_put_many() */
proctype Task() {
	byte calls;
	short res;

	do
	:: calls < CALLS && IS_LARGE ->
		atomic { refs = refs + NR; taken = taken + NR; calls++ }
	:: calls < CALLS && !IS_LARGE ->
		atomic { slot = slot + NR; res = slot; taken = taken + NR; calls++ };
		if
		:: res < 0 && res >= TURNS -> refs = refs + NR
		:: res >= 0 || res < TURNS
		fi;
#ifndef NOT_RECENTRED
		if
		:: res < 0 && (res >= SEALED + LIMIT || res <= SEALED - LIMIT) ->
#ifdef RECENTRES_OPEN_SLOT
			slot = SEALED
#else
			atomic { if :: slot < 0 -> slot = SEALED :: slot >= 0 fi }
#endif
		:: else
		fi;
#endif
		res = 0
	:: calls == CALLS -> break
	od
}

/* The slot is opened at some time, by its CPU, and collected in the end. */
proctype Open() {
	refs = refs + BIAS;
	atomic { if :: slot < 0 -> slot = OPENED :: slot >= 0 fi }
}

init {
	atomic {
		byte i;

		for (i : 1 .. TASKS) { run Task() }
		run Open();
		i = 0
	}
	timeout;
	if :: slot >= 0 -> refs = refs + slot - OPENED :: slot < 0 fi;
	CHECK(no_lost_count, _nr_pr == 1 && refs - BIAS == FIRST + taken)
}
