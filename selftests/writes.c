// SPDX-License-Identifier: GPL-2.0
/* Writes of odd length and content, and their entries in error_log. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>
#include <refstorm/refstorm.h>

#include "refstorm.h"

FIXTURE(write) {
	struct rs_mark mark;
	char line[4096];
};

FIXTURE_SETUP(write)
{
	self->mark = rs_begin();
	memset(self->line, ' ', sizeof(self->line));
	ASSERT_STREQ("done", rs_result("create t kref"));
}

FIXTURE_TEARDOWN(write)
{
	rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

static const char *held(void)
{
	return rs_value(rs_row("objects", "object", "t"), "held");
}

TEST_F(write, up_to_511_bytes_and_a_newline_is_a_command)
{
	memcpy(self->line, "get t", 5);
	EXPECT_EQ(0, rs_write("control", self->line, 511));
	EXPECT_STREQ("1", held());
	self->line[511] = '\n';
	EXPECT_EQ(0, rs_write("control", self->line, 512));
	EXPECT_STREQ("2", held());
	memcpy(self->line, "     ", 5);
	memcpy(self->line + 506, "get t", 5);
	EXPECT_EQ(0, rs_write("control", self->line, 512));
	EXPECT_STREQ("3", held());
}

TEST_F(write, of_more_is_refused_as_a_whole)
{
	static const size_t sizes[] = { 512, 513, 1000, 4096 };
	struct rs_answer answer;
	char words[64];
	size_t i;

	memcpy(self->line, "get t", 5);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		answer = rs_ask("control", self->line, sizes[i]);
		EXPECT_EQ(E2BIG, answer.err) {
			TH_LOG("%zu bytes", sizes[i]);
		}
		snprintf(words, sizeof(words), "%zu bytes; a command has at most 511", sizes[i]);
		EXPECT_NE(NULL, strstr(answer.error, words)) {
			TH_LOG("%s", answer.error);
		}
		EXPECT_NE(NULL, strstr(answer.error, "Command: get t")) {
			TH_LOG("%s", answer.error);
		}
	}
	/* A newline as the 513th byte is none too many by one. */
	self->line[512] = '\n';
	EXPECT_EQ(E2BIG, rs_ask("control", self->line, 513).err);
	EXPECT_EQ(E2BIG, rs_ask("alloc", self->line, 513).err);
	EXPECT_STREQ("0", held());
}

TEST_F(write, of_nothing_is_an_empty_command)
{
	static const char * const nothing[] = { "", "\n", " ", "\t \t\n" };
	struct rs_answer answer;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nothing); i++) {
		answer = rs_ask("control", nothing[i], strlen(nothing[i]));
		EXPECT_EQ(EINVAL, answer.err) {
			TH_LOG("empty command %zu", i);
		}
		EXPECT_NE(NULL, strstr(answer.error, "empty command; accepted: create get")) {
			TH_LOG("%s", answer.error);
		}
	}
}

TEST_F(write, of_bytes_that_nobody_can_print_is_refused)
{
	static const struct {
		const char *command;
		size_t size;
		const char *words;
		const char *shown;
	} odd[] = {
		{ "get t\0", 6, "character 0x00", "Command: get t?\n" },
		{ "get\0t", 5, "character 0x00", "Command: get?t\n" },
		{ "\0", 1, "character 0x00", "Command: ?\n" },
		{ "get t\x01", 6, "character 0x01", "Command: get t?\n" },
		{ "\x1b[31mget t", 10, "character 0x1b", "Command: ?[31mget t\n" },
		{ "get t\x7f", 6, "character 0x7f", "Command: get t?\n" },
		{ "get t\r\n", 7, "character 0x0d", "Command: get t?\n" },
		{ "get \xc3\xa4", 6, "character 0xc3", "Command: get ??\n" },
		{ "get \xe4\xf6 t", 8, "character 0xe4", "Command: get ?? t\n" },
		{ "get t\nget t\n", 12, "a newline in the middle", "Command: get t?get t\n" },
		{ "get t\n\n", 7, "a newline in the middle", "Command: get t?\n" },
	};
	struct rs_answer answer;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		answer = rs_ask("control", odd[i].command, odd[i].size);
		EXPECT_EQ(EINVAL, answer.err) {
			TH_LOG("row %zu", i);
		}
		EXPECT_NE(NULL, strstr(answer.error, odd[i].words)) {
			TH_LOG("%s", answer.error);
		}
		EXPECT_NE(NULL, strstr(answer.error, odd[i].shown)) {
			TH_LOG("%s", answer.error);
		}
	}
	EXPECT_STREQ("0", held());
}

