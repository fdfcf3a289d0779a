// SPDX-License-Identifier: GPL-2.0
/* Modes of the per-CPU counters: atomic, per-CPU, dead, and back again. */
#include <stdio.h>
#include <string.h>

#include <kselftest_harness.h>

#include "refstorm.h"

FIXTURE(modes) {
	struct rs_mark mark;
	long long events;
};

FIXTURE_VARIANT(modes) {
	const char *name;
};

FIXTURE_VARIANT_ADD(modes, percpu_ref) { .name = "percpu_ref" };
FIXTURE_VARIANT_ADD(modes, rs_percpu_ref) { .name = "rs_percpu_ref" };
FIXTURE_VARIANT_ADD(modes, rs_percpu_ref_two_stage) { .name = "rs_percpu_ref_two_stage" };
FIXTURE_VARIANT_ADD(modes, rs_percpu_ref_dynamic) { .name = "rs_percpu_ref_dynamic" };
FIXTURE_VARIANT_ADD(modes, rs_sealed_ref) { .name = "rs_sealed_ref" };
FIXTURE_VARIANT_ADD(modes, rs_sealed_ref_dynamic) { .name = "rs_sealed_ref_dynamic" };
FIXTURE_VARIANT_ADD(modes, rs_sealed_ref_generic) { .name = "rs_sealed_ref_generic" };
FIXTURE_VARIANT_ADD(modes, cxx_sealed_ref) { .name = "cxx_sealed_ref" };

FIXTURE_SETUP(modes)
{
	self->mark = rs_begin();
	self->events = rs_events_mark();
}

