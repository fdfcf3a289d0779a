// SPDX-License-Identifier: GPL-2.0
/* The last events of an object before its storm broke, in the history file and in tracefs. */
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
	EXPECT_STRNE("", rs_storm_run("provider=rs_percpu_ref ms=300 kill_contexts=hardirq"));
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
