// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation site fails once: what needed the memory is refused with ENOMEM,
 * changes nothing and leaves nothing behind, and works when it is tried again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "refstorm.h"

FIXTURE(alloc) {
	struct rs_mark mark;
};

FIXTURE_SETUP(alloc)
{
	self->mark = rs_begin();
}

FIXTURE_TEARDOWN(alloc)
{
	rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

static long long site(const char *name, const char *key)
{
	return rs_number(rs_row("alloc", "site", name), key);
}

/*
 * What is done, by site. A command that cannot succeed without memory is refused;
 * nth_max says how many allocations of that site it makes.
 */
static const struct scenario {
	const char *site;
	const char *command;		/* to control, or NULL: opening open_file */
	const char *open_file;
	unsigned int nth_max;
	const char *undo[3];		/* for the try that succeeds */
} scenarios[] = {
	{ "percpu_ref_data", "create t rs_percpu_ref", NULL, 1,
	  { "kill t", "wait t", "destroy t" } },
	{ "percpu_ref_slots", "create t rs_percpu_ref", NULL, 1,
	  { "kill t", "wait t", "destroy t" } },
	{ "percpu_ref_slots", "create t rs_percpu_ref_two_stage", NULL, 1,
	  { "kill t", "wait t", "destroy t" } },
	{ "percpu_ref_data", "create t rs_percpu_ref_dynamic", NULL, 1,
	  { "kill t", "wait t", "destroy t" } },
	{ "sealed_slots", "create t rs_sealed_ref", NULL, 1,
	  { "kill t", "wait t", "destroy t" } },
	{ "percpu_ref_data", "create t rs_sealed_ref_generic", NULL, 1,
	  { "kill t", "wait t", "destroy t" } },
	{ "object", "create t kref", NULL, 1, { "kill t", "destroy t" } },
	{ "object", "create t rs_percpu_ref", NULL, 1, { "kill t", "wait t", "destroy t" } },
	{ "holder", "get held holder=h", NULL, 1, { "put held holder=h" } },
	{ "holder", "pass held one two", NULL, 1, { "pass held two one" } },
	{ "tracker", "track held", NULL, 1, { "untrack held" } },
	{ "tracker", "track held_kref", NULL, 1, { "untrack held_kref" } },
	{ "tracker", "create t rs_sealed_ref track=1", NULL, 1,
	  { "kill t", "wait t", "destroy t" } },
	{ "tracker", "create t rs_kref track=1", NULL, 1, { "kill t", "destroy t" } },
	{ "control", NULL, "control", 1, {} },
	{ "events_reader", NULL, "events", 1, {} },
	{ "storm", "storm provider=kref ms=10", NULL, 1, { "stop all" } },
	{ "storm_slots", "storm provider=kref ms=10", NULL, 1, { "stop all" } },
	{ "storm_workers", "storm provider=kref ms=10", NULL, 1, { "stop all" } },
	{ "storm_objects", "storm provider=kref ms=10", NULL, 1, { "stop all" } },
	{ "storm_history", "storm provider=kref ms=10", NULL, 1, { "stop all" } },
	{ "storm_probes", "storm provider=kref ms=10 kprobes=1", NULL, 1, { "stop all" } },
	/* 3 workers, 2 killers, the manager */
	{ "storm_thread", "storm provider=rs_percpu_ref workers=3 killers=2 ms=10", NULL, 6,
	  { "stop all" } },
	{ "storm_thread", "storm provider=atomic workers=1 killers=1 ms=10", NULL, 3,
	  { "stop all" } },
	{ "percpu_ref_data", "bench provider=rs_percpu_ref operation=pair", NULL, 1, {} },
	/* The second allocation is for its own measurement. */
	{ "percpu_ref_slots", "bench provider=rs_percpu_ref operation=init_exit", NULL, 2, {} },
	{ "bench", "bench provider=kref operation=pair cpus=1 ms=1", NULL, 2, {} },
	{ "bench_thread", "bench provider=kref operation=pair cpus=1 ms=1", NULL, 1, {} },
	{ "bench", "bench_kill provider=rs_percpu_ref refs=3 batches=1", NULL, 3, {} },
	{ "percpu_ref_data", "bench_kill provider=rs_percpu_ref refs=3 batches=1", NULL, 3, {} },
	{ "bench", "bench_memory provider=kref refs=1000", NULL, 2, {} },
	/* On each of two CPUs at least, one that gets and puts, one that kills. */
	{ "bench_thread", "bench_kill provider=rs_percpu_ref refs=3 batches=1 load=busy from=all",
	  NULL, 2, {} },
};

/* Sites with a test of their own below; sites of module start are in module.sh and insmod.sh. */
static const char * const others[] = { "storm_object", "events", "workqueue", "callback_thread",
					"oracle", "oracle_thread", "torture_thread" };

TEST_F(alloc, every_site_has_a_scenario)
{
	char *all = rs_read("alloc"), *line, *save = NULL;
	unsigned int sites = 0;
	size_t i;

	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *name = rs_value(line, "site");
		bool known = false;

		if (*line == '#')
			continue;
		sites++;
		for (i = 0; i < ARRAY_SIZE(scenarios); i++)
			known |= !strcmp(scenarios[i].site, name);
		for (i = 0; i < ARRAY_SIZE(others); i++)
			known |= !strcmp(others[i], name);
		EXPECT_TRUE(known) {
			TH_LOG("no scenario for site %s", name);
		}
	}
	EXPECT_LE(12, sites);
	free(all);
}

