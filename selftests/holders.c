// SPDX-License-Identifier: GPL-2.0
/*
 * Tracking: a tracked counter that was killed and is not released names its holders, in the
 * log and in debugfs. Mainline's counter reports nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "refstorm.h"

/* The table's row of object t. */
static const char *row(const char *key)
{
	return rs_value(rs_row("holders", "counter", "t"), key);
}

static long long number(const char *key)
{
	return rs_number(rs_row("holders", "counter", "t"), key);
}

/* The log since @fd was opened, until @text is in it; without, if it does not come. */
static char *log_with(int fd, const char *text)
{
	char *all = strdup(""), *more, *both;
	long long end = rs_now_ms() + RS_PATIENCE_MS;

	while (!strstr(all, text) && rs_now_ms() < end) {
		rs_sleep_ms(100);
		more = rs_kmsg_read(fd);
		if (asprintf(&both, "%s%s", all, more) < 0)
			abort();
		free(all);
		free(more);
		all = both;
	}
	return all;
}

/* The text of @all from the line with @from to the end. */
static const char *after(const char *all, const char *from)
{
	const char *at = strstr(all, from);

	return at ?: "";
}

static void sweep(void)
{
	static const char * const names[] = { "forgetful", "tidy", "heir" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		rs_try("put t holder=%s", names[i]);
	rs_sweep();
}

FIXTURE(tracked) {
	struct rs_mark mark;
	int kmsg;
};

FIXTURE_VARIANT(tracked) {
	const char *name;
	const char *kind;
	bool percpu;
};

#define TRACKED_none(...)
#define TRACKED_rs_refcount(...)	__VA_ARGS__
#define TRACKED_rs_percpu_ref(...)	__VA_ARGS__
#define TRACKED_rs_sealed_ref(...)	__VA_ARGS__

#define VARIANT(_name, origin, interface, _kind)			\
	TRACKED_##_kind(FIXTURE_VARIANT_ADD(tracked, _name) {		\
		.name = #_name, .kind = #_kind, .percpu = RS_PERCPU_##interface, \
	};)
RS_PROVIDERS(VARIANT)

FIXTURE_SETUP(tracked)
{
	self->mark = rs_begin();
	self->kmsg = rs_kmsg_open();
	ASSERT_STREQ("done", rs_result("create t %s", variant->name));
}

FIXTURE_TEARDOWN(tracked)
{
	sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
	close(self->kmsg);
}

TEST_F(tracked, a_forgotten_get_is_named_in_debugfs_and_in_the_log)
{
	char header[96], *log, *table;

	ASSERT_STREQ("done", rs_result("track t seconds=1"));
	ASSERT_STREQ("done", rs_result("get t holder=forgetful"));
	ASSERT_STREQ("done", rs_result("get t holder=tidy"));
	ASSERT_STREQ("done", rs_result("put t holder=tidy"));
	ASSERT_STREQ("true", rs_result("kill t"));

	snprintf(header, sizeof(header), "rsref: %s \"t\" ", variant->kind);
	/* The last line of the report, which is several messages. */
	log = log_with(self->kmsg, "get_held");
	TH_LOG("%s", after(log, header));
	EXPECT_NE(NULL, strstr(after(log, header), "is not released: 1 reference"));
	EXPECT_NE(NULL, strstr(after(log, header), "get_held"));
	EXPECT_NE(NULL, strstr(after(log, header), "rsref:   held by \"forgetful\" since "));
	EXPECT_NE(NULL, strstr(after(log, header), "taken by holders/"));
	EXPECT_EQ(NULL, strstr(log, "\"tidy\""));
	EXPECT_EQ(NULL, strstr(log, "without a name"));
	free(log);

	table = rs_read("holders");
	EXPECT_STREQ("killed", row("state"));
	EXPECT_STREQ(variant->kind, row("kind"));
	EXPECT_EQ(1, number("count"));
	EXPECT_EQ(1, number("held"));
	EXPECT_LE(1, number("reports"));
	EXPECT_LE(1000, number("killed_ms"));
	EXPECT_STREQ("t", rs_value(rs_row("holders", "holder", "forgetful"), "counter"));
	EXPECT_NE(NULL, strstr(rs_row("holders", "holder", "forgetful"), "get_held"));
	EXPECT_STREQ("", rs_row("holders", "holder", "tidy"));
	free(table);

	EXPECT_STREQ("done", rs_result("put t holder=forgetful"));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_STREQ("", rs_row("holders", "holder", "forgetful"));
}

