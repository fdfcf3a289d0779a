/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scenarios of per-CPU counts: OURS(function, title) of a right use, MISUSE(function, text of
 * the warning, title), MAINLINE(function, warnings, title). Included once to declare the
 * functions, and once for the table.
 */
/* percpu_hurts.c: where mainline hurts */
	OURS(release_from_kill,
	     "release() may call is_zero and exit from kill's own stack")
	OURS(one_release_holds_up_nobody,
	     "while one counter is in release(), others are killed and switched")
	OURS(second_kill, "a second kill is false and changes nothing")
	OURS(atomic_without_reinit,
	     "switch_to_atomic of a counter without ALLOW_REINIT leaves it alive")
	MISUSE(resurrect_without_reinit, RESURRECT,
	       "resurrect of a counter without ALLOW_REINIT is refused with a warning")
	OURS(is_zero_then_exit, "exit as soon as is_zero says so leaves release() whole")
	OURS(exit_during_switch, "exit waits for a switch and its callbacks")
	OURS(exit_twice, "a second exit does nothing")
	OURS(exit_twice_nonzero, "a second exit does nothing, though references were left")
	OURS(cold_dynamic, "a cold dynamic counter holds no per-CPU memory, a hot one does")
	OURS(sync_leaves_nothing, "after switch_to_atomic_sync only users hold references")
	OURS(nothing, "get_many, put_many and tryget_many of 0 do nothing in any state")

/* percpu_misuse.c */
	MISUSE(early_underflow, REF_NAME ": more puts than gets" BY ".",
	       "a put too many is caught, and nothing is released twice")
	MISUSE(get_on_zero,
	       REF_NAME ": get on 0" BY "; use-after-free.",
	       "a get after release() is caught")
	MISUSE(too_many_at_once, REF_NAME ": " TOO_MANY_TEXT " references in one call" BY ".",
	       "more references in one call than a count has room for are caught")
	MISUSE(saturated_while_switching,
	       REF_NAME ": " TOO_MANY_TEXT " references in one call" BY ".",
	       "a counter that misuse saturates while it switches stays so, and says it once")
	MISUSE(get_after_exit, REF_NAME ": get on 0 (0x0); use-after-free.",
	       "a get after exit is caught, and shows in no other counter")
	MISUSE(put_after_exit, REF_NAME ": more puts than gets (0x0).",
	       "a put after exit is caught, and shows in no other counter")

/* percpu_api.c: each function in its difficult states */
	OURS(counts, "get_many, put_many, tryget_many and the single forms add up")
	OURS(large_numbers, "numbers at which ways part inside, and the largest, add up")
	OURS(init_flags, "each flag of init begins in its mode")
	OURS(bad_init, "init without release, or with unknown flags, is refused")
	OURS(cancel_init, "cancel_init ends an unused counter without release()")
	MISUSE(cancel_init_used, REF_NAME ": cancel_init of a counter that was used" BY ".",
	       "cancel_init of a counter that was used warns")
	OURS(reinit, "reinit begins anew, as often as one likes")
	OURS(reinit_during_switch, "reinit waits for the switch of the kill")
	MISUSE(reinit_not_zero, REF_NAME ": reinit of a counter that is not zero" BY ".",
	       "reinit of a counter that is held is refused with a warning")
	OURS(resurrect_during_switch, "resurrect waits for the switch of the kill")
	MISUSE(resurrect_alive, RESURRECT,
	       "resurrect of a counter that lives is refused with a warning")
	OURS(to_percpu_during_switch, "switch_to_percpu waits for the switch to atomic")
	OURS(to_percpu_while_dying, "switch_to_percpu of a dying counter comes with resurrection")
	OURS(kill_during_switch, "a kill during a switch is confirmed after it")
	OURS(kill_two_stage, "kill_two_stage leaves the initial reference to its caller")

/* percpu_at_zero.c */
	OURS(lives_at_zero,
	     "a counter that lives at zero is used as mainline's, which stands beside it")

/* percpu_race.c */
	OURS(racing_kills, "of all who kill at once exactly one is told true")
	OURS(confirm_then_dead, "after the confirmation no tryget_live succeeds")
	OURS(counted_at_confirm,
	     "what tryget_live took is in the count when the kill is confirmed")
	OURS(opposed_switches, "a switch is confirmed though another one back was asked for")

/* percpu_track.c: tracking */
	OURS(tracked_from_birth, "with INIT_TRACKED each reference is recorded")
	OURS(tracked_exactly,
	     "a counter that is tracked while others count knows what it did not see")
	OURS(held_and_moved,
	     "a holder is known from its get to its put, and can be another one then")
	OURS(tryget_held, "tryget for a holder records what it takes")
	MISUSE(holder_twice, "rs_holder 'one' is given a second reference.",
	       "a holder that is given a second reference warns, and the count is right")
	OURS(exit_with_holder, "exit forgets holders that are left")
	OURS(tracked_in_nmi, "what comes from an NMI is counted without its stack")
	OURS(tracked_by_turns, "tracking goes on and off while others get and put, named and not")

/* percpu_track_window.c: as it begins and ends */
	OURS(tracked_as_it_begins,
	     "what is taken and dropped as soon as tracking shows is recorded, each once")
	OURS(tracked_anew,
	     "tracking that ends and begins anew amid a get or put counts that once")

/* percpu_users.c: what users in the kernel tree do */
	OURS(queue_is_frozen,
	     "a queue is frozen and thawed while requests enter, as blk-mq does")
	OURS(queue_sleeps,
	     "a dying counter is switched to atomic and resurrected, as mainline's beside it")
	OURS(release_kills_the_next,
	     "release() of one counter kills the next and puts it, as aio does")
	OURS(confirmation_puts, "a confirmation may put, the initial reference too")
	OURS(enabled_again_in_place,
	     "a counter is ended and begins anew in place while readers try to get it")

/* percpu_lives.c: users whose counters live again, or begin in odd places */
	OURS(swapped_on_and_off,
	     "a counter that begins dead is asked in all of its lives, as swap does")
	OURS(resurrected_while_held,
	     "a killed counter is wanted again, under a reference or after its release")
	OURS(flag_is_seen,
	     "after switch_to_atomic_sync and resurrect entrants see what was set before the kill")
	OURS(mapped_in_bulk, "a billion references are taken at once, and dropped after the kill")
	OURS(begins_under_a_lock, "a counter begins and is killed under a spinlock")
	OURS(asked_while_it_ends, "once is_zero is true, it stays true through exit and after it")

#ifdef REF_BESIDE_MAINLINE
/* percpu_mainline.c: mainline's, as far as the machine survives */
	MAINLINE(mainline_release_holds_up_others, 0,
		 "mainline: while one counter is in release(), no other can be asked")
	MAINLINE(mainline_second_kill, 1,
		 "mainline: a second kill drops a reference that somebody else holds")
	MAINLINE(mainline_opposed_switches, 0,
		 "mainline: a switch is not confirmed if another one back was asked for")
	MAINLINE(mainline_atomic_without_reinit, 1,
		 "mainline: switch_to_atomic without ALLOW_REINIT leaves it looking dead")
#endif
