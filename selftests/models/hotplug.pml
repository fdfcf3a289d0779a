/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPU 1 comes and goes while a round seals two counts, the first in the interrupt, the
 * second in the tasklet that the interrupt leaves; no hotplug lock.
 *
 * CPU 1 may leave before its interrupt (which it then sees to on its way out), or
 * between that and its tasklet: the tasklet runs on CPU 0 then, and reports without
 * sealing. (CPU 0 stands for all others, and one of them may leave as well, so the
 * tasklet may even come home.) When all have reported, the last seals from afar what is
 * left of CPU 1, a chunk at a time. Then it reads the mask again, and if CPU 1 has come up,
 * interrupts it after all: a slot that is open there was written by an addition that
 * was under way, and what is found replaces what was taken from afar; if it is
 * sealed, that stays. CPU 1 may leave again then, and so on.
 *
 * No CPU leaves the mask while preemption is off anywhere (that is done under
 * stop_machine()), but it may come up at any time. this_cpu_xchg() has no lock prefix: a
 * load and a store for other CPUs.
 *
 * Of the counts, some have traffic (TRAFFIC, a bit each). Of the others, a get on CPU 1
 * and its put on CPU 0 are in the slots. A slot is only opened by its own CPU, so a
 * second round finds theirs sealed.
 *
 * The limit: a CPU that counts while it is not in the mask (callbacks of the
 * STARTING and DYING sections, NMIs there) can undo the remote seal unseen. So
 * COUNTS_OUTSIDE_MASK is broken, and told to users.
 *
 * Stands for: sealed_round.c sealed_round_begin sealed_round_ipi sealed_round_seal_here sealed_round_more
 * Stands for: sealed_round.c sealed_round_report sealed_round_interrupt sealed_round_seal_remotely
 * Stands for: sealed_round.c sealed_round_is_over sealed_round_end add_harvest
 * Stands for: sealed_engine.c sealed_ipi_tend
 * Stands for: percpu_count.c percpu_count_try_open percpu_count_collected
 *
 * Right: sealed_in_interrupt -DTRAFFIC=1 -DFIRST=1
 * Right: sealed_in_tasklet -DTRAFFIC=2 -DFIRST=1
 * Right: comes_up -DTRAFFIC=2 -DFIRST=0
 * Right: four_changes -DTRAFFIC=2 -DFIRST=1 -DCHANGES=4 -DGETS=1
 * Right: both -DTRAFFIC=3 -DFIRST=1 -DGETS=0
 * Right: one_chunk -DTRAFFIC=2 -DFIRST=0 -DCHUNK=2
 * Right: two_rounds -DTRAFFIC=1 -DFIRST=1 -DROUNDS=2 -DGETS=1
 * Right: two_rounds_in_tasklet -DTRAFFIC=2 -DFIRST=1 -DROUNDS=2 -DGETS=1
 * Right: two_tasks -DTRAFFIC=2 -DFIRST=0 -DTASKS=2 -DGETS=1 -DCHANGES=1
 * Broken: MASK_NOT_REREAD no_lost_count
 * Broken: HARVEST_ADDED no_lost_count
 * Broken: HARVEST_KEPT no_lost_count
 * Broken: SEALED_COUNTED no_lost_count
 * Broken: COUNTS_OUTSIDE_MASK no_lost_count
 * Broken: PREEMPTION_ON no_lost_count -DFIRST=1 -DCHANGES=1
 * Broken: REST_OF_ABSENT_CPU_LEFT no_early_release -DFIRST=1
 * Broken: SEALED_BY_MIGRATED_TASKLET no_lost_count -DFIRST=1
 * Broken: SEALED_WHERE_TASKLET_RUNS no_early_release -DFIRST=1
 * Broken: FINISH_WHILE_CPU_SEALS no_lost_count -DFIRST=1
 * Broken: REMOTE_CHUNK_ADDED_TWICE no_lost_count
 * Broken: REMOTE_HARVEST_DROPPED no_early_release
 * Broken: REMOTE_HARVEST_USED_AGAIN no_lost_count -DTRAFFIC=1 -DFIRST=1 -DROUNDS=2 -DGETS=1
 */
