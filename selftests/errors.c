// SPDX-License-Identifier: GPL-2.0
/*
 * Refused commands: each with the errno of docs/debugfs.md, and in error_log the
 * reason in words, the command, and the caret under the word that is wrong.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kselftest_harness.h>
#include <refstorm/refstorm.h>

#include "refstorm.h"

FIXTURE(refused) {
	struct rs_mark mark;
};

/* An object in each state, for commands that are refused in that state. */
FIXTURE_SETUP(refused)
{
	self->mark = rs_begin();
	ASSERT_STREQ("done", rs_result("create live kref"));
	ASSERT_STREQ("done", rs_result("create cpus rs_percpu_ref"));
	ASSERT_STREQ("done", rs_result("create held kref count=3"));
	ASSERT_STREQ("true", rs_result("kill held"));
	ASSERT_STREQ("done", rs_result("create gone kref"));
	ASSERT_STREQ("true", rs_result("kill gone"));
}

FIXTURE_TEARDOWN(refused)
{
	rs_sweep();
	EXPECT_STREQ("", rs_end(&self->mark));
}

/* A refused command: the caret is under the nth occurrence of at. */
struct refusal {
	int err;
	const char *command;
	const char *words;
	const char *at;
	int nth;
};

static void expect_refusals(struct __test_metadata *_metadata, const char *file,
			    const struct refusal *row, size_t nr)
{
	char *before = rs_read("objects"), *after;

	for (; nr--; row++) {
		struct rs_answer answer = rs_ask(file, row->command, strlen(row->command));

		EXPECT_EQ(row->err, answer.err) {
			TH_LOG("%s", row->command);
		}
		EXPECT_STREQ("", answer.result) {
			TH_LOG("%s", row->command);
		}
		EXPECT_STREQ("", rs_explained(&answer, file, row->command, row->words,
					      row->at, row->nth ?: 1));
	}
	after = rs_read("objects");
	EXPECT_STREQ(before, after);
	EXPECT_EQ(0, rs_status("storms"));
	free(before);
	free(after);
}

#define EXPECT_REFUSALS(file, rows) expect_refusals(_metadata, file, rows, ARRAY_SIZE(rows))

TEST_F(refused, wrong_words_are_named_and_the_right_ones_listed)
{
	static const struct refusal rows[] = {
		{ EINVAL, "kil live", "unknown command 'kil'; accepted: create get put", "kil" },
		{ EINVAL, "KILL live", "unknown command 'KILL'", "KILL" },
		{ EINVAL, "  nonsense", "unknown command", "nonsense" },
		{ EINVAL, "create", "too few words; usage: create NAME PROVIDER", NULL },
		{ EINVAL, "create new", "too few words", NULL },
		{ EINVAL, "kill", "too few words; usage: kill NAME", NULL },
		{ EINVAL, "stop", "too few words; usage: stop ID|all", NULL },
		{ EINVAL, "destroy live now", "surplus word", "now" },
		{ EINVAL, "get live 1 2", "surplus word; usage: get NAME [N|holder=H]", "2" },
		{ EINVAL, "tryget_live cpus 1", "surplus word", "1" },
		{ ENOENT, "create new percpu_reff",
		  "no provider is called 'percpu_reff'; accepted: atomic refcount kref percpu_ref",
		  "percpu_reff" },
		{ ENOENT, "storm provider=", "no provider is called ''", "provider" },
		{ EINVAL, "create new kref size=1", "'size=1' is not one of: count= unguarded=",
		  "size" },
		{ EINVAL, "create new kref count", "is not one of", "count" },
		{ EINVAL, "create new kref =1", "is not one of", "=1" },
		{ EINVAL, "create new kref coun=1", "is not one of", "coun" },
		{ EINVAL, "create new kref count=2 count=2", "count= stands twice", "count", 2 },
		{ EINVAL, "kill live confirm=0 confirm=0", "surplus word", "confirm", 2 },
		{ EINVAL, "storm provider=kref provider=kref", "stands twice", "provider", 2 },
		{ EINVAL, "storm ms=100", "provider= is missing", NULL },
		{ EINVAL, "storm provider=kref pattern=hail",
		  "'hail' is not one of: lifecycle saturate", "pattern" },
		{ EINVAL, "storm kref", "is not one of", "kref" },
		{ EINVAL, "storm provider=kref contexts=nmi",
		  "'nmi' is not one of: pinned roaming nice realtime softirq hardirq", "contexts" },
		{ EINVAL, "storm provider=kref contexts=none", "is not one of", "contexts" },
		{ EINVAL, "storm provider=kref contexts=", "is not one of", "contexts" },
		{ EINVAL, "storm provider=kref contexts=nice,nice",
		  "'nice' stands twice in contexts=", "contexts" },
		{ EINVAL, "storm provider=kref kill_contexts=task,", "is not one of",
		  "kill_contexts" },
		{ EINVAL, "storm provider=kref steps=steal", "'steal' is not one of: acquire",
		  "steps" },
	};

	EXPECT_REFUSALS("control", rows);
}

