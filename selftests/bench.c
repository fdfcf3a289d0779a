// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark measures what it was asked for, and refuses what it cannot measure.
 * scripts/tests/bench checks the results, in a guest that counts instructions.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "refstorm.h"

RS_FIXTURE(bench, 1)

static const char *result_of(const char *operation)
{
	return rs_row("bench", "result", operation);
}

/* The number of the run whose results there are. */
static long long run_shown(void)
{
	char *all = rs_read("bench");
	long long run = rs_number(all, "run");

	free(all);
	return run;
}

/* How many result lines there are. */
static unsigned int results(void)
{
	char *all = rs_read("bench"), *at = all;
	unsigned int n = 0;

	while ((at = strstr(at, "result="))) {
		n++;
		at++;
	}
	free(all);
	return n;
}

#define OPERATIONS_atomic	"inc", "dec_and_test", "pair", "get_unless_zero", "init_exit"
#define OPERATIONS_refcount	"inc", "dec_and_test", "pair", "get_unless_zero", "dec_and_lock", \
				"init_exit"
#define OPERATIONS_kref		"get", "put", "pair", "get_unless_zero", "init_exit"
#define OPERATIONS_percpu_ref	"get", "put", "pair", "tryget", "tryget_live", "tryget_live_rcu", \
				"pair_atomic", "init_exit"

static const struct {
	const char *provider;
	const char *operations[9];
} each[] = {
#define OPERATIONS(name, origin, interface, tracked) { #name, { OPERATIONS_##interface } },
	RS_PROVIDERS(OPERATIONS)
};

TEST_F(bench, measures_each_operation_of_each_provider)
{
	size_t p, o;

	for (p = 0; p < ARRAY_SIZE(each); p++) {
		const char *name = each[p].provider;

		ASSERT_EQ(0, rs_try("bench provider=%s clock=ns", name)) {
			TH_LOG("%s", name);
		}
		for (o = 0; each[p].operations[o]; o++) {
			const char *row = result_of(each[p].operations[o]);

			EXPECT_STREQ(name, rs_value(row, "provider")) {
				TH_LOG("%s of %s", each[p].operations[o], name);
			}
			EXPECT_STREQ("ns", rs_value(row, "unit"));
			EXPECT_STREQ("1", rs_value(row, "cpus"));
			EXPECT_LE(0, strtod(rs_value(row, "value"), NULL));
			EXPECT_GT(1000000, strtod(rs_value(row, "value"), NULL));
		}
		EXPECT_EQ(o, results());
	}
}

/*
 * A peer that loses a count is never released: its bench would not end.
 */
TEST_F(bench, measures_the_peers)
{
	char *all = rs_read("peers"), *line, *save = NULL;
	unsigned int peers = 0;

	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char name[32];

		if (*line == '#')
			continue;
		snprintf(name, sizeof(name), "%s", rs_value(line, "provider"));
		peers++;
		EXPECT_EQ(0, rs_try("bench provider=%s clock=ns", name)) {
			TH_LOG("%s", name);
		}
		EXPECT_EQ(5, results());
		EXPECT_EQ(0, rs_try("bench provider=%s cpus=%u ms=20", name, rs_cpus())) {
			TH_LOG("%s", name);
		}
		EXPECT_EQ(4, results());
		EXPECT_EQ(rs_number(line, "percpu") ? 0 : EOPNOTSUPP,
			  rs_try("bench_kill provider=%s batches=5 load=users", name)) {
			TH_LOG("%s", name);
		}
		EXPECT_EQ(ENOENT, rs_try("create object %s", name));
	}
	EXPECT_LE(3, peers);
	free(all);
}

TEST_F(bench, measures_one_operation_if_told_so)
{
	ASSERT_EQ(0, rs_try("bench provider=rs_kref operation=put"));
	EXPECT_EQ(1, results());
	EXPECT_STREQ("rs_kref", rs_value(result_of("put"), "provider"));
}

TEST_F(bench, takes_time_from_perf_too)
{
	ASSERT_EQ(0, rs_try("bench provider=kref operation=init_exit clock=cpu_clock"));
	EXPECT_STREQ("perf", rs_value(rs_row("bench", "clock", "cpu_clock"), "source"));
	EXPECT_STREQ("ns", rs_value(result_of("init_exit"), "unit"));
}

