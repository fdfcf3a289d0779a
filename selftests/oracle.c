// SPDX-License-Identifier: GPL-2.0
/*
 * The differential oracle: mainline's counters and ours, a million steps each,
 * with concurrent segments in between.
 * docs/oracle.md says what it compares; here its findings are judged, and that it
 * starts, stops and refuses as it should.
 *
 * Each start provokes what the counters warn of once, in a fixed order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "refstorm.h"

#define MILLION "1000000"
#define CELL_MIN 100

struct warning {
	unsigned int nr;
	const char *text;
	unsigned int more;	/* of which so many may come as well */
};

static const struct warning refcount_warnings[] = {
	{ 2, "refcount_t: saturated; leaking memory." },
	{ 1, "refcount_t: addition on 0; use-after-free." },
	/* Since 7.3 also one for each function with a lock. */
	{ 2, "refcount_t: underflow; use-after-free.", 3 },
	{ 1, "refcount_t: decrement hit 0; leaking memory." },
	{ 2, "rs_refcount_t: saturated; leaking memory." },
	{ 1, "rs_refcount_t: addition on 0; use-after-free." },
	{ 1, "rs_refcount_t: underflow; use-after-free." },
	{ 1, "rs_refcount_t: decrement hit 0; leaking memory." },
	{}
};

static const struct warning percpu_ref_warnings[] = {
	{
		1,
		"percpu_ref_kill_and_confirm called more than once on oracle_percpu_mainline_release [refstorm]!",
	},
	{}
};

FIXTURE(oracle) {
	struct rs_mark mark;
};

FIXTURE_VARIANT(oracle) {
	const char *counter;
	const struct warning *warnings;
};

FIXTURE_VARIANT_ADD(oracle, refcount) {
	.counter = "refcount", .warnings = refcount_warnings,
};

FIXTURE_VARIANT_ADD(oracle, kref) {
	.counter = "kref", .warnings = refcount_warnings,
};

FIXTURE_VARIANT_ADD(oracle, percpu_ref) {
	.counter = "percpu_ref", .warnings = percpu_ref_warnings,
};

FIXTURE_VARIANT_ADD(oracle, sealed_ref) {
	.counter = "sealed_ref", .warnings = percpu_ref_warnings,
};

/* The first line of the file that begins with @head and is of @counter, or ""; four stay valid. */
static const char *line_of(const char *head, const char *counter)
{
	static char all_found[4][1024];
	static unsigned int last;
	char *found = all_found[last++ % ARRAY_SIZE(all_found)];
	char *all = rs_read("oracle"), *save = NULL, *line;

	found[0] = '\0';
	for (line = strtok_r(all, "\n", &save); line && !*found; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, head, strlen(head)) &&
		    !strcmp(rs_value(line, "counter"), counter))
			snprintf(found, sizeof(all_found[0]), "%s", line);
	free(all);
	return found;
}

/* Wait for the end of the run; returns its line. */
static const char *wait_done(const char *counter)
{
	long long end = rs_now_ms() + 4 * RS_PATIENCE_MS;
	const char *line;

	do {
		line = line_of("run=", counter);
		if (!strcmp(rs_value(line, "state"), "done"))
			return line;
		rs_sleep_ms(50);
	} while (rs_now_ms() < end);
	return "";
}

/* Start with counter= and these words, warnings announced; 0 or the errno. */
static int start(struct _test_data_oracle *self, const struct _fixture_variant_oracle *of,
		 const struct warning *warnings, const char *words)
{
	const struct warning *w;
	unsigned int wanted = 0, most = 0, seen;
	int err;

	for (w = warnings; w->text; w++) {
		rs_expect_range(w->nr, w->nr + w->more, w->text);
		wanted += w->nr;
		most += w->nr + w->more;
	}
	err = rs_try("oracle counter=%s %s", of->counter, words);
	for (w = warnings; w->text; w++)
		rs_expect_end();
	seen = rs_kmsg_count(self->mark.kmsg, "------------[ cut here ]------------");
	return err ?: seen >= wanted && seen <= most ? 0 : -(int)seen;
}

/* The same to its end; the line of the run, or "". */
static const char *run(struct _test_data_oracle *self, const struct _fixture_variant_oracle *of,
		       const char *words)
{
	return start(self, of, of->warnings, words) ? "" : wait_done(of->counter);
}

