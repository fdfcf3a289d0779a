// SPDX-License-Identifier: GPL-2.0
/*
 * Misuse on purpose, of counters that are documented to survive it: they saturate,
 * warn once for each kind, and never release again. Every warning is announced to
 * scan-log, and counted here one to one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "refstorm.h"

/* Where a saturated refcount is put: 0xc0000000. */
#define SATURATED "3221225472"

FIXTURE(misuse) {
	struct rs_mark mark;
	int kmsg;
	char saturated[64];	/* the texts of the warnings */
	char underflow[64];
	char from_zero[64];
};

FIXTURE_VARIANT(misuse) {
	const char *name;
	const char *prefix;
};

FIXTURE_VARIANT_ADD(misuse, refcount) {
	.name = "refcount", .prefix = "refcount_t",
};

FIXTURE_VARIANT_ADD(misuse, kref) {
	.name = "kref", .prefix = "refcount_t",
};

FIXTURE_VARIANT_ADD(misuse, rs_refcount) {
	.name = "rs_refcount", .prefix = "rs_refcount_t",
};

FIXTURE_VARIANT_ADD(misuse, cxx_refcount) {
	.name = "cxx_refcount", .prefix = "rs_refcount_t",
};

FIXTURE_VARIANT_ADD(misuse, cxx_kref) {
	.name = "cxx_kref", .prefix = "rs_refcount_t",
};

FIXTURE_VARIANT_ADD(misuse, rs_kref) {
	.name = "rs_kref", .prefix = "rs_refcount_t",
};

FIXTURE_SETUP(misuse)
{
	RS_SKIP_IF_WARNINGS_PANIC();
	snprintf(self->saturated, sizeof(self->saturated), "%s: saturated; leaking memory.",
		 variant->prefix);
	snprintf(self->underflow, sizeof(self->underflow), "%s: underflow; use-after-free.",
		 variant->prefix);
	snprintf(self->from_zero, sizeof(self->from_zero), "%s: addition on 0; use-after-free.",
		 variant->prefix);
	ASSERT_TRUE(rs_clear_warn_once());
	self->mark = rs_begin();
	self->kmsg = rs_kmsg_open();
}

