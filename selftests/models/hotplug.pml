/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPU 1 comes and goes while a count is sealed, opened and sealed again; no hotplug lock.
 *
 * Who starts a round has preemption off, so no CPU leaves the mask meanwhile
 * (that is done under stop_machine()), but one may come up at any time. Slots of
 * CPUs that are not in the mask are sealed from afar. Then the mask is read again,
 * and a CPU that has come up gets its IPI: if that finds the slot open, the remote
 * seal was lost between the load and the store of an addition, and what the IPI
 * found replaces what was taken from afar; if it finds it sealed, that stays.
 *
 * A slot is only opened by its own CPU, so a CPU may also come up with it sealed.
 *
 * The limit: a CPU that counts while it is not in the mask (callbacks of the
 * STARTING and DYING sections, NMIs there) can undo the remote seal unseen. So
 * COUNTS_OUTSIDE_MASK is broken, and told to users.
 *
 * Stands for: sealed_round.c sealed_round_begin sealed_round_ipi sealed_round_seal_here
 * Stands for: sealed_round.c sealed_round_interrupt sealed_round_seal_remotely sealed_round_finish
 * Stands for: sealed_engine.c sealed_ipi_tend
 * Stands for: percpu_count.c percpu_count_try_open percpu_count_collected
 *
 * Right: comes_up -DFIRST=0
 * Right: leaves -DFIRST=1
 * Right: two_tasks -DFIRST=0 -DTASKS=2 -DGETS=1 -DCHANGES=1
 * Broken: MASK_NOT_REREAD no_lost_count
 * Broken: HARVEST_ADDED no_lost_count
 * Broken: HARVEST_KEPT no_lost_count
 * Broken: SEALED_COUNTED no_lost_count
 * Broken: COUNTS_OUTSIDE_MASK no_lost_count
 * Broken: PREEMPTION_ON no_lost_count -DFIRST=1 -DCHANGES=1
 */
#define CPUS	2
#ifndef FIRST
#define FIRST	0	/* CPU 1 is online at first */
#endif
#ifndef TASKS
#define TASKS	1
#endif
#ifndef GETS
#define GETS	2
#endif
#ifndef CHANGES
#define CHANGES	2	/* of the online mask */
#endif
#include "cpu.inc"

short slot[CPUS] = OPEN, harvest[CPUS], refs = BIAS + 1;
bit switching, sealed_remotely, insn[CPUS], ipi[CPUS], done;
byte pending;
bit runs = FIRST, online = FIRST, preemption_off;	/* CPU 1; the starter */
byte pool = 1, held = 1;
bit initial = 1, released;

#ifdef COUNTS_OUTSIDE_MASK
#define COUNTS	runs
#else
#define COUNTS	online
#endif

inline release() {
	CHECK(release_once, !released);
	CHECK(no_early_release, held == 0 && !initial);
	released = 1
}

inline put_word() {
	atomic { refs--; if :: refs == 0 && !switching -> release() :: else fi }
}

/* The fast path, on a CPU where tasks run */
inline count(d) {
	atomic {
		if :: !insn[0] -> cpu = 0 :: !insn[1] && COUNTS -> cpu = 1 fi;
		insn[cpu] = 1; tmp = slot[cpu]
	};
	atomic { res = tmp + d; slot[cpu] = res; insn[cpu] = 0; cpu = 0; tmp = 0 }
}

/* sealed_ipi_tend(), interrupts off */
inline tend() {
	atomic {
		if :: !insn[0] -> cpu = 0 :: !insn[1] && COUNTS -> cpu = 1 fi;
		open = refs >= BIAS / 2 && !switching;
		insn[cpu] = open
	};
	atomic {
		if :: open && slot[cpu] < 0 -> slot[cpu] = OPEN :: else fi;
		insn[cpu] = insn[cpu] && !open;
		open = 0; cpu = 0
	}
}