#define CPUS	2
#ifndef FIRST
#define FIRST	0	/* CPU 1 is online at first */
#endif
#ifndef TRAFFIC
#define TRAFFIC	2
#endif
#ifndef TASKS
#define TASKS	1	/* for each count that has traffic */
#endif
#ifndef GETS
#define GETS	2
#endif
#ifndef CHANGES
#define CHANGES	2	/* of the online mask */
#endif
#ifndef ROUNDS
#define ROUNDS	1
#endif
#define COUNTS	2
#ifndef CHUNK
#define CHUNK	1	/* SEAL_COUNTS */
#endif
#include "cpu.inc"

#define SLOT(count, cpu)	slot[2 * (count) + (cpu)]
#define NOWHERE	2

/* The slots of a count are side by side. */
short slot[COUNTS * CPUS] = OPEN, sum[COUNTS], refs[COUNTS] = BIAS + 1;
bit switching[COUNTS], initial[COUNTS] = 1, released[COUNTS];
byte pool[COUNTS], held[COUNTS];
/* The round; CPU 0 is never sealed remotely. */
byte unreported, next[CPUS] = COUNTS;
short harvest[CHUNK];
bit sealed_remotely;
/* What each CPU is up to */
bit insn[CPUS], ipi[CPUS], runs = FIRST, online = FIRST, done;
byte more[CPUS] = NOWHERE;	/* where its tasklet is */
byte preemption_off;		/* in how many places */

#ifdef COUNTS_OUTSIDE_MASK
#define COUNTS_THERE	runs
#else
#define COUNTS_THERE	online
#endif

inline release(count) {
	CHECK(release_once, !released[count]);
	CHECK(no_early_release, held[count] == 0 && !initial[count]);
	released[count] = 1
}

inline put_word(count) {
	atomic {
		refs[count]--;
		if :: refs[count] == 0 && !switching[count] -> release(count) :: else fi
	}
}

/* The fast path, on a CPU where tasks run */
inline add(count, d) {
	atomic {
		if :: !insn[0] -> cpu = 0 :: !insn[1] && COUNTS_THERE -> cpu = 1 fi;
		insn[cpu] = 1; tmp = SLOT(count, cpu)
	};
	atomic { res = tmp + d; SLOT(count, cpu) = res; insn[cpu] = 0; cpu = 0; tmp = 0 }
}

/* sealed_ipi_tend(), interrupts off */
inline tend(count) {
	atomic {
		if :: !insn[0] -> cpu = 0 :: !insn[1] && COUNTS_THERE -> cpu = 1 fi;
		open = refs[count] >= BIAS / 2 && !switching[count];
		insn[cpu] = open
	};
	atomic {
		if :: open && SLOT(count, cpu) < 0 -> SLOT(count, cpu) = OPEN :: else fi;
		insn[cpu] = insn[cpu] && !open;
		open = 0; cpu = 0
	}
}

proctype Task(byte count) {
	short tmp, res;
	byte cpu, gets;
	bit open;

	do
	:: atomic { gets < GETS && pool[count] > 0 -> pool[count]--; gets++ };
		add(count, 1);
		if :: res >= 0 :: res < 0 -> refs[count]++; tend(count) fi;
		atomic { held[count]++; pool[count] = pool[count] + 2; res = 0 }
	:: atomic { pool[count] > 0 -> pool[count]--; held[count]-- };
		add(count, -1);
		if :: res >= 0 :: res < 0 -> put_word(count); tend(count) fi;
		res = 0
	:: held[count] == 0 -> break
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
		/* It looks at its queue of calls once more; then others take over its tasklets. */
		atomic {
			!ipi[1] && !insn[1] ->
			runs = 0;
			if :: more[1] == 1 -> more[1] = 0 :: else fi
		}
	/* Whoever took it over has left as well. */
	:: atomic { more[1] == 0 && online -> more[1] = 1 }
	:: done -> break
	od
}

