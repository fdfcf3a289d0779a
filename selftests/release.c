// SPDX-License-Identifier: GPL-2.0
/* release() runs exactly once, and confirm() before it, in whatever order. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "refstorm.h"

FIXTURE(release) {
	struct rs_mark mark;
	long long events;
};

FIXTURE_VARIANT(release) {
	const char *name;
	bool percpu;
	bool saturates;
};

#define VARIANT(...) RS_VARIANT(release, __VA_ARGS__)
RS_PROVIDERS(VARIANT)

FIXTURE_SETUP(release)
{
	self->mark = rs_begin();
	self->events = rs_events_mark();
}

FIXTURE_TEARDOWN(release)
{
	if (!rs_test_passed(_metadata))
		rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

static const char *row(const char *key)
{
	return rs_value(rs_row("objects", "object", "t"), key);
}

/* The end of each test: released, once, and gone. */
static void expect_one_release(struct __test_metadata *_metadata, long long events)
{
	EXPECT_STREQ("done", rs_result("wait t"));
	/* Time in which a second release() would come. */
	rs_sleep_ms(30);
	EXPECT_STREQ("1", row("released"));
	EXPECT_EQ(1, rs_events_count(events, "object:t", "release"));
	EXPECT_STREQ("done", rs_result("destroy t"));
	EXPECT_EQ(1, rs_events_count(events, "object:t", "release"));
}

