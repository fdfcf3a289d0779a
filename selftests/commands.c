// SPDX-License-Identifier: GPL-2.0
/*
 * The commands: what errors, usages, README and the commands file say of them is whole,
 * agrees, and is accepted as it stands.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "refstorm.h"

RS_FIXTURE(commands, 1)

#define WORDS_MAX 64
#define TEXT_MAX 2048

/* The commands file; nothing if there is none. */
static char *commands_file(void)
{
	return access(RS_DIR "commands", F_OK) ? strdup("") : rs_read("commands");
}

/* What the verbs of a file need to be quick, and objects that they can be tried on. */
static const struct {
	const char *verb, *also;
} quick[] = {
	{ "storm", "ms=20" },
	{ "oracle", "steps=10" },
	{ "bench", "operation=init_exit" },
	{ "bench_memory", "refs=1000" },
};

static const char *also(const char *verb, const char *but)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(quick); i++)
		if (!strcmp(quick[i].verb, verb) && strncmp(but, "seconds=", strlen("seconds=")) &&
		    strncmp(quick[i].also, but, strcspn(quick[i].also, "=") + 1))
			return quick[i].also;
	return "";
}

/* What follows @start in the only error of the log, up to its errno; "" if there is none. */
static void error_after(const struct rs_answer *answer, const char *start, char *to)
{
	const char *from = strstr(answer->error, start);
	const char *end = strstr(from ?: "", " (errno ");

	*to = '\0';
	if (from && end)
		snprintf(to, TEXT_MAX, "%.*s", (int)(end - from - strlen(start)),
			 from + strlen(start));
}

/* The names at the end of the error that @command gets. */
static unsigned int listed(const char *file, const char *command, char *text, char **names)
{
	struct rs_answer answer = rs_ask(file, command, strlen(command));
	char *save = NULL, *name;
	unsigned int nr = 0;

	error_after(&answer, strstr(answer.error, "accepted:") ? "accepted:" : "one of:", text);
	for (name = strtok_r(text, " ", &save); name && nr < WORDS_MAX;
	     name = strtok_r(NULL, " ", &save))
		names[nr++] = name;
	return nr;
}

/* The usage of a verb, as the error says it that too few words get, or too many. */
static void usage_of(const char *file, const char *verb, char *to)
{
	char command[512];
	struct rs_answer answer;
	unsigned int i, len;

	len = snprintf(command, sizeof(command), "%s", verb);
	answer = rs_ask(file, command, len);
	if (!strstr(answer.error, "usage: ")) {
		for (i = 0; i < WORDS_MAX; i++)
			len += snprintf(command + len, sizeof(command) - len, " x");
		answer = rs_ask(file, command, len);
	}
	error_after(&answer, "usage: ", to);
}

/* A value that the word of a usage stands for. */
static const char *example(const char *verb, const char *key, const char *word)
{
	static const struct {
		const char *word, *value;
	} examples[] = {
		{ "NAME", "t" }, { "PROVIDER", "rs_percpu_ref" }, { "P", "rs_percpu_ref" },
		{ "ID", "1" }, { "H", "h2" }, { "FROM", "h" }, { "TO", "h2" }, { "O", "pair" },
		{ "S", "any" }, { "DIFFERENCE", "dec_not_one_of_zero" },
	};
	char *table, *row, *save = NULL;
	static char least[32];
	size_t i;

	if (!strcmp(verb, "create") && !strcmp(word, "NAME"))
		return "new";
	if (!strcmp(verb, "create") && !strcmp(word, "PROVIDER"))
		return "rs_kref";
	for (i = 0; i < ARRAY_SIZE(examples); i++)
		if (!strcmp(examples[i].word, word))
			return examples[i].value;
	if (strcmp(word, "N"))
		return word;
	table = commands_file();
	snprintf(least, sizeof(least), "1");
	for (row = strtok_r(table, "\n", &save); row; row = strtok_r(NULL, "\n", &save))
		if (!strcmp(rs_value(row, "command"), verb) && !strcmp(rs_value(row, "key"), key))
			snprintf(least, sizeof(least), "%s", rs_value(row, "min"));
	free(table);
	return least;
}

/* One alternative of a word of a usage, with values where there are words for them. */
static void fill_in(const char *verb, const char *key, const char *alternative, char *to,
		    size_t size)
{
	const char *value = strchr(alternative, '=');

	if (value) {
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)(value - alternative), alternative);
		snprintf(to, size, "%s=%s", name, example(verb, name, value + 1));
	} else if (*key) {
		snprintf(to, size, "%s=%s", key, alternative);
	} else {
		snprintf(to, size, "%s", example(verb, alternative, alternative));
	}
}

