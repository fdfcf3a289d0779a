/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPU 1 goes offline and online while a round seals two or three counts: the first in the
 * interrupt, each other one in a further interrupt that the CPU requests itself. No hotplug lock.
 *
 * CPU 1 may leave before its interrupt, or between that and the further one. It still runs
 * both on its way out, but no interrupt that it requests then. So it reports, and leaves its
 * other slots. When all CPUs have reported, the last seals the slots that CPU 1 left, a chunk
 * a turn. The last may be CPU 1 itself, on its way out: it has CPU 0 make the next turn.
 * Then it reads the mask again, and if CPU 1 has come up, interrupts it after all: a
 * slot that is open there was written by an addition that was under way, and what is found
 * replaces what was taken from afar; if it is sealed, that stays. CPU 1 may leave again
 * then, and so on. CPU 0 stands for all others; it is online.
 *
 * No CPU leaves the mask while interrupts are off anywhere (that is done under
 * stop_machine()), but it may come up at any time. this_cpu_xchg() has no lock prefix: a
 * load and a store for other CPUs.
 *
 * A CPU sets its bit in the count's mask, looks at the word again, and opens its slot. The
 * round begins with a look at the masks, after SWITCHING: a CPU without a bit is not visited.
 * A bit is cleared by its CPU when that seals the slot; or from afar, with the slot's remote_sum.
 *
 * CPU 1 may be idle (ct is even: RCU does not watch it). Then it is sealed from afar, like an absent
 * CPU. The second look finds the same ct, or CPU 1 is interrupted after all. An interrupt
 * counts ct up when it comes to an idle CPU, and when it leaves.
 *
 * Of the counts, some have traffic (TRAFFIC, a bit each). Of the others, a get on CPU 1
 * and its put on CPU 0 are in the slots. A slot is only opened by its own CPU, so a
 * second round finds theirs sealed. With PARTLY another absent CPU may have used one
 * place of the turn's chunk, and left something in the array of what was taken.
 *
 * The limit: a CPU that counts while it is not in the mask (callbacks of the
 * STARTING and DYING sections, NMIs there) can undo the remote seal unseen. So
 * COUNTS_OUTSIDE_MASK is broken, and told to users.
 *
 * Stands for: sealed_round.c sealed_round_begin sealed_round_ipi sealed_round_seal_first sealed_round_seal_here
 * Stands for: sealed_round.c sealed_round_more sealed_round_report sealed_round_interrupt sealed_round_seal_remotely
 * Stands for: sealed_round.c sealed_round_is_over sealed_round_finish sealed_round_finish_soon
 * Stands for: sealed_round.c sealed_round_interrupt_the_rest sealed_round_report_here
 * Stands for: sealed_round.c sealed_round_finish_irq sealed_round_finish_csd sealed_round_add_sum
 * Stands for: sealed_round.c sealed_round_find_opened sealed_round_state sealed_round_is_away sealed_round_is_still_away
 * Stands for: sealed_engine.c sealed_engine_reopen_slot sealed_engine_open_slot
 * Stands for: percpu_switch.c percpu_count_try_open percpu_count_collected
 *
 * Right: sealed_first -DTRAFFIC=1 -DFIRST=1
 * Right: sealed_further -DTRAFFIC=2 -DFIRST=1
 * Right: comes_up -DTRAFFIC=2 -DFIRST=0
 * Right: four_changes -DTRAFFIC=2 -DFIRST=1 -DCHANGES=4 -DGETS=1
 * Right: both -DTRAFFIC=3 -DFIRST=1 -DGETS=0
 * Right: one_chunk -DTRAFFIC=2 -DFIRST=0 -DCHUNK=2
 * Right: part_of_a_chunk -DTRAFFIC=1 -DFIRST=1 -DCHUNK=2 -DROUNDS=2 -DGETS=1 -DPARTLY
 * Right: three_interrupts -DTRAFFIC=4 -DFIRST=1 -DCOUNTS=3 -DGETS=1
 * Right: no_room_left -DTRAFFIC=2 -DFIRST=1 -DCHANGES=1 -DGETS=1 -DPARTLY
 * Right: two_rounds -DTRAFFIC=1 -DFIRST=1 -DROUNDS=2 -DGETS=1
 * Right: two_rounds_further -DTRAFFIC=2 -DFIRST=1 -DROUNDS=2 -DGETS=1
 * Right: two_tasks -DTRAFFIC=2 -DFIRST=0 -DTASKS=2 -DGETS=1 -DCHANGES=1
 * Right: idle_at_first -DTRAFFIC=2 -DFIRST=1 -DCT=0 -DCHANGES=0 -DWAKES=2
 * Right: idle_first_count -DTRAFFIC=1 -DFIRST=1 -DCT=0 -DCHANGES=0 -DWAKES=2
 * Right: falls_asleep -DTRAFFIC=2 -DFIRST=1 -DCT=1 -DCHANGES=0 -DWAKES=2 -DGETS=1
 * Right: idle_and_absent -DTRAFFIC=2 -DFIRST=1 -DCT=0 -DCHANGES=2 -DWAKES=1 -DGETS=1
 * Right: idle_two_rounds -DTRAFFIC=1 -DFIRST=1 -DCT=0 -DCHANGES=0 -DWAKES=2 -DROUNDS=2 -DGETS=1
 * Right: idle_one_chunk -DTRAFFIC=2 -DFIRST=1 -DCT=0 -DCHANGES=0 -DWAKES=2 -DCHUNK=2
 * Broken: MASK_NOT_REREAD no_early_release
 * Broken: STATE_WITHOUT_COUNTER no_early_release -DFIRST=1 -DCT=0 -DCHANGES=0 -DWAKES=2
 * Broken: SECOND_LOOK_BEFORE_EXCHANGE no_early_release -DFIRST=1 -DCT=0 -DCHANGES=0 -DWAKES=1
 * Broken: BIT_SET_AFTER_OPENING no_lost_count -DTRAFFIC=1 -DFIRST=1 -DCHANGES=0 -DROUNDS=2 -DGETS=1
 * Broken: WORD_NOT_READ_AGAIN no_lost_count -DTRAFFIC=1 -DFIRST=1 -DCHANGES=0 -DROUNDS=2 -DGETS=1
 * Broken: MASK_READ_BEFORE_SWITCHING no_lost_count -DTRAFFIC=1 -DFIRST=1 -DCHANGES=0 -DROUNDS=2 -DGETS=1
 * Broken: CLEARED_AFTER_THE_SWITCH no_lost_count -DTRAFFIC=1 -DFIRST=1 -DCT=0 -DCHANGES=0 -DWAKES=2 -DROUNDS=2 -DGETS=1
 * Broken: REMOTE_SUM_ADDED no_lost_count
 * Broken: REMOTE_SUM_KEPT no_early_release
 * Broken: SEALED_COUNTED no_lost_count
 * Broken: COUNTS_OUTSIDE_MASK no_early_release
 * Broken: INTERRUPTS_ON no_lost_count -DFIRST=1 -DCHANGES=1
 * Broken: REST_OF_ABSENT_CPU_LEFT no_early_release -DFIRST=1
 * Broken: LEAVING_CPU_ASKS_ITSELF no_lost_count -DFIRST=1 -DCHANGES=1
 * Broken: LEAVING_CPU_KEEPS_FINISH no_lost_count -DFIRST=1 -DCHANGES=1 -DPARTLY
 * Broken: FINISH_WHILE_CPU_SEALS no_lost_count -DFIRST=1
 * Broken: REMOTE_CHUNK_ADDED_TWICE no_lost_count
 * Broken: REMOTE_SUM_DROPPED no_lost_count
 * Broken: REMOTE_SUM_USED_AGAIN no_lost_count -DTRAFFIC=1 -DFIRST=1 -DROUNDS=2 -DGETS=1
 * Broken: REMOTE_SUM_USED_BEYOND no_lost_count -DTRAFFIC=1 -DFIRST=1 -DCHUNK=2 -DROUNDS=2 -DGETS=1 -DPARTLY
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
#ifndef CT
#define CT	1	/* odd: RCU watches CPU 1 at first */
#endif
#ifndef WAKES
#define WAKES	0	/* how often CPU 1 wakes up or falls asleep */
#endif
#ifndef ROUNDS
#define ROUNDS	1
#endif
#ifndef COUNTS
#define COUNTS	2
#endif
#ifndef CHUNK
#define CHUNK	1	/* SEAL_COUNTS */
#endif
#include "cpu.inc"

