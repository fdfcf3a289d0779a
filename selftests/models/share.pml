/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Many kills share a round. A kill puts its count on the list of waiting counts, and begins
 * a round unless one is in progress. A round takes the whole list and interrupts every CPU;
 * that interrupt seals the first count, a further one the rest. The last CPU to report hands
 * the counts to the queue of callbacks (callback.pml). Then it begins the next round, or
 * clears "busy" and looks at the list again. A kill that listed its count meanwhile found
 * "busy" set, and relies on that second look.
 *
 * The number of rounds in a jiffy is limited: here, any round may have to wait for the timer
 * of the CPU that would have begun it. With LEAVING, CPU 1 goes down and stays down: it begins
 * at once the round that its timer would have begun, and starts no timer any more. (It still
 * runs interrupts on its way out.) With ABSENT, a CPU may be absent or idle when the round begins. The
 * last CPU to report seals its slots, in one turn or several, or finds that it has come up or
 * woken, and interrupts it. With ISOLATED, CPU 1 begins no round after one in which it reported last:
 * it hands over to CPU 0. With MASKS, a CPU has opened its slots of some counts only: a round that
 * has none of these does not visit the CPU.
 *
 * A count in this model is only the set of CPUs that have sealed its slots.
 *
 * Stands for: sealed_round.c sealed_round_collect sealed_round_next sealed_round_is_allowed sealed_round_next_jiffy
 * Stands for: sealed_round.c sealed_round_begin sealed_round_begin_late sealed_round_cpu_goes
 * Stands for: sealed_round.c sealed_round_ipi sealed_round_seal_first sealed_round_more sealed_round_report
 * Stands for: sealed_round.c sealed_round_is_over sealed_round_finish sealed_round_finish_soon
 * Stands for: sealed_round.c sealed_round_interrupt_the_rest sealed_round_hand_over sealed_round_next_csd
 * Stands for: sealed_callback.c sealed_callback_add sealed_callback_run
 *
 * Right: three_kills
 * Right: three_cpus -DCPUS=3
 * Right: absent -DABSENT
 * Right: leaving -DLEAVING
 * Right: leaving_and_absent -DLEAVING -DABSENT -DKILLS=2
 * Right: killed_in_callback -DKILLED_IN_CALLBACK
 * Right: isolated -DISOLATED
 * Right: isolated_and_absent -DISOLATED -DABSENT -DKILLS=2
 * Right: masks -DMASKS -DKILLS=2
 * Right: masks_and_leaving -DMASKS -DLEAVING -DKILLS=2
 * Right: masks_and_absent -DMASKS -DABSENT -DKILLS=2
 * Broken: LIST_NOT_RECHECKED no_lost_count
 * Broken: MASK_OF_ONE_COUNT collected_whole -DMASKS -DKILLS=2
 * Broken: LIST_RECHECKED_BEFORE_BUSY_CLEARED no_lost_count
 * Broken: JOINS_RUNNING_ROUND collected_whole
 * Broken: BUSY_CLEARED_BY_LAST_CPU collected_whole
 * Broken: BUSY_TESTED_THEN_SET no_lost_count
 * Broken: PENDING_OFF_BY_ONE collected_once
 * Broken: REPORTED_BY_INTERRUPT collected_whole
 * Broken: NEXT_ROUND_BEFORE_COUNTS_TAKEN collected_whole
 * Broken: TURN_FORGOTTEN no_lost_count -DABSENT
 * Broken: TIMER_NOT_SET no_lost_count
 * Broken: TIMER_LEFT_BEHIND no_lost_count -DLEAVING
 * Broken: TIMER_STARTED_WHILE_LEAVING no_lost_count -DLEAVING
 * Broken: ABSENT_CPU_LEFT collected_whole -DABSENT
 * Broken: ANOTHER_REPORTS_FIRST collected_once -DABSENT
 * Broken: HANDED_TO_NOBODY no_lost_count -DISOLATED
 */
#ifndef CPUS
#define CPUS	2
#endif
#ifndef KILLS
#define KILLS	3
#endif
#include "cpu.inc"

/* Sets of counts, a bit each: of the list, the round, what CPUs have to seal, have sealed, call back */
byte waiting, batch, left[CPUS], sealed[CPUS], mine, collected;
byte opened[CPUS] = 255;	/* counts whose slots the CPU has opened */
bit busy, timer[CPUS], ipi[CPUS], more[CPUS], finish[CPUS];
bit leaving;	/* CPU 1 is */
bit handed_over;	/* a round, to CPU 0 */
byte unreported;