static int try_open(const char *file)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), RS_DIR "%s", file);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int attempt(const struct scenario *scenario)
{
	if (scenario->command)
		return rs_write("control", scenario->command, strlen(scenario->command));
	return try_open(scenario->open_file);
}

TEST_F(alloc, a_failure_is_ENOMEM_changes_nothing_and_passes)
{
	size_t i, u;

	ASSERT_EQ(0, rs_try("create held rs_percpu_ref"));
	ASSERT_EQ(0, rs_try("create held_kref rs_kref"));
	ASSERT_EQ(0, rs_try("get held holder=one"));
	for (i = 0; i < ARRAY_SIZE(scenarios); i++) {
		const struct scenario *s = &scenarios[i];
		struct rs_mark before_all = rs_begin();
		unsigned int nth;

		for (nth = 1; nth <= s->nth_max; nth++) {
			struct rs_mark mark = rs_begin();
			char *before = rs_read("objects"), *after;
			long long events = rs_status("events");
			long long failed = site(s->site, "failed");

			ASSERT_TRUE(rs_fail(s->site, nth));
			EXPECT_EQ((long long)nth, site(s->site, "armed"));
			EXPECT_EQ(ENOMEM, attempt(s)) {
				TH_LOG("site %s, allocation %u: %s", s->site, nth,
				       s->command ?: s->open_file);
			}
			EXPECT_EQ(0, site(s->site, "armed"));
			EXPECT_EQ(failed + 1, site(s->site, "failed"));
			after = rs_read("objects");
			EXPECT_STREQ(before, after);
			EXPECT_EQ(events, rs_status("events"));
			free(before);
			free(after);
			EXPECT_STREQ("", rs_end(&mark)) {
				TH_LOG("site %s, allocation %u", s->site, nth);
			}
		}
		EXPECT_EQ(0, attempt(s)) {
			TH_LOG("the same again: %s", s->command ?: s->open_file);
		}
		for (u = 0; u < ARRAY_SIZE(s->undo) && s->undo[u]; u++)
			EXPECT_EQ(0, rs_try("%s", s->undo[u]));
		EXPECT_STREQ("", rs_end(&before_all));
	}
	EXPECT_EQ(0, rs_try("put held holder=one"));
}