FIXTURE_SETUP(oracle)
{
	RS_SKIP_IF_WARNINGS_PANIC();
	ASSERT_TRUE(rs_clear_warn_once());
	self->mark = rs_begin();
}

FIXTURE_TEARDOWN(oracle)
{
	rs_set_other_cpus_online(true);
	rs_try("oracle stop");
	wait_done(variant->counter);
	EXPECT_STREQ("", rs_end(&self->mark));
}

TEST_F(oracle, a_million_steps_agree_but_for_what_is_listed)
{
	const char *ran = run(self, variant, "steps=" MILLION);
	char *all, *save = NULL, *line;
	unsigned int cells = 0;

	ASSERT_STRNE("", ran);
	EXPECT_STREQ("agreed", rs_value(ran, "verdict")) {
		TH_LOG("%s", ran);
	}
	EXPECT_LE(1000000, rs_number(ran, "steps"));
	EXPECT_EQ(0, rs_number(ran, "cells_thin"));
	EXPECT_LT(100, rs_number(ran, "segments"));
	if (rs_number(ran, "cpus") > 1)
		EXPECT_LT(0, rs_number(ran, "overlapped"));
	EXPECT_STREQ("", line_of("shrunk=", variant->counter));

	all = rs_read("oracle");
	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *word, *rest = line;

		if (strcmp(rs_value(line, "counter"), variant->counter))
			continue;
		printf("# %s\n", line);
		if (!strncmp(line, "difference=", 11))
			EXPECT_EQ(rs_number(line, "holds"), rs_number(line, "seen") > 0);
		if (strncmp(line, "cell=", 5))
			continue;
		strsep(&rest, " ");
		strsep(&rest, " ");
		while ((word = strsep(&rest, " "))) {
			const char *number = strchr(word, '=') + 1;

			cells += *number != '-';
			EXPECT_TRUE(*number == '-' || atoll(number) >= CELL_MIN) {
				TH_LOG("%s", word);
			}
		}
	}
	free(all);
	EXPECT_EQ(rs_number(line_of("run=", variant->counter), "cells"), cells);
}

/*
 * Of refcount the seed leads to a segment that begins 73 below the maximum and adds 96. The acquire
 * forms, which do not saturate on some kernels, must not be in it.
 */
TEST_F(oracle, a_seed_that_once_disagreed_agrees)
{
	const char *ran = run(self, variant, "steps=200000 seed=3739638615536011393");

	EXPECT_LE(200000, rs_number(ran, "steps"));
	EXPECT_STREQ("", line_of("mismatch=", variant->counter)) {
		TH_LOG("%s %s", ran, line_of("shrunk=", variant->counter));
	}
}

TEST_F(oracle, in_lockstep_alone_nothing_disagrees)
{
	const char *ran = run(self, variant, "steps=200000 concurrent=0");

	EXPECT_LE(200000, rs_number(ran, "steps"));
	EXPECT_EQ(0, rs_number(ran, "segments"));
	EXPECT_STREQ("", line_of("mismatch=", variant->counter));
}

TEST_F(oracle, on_one_cpu_segments_do_not_overlap_and_that_is_said)
{
	const char *ran;

	if (!rs_set_other_cpus_online(false))
		SKIP(return, "CPUs cannot be taken offline");
	ran = run(self, variant, "steps=20000");
	rs_set_other_cpus_online(true);
	EXPECT_EQ(1, rs_number(ran, "cpus"));
	EXPECT_LT(0, rs_number(ran, "segments"));
	EXPECT_EQ(0, rs_number(ran, "overlapped"));
}

TEST_F(oracle, has_threads_that_stay_on_one_CPU_each)
{
	unsigned int member, cpus = rs_cpus();
	char name[64];
	long long id;

	ASSERT_EQ(0, start(self, variant, variant->warnings, "steps=" MILLION));
	id = rs_number(line_of("run=", variant->counter), "run");
	/* The threads of a segment that is over have started up. */
	while (!rs_number(line_of("run=", variant->counter), "segments"))
		rs_sleep_ms(10);
	for (member = 0; member < 4; member++) {
		snprintf(name, sizeof(name), "rs_oracle/%lld.%u", id, member + 1);
		EXPECT_EQ(member % cpus, (unsigned int)rs_cpu_of_thread(name)) {
			TH_LOG("thread %s", name);
		}
	}
	EXPECT_EQ(0, rs_try("oracle stop"));
}