/* A state that every command understands: an object with references, one of a holder's. */
static void prepare(void)
{
	rs_sweep();
	rs_try("create t rs_percpu_ref reinit=1");
	rs_try("get t 5");
	rs_try("get t holder=h");
}

static void clean_up(void)
{
	/* First: any allocation may fail until then. */
	rs_write("alloc", "clear", 5);
	rs_try("put t holder=h");
	rs_try("put t holder=h2");
	rs_try("oracle stop");
	rs_sweep();
}

/* What a command that is right may answer in that state: the words are not what is wrong. */
static bool is_understood(int err)
{
	return !err || err == EOPNOTSUPP || err == EBUSY || err == ETIMEDOUT || err == ENOENT ||
	       err == EPERM || err == ENOMEM;
}

/*
 * Run a command of the words of a usage that are needed, with one alternative of one word.
 * @nr: of the word that is tried; the others that are not needed are left out.
 */
static void try_word(struct __test_metadata *_metadata, const char *file, const char *verb,
		     char **words, unsigned int nr_words, unsigned int nr, const char *tried)
{
	char command[1024], text[TEXT_MAX];
	struct rs_answer answer;
	unsigned int i, len;
	long long end;

	len = snprintf(command, sizeof(command), "%s", verb);
	for (i = 0; i < nr_words; i++) {
		const char *word = words[i];

		if (i != nr && *word == '[')
			continue;
		if (i == nr) {
			snprintf(text, sizeof(text), "%s", tried);
		} else {
			char first[TEXT_MAX];

			snprintf(first, sizeof(first), "%.*s", (int)strcspn(word, "|"), word);
			fill_in(verb, "", first, text, sizeof(text));
		}
		len += snprintf(command + len, sizeof(command) - len, " %s", text);
	}
	if (*also(verb, tried) && !strstr(command, also(verb, tried)))
		len += snprintf(command + len, sizeof(command) - len, " %s", also(verb, tried));
	prepare();
	/* The oracle makes counters warn as it begins, so its first allocation fails. */
	if (!strcmp(verb, "oracle"))
		ASSERT_TRUE(rs_fail("oracle", 1));
	answer = rs_ask(file, command, len);
	EXPECT_TRUE(is_understood(answer.err)) {
		TH_LOG("%s: %s: %s", file, command, answer.error);
	}
	clean_up();
	end = rs_now_ms() + RS_PATIENCE_MS;
	while ((rs_status("storms") || rs_status("threads")) && rs_now_ms() < end)
		rs_sleep_ms(10);
}

