// SPDX-License-Identifier: GPL-2.0
/* Storms with adversaries: other lives, early ends, switchers, many objects, hotplug, kprobes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "refstorm.h"

RS_FIXTURE(storm, 2)

FIXTURE_VARIANT(storm) {
	const char *name;
	bool percpu;
	bool saturates;
};

#define VARIANT(...) RS_VARIANT(storm, __VA_ARGS__)
RS_PROVIDERS(VARIANT)

/* What the provider supports: the value of a column of its row. */
static const char *stands(const char *provider, const char *column)
{
	return rs_value(rs_row("providers", "provider", provider), column);
}

TEST_F(storm, of_all_lives_and_ends_that_the_counter_has_holds)
{
	bool returns = !strcmp(stands(variant->name, "lives"), "all");
	bool early = !strcmp(stands(variant->name, "ends"), "all");
	char lives[64], ends[64], kills[64];
	const char *row;

	EXPECT_EQ(variant->percpu, returns);
	snprintf(lives, sizeof(lives), "%s", stands(variant->name, "lives"));
	snprintf(ends, sizeof(ends), "%s", stands(variant->name, "ends"));
	snprintf(kills, sizeof(kills), "%s", stands(variant->name, "kill_contexts"));
	row = rs_storm_run("provider=%s ms=600 killers=6 memory=freed switchers=%d %s%s %s%s %s%s",
			   variant->name, returns ? 2 : 0, "lives=", lives, "ends=", ends,
			   "kill_contexts=", kills);
	ASSERT_STRNE("", row);
	TH_LOG("%s", row);
	EXPECT_STREQ("held", rs_value(row, "verdict"));
	EXPECT_EQ(rs_number(row, "kills"),
		  rs_number(row, "releases") + rs_number(row, "resurrections"));
	EXPECT_EQ(returns, rs_number(row, "resurrections") + rs_number(row, "reinits") > 0);
	EXPECT_EQ(returns, rs_number(row, "switches") > 0);
	EXPECT_EQ(early, rs_number(row, "early_ends") > 0);
}

/*
 * Dynamic counters check at once whether they are still hot, so that an exit now and then meets
 * a switch that the test did not request.
 */
TEST_F(storm, of_counters_that_are_ended_alive_holds)
{
	static const char * const storms[] = {
		"pattern=ends-alive life_us=100", "ends=alive killers=4",
	};
	const char *threshold, *hot_ms, *row;
	long long id;
	size_t i;

	threshold = rs_parameter("dynamic_threshold", "16");
	hot_ms = rs_parameter("dynamic_hot_ms", "0");
	for (i = 0; i < ARRAY_SIZE(storms); i++) {
		id = rs_storm("provider=%s ms=700 memory=freed %s", variant->name, storms[i]);
		EXPECT_EQ(variant->percpu ? 1 : -EOPNOTSUPP, id > 0 ? 1 : id);
		if (id < 0)
			continue;
		row = rs_storm_wait(id);
		TH_LOG("%s", row);
		EXPECT_STREQ("held", rs_value(row, "verdict"));
		EXPECT_LT(0, rs_number(row, "alive_ends"));
		EXPECT_EQ(0, rs_number(row, "kills"));
		EXPECT_EQ(0, rs_number(row, "releases"));
	}
	rs_parameter("dynamic_hot_ms", hot_ms);
	rs_parameter("dynamic_threshold", threshold);
}

TEST_F(storm, of_what_the_counter_has_not_is_refused)
{
	static const char * const wishes[][2] = {
		{ "lives", "reinit" }, { "lives", "resurrect" }, { "ends", "release" },
		{ "ends", "zero" }, { "ends", "alive" }, { "kill_contexts", "hardirq" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wishes); i++) {
		const char *all = stands(variant->name, wishes[i][0]);
		bool has = !strcmp(all, "all") || strstr(all, wishes[i][1]);

		EXPECT_EQ(has ? 0 : EOPNOTSUPP,
			  rs_try("storm provider=%s ms=10 %s=%s", variant->name,
				 wishes[i][0], wishes[i][1])) {
			TH_LOG("%s=%s", wishes[i][0], wishes[i][1]);
		}
	}
	EXPECT_EQ(variant->percpu ? 0 : EOPNOTSUPP,
		  rs_try("storm provider=%s ms=10 switchers=1", variant->name));
	EXPECT_EQ(EOPNOTSUPP, rs_try("storm provider=%s ms=10 pattern=ends-alive contexts=hardirq",
				     variant->name));
	EXPECT_EQ(EOPNOTSUPP, rs_try("storm provider=%s ms=10 pattern=ends-alive objects=2",
				     variant->name));
	EXPECT_EQ(0, rs_try("stop all"));
	while (rs_status("storms"))
		rs_sleep_ms(10);
}

