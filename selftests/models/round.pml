/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A kill under traffic: every CPU seals its own slot, in the interrupt or in a further one,
 * adds its value to the count's sum, and reports. The last CPU to report starts the callback,
 * which adds the sum to the word.
 *
 * With OPENS, CPU 1 has not opened its slot yet, and may at any time: it sets its bit in the mask, and
 * then reads the word again. The round interrupts the CPUs that have a bit.
 *
 * Tasks take references and put them, on any CPU, preempted anywhere. At the end release()
 * has run once, and not before the last put.
 *
 * Stands for: sealed_ref.h rs_sealed_ref_get rs_sealed_ref_put
 * Stands for: sealed_round.c sealed_round_collect sealed_round_begin sealed_round_ipi sealed_round_more
 * Stands for: sealed_round.c sealed_round_seal_first sealed_round_seal_here sealed_round_add_sum sealed_round_report sealed_round_finish
 * Stands for: sealed_callback.c sealed_callback_run
 * Stands for: sealed_engine.c sealed_engine_reopen_slot sealed_engine_open_slot
 * Stands for: percpu_switch.c percpu_switch_kill percpu_count_begin_switch
 * Stands for: percpu_count.c percpu_count_got
 * Stands for: percpu_count.c percpu_count_dropped
 * Stands for: percpu_switch.c percpu_count_collected percpu_switch_add_sum percpu_switch_end
 *
 * Right: two_cpus
 * Right: three_cpus -DCPUS=3
 * Right: two_gets -DGETS=2
 * Right: three_tasks -DTASKS=3
 * Right: slots_straight_into_the_word -DSLOTS_INTO_WORD
 * Right: opens -DOPENS
 * Broken: BIT_SET_AFTER_OPENING no_lost_count -DOPENS
 * Broken: WORD_NOT_READ_AGAIN no_lost_count -DOPENS
 * Broken: MASK_READ_BEFORE_SWITCHING no_lost_count -DOPENS
 * Broken: BIAS_MISSING flags_intact
 * Broken: PENDING_OFF_BY_ONE no_early_release
 * Broken: SUM_BEFORE_LAST_CPU no_early_release
 * Broken: NOT_SEALED no_lost_count
 * Broken: SEALED_BY_WRONG_CPU no_lost_count
 * Broken: MODE_TESTED_FIRST no_early_release
 * Broken: ADDRESS_BEFORE_MIGRATION no_lost_count
 * Broken: NO_SWITCH_REFERENCE confirm_before_release
 * Broken: SUM_AND_BIAS_APART flags_intact
 */
#ifndef CPUS
#define CPUS	2
#endif
#ifndef TASKS
#define TASKS	2
#endif
#ifndef GETS
#define GETS	1	/* that each task makes */
#endif
#include "cpu.inc"
#ifdef BIAS_MISSING
#undef BIAS
#define BIAS	0
#endif

/* Tasks begin with one reference, which was counted in CPU 0's slot. */
bit opened[CPUS] = 1, spared;
short slot[CPUS] = OPEN, refs = BIAS + 1, sum;
bit switching, lock, insn[CPUS], ipi[CPUS], closed;
byte pending;
/* What is true, whatever the counter says */
byte pool = 1, held = 1, released;
bit initial = 1, confirmed, finish;

inline release() {
	CHECK(release_once, !released);
	CHECK(no_early_release, held == 0 && !initial);
	CHECK(confirm_before_release, confirmed);
	released++
}

/*
 * Below zero the references would borrow from SWITCHING and DEAD, which are in
 * the same word, and look like an underflow.
 */
inline get_word() {
	atomic { refs++; CHECK(flags_intact, refs > 0) }
}

inline put_word() {
	atomic {
		refs--;
		CHECK(flags_intact, refs >= 0);
		if :: refs == 0 && !switching -> release() :: else fi
	}
}

/* rs_sealed_ref_get() and rs_sealed_ref_put(): what the slot is then, is in @res. */
inline count(d) {
#ifdef MODE_TESTED_FIRST
	/* As mainline does, but without its RCU section */
	if
	:: closed -> res = SEALED
	:: !closed -> ADD_TO_SLOT(cpu, d, tmp, res, skip); res = OPEN
	fi
#else
#ifdef ADDRESS_BEFORE_MIGRATION
	/* this_cpu_ptr() and then an addition, on whatever CPU */
	if :: where = 0 :: where = 1 fi;
	atomic { CHOOSE(cpu); insn[cpu] = 1; tmp = slot[where] };
	atomic { res = tmp + d; slot[where] = res; insn[cpu] = 0; cpu = 0; tmp = 0 }
#else
	ADD_TO_SLOT(cpu, d, tmp, res, skip)
#endif
#endif
}

