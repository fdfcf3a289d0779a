// SPDX-License-Identifier: GPL-2.0
/* rs_percpu_ref_dynamic: per-CPU memory only while it is hot. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "refstorm.h"

FIXTURE(dynamic) {
	struct rs_mark mark;
	long long slots;	/* outstanding before */
	long long events;
	const char *hot_ms;
};

static long long slots_number(const char *key)
{
	return rs_number(rs_row("alloc", "site", "percpu_ref_slots"), key);
}

static long long slots(void)
{
	return slots_number("outstanding");
}

static const char *row(const char *key)
{
	return rs_value(rs_row("objects", "object", "t"), key);
}

FIXTURE_SETUP(dynamic)
{
	self->hot_ms = rs_parameter("dynamic_hot_ms", "200");
	ASSERT_STRNE("", self->hot_ms);
	self->mark = rs_begin();
	self->slots = slots();
	self->events = rs_events_mark();
	ASSERT_STREQ("done", rs_result("create t rs_percpu_ref_dynamic"));
}

FIXTURE_TEARDOWN(dynamic)
{
	rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
	EXPECT_EQ(self->slots, slots());
	rs_parameter("dynamic_hot_ms", self->hot_ms);
}

static bool mode_becomes(const char *mode, unsigned int ms)
{
	long long end = rs_now_ms() + ms;

	while (strcmp(row("mode"), mode)) {
		if (rs_now_ms() > end)
			return false;
		rs_sleep_ms(10);
	}
	return true;
}

/* All is dropped, and released once. */
static void expect_one_release(struct __test_metadata *_metadata, long long events)
{
	EXPECT_STREQ("done", rs_result("put t %s", row("held")));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_STREQ("1", row("released"));
	EXPECT_EQ(1, rs_events_count(events, "object:t", "release"));
}

TEST_F(dynamic, a_cold_one_holds_no_per_cpu_memory)
{
	EXPECT_STREQ("atomic", row("mode"));
	EXPECT_STREQ("done", rs_result("get t 4000"));
	rs_sleep_ms(300);
	EXPECT_STREQ("atomic", row("mode"));
	EXPECT_STREQ("4001", row("count"));
	EXPECT_EQ(self->slots, slots());
	EXPECT_STREQ("true", rs_result("kill t confirm=1"));
	EXPECT_STREQ("1", row("confirmed"));
	expect_one_release(_metadata, self->events);
}

TEST_F(dynamic, a_hot_one_gets_slots_and_gives_them_back_when_cold)
{
	int patience;

	EXPECT_STREQ("done", rs_result("get t 5000"));
	EXPECT_TRUE(mode_becomes("percpu", RS_PATIENCE_MS));
	EXPECT_EQ(self->slots + 1, slots());
	EXPECT_STREQ("done", rs_result("put t 1000"));
	EXPECT_STREQ("done", rs_result("get t 10"));
	/* Hot for 200 ms, then asked for a second. */
	EXPECT_TRUE(mode_becomes("atomic", RS_PATIENCE_MS));
	EXPECT_STREQ("4011", row("count"));
	EXPECT_EQ(0, rs_events_count(self->events, "object:t", "release"));
	/* A probing counter is atomic, too; its slots are freed once it is found cold. */
	for (patience = 200; slots() != self->slots && patience; patience--)
		rs_sleep_ms(20);
	EXPECT_EQ(self->slots, slots());
	EXPECT_STREQ("4011", row("count"));
	EXPECT_STREQ("true", rs_result("kill t"));
	expect_one_release(_metadata, self->events);
}

TEST_F(dynamic, one_that_is_still_hot_keeps_its_slots_and_is_asked_half_as_often)
{
	long long allocated, asked;
	int patience = 10;

	EXPECT_STREQ("done", rs_result("get t 5000"));
	EXPECT_TRUE(mode_becomes("percpu", RS_PATIENCE_MS));
	/* Asked for a second; a busy machine may answer too late, and again. */
	do {
		allocated = slots_number("allocated");
		EXPECT_TRUE(mode_becomes("atomic", RS_PATIENCE_MS));
		asked = rs_now_ms();
		EXPECT_STREQ("done", rs_result("get t 5000"));
		EXPECT_TRUE(mode_becomes("percpu", RS_PATIENCE_MS));
	} while (slots_number("allocated") != allocated && --patience);
	EXPECT_EQ(allocated, slots_number("allocated"));
	/* The next time after twice 200 ms, but for ticks. */
	EXPECT_TRUE(mode_becomes("atomic", RS_PATIENCE_MS));
	EXPECT_LT(350, rs_now_ms() - asked);
	EXPECT_STREQ("true", rs_result("kill t"));
	expect_one_release(_metadata, self->events);
}

TEST_F(dynamic, without_memory_for_slots_it_stays_atomic_and_right)
{
	EXPECT_TRUE(rs_fail("percpu_ref_slots", 1));
	EXPECT_STREQ("done", rs_result("get t 5000"));
	EXPECT_FALSE(mode_becomes("percpu", 400));
	EXPECT_STREQ("0", rs_value(rs_row("alloc", "site", "percpu_ref_slots"), "armed"));
	EXPECT_STREQ("5001", row("count"));
	EXPECT_EQ(self->slots, slots());
	/* The counter asks for slots again in another second with many gets. */
	rs_sleep_ms(1100);
	EXPECT_STREQ("done", rs_result("get t 5000"));
	EXPECT_TRUE(mode_becomes("percpu", RS_PATIENCE_MS));
	EXPECT_STREQ("done", rs_result("put t 1"));
	EXPECT_STREQ("true", rs_result("kill t"));
	expect_one_release(_metadata, self->events);
}

TEST_F(dynamic, a_kill_finds_it_in_every_state_and_releases_once)
{
	/* Delays after the counter became hot: warming up, hot, probing, cold again. */
	static const unsigned int delays[] = { 0, 1, 5, 50, 210, 400, 900, 1400 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(delays); i++) {
		long long events = rs_events_mark();

		EXPECT_STREQ("done", rs_result("get t 5000"));
		rs_sleep_ms(delays[i]);
		EXPECT_STREQ("true", rs_result("kill t confirm=1"));
		expect_one_release(_metadata, events);
		EXPECT_STREQ("1", row("confirmed"));
		EXPECT_STREQ("done", rs_result("destroy t"));
		EXPECT_STREQ("done", rs_result("create t rs_percpu_ref_dynamic"));
	}
}

TEST_F(dynamic, a_hot_one_does_not_hold_up_unloading)
{
	static const unsigned int delays[] = { 0, 20, 250 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(delays); i++) {
		EXPECT_STREQ("done", rs_result("get t 5000"));
		rs_sleep_ms(delays[i]);
		EXPECT_EQ(0, rs_unload());
		ASSERT_EQ(0, rs_load());
		ASSERT_STRNE("", rs_parameter("dynamic_hot_ms", "200"));
		ASSERT_STREQ("done", rs_result("create t rs_percpu_ref_dynamic"));
	}
	/* The module was reloaded, so its counts are new; the kernel log is not. */
	EXPECT_STREQ("", rs_kmsg_complaint(self->mark.kmsg));
}

TEST_HARNESS_MAIN
