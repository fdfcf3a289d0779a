// SPDX-License-Identifier: GPL-2.0
/* The events file, and poll() on it and on storms. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>
#include <refstorm/refstorm.h>

#include "refstorm.h"

FIXTURE(events) {
	struct rs_mark mark;
};

FIXTURE_SETUP(events)
{
	self->mark = rs_begin();
	ASSERT_STREQ("done", rs_result("create t kref"));
}

FIXTURE_TEARDOWN(events)
{
	rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

static int poll_in(int fd, int ms)
{
	struct pollfd want = { .fd = fd, .events = POLLIN };
	int n = poll(&want, 1, ms);

	return n > 0 ? want.revents & (POLLIN | POLLERR | POLLHUP) : n;
}

static void many_events(struct __test_metadata *_metadata, int nr)
{
	int fd = rs_open("control", O_RDWR), i;

	for (i = 0; i < nr; i++)
		ASSERT_EQ(5, write(fd, i % 2 ? "put t" : "get t", 5));
	close(fd);
}

TEST_F(events, are_numbered_without_gaps_and_kept_to_the_last_1024)
{
	long long first, seq, time = 0;
	char *all, *line, *save = NULL;
	unsigned int nr = 0;

	many_events(_metadata, RS_EVENTS_MAX + 500);
	all = rs_read("events");
	first = rs_number(all, "seq");
	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		seq = rs_number(line, "seq");
		ASSERT_EQ(first + nr, seq);
		EXPECT_LE(time, rs_number(line, "time_ns"));
		time = rs_number(line, "time_ns");
		EXPECT_STREQ("task", rs_value(line, "context"));
		EXPECT_GT((long long)rs_cpus(), rs_number(line, "cpu"));
		nr++;
	}
	EXPECT_EQ(RS_EVENTS_MAX, nr);
	EXPECT_EQ(rs_status("events"), first + nr);
	free(all);
}

TEST_F(events, that_were_overwritten_leave_a_gap_for_a_slow_reader)
{
	int fd = rs_open("events", O_RDONLY);
	char some[4096], *rest, *line;
	long long last, next;
	ssize_t n;

	many_events(_metadata, 100);
	n = read(fd, some, sizeof(some) - 1);
	ASSERT_LT(0, n);
	some[n] = '\0';
	many_events(_metadata, RS_EVENTS_MAX + 500);
	rest = rs_read_fd(fd);
	/* The first read may have ended in the middle of a line. */
	line = some[n - 1] == '\n' ? rest : strchr(rest, '\n') + 1;
	*strrchr(some, '\n') = '\0';
	last = rs_number(strrchr(some, '\n') + 1, "seq") + (line != rest);
	/* What was buffered comes first; then there is a gap, and no seq twice. */
	for (next = last; *line; line = strchr(line, '\n') + 1) {
		long long seq = rs_number(line, "seq");

		ASSERT_LT(last, seq);
		if (seq > last + 1)
			next = seq;
		last = seq;
	}
	EXPECT_EQ(rs_status("events") - RS_EVENTS_MAX, next);
	EXPECT_EQ(rs_status("events") - 1, last);
	free(rest);
	close(fd);
}

TEST_F(events, poll_times_out_if_nothing_happens)
{
	int fd = rs_open("events", O_RDONLY);
	long long began;

	free(rs_read_fd(fd));
	began = rs_now_ms();
	EXPECT_EQ(0, poll_in(fd, 200));
	EXPECT_LE(195, rs_now_ms() - began);
	close(fd);
}

TEST_F(events, poll_tells_at_once_of_what_was_not_read_yet)
{
	int fd = rs_open("events", O_RDONLY);
	char *said;

	EXPECT_EQ(POLLIN, poll_in(fd, 0));
	free(rs_read_fd(fd));
	EXPECT_EQ(0, poll_in(fd, 0));
	ASSERT_STREQ("done", rs_result("get t"));
	EXPECT_EQ(POLLIN, poll_in(fd, 0));
	said = rs_read_fd(fd);
	EXPECT_STREQ("get", rs_value(said, "event"));
	EXPECT_EQ(said + strlen(said) - 1, strchr(said, '\n'));
	free(said);
	EXPECT_EQ(0, poll_in(fd, 0));
	close(fd);
}

TEST_F(events, poll_wakes_when_another_process_does_something)
{
	int fd = rs_open("events", O_RDONLY), status;
	long long began = rs_now_ms();
	pid_t pid;

	free(rs_read_fd(fd));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		rs_sleep_ms(200);
		_exit(rs_write("control", "get t", 5));
	}
	EXPECT_EQ(POLLIN, poll_in(fd, RS_PATIENCE_MS));
	/* It was woken: at its end it would have looked, too. */
	EXPECT_GT(RS_PATIENCE_MS, rs_now_ms() - began);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	close(fd);
}

TEST_F(events, of_a_storm_tell_its_start_and_its_end)
{
	long long mark = rs_events_mark(), id;
	char subject[32], *all, *line, *save = NULL;
	unsigned int nr = 0;

	id = rs_storm("provider=kref ms=50 seed=5 workers=2 killers=1");
	ASSERT_LT(0, id);
	ASSERT_STRNE("", rs_storm_wait(id));
	snprintf(subject, sizeof(subject), "storm:%lld", id);
	all = rs_events_since(mark);
	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strcmp(rs_value(line, "subject"), subject))
			continue;
		EXPECT_STREQ(nr ? "end" : "start", rs_value(line, "event"));
		if (!nr) {
			EXPECT_STREQ("kref", rs_value(line, "provider"));
			EXPECT_STREQ("5", rs_value(line, "seed"));
		} else {
			EXPECT_STREQ(rs_value(rs_storm_row(id), "verdict"),
				     rs_value(line, "verdict"));
		}
		nr++;
	}
	EXPECT_EQ(2, nr);
	free(all);
}

TEST_F(events, poll_on_storms_wakes_at_the_end_of_one)
{
	int fd = rs_open("storms", O_RDONLY);
	char *said;
	long long id;

	free(rs_read_fd(fd));
	EXPECT_EQ(0, poll_in(fd, 100));
	id = rs_storm("provider=kref ms=300 workers=2 killers=1");
	ASSERT_LT(0, id);
	EXPECT_EQ(0, poll_in(fd, 0));
	EXPECT_EQ(POLLIN, poll_in(fd, 20000));
	EXPECT_STREQ("done", rs_value(rs_storm_row(id), "state"));
	/* Until a read from the beginning of the file. */
	EXPECT_EQ(POLLIN, poll_in(fd, 0));
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	said = rs_read_fd(fd);
	EXPECT_EQ(0, poll_in(fd, 100));
	free(said);
	close(fd);
}

TEST_HARNESS_MAIN
