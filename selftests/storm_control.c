// SPDX-License-Identifier: GPL-2.0
/* Starting, stopping and remembering storms: parameters, limits, starters. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>
#include <refstorm/refstorm.h>

#include "refstorm.h"

RS_FIXTURE(storms, 1)

TEST_F(storms, of_ten_milliseconds_end_by_themselves)
{
	const char *row = rs_storm_run("provider=rs_percpu_ref ms=10");

	ASSERT_STRNE("", row);
	EXPECT_LE(10, rs_number(row, "elapsed_ms"));
	EXPECT_EQ(rs_number(row, "kills"), rs_number(row, "releases"));
	EXPECT_STREQ("-", rs_value(row, "invariant"));
}

TEST_F(storms, show_the_defaults_of_what_nobody_said)
{
	long long id = rs_storm("provider=kref");
	const char *row;

	ASSERT_LT(0, id);
	row = rs_storm_row(id);
	EXPECT_STREQ("running", rs_value(row, "state"));
	EXPECT_STREQ("-", rs_value(row, "verdict"));
	EXPECT_STREQ("lifecycle", rs_value(row, "pattern"));
	EXPECT_EQ(RS_STORM_MS_DEFAULT, rs_number(row, "ms"));
	EXPECT_EQ(rs_cpus(), rs_number(row, "workers"));
	EXPECT_EQ(2, rs_number(row, "killers"));
	EXPECT_EQ(RS_BOUND_MS_DEFAULT, rs_number(row, "bound_ms"));
	EXPECT_EQ(100, rs_number(row, "duty"));
	EXPECT_STRNE("0", rs_value(row, "seed"));
	EXPECT_STREQ("done", rs_value(rs_run("stop %lld", id).result, "result"));
	EXPECT_STREQ("stopped", rs_value(rs_storm_wait(id), "verdict"));
}

TEST_F(storms, take_the_seed_that_they_are_given_and_choose_one_for_0)
{
	static const char * const seeds[] = { "7", "7", "18446744073709551615" };
	char chosen[2][32];
	const char *row;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(seeds); i++) {
		row = rs_storm_run("provider=kref ms=10 seed=%s", seeds[i]);
		EXPECT_STREQ(seeds[i], rs_value(row, "seed"));
	}
	row = rs_storm_run("provider=kref ms=10 seed=0xff");
	EXPECT_STREQ("255", rs_value(row, "seed"));
	for (i = 0; i < 2; i++) {
		row = rs_storm_run("provider=kref ms=10 seed=0");
		snprintf(chosen[i], sizeof(chosen[i]), "%s", rs_value(row, "seed"));
		EXPECT_STRNE("", chosen[i]);
		EXPECT_STRNE("0", chosen[i]);
	}
	EXPECT_STRNE(chosen[0], chosen[1]);
}

/* A busy machine may take longer for a grace period than any bound. */
TEST_F(storms, wait_for_a_release_that_is_late_but_not_lost)
{
	const char *row = rs_storm_run("provider=rs_percpu_ref ms=500 bound_ms=1");
	const char *verdict = "";
	int i;

	EXPECT_STREQ("held", rs_value(row, "verdict"));
	/* Grace periods may all be short ones for a while. */
	for (i = 0; i < 20 && strcmp(verdict, "broken"); i++) {
		row = rs_storm_run("provider=rs_percpu_ref killers=4 ms=500 %s",
				   "bound_ms=1 hard_bound=1");
		verdict = rs_value(row, "verdict");
	}
	EXPECT_STREQ("broken", verdict);
}

TEST_F(storms, that_are_stopped_end_early_and_say_so)
{
	long long began = rs_now_ms(), id = rs_storm("provider=rs_percpu_ref ms=60000");
	const char *row;

	ASSERT_LT(0, id);
	rs_sleep_ms(100);
	EXPECT_STREQ("running", rs_value(rs_storm_row(id), "state"));
	EXPECT_EQ(0, rs_try("stop %lld", id));
	row = rs_storm_wait(id);
	EXPECT_STREQ("stopped", rs_value(row, "verdict"));
	EXPECT_EQ(rs_number(row, "kills"), rs_number(row, "releases"));
	EXPECT_GT(60000, rs_number(row, "elapsed_ms"));
	EXPECT_GT(60000, rs_now_ms() - began);
	/* The storm is not running any more. */
	EXPECT_EQ(ENOENT, rs_try("stop %lld", id));
}