#define FIRST_OF(set)	((set) & (0 - (set)))

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
#ifdef HANDED_TO_NOBODY
#define HANDED_OVER	0
#else
#define HANDED_OVER	1
#endif
#ifdef TIMER_NOT_SET
#define TIMER_SET	0
#else
#define TIMER_SET	1
#endif
#ifdef TIMER_STARTED_WHILE_LEAVING
#define HAS_TIMER(cpu)	true
#else
#define HAS_TIMER(cpu)	!(leaving && cpu == 1)
#endif

/* sealed_round_report() */
inline report() {
	atomic {
		unreported--;
		last = unreported == 0;
#ifdef BUSY_CLEARED_BY_LAST_CPU
		busy = busy && !last
#endif
	}
}

#ifdef MASK_OF_ONE_COUNT
#define OF_MASKS(set)	FIRST_OF(set)
#else
#define OF_MASKS(set)	(set)
#endif

/* sealed_round_begin(); the beginner does not finish, since it may be in sealed_round_finish(). */
inline begin(cpu) {
	atomic {
		batch = waiting; waiting = 0;
		unreported = BEGINNER;
		for (k : 0 .. CPUS - 1) { left[k] = (opened[k] & OF_MASKS(batch) -> batch : 0) };
		k = 0
	};
	do
	:: k < CPUS && left[k] -> atomic { unreported++; ipi[k] = 1; k++ }
	:: k < CPUS && !left[k] -> k++
#ifdef ABSENT
	:: k < CPUS && k > 0 && left[k] -> k++
#endif
	:: else -> break
	od;
	k = 0;
#ifndef PENDING_OFF_BY_ONE
	report();
	atomic { finish[cpu] = finish[cpu] || last; last = 0 }
#endif
}

#ifdef BUSY_TESTED_THEN_SET
#define TAKE_ROUND	if :: busy -> goto taken :: !busy fi; busy = 1
#else
#define TAKE_ROUND	atomic { if :: busy -> goto taken :: !busy -> busy = 1 fi }
#endif

/* sealed_round_is_allowed() says one thing or the other. Interrupts are off. */
inline begin_or_wait(cpu) {
	if
	:: begin(cpu)
	:: atomic { HAS_TIMER(cpu) -> timer[cpu] = TIMER_SET }
	fi
}

/* sealed_round_next(), by the CPU that owns the round */
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

/* sealed_round_interrupt_the_rest(): those that came back, or were idle, are interrupted side by side. */
inline interrupt_the_rest(cpu) {
#ifdef ANOTHER_REPORTS_FIRST
	unreported = 0;
#else
	unreported = 1;
#endif
	do
	:: k < CPUS && left[k] -> atomic { unreported++; ipi[k] = 1; k++ }
	:: k < CPUS -> k++
	:: k == CPUS -> k = 0; break
	od;
#ifndef ANOTHER_REPORTS_FIRST
	report();
	if :: !last -> goto taken :: last -> last = 0 fi
#else
	if :: unreported -> goto taken :: else fi
#endif
}

/* sealed_round_is_over(): if not, another report will come, or another turn. */
inline is_over(cpu) {
#ifdef ABSENT
	interrupt_the_rest(cpu);
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
	/* It is online now. */
	:: k < CPUS -> atomic { unreported++; ipi[k] = 1; k = 0 }; goto taken
	/* The first of its counts, and then there is no room. */
	:: k < CPUS && left[k] & (left[k] - 1) ->
		atomic { sealed[k] = sealed[k] | FIRST_OF(left[k]); left[k] = left[k] & (left[k] - 1); k = 0 };
#ifndef TURN_FORGOTTEN
		finish[cpu] = 1;
#endif
		goto taken
	:: k == CPUS -> k = 0
	fi
#else
	skip
#endif
}