TEST_F(tracked, name_of_a_task_is_one_word_whatever_is_in_it)
{
	char before[16] = "", *table;

	ASSERT_STREQ("done", rs_result("track t"));
	prctl(PR_GET_NAME, before);
	prctl(PR_SET_NAME, "a \"b\\\n count=9");
	EXPECT_STREQ("done", rs_result("get t holder=forgetful"));
	prctl(PR_SET_NAME, before);
	table = rs_read("holders");
	EXPECT_NE(NULL, strstr(table, " task=\"a \\\"b\\\\? count=9\"")) {
		TH_LOG("%s", table);
	}
	free(table);
	EXPECT_STREQ("done", rs_result("put t holder=forgetful"));
}

TEST_F(tracked, a_reference_passes_from_one_holder_to_another)
{
	char since[32];

	ASSERT_STREQ("done", rs_result("track t"));
	ASSERT_STREQ("done", rs_result("get t holder=forgetful"));
	snprintf(since, sizeof(since), "%s",
		 rs_value(rs_row("holders", "holder", "forgetful"), "since_ns"));
	EXPECT_STREQ("done", rs_result("pass t forgetful heir"));
	EXPECT_STREQ("", rs_row("holders", "holder", "forgetful"));
	EXPECT_LT(atoll(since), rs_number(rs_row("holders", "holder", "heir"), "since_ns"));
	EXPECT_EQ(1, number("held"));
	EXPECT_STREQ("refused: ENOENT", rs_result("put t holder=forgetful"));
	EXPECT_STREQ("done", rs_result("put t holder=heir"));
	EXPECT_EQ(0, number("held"));
}