TEST_F(storms, all_end_at_stop_all_and_only_one_at_stop_ID)
{
	struct rs_answer answer;
	long long id[3];
	int i;

	for (i = 0; i < 3; i++) {
		id[i] = rs_storm("provider=kref ms=60000 workers=1 killers=1");
		ASSERT_LT(0, id[i]);
	}
	EXPECT_EQ(3, rs_status("storms"));
	EXPECT_EQ(0, rs_try("stop %lld", id[1]));
	EXPECT_STREQ("stopped", rs_value(rs_storm_wait(id[1]), "verdict"));
	EXPECT_STREQ("running", rs_value(rs_storm_row(id[0]), "state"));
	EXPECT_STREQ("running", rs_value(rs_storm_row(id[2]), "state"));
	answer = rs_run("stop all");
	EXPECT_STREQ("command=stop storm=all result=done", answer.result);
	EXPECT_STREQ("stopped", rs_value(rs_storm_wait(id[0]), "verdict"));
	EXPECT_STREQ("stopped", rs_value(rs_storm_wait(id[2]), "verdict"));
	/* Nothing to stop is no error. */
	EXPECT_EQ(0, rs_try("stop all"));
}

TEST_F(storms, beyond_the_eighth_have_no_room)
{
	struct rs_answer answer;
	long long id[RS_STORMS_MAX];
	int i;

	for (i = 0; i < RS_STORMS_MAX; i++) {
		id[i] = rs_storm("provider=kref ms=60000 workers=1 killers=1 duty=5");
		ASSERT_LT(0, id[i]);
	}
	answer = rs_run("storm provider=kref ms=10");
	EXPECT_EQ(ENOSPC, answer.err);
	EXPECT_NE(NULL, strstr(answer.error, "8 storms are running already"));
	EXPECT_EQ(RS_STORMS_MAX, rs_status("storms"));
	EXPECT_EQ(3 * RS_STORMS_MAX, rs_status("threads"));
	EXPECT_EQ(0, rs_try("stop %lld", id[3]));
	ASSERT_STRNE("", rs_storm_wait(id[3]));
	id[3] = rs_storm("provider=kref ms=10");
	EXPECT_LT(0, id[3]);
	EXPECT_EQ(0, rs_try("stop all"));
	for (i = 0; i < RS_STORMS_MAX; i++)
		EXPECT_STRNE("", rs_storm_wait(id[i]));
}

TEST_F(storms, of_too_many_threads_have_no_room)
{
	long long id = rs_storm("provider=kref ms=60000 workers=256 killers=16 duty=1");
	struct rs_answer answer;

	ASSERT_LT(0, id);
	EXPECT_EQ(256 + 16 + 1, rs_status("threads"));
	answer = rs_run("storm provider=kref workers=256 killers=1 duty=1 ms=10");
	EXPECT_EQ(ENOSPC, answer.err);
	EXPECT_NE(NULL, strstr(answer.error,
			       "258 threads more; there are 273, and 512 is the limit")) {
		TH_LOG("%s", answer.error);
	}
	EXPECT_EQ(1, rs_status("storms"));
	EXPECT_EQ(0, rs_try("stop %lld", id));
	EXPECT_STREQ("stopped", rs_value(rs_storm_wait(id), "verdict"));
}

TEST_F(storms, pin_their_workers_one_to_each_cpu_in_turn)
{
	unsigned int cpus = rs_cpus(), worker;
	long long id;
	char name[64];

	id = rs_storm("provider=kref ms=60000 workers=%u killers=1 duty=10", 2 * cpus);
	ASSERT_LT(0, id);
	for (worker = 0; worker < 2 * cpus; worker++) {
		snprintf(name, sizeof(name), "rs_work/%lld.%u", id, worker);
		EXPECT_EQ(worker % cpus, (unsigned int)rs_cpu_of_thread(name)) {
			TH_LOG("thread %s", name);
		}
	}
	EXPECT_EQ(0, rs_try("stop all"));
	EXPECT_STRNE("", rs_storm_wait(id));
	snprintf(name, sizeof(name), "rs_work/%lld.0", id);
	rs_sleep_ms(100);
	EXPECT_EQ(-1, rs_cpu_of_thread(name));
}

TEST_F(storms, have_threads_of_the_priority_that_was_asked_for)
{
	static const struct {
		const char *context;
		int policy, nice;
	} all[] = {
		{ "pinned", SCHED_OTHER, 10 },
		{ "nice", SCHED_OTHER, 19 },
		{ "realtime", SCHED_FIFO, 0 },
	};
	long long id;
	char name[64];
	size_t i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		id = rs_storm("provider=kref ms=60000 workers=1 killers=1 contexts=%s",
			      all[i].context);
		ASSERT_LT(0, id);
		snprintf(name, sizeof(name), "rs_work/%lld.0", id);
		pid = rs_thread_named(name);
		ASSERT_LT(0, pid);
		/* The thread sets its policy first, but may not have run yet. */
		rs_sleep_ms(200);
		EXPECT_EQ(all[i].policy, sched_getscheduler(pid)) {
			TH_LOG("%s", all[i].context);
		}
		EXPECT_EQ(all[i].nice, getpriority(PRIO_PROCESS, pid)) {
			TH_LOG("%s", all[i].context);
		}
		EXPECT_EQ(0, rs_try("stop all"));
		EXPECT_STRNE("", rs_storm_wait(id));
	}
}