FIXTURE_TEARDOWN(modes)
{
	rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

static const char *row(const char *key)
{
	return rs_value(rs_row("objects", "object", "t"), key);
}

/* The mode of one that is not told to be atomic. */
static const char *open_mode(const char *name)
{
	return strstr(name, "dynamic") ? "atomic" : "percpu";
}

static const char *create(const char *name, const char *how)
{
	return rs_result("create t %s %s", name, how);
}

TEST_F(modes, switching_to_atomic_keeps_every_reference_and_the_counter_alive)
{
	ASSERT_STREQ("done", create(variant->name, "reinit=1"));
	EXPECT_STREQ("done", rs_result("get t 5"));
	EXPECT_STREQ("done", rs_result("switch_to_atomic t"));
	EXPECT_STREQ("atomic", row("mode"));
	EXPECT_STREQ("6", row("count"));
	EXPECT_STREQ("0", row("dying"));
	EXPECT_STREQ("true", rs_result("tryget_live t"));
	EXPECT_STREQ("done", rs_result("put t 6"));
	EXPECT_STREQ("1", row("count"));
	EXPECT_STREQ("0", row("released"));
}

TEST_F(modes, switching_twice_is_switching_once)
{
	ASSERT_STREQ("done", create(variant->name, "reinit=1"));
	EXPECT_STREQ("done", rs_result("switch_to_atomic t"));
	EXPECT_STREQ("done", rs_result("switch_to_atomic t"));
	EXPECT_STREQ("1", row("count"));
	EXPECT_STREQ("done", rs_result("switch_to_percpu t"));
	EXPECT_STREQ("done", rs_result("switch_to_percpu t"));
	EXPECT_STREQ(open_mode(variant->name), row("mode"));
	EXPECT_STREQ("done", rs_result("switch_to_atomic t"));
	EXPECT_STREQ("1", row("count"));
}

TEST_F(modes, references_survive_the_way_there_and_back)
{
	int i;

	ASSERT_STREQ("done", create(variant->name, "reinit=1"));
	for (i = 0; i < 5; i++) {
		EXPECT_STREQ("done", rs_result("get t 3"));
		EXPECT_STREQ("done", rs_result("switch_to_atomic t"));
		EXPECT_STREQ("done", rs_result("put t"));
		EXPECT_STREQ("done", rs_result("switch_to_percpu t"));
		EXPECT_STREQ(open_mode(variant->name), row("mode"));
	}
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("done", rs_result("put t 9"));
	EXPECT_STRNE("done", rs_result("wait t ms=100"));
	EXPECT_STREQ("1", row("count"));
	EXPECT_STREQ("done", rs_result("put t"));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_EQ(1, rs_events_count(self->events, "object:t", "release"));
}

TEST_F(modes, one_that_begins_atomic_stays_so_until_told)
{
	ASSERT_STREQ("done", create(variant->name, "mode=atomic"));
	EXPECT_STREQ("atomic", row("mode"));
	EXPECT_STREQ("1", row("count"));
	EXPECT_STREQ("done", rs_result("get t"));
	EXPECT_STREQ("2", row("count"));
	EXPECT_STREQ("done", rs_result("switch_to_percpu t"));
	EXPECT_STREQ(open_mode(variant->name), row("mode"));
}

TEST_F(modes, an_atomic_one_is_released_by_the_kill_itself)
{
	ASSERT_STREQ("done", create(variant->name, "mode=atomic"));
	EXPECT_STREQ("true", rs_result("kill t confirm=1"));
	EXPECT_STREQ("1", row("confirmed"));
	EXPECT_STREQ("1", row("released"));
}

TEST_F(modes, one_that_begins_dead_gives_no_reference_until_it_is_reinitialised)
{
	ASSERT_STREQ("done", create(variant->name, "mode=dead"));
	EXPECT_STREQ("1", row("dying"));
	EXPECT_STREQ("0", row("count"));
	EXPECT_STREQ("1", row("zero"));
	EXPECT_STREQ("false", rs_result("tryget t"));
	EXPECT_STREQ("false", rs_result("tryget_live t"));
	EXPECT_STREQ("done", rs_result("reinit t"));
	EXPECT_STREQ("0", row("dying"));
	EXPECT_STREQ(open_mode(variant->name), row("mode"));
	EXPECT_STREQ("true", rs_result("tryget_live t"));
}

TEST_F(modes, reinit_begins_a_whole_life_anew)
{
	char expected[8];
	int life;

	ASSERT_STREQ("done", create(variant->name, "reinit=1"));
	for (life = 1; life <= 3; life++) {
		EXPECT_STREQ("done", rs_result("get t 2"));
		EXPECT_STREQ("true", rs_result("kill t confirm=1"));
		EXPECT_STREQ("done", rs_result("put t 2"));
		EXPECT_STREQ("done", rs_result("wait t"));
		snprintf(expected, sizeof(expected), "%d", life);
		EXPECT_STREQ(expected, row("released"));
		EXPECT_STREQ(expected, row("confirmed"));
		EXPECT_STREQ("false", rs_result("tryget_live t"));
		EXPECT_STREQ("done", rs_result("reinit t"));
		EXPECT_STREQ("live", row("state"));
		EXPECT_STREQ("true", rs_result("tryget_live t"));
		EXPECT_STREQ("done", rs_result("put t"));
	}
}

TEST_F(modes, resurrection_takes_back_a_kill_at_once)
{
	ASSERT_STREQ("done", create(variant->name, "reinit=1"));
	EXPECT_STREQ("done", rs_result("get t"));
	/* The switch of the kill is still under way. */
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("done", rs_result("resurrect t"));
	EXPECT_STREQ("live", row("state"));
	EXPECT_STREQ("0", row("dying"));
	EXPECT_STREQ(open_mode(variant->name), row("mode"));
	EXPECT_STREQ("done", rs_result("switch_to_atomic t"));
	EXPECT_STREQ("2", row("count"));
	EXPECT_STREQ("0", row("released"));
	EXPECT_STREQ("done", rs_result("put t"));
	EXPECT_STREQ("0", row("released"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_STREQ("1", row("released"));
}

TEST_F(modes, an_atomic_wish_outlives_kill_and_resurrection)
{
	ASSERT_STREQ("done", create(variant->name, "reinit=1"));
	EXPECT_STREQ("done", rs_result("get t"));
	EXPECT_STREQ("done", rs_result("switch_to_atomic t"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("1", row("count"));
	EXPECT_STREQ("done", rs_result("resurrect t"));
	EXPECT_STREQ("atomic", row("mode"));
	EXPECT_STREQ("2", row("count"));
}

TEST_F(modes, switching_to_percpu_while_dying_comes_true_with_resurrection)
{
	ASSERT_STREQ("done", create(variant->name, "mode=atomic"));
	EXPECT_STREQ("done", rs_result("get t"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("done", rs_result("switch_to_percpu t"));
	EXPECT_STREQ("atomic", row("mode"));
	EXPECT_STREQ("done", rs_result("resurrect t"));
	EXPECT_STREQ(open_mode(variant->name), row("mode"));
}

TEST_F(modes, what_the_object_may_not_do_is_refused)
{
	ASSERT_STREQ("done", create(variant->name, ""));
	EXPECT_STREQ("refused: EOPNOTSUPP", rs_result("switch_to_atomic t"));
	EXPECT_STREQ("refused: EOPNOTSUPP", rs_result("reinit t"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("refused: EOPNOTSUPP", rs_result("resurrect t"));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_STREQ("done", rs_result("destroy t"));

	ASSERT_STREQ("done", create(variant->name, "reinit=1"));
	EXPECT_STREQ("refused: EBUSY", rs_result("resurrect t"));
	EXPECT_STREQ("refused: EBUSY", rs_result("reinit t"));
	EXPECT_STREQ("done", rs_result("get t"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("refused: EBUSY", rs_result("reinit t"));
	EXPECT_STREQ("done", rs_result("put t"));
	EXPECT_STREQ("refused: EPERM", rs_result("resurrect t"));
}

FIXTURE(modeless) {
	struct rs_mark mark;
};

FIXTURE_SETUP(modeless)
{
	self->mark = rs_begin();
}

FIXTURE_TEARDOWN(modeless)
{
	rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

TEST_F(modeless, a_counter_without_modes_has_no_such_commands)
{
	EXPECT_STREQ("refused: EOPNOTSUPP", create("rs_refcount", "mode=atomic"));
	EXPECT_STREQ("refused: EOPNOTSUPP", create("rs_kref", "reinit=1"));
	ASSERT_STREQ("done", create("rs_refcount", ""));
	EXPECT_STREQ("refused: EOPNOTSUPP", rs_result("switch_to_atomic t"));
	EXPECT_STREQ("refused: EOPNOTSUPP", rs_result("switch_to_percpu t"));
	EXPECT_STREQ("refused: EOPNOTSUPP", rs_result("reinit t"));
	EXPECT_STREQ("refused: EOPNOTSUPP", rs_result("resurrect t"));
}

TEST_HARNESS_MAIN