#define ADD_HARVEST(count, what)	sum[count] = sum[count] + what

/* What was taken from afar of the slot that CPU @cpu is at */
#define REMOTE(cpu)	(cpu == 1 && sealed_remotely -> harvest[i] : 0)
/* What the CPU adds if it finds its slot open, or sealed; and whether that is over now */
#ifdef HARVEST_ADDED
#define OF_OPEN(cpu)	found - OPEN + REMOTE(cpu)
#elif defined(HARVEST_KEPT)
#define OF_OPEN(cpu)	(cpu == 1 && sealed_remotely -> harvest[i] : found - OPEN)
#else
#define OF_OPEN(cpu)	found - OPEN
#endif
#ifdef SEALED_COUNTED
#define OF_SEALED(cpu)	found - OPEN
#elif defined(REMOTE_HARVEST_DROPPED)
#define OF_SEALED(cpu)	0
#else
#define OF_SEALED(cpu)	REMOTE(cpu)
#endif
#ifdef REMOTE_HARVEST_USED_AGAIN
#define STAYS(cpu)	1
#else
#define STAYS(cpu)	cpu == 0
#endif

/* sealed_round_seal_here(): in an interrupt the CPU is @ready, and stays @ours. */
inline seal_here(cpu, ready, ours) {
	i = 0;
	do
	:: i < CHUNK && node < COUNTS ->
		atomic { ready; insn[cpu] = 1; found = SLOT(node, cpu) };
		atomic {
			SLOT(node, cpu) = SEALED;
			if
			:: found >= 0 -> ADD_HARVEST(node, OF_OPEN(cpu))
			:: found < 0 -> ADD_HARVEST(node, OF_SEALED(cpu))
			fi;
			insn[cpu] = ours;
			found = 0; node++; i++
		}
	:: else -> break
	od;
	atomic { sealed_remotely = sealed_remotely && (STAYS(cpu)); i = 0 }
}

/* sealed_round_ipi(), interrupts off */
proctype Ipi(byte cpu) {
	short found;
	byte i, node;

	do
	:: atomic {
		ipi[cpu] && !insn[cpu] && (cpu == 0 || runs) ->
		insn[cpu] = 1; ipi[cpu] = 0;
		node = next[cpu]
	   };
		seal_here(cpu, true, 1);
		atomic {
			next[cpu] = node;
			if :: node < COUNTS -> more[cpu] = cpu :: else -> unreported-- fi;
			node = 0; insn[cpu] = 0
		}
	:: done && !ipi[cpu] -> break
	od
}

/* sealed_round_more(): a turn, then it is scheduled again. */
proctype More(byte there) {
	short found;
	byte i, node, here;

	do
	:: atomic {
		more[there] == 0 || more[there] == 1 && online ->
		here = more[there]; more[there] = NOWHERE;
		preemption_off++;
		node = next[there]
	   };
		if
#ifdef SEALED_BY_MIGRATED_TASKLET
		:: true -> seal_here(there, true, insn[there])
#elif defined(SEALED_WHERE_TASKLET_RUNS)
		:: true -> seal_here(here, !insn[here], 0)
#else
		:: here == there -> seal_here(there, !insn[there], 0)
		:: here != there
#endif
		fi;
		atomic {
			next[there] = node;
			if
			:: node < COUNTS && here == there -> more[there] = here
			:: else -> unreported--
			fi;
#ifdef REST_OF_ABSENT_CPU_LEFT
			if :: here != there -> next[there] = COUNTS :: else fi;
#endif
			node = 0; here = 0; preemption_off--
		}
	:: done -> break
	od
}

/* sealed_round_interrupt(): never answered if that CPU has left. */
inline interrupt(cpu) {
	atomic { unreported++; ipi[cpu] = 1 }
}