TEST_F(write, of_too_many_bytes_shows_only_printable_ones)
{
	struct rs_answer answer;
	char *c;

	memset(self->line, 0xe9, 600);
	self->line[3] = '\n';
	self->line[4] = '\0';
	answer = rs_ask("control", self->line, 600);
	EXPECT_EQ(E2BIG, answer.err);
	for (c = answer.error; *c == '\n' || (*c >= ' ' && *c <= '~'); c++)
		;
	EXPECT_EQ(0, *c) {
		TH_LOG("at '%s'", c);
	}
}

TEST_F(write, may_separate_words_by_many_spaces_and_tabs)
{
	struct rs_answer answer;

	EXPECT_STREQ("done", rs_result("  get\t\tt  \t 2 \t"));
	EXPECT_STREQ("2", held());
	/* One column a byte, so that the caret is under the right word. */
	answer = rs_run("\tget\tt\tmany");
	EXPECT_EQ(EINVAL, answer.err);
	EXPECT_STREQ("", rs_explained(&answer, "control", " get t many", "not a number",
				      "many", 1));
}

TEST_F(write, of_as_many_words_as_a_line_can_hold_is_taken_apart)
{
	char command[RS_COMMAND_MAX + 1];
	size_t i;

	for (i = 0; i < RS_COMMAND_MAX; i++)
		command[i] = i % 2 ? ' ' : 'a';
	command[i] = '\0';
	EXPECT_STREQ("", rs_refused(EINVAL, command, "unknown command 'a'", "a", 1));
	memcpy(command, "get  t  2 ", 10);
	EXPECT_STREQ("", rs_refused(EINVAL, command, "surplus word", "a", 1));
}

TEST_F(write, from_memory_that_is_not_there_is_EFAULT)
{
	char *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = rs_open("control", O_RDWR);

	ASSERT_NE(MAP_FAILED, nowhere);
	EXPECT_EQ(-1, write(fd, nowhere, 5));
	EXPECT_EQ(EFAULT, errno);
	close(fd);
}

TEST_F(write, refused_leaves_nothing_to_read)
{
	int fd = rs_open("control", O_RDWR);
	char said[64];

	ASSERT_EQ(5, write(fd, "get t", 5));
	ASSERT_EQ(-1, write(fd, "get u", 5));
	EXPECT_EQ(0, read(fd, said, sizeof(said)));
	close(fd);
}

static unsigned int entries(const char *log)
{
	unsigned int nr = 0;

	while ((log = strstr(log, "error: "))) {
		nr++;
		log++;
	}
	return nr;
}

TEST_F(write, refused_is_kept_in_the_log_for_32_others)
{
	long long errors = rs_status("errors");
	char command[32], *log;
	unsigned int i;

	ASSERT_EQ(0, rs_write("error_log", "\n", 1));
	for (i = 1; i <= 40; i++) {
		snprintf(command, sizeof(command), "kill nobody%u", i);
		ASSERT_EQ(ENOENT, rs_write("control", command, strlen(command)));
		log = rs_read("error_log");
		ASSERT_EQ(i < RS_ERRORS_MAX ? i : RS_ERRORS_MAX, entries(log));
		free(log);
	}
	EXPECT_EQ(errors + 40, rs_status("errors"));
	log = rs_read("error_log");
	EXPECT_EQ(NULL, strstr(log, "'nobody8'"));
	EXPECT_NE(NULL, strstr(log, "'nobody9'"));
	EXPECT_NE(NULL, strstr(log, "'nobody40'"));
	EXPECT_LT(strstr(log, "'nobody9'"), strstr(log, "'nobody40'"));
	free(log);
}

TEST_F(write, to_the_error_log_empties_it_whatever_it_is)
{
	static const char * const any[] = { "\n", "clear", "\x01\x02", "" };
	char *log;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(any); i++) {
		ASSERT_EQ(ENOENT, rs_write("control", "kill nobody", 11));
		log = rs_read("error_log");
		EXPECT_STRNE("", log);
		free(log);
		EXPECT_EQ(0, rs_write("error_log", any[i], strlen(any[i])));
		log = rs_read("error_log");
		EXPECT_STREQ("", log) {
			TH_LOG("after write %zu", i);
		}
		free(log);
	}
	EXPECT_EQ(0, rs_write("error_log", self->line, sizeof(self->line)));
}

TEST_HARNESS_MAIN
