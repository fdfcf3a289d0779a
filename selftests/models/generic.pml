/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic engine: additions to slots are atomic for all CPUs, so the CPU that
 * collects exchanges every slot for a sealed one, and the CPU that opens writes every slot.
 * A task may add to the slot of a CPU that it has left: no count is lost by that.
 *
 * Spin has no weak memory. For an operation that is weaker than listed here, the model
 * tries both orders by hand:
 * put release: what a holder did to the object comes before its put;
 * open release: the bias is in the word before a slot is open;
 * seal acquire: release() sees what the puts saw that the seal found. The full barrier of
 * percpu_switch_add_sum() is enough for that, too (SEAL_RELAXED alone is right).
 * selftests/litmus/G* ask the kernel's memory model the same.
 *
 * Stands for: sealed_swap.c sealed_swap_open sealed_swap_collect
 * Stands for: sealed_callback.c sealed_callback_add sealed_callback_kick sealed_callback_run
 * Stands for: percpu_switch.c percpu_switch_kill
 * Stands for: percpu_count.c percpu_count_dropped percpu_count_got
 * Stands for: percpu_switch.c percpu_count_try_open percpu_count_collected percpu_switch_add_sum percpu_switch_end
 *
 * Right: two_cpus
 * Right: three_cpus -DCPUS=3
 * Right: two_gets -DGETS=2
 * Right: three_tasks -DTASKS=3
 * Right: seal_relaxed_and_sum_full -DSEAL_RELAXED
 * Broken: PUT_RELAXED payload_intact
 * Broken: OPEN_RELAXED no_early_release
 * Broken: SEAL_AND_SUM_RELAXED payload_intact -DSEAL_RELAXED
 * Broken: SEALED_BY_PLAIN_WRITE no_lost_count
 * Broken: ADDITION_IN_TWO no_lost_count
 */
#ifndef CPUS
#define CPUS	2
#endif
#ifndef TASKS
#define TASKS	2
#endif
#ifndef GETS
#define GETS	1
#endif
#include "cpu.inc"

/* Atomic, live, with a reference that tasks borrow; slots sealed until opened */
short slot[CPUS] = SEALED, refs = 2, slot_sum;
bit switching;
byte pool = 1, held = 1, uses, seen;	/* what was done to the object; what release() sees of it */
bit initial = 1, confirmed, released;

inline release() {
	CHECK(release_once, !released);
	CHECK(no_early_release, held == 0 && !initial);
	CHECK(confirm_before_release, confirmed);
	released = 1
}

/* An addition to the slot of a CPU that the task may have left */
inline count(d) {
	if
	:: cpu = 0
	:: cpu = 1
#if CPUS > 2
	:: cpu = 2
#endif
	fi;
#ifdef ADDITION_IN_TWO
	tmp = slot[cpu];
	atomic { res = tmp + d; slot[cpu] = res; tmp = 0; cpu = 0 }
#else
	atomic { slot[cpu] = slot[cpu] + d; res = slot[cpu]; cpu = 0 }
#endif
}

inline use() {
	atomic { CHECK(payload_intact, !released); uses++ }
}

inline put() {
	count(-1);
	if
	:: res >= 0
	:: res < 0 ->
		atomic {
			refs--;
			if :: refs == 0 && !switching -> seen = uses; release() :: else fi
		}
	fi;
	res = 0
}

proctype Task() {
	short res;
	byte cpu, gets;
#ifdef ADDITION_IN_TWO
	short tmp;
#endif

	do
	:: atomic { gets < GETS && pool > 0 -> pool--; gets++ };
		count(1);
		if :: res >= 0 :: res < 0 -> refs++ fi;
		atomic { held++; pool = pool + 2; res = 0 }
	:: atomic { pool > 0 -> pool--; held-- };
#ifdef PUT_RELAXED
		if
		:: use(); put()
		:: put(); use()
		fi
#else
		use();
		put()
#endif
	:: held == 0 -> break
	od
}

proctype Owner() {
	byte cpu;
	bit early;

	/* percpu_count_try_open() */
#ifdef OPEN_RELAXED
	if
	:: refs = refs + BIAS
	:: early = 1
	fi;
#else
	refs = refs + BIAS;
#endif
	do
	:: cpu < CPUS -> slot[cpu] = OPEN; cpu++
	:: else -> break
	od;
	cpu = 0;
#ifdef OPEN_RELAXED
	if :: early -> early = 0; refs = refs + BIAS :: !early fi;
#endif

	/* percpu_switch_kill() */
	switching = 1;
	atomic { refs--; initial = 0 };
#ifdef SEAL_RELAXED
	/* What release() is going to read, may be read as early as the last barrier. */
	if :: seen = uses; early = 1 :: skip fi;
#endif
	do
	:: cpu < CPUS ->
#ifdef SEALED_BY_PLAIN_WRITE
		slot_sum = slot_sum + slot[cpu] - OPEN;
		slot[cpu] = SEALED;
#else
		atomic {
			if :: slot[cpu] >= 0 -> slot_sum = slot_sum + slot[cpu] - OPEN :: else fi;
			slot[cpu] = SEALED
		};
#endif
		cpu++
	:: else -> break
	od;
	cpu = 0;
	/* percpu_switch_add_sum() */
	atomic { refs = refs + slot_sum - BIAS; slot_sum = 0 };
#ifndef SEAL_AND_SUM_RELAXED
	early = 0;
#endif
	confirmed = 1;
	/* percpu_switch_end() */
	atomic {
		switching = 0;
		if
		:: refs == 0 ->
			if :: !early -> seen = uses :: early fi;
			release()
		:: else
		fi
	}
}

init {
	atomic {
		byte i;

		for (i : 1 .. TASKS) { run Task() }
		run Owner();
		i = 0
	}
	timeout;
	CHECK(no_lost_count, _nr_pr == 1 && released && refs == 0);
	CHECK(payload_intact, seen == uses)
}