proctype Task() {
	short tmp, res;
	byte cpu, gets;
	bit open;

	do
	:: atomic { gets < GETS && pool > 0 -> pool--; gets++ };
		count(1);
		if :: res >= 0 :: res < 0 -> refs++; tend() fi;
		atomic { held++; pool = pool + 2; res = 0 }
	:: atomic { pool > 0 -> pool--; held-- };
		count(-1);
		if :: res >= 0 :: res < 0 -> put_word(); tend() fi;
		res = 0
	:: held == 0 -> break
	od
}

/* CPU 1: what cannot be interrupted by stop_machine() is over before it leaves. */
proctype Hotplug() {
	byte changes;

	do
	:: changes < CHANGES && !online ->
		runs = 1;
		atomic { online = 1; changes++ }
	:: changes < CHANGES && online ->
		atomic {
			!insn[1] && !preemption_off ->
			online = 0; changes++
		};
		/* It looks at its queue of calls once more: smpcfd_dying_cpu(). */
		atomic { !ipi[1] && !insn[1] -> runs = 0 }
	:: done -> break
	od
}

/* sealed_round_ipi(): two events at least, for others may write the slot, too. */
proctype Ipi(byte cpu) {
	short found;

	do
	:: atomic {
		ipi[cpu] && !insn[cpu] && (cpu == 0 || runs) ->
		insn[cpu] = 1; ipi[cpu] = 0; found = slot[cpu];
		slot[cpu] = SEALED
	   };
		if
#ifdef SEALED_COUNTED
		:: true ->
#else
		:: found >= 0 ->
#endif
#ifdef HARVEST_ADDED
			harvest[cpu] = harvest[cpu] + found - OPEN
#elif defined(HARVEST_KEPT)
			if :: harvest[cpu] == 0 -> harvest[cpu] = found - OPEN :: else fi
#else
			harvest[cpu] = found - OPEN
#endif
#ifndef SEALED_COUNTED
		:: found < 0 && !(cpu == 1 && sealed_remotely) -> harvest[cpu] = 0
		:: found < 0 && cpu == 1 && sealed_remotely
#endif
		fi;
		atomic { found = 0; insn[cpu] = 0; pending-- }
	:: done && !ipi[cpu] -> break
	od
}

/* To one CPU; in one that is not online it would never be answered. */
inline send(cpu) {
	atomic { pending++; ipi[cpu] = 1 }
}

/* sealed_round_begin() on CPU 0, then sealed_round_finish() */
inline all_cpus() {
	atomic { pending = 1; preemption_off = 1; sealed_remotely = 0 };
	send(0);
	if
	:: online ->
#ifdef PREEMPTION_ON
		preemption_off = 0;
#endif
		send(1)
	:: else ->
		/* sealed_round_seal_remotely(): locked, but an addition of CPU 1 is not. */
		atomic {
			harvest[1] = (slot[1] >= 0 -> slot[1] - OPEN : 0);
			slot[1] = SEALED
		};
		sealed_remotely = 1;
#ifndef MASK_NOT_REREAD
		if :: online -> send(1) :: else fi
#endif
	fi;
	atomic { preemption_off = 0; pending-- };
	pending == 0
}

inline collected() {
	refs = refs + harvest[0] + harvest[1] - BIAS
}

proctype Owner() {
	/* percpu_count_switch_to_atomic() */
	switching = 1;
	all_cpus();
	collected();
	switching = 0;
	/* percpu_count_switch_to_percpu() */
	refs = refs + BIAS;
	/* percpu_count_kill() */
	switching = 1;
	atomic { refs--; initial = 0 };
	all_cpus();
	collected();
	atomic { switching = 0; if :: refs == 0 -> release() :: else fi };
	done = 1
}

init {
	atomic {
		byte i;

		slot[1] = OPEN + 1;
		for (i : 1 .. TASKS) { run Task() }
		run Ipi(0);
		run Ipi(1);
		run Hotplug();
		run Owner();
		i = 0
	}
	timeout -> CHECK(no_lost_count, _nr_pr == 1 && released && refs == 0)
}
