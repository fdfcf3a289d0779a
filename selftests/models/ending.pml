/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of a dynamic count that is alive, or killed and not released. exit waits for
 * nothing that the user did not request. So when exit runs, the interrupt that a get
 * requested may be pending, the work item queued, running or both, and a switch of the
 * work's in progress.
 *
 * Each of these has its own reference to the memory ("users"), and finds out under the
 * count's lock that the count was ended. The user's counter is gone by then. Under the same
 * lock exit decides whether it takes the slots away or leaves them to the switch.
 *
 * The owner takes references, which heats the count, may drop the initial one without a
 * kill, and ends the count. (A live count at zero has release() called whenever its word
 * comes to zero.) With KILL the owner kills the count first; with KEPT the initial reference
 * stays. Memory is freed here as soon as the last user drops it, without a grace period.
 *
 * Stands for: percpu_switch.c __rs_percpu_count_exit percpu_count_lock_settled percpu_switch_kill
 * Stands for: percpu_switch.c percpu_count_begin_switch percpu_count_ask_for_switch percpu_count_try_open
 * Stands for: percpu_switch.c percpu_count_collected percpu_switch_end_unasked percpu_switch_end percpu_count_detach
 * Stands for: percpu_dynamic.h percpu_dynamic_hold percpu_dynamic_drop
 * Stands for: percpu_heat.c percpu_dynamic_want percpu_dynamic_queue_wanted
 * Stands for: percpu_dynamic.c percpu_dynamic_warm_up percpu_dynamic_probe percpu_dynamic_reopen_or_free percpu_dynamic_work
 * Stands for: percpu_heat.c percpu_dynamic_heat
 * Stands for: percpu_heat.c percpu_dynamic_exit percpu_dynamic_got percpu_dynamic_collected
 *
 * Right: alive
 * Right: many_gets -DGETS=4
 * Right: killed -DKILL
 * Broken: EXIT_LOOKS_WITHOUT_LOCK no_use_after_free -DKEPT
 * Broken: PENDING_TAKEN_FOR_NOT_RUNNING no_use_after_free
 * Broken: SWITCH_HOLDS_NOTHING no_use_after_free
 * Broken: HEAT_HOLDS_NOTHING no_use_after_free
 * Broken: SLOTS_TAKEN_FROM_SWITCH no_use_after_free
 * Broken: RELEASE_AFTER_EXIT no_use_after_exit
 * Broken: WARMED_UP_AFTER_EXIT no_use_after_exit
 * Broken: KILL_LEAVES_SWITCH_UNASKED confirm_before_exit -DKILL
 * Broken: EVERY_SWITCH_IS_WAITED_FOR no_unasked_wait
 * Broken: UNASKED_SWITCH_ENDS_UNLOCKED no_leak
 * Broken: QUEUED_AGAIN_HOLDS_TWICE no_leak
 * Broken: ZERO_ENDS_UNSEEN no_lost_count
 */
#ifndef GETS
#define GETS	2	/* that cross the threshold */
#endif
#define CPUS	1
#include "cpu.inc"

#define COLD	0
#define HOT	1
#define PROBING	2

/* Under the lock; of the word, the bias and SWITCHING */
bit lock, biased, switching;
byte state = COLD;
bit warming_up, block, collecting, unasked, exited, dead, confirm;
/* The memory of the count, and of slots that were allocated */
byte users = 1, blocks;
bit freed;
/* What is asked for: the interrupt, the work, the round */
bit heat, queued, running, round;
/* What is true */
bit zero, released, confirmed, gone;

#define IN_COUNT	CHECK(no_use_after_free, !freed)
#define IN_USERS	CHECK(no_use_after_exit, !gone)

#define ACQUIRE	atomic { !lock -> IN_COUNT; lock = 1 }
#define RELEASE	atomic { IN_COUNT; lock = 0 }

inline hold() {
	atomic { IN_COUNT; users++ }
}

inline drop() {
	atomic { IN_COUNT; users--; freed = users == 0 }
}

inline discard() {
	atomic { blocks = blocks - mine; mine = 0 }
}

/* percpu_dynamic_queue_wanted(): mod_delayed_work() tells whether the work was pending. */
inline queue() {
#if defined(PENDING_TAKEN_FOR_NOT_RUNNING)
	/* One reference for the work, as long as it is queued or runs */
	atomic { users = users + (!exited && !queued && !running); queued = queued || !exited }
#elif defined(QUEUED_AGAIN_HOLDS_TWICE)
	atomic { users = users + !exited; queued = queued || !exited }
#else
	if
	:: exited
	:: !exited ->
		hold();
		atomic { if :: queued -> users-- :: !queued -> queued = 1 fi }
	fi
#endif
}

/* percpu_count_begin_switch() */
inline begin_switch(why) {
	atomic { switching = 1; collecting = 1; unasked = why };
#ifndef SWITCH_HOLDS_NOTHING
	hold();
#endif
	IN_USERS;
	round = 1
}

/* percpu_count_try_open() */
inline try_open() {
	atomic { biased = biased || !dead && !exited && !switching && block }
}

inline release() {
	IN_USERS;
	released = 1
}

inline warm_up() {
	if :: atomic { mine = 1; blocks++ } :: skip /* no memory */ fi;
	ACQUIRE;
	warming_up = 0;
	if
#ifdef WARMED_UP_AFTER_EXIT
	:: mine ->
#else
	:: mine && !exited ->
#endif
		IN_USERS;
		atomic { block = 1; mine = 0 };
		try_open();
		if
		:: biased -> state = HOT; queue()
		:: !biased -> atomic { block = 0; mine = 1 }
		fi
	:: else
	fi;
	RELEASE;
	discard()
}

