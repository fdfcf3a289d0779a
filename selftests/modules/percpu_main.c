// SPDX-License-Identifier: GPL-2.0
/*
 * Our per-CPU counters in uses that mainline's counter gets wrong, and each of their functions
 * in its difficult states; with mainline's behaviour beside it if the machine survives that.
 */
#include <linux/rcupdate.h>

#include <refstorm/alloc.h>

#include "percpu.h"
#include "scenario_frame.h"

void count_release(REF_TYPE *ref)
{
	struct counted *c = to_counted(ref);

	if (atomic_long_read(&c->held))
		atomic_inc(&c->early);
	c->in_own_stack = READ_ONCE(c->in_stack_of) == current;
	atomic_inc(&c->released);
}

void count_confirm(REF_TYPE *ref)
{
	struct counted *c = to_counted(ref);

	if (released(c))
		atomic_inc(&c->early);
	atomic_inc(&c->confirmed);
}

bool counted_init(struct counted *c, unsigned int flags)
{
	memset(c, 0, sizeof(*c));
	return check(!REF(init)(&c->ref, count_release, flags, GFP_KERNEL));
}

void counted_end(struct counted *c)
{
	check(becomes_true(released(c)));
	counted_end_unreleased(c);
	check(released(c) == 1);
}

void counted_end_unreleased(struct counted *c)
{
	REF(exit)(&c->ref);
	/* A task in release(), or about to call it, is an RCU reader. */
	synchronize_rcu();
	check(!atomic_read(&c->early));
	check(REF(is_zero)(&c->ref));
	check(REF(is_dying)(&c->ref));
	check(!REF(tryget)(&c->ref));
}

struct sum {
	const char	*site;
	long		outstanding;
};

static void add_site(const struct module *owner, const struct rs_alloc_site *site, void *arg)
{
	struct sum *sum = arg;

	if (strcmp(owner->name, "rsref") || (sum->site && strcmp(sum->site, site->name)))
		return;
	sum->outstanding += atomic64_read(&site->allocated) - atomic64_read(&site->freed);
}

long outstanding(const char *site)
{
	struct sum sum = { .site = site };

	rs_alloc_for_each(add_site, &sum);
	return sum.outstanding;
}