#define SLOT(count, cpu)	slot[2 * (count) + (cpu)]

/* The slots of a count are side by side. */
short slot[COUNTS * CPUS] = OPEN, sum[COUNTS], refs[COUNTS] = BIAS + 1;
bit opened[COUNTS * CPUS] = 1;
bit switching[COUNTS], initial[COUNTS] = 1, released[COUNTS];
byte pool[COUNTS], held[COUNTS];
/* The round */
byte unreported, next[CPUS] = COUNTS;
short remote_sum[CHUNK];
byte nr_sealed_remotely;	/* from CPU 1's next on */
bit over;
/* What each CPU is up to: its interrupts are off, and those it has been asked for */
bit insn[CPUS], ipi[CPUS], more[CPUS], finish[CPUS];
/* CPU 1 runs, is in the mask, runs once more what it has asked itself for */
bit runs = FIRST, online = FIRST, last_look, done;

/* The state of CPU 1 as RCU counts it, and whether an interrupt has found it idle */
byte ct = CT;
bit was_idle;

#define WATCHED(ct)	((ct) & 1)
#define ONLINE(cpu)	(cpu == 0 || online)
#define OPENED(count, cpu)	opened[2 * (count) + (cpu)]

#ifdef COUNTS_OUTSIDE_MASK
#define COUNTS_THERE	(runs && WATCHED(ct))
#else
#define COUNTS_THERE	(online && WATCHED(ct))
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

