// SPDX-License-Identifier: GPL-2.0
/* Modes of the per-CPU counters: atomic, per-CPU, dead, and back again. */
#include <stdio.h>
#include <string.h>

#include <kselftest_harness.h>

#include "refstorm.h"

FIXTURE(modes) {
	struct rs_mark mark;
	long long events;
};

FIXTURE_VARIANT(modes) {
	const char *name;
};

#define VARIANT(...) RS_PERCPU_VARIANT(modes, __VA_ARGS__)
RS_PROVIDERS(VARIANT)

FIXTURE_SETUP(modes)
{
	self->mark = rs_begin();
	self->events = rs_events_mark();
}

FIXTURE_TEARDOWN(modes)
{
	rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

/* The mode of a counter after switch_to_percpu: a dynamic one has no slots yet. */
static const char *percpu_mode(const char *provider)
{
	return strstr(provider, "dynamic") ? "atomic" : "percpu";
}

/* Whether the row of t has this "KEY=VALUE"; the mode PERCPU is percpu_mode(). */
static bool shows(const char *provider, char *expected)
{
	const char *row = rs_row("objects", "object", "t");
	char *value = strchr(expected, '=');

	*value++ = '\0';
	return !strcmp(rs_value(row, expected),
		       strcmp(value, "PERCPU") ? value : percpu_mode(provider));
}

/* The first word of "KEY=VALUE ..." that the row of t does not show, or NULL. */
static const char *not_shown(const char *provider, const char *words)
{
	static char text[128];
	char *word;

	snprintf(text, sizeof(text), "%s", words);
	for (word = strtok(text, " "); word; word = strtok(NULL, " "))
		if (!shows(provider, word))
			return word;
	return NULL;
}

/*
 * Run the steps of a test on the object t. A step is "KEY=VALUE ...", which the row of t must
 * show, or come to show if "becomes " is before it; or a command and its result, "COMMAND ->
 * RESULT", of which " -> done" may be left out. "create KEYS" names neither object nor provider.
 * Return: "", or the first step that fails.
 */
static const char *failed_step(const char *provider, const char * const *step)
{
	static char wrong[512];

	for (; *step; step++) {
		bool becomes = !strncmp(*step, "becomes ", 8);
		const char *words = *step + (becomes ? 8 : 0), *result;
		char text[128], *arrow;
		unsigned int ms = 0;

		snprintf(text, sizeof(text), "%s", words);
		if (strcspn(text, "=") < strcspn(text, " ")) {
			while (not_shown(provider, words)) {
				if (becomes && ms++ < 30000) {
					usleep(1000);
					continue;
				}
				snprintf(wrong, sizeof(wrong), "%s: %s", *step,
					 rs_row("objects", "object", "t"));
				return wrong;
			}
			continue;
		}
		arrow = strstr(text, " -> ");
		if (arrow)
			*arrow = '\0';
		result = strncmp(text, "create", 6) ? rs_result("%s", text) :
			 rs_result("create t %s%s", provider, text + 6);
		if (strcmp(result, arrow ? arrow + 4 : "done")) {
			snprintf(wrong, sizeof(wrong), "%s: %s", *step, result);
			return wrong;
		}
	}
	return "";
}

#define EXPECT_STEPS_OF(provider, ...)	\
	EXPECT_STREQ("", failed_step(provider, (const char * const []){ __VA_ARGS__, NULL }))
#define EXPECT_STEPS(...) EXPECT_STEPS_OF(variant->name, __VA_ARGS__)

TEST_F(modes, switching_to_atomic_keeps_every_reference_and_the_counter_alive)
{
	EXPECT_STEPS("create reinit=1", "get t 5", "switch_to_atomic t",
		     "mode=atomic count=6 dying=0",
		     "tryget_live t -> true", "put t 6",
		     "count=1 released=0");
}

TEST_F(modes, switching_twice_is_switching_once)
{
	EXPECT_STEPS("create reinit=1", "switch_to_atomic t", "switch_to_atomic t",
		     "count=1",
		     "switch_to_percpu t", "switch_to_percpu t",
		     "mode=PERCPU",
		     "switch_to_atomic t",
		     "count=1");
}

TEST_F(modes, references_survive_the_way_there_and_back)
{
	int i;

	EXPECT_STEPS("create reinit=1");
	for (i = 0; i < 5; i++)
		EXPECT_STEPS("get t 3", "switch_to_atomic t", "put t", "switch_to_percpu t",
			     "mode=PERCPU");
	EXPECT_STEPS("kill t -> true", "put t 9", "wait t ms=100 -> refused: ETIMEDOUT",
		     "becomes count=1",
		     "put t", "wait t");
	EXPECT_EQ(1, rs_events_count(self->events, "object:t", "release"));
}

TEST_F(modes, one_that_begins_atomic_stays_so_until_told)
{
	EXPECT_STEPS("create mode=atomic",
		     "mode=atomic count=1",
		     "get t",
		     "count=2",
		     "switch_to_percpu t",
		     "mode=PERCPU");
}

TEST_F(modes, an_atomic_one_is_released_by_the_kill_itself)
{
	EXPECT_STEPS("create mode=atomic", "kill t confirm=1 -> true",
		     "confirmed=1 released=1");
}

TEST_F(modes, one_that_begins_dead_gives_no_reference_until_it_is_reinitialised)
{
	EXPECT_STEPS("create mode=dead",
		     "dying=1 count=0 zero=1",
		     "tryget t -> false", "tryget_live t -> false", "reinit t",
		     "dying=0 mode=PERCPU",
		     "tryget_live t -> true");
}

TEST_F(modes, reinit_begins_a_whole_life_anew)
{
	char calls[40];
	int life;

	EXPECT_STEPS("create reinit=1");
	for (life = 1; life <= 3; life++) {
		snprintf(calls, sizeof(calls), "released=%d confirmed=%d", life, life);
		EXPECT_STEPS("get t 2", "kill t confirm=1 -> true", "put t 2", "wait t",
			     calls,
			     "tryget_live t -> false", "reinit t",
			     "state=live",
			     "tryget_live t -> true", "put t");
	}
}

TEST_F(modes, resurrection_takes_back_a_kill_at_once)
{
	/* The switch of the kill is still under way when resurrect is written. */
	EXPECT_STEPS("create reinit=1", "get t", "kill t -> true", "resurrect t",
		     "state=live dying=0 mode=PERCPU",
		     "switch_to_atomic t",
		     "count=2 released=0",
		     "put t",
		     "released=0",
		     "kill t -> true", "wait t",
		     "released=1");
}

TEST_F(modes, an_atomic_wish_outlives_kill_and_resurrection)
{
	EXPECT_STEPS("create reinit=1", "get t", "switch_to_atomic t", "kill t -> true",
		     "count=1",
		     "resurrect t",
		     "mode=atomic count=2");
}

TEST_F(modes, switching_to_percpu_while_dying_comes_true_with_resurrection)
{
	EXPECT_STEPS("create mode=atomic", "get t", "kill t -> true", "switch_to_percpu t",
		     "mode=atomic",
		     "resurrect t",
		     "mode=PERCPU");
}

TEST_F(modes, what_the_object_may_not_do_is_refused)
{
	EXPECT_STEPS("create", "switch_to_atomic t -> refused: EOPNOTSUPP",
		     "reinit t -> refused: EOPNOTSUPP", "kill t -> true",
		     "resurrect t -> refused: EOPNOTSUPP", "wait t", "destroy t",

		     "create reinit=1", "resurrect t -> refused: EBUSY",
		     "reinit t -> refused: EBUSY", "get t", "kill t -> true",
		     "reinit t -> refused: EBUSY", "put t", "resurrect t -> refused: EPERM");
}

RS_FIXTURE(modeless, 1)

TEST_F(modeless, a_counter_without_modes_has_no_such_commands)
{
	EXPECT_STEPS_OF("rs_kref", "create reinit=1 -> refused: EOPNOTSUPP");
	EXPECT_STEPS_OF("rs_refcount", "create mode=atomic -> refused: EOPNOTSUPP",
			"create", "switch_to_atomic t -> refused: EOPNOTSUPP",
			"switch_to_percpu t -> refused: EOPNOTSUPP",
			"reinit t -> refused: EOPNOTSUPP", "resurrect t -> refused: EOPNOTSUPP",
			"kill t -> true", "destroy t");
}

TEST_HARNESS_MAIN
