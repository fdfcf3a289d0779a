// SPDX-License-Identifier: GPL-2.0
/* The files of the debugfs directory, read and written in odd ways. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>
#include <refstorm/refstorm.h>

#include "refstorm.h"

RS_FIXTURE(files, 1)

static const char * const tables[] = {
	"commands", "providers", "peers", "objects", "storms", "alloc", "account", "history",
};

/* What the providers file lists for each interface of RS_PROVIDERS. */
#define OPS_atomic	"get,put,tryget,kill"
#define OPS_refcount	OPS_atomic
#define OPS_kref	OPS_atomic
#define OPS_percpu_ref	"get,put,tryget,tryget_live,kill,kill_confirm,"	\
			"switch_to_atomic,switch_to_percpu,reinit,resurrect"

static const struct {
	const char *name;
	mode_t mode;
} all_files[] = {
	{ "README", 0400 },
	{ "control", 0600 },
	{ "commands", 0400 },
	{ "providers", 0400 },
	{ "peers", 0400 },
	{ "objects", 0400 },
	{ "holders", 0400 },
	{ "storms", 0400 },
	{ "account", 0400 },
	{ "history", 0400 },
	{ "oracle", 0400 },
	{ "bench", 0400 },
	{ "events", 0400 },
	{ "error_log", 0600 },
	{ "alloc", 0600 },
	{ "status", 0400 },
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
		EXPECT_STRNE("", rs_value(all, keys[i])) {
			TH_LOG("%s=", keys[i]);
		}
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

		EXPECT_EQ(0, strncmp(all, "# ", 2)) {
			TH_LOG("%s", tables[i]);
		}
		ASSERT_NE(NULL, row);
		*row++ = '\0';
		/* The keys of a row stand in the order of the header. */
		for (word = strtok_r(all + 2, " ", &save); word && *row;
		     word = strtok_r(NULL, " ", &save)) {
			EXPECT_EQ(0, strncmp(row, word, strlen(word))) {
				TH_LOG("%s: %s", tables[i], word);
			}
			EXPECT_EQ('=', row[strlen(word)]);
			row += strcspn(row, "\n ") + 1;
		}
		free(all);
	}
	ASSERT_STREQ("true", rs_result("kill t"));
	ASSERT_STREQ("done", rs_result("destroy t"));
}

TEST_F(files, the_providers_are_those_of_the_list)
{
	static const struct {
		const char *name, *origin, *ops, *tracked;
	} all[] = {
#define PROVIDER(name, origin, interface, tracked) { #name, #origin, OPS_##interface, #tracked },
		RS_PROVIDERS(PROVIDER)
	};
	char *table = rs_read("providers"), *save = NULL, *line = strtok_r(table, "\n", &save);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		line = strtok_r(NULL, "\n", &save);
		ASSERT_NE(NULL, line);
		EXPECT_STREQ(all[i].name, rs_value(line, "provider"));
		EXPECT_STREQ(all[i].origin, rs_value(line, "origin"));
		EXPECT_STREQ(all[i].ops, rs_value(line, "ops"));
		EXPECT_EQ(!!strcmp(all[i].tracked, "none"), rs_number(line, "tracks"));
	}
	EXPECT_EQ(NULL, strtok_r(NULL, "\n", &save));
	free(table);
}

TEST_F(files, are_for_root_only)
{
	int status, fd;
	struct stat st;
	char path[64];
	pid_t pid;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all_files); i++) {
		snprintf(path, sizeof(path), RS_DIR "%s", all_files[i].name);
		ASSERT_EQ(0, stat(path, &st)) {
			TH_LOG("%s", path);
		}
		EXPECT_EQ(all_files[i].mode, st.st_mode & 07777) {
			TH_LOG("%s", path);
		}
		EXPECT_EQ(0, st.st_uid);
	}
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* Already in the directory, so that only the mode of the file decides. */
		if (chdir(RS_DIR) || setgid(65534) || setuid(65534))
			_exit(100);
		for (i = 0; i < ARRAY_SIZE(all_files); i++) {
			fd = open(all_files[i].name, O_RDONLY);
			if (fd >= 0 || errno != EACCES)
				_exit(1 + i);
			fd = open(all_files[i].name, O_WRONLY);
			if (fd >= 0 || errno != EACCES)
				_exit(51 + i);
		}
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(files, for_reading_cannot_be_written)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all_files); i++) {
		if (all_files[i].mode & 0200)
			continue;
		EXPECT_EQ(EINVAL, rs_write(all_files[i].name, "x", 1)) {
			TH_LOG("%s", all_files[i].name);
		}
	}
}

