/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Many kills share a round. Whoever wants its count collected puts it on the
 * list of what waits, and starts a round unless one is under way. A round takes
 * a few counts off the list, sends every CPU one IPI, and whoever finishes it
 * clears "busy" and then looks at the list again: what was put there meanwhile
 * found "busy" set, and relies on that.
 *
 * Of a count only matters here which CPUs have sealed its slots.
 *
 * Stands for: sealed_round.c sealed_round_collect sealed_round_next sealed_round_choose
 * Stands for: sealed_round.c sealed_round_begin sealed_round_ipi sealed_round_report sealed_round_finish
 *
 * Right: three_kills
 * Right: four_kills -DKILLS=4
 * Right: three_cpus -DCPUS=3
 * Right: one_at_a_time -DMOST=1
 * Broken: LIST_NOT_RECHECKED no_lost_count
 * Broken: LIST_RECHECKED_BEFORE_BUSY_CLEARED no_lost_count
 * Broken: JOINS_RUNNING_ROUND collected_whole
 * Broken: BUSY_CLEARED_BY_LAST_CPU collected_whole
 * Broken: BUSY_TESTED_THEN_SET no_lost_count
 * Broken: PENDING_OFF_BY_ONE collected_whole
 */
#ifndef CPUS
#define CPUS	2
#endif
#ifndef KILLS
#define KILLS	3
#endif
#ifndef MOST
#define MOST	2	/* counts that a round takes */
#endif
#include "cpu.inc"

/* Sets of counts, a bit each */
byte waiting, batch, sealed[CPUS], collected;
bit busy, finish, ipi[CPUS], insn[CPUS];
byte pending;

/* sealed_round_next(): a round, if none is under way and something waits */
inline start() {
	do
	:: waiting == 0 -> break
	:: waiting != 0 ->
#ifdef BUSY_TESTED_THEN_SET
		if :: busy -> break :: !busy fi;
		busy = 1;
#else
		atomic { if :: busy -> break :: !busy -> busy = 1 fi };
#endif
		/* Take the list, up to so many. */
		atomic {
			batch = 0; n = 0; k = 0;
			do
			:: k < KILLS && n < MOST && (waiting & (1 << k)) ->
				waiting = waiting & ~(1 << k); batch = batch | (1 << k); n++; k++
			:: k < KILLS && !(n < MOST && (waiting & (1 << k))) -> k++
			:: k == KILLS -> break
			od;
			n = 0; k = 0
		};
		if
		:: batch ->
#ifdef PENDING_OFF_BY_ONE
			pending = CPUS;
#else
			pending = CPUS + 1;
#endif
			do
			:: k < CPUS -> ipi[k] = 1; k++
			:: else -> break
			od;
			k = 0;
			report();
			break
		/* Somebody else's round took it: let go, and look again. */
		:: !batch -> busy = 0
		fi
	od
}

inline report() {
	atomic {
		pending--;
		if
#ifdef BUSY_CLEARED_BY_LAST_CPU
		:: pending == 0 -> finish = 1; busy = 0
#else
		:: pending == 0 -> finish = 1
#endif
		:: else
		fi
	}
}

proctype Ipi(byte cpu) {
end:	do
	:: ipi[cpu] ->
		ipi[cpu] = 0;
		sealed[cpu] = sealed[cpu] | batch;
		report()
	od
}

/* sealed_round_finish() */
proctype Finish() {
	byte n, k;

end:	do
	:: atomic { finish -> finish = 0 };
		/* What percpu_count_collected() of each needs, is taken out of the round here. */
		do
		:: k < KILLS && (batch & (1 << k)) ->
			atomic {
				CHECK(collected_once, !(collected & (1 << k)));
				CHECK(collected_whole, sealed[0] & sealed[1] & sealed[CPUS - 1] & (1 << k));
				collected = collected | (1 << k);
				k++
			}
		:: k < KILLS && !(batch & (1 << k)) -> k++
		:: k == KILLS -> break
		od;
		k = 0;
#ifdef LIST_RECHECKED_BEFORE_BUSY_CLEARED
		if :: waiting -> busy = 0; start() :: !waiting -> busy = 0 fi
#else
#ifndef BUSY_CLEARED_BY_LAST_CPU
		busy = 0;
#endif
#ifndef LIST_NOT_RECHECKED
		start()
#endif
#endif
	od
}

/* sealed_round_collect(), from any context */
proctype Kill(byte count) {
	byte n, k;

#ifdef JOINS_RUNNING_ROUND
	atomic {
		if
		:: busy && batch -> batch = batch | (1 << count); goto joined
		:: else
		fi
	};
#endif
	waiting = waiting | (1 << count);
	start();
joined:	skip
}

init {
	atomic {
		byte i;

		for (i : 1 .. CPUS) { run Ipi(i - 1) }
		/* The softirqs of two rounds, the first of which looks at the list still */
		run Finish();
		run Finish();
		for (i : 1 .. KILLS) { run Kill(i - 1) }
		i = 0
	}
	timeout -> CHECK(no_lost_count, collected == (1 << KILLS) - 1 && !busy && !waiting)
}
