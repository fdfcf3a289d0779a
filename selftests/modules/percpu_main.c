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
	{ .name = #_run, .title = (_title), .run = (_run) },
#define MISUSE(_run, _text, _title)					\
	{ .name = #_run, .title = (_title), .run = (_run), .wrong = true, \
	  .warnings = 1, .text = (_text) },
#define MAINLINE(_run, _warnings, _title)				\
	{ .name = #_run, .title = (_title), .run = (_run), .wrong = true, \
	  .warnings = (_warnings), .text = MAINLINE_TWICE },

#define BY " (count_release [" REF_MODULE "])"
/* RS_PERCPU_REF_NR_MAX + 1 */
#define TOO_MANY_TEXT "576460752303423488"
#define RESURRECT \
	REF_NAME ": resurrect of a counter that is alive, or was not allowed to be" BY "."
#define MAINLINE_TWICE \
	"percpu_ref_kill_and_confirm called more than once on mainline_release [percpu_ref_api]!"

static const struct scenario list[] = {
#include "percpu_scenarios.h"
};

SCENARIOS_MODULE(list, "The interface of " REF_NAME ", where it is hard");