/* Also operations that change the count: their opposite follows. */
static const char * const on_cpus[] = { "get", "put", "pair", "tryget", "tryget_live",
					"tryget_live_rcu", "pair_atomic" };

TEST_F(bench, counts_operations_a_second_on_several_cpus)
{
	unsigned int cpus = rs_cpus();
	size_t i;

	ASSERT_EQ(0, rs_try("bench provider=rs_percpu_ref cpus=%u ms=50", cpus));
	EXPECT_EQ(ARRAY_SIZE(on_cpus), results());
	for (i = 0; i < ARRAY_SIZE(on_cpus); i++) {
		const char *row = result_of(on_cpus[i]);

		EXPECT_EQ(cpus, rs_number(row, "cpus"));
		EXPECT_STREQ("ops_per_second", rs_value(row, "unit"));
		EXPECT_LT(0, rs_number(row, "value")) {
			TH_LOG("%s", on_cpus[i]);
		}
	}
}

TEST_F(bench, measures_operations_on_counters_that_are_in_no_cache)
{
	ASSERT_EQ(0, rs_try("bench provider=percpu_ref clock=ns cold=1"));
	EXPECT_EQ(7, results());
	EXPECT_STREQ("ns", rs_value(result_of("pair_atomic_cold"), "unit"));
	EXPECT_LE(0, strtod(rs_value(result_of("tryget_live_cold"), "value"), NULL));
	ASSERT_EQ(0, rs_try("bench provider=rs_refcount operation=dec_and_lock clock=ns cold=1"));
	EXPECT_EQ(1, results());
	EXPECT_STREQ("rs_refcount", rs_value(result_of("dec_and_lock_cold"), "provider"));
}

TEST_F(bench, numbers_its_runs)
{
	struct rs_answer answer = rs_run("bench provider=atomic operation=inc");
	long long run = rs_number(answer.result, "run");

	EXPECT_LT(0, run);
	EXPECT_STREQ("done", rs_value(answer.result, "result"));
	EXPECT_EQ(run, run_shown());
	ASSERT_EQ(0, rs_try("bench provider=atomic operation=inc"));
	EXPECT_EQ(run + 1, run_shown());
}

TEST_F(bench, shows_how_long_kills_take)
{
	static const char * const providers[] = { "percpu_ref", "rs_percpu_ref", "rs_sealed_ref" };
	static const char * const forms[] = {
		"", " load=users", " from=all", " load=busy from=all", " load=used",
	};
	size_t p, f;

	for (p = 0; p < ARRAY_SIZE(providers); p++)
		for (f = 0; f < ARRAY_SIZE(forms); f++) {
			const char *confirm, *release;
			long long interrupts;
			bool sealed;

			ASSERT_EQ(0, rs_try("bench_kill provider=%s refs=10 batches=3%s",
					    providers[p], forms[f])) {
				TH_LOG("%s%s", providers[p], forms[f]);
			}
			confirm = rs_row("bench", "kill", "confirm");
			release = rs_row("bench", "kill", "release");
			EXPECT_STREQ(providers[p], rs_value(confirm, "provider"));
			EXPECT_EQ(30, rs_number(confirm, "samples"));
			EXPECT_LT(0, rs_number(confirm, "min_ns"));
			/* The confirmation of each comes first. */
			EXPECT_LE(rs_number(confirm, "min_ns"), rs_number(release, "min_ns"));
			EXPECT_LE(rs_number(confirm, "max_ns"), rs_number(release, "max_ns"));
			EXPECT_LE(rs_number(release, "min_ns"), rs_number(release, "median_ns"));
			EXPECT_LE(rs_number(release, "median_ns"), rs_number(release, "p99_ns"));
			EXPECT_LE(rs_number(release, "p99_ns"), rs_number(release, "max_ns"));
			EXPECT_LE(rs_number(release, "max_ns"), rs_number(release, "total_ns"));
			/* Only a counter that is sealed by interrupts has rounds and interrupts. */
			sealed = !strcmp(providers[p], "rs_sealed_ref");
			EXPECT_EQ(sealed, rs_number(release, "rounds") > 0);
			/* Of the CPUs that have used the counter at least those that are busy. */
			interrupts = rs_number(release, "interrupts");
			EXPECT_TRUE(!interrupts || (sealed && strstr(forms[f], "load=")));
			EXPECT_TRUE(interrupts || !sealed || !strstr(forms[f], "load=busy"));
		}
}