/* sealed_engine_reopen_slot(), interrupts off, on CPU 1 */
inline reopen_slot() {
#ifdef OPENS
	if
	:: atomic { slot[1] < 0 && !insn[1] && refs >= BIAS / 2 && !switching -> insn[1] = 1; open = 1 };
#ifdef BIT_SET_AFTER_OPENING
		slot[1] = OPEN;
		opened[1] = 1;
#else
		opened[1] = 1;
#ifndef WORD_NOT_READ_AGAIN
		open = refs >= BIAS / 2 && !switching;
#endif
		if :: open -> slot[1] = OPEN :: else fi;
#endif
		atomic { open = 0; insn[1] = 0 }
	:: skip
	fi
#else
	skip
#endif
}

proctype Task() {
	short tmp, res;
	byte cpu, gets;
#ifdef OPENS
	bit open;
#endif
#ifdef ADDRESS_BEFORE_MIGRATION
	byte where;
#endif

	do
	/* Borrow one to get another. */
	:: atomic { gets < GETS && pool > 0 -> pool--; gets++ };
		count(1);
		if :: res >= 0 :: res < 0 -> get_word(); reopen_slot() fi;
		atomic { held++; pool = pool + 2; res = 0 }
	:: atomic { pool > 0 -> pool--; held-- };
		count(-1);
		if :: res >= 0 :: res < 0 -> put_word(); reopen_slot() fi;
		res = 0
	:: held == 0 -> break
	od
}

/* One report fewer to wait for; the last one has users called back. */
inline report() {
	atomic {
		pending--;
		if :: pending == 0 -> finish = 1 :: else fi
	}
}

/* sealed_round_seal_here(), by the interrupt, or by sealed_round_more() some time later */
proctype Ipi(byte cpu) {
	short found;

	if
	:: cpu == 1 && spared -> goto out
	:: atomic {
		ipi[cpu] && !insn[cpu] ->
		found = (opened[cpu] && slot[cpu] >= 0 -> slot[cpu] : OPEN);
		opened[cpu] = 0;
#ifndef NOT_SEALED
		slot[cpu] = SEALED
#endif
	   }
	fi;
#ifdef SLOTS_INTO_WORD
	/* The bias is in still: nothing can be taken for zero. */
	atomic { refs = refs + found - OPEN; found = 0 };
#else
	atomic { sum = sum + found - OPEN; found = 0 };
#endif
	report();
out:	skip
}

/* sealed_round_finish(), then percpu_count_collected() in softirq */
proctype Finish() {
	finish;
#ifdef SUM_AND_BIAS_APART
	atomic { refs = refs - BIAS; CHECK(flags_intact, refs >= 0) };
	refs = refs + sum;
#else
	atomic {
		refs = refs + sum - BIAS;
#ifdef NO_SWITCH_REFERENCE
		if :: refs == 0 -> release() :: else fi
#endif
	};
#endif
	atomic { !lock -> sum = 0 };
	confirmed = 1;
#ifndef NO_SWITCH_REFERENCE
	atomic { switching = 0; if :: refs == 0 -> release() :: else fi }
#endif
}

/* percpu_switch_kill() */
proctype Kill() {
	byte cpu;
	bit opens;

	atomic { lock = 1; closed = 1 };
#ifdef MASK_READ_BEFORE_SWITCHING
	opens = opened[1];
#endif
#ifndef NO_SWITCH_REFERENCE
	switching = 1;
#endif
	/* sealed_round_begin(): one more than the CPUs, until all were sent for */
#ifdef PENDING_OFF_BY_ONE
	pending = CPUS;
#else
	pending = CPUS + 1;
#endif
#ifdef SUM_BEFORE_LAST_CPU
	finish = 1;
#endif
#ifndef MASK_READ_BEFORE_SWITCHING
	opens = opened[1];
#endif
	do
	:: cpu == 1 && !opens -> atomic { pending--; spared = 1; cpu++ }
	:: cpu < CPUS && (cpu != 1 || opens) ->
#ifdef SEALED_BY_WRONG_CPU
		atomic { sum = sum + slot[cpu] - OPEN; slot[cpu] = SEALED };
		report();
#else
		ipi[cpu] = 1;
#endif
		cpu++
	:: else -> break
	od;
	report();
	atomic { refs--; initial = 0 };
	lock = 0
}

init {
	atomic {
		byte i;

		slot[0] = OPEN + 1;
#ifdef OPENS
		slot[1] = SEALED; opened[1] = 0;
#endif
		for (i : 1 .. TASKS) { run Task() }
#ifndef SEALED_BY_WRONG_CPU
		for (i : 1 .. CPUS) { run Ipi(i - 1) }
#endif
		run Finish();
		run Kill();
		i = 0
	}
	timeout -> CHECK(no_lost_count, _nr_pr == 1 && released && refs == 0)
}