inline all_reported() {
#ifndef FINISH_WHILE_CPU_SEALS
	unreported == 0
#else
	skip
#endif
}

/* sealed_round_begin() on CPU 0 */
inline begin() {
	atomic {
		unreported = 1; preemption_off++;
		next[0] = 0; next[1] = 0; sum[0] = 0; sum[1] = 0
	};
	interrupt(0);
	if
	:: online ->
#ifdef PREEMPTION_ON
		preemption_off--;
#endif
		interrupt(1);
#ifdef PREEMPTION_ON
		preemption_off++
#endif
	:: else
	fi;
	atomic { preemption_off--; unreported-- }
}

/* sealed_round_seal_remotely(), as often as sealed_round_is_over() has it */
inline seal_remotely() {
	atomic { preemption_off++; node = next[1]; nr = 0 };
	if
	:: online
	:: !online ->
		do
		:: atomic {
			/* Locked, but an addition of CPU 1 is not. */
			nr < CHUNK && node < COUNTS ->
			harvest[nr] = (SLOT(node, 1) >= 0 -> SLOT(node, 1) - OPEN : 0);
			SLOT(node, 1) = SEALED;
#ifdef REMOTE_CHUNK_ADDED_TWICE
			ADD_HARVEST(node, harvest[nr]);
#endif
			nr++; node++
		   }
		:: else -> break
		od;
		sealed_remotely = 1
	fi;
	if
#ifndef MASK_NOT_REREAD
	:: online ->
#else
	:: nr == 0 ->
#endif
		interrupt(1)
	:: else ->
		atomic {
			for (i : 0 .. nr - 1) {
#ifndef REMOTE_CHUNK_ADDED_TWICE
				ADD_HARVEST(next[1], harvest[i]);
#endif
				next[1] = next[1] + 1
			};
			i = 0; sealed_remotely = 0
		}
	fi;
	atomic { preemption_off--; node = 0; nr = 0 }
}

inline round() {
	begin();
	do
	:: all_reported();
		if
		:: next[0] == COUNTS && next[1] == COUNTS -> break
		:: else -> seal_remotely()
		fi
	od
}

/* sealed_round_end(), and percpu_count_collected() of each */
inline collected() {
	atomic {
		for (i : 0 .. COUNTS - 1) {
			refs[i] = refs[i] + sum[i] - BIAS;
		};
		i = 0; harvest[0] = 0; harvest[CHUNK - 1] = 0
	}
}

proctype Owner() {
	byte i, node, nr;

#if ROUNDS == 2
	/* percpu_count_switch_to_atomic() */
	atomic { switching[0] = 1; switching[1] = 1 };
	round();
	collected();
	atomic {
		switching[0] = 0; switching[1] = 0;
		/* percpu_count_switch_to_percpu() */
		refs[0] = refs[0] + BIAS; refs[1] = refs[1] + BIAS
	};
#endif
	/* percpu_count_kill() */
	atomic {
		switching[0] = 1; switching[1] = 1;
		refs[0]--; refs[1]--; initial[0] = 0; initial[1] = 0
	};
	round();
	collected();
	atomic {
		for (i : 0 .. COUNTS - 1) {
			switching[i] = 0;
			if :: refs[i] == 0 -> release(i) :: else fi
		}
	};
	done = 1
}

init {
	atomic {
		byte i, task;

		for (i : 0 .. COUNTS - 1) {
			SLOT(i, 1) = OPEN + 1;
			if
			:: TRAFFIC & (1 << i) ->
				pool[i] = 1; held[i] = 1;
				for (task : 1 .. TASKS) { run Task(i) }
			:: else -> SLOT(i, 0) = OPEN - 1
			fi
		};
		run Ipi(0);
		run Ipi(1);
		run More(0);
		run More(1);
		run Hotplug();
		run Owner();
		i = 0; task = 0
	}
	timeout -> CHECK(no_lost_count, _nr_pr == 1 && released[0] && released[1] && refs[0] == 0 && refs[1] == 0)
}