TEST_F(bench, sorts_every_kill_into_a_bucket)
{
	char *all, *line, *save = NULL;
	long long count = 0;

	ASSERT_EQ(0, rs_try("bench_kill provider=rs_percpu_ref refs=50 batches=2"));
	all = rs_read("bench");
	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, "bucket=", 7))
			count += rs_number(line, "count");
	EXPECT_EQ(2 * 100, count);	/* confirmations and releases */
	free(all);
}

/*
 * The providers whose counters have slots: never used, and in use. beside: so many allocations of
 * rsref.ko a counter has when it was never used.
 */
static const struct {
	const char *provider;
	bool cold, hot;
	unsigned int beside;
} memory[] = {
	{ "rs_refcount", false, false, 0 },
	{ "percpu_ref", true, true, 0 },
	{ "rs_sealed_ref", true, true, 2 },
	{ "rs_sealed_ref_dynamic", false, true, 1 },
};

/*
 * A slot has 8 bytes. Per-CPU memory comes in pages on each CPU, and the allocator has up to
 * four of them ready: so much may be missing, if fewer are left than before.
 */
static bool has_slots(const char *row)
{
	return rs_number(row, "percpu_bytes") >=
	       (rs_number(row, "refs") * 8 - 4 * getpagesize()) * rs_cpus();
}

TEST_F(bench, tells_the_memory_that_counters_take)
{
	const char *threshold, *hot_ms;
	size_t p;

	if (getenv("REFSTORM_SLOW_ALLOCATIONS"))
		SKIP(return, "more than four minutes of allocations here");
	/* Dynamic counts become hot soon and stay hot, however long the measurement takes. */
	threshold = rs_parameter("dynamic_threshold", "16");
	hot_ms = rs_parameter("dynamic_hot_ms", "600000");
	ASSERT_TRUE(*threshold && *hot_ms);
	for (p = 0; p < ARRAY_SIZE(memory); p++) {
		const char *name = memory[p].provider, *cold, *hot;

		ASSERT_EQ(0, rs_try("bench_memory provider=%s refs=10000", name)) {
			TH_LOG("%s", name);
		}
		EXPECT_STREQ("bytes", rs_value(result_of("memory_cold"), "unit"));
		cold = rs_row("bench", "memory", "cold");
		EXPECT_STREQ(name, rs_value(cold, "provider"));
		EXPECT_EQ(10000, rs_number(cold, "refs"));
		EXPECT_EQ(memory[p].cold, has_slots(cold)) {
			TH_LOG("%s", cold);
		}
		hot = rs_row("bench", "memory", "hot");
		EXPECT_EQ(memory[p].hot, has_slots(hot)) {
			TH_LOG("%s", hot);
		}
		/* What rsref.ko has for each counter: what is beside the handle, and the slots. */
		EXPECT_EQ(memory[p].beside * 10000, rs_number(cold, "allocations")) {
			TH_LOG("%s", cold);
		}
		EXPECT_EQ((memory[p].beside + (memory[p].hot && !memory[p].cold)) * 10000,
			  rs_number(hot, "allocations")) {
			TH_LOG("%s", hot);
		}
	}
	rs_parameter("dynamic_threshold", threshold);
	rs_parameter("dynamic_hot_ms", hot_ms);
}

/* While counters begin that stay, and that are measured; and of what is put between. */
static const struct {
	const char *site;
	unsigned int nth;
} midway[] = {
	{ "percpu_ref_data", 500 },
	{ "percpu_ref_slots", 1500 },
	{ "bench", 300 },
};

TEST_F(bench, gives_back_the_memory_of_counters_if_it_runs_out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(midway); i++) {
		ASSERT_TRUE(rs_fail(midway[i].site, midway[i].nth));
		EXPECT_EQ(ENOMEM, rs_try("bench_memory provider=rs_percpu_ref refs=1000")) {
			TH_LOG("site %s, allocation %u", midway[i].site, midway[i].nth);
		}
		EXPECT_EQ(0, rs_number(rs_row("alloc", "site", midway[i].site), "armed"));
		EXPECT_EQ(0, rs_number(rs_row("alloc", "site", "percpu_ref_slots"), "outstanding"));
	}
}