#define IS_PERCPU(count)	(refs[count] >= BIAS / 2 && !switching[count])

/* sealed_engine_reopen_slot(), interrupts off */
inline reopen_slot(count) {
	atomic {
		if :: !insn[0] -> cpu = 0 :: !insn[1] && COUNTS_THERE -> cpu = 1 fi;
		open = IS_PERCPU(count) && SLOT(count, cpu) < 0;
		insn[cpu] = open
	};
	if
	:: open ->
#ifndef BIT_SET_AFTER_OPENING
		OPENED(count, cpu) = 1;
#endif
#ifndef WORD_NOT_READ_AGAIN
		open = IS_PERCPU(count);
#endif
		atomic {
			if :: open -> SLOT(count, cpu) = OPEN :: else fi;
#ifndef BIT_SET_AFTER_OPENING
			insn[cpu] = 0; open = 0; cpu = 0
#endif
		}
#ifdef BIT_SET_AFTER_OPENING
		atomic { OPENED(count, cpu) = 1; insn[cpu] = 0; open = 0; cpu = 0 }
#endif
	:: else -> cpu = 0
	fi
}

proctype Task(byte count) {
	short tmp, res;
	byte cpu, gets;
	bit open;

	do
	:: atomic { gets < GETS && pool[count] > 0 -> pool[count]--; gets++ };
		add(count, 1);
		if :: res >= 0 :: res < 0 -> refs[count]++; reopen_slot(count) fi;
		atomic { held[count]++; pool[count] = pool[count] + 2; res = 0 }
	:: atomic { pool[count] > 0 -> pool[count]--; held[count]-- };
		add(count, -1);
		if :: res >= 0 :: res < 0 -> put_word(count); reopen_slot(count) fi;
		res = 0
	:: held[count] == 0 -> break
	od
}

/* CPU 1: what cannot be interrupted by stop_machine() is over before it leaves. */
proctype Hotplug() {
	byte changes;

	do
	:: changes < CHANGES && !online ->
		atomic { runs = 1; ct = ct + !WATCHED(ct) };
		atomic { online = 1; changes++ }
	:: changes < CHANGES && online && WATCHED(ct) ->
		atomic { WATCHED(ct) && !insn[0] && !insn[1] -> online = 0; changes++ };
		/* It looks at its queue of calls, then at what it has asked itself for. */
		atomic { !ipi[1] && !insn[1] -> last_look = more[1] || finish[1] };
		atomic { !last_look && !insn[1] -> runs = 0 }
	:: done -> break
	od
}

