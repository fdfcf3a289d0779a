// SPDX-License-Identifier: GPL-2.0
/*
 * Several processes write seeded random commands, valid and invalid, about a few names, and
 * read all files meanwhile. After the sweep the module's counts must be right. KSFT_SEED=N
 * repeats the commands of a run, though not their timing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "refstorm.h"

#define WRITERS		4
#define CHAOS_MS	2000

static const char * const names[] = { "c1", "c2", "c3" };
static const char * const holders[] = { "h1", "h2" };

FIXTURE(chaos) {
	struct rs_mark mark;
	unsigned int seed;
};

FIXTURE_SETUP(chaos)
{
	const char *seed = getenv("KSFT_SEED");

	self->seed = seed ? strtoul(seed, NULL, 0) : (unsigned int)rs_now_ms() ^ getpid() << 16;
	self->mark = rs_begin();
	TH_LOG("KSFT_SEED=%u", self->seed);
}

FIXTURE_TEARDOWN(chaos)
{
	size_t n, h;

	rs_write("alloc", "clear", 5);
	for (n = 0; n < ARRAY_SIZE(names); n++)
		for (h = 0; h < ARRAY_SIZE(holders); h++)
			rs_try("put %s holder=%s", names[n], holders[h]);
	rs_sweep();
	while (rs_status("storms"))
		rs_sleep_ms(20);
	EXPECT_STREQ("", rs_end(&self->mark));
}

static const char * const providers[] = {
#define NAME(name, ...) #name,
	RS_PROVIDERS(NAME)
};

static const char * const numbers[] = {
	"1", "2", "100", "65536", "0", "-1", "65537", "0x10", "x", "99999999999999999999", "",
};

static const char * const odd[] = {
	"", "\n", "create", "kill kill kill", "storm provider=", "stop 0", "wait c1 ms=60001",
	"create c1 kref count=0", "get c1 \x01", "create \xff kref", "destroy c1 c2",
	"storm provider=kref ms=10 ms=10", "storm provider=percpu_ref pattern=saturate",
	"create c/1 kref", "tryget_live c1 3",
	"a b c d e f g h i j k l m n o p q r s t u v w x y z",
};

/* One command of the seeded sequence. */
static int make_command(unsigned int *seed, char *to, size_t size)
{
	const char *name = names[rand_r(seed) % ARRAY_SIZE(names)];
	const char *provider = providers[rand_r(seed) % ARRAY_SIZE(providers)];
	const char *holder = holders[rand_r(seed) % ARRAY_SIZE(holders)];
	const char *nr = numbers[rand_r(seed) % ARRAY_SIZE(numbers)];

	switch (rand_r(seed) % 20) {
	case 0:
	case 1:
		return snprintf(to, size, "create %s %s", name, provider);
	case 2:
		return snprintf(to, size, "create %s %s count=%s", name, provider, nr);
	case 3:
	case 4:
		return snprintf(to, size, "get %s %s", name, nr);
	case 5:
	case 6:
		return snprintf(to, size, "put %s %s", name, nr);
	case 7:
		return snprintf(to, size, "tryget %s %s", name, nr);
	case 8:
		return snprintf(to, size, "tryget_live %s", name);
	case 9:
	case 10:
		return snprintf(to, size, "kill %s confirm=%u", name, rand_r(seed) % 3);
	case 11:
		return snprintf(to, size, "wait %s ms=%u", name, rand_r(seed) % 4);
	case 12:
	case 13:
		return snprintf(to, size, "destroy %s", name);
	case 14:
		if (rand_r(seed) % 16)
			return snprintf(to, size, "stop all");
		return snprintf(to, size, "storm provider=%s ms=%u workers=2 killers=1", provider,
				rand_r(seed) % 60);
	case 15:
		return snprintf(to, size, "%strack %s", rand_r(seed) % 2 ? "un" : "", name);
	case 16:
		return snprintf(to, size, "get %s holder=%s", name, holder);
	case 17:
		return snprintf(to, size, "put %s holder=%s", name, holder);
	case 18:
		return snprintf(to, size, "pass %s %s %s", name, holder,
				holders[rand_r(seed) % ARRAY_SIZE(holders)]);
	default:
		return snprintf(to, size, "%s", odd[rand_r(seed) % ARRAY_SIZE(odd)]);
	}
}

/* Documented errnos, and nothing else, may come. */
static bool documented(int err)
{
	static const int known[] = {
		EINVAL, E2BIG, ERANGE, ENOENT, EEXIST, EALREADY, EBUSY, EPERM, EOPNOTSUPP,
		ENOSPC, ENOMEM, ETIMEDOUT, EINTR,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i] == err)
			return true;
	return false;
}

/* Exit code: 0, or 1 if something undocumented came. */
static int writer(unsigned int seed, bool fail_allocations)
{
	static const char * const files[] = {
		RS_DIR "objects", RS_DIR "storms", RS_DIR "events", RS_DIR "error_log",
		RS_DIR "alloc", RS_DIR "status", RS_DIR "providers",
		RS_DIR "holders",
	};
	long long end = rs_now_ms() + CHAOS_MS;
	unsigned int done = 0, refused = 0;
	char command[128];

	/* Nonsense only, or no nonsense, would prove little: a slow machine takes longer. */
	while (rs_now_ms() < end ||
	       ((done < 20 || refused < 20) && rs_now_ms() < end + RS_PATIENCE_MS)) {
		int len = make_command(&seed, command, sizeof(command)), err, fd;

		if (fail_allocations && rand_r(&seed) % 32 == 0)
			rs_fail("any", 3);
		fd = open(RS_DIR "control", O_RDWR | O_CLOEXEC);
		if (fd < 0) {
			if (errno != ENOMEM)
				return 1;
			continue;
		}
		err = write(fd, command, len) < 0 ? errno : 0;
		close(fd);
		if (err && !documented(err)) {
			fprintf(stderr, "# '%s': %s\n", command, strerrorname_np(err));
			return 1;
		}
		done += !err;
		refused += !!err;
		if (rand_r(&seed) % 32 == 0) {
			fd = open(files[rand_r(&seed) % ARRAY_SIZE(files)], O_RDONLY | O_CLOEXEC);
			if (fd >= 0) {
				free(rs_read_fd(fd));
				close(fd);
			}
		}
	}
	return done < 20 || refused < 20;
}

static void chaos(struct __test_metadata *_metadata, unsigned int seed, bool fail_allocations)
{
	pid_t pids[WRITERS];
	int i, status;

	for (i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (!pids[i])
			_exit(writer(seed + i, fail_allocations));
	}
	for (i = 0; i < WRITERS; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status) {
			TH_LOG("writer %d", i);
		}
	}
}

TEST_F(chaos, of_concurrent_writers_leaves_the_counts_right)
{
	chaos(_metadata, self->seed, false);
}

TEST_F(chaos, with_failing_allocations_leaves_the_counts_right)
{
	chaos(_metadata, self->seed, true);
}

TEST_HARNESS_MAIN
