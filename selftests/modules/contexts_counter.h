/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations of one kind of per-CPU counter, in each state that it can be in. Included by
 * a file for each kind, which has defined REF_TYPE, REF() and REF_KIND.
 */
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include <refstorm/track.h>

#include "contexts.h"

#define LARGE		1000	/* too large for a slot of rs_sealed_ref */
#define HELD		3	/* references of a killed counter */
#define HOLDERS		3

struct counted;

/**
 * struct state - what a counter is like when its operations are called
 * @name: for failures
 * @flags: for init
 * @prepare: what else is done, or NULL
 * @heats: the first operation makes it hot
 * @released: it has no references: nothing but tryget can be called, and fails
 */
struct state {
	const char	*name;
	unsigned int	flags;
	void		(*prepare)(struct counted *c);
	bool		heats;
	bool		released;
};

/**
 * struct counted - a counter, and what the scenario knows of it
 * @ref: the counter
 * @state: the state that it was brought into
 * @first: which operation of @taking is called first
 * @released: how often release() was called
 * @confirmed: how often a confirmation came
 * @dying: it was killed
 * @heated: gets have made it hot, or are about to
 * @left: references, but for the initial one
 * @holder: of the references that were taken with a holder
 */
static struct counted {
	REF_TYPE		ref;
	const struct state	*state;
	unsigned int		first;
	atomic_t		released;
	atomic_t		confirmed;
	bool			dying;
	bool			heated;
	unsigned long		left;
	struct rs_holder	holder[HOLDERS];
} counters[32];

static unsigned int counters_nr;

#define expect(c, cond) ({							\
	bool __ok = (cond);							\
										\
	if (!__ok)								\
		fail("%s, line %d: not so: %s", (c)->state->name, __LINE__, #cond); \
	__ok;									\
})

static void count_release(REF_TYPE *ref)
{
	atomic_inc(&container_of(ref, struct counted, ref)->released);
}

static void count_confirm(REF_TYPE *ref)
{
	atomic_inc(&container_of(ref, struct counted, ref)->confirmed);
}

static struct rs_percpu_ref_state look(struct counted *c)
{
	struct rs_percpu_ref_state state;

	REF(inspect)(&c->ref, &state);
	return state;
}

/*
 * Operations that take references, and how many they took.
 */

static unsigned long get(struct counted *c)
{
	REF(get)(&c->ref);
	return 1;
}

static unsigned long get_many(struct counted *c)
{
	REF(get_many)(&c->ref, 2);
	return 2;
}

static unsigned long get_large(struct counted *c)
{
	REF(get_many)(&c->ref, LARGE);
	return LARGE;
}

static unsigned long tryget(struct counted *c)
{
	expect(c, REF(tryget)(&c->ref));
	return 1;
}

static unsigned long tryget_many(struct counted *c)
{
	expect(c, REF(tryget_many)(&c->ref, 2));
	return 2;
}

static unsigned long tryget_large(struct counted *c)
{
	expect(c, REF(tryget_many)(&c->ref, LARGE));
	return LARGE;
}

/* A kill may be in progress, so @was_confirmed was read before the tryget. */
static bool is_as_live(struct counted *c, bool was_confirmed, bool took)
{
	return c->dying ? !took || !was_confirmed : took;
}

static unsigned long tryget_live(struct counted *c)
{
	bool was_confirmed = atomic_read_acquire(&c->confirmed);
	bool took = REF(tryget_live)(&c->ref);

	expect(c, is_as_live(c, was_confirmed, took));
	return took;
}

static unsigned long tryget_live_rcu(struct counted *c)
{
	bool was_confirmed = atomic_read_acquire(&c->confirmed), took;

	rcu_read_lock();
	took = REF(tryget_live_rcu)(&c->ref);
	rcu_read_unlock();
	expect(c, is_as_live(c, was_confirmed, took));
	return took;
}

/* Not for NMIs. Those that are taken by name are dropped in use_by_name(). */
static unsigned long get_held(struct counted *c)
{
	REF(get_held)(&c->ref, &c->holder[0]);
	REF(put_held)(&c->ref, &c->holder[0]);
	return 0;
}

