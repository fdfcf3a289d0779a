/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Many kills share a round. Whoever wants its count collected puts it on the list of
 * what waits, and begins a round unless one is under way. A round takes the whole
 * list and interrupts every CPU once; the interrupt seals the first count, the tasklet
 * that it leaves the rest. The last to report moves the counts to its own list, begins
 * the next round or lets go ("busy"), looks at what waits again, and only then calls
 * users back, one each time the tasklet runs. What was listed meanwhile
 * found "busy" set, and relies on that.
 *
 * Only so many rounds may begin in a jiffy: here, any may have to wait for the timer.
 * With ABSENT, a CPU may be absent when the round begins; the last to report seals for it,
 * or finds that it has come up, and interrupts it.
 *
 * Of a count only matters here which CPUs have sealed its slots.
 *
 * Stands for: sealed_round.c sealed_round_collect sealed_round_next sealed_round_is_allowed sealed_round_next_jiffy
 * Stands for: sealed_round.c sealed_round_begin sealed_round_ipi sealed_round_more sealed_round_report
 * Stands for: sealed_round.c sealed_round_is_over sealed_round_end sealed_round_finish collected_pop
 *
 * Right: three_kills
 * Right: three_cpus -DCPUS=3
 * Right: absent -DABSENT
 * Right: killed_in_callback -DKILLED_IN_CALLBACK -DKILLS=4
 * Broken: LIST_NOT_RECHECKED no_lost_count
 * Broken: LIST_RECHECKED_BEFORE_BUSY_CLEARED no_lost_count
 * Broken: JOINS_RUNNING_ROUND collected_whole
 * Broken: BUSY_CLEARED_BY_LAST_CPU collected_whole
 * Broken: BUSY_TESTED_THEN_SET no_lost_count
 * Broken: PENDING_OFF_BY_ONE collected_whole
 * Broken: REPORTED_BY_INTERRUPT collected_whole
 * Broken: NEXT_ROUND_BEFORE_COUNTS_TAKEN collected_whole
 * Broken: WAS_LAST_CLEARED_LATE no_lost_count
 * Broken: TIMER_NOT_SET no_lost_count
 * Broken: ABSENT_CPU_LEFT collected_whole -DABSENT
 */
#ifndef CPUS
#define CPUS	2
#endif
#ifndef KILLS
#define KILLS	3
#endif
#include "cpu.inc"

/* Sets of counts, a bit each: of the list, the round, what CPUs have to seal, have sealed, call back */
byte waiting, batch, left[CPUS], sealed[CPUS], mine[CPUS], collected;
bit busy, timer, ipi[CPUS], more[CPUS], was_last[CPUS], finish[CPUS];
byte unreported;

#define FIRST_OF(set)	((set) & (0 - (set)))

#ifdef BUSY_CLEARED_BY_LAST_CPU
#define BUSY_STAYS	0
#else
#define BUSY_STAYS	1
#endif
#ifdef PENDING_OFF_BY_ONE
#define BEGINNER	0
#else
#define BEGINNER	1
#endif
#ifdef REPORTED_BY_INTERRUPT
#define REPORTS	true
#else
#define REPORTS	!more[cpu]
#endif
#ifdef TIMER_NOT_SET
#define TIMER_SET	0
#else
#define TIMER_SET	1
#endif

inline report(cpu) {
	atomic {
		unreported--;
		if
		:: unreported == 0 ->
			was_last[cpu] = 1; finish[cpu] = 1;
			busy = busy && BUSY_STAYS
		:: else
		fi
	}
}

inline begin(cpu) {
	atomic {
		batch = waiting; waiting = 0;
		unreported = BEGINNER;
		for (k : 0 .. CPUS - 1) { left[k] = batch };
		k = 0
	};
	do
	:: k < CPUS -> atomic { unreported++; ipi[k] = 1; k++ }
#ifdef ABSENT
	:: k < CPUS && k > 0 -> k++
#endif
	:: else -> break
	od;
	k = 0;
#ifndef PENDING_OFF_BY_ONE
	report(cpu)
#endif
}

#ifdef BUSY_TESTED_THEN_SET
#define TAKE_ROUND	if :: busy -> goto taken :: !busy fi; busy = 1
#else
#define TAKE_ROUND	atomic { if :: busy -> goto taken :: !busy -> busy = 1 fi }
#endif

/* sealed_round_is_allowed() says one thing or the other. */
inline begin_or_wait(cpu) {
	if
	:: begin(cpu)
	:: timer = TIMER_SET
	fi
}

/* sealed_round_next(), by whoever has the round */
inline next_round(cpu) {
	do
	:: waiting != 0 -> begin_or_wait(cpu); break
	:: waiting == 0 ->
		busy = 0;
#ifdef LIST_RECHECKED_BEFORE_BUSY_CLEARED
		break
#else
		if :: waiting == 0 -> break :: waiting != 0 -> TAKE_ROUND fi
#endif
	od
}