TEST_F(refused, names_are_checked)
{
	static const struct refusal rows[] = {
		{ EEXIST, "create live atomic", "object 'live' exists", "live" },
		{ EEXIST, "create gone kref", "object 'gone' exists", "gone" },
		{ EINVAL, "create a/b kref", "'/' in a name", "a/b" },
		{ EINVAL, "create a=b kref", "'=' in a name", "a=b" },
		{ EINVAL, "create \"a\" kref", "in a name; accepted: A-Z a-z 0-9 _ - .", "\"a\"" },
		{ EINVAL, "create abcdefghijklmnopqrstuvwxyz-_.123 kref",
		  "a name has at most 31 characters", "abc" },
		{ ENOENT, "get nobody", "no object is called 'nobody'", "nobody" },
		{ ENOENT, "put nobody", "no object", "nobody" },
		{ ENOENT, "tryget nobody", "no object", "nobody" },
		{ ENOENT, "tryget_live nobody", "no object", "nobody" },
		{ ENOENT, "kill nobody", "no object", "nobody" },
		{ ENOENT, "wait nobody", "no object", "nobody" },
		{ ENOENT, "destroy Live", "no object is called 'Live'", "Live" },
		{ ENOENT, "stop 4294967295", "storm 4294967295 is not running", "4" },
	};

	EXPECT_REFUSALS("control", rows);
	/* The longest name, with every accepted character class. */
	EXPECT_STREQ("done", rs_result("create Abcdefghijklmnopqrstuvwxy-_.019 kref"));
}

TEST_F(refused, what_is_no_number_is_told_from_a_number_out_of_range)
{
	static const struct refusal rows[] = {
		{ ERANGE, "get live 0", "0 is out of range; accepted: 1 to 65536", "0" },
		{ ERANGE, "get live 65537", "65537 is out of range", "65537" },
		{ ERANGE, "get live 0x10001", "accepted: 1 to 65536", "0x" },
		{ ERANGE, "get live 18446744073709551615", "out of range", "18" },
		{ ERANGE, "get live 18446744073709551616", "out of range", "18" },
		{ ERANGE, "get live 18446744073709551617", "out of range", "18" },
		{ ERANGE, "get live 99999999999999999999", "out of range", "99" },
		{ ERANGE, "get live 0x10000000000000001", "out of range", "0x" },
		{ EINVAL, "get live -1", "'-1' is not a number", "-1" },
		{ EINVAL, "get live +1", "'+1' is not a number", "+1" },
		{ EINVAL, "get live 1x", "'1x' is not a number", "1x" },
		{ EINVAL, "get live 1.5", "is not a number", "1.5" },
		{ EINVAL, "get live 1e3", "is not a number", "1e3" },
		{ EINVAL, "get live ff", "is not a number", "ff" },
		{ EINVAL, "get live 0x", "is not a number", "0x" },
		{ EINVAL, "get live 0xg", "is not a number", "0xg" },
		{ EINVAL, "get live 0x-1", "is not a number", "0x" },
		{ EINVAL, "get live 1,000", "is not a number", "1," },
		{ EINVAL, "get live x", "is not a number", "x" },
		{ EINVAL, "create new kref count=", "'' is not a number", "count" },
		{ EINVAL, "create new kref count=-1", "'-1' is not a number", "count" },
		{ ERANGE, "create new kref count=0", "accepted: 1 to 2147483647", "count" },
		{ ERANGE, "create new kref count=2147483648", "out of range", "count" },
		{ ERANGE, "create new kref count=4294967297", "out of range", "count" },
		{ ERANGE, "create new kref unguarded=2", "accepted: 0 to 1", "unguarded" },
		{ ERANGE, "kill live confirm=2", "accepted: 0 to 1", "confirm" },
		{ ERANGE, "wait live ms=60001", "accepted: 0 to 60000", "ms" },
		{ ERANGE, "stop 0", "accepted: 1 to 4294967295", "0" },
		{ ERANGE, "stop 4294967296", "out of range", "42" },
		{ EINVAL, "stop every", "'every' is not a number", "every" },
		{ ERANGE, "storm provider=kref ms=9", "accepted: 10 to 86400000", "ms" },
		{ ERANGE, "storm provider=kref ms=86400001", "out of range", "ms" },
		{ ERANGE, "storm provider=kref workers=0", "accepted: 1 to 256", "workers" },
		{ ERANGE, "storm provider=kref workers=257", "out of range", "workers" },
		{ ERANGE, "storm provider=kref killers=0", "accepted: 1 to 16", "killers" },
		{ ERANGE, "storm provider=kref killers=17", "out of range", "killers" },
		{ ERANGE, "storm provider=kref duty=0", "accepted: 1 to 100", "duty" },
		{ ERANGE, "storm provider=kref duty=101", "out of range", "duty" },
		{ ERANGE, "storm provider=kref delay=1001", "accepted: 0 to 1000", "delay" },
		{ ERANGE, "storm provider=kref bound_ms=0", "accepted: 1 to 60000", "bound_ms" },
		{ ERANGE, "storm provider=kref seed=18446744073709551616", "out of range", "seed" },
	};

	EXPECT_REFUSALS("control", rows);
}