static unsigned long tryget_held(struct counted *c)
{
	expect(c, REF(tryget_held)(&c->ref, &c->holder[1]));
	rs_holder_move(&c->holder[1], &c->holder[2]);
	REF(put_held)(&c->ref, &c->holder[2]);
	return 0;
}

static unsigned long tryget_live_held(struct counted *c)
{
	bool was_confirmed = atomic_read_acquire(&c->confirmed);
	bool took = REF(tryget_live_held)(&c->ref, &c->holder[0]);

	expect(c, is_as_live(c, was_confirmed, took));
	if (took)
		REF(put_held)(&c->ref, &c->holder[0]);
	return 0;
}

static const struct {
	unsigned long	(*take)(struct counted *c);
	bool		in_nmi;
} taking[] = {
	{ get, true },
	{ get_many, true },
	{ get_large, true },
	{ tryget, true },
	{ tryget_many, true },
	{ tryget_large, true },
	{ tryget_live, true },
	{ tryget_live_rcu, true },
	{ get_held },
	{ tryget_held },
	{ tryget_live_held },
};

/*
 * Functions that bring a counter into a state, and may wait. Context: process.
 */

/* The first get, and each first get of a second, makes the counter hot. */
static void heat_at_once(struct counted *c)
{
	expect(c, !REF(set_threshold)(&c->ref, 0));
}

static void heat(struct counted *c)
{
	heat_at_once(c);
	REF(get)(&c->ref);
	REF(put)(&c->ref);
	expect(c, becomes_true(look(c).mode == RS_PERCPU_REF_PERCPU));
}

/*
 * Hot, and probing for a second whether it still is. On a busy machine the scenario may miss
 * that second; then the counter is cold again, which is a state to test as well.
 */
static void heat_and_wait(struct counted *c)
{
	unsigned int hot_ms = set_parameter("dynamic_hot_ms", 500);

	heat_at_once(c);
	REF(get)(&c->ref);
	REF(put)(&c->ref);
	(void)becomes_true(look(c).mode == RS_PERCPU_REF_PERCPU);
	/* The mode is per-CPU a moment before hot_ms is read, so do not reset hot_ms yet. */
	expect(c, becomes_true(look(c).mode == RS_PERCPU_REF_ATOMIC));
	set_parameter("dynamic_hot_ms", hot_ms);
}

static void stay_cold(struct counted *c)
{
	expect(c, !REF(set_threshold)(&c->ref, UINT_MAX));
}

static void to_atomic(struct counted *c)
{
	REF(switch_to_atomic_sync)(&c->ref);
}

static void kill(struct counted *c)
{
	REF(get_many)(&c->ref, HELD);
	c->left += HELD;
	expect(c, REF(kill_and_confirm)(&c->ref, count_confirm));
	c->dying = true;
}

static void kill_and_wait(struct counted *c)
{
	kill(c);
	expect(c, becomes_true(atomic_read(&c->confirmed) == 1));
}

static void kill_and_put(struct counted *c)
{
	kill(c);
	REF(put_many)(&c->ref, c->left);
	c->left = 0;
	expect(c, becomes_true(atomic_read(&c->released) == 1));
}

static void end(struct counted *c)
{
	kill_and_put(c);
	REF(exit)(&c->ref);
}

/* The report would come after a minute. */
static void track(struct counted *c)
{
	expect(c, !REF(track)(&c->ref, "context", 60));
}

static void track_and_kill(struct counted *c)
{
	track(c);
	kill_and_wait(c);
}

static void track_what_would_heat(struct counted *c)
{
	heat_at_once(c);
	track(c);
}

/* The shortest-lived state comes last. */
static const struct state states[] = {
	{ "per-CPU" },
	{ "atomic from birth", RS_PERCPU_REF_INIT_ATOMIC },
	{ "switched to atomic", 0, to_atomic },
	{ "cold", RS_PERCPU_REF_DYNAMIC, stay_cold },
	{ "killed", 0, kill_and_wait },
	{ "killed, atomic", RS_PERCPU_REF_INIT_ATOMIC, kill_and_wait },
	{ "released", 0, kill_and_put, .released = true },
	{ "ended", 0, end, .released = true },
	{ "just heating", RS_PERCPU_REF_DYNAMIC, heat_at_once, .heats = true },
	{ "tracked", 0, track },
	{ "tracked from birth", RS_PERCPU_REF_INIT_TRACKED },
	{ "tracked and killed", 0, track_and_kill },
	{ "tracked, dynamic", RS_PERCPU_REF_DYNAMIC, track_what_would_heat },
	{ "being asked", RS_PERCPU_REF_DYNAMIC, heat_and_wait },
	{ "hot", RS_PERCPU_REF_DYNAMIC, heat },
	{ "being killed", 0, kill },
};