/* sealed_round_collect(), from any context */
inline collect(cpu, count) {
	waiting = waiting | (1 << (count));
	TAKE_ROUND;
	next_round(cpu)
}

/* sealed_round_ipi(), sealed_round_more(): what they seal is seen when they have reported. */
proctype Ipi(byte cpu) {
end:	do
	:: atomic {
		ipi[cpu] ->
		ipi[cpu] = 0;
		sealed[cpu] = sealed[cpu] | FIRST_OF(left[cpu]);
		left[cpu] = left[cpu] & (left[cpu] - 1);
		more[cpu] = left[cpu] != 0;
		if :: REPORTS -> report(cpu) :: else fi
	   }
	:: atomic {
		more[cpu] ->
		more[cpu] = 0;
		sealed[cpu] = sealed[cpu] | left[cpu];
		left[cpu] = 0;
#ifndef REPORTED_BY_INTERRUPT
		report(cpu)
#endif
	   }
	od
}

/* sealed_round_is_over(): if not, another report will come. */
inline is_over() {
#ifdef ABSENT
	do
	:: k < CPUS && !left[k] -> k++
	:: k < CPUS && left[k] -> atomic { sealed[k] = sealed[k] | left[k]; left[k] = 0; k++ }
	:: k < CPUS && left[k] -> break
#ifdef ABSENT_CPU_LEFT
	:: k < CPUS && left[k] -> k++
#endif
	:: k == CPUS -> break
	od;
	if
	:: k < CPUS -> atomic { unreported++; ipi[k] = 1; k = 0 }; goto taken
	:: k == CPUS -> k = 0
	fi
#else
	skip
#endif
}

/* sealed_round_end() */
inline end_round(cpu) {
#if defined(NEXT_ROUND_BEFORE_COUNTS_TAKEN)
	next_round(cpu);
	mine[cpu] = mine[cpu] | batch
#elif defined(BUSY_CLEARED_BY_LAST_CPU)
	mine[cpu] = mine[cpu] | batch;
	if :: waiting -> TAKE_ROUND; next_round(cpu) :: else fi
#elif defined(LIST_NOT_RECHECKED)
	mine[cpu] = mine[cpu] | batch;
	busy = 0
#else
	mine[cpu] = mine[cpu] | batch;
	next_round(cpu)
#endif
}

/* sealed_round_finish(): what percpu_count_collected() needs, is the count's own. */
proctype Finish(byte cpu) {
	byte k, count;

end:	do
	:: atomic { finish[cpu] -> finish[cpu] = 0 };
		if
		:: was_last[cpu] ->
#ifndef WAS_LAST_CLEARED_LATE
			was_last[cpu] = 0;
#endif
			is_over();
			end_round(cpu);
taken:
#ifdef WAS_LAST_CLEARED_LATE
			was_last[cpu] = 0
#else
			skip
#endif
		:: !was_last[cpu]
		fi;
		atomic {
			k = 0;
			count = FIRST_OF(mine[cpu]);
			mine[cpu] = mine[cpu] & ~count;
			CHECK(collected_once, !(collected & count));
			CHECK(collected_whole, (sealed[0] & sealed[1] & sealed[CPUS - 1] & count) == count);
			collected = collected | count;
			finish[cpu] = finish[cpu] || mine[cpu]
		};
#ifdef KILLED_IN_CALLBACK
		if
		:: count == 1 -> run Kill(KILLS - 1, cpu)
		:: else
		fi;
#endif
		count = 0
	od
}

proctype Kill(byte count; byte cpu) {
	byte k;

#ifdef JOINS_RUNNING_ROUND
	atomic {
		if
		:: busy && batch -> batch = batch | (1 << count); goto taken
		:: else
		fi
	};
#endif
	collect(cpu, count);
taken:	skip
}

/* sealed_round_next_jiffy(): what waited then still does, for whoever has the round takes it. */
proctype Timer() {
	byte k;

end:	do
	:: timer -> timer = 0; waiting != 0; begin_or_wait(0)
	od
}

init {
	atomic {
		byte i;

		for (i : 1 .. CPUS) { run Ipi(i - 1) }
		for (i : 1 .. CPUS) { run Finish(i - 1) }
		run Timer();
#ifdef KILLED_IN_CALLBACK
		for (i : 1 .. KILLS - 1) { run Kill(i - 1, (i - 1) % CPUS) }
#else
		for (i : 1 .. KILLS) { run Kill(i - 1, (i - 1) % CPUS) }
#endif
		i = 0
	}
	timeout -> CHECK(no_lost_count, collected == (1 << KILLS) - 1 && !busy && !waiting)
}