inline probe() {
	ACQUIRE;
	state = PROBING;
	if
	:: !exited && biased && !switching -> begin_switch(1)
	:: else -> queue()
	fi;
	RELEASE
}

inline reopen_or_free() {
	ACQUIRE;
	if
	:: exited
	:: !exited && switching -> queue()
	:: !exited && !switching ->
		if
		:: try_open()	/* it is hot still */
		:: skip
		fi;
		if
		:: biased -> state = HOT; queue()
		:: !biased ->
			IN_USERS;
			atomic { state = COLD; mine = block; block = 0 }
		fi
	fi;
	RELEASE;
	discard()
}

/* percpu_dynamic_work(): never runs twice at once, but may be queued while it runs */
proctype Work() {
	bit mine;

end:	do
	:: atomic { queued -> IN_COUNT; queued = 0; running = 1 };
		if
		:: state == COLD -> warm_up()
		:: state == HOT -> probe()
		:: state == PROBING -> reopen_or_free()
		fi;
#ifdef PENDING_TAKEN_FOR_NOT_RUNNING
		atomic {
			IN_COUNT;
			running = 0;
			users = users - !queued;
			freed = users == 0
		}
#else
		atomic { drop(); running = 0 }
#endif
	od
}

/* percpu_dynamic_heat() */
proctype Heat() {
end:	do
	:: atomic { heat -> heat = 0 };
		ACQUIRE;
		if
		:: state == PROBING -> queue()
		:: state == COLD && !warming_up && !dead -> warming_up = 1; queue()
		:: else
		fi;
		RELEASE;
#ifndef HEAT_HOLDS_NOTHING
		drop()
#endif
	od
}

/* The engine's collection, then percpu_count_collected() */
proctype Round() {
	bit mine, ended, confirming;

end:	do
	:: atomic { round -> round = 0 };
		/* The slots are read, and percpu_switch_add_sum() */
		atomic { IN_COUNT; CHECK(no_use_after_free, block); biased = 0 };
		ACQUIRE;
		atomic { confirming = confirm; confirm = 0; collecting = 0 };
		if
		:: exited || dead ->
			if :: !exited -> IN_USERS :: exited fi;
			atomic { mine = block; block = 0 }
		:: else
		fi;
		if :: state == PROBING -> queue() :: else fi;
#ifndef UNASKED_SWITCH_ENDS_UNLOCKED
		/* end_unasked_switch() */
		atomic {
#if defined(RELEASE_AFTER_EXIT)
			ended = unasked && !zero;
#elif defined(ZERO_ENDS_UNSEEN)
			ended = unasked;
#else
			ended = unasked && (!zero || exited);
#endif
			switching = switching && !ended;
			unasked = 0
		};
#endif
		RELEASE;
		discard();
		if
		:: ended
		:: !ended ->
			if :: confirming -> IN_USERS; confirmed = 1 :: else fi;
			/* percpu_switch_end() */
			atomic {
				IN_COUNT;
				switching = 0;
#ifdef UNASKED_SWITCH_ENDS_UNLOCKED
				unasked = 0;
				if :: zero && !exited -> release() :: else fi
#else
				if :: zero -> release() :: else fi
#endif
			}
		fi;
		atomic { ended = 0; confirming = 0 };
#ifndef SWITCH_HOLDS_NOTHING
		drop()
#endif
	od
}

#ifdef EVERY_SWITCH_IS_WAITED_FOR
#define SETTLED	!switching
#else
#define SETTLED	unasked || !switching
#endif

inline put_initial() {
	atomic { zero = 1; if :: !biased && !switching -> release() :: else fi }
}

#ifdef KILL
/* percpu_switch_kill() */
inline kill() {
	ACQUIRE;
	dead = 1;
	if :: biased && !switching -> begin_switch(0) :: else fi;
	if
	:: collecting ->
#ifndef KILL_LEAVES_SWITCH_UNASKED
		unasked = 0;
#endif
		atomic { confirm = 1; zero = 1 };
		RELEASE
	:: !collecting ->
		RELEASE;
		confirmed = 1;
		put_initial()
	fi
}
#endif

proctype Owner() {
	byte gets;
	bit mine;

	do
	:: gets < GETS ->
		/* percpu_dynamic_got() */
		gets++;
#ifdef HEAT_HOLDS_NOTHING
		heat = 1
#else
		hold();
		atomic { if :: heat -> users-- :: !heat -> heat = 1 fi }
#endif
	:: break
	od;
#if defined(KILL)
	kill();
#elif !defined(KEPT)
	if :: put_initial() :: skip fi;
#endif

	/* __rs_percpu_count_exit() */
#ifdef EXIT_LOOKS_WITHOUT_LOCK
	!switching;
	ACQUIRE;
#else
	do
	:: ACQUIRE;
		if
		:: SETTLED -> break
		:: else ->
			/* Where nothing may sleep, such a user does not call exit. */
			CHECK(no_unasked_wait, dead || zero);
			RELEASE;
			!switching
		fi
	od;
#endif
	CHECK(no_lost_count, !zero || biased || switching || released);
	exited = 1;
#if !defined(EXIT_LOOKS_WITHOUT_LOCK) && !defined(SLOTS_TAKEN_FROM_SWITCH)
	if
	:: !switching -> atomic { mine = block; block = 0 }
	:: switching
	fi;
#else
	atomic { mine = block; block = 0 };
#endif
	RELEASE;
	discard();
	/* percpu_dynamic_exit() */
	atomic { if :: queued -> queued = 0; drop() :: !queued fi };
	drop();
	CHECK(confirm_before_exit, !dead || confirmed);
	gone = 1
}

init {
	atomic {
		run Work();
		run Heat();
		run Round();
		run Owner()
	}
	timeout -> CHECK(no_leak, gone && freed && blocks == 0)
}