static void prepare_one(const struct state *state, unsigned int first)
{
	struct counted *c = &counters[counters_nr];
	unsigned int i;

	memset(c, 0, sizeof(*c));
	c->state = state;
	c->first = first;
	for (i = 0; i < HOLDERS; i++)
		rs_holder_init(&c->holder[i], "holder");
	if (!check(counters_nr < ARRAY_SIZE(counters)) ||
	    !expect(c, !REF(init)(&c->ref, count_release, state->flags, GFP_KERNEL)))
		return;
	counters_nr++;
	if (state->prepare)
		state->prepare(c);
}

static bool prepare(void)
{
	unsigned int i, first;

	counters_nr = 0;
	for (i = 0; i < ARRAY_SIZE(states); i++)
		for (first = 0; first < (states[i].heats ? ARRAY_SIZE(taking) : 1); first++)
			prepare_one(&states[i], first);
	return counters_nr == ARRAY_SIZE(states) - 1 + ARRAY_SIZE(taking);
}

static void use_released(struct counted *c)
{
	expect(c, !REF(tryget)(&c->ref));
	expect(c, !REF(tryget_many)(&c->ref, LARGE));
	expect(c, !REF(tryget_live)(&c->ref));
	expect(c, REF(is_zero)(&c->ref));
	if (in_nmi())
		return;
	expect(c, !REF(tryget_held)(&c->ref, &c->holder[0]));
	expect(c, !REF(kill)(&c->ref));
}

static void use_one(struct counted *c)
{
	unsigned int i;

	if (c->state->released) {
		use_released(c);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(taking); i++) {
		unsigned int op = (c->first + i) % ARRAY_SIZE(taking);

		if (taking[op].in_nmi || !in_nmi())
			c->left += taking[op].take(c);
	}
	expect(c, !REF(is_zero)(&c->ref));
	expect(c, REF(is_dying)(&c->ref) == c->dying);
	REF(put)(&c->ref);
	REF(put_many)(&c->ref, 2);
	REF(put_many)(&c->ref, LARGE);
	c->left -= 3 + LARGE;
	/* A heated counter must be seen as hot; kill is not for NMIs. */
	c->heated = c->state->heats;
	if (c->heated || in_nmi())
		return;
	expect(c, REF(kill_and_confirm)(&c->ref, count_confirm) == !c->dying);
	c->dying = true;
	/* These may be the last, and release() is called here. */
	REF(put_many)(&c->ref, c->left);
	c->left = 0;
}

static void use(void)
{
	unsigned int i;

	for (i = 0; i < counters_nr; i++)
		use_one(&counters[i]);
}

static void conclude_one(struct counted *c)
{
	if (!c->dying)
		kill(c);
	expect(c, becomes_true(look(c).mode == RS_PERCPU_REF_ATOMIC));
	expect(c, look(c).count == c->left);
	expect(c, !look(c).saturated);
	if (c->left)
		REF(put_many)(&c->ref, c->left);
	expect(c, becomes_true(atomic_read(&c->released)));
	REF(exit)(&c->ref);
	/* A caller of release() is an RCU reader. */
	synchronize_rcu();
	expect(c, atomic_read(&c->released) == 1);
	expect(c, atomic_read(&c->confirmed) == 1);
}

static void conclude(void)
{
	unsigned int i;

	/* Check soon, because the counter probes later whether it is still hot. */
	for (i = 0; i < counters_nr; i++)
		if (counters[i].heated)
			expect(&counters[i],
			       becomes_true(look(&counters[i]).mode == RS_PERCPU_REF_PERCPU));
	for (i = 0; i < counters_nr; i++)
		conclude_one(&counters[i]);
}

const struct context_kind REF_KIND = {
	.prepare	= prepare,
	.use		= use,
	.conclude	= conclude,
};