TEST_F(refused, numbers_may_be_hexadecimal)
{
	EXPECT_STREQ("done", rs_result("get live 0x10"));
	EXPECT_STREQ("done", rs_result("get live 0XfF"));
	EXPECT_STREQ("done", rs_result("get live 007"));
	EXPECT_STREQ("278", rs_value(rs_row("objects", "object", "live"), "held"));
}

TEST_F(refused, what_the_state_forbids_is_refused_with_its_errno)
{
	static const struct refusal rows[] = {
		{ EALREADY, "kill held", "'held' was killed already", "held" },
		{ EALREADY, "kill gone", "'gone' was killed already", "gone" },
		{ EBUSY, "destroy live", "'live' is live", "live" },
		{ EBUSY, "destroy held", "'held' is killed, with 2 references", "held" },
		{ EBUSY, "destroy cpus", "'cpus' is live", "cpus" },
		{ EPERM, "put live", "you hold 0", "live" },
		{ EPERM, "put gone", "you hold 0", "gone" },
		{ EPERM, "put held 3", "you hold 2", "3" },
		{ EPERM, "get gone", "'gone' was killed and you hold no reference", "gone" },
		{ EOPNOTSUPP, "tryget_live live", "kref has no tryget_live", "tryget_live" },
		{ EOPNOTSUPP, "kill live confirm=1", "kref has no confirmation", "confirm" },
		{ EOPNOTSUPP, "create new atomic unguarded=1", "not documented to survive",
		  "atomic" },
		{ EOPNOTSUPP, "create new percpu_ref count=2", "begins with one", "percpu_ref" },
		{ EOPNOTSUPP, "storm provider=atomic pattern=saturate",
		  "atomic does not saturate", NULL },
		{ EOPNOTSUPP, "storm provider=kref pattern=saturate contexts=softirq",
		  "pinned workers and one object, no more", NULL },
		{ EOPNOTSUPP, "storm provider=percpu_ref pattern=saturate",
		  "percpu_ref does not saturate", NULL },
		{ EOPNOTSUPP, "storm provider=rs_percpu_ref pattern=saturate",
		  "rs_percpu_ref does not saturate", NULL },
		{ ETIMEDOUT, "wait held ms=0", "'held' is killed after 0 ms, with 2", "held" },
		{ ETIMEDOUT, "wait live ms=20", "'live' is live after 20 ms", "live" },
	};

	EXPECT_REFUSALS("control", rows);
}

TEST_F(refused, the_alloc_file_explains_as_control_does)
{
	static const struct refusal rows[] = {
		{ EINVAL, "fial site=object nth=1", "unknown command 'fial'; accepted: fail clear",
		  "fial" },
		{ EINVAL, "fail", "too few words; usage: fail site=S nth=N", NULL },
		{ EINVAL, "fail site=object", "too few words", NULL },
		{ EINVAL, "fail nth=1 nth=1", "nth= stands twice", "nth", 2 },
		{ EINVAL, "fail site=a site=b", "site= stands twice", "site", 2 },
		{ EINVAL, "fail site=object nth=1 x", "surplus word", "x" },
		{ ENOENT, "fail site=objec nth=1", "no site is called 'objec'", "site" },
		{ ENOENT, "fail site= nth=1", "no site is called ''", "site" },
		{ ERANGE, "fail site=object nth=0", "accepted: 1 to 2147483647", "nth" },
		{ ERANGE, "fail site=object nth=2147483648", "out of range", "nth" },
		{ EINVAL, "fail site=object nth=-1", "is not a number", "nth" },
		{ EINVAL, "clear all", "surplus word", "all" },
	};

	EXPECT_REFUSALS("alloc", rows);
}

TEST_F(refused, an_object_more_than_the_limit_has_no_room)
{
	unsigned int nr = rs_status("objects"), i;
	char command[64];

	for (i = nr; i < RS_OBJECTS_MAX; i++) {
		snprintf(command, sizeof(command), "create many%u atomic", i);
		ASSERT_EQ(0, rs_write("control", command, strlen(command)));
	}
	EXPECT_STREQ("", rs_refused(ENOSPC, "create more atomic",
				    "there are 1024 objects already", NULL, 0));
	EXPECT_EQ(RS_OBJECTS_MAX, rs_status("objects"));
	for (i = nr; i < RS_OBJECTS_MAX; i++) {
		snprintf(command, sizeof(command), "kill many%u", i);
		ASSERT_EQ(0, rs_write("control", command, strlen(command)));
		snprintf(command, sizeof(command), "destroy many%u", i);
		ASSERT_EQ(0, rs_write("control", command, strlen(command)));
	}
	EXPECT_STREQ("done", rs_result("create more atomic"));
}

TEST_HARNESS_MAIN