TEST_F(alloc, a_failed_command_says_so_in_the_error_log)
{
	ASSERT_TRUE(rs_fail("object", 1));
	EXPECT_STREQ("", rs_refused(ENOMEM, "create t kref", "out of memory", NULL, 0));
	ASSERT_TRUE(rs_fail("percpu_ref_slots", 1));
	EXPECT_STREQ("", rs_refused(ENOMEM, "create t rs_percpu_ref",
				    "rs_percpu_ref: out of memory", "rs_percpu_ref", 1));
	ASSERT_TRUE(rs_fail("storm_thread", 2));
	EXPECT_STREQ("", rs_refused(ENOMEM, "storm provider=kref", "a thread could not be created",
				    NULL, 0));
}

TEST_F(alloc, a_storm_goes_on_over_objects_that_it_cannot_make)
{
	static const char * const sites[] = {
		"storm_object", "percpu_ref_data", "percpu_ref_slots", "tracker",
	};
	const char *end;
	long long id;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		long long failed = site(sites[i], "failed"), last = rs_now_ms() + RS_PATIENCE_MS;

		ASSERT_TRUE(rs_fail(sites[i], 3));
		id = rs_storm("provider=rs_percpu_ref ms=60000 killers=2 track=%d",
			      !strcmp(sites[i], "tracker"));
		ASSERT_LT(0, id);
		while ((site(sites[i], "failed") == failed ||
			rs_number(rs_storm_row(id), "kills") < 1) && rs_now_ms() < last)
			rs_sleep_ms(20);
		EXPECT_EQ(0, rs_try("stop %lld", id));
		end = rs_storm_wait(id);
		EXPECT_EQ(failed + 1, site(sites[i], "failed")) {
			TH_LOG("site %s", sites[i]);
		}
		EXPECT_STREQ("-", rs_value(end, "invariant")) {
			TH_LOG("%s", end);
		}
		EXPECT_LT(0, rs_number(end, "kills"));
		EXPECT_EQ(rs_number(end, "kills"), rs_number(end, "releases"));
	}
}

TEST_F(alloc, a_saturating_storm_without_memory_for_its_object_does_not_start)
{
	unsigned int nth;

	/* One object provokes the warnings, the other is stormed. */
	for (nth = 1; nth <= 2; nth++) {
		ASSERT_TRUE(rs_fail("storm_object", nth));
		EXPECT_EQ(ENOMEM, rs_try("storm provider=rs_refcount pattern=saturate ms=10"));
		EXPECT_EQ(0, rs_status("storms"));
	}
}

TEST_F(alloc, any_means_the_next_at_whatever_site)
{
	ASSERT_TRUE(rs_fail("any", 1));
	EXPECT_EQ(ENOMEM, try_open("control"));
	/* The first allocation is that of opening control, the second the object. */
	ASSERT_TRUE(rs_fail("any", 2));
	EXPECT_EQ(ENOMEM, rs_write("control", "create t kref", 13));
	EXPECT_EQ(0, rs_write("control", "create t kref", 13));
}

TEST_F(alloc, clear_disarms_every_site)
{
	char *all, *line, *save = NULL;

	ASSERT_TRUE(rs_fail("object", 5));
	ASSERT_TRUE(rs_fail("storm", 1));
	ASSERT_TRUE(rs_fail("any", 1));
	EXPECT_EQ(0, rs_write("alloc", "clear", 5));
	all = rs_read("alloc");
	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line != '#')
			EXPECT_STREQ("0", rs_value(line, "armed"));
	}
	free(all);
	EXPECT_STREQ("done", rs_result("create t kref"));
}

TEST_F(alloc, armed_counts_down_and_only_the_nth_fails)
{
	ASSERT_TRUE(rs_fail("object", 3));
	EXPECT_STREQ("done", rs_result("create a atomic"));
	EXPECT_EQ(2, site("object", "armed"));
	EXPECT_STREQ("done", rs_result("create b atomic"));
	EXPECT_EQ(1, site("object", "armed"));
	EXPECT_STREQ("refused: ENOMEM", rs_result("create c atomic"));
	EXPECT_STREQ("done", rs_result("create c atomic"));
}

TEST_HARNESS_MAIN