#if WAKES > 0
/* CPU 1 has nothing to do, or something again. */
proctype Idle() {
	byte wakes;

	do
	:: atomic { wakes < WAKES && online && !insn[1] -> ct++; wakes++ }
	:: atomic { (wakes == WAKES || done) && !insn[1] && (!online || WATCHED(ct)) -> break }
	:: atomic { wakes == WAKES && online && !insn[1] && !WATCHED(ct) -> ct++ }
	od
}
#endif

#define ADD_SUM(count, what)	sum[count] = sum[count] + what

/* What was taken from afar of the slot that CPU @cpu is at */
#ifdef REMOTE_SUM_USED_BEYOND
#define FROM_AFAR(cpu)	(cpu == 1 && nr_sealed_remotely)
#else
#define FROM_AFAR(cpu)	(cpu == 1 && i < nr_sealed_remotely)
#endif
#define REMOTE(cpu)	(FROM_AFAR(cpu) -> remote_sum[i] : 0)
/* What the CPU adds if it finds its slot open, or sealed; and whether that is over now */
#ifdef REMOTE_SUM_ADDED
#define OF_OPEN(cpu)	found - OPEN + REMOTE(cpu)
#elif defined(REMOTE_SUM_KEPT)
#define OF_OPEN(cpu)	(cpu == 1 && i < nr_sealed_remotely -> remote_sum[i] : found - OPEN)
#else
#define OF_OPEN(cpu)	found - OPEN
#endif
#ifdef SEALED_COUNTED
#define OF_SEALED(cpu)	found - OPEN
#elif defined(REMOTE_SUM_DROPPED)
#define OF_SEALED(cpu)	0
#else
#define OF_SEALED(cpu)	REMOTE(cpu)
#endif
#ifdef REMOTE_SUM_USED_AGAIN
#define STAYS(cpu)	1
#else
#define STAYS(cpu)	(cpu == 0)
#endif

/* sealed_round_seal_here(), interrupts off */
inline seal_here(cpu) {
	node = next[cpu];
	do
	:: i < CHUNK && node < COUNTS && !OPENED(node, cpu) && !FROM_AFAR(cpu) ->
		atomic { node++; i++ }
	:: i < CHUNK && node < COUNTS && (OPENED(node, cpu) || FROM_AFAR(cpu)) ->
		found = SLOT(node, cpu);
		atomic {
			OPENED(node, cpu) = 0;
			SLOT(node, cpu) = SEALED;
			if
			:: found >= 0 -> ADD_SUM(node, OF_OPEN(cpu))
			:: found < 0 -> ADD_SUM(node, OF_SEALED(cpu))
			fi;
			found = 0; node++; i++
		}
	:: else -> break
	od;
	atomic {
		next[cpu] = node;
		nr_sealed_remotely = nr_sealed_remotely * STAYS(cpu);
		i = 0; node = 0
	}
}

/* sealed_round_report() */
inline report(cpu) {
#ifdef REST_OF_ABSENT_CPU_LEFT
	if :: !ONLINE(cpu) -> next[cpu] = COUNTS :: else fi;
#endif
	atomic {
		unreported--;
#ifdef FINISH_WHILE_CPU_SEALS
		last = cpu == 0 && next[0] == COUNTS
#else
		last = unreported == 0
#endif
	}
}

#ifdef LEAVING_CPU_ASKS_ITSELF
#define GETS_MORE(cpu)	true
#else
#define GETS_MORE(cpu)	ONLINE(cpu)
#endif

/* What sealed_round_seal_first() and sealed_round_more() end with */
inline ask_or_report(cpu) {
	if
	:: next[cpu] < COUNTS && GETS_MORE(cpu) -> more[cpu] = 1
	:: else -> report(cpu)
	fi
}

/* sealed_round_finish_soon() */
inline finish_soon(cpu) {
#ifdef LEAVING_CPU_KEEPS_FINISH
	finish[cpu] = 1
#else
	if
	:: ONLINE(cpu) -> finish[cpu] = 1
	:: else -> finish[0] = 1
	fi
#endif
}