/* The rest of sealed_round_finish(); sealed_callback_add() is what takes the counts. */
inline finish_round(cpu) {
	is_over(cpu);
#if defined(NEXT_ROUND_BEFORE_COUNTS_TAKEN)
	next_round(cpu);
	mine = mine | batch;
#elif defined(BUSY_CLEARED_BY_LAST_CPU)
	mine = mine | batch;
	if :: waiting -> TAKE_ROUND; next_round(cpu) :: else fi;
#elif defined(LIST_NOT_RECHECKED)
	mine = mine | batch;
	busy = 0;
#else
	mine = mine | batch;
#ifdef ISOLATED
	/* sealed_round_hand_over(): CPU 1 is isolated. */
	if
	:: cpu == 1 && waiting != 0 -> handed_over = HANDED_OVER; goto taken
	:: else
	fi;
#endif
	next_round(cpu);
#endif
	skip
}

/* Hard interrupts: what they seal is seen when they have reported. */
proctype Irq(byte cpu) {
	byte k;
	bit last;

end:	do
	/* sealed_round_ipi() */
	:: atomic {
		ipi[cpu] ->
		ipi[cpu] = 0;
		sealed[cpu] = sealed[cpu] | FIRST_OF(left[cpu]);
		left[cpu] = left[cpu] & (left[cpu] - 1);
		more[cpu] = left[cpu] != 0;
		if :: REPORTS -> report() :: else fi
	   };
reported:	if :: last -> last = 0; finish_round(cpu) :: else fi;
taken:		skip
	/* sealed_round_more() */
	:: atomic {
		more[cpu] ->
		more[cpu] = 0;
		sealed[cpu] = sealed[cpu] | left[cpu];
		left[cpu] = 0;
#ifndef REPORTED_BY_INTERRUPT
		report();
#endif
	   };
		goto reported
#ifdef ISOLATED
	/* sealed_round_next_csd() */
	:: atomic { cpu == 0 && handed_over -> handed_over = 0 };
		next_round(cpu);
		goto taken
#endif
	/* sealed_round_finish_irq(), sealed_round_finish_csd() */
	:: atomic { finish[cpu] -> finish[cpu] = 0; last = 1 };
		goto reported
	od
}

/* Users are called back: what percpu_count_collected() needs, is the count's own. */
proctype Callback() {
	byte count;

end:	do
	:: atomic {
		mine ->
		count = FIRST_OF(mine);
		mine = mine & ~count;
		CHECK(collected_once, !(collected & count));
		CHECK(collected_whole, ((sealed[0] | ~opened[0]) & (sealed[1] | ~opened[1]) &
					 (sealed[CPUS - 1] | ~opened[CPUS - 1]) & count) == count);
		collected = collected | count
	   };
#ifdef KILLED_IN_CALLBACK
		if
		:: count == 1 -> run Kill(KILLS - 1, 0)
		:: else
		fi;
#endif
		count = 0
	od
}

proctype Kill(byte count; byte cpu) {
	byte k;
	bit last;

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

/* sealed_round_next_jiffy(): the waiting counts still wait, because only the owner of the round takes them. */
proctype Timer(byte cpu) {
	byte k;
	bit last;

end:	do
	:: atomic { timer[cpu] && !(cpu == 1 && leaving) -> timer[cpu] = 0 };
		CHECK(no_lost_count, waiting != 0);
		begin(cpu)
	od
}

#ifdef LEAVING
/* sealed_round_cpu_goes() */
proctype Goes() {
	byte k;
	bit last;

	atomic {
		leaving = 1;
#ifdef TIMER_LEFT_BEHIND
		goto out
#else
		if :: timer[1] -> timer[1] = 0 :: !timer[1] -> goto out fi
#endif
	};
	CHECK(no_lost_count, waiting != 0);
	begin(1);
out:	skip
}
#endif

init {
#ifdef MASKS
	byte mask;

#endif
	atomic {
		byte i;

#ifdef MASKS
		for (i : 0 .. CPUS - 1) { select(mask : 0 .. (1 << KILLS) - 1); opened[i] = mask };
		mask = 0;
#endif
		for (i : 1 .. CPUS) { run Irq(i - 1) }
		for (i : 1 .. CPUS) { run Timer(i - 1) }
		run Callback();
#ifdef LEAVING
		run Goes();
#endif
#ifdef KILLED_IN_CALLBACK
		for (i : 1 .. KILLS - 1) { run Kill(i - 1, (i - 1) % CPUS) }
#else
		for (i : 1 .. KILLS) { run Kill(i - 1, (i - 1) % CPUS) }
#endif
		i = 0
	}
	timeout -> CHECK(no_lost_count, collected == (1 << KILLS) - 1 && !busy && !waiting)
}