/* The test checks its own warnings; rs_end() checks the log from here on. */
FIXTURE_TEARDOWN(misuse)
{
	close(self->kmsg);
	if (!rs_test_passed(_metadata) || *rs_row("objects", "object", "t"))
		rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

/* Exactly @nr warnings of @text, and no other, since the last call. */
static void expect_warnings(struct __test_metadata *_metadata,
			    struct _test_data_misuse *self, unsigned int nr, const char *text)
{
	EXPECT_EQ(nr, rs_kmsg_count(self->kmsg, text)) {
		TH_LOG("of '%s'", text);
	}
	EXPECT_EQ(nr, rs_kmsg_count(self->mark.kmsg, "------------[ cut here ]------------"));
}

static const char *row(const char *key)
{
	return rs_value(rs_row("objects", "object", "t"), key);
}

TEST_F(misuse, one_more_than_the_maximum_saturates_and_sticks)
{
	long long events = rs_events_mark();
	int i;

	ASSERT_STREQ("done", rs_result("create t %s count=2147483647 unguarded=1", variant->name));
	EXPECT_STREQ("2147483647", row("count"));
	rs_expect(1, self->saturated);
	EXPECT_STREQ("done", rs_result("get t"));
	rs_expect_end();
	expect_warnings(_metadata, self, 1, self->saturated);
	EXPECT_STREQ(SATURATED, row("count"));
	/* The same misuse again is silent, and changes nothing. */
	for (i = 0; i < 3; i++)
		EXPECT_STREQ("done", rs_result("get t"));
	EXPECT_STREQ(SATURATED, row("count"));
	expect_warnings(_metadata, self, 0, self->saturated);
	EXPECT_STREQ("0", row("released"));
	EXPECT_EQ(0, rs_events_count(events, "object:t", "release"));
	EXPECT_STREQ("done", rs_result("destroy t"));
}

TEST_F(misuse, tryget_beyond_the_maximum_saturates_too)
{
	ASSERT_STREQ("done", rs_result("create t %s count=2147483647 unguarded=1", variant->name));
	rs_expect(1, self->saturated);
	EXPECT_STREQ("true", rs_result("tryget t"));
	rs_expect_end();
	expect_warnings(_metadata, self, 1, self->saturated);
	EXPECT_STREQ(SATURATED, row("count"));
	EXPECT_STREQ("done", rs_result("destroy t"));
}

TEST_F(misuse, a_put_below_zero_warns_and_never_releases_twice)
{
	long long events = rs_events_mark();

	ASSERT_STREQ("done", rs_result("create t %s unguarded=1", variant->name));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("1", row("released"));
	rs_expect(1, self->underflow);
	EXPECT_STREQ("done", rs_result("put t"));
	rs_expect_end();
	expect_warnings(_metadata, self, 1, self->underflow);
	EXPECT_STREQ(SATURATED, row("count"));
	EXPECT_STREQ("done", rs_result("put t 3"));
	EXPECT_STREQ(SATURATED, row("count"));
	expect_warnings(_metadata, self, 0, self->underflow);
	EXPECT_STREQ("1", row("released"));
	EXPECT_EQ(1, rs_events_count(events, "object:t", "release"));
	EXPECT_STREQ("done", rs_result("destroy t"));
}

TEST_F(misuse, a_get_from_zero_warns_and_never_releases_again)
{
	long long events = rs_events_mark();

	ASSERT_STREQ("done", rs_result("create t %s unguarded=1", variant->name));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("0", row("count"));
	rs_expect(1, self->from_zero);
	EXPECT_STREQ("done", rs_result("get t"));
	rs_expect_end();
	expect_warnings(_metadata, self, 1, self->from_zero);
	EXPECT_STREQ(SATURATED, row("count"));
	EXPECT_STREQ("1", row("released"));
	EXPECT_EQ(1, rs_events_count(events, "object:t", "release"));
	EXPECT_STREQ("done", rs_result("destroy t"));
}

TEST_F(misuse, a_saturated_count_answers_a_put_with_a_warning_and_stays)
{
	ASSERT_STREQ("done", rs_result("create t %s count=2147483647 unguarded=1", variant->name));
	rs_expect(1, self->saturated);
	EXPECT_STREQ("done", rs_result("get t"));
	rs_expect_end();
	expect_warnings(_metadata, self, 1, self->saturated);
	rs_expect(1, self->underflow);
	EXPECT_STREQ("done", rs_result("put t"));
	rs_expect_end();
	expect_warnings(_metadata, self, 1, self->underflow);
	EXPECT_STREQ(SATURATED, row("count"));
	EXPECT_STREQ("done", rs_result("destroy t"));
}

TEST_F(misuse, proper_use_of_an_unguarded_object_is_silent)
{
	ASSERT_STREQ("done", rs_result("create t %s count=3 unguarded=1", variant->name));
	EXPECT_STREQ("done", rs_result("get t"));
	EXPECT_STREQ("true", rs_result("tryget t"));
	EXPECT_STREQ("done", rs_result("put t 4"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("false", rs_result("tryget t"));
	EXPECT_STREQ("1", row("released"));
	expect_warnings(_metadata, self, 0, self->underflow);
	EXPECT_STREQ("done", rs_result("destroy t"));
}

TEST_F(misuse, an_unguarded_object_may_be_destroyed_at_any_time)
{
	ASSERT_STREQ("done", rs_result("create t %s count=3 unguarded=1", variant->name));
	EXPECT_STREQ("done", rs_result("destroy t"));
	EXPECT_EQ(ENOENT, rs_try("get t"));
}

TEST_F(misuse, nobody_can_destroy_what_another_waits_for)
{
	struct rs_answer answer;
	int status;
	pid_t pid;

	ASSERT_STREQ("done", rs_result("create t %s unguarded=1", variant->name));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(rs_write("control", "wait t ms=20000", 15));
	rs_sleep_ms(300);
	answer = rs_run("destroy t");
	EXPECT_EQ(EBUSY, answer.err);
	EXPECT_NE(NULL, strstr(answer.error, "somebody waits for 't'"));
	EXPECT_STREQ("true", rs_result("kill t"));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_STREQ("done", rs_result("destroy t"));
}

TEST_F(misuse, a_saturating_storm_sticks_and_warns_of_each_kind_once)
{
	int underflows = rs_kmsg_open();
	const char *end;

	rs_expect(2, self->saturated);
	rs_expect(1, self->underflow);
	end = rs_storm_run("provider=%s pattern=saturate ms=500", variant->name);
	rs_expect_end();
	rs_expect_end();
	EXPECT_STREQ("held", rs_value(end, "verdict")) {
		TH_LOG("%s", end);
	}
	EXPECT_STREQ("saturate", rs_value(end, "pattern"));
	EXPECT_EQ(0, rs_number(end, "kills"));
	EXPECT_EQ(0, rs_number(end, "releases"));
	EXPECT_STREQ("-", rs_value(end, "release_max_ns"));
	EXPECT_LT(0, rs_number(end, "operations"));
	/* Two of saturation, by get and by tryget, and one of underflow; no fourth. */
	EXPECT_EQ(2, rs_kmsg_count(self->kmsg, self->saturated));
	EXPECT_EQ(1, rs_kmsg_count(underflows, self->underflow));
	EXPECT_EQ(3, rs_kmsg_count(self->mark.kmsg, "------------[ cut here ]------------"));
	close(underflows);
	/* Warned already: the same again says nothing. */
	end = rs_storm_run("provider=%s pattern=saturate ms=50", variant->name);
	EXPECT_STREQ("held", rs_value(end, "verdict"));
}

TEST_F(misuse, a_saturating_storm_without_threads_frees_its_object)
{
	unsigned int nth;

	rs_expect(2, self->saturated);
	rs_expect(1, self->underflow);
	/* 2 workers, the manager; the warnings were taken before. */
	for (nth = 1; nth <= 3; nth++) {
		ASSERT_TRUE(rs_fail("storm_thread", nth));
		EXPECT_EQ(ENOMEM, rs_try("storm provider=%s pattern=saturate workers=2 ms=10",
					 variant->name));
		EXPECT_EQ(0, rs_number(rs_row("alloc", "site", "storm_thread"), "armed"));
		EXPECT_EQ(self->mark.storms, rs_status("storms"));
	}
	rs_expect_end();
	rs_expect_end();
	EXPECT_EQ(2, rs_kmsg_count(self->kmsg, self->saturated));
	EXPECT_EQ(3, rs_kmsg_count(self->mark.kmsg, "------------[ cut here ]------------"));
}

TEST_HARNESS_MAIN