TEST_F(tracked, what_a_holder_has_when_tracking_ends_or_begins_is_put_as_well)
{
	/* Taken before, dropped while tracked. */
	ASSERT_STREQ("done", rs_result("get t holder=forgetful"));
	ASSERT_STREQ("done", rs_result("track t"));
	EXPECT_STREQ("", rs_row("holders", "holder", "forgetful"));
	EXPECT_STREQ("done", rs_result("put t holder=forgetful"));
	/* Taken while tracked, dropped after; and passed on meanwhile. */
	ASSERT_STREQ("done", rs_result("get t holder=tidy"));
	EXPECT_EQ(1, number("held"));
	ASSERT_STREQ("done", rs_result("untrack t"));
	EXPECT_STREQ("", rs_row("holders", "counter", "t"));
	EXPECT_STREQ("done", rs_result("pass t tidy heir"));
	EXPECT_STREQ("done", rs_result("track t"));
	EXPECT_EQ(0, number("held"));
	EXPECT_STREQ("done", rs_result("put t holder=heir"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("done", rs_result("wait t"));
}

TEST_F(tracked, gets_and_puts_without_a_name_are_known_by_number_and_call_site)
{
	const char *said = "5 without a name: 2 taken before tracking, then 7 gets and 4 puts";
	char *log, *table;

	if (!variant->percpu)
		SKIP(return, "a refcount is tracked by its holders alone");
	ASSERT_STREQ("done", rs_result("get t 2"));
	ASSERT_STREQ("done", rs_result("track t seconds=1"));
	EXPECT_EQ(3, number("before"));
	ASSERT_STREQ("done", rs_result("get t 5"));
	ASSERT_STREQ("true", rs_result("tryget t 1"));
	ASSERT_STREQ("true", rs_result("tryget_live t"));
	ASSERT_STREQ("done", rs_result("put t 4"));
	EXPECT_EQ(7, number("gets"));
	EXPECT_EQ(4, number("puts"));
	EXPECT_EQ(6, number("count"));
	EXPECT_EQ(0, number("unplaced_gets"));
	EXPECT_EQ(0, number("unplaced_puts"));
	table = rs_read("holders");
	EXPECT_NE(NULL, strstr(table, "site=0 counter=t gets=5 puts=0 stack=\""));
	EXPECT_NE(NULL, strstr(table, "site=3 counter=t gets=0 puts=4 stack=\""));
	EXPECT_NE(NULL, strstr(table, "object_put_locked"));
	EXPECT_EQ(NULL, strstr(table, "[rsref]"));
	free(table);

	/* The owner's reference is from before tracking; a two-stage kill drops it by a put. */
	ASSERT_STREQ("true", rs_result("kill t"));
	log = log_with(self->kmsg, "without a name");
	EXPECT_EQ(5, number("count"));
	EXPECT_TRUE(!strcmp(variant->name, "rs_percpu_ref_two_stage") || strstr(log, said));
	free(log);
	ASSERT_STREQ("done", rs_result("put t 5"));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_STREQ("released", row("state"));
	EXPECT_EQ(0, number("count"));
}

TEST_F(tracked, a_tracked_counter_is_atomic_and_counts_per_cpu_afterwards)
{
	char before[16];

	if (!variant->percpu)
		SKIP(return, "it has no modes");
	snprintf(before, sizeof(before), "%s", rs_value(rs_row("objects", "object", "t"), "mode"));
	ASSERT_STREQ("done", rs_result("get t 3"));
	ASSERT_STREQ("done", rs_result("track t"));
	EXPECT_STREQ("refused: EALREADY", rs_result("track t"));
	EXPECT_STREQ("atomic", rs_value(rs_row("objects", "object", "t"), "mode"));
	EXPECT_EQ(4, rs_number(rs_row("objects", "object", "t"), "count"));
	EXPECT_STREQ("done", rs_result("put t"));
	ASSERT_STREQ("done", rs_result("untrack t"));
	EXPECT_STREQ("done", rs_result("untrack t"));
	EXPECT_STREQ(before, rs_value(rs_row("objects", "object", "t"), "mode"));
	EXPECT_STREQ("done", rs_result("put t 2"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("done", rs_result("wait t"));
}

TEST_F(tracked, tracking_may_begin_when_it_is_too_late)
{
	const char *late = variant->percpu ? "2 taken before tracking" : "2 without a name";
	char *log;

	ASSERT_STREQ("done", rs_result("get t 2"));
	ASSERT_STREQ("true", rs_result("kill t"));
	ASSERT_STREQ("done", rs_result("track t seconds=1"));
	/* The second line of the report may come later than the first. */
	log = log_with(self->kmsg, late);
	EXPECT_NE(NULL, strstr(log, "is not released: 2 references"));
	EXPECT_NE(NULL, strstr(log, late));
	EXPECT_STREQ("killed", row("state"));
	free(log);
	EXPECT_STREQ("done", rs_result("put t 2"));
	EXPECT_STREQ("done", rs_result("wait t"));
}

FIXTURE(holders) {
	struct rs_mark mark;
	int kmsg;
};

FIXTURE_SETUP(holders)
{
	self->mark = rs_begin();
	self->kmsg = rs_kmsg_open();
}

FIXTURE_TEARDOWN(holders)
{
	sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
	close(self->kmsg);
}

/*
 * Mainline is silent about a kill that never ends. The test makes the same mistake with both
 * counters and kills mainline's first, so when ours has reported twice, mainline's has had more
 * time than that to report.
 */
TEST_F(holders, mainline_says_nothing_of_what_ours_reports)
{
	char *log, *line, *save = NULL;

	ASSERT_STREQ("done", rs_result("create m percpu_ref"));
	ASSERT_STREQ("done", rs_result("create t rs_percpu_ref"));
	ASSERT_STREQ("done", rs_result("track t seconds=1"));
	ASSERT_STREQ("done", rs_result("get m"));
	ASSERT_STREQ("done", rs_result("get t"));
	ASSERT_STREQ("true", rs_result("kill m"));
	ASSERT_STREQ("true", rs_result("kill t"));
	free(log_with(self->kmsg, "rsref: rs_percpu_ref \"t\" "));
	log = log_with(self->kmsg, "rsref: rs_percpu_ref \"t\" ");
	EXPECT_LE(2, number("reports"));

	EXPECT_STREQ("killed", rs_value(rs_row("objects", "object", "m"), "state"));
	EXPECT_EQ(1, rs_number(rs_row("objects", "object", "m"), "count"));
	EXPECT_STREQ("refused: EOPNOTSUPP", rs_result("track m"));
	EXPECT_STREQ("", rs_row("holders", "counter", "m"));
	for (line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "rsref: ", 7))
			continue;
		EXPECT_EQ(NULL, strstr(line, "percpu_ref")) {
			TH_LOG("mainline has changed: %s", line);
		}
	}
	free(log);
}

TEST_F(holders, a_released_counter_is_not_reported)
{
	char *log;

	ASSERT_STREQ("done", rs_result("create gone rs_sealed_ref"));
	ASSERT_STREQ("done", rs_result("create back rs_sealed_ref reinit=1"));
	ASSERT_STREQ("done", rs_result("create t rs_sealed_ref"));
	ASSERT_STREQ("done", rs_result("track gone seconds=1"));
	ASSERT_STREQ("done", rs_result("track back seconds=1"));
	ASSERT_STREQ("done", rs_result("track t seconds=2"));
	ASSERT_STREQ("done", rs_result("get gone"));
	ASSERT_STREQ("done", rs_result("get back"));
	ASSERT_STREQ("done", rs_result("get t"));
	ASSERT_STREQ("true", rs_result("kill gone"));
	ASSERT_STREQ("true", rs_result("kill back"));
	ASSERT_STREQ("true", rs_result("kill t"));
	ASSERT_STREQ("done", rs_result("put gone"));
	ASSERT_STREQ("done", rs_result("resurrect back"));

	/* The work that reports "t" has looked at the other counters, which were due earlier. */
	log = log_with(self->kmsg, "\"t\"");
	EXPECT_NE(NULL, strstr(log, "\"t\""));
	EXPECT_EQ(NULL, strstr(log, "\"gone\""));
	EXPECT_EQ(NULL, strstr(log, "\"back\""));
	EXPECT_STREQ("released", rs_value(rs_row("holders", "counter", "gone"), "state"));
	EXPECT_STREQ("live", rs_value(rs_row("holders", "counter", "back"), "state"));
	EXPECT_EQ(2, rs_number(rs_row("holders", "counter", "back"), "before") +
		  rs_number(rs_row("holders", "counter", "back"), "gets"));
	free(log);
}

TEST_F(holders, call_sites_that_there_is_no_room_for_are_counted)
{
	const char *old;
	char *log;

	ASSERT_STREQ("done", rs_result("create t rs_percpu_ref"));
	old = rs_parameter("track_sites", "1");
	ASSERT_STRNE("", old);
	ASSERT_STREQ("done", rs_result("track t seconds=1"));
	rs_parameter("track_sites", old);
	ASSERT_STREQ("done", rs_result("get t 5"));
	ASSERT_STREQ("true", rs_result("tryget t 3"));
	ASSERT_STREQ("done", rs_result("put t 2"));
	EXPECT_EQ(8, number("gets"));
	EXPECT_EQ(3, number("unplaced_gets"));
	EXPECT_EQ(2, number("unplaced_puts"));
	EXPECT_EQ(7, number("count"));
	ASSERT_STREQ("true", rs_result("kill t"));
	log = log_with(self->kmsg, "of unknown call sites");
	EXPECT_NE(NULL, strstr(log, "rsref:   3 gets and 2 puts of unknown call sites"));
	free(log);
}

TEST_F(holders, more_holders_than_are_shown_are_counted)
{
	char *log;
	int i;

	ASSERT_STREQ("done", rs_result("create t rs_sealed_ref"));
	ASSERT_STREQ("done", rs_result("track t seconds=1"));
	for (i = 0; i < 40; i++)
		ASSERT_STREQ("done", rs_result("get t holder=h%d", i));
	EXPECT_EQ(40, number("held"));
	EXPECT_STRNE("", rs_row("holders", "holder", "h31"));
	EXPECT_STREQ("", rs_row("holders", "holder", "h32"));
	ASSERT_STREQ("true", rs_result("kill t"));
	log = log_with(self->kmsg, "more with a name");
	EXPECT_NE(NULL, strstr(log, "rsref:   and 32 more with a name"));
	EXPECT_NE(NULL, strstr(log, "\"h7\""));
	EXPECT_EQ(NULL, strstr(log, "\"h8\""));
	free(log);
	for (i = 0; i < 40; i++)
		ASSERT_STREQ("done", rs_result("put t holder=h%d", i));
	EXPECT_STREQ("done", rs_result("wait t"));
}

TEST_F(holders, refusals_say_why)
{
	ASSERT_STREQ("done", rs_result("create t rs_percpu_ref"));
	ASSERT_STREQ("done", rs_result("create m percpu_ref"));
	EXPECT_STREQ("refused: EOPNOTSUPP", rs_result("create x atomic track=1"));
	EXPECT_STREQ("refused: ENOENT", rs_result("kill x"));
	EXPECT_STREQ("refused: EOPNOTSUPP", rs_result("untrack m"));
	EXPECT_STREQ("refused: ENOENT", rs_result("track nobody"));
	EXPECT_STREQ("refused: ERANGE", rs_result("track t seconds=0"));
	ASSERT_STREQ("done", rs_result("get t holder=tidy"));
	EXPECT_STREQ("refused: EEXIST", rs_result("get t holder=tidy"));
	EXPECT_STREQ("refused: EEXIST", rs_result("pass t tidy tidy"));
	EXPECT_STREQ("refused: ENOENT", rs_result("pass t heir tidy"));
	EXPECT_STREQ("refused: EINVAL", rs_result("get t holder="));
	EXPECT_STREQ("refused: EINVAL", rs_result("get t holder=a\"b"));
	EXPECT_STREQ("", rs_refused(EPERM, "put t",
				    "1 of your 1 references to 't' were taken for a holder; put t holder=H",
				    "t", 2));
	EXPECT_STREQ("", rs_refused(ENOENT, "put t holder=heir",
				    "no holder of 't' is called 'heir'", "holder=heir", 1));
	EXPECT_STREQ("refused: EOPNOTSUPP", rs_result("storm provider=percpu_ref track=1 ms=10"));
}

/* Counters that are killed and held, with a report due: unloading the modules ends them. */
TEST_F(holders, the_modules_can_go_while_holders_are_left)
{
	ASSERT_STREQ("done", rs_result("create t rs_percpu_ref track=1"));
	ASSERT_STREQ("done", rs_result("create k rs_kref track=1"));
	ASSERT_STREQ("done", rs_result("get t holder=forgetful"));
	ASSERT_STREQ("done", rs_result("get k holder=forgetful"));
	ASSERT_STREQ("done", rs_result("get t 3"));
	ASSERT_STREQ("true", rs_result("kill t"));
	ASSERT_STREQ("true", rs_result("kill k"));
	EXPECT_EQ(0, rs_unload());
	EXPECT_EQ(0, rs_load());
	EXPECT_STREQ("", rs_row("holders", "counter", "t"));
}

RS_FIXTURE(storm, 2)

FIXTURE_VARIANT(storm) {
	const char *name;
};

#define STORM_VARIANT(_name, origin, interface, tracked)		\
	TRACKED_##tracked(RS_ONLY_PERCPU_##interface(			\
		FIXTURE_VARIANT_ADD(storm, _name) { .name = #_name };))
RS_PROVIDERS(STORM_VARIANT)

TEST_F(storm, holds_while_its_counters_are_tracked_by_turns)
{
	const char *row;

	row = rs_storm_run("provider=%s ms=800 killers=4 memory=freed track=1 switchers=2 %s %s",
			   variant->name, "lives=all ends=all kill_contexts=all",
			   "contexts=pinned,softirq,hardirq");
	ASSERT_STRNE("", row);
	TH_LOG("%s", row);
	EXPECT_STREQ("held", rs_value(row, "verdict"));
	EXPECT_LT(0, rs_number(row, "switches"));
	EXPECT_STREQ("", rs_read("holders"));
}

TEST_HARNESS_MAIN