/* All lines of the last run that begin with @head, to be freed. */
static char *lines_of(const char *head, const char *counter)
{
	char *all = rs_read("oracle"), *kept = calloc(1, strlen(all) + 1);
	char *save = NULL, *line;

	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, head, strlen(head)) &&
		    !strcmp(rs_value(line, "counter"), counter))
			strcat(strcat(kept, line), "\n");
	free(all);
	return kept;
}

TEST_F(oracle, one_seed_is_one_sequence)
{
	static const struct warning none[] = { {} };
	char *first, *second;
	long long segments;

	ASSERT_STRNE("", run(self, variant, "steps=20000 seed=7"));
	first = lines_of("cell=", variant->counter);
	segments = rs_number(line_of("run=", variant->counter), "segments");
	EXPECT_LT(0, segments);
	/* A warning that came once does not come again. */
	ASSERT_EQ(0, start(self, variant, none, "steps=20000 seed=7"));
	ASSERT_STRNE("", wait_done(variant->counter));
	second = lines_of("cell=", variant->counter);
	EXPECT_STREQ(first, second);
	EXPECT_EQ(segments, rs_number(line_of("run=", variant->counter), "segments"));
	EXPECT_EQ(7, rs_number(line_of("run=", variant->counter), "seed"));
	free(first);
	free(second);
}

/* Lines of steps, of the shortest sequence. */
static unsigned int nr_steps(const char *counter)
{
	char *all = lines_of("step=", counter), *save = NULL, *line;
	unsigned int nr = 0;

	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save), nr++)
		printf("# %s\n", line);
	free(all);
	return nr;
}

/* The differences of each counter: the answer that shows each, and the fewest steps. */
static const struct difference {
	const char *counter, *name, *field;
	unsigned int steps;
} differences[] = {
	{ "refcount", "sub_none_of_zero", "ret", 2 },
	{ "refcount", "dec_not_one_of_zero", "count", 2 },
	{ "refcount", "acquire_saturated", "ret", 1 },
	{ "refcount", "limited_saturated", "ret", 1 },
	{ "kref", "dec_not_one_of_zero", "count", 2 },
	{ "percpu_ref", "second_kill", "ret", 2 },
	{ "percpu_ref", "looks_dead", "dying", 2 },
	{ "percpu_ref", "second_exit", "old", 1 },
	{ "percpu_ref", "put_none", "released", 2 },
	{ "sealed_ref", "second_kill", "ret", 2 },
	{ "sealed_ref", "looks_dead", "dying", 2 },
	{ "sealed_ref", "second_exit", "old", 1 },
	{ "sealed_ref", "put_none", "released", 2 },
	/* The moment at which ours is ahead is not one of the seed. */
	{ "sealed_ref", "grace_period", NULL, 1 },
};

static const char *difference_of(const struct difference *d)
{
	char head[64];

	snprintf(head, sizeof(head), "difference=%s ", d->name);
	return line_of(head, d->counter);
}

static void expect_found(struct __test_metadata *_metadata, const struct difference *d,
			 bool lockstep)
{
	const char *line = line_of("shrunk=", d->counter);
	char mainline[32], ours[32];
	unsigned int nr;

	snprintf(mainline, sizeof(mainline), "mainline_%s", d->field);
	snprintf(ours, sizeof(ours), "ours_%s", d->field);
	printf("# %s\n", line_of("mismatch=", d->counter));
	printf("# %s\n", line);
	EXPECT_STRNE("", rs_value(line, mainline));
	EXPECT_STRNE(rs_value(line, mainline), rs_value(line, ours));
	if (lockstep)
		EXPECT_STREQ("10/10", rs_value(line, "again"));
	/* Of dozens; a get and a put that are apart it does not leave out together. */
	nr = nr_steps(d->counter);
	EXPECT_LE(d->steps, nr);
	EXPECT_GE(d->steps + 6, nr);
}