/* @pid ended with 0. */
static void expect_child_well(struct __test_metadata *_metadata, pid_t pid)
{
	int status;

	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(release, comes_once_if_nobody_ever_got_a_reference)
{
	ASSERT_STREQ("done", rs_result("create t %s", variant->name));
	EXPECT_STREQ("0", row("released"));
	EXPECT_STREQ("true", rs_result("kill t"));
	expect_one_release(_metadata, self->events);
}

TEST_F(release, comes_once_if_all_is_dropped_before_the_kill)
{
	ASSERT_STREQ("done", rs_result("create t %s", variant->name));
	EXPECT_STREQ("done", rs_result("get t 10"));
	EXPECT_STREQ("done", rs_result("put t 4"));
	EXPECT_STREQ("done", rs_result("put t 6"));
	rs_sleep_ms(50);
	EXPECT_STREQ("0", row("released"));
	EXPECT_STREQ("true", rs_result("kill t"));
	expect_one_release(_metadata, self->events);
}

TEST_F(release, comes_once_with_the_last_of_the_puts_after_the_kill)
{
	int i;

	ASSERT_STREQ("done", rs_result("create t %s", variant->name));
	EXPECT_STREQ("done", rs_result("get t 5"));
	EXPECT_STREQ("true", rs_result("kill t"));
	for (i = 0; i < 5; i++) {
		EXPECT_STREQ("0", row("released"));
		EXPECT_EQ(0, rs_events_count(self->events, "object:t", "release"));
		EXPECT_STREQ("done", rs_result("put t"));
		if (i == 2)	/* the switch of a per-CPU kind ends in between */
			rs_sleep_ms(150);
	}
	expect_one_release(_metadata, self->events);
}

TEST_F(release, waits_for_references_of_which_the_kill_knows_nothing)
{
	ASSERT_STREQ("done", rs_result("create t %s", variant->name));
	EXPECT_STREQ("true", rs_result("tryget t 2"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("done", rs_result("get t 3"));
	EXPECT_STREQ("true", rs_result("tryget t 4"));
	EXPECT_STREQ("done", rs_result("put t 8"));
	EXPECT_EQ(ETIMEDOUT, rs_try("wait t ms=150"));
	EXPECT_STREQ("0", row("released"));
	EXPECT_STREQ("done", rs_result("put t"));
	expect_one_release(_metadata, self->events);
}

/* Gets on one CPU and puts on another, so that no slot has the sum. */
static void on_cpu(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % rs_cpus(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

TEST_F(release, comes_once_if_gets_and_puts_are_spread_over_cpus)
{
	unsigned int cpu;

	if (rs_cpus() < 2)
		SKIP(return, "needs 2 CPUs");
	ASSERT_STREQ("done", rs_result("create t %s", variant->name));
	for (cpu = 0; cpu < rs_cpus(); cpu++) {
		on_cpu(cpu);
		EXPECT_STREQ("done", rs_result("get t %u", 10 * (cpu + 1)));
		on_cpu(cpu + 1);
		EXPECT_STREQ("done", rs_result("put t %u", 10 * (cpu + 1) - 1));
	}
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_EQ(ETIMEDOUT, rs_try("wait t ms=150"));
	EXPECT_EQ((long long)rs_cpus(), rs_number(rs_row("objects", "object", "t"), "count"));
	EXPECT_STREQ("done", rs_result("put t %u", rs_cpus()));
	expect_one_release(_metadata, self->events);
}

TEST_F(release, comes_once_if_two_processes_drop_and_a_third_kills)
{
	int round, i;

	for (round = 0; round < 5; round++) {
		long long events = rs_events_mark();
		pid_t putters[2];

		ASSERT_STREQ("done", rs_result("create t %s", variant->name));
		ASSERT_STREQ("done", rs_result("get t 60"));
		for (i = 0; i < 2; i++) {
			putters[i] = fork();
			ASSERT_LE(0, putters[i]);
			if (!putters[i]) {
				int err = 0, n;

				on_cpu(i);
				for (n = 0; n < 30; n++)
					err |= rs_write("control", "put t", 5);
				_exit(!!err);
			}
		}
		EXPECT_STREQ("true", rs_result("kill t"));
		expect_child_well(_metadata, putters[0]);
		expect_child_well(_metadata, putters[1]);
		expect_one_release(_metadata, events);
	}
}

TEST_F(release, comes_once_though_two_processes_kill)
{
	int round;

	for (round = 0; round < 5; round++) {
		long long events = rs_events_mark();
		int mine, status;
		pid_t pid;

		ASSERT_STREQ("done", rs_result("create t %s", variant->name));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			_exit(rs_write("control", "kill t", 6));
		mine = rs_write("control", "kill t", 6);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFEXITED(status));
		/* Exactly one of the two kills was accepted. */
		EXPECT_EQ(EALREADY, mine + WEXITSTATUS(status));
		EXPECT_EQ(1, rs_events_count(events, "object:t", "kill"));
		expect_one_release(_metadata, events);
	}
}

/* Commands that only per-CPU kinds have. */
FIXTURE(confirmation) {
	struct rs_mark mark;
	long long events;
};

FIXTURE_VARIANT(confirmation) {
	const char *name;
};

#define PERCPU_VARIANT(...) RS_PERCPU_VARIANT(confirmation, __VA_ARGS__)
RS_PROVIDERS(PERCPU_VARIANT)

FIXTURE_SETUP(confirmation)
{
	self->mark = rs_begin();
	self->events = rs_events_mark();
}

FIXTURE_TEARDOWN(confirmation)
{
	if (!rs_test_passed(_metadata))
		rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

/* The place of an event in the log since @mark, or -1. */
static long long seq_of(long long mark, const char *event)
{
	char *events = rs_events_since(mark), *save = NULL, *line;
	long long seq = -1;

	for (line = strtok_r(events, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (seq < 0 && !strcmp(rs_value(line, "event"), event))
			seq = rs_number(line, "seq");
	free(events);
	return seq;
}

static bool becomes_confirmed(void)
{
	long long end = rs_now_ms() + RS_PATIENCE_MS;

	while (strcmp(row("confirmed"), "1")) {
		if (rs_now_ms() > end)
			return false;
		rs_sleep_ms(10);
	}
	return true;
}

TEST_F(confirmation, comes_after_the_kill_and_before_release)
{
	ASSERT_STREQ("done", rs_result("create t %s", variant->name));
	EXPECT_STREQ("true", rs_result("kill t confirm=1"));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_STREQ("1", row("confirmed"));
	EXPECT_LT(-1, seq_of(self->events, "confirm"));
	EXPECT_LT(seq_of(self->events, "kill"), seq_of(self->events, "confirm"));
	EXPECT_LT(seq_of(self->events, "confirm"), seq_of(self->events, "release"));
	EXPECT_EQ(1, rs_events_count(self->events, "object:t", "confirm"));
	expect_one_release(_metadata, self->events);
}

TEST_F(confirmation, does_not_come_if_nobody_asked_for_it)
{
	ASSERT_STREQ("done", rs_result("create t %s", variant->name));
	EXPECT_STREQ("true", rs_result("kill t confirm=0"));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_STREQ("0", row("confirmed"));
	EXPECT_EQ(0, rs_events_count(self->events, "object:t", "confirm"));
	expect_one_release(_metadata, self->events);
}

TEST_F(confirmation, comes_though_references_are_held)
{
	ASSERT_STREQ("done", rs_result("create t %s", variant->name));
	EXPECT_STREQ("done", rs_result("get t 2"));
	EXPECT_STREQ("true", rs_result("kill t confirm=1"));
	EXPECT_TRUE(becomes_confirmed());
	EXPECT_STREQ("0", row("released"));
	EXPECT_STREQ("done", rs_result("put t 2"));
	expect_one_release(_metadata, self->events);
}

TEST_F(confirmation, ends_the_success_of_tryget_live_but_not_of_tryget)
{
	int i;

	ASSERT_STREQ("done", rs_result("create t %s", variant->name));
	for (i = 0; i < 3; i++)
		EXPECT_STREQ("true", rs_result("tryget_live t"));
	EXPECT_STREQ("true", rs_result("kill t confirm=1"));
	ASSERT_TRUE(becomes_confirmed());
	for (i = 0; i < 10; i++)
		EXPECT_STREQ("false", rs_result("tryget_live t"));
	/* Dying is not zero: the plain tryget is not concerned. */
	EXPECT_STREQ("true", rs_result("tryget t"));
	EXPECT_STREQ("4", row("held"));
	EXPECT_STREQ("done", rs_result("put t 4"));
	expect_one_release(_metadata, self->events);
}

TEST_HARNESS_MAIN
