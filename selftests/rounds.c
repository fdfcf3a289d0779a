// SPDX-License-Identifier: GPL-2.0
/*
 * The rounds in which slots are sealed: how many may begin, how much one can hold, and how the
 * memory comes back.
 */
#include <kselftest_harness.h>

#include "refstorm.h"

#define LIMIT "sealed_rounds_per_jiffy"
/* More counts than a round seals in its first interrupts. */
#define MANY 10000

FIXTURE(rounds) {
	struct rs_mark mark;
	const char *limit;
};

FIXTURE_SETUP(rounds)
{
	self->mark = rs_begin();
	self->limit = rs_parameter(LIMIT, "1");
	ASSERT_STRNE("", self->limit);
}

FIXTURE_TEARDOWN(rounds)
{
	rs_set_other_cpus_online(true);
	rs_parameter(LIMIT, self->limit);
	if (!rs_test_passed(_metadata))
		rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

/*
 * On one CPU a round is over before the next kill, so that each kill has one, unless it has to
 * wait. A jiffy is a millisecond or longer.
 */
static void expect_one_in_a_jiffy(struct __test_metadata *_metadata)
{
	const char *row;

	ASSERT_EQ(0, rs_try("bench_kill provider=rs_sealed_ref refs=1000 batches=1"));
	row = rs_row("bench", "kill", "release");
	EXPECT_EQ(1000, rs_number(row, "samples"));
	EXPECT_LE(1, rs_number(row, "rounds"));
	EXPECT_GE(rs_number(row, "total_ns") / 1000000 + 2, rs_number(row, "rounds")) {
		TH_LOG("%s", row);
	}
}

TEST_F(rounds, of_which_one_may_begin_in_a_jiffy_are_no_more)
{
	if (!rs_set_other_cpus_online(false))
		SKIP(return, "CPUs cannot be taken offline");
	expect_one_in_a_jiffy(_metadata);
	/* None would hold up kills for ever. */
	EXPECT_STREQ("1", rs_parameter(LIMIT, "0"));
	expect_one_in_a_jiffy(_metadata);
}

static void kill_many(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, rs_try("bench_kill provider=rs_sealed_ref refs=%d batches=1 from=all", MANY));
	EXPECT_EQ(MANY, rs_number(rs_row("bench", "kill", "release"), "samples"));
}

TEST_F(rounds, that_had_to_wait_seal_all_that_was_killed_meanwhile)
{
	kill_many(_metadata);
}

TEST_F(rounds, seal_what_absent_cpus_have_too)
{
	if (!rs_set_other_cpus_online(false) || !rs_set_cpu_online(1, true))
		SKIP(return, "CPUs cannot be taken offline");
	kill_many(_metadata);
}

TEST_F(rounds, interrupt_no_cpu_that_has_not_used_the_counter)
{
	const char *row;

	rs_parameter(LIMIT, self->limit);
	ASSERT_EQ(0, rs_try("bench_kill provider=rs_sealed_ref batches=100"));
	row = rs_row("bench", "kill", "release");
	EXPECT_EQ(100, rs_number(row, "rounds"));
	EXPECT_EQ(0, rs_number(row, "interrupts")) {
		TH_LOG("%s", row);
	}
}

/* Those of one batch while the next takes them out of the pool; KCSAN looks on. */
TEST_F(rounds, give_blocks_back_while_others_are_taken)
{
	unsigned int i;

	rs_parameter(LIMIT, self->limit);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, rs_try("bench_kill provider=rs_sealed_ref refs=10000 batches=1"));
}

TEST_HARNESS_MAIN
