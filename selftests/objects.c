// SPDX-License-Identifier: GPL-2.0
/* Objects, driven one command at a time: the same for every provider. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "refstorm.h"

FIXTURE(object) {
	struct rs_mark mark;
	long long events;
};

FIXTURE_VARIANT(object) {
	const char *name;
	bool percpu;
	bool saturates;
};

#define VARIANT(...) RS_VARIANT(object, __VA_ARGS__)
RS_PROVIDERS(VARIANT)

/* Every test begins with one live object, "t", and ends without. */
FIXTURE_SETUP(object)
{
	self->mark = rs_begin();
	self->events = rs_events_mark();
	ASSERT_STREQ("done", rs_result("create t %s", variant->name));
}

FIXTURE_TEARDOWN(object)
{
	if (!rs_test_passed(_metadata) || *rs_row("objects", "object", "t"))
		rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

static const char *row(const char *key)
{
	return rs_value(rs_row("objects", "object", "t"), key);
}

/* The mode of a new object; a dynamic one begins cold, and may become hot. */
static const char *first_mode(const struct _fixture_variant_object *variant)
{
	if (!variant->percpu)
		return "-";
	return strstr(variant->name, "dynamic") ? "atomic" : "percpu";
}

TEST_F(object, a_life_from_create_to_destroy_is_told_by_the_events)
{
	static const char * const kinds[] = {
		"create", "get", "put", "tryget", "put", "kill", "release", "tryget", "destroy",
	};
	char *events, *line, *save = NULL;
	size_t i = 0;

	EXPECT_STREQ("done", rs_result("get t"));
	EXPECT_STREQ("done", rs_result("put t"));
	EXPECT_STREQ("true", rs_result("tryget t"));
	EXPECT_STREQ("done", rs_result("put t"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_STREQ("false", rs_result("tryget t"));
	EXPECT_STREQ("done", rs_result("destroy t"));

	events = rs_events_since(self->events);
	for (line = strtok_r(events, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		ASSERT_LT(i, ARRAY_SIZE(kinds)) {
			TH_LOG("surplus event: %s", line);
		}
		EXPECT_STREQ(kinds[i], rs_value(line, "event"));
		EXPECT_STREQ("object:t", rs_value(line, "subject"));
		EXPECT_EQ(self->events + (long long)i, rs_number(line, "seq"));
		i++;
	}
	EXPECT_EQ(ARRAY_SIZE(kinds), i);
	free(events);
}

TEST_F(object, the_result_line_names_the_command_and_the_object)
{
	struct rs_answer answer = rs_run("get t 2\n");

	EXPECT_STREQ("command=get object=t result=done", answer.result);
	answer = rs_run("put t 2");
	EXPECT_STREQ("command=put object=t result=done", answer.result);
	answer = rs_run("kill t");
	EXPECT_STREQ("command=kill object=t result=true", answer.result);
}

TEST_F(object, many_references_are_moved_at_once_and_counted)
{
	EXPECT_STREQ("done", rs_result("get t 65536"));
	EXPECT_STREQ("done", rs_result("get t 3"));
	EXPECT_STREQ("true", rs_result("tryget t 100"));
	EXPECT_STREQ("65639", row("held"));
	EXPECT_TRUE(variant->percpu || !strcmp("65640", row("count")));
	EXPECT_STREQ("done", rs_result("put t 65536"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("refused: ETIMEDOUT", rs_result("wait t ms=200"));
	EXPECT_STREQ("103", row("count"));
	EXPECT_STREQ("done", rs_result("put t 102"));
	EXPECT_STREQ("0", row("released"));
	EXPECT_STREQ("done", rs_result("put t 1"));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_STREQ("1", row("released"));
}

TEST_F(object, the_table_tells_the_state_at_each_step)
{
	EXPECT_STREQ("live", row("state"));
	EXPECT_STREQ(first_mode(variant), row("mode"));
	EXPECT_STREQ(strcmp(row("mode"), "percpu") ? "1" : "-", row("count"));
	EXPECT_STREQ(variant->percpu ? "0" : "-", row("dying"));
	EXPECT_STREQ("done", rs_result("get t"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("killed", row("state"));
	EXPECT_STREQ(variant->percpu ? "1" : "-", row("dying"));
	EXPECT_STREQ("1", row("held"));
	EXPECT_STREQ("0", row("released"));
	EXPECT_STREQ("done", rs_result("put t"));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_STREQ("released", row("state"));
	EXPECT_STREQ("1", row("zero"));
	EXPECT_STREQ("0", row("count"));
	EXPECT_STREQ("0", row("held"));
	EXPECT_STREQ("1", row("released"));
	EXPECT_STREQ("0", row("confirmed"));
	EXPECT_STREQ(variant->percpu ? "atomic" : "-", row("mode"));
}

TEST_F(object, after_release_a_tryget_takes_nothing)
{
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_STREQ("false", rs_result("tryget t"));
	EXPECT_STREQ("false", rs_result("tryget t 7"));
	EXPECT_STREQ(variant->percpu ? "false" : "refused: EOPNOTSUPP", rs_result("tryget_live t"));
	EXPECT_STREQ("0", row("held"));
	EXPECT_STREQ("1", row("released"));
}

TEST_F(object, a_second_kill_is_refused_and_drops_nothing)
{
	EXPECT_STREQ("done", rs_result("get t"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("", rs_refused(EALREADY, "kill t", "killed already", "t", 1));
	EXPECT_STREQ("0", row("released"));
	EXPECT_STREQ("true", rs_result("tryget t"));
	EXPECT_STREQ("done", rs_result("put t 2"));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_EQ(EALREADY, rs_try("kill t"));
}

TEST_F(object, what_is_not_released_cannot_be_destroyed)
{
	EXPECT_STREQ("", rs_refused(EBUSY, "destroy t", "'t' is live", "t", 2));
	EXPECT_STREQ("done", rs_result("get t 5"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("", rs_refused(EBUSY, "destroy t",
				    "'t' is killed, with 5 references", "t", 2));
	EXPECT_STREQ("done", rs_result("put t 5"));
	EXPECT_STREQ("done", rs_result("wait t"));
	EXPECT_STREQ("done", rs_result("destroy t"));
	EXPECT_EQ(ENOENT, rs_try("destroy t"));
}

TEST_F(object, what_is_not_held_cannot_be_put)
{
	EXPECT_STREQ("", rs_refused(EPERM, "put t", "you hold 0", "t", 2));
	EXPECT_STREQ("done", rs_result("get t 3"));
	EXPECT_STREQ("", rs_refused(EPERM, "put t 4", "you hold 3", "4", 1));
	EXPECT_STREQ("done", rs_result("put t 3"));
	EXPECT_EQ(EPERM, rs_try("put t 1"));
}

TEST_F(object, after_a_kill_only_a_holder_can_get)
{
	EXPECT_STREQ("done", rs_result("get t"));
	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("done", rs_result("get t 2"));
	EXPECT_STREQ("true", rs_result("tryget t"));
	EXPECT_STREQ("done", rs_result("put t 4"));
	EXPECT_STREQ("", rs_refused(EPERM, "get t", "you hold no reference", "t", 2));
}

TEST_F(object, refused_commands_change_nothing)
{
	static const struct {
		const char *command;
		int err;
	} refused[] = {
		{ "create t kref", EEXIST },
		{ "create t kref count=5", EEXIST },
		{ "create u nonsense", ENOENT },
		{ "create u kref count=0", ERANGE },
		{ "create u kref count=x", EINVAL },
		{ "create u/v kref", EINVAL },
		{ "put t 4", EPERM },
		{ "put t 0", ERANGE },
		{ "get t 65537", ERANGE },
		{ "get t -1", EINVAL },
		{ "tryget t one", EINVAL },
		{ "kill t confirm=2", ERANGE },
		{ "kill t now", EINVAL },
		{ "wait t ms=1", ETIMEDOUT },
		{ "destroy t", EBUSY },
		{ "destroy", EINVAL },
		{ "storm provider=nonsense", ENOENT },
		{ "storm ms=10", EINVAL },
		{ "storm provider=kref ms=9", ERANGE },
		{ "stop 4000000000", ENOENT },
	};
	char *before, *after;
	long long events;
	size_t i;

	EXPECT_STREQ("done", rs_result("get t 3"));
	before = rs_read("objects");
	events = rs_status("events");
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		EXPECT_EQ(refused[i].err, rs_try("%s", refused[i].command)) {
			TH_LOG("%s", refused[i].command);
		}
		after = rs_read("objects");
		EXPECT_STREQ(before, after) {
			TH_LOG("after %s", refused[i].command);
		}
		free(after);
	}
	EXPECT_EQ(events, rs_status("events"));
	EXPECT_EQ(0, rs_status("storms"));
	free(before);
}

TEST_F(object, count_gives_the_caller_the_rest_where_the_kind_has_it)
{
	if (variant->percpu) {
		struct rs_answer answer = rs_run("create u %s count=2", variant->name);

		EXPECT_EQ(EOPNOTSUPP, answer.err);
		EXPECT_NE(NULL, strstr(answer.error, "begins with one reference"));
		EXPECT_STREQ("", rs_row("objects", "object", "u"));
		return;
	}
	EXPECT_STREQ("done", rs_result("create u %s count=2147483647", variant->name));
	EXPECT_STREQ("2147483646", rs_value(rs_row("objects", "object", "u"), "held"));
	/* At the maximum: one more would saturate, so the guard refuses it. */
	EXPECT_EQ(ERANGE, rs_try("get u"));
	EXPECT_EQ(ERANGE, rs_try("tryget u"));
	EXPECT_STREQ("done", rs_result("put u"));
	EXPECT_STREQ("done", rs_result("get u"));
	EXPECT_EQ(EBUSY, rs_try("destroy u"));
	EXPECT_STREQ("done", rs_result("create v %s count=3", variant->name));
	EXPECT_STREQ("true", rs_result("kill v"));
	EXPECT_STREQ("done", rs_result("put v 2"));
	EXPECT_STREQ("done", rs_result("destroy v"));
	/* Nothing but time would bring "u" to its end: the module's own will do. */
	ASSERT_EQ(0, rs_reload());
	self->mark = rs_begin();
}

TEST_F(object, unguarded_is_for_kinds_that_survive_misuse)
{
	struct rs_answer answer = rs_run("create u %s unguarded=1", variant->name);

	if (variant->saturates) {
		EXPECT_EQ(0, answer.err);
		EXPECT_STREQ("1", rs_value(rs_row("objects", "object", "u"), "unguarded"));
		EXPECT_STREQ("done", rs_result("destroy u"));
	} else {
		EXPECT_EQ(EOPNOTSUPP, answer.err);
		EXPECT_NE(NULL, strstr(answer.error, "not documented to survive misuse"));
	}
}

TEST_F(object, tryget_live_and_confirm_are_for_per_cpu_kinds)
{
	if (variant->percpu) {
		EXPECT_STREQ("command=tryget_live object=t result=true",
			     rs_run("tryget_live t").result);
		EXPECT_STREQ("done", rs_result("put t"));
		EXPECT_STREQ("true", rs_result("kill t confirm=1"));
		return;
	}
	EXPECT_STREQ("", rs_refused(EOPNOTSUPP, "tryget_live t", "has no tryget_live",
				    "tryget_live", 1));
	EXPECT_STREQ("", rs_refused(EOPNOTSUPP, "kill t confirm=1",
				    "has no confirmation", "confirm", 1));
	EXPECT_STREQ("live", row("state"));
	EXPECT_STREQ("true", rs_result("kill t confirm=0"));
}

TEST_F(object, wait_sleeps_as_long_as_it_was_told)
{
	long long began, took;

	began = rs_now_ms();
	EXPECT_STREQ("", rs_refused(ETIMEDOUT, "wait t ms=300", "is live after 300 ms", "t", 2));
	took = rs_now_ms() - began;
	/* The wait is in ticks: a guest that was not run for a while gets them all at once. */
	EXPECT_GE(took, 100);
	EXPECT_LT(took, RS_PATIENCE_MS);

	EXPECT_STREQ("true", rs_result("kill t"));
	EXPECT_STREQ("done", rs_result("wait t ms=60000"));
	/* Released already: no wait at all. */
	EXPECT_STREQ("done", rs_result("wait t ms=0"));
}

TEST_F(object, a_waiter_is_woken_by_the_last_put_of_another)
{
	long long began = rs_now_ms();
	int status;
	pid_t pid;

	EXPECT_STREQ("done", rs_result("get t"));
	EXPECT_STREQ("true", rs_result("kill t"));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		rs_sleep_ms(200);
		_exit(rs_write("control", "put t", 5));
	}
	/* rs_run() would empty error_log under the child's feet; it does not mind. */
	EXPECT_STREQ("done", rs_result("wait t ms=60000"));
	EXPECT_LT(rs_now_ms() - began, 60000);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Wait until a process sleeps and stays asleep. State D: only a kill wakes it. */
static bool is_asleep(pid_t pid)
{
	long long end = rs_now_ms() + RS_PATIENCE_MS;
	unsigned int seen = 0;
	char path[32], state;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (seen < 5 && rs_now_ms() < end) {
		rs_sleep_ms(40);
		stat = fopen(path, "r");
		if (stat && fscanf(stat, "%*d %*s %c", &state) == 1 &&
		    (state == 'S' || state == 'D'))
			seen++;
		else
			seen = 0;
		if (stat)
			fclose(stat);
	}
	return seen == 5;
}

TEST_F(object, a_waiter_that_is_killed_goes_at_once)
{
	long long began;
	char *log;
	pid_t pid;

	rs_write("error_log", "\n", 1);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		rs_write("control", "wait t ms=60000", 15);
		_exit(0);
	}
	EXPECT_TRUE(is_asleep(pid));
	began = rs_now_ms();
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_LT(rs_now_ms() - began, 60000);
	log = rs_read("error_log");
	EXPECT_NE(NULL, strstr(log, "(errno 4)")) {
		TH_LOG("%s", log);
	}
	EXPECT_NE(NULL, strstr(log, "Command: wait t ms=60000")) {
		TH_LOG("%s", log);
	}
	free(log);
	EXPECT_STREQ("live", row("state"));
}

TEST_HARNESS_MAIN
