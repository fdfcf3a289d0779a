// SPDX-License-Identifier: GPL-2.0
/*
 * The rounds in which slots are sealed: how many may begin, how much one can hold, and how the
 * memory comes back.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "refstorm.h"

#define LIMIT "sealed_rounds_per_jiffy"
/* More counts than a round seals in its first interrupts. */
#define MANY 10000

FIXTURE(rounds) {
	struct rs_mark mark;
	const char *limit;
};

FIXTURE_SETUP(rounds)
{
	self->mark = rs_begin();
	if (access("/sys/module/rsref/parameters/" LIMIT, F_OK))
		RS_SKIP_SETUP("rounds of interrupts are x86-64's");
	self->limit = rs_parameter(LIMIT, "1");
	ASSERT_STRNE("", self->limit);
}

FIXTURE_TEARDOWN(rounds)
{
	rs_set_other_cpus_online(true);
	rs_parameter(LIMIT, self->limit);
	if (!rs_test_passed(_metadata))
		rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

/*
 * On one CPU a round is over before the next kill, so that each kill has one, unless it has to
 * wait. A jiffy is a millisecond or longer.
 */
static void expect_one_in_a_jiffy(struct __test_metadata *_metadata)
{
	const char *row;

	ASSERT_EQ(0, rs_try("bench_kill provider=rs_sealed_ref refs=1000 batches=1"));
	row = rs_row("bench", "kill", "release");
	EXPECT_EQ(1000, rs_number(row, "samples"));
	EXPECT_LE(1, rs_number(row, "rounds"));
	EXPECT_GE(rs_number(row, "total_ns") / 1000000 + 2, rs_number(row, "rounds")) {
		TH_LOG("%s", row);
	}
}

TEST_F(rounds, of_which_one_may_begin_in_a_jiffy_are_no_more)
{
	if (!rs_set_other_cpus_online(false))
		SKIP(return, "CPUs cannot be taken offline");
	expect_one_in_a_jiffy(_metadata);
	/* None would hold up kills for ever. */
	EXPECT_STREQ("1", rs_parameter(LIMIT, "0"));
	expect_one_in_a_jiffy(_metadata);
}

static void kill_many(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, rs_try("bench_kill provider=rs_sealed_ref refs=%d batches=1 from=all", MANY));
	EXPECT_EQ(MANY, rs_number(rs_row("bench", "kill", "release"), "samples"));
}

TEST_F(rounds, that_had_to_wait_seal_all_that_was_killed_meanwhile)
{
	kill_many(_metadata);
}

TEST_F(rounds, seal_what_absent_cpus_have_too)
{
	if (!rs_set_other_cpus_online(false) || !rs_set_cpu_online(1, true))
		SKIP(return, "CPUs cannot be taken offline");
	kill_many(_metadata);
}

TEST_F(rounds, interrupt_no_cpu_that_has_not_used_the_counter)
{
	const char *row;

	rs_parameter(LIMIT, self->limit);
	ASSERT_EQ(0, rs_try("bench_kill provider=rs_sealed_ref batches=100"));
	row = rs_row("bench", "kill", "release");
	EXPECT_EQ(100, rs_number(row, "rounds"));
	EXPECT_EQ(0, rs_number(row, "interrupts")) {
		TH_LOG("%s", row);
	}
}

/* CPUs that have used the counter and rest since; a few of them have something else to do. */
TEST_F(rounds, interrupt_few_of_the_cpus_that_rest)
{
	const char *row;

	rs_parameter(LIMIT, self->limit);
	ASSERT_EQ(0, rs_try("bench_kill provider=rs_sealed_ref batches=100 load=used"));
	row = rs_row("bench", "kill", "release");
	EXPECT_EQ(100, rs_number(row, "samples"));
	EXPECT_GT(50, rs_number(row, "interrupts")) {
		TH_LOG("%s", row);
	}
}

