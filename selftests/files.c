// SPDX-License-Identifier: GPL-2.0
/* The files of the debugfs directory, read and written in odd ways. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>
#include <refstorm/refstorm.h>

#include "refstorm.h"

FIXTURE(files) {
	struct rs_mark mark;
};

FIXTURE_SETUP(files)
{
	self->mark = rs_begin();
}

FIXTURE_TEARDOWN(files)
{
	if (!_metadata->passed)
		rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

static const char * const tables[] = {
	"providers", "objects", "storms", "alloc",
};

static const char * const read_only[] = {
	"README", "providers", "objects", "storms", "events", "status",
};

TEST_F(files, status_says_what_is_documented)
{
	static const char * const keys[] = {
		"version", "kernel", "cpus", "objects", "storms", "threads",
		"allocations", "events", "errors",
	};
	char *all = rs_read("status");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		EXPECT_STRNE("", rs_value(all, keys[i])) TH_LOG("%s=", keys[i]);
	}
	EXPECT_STREQ(RS_VERSION, rs_value(all, "version"));
	EXPECT_EQ(rs_cpus(), rs_number(all, "cpus"));
	free(all);
}

TEST_F(files, a_table_begins_with_the_names_of_its_columns)
{
	size_t i;

	ASSERT_STREQ("done", rs_result("create t kref"));
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		char *all = rs_read(tables[i]);
		char *row = strchr(all, '\n'), *word, *save = NULL;

		EXPECT_EQ(0, strncmp(all, "# ", 2)) TH_LOG("%s", tables[i]);
		ASSERT_NE(NULL, row);
		*row++ = '\0';
		/* The keys of a row stand in the order of the header. */
		for (word = strtok_r(all + 2, " ", &save); word && *row;
		     word = strtok_r(NULL, " ", &save)) {
			EXPECT_EQ(0, strncmp(row, word, strlen(word))) TH_LOG("%s: %s", tables[i], word);
			EXPECT_EQ('=', row[strlen(word)]);
			row += strcspn(row, " \n") + 1;
		}
		free(all);
	}
	ASSERT_STREQ("true", rs_result("kill t"));
	ASSERT_STREQ("done", rs_result("destroy t"));
}

TEST_HARNESS_MAIN