/* sealed_round_interrupt(): never answered if that CPU has left. */
inline interrupt_cpu_1() {
	atomic { unreported++; ipi[1] = 1 }
}

/* sealed_round_seal_remotely(), @room slots at most */
inline seal_remotely() {
	atomic { node = next[1]; nr = 0; seen = ct; seen_online = online };
#ifdef SECOND_LOOK_BEFORE_EXCHANGE
	same = seen_online && seen == ct && !WATCHED(seen) || !seen_online && !online;
#endif
	if
	:: seen_online && WATCHED(seen)
	:: !(seen_online && WATCHED(seen)) ->
		do
		:: atomic {
			/* Locked, but an addition of CPU 1 is not. */
			nr < room && node < COUNTS ->
			remote_sum[nr] = (OPENED(node, 1) && SLOT(node, 1) >= 0 -> SLOT(node, 1) - OPEN : 0);
			SLOT(node, 1) = (OPENED(node, 1) -> SEALED : SLOT(node, 1));
#ifdef REMOTE_CHUNK_ADDED_TWICE
			ADD_SUM(node, remote_sum[nr]);
#endif
			nr++; node++
		   }
		:: else -> break
		od;
		nr_sealed_remotely = nr
	fi;
	if
#ifdef MASK_NOT_REREAD
	:: nr == 0 ->
#elif defined(STATE_WITHOUT_COUNTER)
	:: (seen_online -> WATCHED(ct) : online) ->
#elif defined(SECOND_LOOK_BEFORE_EXCHANGE)
	:: !same ->
#else
	:: (seen_online -> WATCHED(seen) || ct != seen : online) ->
#endif
		interrupt_cpu_1();
		atomic { asked = 1; node = 0; nr = 0 }
	:: else ->
		atomic {
			for (i : 0 .. nr - 1) {
#ifndef REMOTE_CHUNK_ADDED_TWICE
				ADD_SUM(next[1], remote_sum[i]);
#endif
#ifndef CLEARED_AFTER_THE_SWITCH
				OPENED(next[1], 1) = 0;
#endif
				next[1] = next[1] + 1
			};
			room = room - nr;
			i = 0; nr_sealed_remotely = 0; node = 0; nr = 0
		}
	fi
}

/* sealed_round_interrupt_the_rest() */
inline interrupt_the_rest(cpu) {
	unreported = 1;
	if
	:: next[1] < COUNTS && online && WATCHED(ct) -> interrupt_cpu_1()
	:: else
	fi;
	report(cpu)
}

/* sealed_round_finish(): a turn of sealed_round_is_over(), and more if CPU 1 is not all that is absent */
inline finish_round(cpu) {
	interrupt_the_rest(cpu);
	asked = !last;
	room = CHUNK;
#ifdef PARTLY
	if :: atomic { room = CHUNK - 1; remote_sum[CHUNK - 1] = 1 } :: skip fi;
#endif
	do
	:: asked -> break
	:: !asked && next[1] == COUNTS -> over = 1; break
	:: !asked && next[1] < COUNTS && room == 0 -> finish_soon(cpu); break
	:: !asked && next[1] < COUNTS && room > 0 -> seal_remotely()
	od;
	atomic { asked = 0; room = 0; last = 0 }
}

inline enter_irq(cpu) {
	was_idle = was_idle || cpu == 1 && !WATCHED(ct);
	ct = ct + (cpu == 1 && !WATCHED(ct))
}

inline leave_irq(cpu) {
	ct = ct + (cpu == 1 && was_idle);
	was_idle = was_idle && cpu == 0
}