TEST_F(storms, are_killed_where_they_are_told)
{
	const char *row;

	row = rs_storm_run("provider=rs_percpu_ref ms=400 killers=4 kill_contexts=hardirq");
	EXPECT_LT(0, rs_number(row, "kills"));
	EXPECT_EQ(rs_number(row, "kills"), rs_number(row, "hardirq_kills"));
	row = rs_storm_run("provider=rs_percpu_ref ms=400 killers=4 kill_contexts=softirq");
	EXPECT_LT(0, rs_number(row, "kills"));
	EXPECT_EQ(rs_number(row, "kills"), rs_number(row, "softirq_kills"));
}

TEST_F(storms, do_less_with_less_duty)
{
	static const int duty[] = { 100, 5 };
	long long operations[2];
	const char *row;
	int i;

	for (i = 0; i < 2; i++) {
		row = rs_storm_run("provider=atomic ms=500 workers=1 killers=1 seed=3 duty=%d",
				   duty[i]);
		EXPECT_EQ(duty[i], rs_number(row, "duty"));
		operations[i] = rs_number(row, "operations");
	}
	EXPECT_LT(0, operations[1]);
	EXPECT_LT(operations[1] * 2, operations[0]);
}

TEST_F(storms, that_have_ended_are_remembered_up_to_64)
{
	char *all, *line, *save = NULL;
	long long id = 0, first = 0, last = 0;
	int started = 0, done = 0;

	while (started < RS_STORM_HISTORY + RS_STORMS_MAX + 4) {
		id = rs_status("storms") < RS_STORMS_MAX ?
			rs_storm("provider=kref ms=10 workers=1 killers=1") : 0;
		ASSERT_LE(0, id);
		if (id)
			started++;
		else
			rs_sleep_ms(5);
		if (started == 1 && id)
			first = id;
		if (id)
			last = id;
	}
	ASSERT_STRNE("", rs_storm_wait(last));
	while (rs_status("storms"))
		rs_sleep_ms(10);
	all = rs_read("storms");
	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line == '#')
			continue;
		done++;
		EXPECT_STREQ("done", rs_value(line, "state"));
	}
	EXPECT_LE(RS_STORM_HISTORY, done);
	EXPECT_STREQ("", rs_storm_row(first));
	EXPECT_STRNE("", rs_storm_row(last - RS_STORM_HISTORY + 1));
	free(all);
}

TEST_F(storms, end_at_their_time_though_their_starter_was_killed)
{
	const char *row;
	long long id = 0;
	int pipes[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		id = rs_storm("provider=rs_percpu_ref ms=700");
		if (write(pipes[1], &id, sizeof(id)) != sizeof(id))
			_exit(1);
		pause();
	}
	ASSERT_EQ(sizeof(id), read(pipes[0], &id, sizeof(id)));
	ASSERT_LT(0, id);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_STREQ("running", rs_value(rs_storm_row(id), "state"));
	row = rs_storm_wait(id);
	ASSERT_STRNE("", row);
	EXPECT_LE(700, rs_number(row, "elapsed_ms"));
	EXPECT_GT(RS_PATIENCE_MS, rs_number(row, "elapsed_ms"));
	EXPECT_LT(0, rs_number(row, "kills"));
	EXPECT_STREQ("-", rs_value(row, "invariant"));
	EXPECT_STRNE("stopped", rs_value(row, "verdict"));
}

TEST_F(storms, of_two_starters_at_once_do_not_disturb_each_other)
{
	static const char * const providers[] = { "percpu_ref", "rs_percpu_ref" };
	int pipes[2], i, status;
	long long id[2];
	const char *row;
	pid_t pid;

	if (rs_cpus() < 2)
		SKIP(return, "needs 2 CPUs");
	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		id[1] = rs_storm("provider=%s ms=1500 seed=2", providers[1]);
		_exit(write(pipes[1], &id[1], sizeof(id[1])) != sizeof(id[1]));
	}
	id[0] = rs_storm("provider=%s ms=1500 seed=1", providers[0]);
	ASSERT_EQ(sizeof(id[1]), read(pipes[0], &id[1], sizeof(id[1])));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_NE(id[0], id[1]);
	for (i = 0; i < 2; i++) {
		row = rs_storm_wait(id[i]);
		EXPECT_STREQ(providers[i], rs_value(row, "provider"));
		EXPECT_EQ(i + 1, rs_number(row, "seed"));
		EXPECT_STREQ("held", rs_value(row, "verdict")) {
			TH_LOG("%s", row);
		}
	}
}

TEST_HARNESS_MAIN