RS_FIXTURE(adversary, 2)

/* Wait until a number of a running storm is above @least; false if it never is. */
static bool storm_exceeds(long long id, const char *key, long long least)
{
	long long end = rs_now_ms() + RS_PATIENCE_MS;

	while (rs_number(rs_storm_row(id), key) <= least) {
		if (rs_now_ms() > end)
			return false;
		rs_sleep_ms(20);
	}
	return true;
}

TEST_F(adversary, crowd_of_ten_thousand_objects_is_killed_in_overlapping_waves)
{
	static const char * const providers[] = { "kref", "percpu_ref", "rs_percpu_ref" };
	const char *row;
	long long id;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(providers); i++) {
		id = rs_storm("provider=%s ms=120000 objects=5000 memory=freed", providers[i]);
		ASSERT_LT(0, id);
		/* More than a wave of each half of them: others live where these were. */
		EXPECT_TRUE(storm_exceeds(id, "kills", 6000));
		EXPECT_EQ(0, rs_try("stop %lld", id));
		row = rs_storm_wait(id);
		ASSERT_STRNE("", row);
		TH_LOG("%s", row);
		EXPECT_STREQ("-", rs_value(row, "invariant"));
		EXPECT_EQ(rs_number(row, "kills"), rs_number(row, "releases"));
		/* All of them at the end. */
		EXPECT_LE(11000, rs_number(row, "kills"));
	}
}

/* Wait until the workers of a storm with gust_ms rest: no operation for 200 ms. */
static bool storm_calms(long long id)
{
	long long since = rs_now_ms(), end = since + RS_PATIENCE_MS, before = 0, now;

	while (rs_now_ms() - since < 200) {
		now = rs_number(rs_storm_row(id), "operations");
		if (now != before || !now)
			since = rs_now_ms();
		before = now;
		if (since > end)
			return false;
		rs_sleep_ms(20);
	}
	return true;
}

TEST_F(adversary, gusts_come_and_between_them_nobody_does_anything)
{
	long long id = rs_storm("provider=rs_percpu_ref_dynamic ms=120000 gust_ms=400");
	unsigned int i;
	const char *row;

	ASSERT_LT(0, id);
	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(storm_calms(id));
		ASSERT_TRUE(storm_exceeds(id, "operations",
					  rs_number(rs_storm_row(id), "operations")));
	}
	EXPECT_EQ(0, rs_try("stop %lld", id));
	row = rs_storm_wait(id);
	TH_LOG("%s", row);
	EXPECT_STREQ("stopped", rs_value(row, "verdict"));
	EXPECT_EQ(rs_number(row, "kills"), rs_number(row, "releases"));
}

TEST_F(adversary, crowd_that_is_too_large_or_lives_on_is_refused)
{
	EXPECT_EQ(ENOSPC, rs_try("storm provider=kref killers=4 objects=4097"));
	EXPECT_EQ(EINVAL, rs_try("storm provider=rs_percpu_ref objects=2 lives=all"));
	EXPECT_EQ(ENOSPC, rs_try("storm provider=kref killers=16 hotplug=1"));
}

TEST_F(adversary, callback_of_cpu_hotplug_kills_and_waits)
{
	static const char * const providers[] = { "percpu_ref", "rs_percpu_ref" };
	const char *row;
	long long id;
	size_t i;

	if (!rs_set_cpu_online(1, true))
		SKIP(return, "CPU 1 cannot go offline here");
	for (i = 0; i < ARRAY_SIZE(providers); i++) {
		/* Few workers, so that CPUs change state fast. */
		id = rs_storm("provider=%s ms=60000 hotplug=1 duty=20", providers[i]);
		ASSERT_LT(0, id);
		EXPECT_EQ(EBUSY, rs_try("storm provider=kref hotplug=1"));
		EXPECT_TRUE(rs_set_cpu_online(1, false));
		EXPECT_TRUE(rs_set_cpu_online(1, true));
		EXPECT_EQ(0, rs_try("stop %lld", id));
		row = rs_storm_wait(id);
		TH_LOG("%s", row);
		EXPECT_STREQ("stopped", rs_value(row, "verdict"));
		/* One kill in each of the two states, for a CPU that goes and one that comes. */
		EXPECT_EQ(4, rs_number(row, "hotplug_kills"));
		EXPECT_EQ(rs_number(row, "kills"), rs_number(row, "releases"));
	}
}