/* Hard interrupts, those that CPU 1 runs on its way out included */
proctype Irq(byte cpu) {
	short found;
	byte i, node, nr, room, seen;
	bit last, asked, seen_online, same;

again:	if
	/* sealed_round_ipi() */
	:: atomic { ipi[cpu] && !insn[cpu] && (cpu == 0 || runs) -> insn[cpu] = 1; ipi[cpu] = 0; enter_irq(cpu) };
		seal_here(cpu);
		ask_or_report(cpu)
	/* sealed_round_more() */
	:: atomic {
		more[cpu] && !insn[cpu] && (ONLINE(cpu) || last_look) ->
		insn[cpu] = 1; more[cpu] = 0; last_look = last_look && cpu == 0; enter_irq(cpu)
	   };
		if :: ONLINE(cpu) -> seal_here(cpu) :: else fi;
		ask_or_report(cpu)
	/* sealed_round_finish_irq(), sealed_round_finish_csd() */
	:: atomic {
		finish[cpu] && !insn[cpu] && (ONLINE(cpu) || last_look) ->
		insn[cpu] = 1; finish[cpu] = 0; last_look = last_look && cpu == 0;
		last = 1; enter_irq(cpu)
	   }
	:: done && !ipi[cpu] && !insn[cpu] -> goto out
	fi;
	if :: last -> finish_round(cpu) :: else fi;
	atomic { insn[cpu] = 0; leave_irq(cpu); seen = 0; seen_online = 0; same = 0 };
	goto again;
out:	skip
}

/* sealed_round_begin() on CPU 0 */
inline begin() {
	atomic {
		!insn[0] -> insn[0] = 1;
		unreported = 1; over = 0;
		next[0] = COUNTS; next[1] = COUNTS;
		for (i : 0 .. COUNTS - 1) {
			sum[i] = 0;
			next[0] = (OPENED(i, 0) -> 0 : next[0]);
#ifdef MASK_READ_BEFORE_SWITCHING
			next[1] = (early[i] -> 0 : next[1])
#else
			next[1] = (OPENED(i, 1) -> 0 : next[1])
#endif
		};
		i = 0
	};
	if
	:: next[1] == 0 && online && WATCHED(ct) ->
#ifdef INTERRUPTS_ON
		insn[0] = 0;
#endif
		interrupt_cpu_1();
#ifdef INTERRUPTS_ON
		atomic { !insn[0] -> insn[0] = 1 }
#endif
	:: else
	fi;
	seal_here(0);
	ask_or_report(0);
	/* sealed_round_finish_soon() */
	atomic { finish[0] = last; last = 0; insn[0] = 0 }
}

inline round() {
	begin();
	over
}

/* sealed_callback_run(), and percpu_count_collected() of each */
inline collected() {
	atomic {
		for (i : 0 .. COUNTS - 1) {
			refs[i] = refs[i] + sum[i] - BIAS;
		};
		i = 0; remote_sum[0] = 0; remote_sum[CHUNK - 1] = 0; over = 0
	}
}

proctype Owner() {
	short found;
	byte i, node;
	bit last;
#ifdef MASK_READ_BEFORE_SWITCHING
	bit early[COUNTS];
#define READ_MASK	for (i : 0 .. COUNTS - 1) { early[i] = OPENED(i, 1) }
#else
#define READ_MASK
#endif

#if ROUNDS == 2
	READ_MASK;
	/* __rs_percpu_count_switch_to_atomic() */
	atomic { for (i : 0 .. COUNTS - 1) { switching[i] = 1 }; i = 0 };
	round();
	collected();
	atomic {
		/* __rs_percpu_count_switch_to_percpu() */
		for (i : 0 .. COUNTS - 1) { switching[i] = 0; refs[i] = refs[i] + BIAS };
		i = 0
	};
#endif
#ifdef CLEARED_AFTER_THE_SWITCH
	atomic { for (i : 0 .. COUNTS - 1) { OPENED(i, 1) = 0 }; i = 0 };
#endif
	READ_MASK;
	/* percpu_switch_kill() */
	atomic {
		for (i : 0 .. COUNTS - 1) { switching[i] = 1; refs[i]--; initial[i] = 0 };
		i = 0
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
		run Irq(0);
		run Irq(1);
		run Hotplug();
#if WAKES > 0
		run Idle();
#endif
		run Owner();
		i = 0; task = 0
	}
	timeout;
	atomic {
		CHECK(no_lost_count, _nr_pr == 1);
		byte count;

		for (count : 0 .. COUNTS - 1) {
			CHECK(no_lost_count, released[count] && refs[count] == 0)
		}
	}
}
