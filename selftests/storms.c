// SPDX-License-Identifier: GPL-2.0
/* A storm over each provider: its verdict, and what its row says of it. */
#include <stdio.h>
#include <string.h>

#include <kselftest_harness.h>

#include "refstorm.h"

RS_FIXTURE(storm, 1)

FIXTURE_VARIANT(storm) {
	const char *name;
	bool percpu;
	bool saturates;
};

#define VARIANT(...) RS_VARIANT(storm, __VA_ARGS__)
RS_PROVIDERS(VARIANT)

TEST_F(storm, holds_every_invariant_while_operations_overlap_kills)
{
	const char *row;

	if (rs_cpus() < 2)
		SKIP(return, "needs 2 CPUs");
	row = rs_storm_run("provider=%s ms=1000 seed=%d", variant->name, 20260701);
	ASSERT_STRNE("", row);
	TH_LOG("%s", row);

	EXPECT_STREQ("held", rs_value(row, "verdict"));
	EXPECT_STREQ("-", rs_value(row, "invariant"));
	EXPECT_STREQ("-", rs_value(row, "detail"));
	EXPECT_STREQ(variant->name, rs_value(row, "provider"));
	EXPECT_STREQ("lifecycle", rs_value(row, "pattern"));
	EXPECT_EQ(20260701, rs_number(row, "seed"));
	EXPECT_EQ((long long)rs_cpus(), rs_number(row, "workers"));
	EXPECT_EQ((long long)rs_cpus(), rs_number(row, "cpus"));
	EXPECT_EQ(2, rs_number(row, "killers"));
	EXPECT_LE(1000, rs_number(row, "elapsed_ms"));
	EXPECT_LT(0, rs_number(row, "kills"));
	EXPECT_EQ(rs_number(row, "kills"), rs_number(row, "releases"));
	EXPECT_LT(0, rs_number(row, "overlapped_kills"));
	EXPECT_GE(rs_number(row, "kills"), rs_number(row, "overlapped_kills"));
	EXPECT_LT(0, rs_number(row, "overlap_operations"));
	EXPECT_GT(rs_number(row, "operations"), rs_number(row, "overlap_operations"));
	if (variant->percpu) {
		EXPECT_LT(0, rs_number(row, "confirms"));
		EXPECT_GT(rs_number(row, "kills"), rs_number(row, "confirms"));
	} else {
		EXPECT_EQ(0, rs_number(row, "confirms"));
	}
	EXPECT_LT(0, rs_number(row, "release_min_ns"));
	EXPECT_LE(rs_number(row, "release_min_ns"), rs_number(row, "release_median_ns"));
	EXPECT_LE(rs_number(row, "release_median_ns"), rs_number(row, "release_p99_ns"));
	EXPECT_LE(rs_number(row, "release_p99_ns"), rs_number(row, "release_max_ns"));
}

TEST_F(storm, in_every_context_holds_and_really_ran_there)
{
	const char *row;

	if (rs_cpus() < 2)
		SKIP(return, "needs 2 CPUs");
	row = rs_row("providers", "provider", variant->name);
	row = rs_storm_run("provider=%s ms=400 contexts=all kill_contexts=%s delay=10",
			   variant->name, rs_value(row, "kill_contexts"));
	ASSERT_STRNE("", row);
	TH_LOG("%s", row);
	EXPECT_STREQ("held", rs_value(row, "verdict"));
	EXPECT_STREQ("all", rs_value(row, "contexts"));
	EXPECT_EQ(6LL * rs_cpus(), rs_number(row, "workers"));
	EXPECT_LT(0, rs_number(row, "softirq_operations"));
	EXPECT_LT(0, rs_number(row, "hardirq_operations"));
	EXPECT_LT(rs_number(row, "softirq_operations") + rs_number(row, "hardirq_operations"),
		  rs_number(row, "operations"));
}

TEST_F(storm, of_one_worker_and_one_killer_breaks_nothing)
{
	const char *row;

	row = rs_storm_run("provider=%s ms=200 workers=1 killers=1", variant->name);
	ASSERT_STRNE("", row);
	/* Whether the killer ever ran on another CPU is the scheduler's affair. */
	EXPECT_TRUE(!strcmp("held", rs_value(row, "verdict")) ||
		    !strcmp("unproven", rs_value(row, "verdict"))) {
		TH_LOG("%s", row);
	}
	EXPECT_LT(0, rs_number(row, "kills"));
	EXPECT_EQ(rs_number(row, "kills"), rs_number(row, "releases"));
}

TEST_F(storm, with_many_killers_and_workers_holds_as_well)
{
	const char *row;

	if (rs_cpus() < 2)
		SKIP(return, "needs 2 CPUs");
	row = rs_storm_run("provider=%s ms=400 workers=%u killers=16", variant->name,
			   2 * rs_cpus());
	ASSERT_STRNE("", row);
	EXPECT_STREQ("held", rs_value(row, "verdict")) {
		TH_LOG("%s", row);
	}
	EXPECT_EQ(16, rs_number(row, "killers"));
	EXPECT_EQ(2 * rs_cpus(), rs_number(row, "workers"));
	EXPECT_LT(15, rs_number(row, "kills"));
	EXPECT_EQ(rs_number(row, "kills"), rs_number(row, "releases"));
}

TEST_HARNESS_MAIN