/* It keeps all CPUs from coming and going, so its object must not live as long as the storm. */
TEST_F(adversary, callback_of_cpu_hotplug_ends_though_kills_are_taken_back)
{
	const char *row;
	long long id;

	if (!rs_set_cpu_online(1, true))
		SKIP(return, "CPU 1 cannot go offline here");
	id = rs_storm("provider=rs_sealed_ref ms=60000 hotplug=1 duty=20 lives=resurrect");
	ASSERT_LT(0, id);
	EXPECT_TRUE(rs_set_cpu_online(1, false));
	EXPECT_TRUE(rs_set_cpu_online(1, true));
	EXPECT_EQ(0, rs_try("stop %lld", id));
	row = rs_storm_wait(id);
	TH_LOG("%s", row);
	EXPECT_STREQ("stopped", rs_value(row, "verdict"));
	EXPECT_LT(0, rs_number(row, "resurrections"));
	EXPECT_LE(4, rs_number(row, "hotplug_kills"));
}

/*
 * A round that has to wait for the next jiffy does so on some CPU, and so does what a round
 * has left to do in softirq. That may be the CPU that goes: it runs nothing any more when a
 * callback for dead CPUs kills and waits.
 */
TEST_F(adversary, round_that_a_cpu_takes_with_it_holds_up_no_kill)
{
	const char *limit, *row;
	unsigned int round;
	long long id;

	if (!rs_set_cpu_online(1, true))
		SKIP(return, "CPU 1 cannot go offline here");
	limit = rs_parameter("sealed_rounds_per_jiffy", "1");
	ASSERT_STRNE("", limit);
	id = rs_storm("provider=rs_sealed_ref ms=120000 hotplug=1 duty=20 killers=6 %s",
		      "life_us=300 bound_ms=5000");
	ASSERT_LT(0, id);
	for (round = 0; round < 40; round++) {
		unsigned int cpu = 1 + round % (rs_cpus() - 1);

		if (strcmp("-", rs_value(rs_storm_row(id), "verdict")))
			break;
		rs_set_cpu_online(cpu, false);
		rs_set_cpu_online(cpu, true);
	}
	rs_try("stop %lld", id);
	row = rs_storm_wait(id);
	rs_parameter("sealed_rounds_per_jiffy", limit);
	TH_LOG("%s", row);
	EXPECT_STREQ("stopped", rs_value(row, "verdict"));
	EXPECT_EQ(40, round);
	EXPECT_LE(160, rs_number(row, "hotplug_kills"));
}

TEST_F(adversary, hotplug_storm_in_which_no_cpu_moved_proves_nothing)
{
	const char *row = rs_storm_run("provider=rs_percpu_ref ms=400 hotplug=1");

	EXPECT_STREQ("unproven", rs_value(row, "verdict"));
	EXPECT_STREQ("no CPU came or went", rs_value(row, "detail"));
}

TEST_F(adversary, kprobes_are_met_in_the_fast_path)
{
	struct rs_answer answer;
	const char *row;
	long long id;

	answer = rs_run("storm provider=rs_percpu_ref ms=600 kprobes=1");
	if (answer.err == EOPNOTSUPP)
		SKIP(return, "this kernel has no kprobes");
	ASSERT_EQ(0, answer.err) {
		TH_LOG("%s", answer.error);
	}
	id = rs_number(answer.result, "storm");
	EXPECT_EQ(EBUSY, rs_try("storm provider=kref kprobes=1"));
	row = rs_storm_wait(id);
	TH_LOG("%s", row);
	EXPECT_STREQ("held", rs_value(row, "verdict"));
	EXPECT_LT(0, rs_number(row, "probes"));
}

/*
 * kprobes removes a breakpoint from the code with its lock held, after it waited for every
 * task to sleep. Busy threads must not delay that: the end of their storm needs storms_lock,
 * which the command that sets the next breakpoints holds.
 */
TEST_F(adversary, kprobes_are_set_while_busy_storms_end)
{
	unsigned int round;
	long long id, probed;
	const char *row;

	for (round = 0; round < 4; round++) {
		struct rs_answer answer;

		answer = rs_run("storm provider=kref ms=20 kprobes=1");
		if (answer.err == EOPNOTSUPP)
			SKIP(return, "this kernel has no kprobes");
		ASSERT_EQ(0, answer.err) {
			TH_LOG("%s", answer.error);
		}
		rs_storm_wait(rs_number(answer.result, "storm"));
		id = rs_storm("provider=kref ms=300 contexts=pinned duty=100");
		ASSERT_LT(0, id);
		rs_sleep_ms(20 * round);
		probed = rs_storm("provider=kref ms=20 kprobes=1");
		EXPECT_LT(0, probed);
		row = rs_storm_wait(id);
		EXPECT_STREQ("done", rs_value(row, "state"));
		/* Only one storm at a time has kprobes: not the next round before this one. */
		rs_storm_wait(probed);
	}
}

TEST_HARNESS_MAIN
