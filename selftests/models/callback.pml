/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the callbacks of collected counts are called. An interrupt of any CPU adds the counts
 * that a round has collected to one queue, and then kicks the tasklet of its own CPU, if
 * softirqs run at the end of that interrupt, or else a thread, which runs the same tasklet on
 * whatever CPU it is. The tasklet calls the callbacks of one count at a time, and leaves the
 * rest to the thread. The thread sleeps when the queue is empty.
 *
 * The tasklet takes the fresh counts off and reverses their order; meanwhile they are in no list.
 *
 * With THREADED, CPU 1 runs no softirqs: a realtime task occupies it, or it goes down.
 * Without, an interrupt may have hit a softirq, and kicks the thread then. With EXIT the
 * module is unloaded at the end: tasklets are ended first, then the thread.
 *
 * Stands for: sealed_callback.c sealed_callback_add sealed_callback_take_fresh sealed_callback_turn_around sealed_callback_pop
 * Stands for: sealed_callback.c sealed_callback_pending sealed_callback_run sealed_callback_thread
 * Stands for: sealed_callback.c sealed_callback_kick_in_irq sealed_callback_module_exit
 * Stands for: sealed_round.c sealed_round_finish
 *
 * Right: softirqs_end_interrupts
 * Right: module_exit -DEXIT
 * Right: softirqs_in_threads -DTHREADED
 * Right: two_counts_a_round -DMORE_COUNTS
 * Broken: TASKLET_WHERE_SOFTIRQS_ARE_THREADS no_lost_count -DTHREADED
 * Broken: SLEEPS_WITHOUT_ANOTHER_LOOK no_lost_count
 * Broken: KICKED_BEFORE_ADDED no_lost_count
 * Broken: REST_NOT_HANDED_ON no_lost_count
 * Broken: FRESH_TAKEN_IN_TWO collected_once
 * Broken: POPPED_IN_TWO collected_once
 * Broken: STOPPED_WITH_COUNTS_LEFT no_lost_count -DEXIT
 * Broken: STOP_LOOKED_AT_LAST no_lost_count -DEXIT
 * Broken: THREAD_STOPPED_FIRST no_use_after_exit -DEXIT
 */
#define CPUS	2
#define ROUNDS	3
/* What each collects, a bit for each count */
#define FIRST_ROUND	3
#ifdef MORE_COUNTS
#define SECOND_ROUND	12
#define THIRD_ROUND	48
#else
#define SECOND_ROUND	4
#define THIRD_ROUND	8
#endif
#include "cpu.inc"

#define FIRST_OF(set)	((set) & (0 - (set)))
#define ALL		(FIRST_ROUND | SECOND_ROUND | THIRD_ROUND)

/* Sets of counts */
byte fresh, queue, called;
bit tasklet[CPUS], runs[CPUS];	/* raised, runs */
bit idle, stop, stopped;	/* the thread's state; it is told to stop, and has */
byte rounds;			/* that have kicked */

#define PENDING	(queue || fresh)

inline wake() {
	atomic { CHECK(no_use_after_exit, !stopped); idle = 0 }
}

/* sealed_callback_run(), in softirq or in the thread with bottom halves off */
inline run_tasklet() {
	/* collected_turn_around() */
#ifdef FRESH_TAKEN_IN_TWO
	mine = fresh;
	fresh = 0;
#else
	atomic { mine = fresh; fresh = 0 };
#endif
	atomic { queue = queue | mine; mine = 0 };
	/* collected_pop() */
#ifdef POPPED_IN_TWO
	count = FIRST_OF(queue);
	queue = queue & ~count;
#else
	atomic { count = FIRST_OF(queue); queue = queue & ~count };
#endif
	atomic {
		CHECK(collected_once, !(called & count));
		called = called | count;
		count = 0
	};
#ifndef REST_NOT_HANDED_ON
	if :: PENDING -> wake() :: else fi
#else
	skip
#endif
}

/* Softirqs of CPU @cpu */
proctype Softirq(byte cpu) {
	byte mine, count;

end:	do
	:: atomic { tasklet[cpu] -> tasklet[cpu] = 0; runs[cpu] = 1 };
		run_tasklet();
		runs[cpu] = 0
	od
}

/* sealed_callback_kick_in_irq() */
inline kick() {
	if
#if !defined(THREADED) || defined(TASKLET_WHERE_SOFTIRQS_ARE_THREADS)
	:: tasklet[cpu] = 1
#endif
	:: wake()
	fi
}

/* sealed_round_finish(), the end: of one round after the other, on whatever CPU */
proctype Interrupt(byte cpu; byte counts) {
#ifdef KICKED_BEFORE_ADDED
	kick();
	atomic { fresh = fresh | counts };
#else
	/* sealed_callback_add() */
	atomic { fresh = fresh | counts };
	kick();
#endif
	rounds++
}

proctype Thread() {
	byte mine, count;
	bit stops;

	do
#ifdef SLEEPS_WITHOUT_ANOTHER_LOOK
	:: !PENDING ->
		if :: stop -> break :: !stop fi;
		idle = 1;
end_asleep:	!idle
	:: PENDING ->
		run_tasklet()
#else
	:: idle = 1;
		/* What is added later than this does not come: look at it first. */
		stops = stop;
		if
#ifdef STOPPED_WITH_COUNTS_LEFT
		:: stops -> break
		:: !stops && !PENDING ->
#elif defined(STOP_LOOKED_AT_LAST)
		:: !PENDING ->
			if :: stop -> break :: !stop fi;
#else
		:: !PENDING ->
			if :: stops -> break :: !stops fi;
#endif
end_asleep:		!idle
		:: PENDING ->
			idle = 0;
			/* The tasklet of the CPU that the thread is on */
			run_tasklet()
		fi
#endif
	od;
	stopped = 1
}

#ifdef EXIT
inline stop_tasklets() {
	do
	:: i < CPUS -> atomic { !tasklet[i] && !runs[i] -> i++ }
	:: else -> break
	od;
	i = 0
}

inline stop_thread() {
	atomic { stop = 1; idle = 0 };
	stopped
}

/*
 * sealed_callback_module_exit(): the handlers have returned. Counts may be left whose
 * switch no user has asked for, and exit has not waited for.
 */
proctype Exit() {
	byte i;

	rounds == ROUNDS;
#ifdef THREAD_STOPPED_FIRST
	stop_thread();
	stop_tasklets();
#else
	stop_tasklets();
	stop_thread();
#endif
	skip
}
#endif

init {
	atomic {
		run Softirq(0);
#ifndef THREADED
		run Softirq(1);
#endif
		run Interrupt(0, FIRST_ROUND);
		run Interrupt(1, SECOND_ROUND);
		run Interrupt(0, THIRD_ROUND);
		run Thread();
#ifdef EXIT
		run Exit()
#endif
	}
	timeout -> CHECK(no_lost_count, called == ALL)
}