TEST_F(files, read_the_same_in_small_pieces_and_at_offsets)
{
	char small[7], part[100];
	int fd, i;
	size_t f;

	ASSERT_STREQ("done", rs_result("create t rs_percpu_ref"));
	for (i = 0; i < 200; i++)	/* fill a few pages of events */
		ASSERT_EQ(0, rs_write("control", i % 2 ? "put t" : "get t", 5));
	ASSERT_EQ(EPERM, rs_write("control", "put t", 5));

	for (f = 0; f < ARRAY_SIZE(all_files); f++) {
		const char *name = all_files[f].name;
		size_t done = 0, at;
		char *whole;
		ssize_t n;

		/* What opening allocates shows in "alloc" itself; nothing else moves. */
		if (!strcmp(name, "control"))
			continue;
		whole = rs_read(name);
		fd = rs_open(name, O_RDONLY);
		while ((n = read(fd, small, sizeof(small))) > 0) {
			ASSERT_EQ(0, memcmp(whole + done, small, n)) {
				TH_LOG("%s differs at %zu", name, done);
			}
			done += n;
		}
		EXPECT_EQ(0, n);
		EXPECT_EQ(strlen(whole), done) {
			TH_LOG("%s", name);
		}
		for (at = 0; at < done + sizeof(part); at += 1 + done / 7) {
			n = pread(fd, part, sizeof(part), at);
			ASSERT_LE(0, n);
			ASSERT_EQ(at < done, n > 0);
			EXPECT_EQ(0, memcmp(whole + at, part, n)) {
				TH_LOG("%s differs at %zu", name, at);
			}
		}
		close(fd);
		free(whole);
	}
	ASSERT_STREQ("true", rs_result("kill t"));
	ASSERT_STREQ("done", rs_result("wait t"));
	ASSERT_STREQ("done", rs_result("destroy t"));
}

TEST_F(files, control_gives_its_result_once_and_in_pieces)
{
	int fd = rs_open("control", O_RDWR);
	char said[64] = "", *rest;
	size_t len = 0;

	ASSERT_EQ(13, write(fd, "create t kref", 13));
	while (len < sizeof(said) - 1 && read(fd, said + len, 1) == 1)
		len++;
	EXPECT_STREQ("command=create object=t result=done\n", said);
	EXPECT_EQ(0, read(fd, said, sizeof(said)));
	/* The result of a second command replaces the unread result of the first. */
	ASSERT_EQ(5, write(fd, "get t", 5));
	ASSERT_EQ(8, write(fd, "tryget t", 8));
	rest = rs_read_fd(fd);
	EXPECT_STREQ("command=tryget object=t result=true\n", rest);
	free(rest);
	ASSERT_EQ(7, write(fd, "put t 2", 7));
	ASSERT_EQ(6, write(fd, "kill t", 6));
	ASSERT_EQ(9, write(fd, "destroy t", 9));
	EXPECT_EQ(-1, lseek(fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	close(fd);
}

TEST_F(files, two_open_files_of_control_do_not_mix_their_results)
{
	int a = rs_open("control", O_RDWR), b = rs_open("control", O_RDWR);
	char *said;

	ASSERT_EQ(13, write(a, "create a kref", 13));
	ASSERT_EQ(13, write(b, "create b kref", 13));
	ASSERT_EQ(-1, write(b, "create b kref", 13));
	said = rs_read_fd(a);
	EXPECT_STREQ("command=create object=a result=done\n", said);
	free(said);
	said = rs_read_fd(b);
	EXPECT_STREQ("", said);
	free(said);
	ASSERT_EQ(6, write(b, "kill a", 6));
	ASSERT_EQ(6, write(a, "kill b", 6));
	said = rs_read_fd(b);
	EXPECT_STREQ("command=kill object=a result=true\n", said);
	free(said);
	said = rs_read_fd(a);
	EXPECT_STREQ("command=kill object=b result=true\n", said);
	free(said);
	ASSERT_EQ(9, write(a, "destroy a", 9));
	ASSERT_EQ(9, write(a, "destroy b", 9));
	close(a);
	close(b);
}

TEST_HARNESS_MAIN