/*
 * Users: processes that keep a CPU each busy in user mode. When told, a user gets and puts each
 * counter, and the slots of its CPU are open then.
 */
#define USERS		3
#define COUNTERS	100

static struct user {
	int		cpu;
	unsigned int	told;
	unsigned int	done;
} *users;

static bool pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

static bool command(const char *verb, unsigned int nr)
{
	char line[40];
	int length = snprintf(line, sizeof(line), "%s round%u", verb, nr);

	return !rs_write("control", line, length);
}

static void use_when_told(struct user *me)
{
	unsigned int done = 0, nr;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!pin(me->cpu))
		_exit(1);
	for (;;) {
		/* In user mode. */
		__atomic_store_n(&me->done, ++done, __ATOMIC_RELEASE);
		while (__atomic_load_n(&me->told, __ATOMIC_ACQUIRE) == done)
			;
		for (nr = 0; nr < COUNTERS; nr++)
			if (!command("get", nr) || !command("put", nr))
				_exit(1);
	}
}

/* Has a user done what it was told? */
static bool obeys(const struct user *user)
{
	long long began = rs_now_ms();

	while (__atomic_load_n(&user->done, __ATOMIC_ACQUIRE) != user->told)
		if (rs_now_ms() - began > RS_PATIENCE_MS)
			return false;
	return true;
}

static bool tell(struct user *user)
{
	__atomic_store_n(&user->told, user->told + 1, __ATOMIC_RELEASE);
	return obeys(user);
}

