/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A CPU opens its slot while the count that it belongs to goes through its lives: a round
 * collects the count; a dynamic count gives its block back then, and comes to another. A round
 * visits the CPU only if the CPU has a bit in the mask of the block. So until the CPU has set its
 * bit, rounds begin and end beside it, and the block that it has read may be retired.
 *
 * A block that was retired comes back, with a mask of zeros, when the section with interrupts off
 * is over in which the CPU was when the block was retired. block.pml has that wait.
 *
 * Stands for: sealed_engine.c sealed_engine_reopen_slot sealed_engine_open_slot
 * Stands for: sealed_block.c sealed_block_alloc sealed_block_retire
 * Stands for: sealed_round.c sealed_round_find_opened sealed_round_begin sealed_round_seal_here
 * Stands for: percpu_switch.c percpu_count_attach percpu_count_detach percpu_count_try_open
 *
 * Right: three_lives
 * Right: four_lives -DLIVES=4 -DOPENS=2
 * Broken: BLOCK_NOT_READ_AGAIN no_lost_count
 * Broken: BLOCK_READ_FIRST no_lost_count
 * Broken: BLOCK_RECYCLED_EARLY no_lost_count
 * Broken: BIT_SET_AFTER_OPENING no_lost_count
 * Broken: WORD_NOT_READ_AGAIN no_lost_count
 * Broken: MASK_READ_BEFORE_SWITCHING no_lost_count
 */
#ifndef LIVES
#define LIVES	3
#endif
#ifndef OPENS
#define OPENS	1
#endif
#define BLOCKS	2
#include "cpu.inc"

#define NONE	BLOCKS
/* The count: @percpu is its bias */
bit percpu = 1, switching;
byte block;
/* The slot of the CPU, and its bit, in each block */
bit open[BLOCKS + 1], opened[BLOCKS + 1];
/* The CPU is in a section with interrupts off; in which it was when a block was retired */
bit insn, waits[BLOCKS];

#define IS_PERCPU	(percpu && !switching)

/* sealed_engine_reopen_slot() */
proctype Cpu() {
	byte mine = NONE, opens;
	bit is_percpu, is_mine;

	do
	:: opens < OPENS ->
		atomic { insn = 1; opens++ };
		is_percpu = IS_PERCPU;
		if
		:: is_percpu ->
			mine = block;
#ifdef BIT_SET_AFTER_OPENING
			atomic { is_percpu = IS_PERCPU; is_mine = mine == block };
			if :: mine != NONE && is_percpu && is_mine -> open[mine] = 1 :: else fi;
			if :: mine != NONE -> opened[mine] = 1 :: else fi;
#else
			if
			:: mine != NONE ->
				opened[mine] = 1;
#ifdef BLOCK_READ_FIRST
				is_mine = mine == block;
#endif
#ifndef WORD_NOT_READ_AGAIN
				is_percpu = IS_PERCPU;
#endif
#ifdef BLOCK_NOT_READ_AGAIN
				is_mine = 1;
#elif !defined(BLOCK_READ_FIRST)
				is_mine = mine == block;
#endif
				if :: is_percpu && is_mine -> open[mine] = 1 :: else fi
			:: else
			fi;
#endif
			/* An addition to an open slot is counted: a round must come that finds it. */
			CHECK(no_lost_count, mine == NONE || !open[mine] || percpu && block == mine && opened[mine])
		:: else
		fi;
		atomic { insn = 0; waits[0] = 0; waits[1] = 0; mine = NONE; is_percpu = 0; is_mine = 0 }
	:: opens == OPENS -> break
	od
}

/* The switches of the count, and the rounds */
proctype Count() {
	byte lives, retired;
	bit visits;

	do
	:: lives < LIVES ->
		lives++;
#ifdef MASK_READ_BEFORE_SWITCHING
		visits = opened[block];
		switching = 1;
#else
		switching = 1;
		visits = opened[block];
#endif
		/* sealed_round_seal_here(), in an interrupt */
		if
		:: visits -> atomic { !insn -> open[block] = 0; opened[block] = 0 }
		:: !visits
		fi;
		atomic {
			percpu = 0;
			CHECK(no_lost_count, insn || !open[block])
		};
		switching = 0;
		if
		:: skip	/* the count keeps its block */
		:: atomic { retired = block; block = NONE; waits[retired] = insn };
			atomic {
				retired = 1 - retired;
#ifndef BLOCK_RECYCLED_EARLY
				!waits[retired] ->
#endif
				open[retired] = 0;
				opened[retired] = 0
			};
			block = retired
		fi;
		percpu = 1
	:: lives == LIVES -> break
	od
}

init {
	atomic {
		run Cpu();
		run Count()
	}
}