TEST_F(oracle, a_difference_that_is_not_listed_is_found_and_shrunk)
{
	static const struct warning none[] = { {} };
	const struct warning *warnings = variant->warnings;
	unsigned int i, lockstep;
	const char *ran;
	char words[96];

	for (i = 0; i < 2 * ARRAY_SIZE(differences); i++) {
		const struct difference *d = &differences[i / 2];

		lockstep = i % 2;
		if (strcmp(d->counter, variant->counter))
			continue;
		snprintf(words, sizeof(words), "seed=7 concurrent=%u unlist=%s", !lockstep,
			 d->name);
		ASSERT_EQ(0, start(self, variant, warnings, words));
		warnings = none;
		ran = wait_done(d->counter);
		printf("# %s\n# %s\n", words, ran);
		if (!rs_number(difference_of(d), "holds"))
			continue;
		EXPECT_EQ(0, rs_number(difference_of(d), "listed"));
		EXPECT_STREQ("differs", rs_value(ran, "verdict"));
		if (d->field)
			expect_found(_metadata, d, lockstep);
	}
	fflush(stdout);
}

TEST_F(oracle, it_stops_when_told_and_holds_the_module_until_then)
{
	ASSERT_EQ(0, start(self, variant, variant->warnings, "ms=20000"));
	EXPECT_STREQ("running", rs_value(line_of("run=", variant->counter), "state"));
	/* It, and those of the segments */
	EXPECT_EQ(self->mark.threads + 5, rs_status("threads"));
	EXPECT_EQ(EBUSY, rs_try("oracle counter=%s ms=20000", variant->counter));
	EXPECT_EQ(-1, syscall(SYS_delete_module, "refstorm", O_NONBLOCK));
	EXPECT_EQ(EAGAIN, errno == EWOULDBLOCK ? EAGAIN : errno);
	EXPECT_EQ(0, rs_try("oracle stop"));
	EXPECT_STREQ("stopped", rs_value(wait_done(variant->counter), "verdict"));
}

TEST_F(oracle, too_few_steps_prove_nothing)
{
	EXPECT_STREQ("unproven", rs_value(run(self, variant, "steps=1"), "verdict"));
	EXPECT_LT(0, rs_number(line_of("run=", variant->counter), "cells_thin"));
}

TEST_F(oracle, without_memory_it_does_not_begin)
{
	static const struct {
		const char *site;
		unsigned int nth;	/* the first, to this */
	} sites[] = { { "oracle", 2 }, { "oracle_thread", 5 } };
	unsigned int nth;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		for (nth = 1; nth <= sites[i].nth; nth++) {
			ASSERT_TRUE(rs_fail(sites[i].site, nth));
			EXPECT_EQ(ENOMEM, rs_try("oracle counter=%s", variant->counter)) {
				TH_LOG("site %s, allocation %u", sites[i].site, nth);
			}
			EXPECT_EQ(self->mark.threads, rs_status("threads"));
		}
	}
}

TEST_F(oracle, a_counter_that_cannot_be_made_ends_it)
{
	static const char * const sites[] = { "percpu_ref_data", "percpu_ref_slots" };
	const char *ran;
	size_t i;

	if (strcmp(variant->counter, "percpu_ref"))
		return;		/* the others take no memory */
	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		ASSERT_TRUE(rs_clear_warn_once());
		ASSERT_TRUE(rs_fail(sites[i], 100));
		ran = run(self, variant, "ms=20000");
		EXPECT_STREQ("error", rs_value(ran, "verdict")) {
			TH_LOG("%s", ran);
		}
		EXPECT_NE(NULL, strstr(ran, "a counter could not be made: error 12"));
	}
}

TEST_F(oracle, wrong_words_are_refused_in_words)
{
	static const struct {
		int err;
		const char *command, *text, *at;
	} wrong[] = {
		{ EINVAL, "oracle steps=5", "counter= is missing", NULL },
		{ EINVAL, "oracle counter=atomic",
		  "'atomic' is not one of: refcount kref percpu_ref sealed_ref", "counter" },
		{ ERANGE, "oracle counter=kref steps=0", "out of range", "steps" },
		{ ERANGE, "oracle counter=kref concurrent=2", "out of range", "concurrent" },
		{ EINVAL, "oracle unlist=looks_dead counter=kref",
		  "'looks_dead' is not one of: dec_not_one_of_zero", "unlist" },
		{ EINVAL, "oracle counter=kref unlist=", "is not one of", "unlist" },
		{ EINVAL, "oracle stop now", "surplus word", "now" },
		{ EINVAL, "oracle", "too few words", NULL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_STREQ("", rs_refused(wrong[i].err, wrong[i].command, wrong[i].text,
					    wrong[i].at, 1));
}

TEST_HARNESS_MAIN