/* A user on each of these CPUs, and this process on the first CPU */
static bool begin_users(const int *cpus, unsigned int nr)
{
	unsigned int i;

	users = mmap(NULL, nr * sizeof(*users), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (users == MAP_FAILED || !pin(0))
		return false;
	for (i = 0; i < nr; i++) {
		pid_t pid;

		users[i] = (struct user) { .cpu = cpus[i], .told = 1 };
		pid = fork();
		if (!pid)
			use_when_told(&users[i]);
		if (pid < 0 || !obeys(&users[i]))
			return false;
	}
	return true;
}

static long long interrupts_sent(void)
{
	FILE *file = fopen("/sys/module/rsref/parameters/sealed_interrupts", "r");
	long long sent = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%lld", &sent) != 1)
		sent = -1;
	fclose(file);
	return sent;
}

/* The word of a line with this number, from 0; or NULL */
static char *word_of(char *line, int nr)
{
	char *save, *word = strtok_r(line, "\n ", &save);

	while (word && nr--)
		word = strtok_r(NULL, "\n ", &save);
	return word;
}

/* The calls from other CPUs that a CPU has taken; -1 if /proc/interrupts has no such row */
static long long calls_taken(int cpu)
{
	FILE *file = fopen("/proc/interrupts", "r");
	char line[8192], *at;
	long long taken = -1;
	int column = 0;

	if (!file)
		return -1;
	/* The first line has the CPUs that are online. */
	if (fgets(line, sizeof(line), file))
		for (at = line; (at = strstr(at, "CPU")) && atoi(at + 3) != cpu; at += 3)
			column++;
	while (taken < 0 && fgets(line, sizeof(line), file)) {
		if (!strstr(line, "CAL:"))
			continue;
		at = word_of(line, column + 1);
		taken = at ? atoll(at) : -1;
	}
	fclose(file);
	return taken;
}

static long long calls_taken_by_users(unsigned int nr)
{
	long long sum = 0;

	while (nr--) {
		long long calls = calls_taken(users[nr].cpu);

		if (calls < 0)
			return -1;
		sum += calls;
	}
	return sum;
}

/* What the kills of kill_what_users_used() cost: interrupts of rounds, and calls that users took */
struct cost {
	long long interrupts;
	long long calls;
};

/* Kill each counter @turns times. Before each turn the first @nr users use all of them. */
static struct cost kill_what_users_used(struct __test_metadata *_metadata, unsigned int nr,
					unsigned int turns)
{
	struct cost cost = {};
	unsigned int i;

	for (i = 0; i < COUNTERS; i++)
		ASSERT_EQ(0, rs_try("create round%u rs_sealed_ref reinit=1", i));
	while (turns--) {
		long long interrupts, calls;

		for (i = 0; i < nr; i++)
			ASSERT_TRUE(tell(&users[i]));
		interrupts = interrupts_sent();
		calls = calls_taken_by_users(nr);
		ASSERT_TRUE(interrupts >= 0 && calls >= 0);
		for (i = 0; i < COUNTERS; i++) {
			ASSERT_TRUE(command("kill", i));
			ASSERT_TRUE(command("wait", i));
		}
		cost.interrupts += interrupts_sent() - interrupts;
		cost.calls += calls_taken_by_users(nr) - calls;
		for (i = 0; i < COUNTERS && turns; i++)
			ASSERT_TRUE(command("reinit", i));
	}
	for (i = 0; i < COUNTERS; i++)
		EXPECT_EQ(0, rs_try("destroy round%u", i));
	return cost;
}

/* The CPUs whose user mode the kernel tracks */
static cpu_set_t tracked_cpus(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/nohz_full", "r");
	int first, last, read;
	cpu_set_t set;

	CPU_ZERO(&set);
	while (file && (read = fscanf(file, "%d-%d", &first, &last)) > 0) {
		for (last = read == 1 ? first : last; first <= last; first++)
			CPU_SET(first, &set);
		(void)!fscanf(file, ",");
	}
	if (file)
		fclose(file);
	return set;
}

/* Find CPUs beside the first whose user mode is tracked, or is not. Return: how many there are. */
static unsigned int find_cpus(bool tracked, int *cpus)
{
	cpu_set_t set = tracked_cpus();
	unsigned int nr = 0;
	int cpu;

	for (cpu = 1; cpu < (int)rs_cpus() && nr < USERS; cpu++)
		if (!!CPU_ISSET(cpu, &set) == tracked)
			cpus[nr++] = cpu;
	return nr;
}

TEST_F(rounds, interrupt_the_one_cpu_that_has_used_the_counter)
{
	int cpus[USERS];
	unsigned int nr = find_cpus(false, cpus);

	if (!nr)
		SKIP(return, "needs 2 CPUs");
	rs_parameter(LIMIT, self->limit);
	ASSERT_TRUE(begin_users(cpus, nr));
	/* All are busy, and one of them uses the counters. */
	EXPECT_EQ(COUNTERS, kill_what_users_used(_metadata, 1, 1).interrupts);
}

TEST_F(rounds, let_cpus_be_that_are_in_user_mode)
{
	int cpus[USERS];
	unsigned int nr = find_cpus(true, cpus);
	const unsigned int turns = 1000 / COUNTERS;
	struct cost cost;

	if (!nr)
		SKIP(return, "no CPU has its user mode tracked");
	rs_parameter(LIMIT, self->limit);
	ASSERT_TRUE(begin_users(cpus, nr));
	cost = kill_what_users_used(_metadata, nr, turns);
	/*
	 * The kernel calls all CPUs now and then, as to forget addresses that it has unmapped. A
	 * CPU that takes such a call is not in user mode then, and a round interrupts it.
	 */
	EXPECT_GT(turns, cost.interrupts);
	EXPECT_GT(turns, cost.calls) {
		TH_LOG("%lld interrupts, %lld calls of %u CPUs in %u kills", cost.interrupts,
		       cost.calls, nr, turns * COUNTERS);
	}
}

/* Those of one batch while the next takes them out of the pool; KCSAN looks on. */
TEST_F(rounds, give_blocks_back_while_others_are_taken)
{
	unsigned int i;

	rs_parameter(LIMIT, self->limit);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, rs_try("bench_kill provider=rs_sealed_ref refs=10000 batches=1"));
}

TEST_HARNESS_MAIN