#define OURS(_run, _title) \
	{ .name = #_run, .title = (_title), .run = (_run) }
#define MISUSE(_run, _text, _title)					\
	{ .name = #_run, .title = (_title), .run = (_run), .wrong = true, \
	  .warnings = 1, .text = (_text) }
#define MAINLINE(_run, _warnings, _title)				\
	{ .name = #_run, .title = (_title), .run = (_run), .wrong = true, \
	  .warnings = (_warnings), .text = MAINLINE_TWICE }

#define BY " (count_release [" REF_MODULE "])"
/* RS_PERCPU_REF_NR_MAX + 1 */
#define TOO_MANY_TEXT "576460752303423488"
#define RESURRECT \
	REF_NAME ": resurrect of a counter that is alive, or was not allowed to be" BY "."
#define MAINLINE_TWICE \
	"percpu_ref_kill_and_confirm called more than once on mainline_release [percpu_ref_api]!"

static const struct scenario list[] = {
	OURS(release_from_kill,
	     "release() may call is_zero and exit from kill's own stack"),
	OURS(one_release_holds_up_nobody,
	     "while one counter is in release(), others are killed and switched"),
	OURS(second_kill, "a second kill is false and changes nothing"),
	OURS(atomic_without_reinit,
	     "switch_to_atomic of a counter without ALLOW_REINIT leaves it alive"),
	MISUSE(resurrect_without_reinit, RESURRECT,
	       "resurrect of a counter without ALLOW_REINIT is refused with a warning"),
	OURS(is_zero_then_exit, "exit as soon as is_zero says so leaves release() whole"),
	OURS(exit_during_switch, "exit waits for a switch and its callbacks"),
	OURS(exit_twice, "a second exit does nothing"),
	OURS(exit_twice_nonzero, "a second exit does nothing, though references were left"),
	OURS(cold_dynamic, "a cold dynamic counter holds no per-CPU memory, a hot one does"),
	OURS(sync_leaves_nothing, "after switch_to_atomic_sync only users hold references"),
	MISUSE(early_underflow, REF_NAME ": more puts than gets" BY ".",
	       "a put too many is caught, and nothing is released twice"),
	MISUSE(get_on_zero,
	       REF_NAME ": get on 0" BY "; use-after-free.",
	       "a get after release() is caught"),
	MISUSE(too_many_at_once, REF_NAME ": " TOO_MANY_TEXT " references in one call" BY ".",
	       "more references in one call than a count has room for are caught"),
	MISUSE(saturated_while_switching,
	       REF_NAME ": " TOO_MANY_TEXT " references in one call" BY ".",
	       "a counter that misuse saturates while it switches stays so, and says it once"),
	MISUSE(get_after_exit, REF_NAME ": get on 0 (0x0); use-after-free.",
	       "a get after exit is caught, and shows in no other counter"),
	MISUSE(put_after_exit, REF_NAME ": more puts than gets (0x0).",
	       "a put after exit is caught, and shows in no other counter"),
	OURS(nothing, "get_many, put_many and tryget_many of 0 do nothing in any state"),

	OURS(counts, "get_many, put_many, tryget_many and the single forms add up"),
	OURS(large_numbers, "numbers at which ways part inside, and the largest, add up"),
	OURS(lives_at_zero,
	     "a counter that lives at zero is used as mainline's, which stands beside it"),
	OURS(init_flags, "each flag of init begins in its mode"),
	OURS(bad_init, "init without release, or with unknown flags, is refused"),
	OURS(cancel_init, "cancel_init ends an unused counter without release()"),
	MISUSE(cancel_init_used, REF_NAME ": cancel_init of a counter that was used" BY ".",
	       "cancel_init of a counter that was used warns"),
	OURS(reinit, "reinit begins anew, as often as one likes"),
	OURS(reinit_during_switch, "reinit waits for the switch of the kill"),
	MISUSE(reinit_not_zero, REF_NAME ": reinit of a counter that is not zero" BY ".",
	       "reinit of a counter that is held is refused with a warning"),
	OURS(resurrect_during_switch, "resurrect waits for the switch of the kill"),
	MISUSE(resurrect_alive, RESURRECT,
	       "resurrect of a counter that lives is refused with a warning"),
	OURS(to_percpu_during_switch, "switch_to_percpu waits for the switch to atomic"),
	OURS(to_percpu_while_dying, "switch_to_percpu of a dying counter comes with resurrection"),
	OURS(kill_during_switch, "a kill during a switch is confirmed after it"),
	OURS(kill_two_stage, "kill_two_stage leaves the initial reference to its caller"),
	OURS(racing_kills, "of all who kill at once exactly one is told true"),
	OURS(confirm_then_dead, "after the confirmation no tryget_live succeeds"),
	OURS(counted_at_confirm,
	     "what tryget_live took is in the count when the kill is confirmed"),
	OURS(opposed_switches, "a switch is confirmed though another one back was asked for"),

	OURS(tracked_from_birth, "with INIT_TRACKED each reference is recorded"),
	OURS(tracked_exactly,
	     "a counter that is tracked while others count knows what it did not see"),
	OURS(held_and_moved,
	     "a holder is known from its get to its put, and can be another one then"),
	OURS(tryget_held, "tryget for a holder records what it takes"),
	MISUSE(holder_twice, "rs_holder 'one' is given a second reference.",
	       "a holder that is given a second reference warns, and the count is right"),
	OURS(exit_with_holder, "exit forgets holders that are left"),
	OURS(tracked_in_nmi, "what comes from an NMI is counted without its stack"),
	OURS(tracked_by_turns, "tracking goes on and off while others get and put, named and not"),
	OURS(tracked_as_it_begins,
	     "what is taken and dropped as soon as tracking shows is recorded, each once"),
	OURS(tracked_anew,
	     "tracking that ends and begins anew amid a get or put counts that once"),

	OURS(queue_is_frozen,
	     "a queue is frozen and thawed while requests enter, as blk-mq does"),
	OURS(queue_sleeps,
	     "a dying counter is switched to atomic and resurrected, as mainline's beside it"),
	OURS(release_kills_the_next,
	     "release() of one counter kills the next and puts it, as aio does"),
	OURS(confirmation_puts, "a confirmation may put, the initial reference too"),
	OURS(enabled_again_in_place,
	     "a counter is ended and begins anew in place while readers try to get it"),
#ifdef REF_BESIDE_MAINLINE

	MAINLINE(mainline_release_holds_up_others, 0,
		 "mainline: while one counter is in release(), no other can be asked"),
	MAINLINE(mainline_second_kill, 1,
		 "mainline: a second kill drops a reference that somebody else holds"),
	MAINLINE(mainline_opposed_switches, 0,
		 "mainline: a switch is not confirmed if another one back was asked for"),
	MAINLINE(mainline_atomic_without_reinit, 1,
		 "mainline: switch_to_atomic without ALLOW_REINIT leaves it looking dead"),
#endif
};

SCENARIOS_MODULE(list, "The interface of " REF_NAME ", where it is hard");