static const struct {
	const char *command, *text, *at;
	int err;
} refusals[] = {
	{ "bench operation=pair", "provider= is missing", NULL, EINVAL },
	{ "bench provider=krefs", "no provider is called 'krefs'", "provider=krefs", ENOENT },
	{ "bench provider=kref operation=inc",
	  "kref has no operation 'inc'; it has: get put pair get_unless_zero init_exit", NULL,
	  EOPNOTSUPP },
	{ "bench provider=kref operation=init_exit cpus=1",
	  "kref has no operation 'init_exit' for cpus=; it has: get put pair get_unless_zero", NULL,
	  EOPNOTSUPP },
	{ "bench provider=kref operation=init_exit cold=1",
	  "kref has no operation 'init_exit' for cold=; it has: get put pair get_unless_zero", NULL,
	  EOPNOTSUPP },
	{ "bench provider=kref cpus=1 cold=1", "cpus= and cold=1 exclude each other", NULL,
	  EINVAL },
	{ "bench provider=kref cold=2", "2 is out of range; accepted: 0 to 1", "cold=2", ERANGE },
	{ "bench provider=kref clock=sundial",
	  "'sundial' is not one of: auto instructions cycles cpu_clock ns", "clock=sundial",
	  EINVAL },
	{ "bench provider=kref cpus=0", "0 is out of range; accepted: 1 to 256", "cpus=0",
	  ERANGE },
	{ "bench provider=kref cpus=256", "cpus=256: ", NULL, ERANGE },
	{ "bench_kill refs=1", "provider= is missing", NULL, EINVAL },
	{ "bench_kill provider=kref", "kref has no kill but its put", NULL, EOPNOTSUPP },
	{ "bench_kill provider=percpu_ref refs=100000 batches=1000",
	  "100000000 kills; accepted: 1000000 in all", NULL, ERANGE },
	{ "bench_kill provider=percpu_ref from=some", "'some' is not one of: one all",
	  "from=some", EINVAL },
	{ "bench_memory refs=1000", "provider= is missing", NULL, EINVAL },
	{ "bench_memory provider=kref refs=999", "999 is out of range; accepted: 1000 to 100000",
	  "refs=999", ERANGE },
	{ "bench_memory provider=krefs", "no provider is called 'krefs'", "provider=krefs",
	  ENOENT },
	{ "bench provider=kref ms=0", "0 is out of range; accepted: 1 to 60000", "ms=0", ERANGE },
};

TEST_F(bench, says_what_it_refuses)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(refusals); i++)
		EXPECT_STREQ("", rs_refused(refusals[i].err, refusals[i].command,
					    refusals[i].text, refusals[i].at, 1));
}

TEST_F(bench, keeps_the_results_of_the_last_run_when_it_refuses)
{
	ASSERT_EQ(0, rs_try("bench provider=atomic operation=inc"));
	ASSERT_EQ(ERANGE, rs_try("bench provider=kref cpus=256"));
	ASSERT_EQ(EOPNOTSUPP, rs_try("bench provider=kref operation=inc"));
	EXPECT_STREQ("atomic", rs_value(result_of("inc"), "provider"));
}

static void nothing(int sig __attribute__((unused)))
{
}

/* A child that measures for ten seconds unless it is interrupted; it exits with the errno. */
static pid_t measure(void)
{
	struct sigaction action = { .sa_handler = nothing };
	pid_t pid = fork();

	if (pid)
		return pid;
	sigaction(SIGUSR1, &action, NULL);
	_exit(rs_write("control", "bench provider=kref cpus=1 ms=10000", 35));
}

TEST_F(bench, runs_alone_and_ends_at_a_signal)
{
	long long began = rs_now_ms(), last = run_shown();
	int status;
	pid_t pid = measure();

	ASSERT_LT(0, pid);
	while (run_shown() == last && rs_now_ms() - began < RS_PATIENCE_MS)
		rs_sleep_ms(10);
	EXPECT_EQ(EBUSY, rs_try("bench provider=kref"));
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(EINTR, WEXITSTATUS(status));
	EXPECT_GT(RS_PATIENCE_MS, rs_now_ms() - began);
	EXPECT_EQ(0, rs_try("bench provider=kref operation=pair"));
}

TEST_HARNESS_MAIN
