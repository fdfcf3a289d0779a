// SPDX-License-Identifier: GPL-2.0
/*
 * The last events of an object before its storm broke, in the history file and in tracefs; what
 * its counter counted then, in the account file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "refstorm.h"

#define TRACING "/sys/kernel/tracing/"
#define EVENT TRACING "events/refstorm/refstorm_note/"

RS_FIXTURE(history, 2)

/* No counter keeps this bound: a grace period takes longer. */
static const char *broken_storm(const char *more)
{
	return rs_storm_run("provider=rs_percpu_ref ms=10000 bound_ms=1 hard_bound=1 %s", more);
}

TEST_F(history, tells_what_happened_to_the_object_that_broke_in_the_order_of_time)
{
	char storm[32], object[32], *all, *line, *save = NULL, last[32] = "";
	const char *row = broken_storm("contexts=pinned,hardirq");
	long long time = 0;
	int rows = 0, kills = 0, users = 0, violations = 0;

	ASSERT_STREQ("broken", rs_value(row, "verdict")) {
		TH_LOG("%s", row);
	}
	EXPECT_STREQ("no-lost-count", rs_value(row, "invariant"));
	snprintf(storm, sizeof(storm), "%s", rs_value(row, "storm"));
	snprintf(object, sizeof(object), "%s", rs_value(row, "object"));

	all = rs_read("history");
	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line == '#')
			continue;
		rows++;
		EXPECT_STREQ(storm, rs_value(line, "storm"));
		EXPECT_STREQ(object, rs_value(line, "object"));
		EXPECT_LE(time, rs_number(line, "time_ns")) {
			TH_LOG("%s", line);
		}
		time = rs_number(line, "time_ns");
		snprintf(last, sizeof(last), "%s", rs_value(line, "event"));
		kills += !strcmp(last, "kill") && !strncmp(rs_value(line, "actor"), "killer:", 7);
		users += !strncmp(rs_value(line, "actor"), "worker:", 7);
		violations += !strcmp(last, "violation");
	}
	free(all);
	EXPECT_LT(1, rows);
	EXPECT_GE(64, rows);
	/* A worker that was in the middle of a step may write one more line. */
	EXPECT_EQ(1, violations);
	/* However much workers did since the kill. */
	EXPECT_EQ(1, kills);
	EXPECT_LT(0, users);
}

TEST_F(history, of_a_life_has_what_the_counter_was_and_should_count)
{
	const char *row = broken_storm("contexts=pinned,hardirq");
	char *all, *line, *save = NULL;
	int lives = 0, uses = 0;

	ASSERT_STREQ("broken", rs_value(row, "verdict"));
	all = rs_read("history");
	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line == '#')
			continue;
		if (!strncmp(rs_value(line, "actor"), "worker:", 7)) {
			uses++;
			EXPECT_STREQ("-", rs_value(line, "mode"));
			continue;
		}
		lives++;
		EXPECT_STRNE("-", rs_value(line, "mode")) {
			TH_LOG("%s", line);
		}
		if (!strcmp(rs_value(line, "event"), "kill")) {
			EXPECT_STREQ("0", rs_value(line, "dying"));
			EXPECT_EQ(1, rs_number(line, "owned"));
		}
		if (!strcmp(rs_value(line, "event"), "killed")) {
			EXPECT_STREQ("1", rs_value(line, "dying"));
			EXPECT_EQ(0, rs_number(line, "owned"));
		}
	}
	free(all);
	EXPECT_LT(2, lives);
	EXPECT_LT(0, uses);
}

TEST_F(history, counts_refused_tries_without_losing_what_changed_the_counter)
{
	const char *row = broken_storm("contexts=pinned");
	int refused = 0, changes = 0, on_cpu[1024] = {};
	char *all, *line, *save = NULL;

	ASSERT_STREQ("broken", rs_value(row, "verdict"));
	all = rs_read("history");
	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line == '#' || strncmp(rs_value(line, "actor"), "worker:", 7))
			continue;
		if (rs_number(line, "result")) {
			changes++;
			EXPECT_STREQ("-", rs_value(line, "times"));
			continue;
		}
		refused++;
		EXPECT_LT(0, rs_number(line, "times"));
		EXPECT_EQ(1, ++on_cpu[rs_number(line, "cpu") % 1024]) {
			TH_LOG("%s", line);
		}
	}
	free(all);
	EXPECT_GE(8, refused);
	EXPECT_LT(0, changes);
}