static void try_usage(struct __test_metadata *_metadata, const char *file, const char *verb)
{
	char usage[TEXT_MAX], *words[WORDS_MAX], *save = NULL, *word;
	unsigned int nr_words = 0, i, tried = 0;

	usage_of(file, verb, usage);
	ASSERT_EQ(0, strncmp(usage, verb, strlen(verb))) {
		TH_LOG("%s: %s: '%s'", file, verb, usage);
	}
	for (word = strtok_r(usage + strlen(verb), " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		ASSERT_GT(WORDS_MAX, nr_words);
		words[nr_words++] = word;
	}
	for (i = 0; i < nr_words; i++) {
		char all[TEXT_MAX], key[32] = "", *alternative, *left = NULL;
		size_t len = strlen(words[i]);

		/* A bracket that is not closed is a usage that was cut. */
		EXPECT_EQ(*words[i] == '[', words[i][len - 1] == ']') {
			TH_LOG("%s: %s: '%s'", file, verb, words[i]);
		}
		snprintf(all, sizeof(all), "%s", words[i] + (*words[i] == '['));
		all[strcspn(all, "]")] = '\0';
		for (alternative = strtok_r(all, "|", &left); alternative;
		     alternative = strtok_r(NULL, "|", &left)) {
			char filled[TEXT_MAX];

			fill_in(verb, strchr(alternative, '=') ? "" : key, alternative, filled,
				sizeof(filled));
			if (strchr(alternative, '='))
				snprintf(key, sizeof(key), "%.*s",
					 (int)strcspn(alternative, "="), alternative);
			try_word(_metadata, file, verb, words, nr_words, i, filled);
			tried++;
		}
	}
	if (!tried)
		try_word(_metadata, file, verb, words, nr_words, nr_words, "");
}

TEST_F(commands, listed_by_an_error_are_all_that_there_are)
{
	char text[TEXT_MAX], *names[WORDS_MAX];
	char *table = commands_file(), *row, *save = NULL;
	unsigned int nr = listed("control", "nonsense", text, names), i;
	unsigned int rows = 0;

	ASSERT_LT(20, nr);
	for (i = 0; i < nr; i++) {
		struct rs_answer answer = rs_run("%s", names[i]);

		EXPECT_EQ(NULL, strstr(answer.error, "unknown command")) {
			TH_LOG("'%s' is listed", names[i]);
		}
	}
	for (row = strtok_r(table, "\n", &save); row; row = strtok_r(NULL, "\n", &save))
		if (!strcmp(rs_value(row, "file"), "control") &&
		    !strcmp(rs_value(row, "key"), "-")) {
			const char *verb = rs_value(row, "command");

			rows++;
			EXPECT_NE(NULL, strstr(rs_run("nonsense").error, verb)) {
				TH_LOG("'%s' is not listed", verb);
			}
		}
	EXPECT_LT(20, rows);
	free(table);
}

TEST_F(commands, have_their_keys_listed_whole)
{
	char text[TEXT_MAX], *names[WORDS_MAX];
	unsigned int nr = listed("control", "storm x", text, names), i;

	ASSERT_LT(20, nr);
	for (i = 0; i < nr; i++) {
		struct rs_answer answer = rs_run("storm %sx", names[i]);
		char known[64];

		snprintf(known, sizeof(known), "'%sx' is not one of", names[i]);
		EXPECT_EQ('=', names[i][strlen(names[i]) - 1]);
		EXPECT_EQ(NULL, strstr(answer.error, known)) {
			TH_LOG("'%s' is listed", names[i]);
		}
	}
}

TEST_F(commands, are_accepted_as_each_usage_stands)
{
	char text[TEXT_MAX], *names[WORDS_MAX];
	unsigned int nr = listed("control", "nonsense", text, names), i;

	for (i = 0; i < nr; i++) {
		/* The name of a command of two words is listed as it is written. */
		if (!strcmp(names[i], "stop") && i && !strcmp(names[i - 1], "oracle"))
			try_usage(_metadata, "control", "oracle stop");
		else
			try_usage(_metadata, "control", names[i]);
	}
	nr = listed("alloc", "nonsense", text, names);
	EXPECT_EQ(2, nr);
	for (i = 0; i < nr; i++)
		try_usage(_metadata, "alloc", names[i]);
}

/* README with its lines joined, which are broken between words. */
static char *readme(void)
{
	char *all = rs_read("README"), *from, *to = all;

	for (from = all; *from; from++) {
		if (isspace(*from) && to > all && to[-1] == ' ')
			continue;
		*to++ = isspace(*from) ? ' ' : *from;
	}
	*to = '\0';
	return all;
}

TEST_F(commands, and_files_are_all_in_README)
{
	char *all = readme(), *table = commands_file(), *row, *save = NULL;
	char usage[TEXT_MAX];

	for (row = strtok_r(table, "\n", &save); row; row = strtok_r(NULL, "\n", &save)) {
		if (strcmp(rs_value(row, "key"), "-"))
			continue;
		usage_of(rs_value(row, "file"), rs_value(row, "command"), usage);
		EXPECT_NE(NULL, strstr(all, usage)) {
			TH_LOG("%s", usage);
		}
		EXPECT_STRNE("", rs_value(row, "help"));
	}
	free(table);
	free(all);
}

/* A storm that is told what it would do anyway is the storm that is told nothing. */
TEST_F(commands, of_a_storm_have_the_defaults_that_they_say)
{
	char command[1024], *table = commands_file(), *row, *save = NULL;
	const char *told, *untold;
	long long ids[2];
	size_t len;

	len = snprintf(command, sizeof(command), "storm provider=rs_kref");
	ids[0] = rs_storm("provider=rs_kref seed=7 ms=20 workers=2");
	for (row = strtok_r(table, "\n", &save); row; row = strtok_r(NULL, "\n", &save)) {
		const char *key = rs_value(row, "key"), *usual = rs_value(row, "default");

		if (strcmp(rs_value(row, "command"), "storm") || !strcmp(key, "-") ||
		    !strcmp(key, "provider") || !strcmp(rs_value(row, "instead"), "1"))
			continue;
		if (!strcmp(key, "seed"))
			usual = "7";
		else if (!strcmp(key, "ms"))
			usual = "20";
		else if (!strcmp(key, "workers"))
			usual = "2";
		len += snprintf(command + len, sizeof(command) - len, " %s=%s", key, usual);
	}
	free(table);
	ids[1] = rs_number(rs_run("%s", command).result, "storm");
	ASSERT_LT(0, ids[0]);
	ASSERT_LT(0, ids[1]) {
		TH_LOG("%s", command);
	}
	told = strstr(rs_storm_wait(ids[1]), " pattern=");
	untold = strstr(rs_storm_wait(ids[0]), " pattern=");
	ASSERT_NE(NULL, told);
	ASSERT_NE(NULL, untold);
	len = strstr(told, " cpus=") - told;
	EXPECT_EQ(0, strncmp(told, untold, len)) {
		TH_LOG("%s", told);
		TH_LOG("%s", untold);
	}
}

TEST_HARNESS_MAIN