TEST_F(history, has_an_account_of_the_object_that_broke)
{
	char object[32], storm[32];
	const char *row = broken_storm("contexts=pinned"), *account;

	ASSERT_STREQ("broken", rs_value(row, "verdict"));
	snprintf(storm, sizeof(storm), "%s", rs_value(row, "storm"));
	snprintf(object, sizeof(object), "%s", rs_value(row, "object"));
	account = rs_row("account", "storm", storm);
	ASSERT_STRNE("", account);
	EXPECT_STREQ(object, rs_value(account, "object"));
	EXPECT_STREQ("rs_percpu_ref", rs_value(account, "provider"));
	EXPECT_STREQ("no-lost-count", rs_value(account, "invariant"));
	EXPECT_STREQ("killed", rs_value(account, "phase"));
	EXPECT_STREQ("1", rs_value(account, "dying"));
	/* All ledgers were at zero for longer than the bound, and nobody owns a reference. */
	EXPECT_EQ(0, rs_number(account, "held"));
	EXPECT_EQ(0, rs_number(account, "owned"));
	EXPECT_STREQ("-", rs_value(account, "holders"));
	EXPECT_EQ(0, rs_number(account, "released"));
	EXPECT_LT(0, rs_number(account, "kill_ns"));
	EXPECT_LT(0, rs_number(account, "put_ns"));
	EXPECT_GT(rs_number(account, "kill_ns"), 1000000);
	/* The counter is right: the grace period ends after the storm. */
	EXPECT_STREQ("atomic", rs_value(account, "settled_mode"));
	EXPECT_EQ(0, rs_number(account, "settled_count"));
	EXPECT_EQ(0, rs_number(account, "settled_held"));
}

TEST_F(history, is_of_the_last_storm_that_broke)
{
	char first[32];

	snprintf(first, sizeof(first), "%s", rs_value(broken_storm(""), "storm"));
	ASSERT_STRNE("", first);
	EXPECT_STRNE("", rs_row("history", "storm", first));
	/* A storm that holds does not change the history. */
	rs_storm_wait(rs_storm("provider=kref ms=100"));
	EXPECT_STRNE("", rs_row("history", "storm", first));
	EXPECT_STREQ("broken", rs_value(broken_storm(""), "verdict"));
	EXPECT_STREQ("", rs_row("history", "storm", first));
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/* How many lines of the trace have @word. */
static int traced(const char *word)
{
	FILE *trace = fopen(TRACING "trace", "r");
	char line[512];
	int count = 0;

	while (trace && fgets(line, sizeof(line), trace))
		count += strstr(line, "refstorm_note: storm=") && strstr(line, word);
	if (trace)
		fclose(trace);
	return count;
}

/* Tools in user space need names, not the kernel's enums. */
TEST_F(history, its_format_is_numbers_that_any_tool_can_read)
{
	char line[8192];
	FILE *format = fopen(EVENT "format", "r");
	bool seen = false;

	if (!format)
		SKIP(return, "no tracefs at " TRACING);
	while (fgets(line, sizeof(line), format))
		if (!strncmp(line, "print fmt", 9)) {
			seen = strstr(line, "\"release\"");
			EXPECT_EQ(NULL, strstr(line, "STORM_NOTE_")) {
				TH_LOG("%s", line);
			}
		}
	fclose(format);
	EXPECT_TRUE(seen);
}

TEST_F(history, can_be_traced_while_it_happens)
{
	unsigned int storms = 0;

	if (access(TRACING "trace", R_OK))
		SKIP(return, "no tracefs at " TRACING);
	ASSERT_EQ(0, access(EVENT "enable", W_OK));
	ASSERT_TRUE(write_file(TRACING "trace", ""));
	/*
	 * Names of tasks would be noted by two tracepoints of the scheduler. QEMU without KVM
	 * sometimes goes on to see the breakpoints by which those are patched, and hangs there.
	 */
	ASSERT_TRUE(write_file(TRACING "options/record-cmd", "0"));
	/* Kills, releases and so on, but not what workers do all the time. */
	ASSERT_TRUE(write_file(EVENT "filter", "actor >= 0xfffe"));
	ASSERT_TRUE(write_file(EVENT "enable", "1"));
	/* On a slow machine few kills end an object themselves. */
	do {
		ASSERT_STRNE("", rs_storm_run("provider=%s ms=300 kill_contexts=hardirq",
					      "rs_percpu_ref"));
	} while (!traced("event=release") && ++storms < 20);
	EXPECT_TRUE(write_file(EVENT "enable", "0"));
	EXPECT_TRUE(write_file(TRACING "options/record-cmd", "1"));
	EXPECT_LT(0, traced("event=publish"));
	EXPECT_LT(0, traced("event=kill "));
	EXPECT_LT(0, traced("event=release"));
	EXPECT_EQ(0, traced("event=put"));
	EXPECT_TRUE(write_file(EVENT "filter", "0"));
	EXPECT_TRUE(write_file(TRACING "trace", ""));
}

TEST_HARNESS_MAIN
