// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the scenarios of a test module, each as one test. A right use must hold, a wrong use must
 * be caught. The kernel log must get the warnings that the scenario names and no other, and the
 * modules must have freed their memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest.h>

#include "refstorm.h"
#include "scenarios.h"

static char dir[128];

static int open_in(const char *file, int flags)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return open(path, flags | O_CLOEXEC);
}

static char *read_all(const char *file)
{
	int fd = open_in(file, O_RDONLY);
	char *all;

	if (fd < 0)
		ksft_exit_fail_msg("cannot open %s/%s: %m\n", dir, file);
	all = rs_read_fd(fd);
	close(fd);
	return all;
}

/* The text in quotes after key=; "" if there is none. */
static const char *quoted(const char *line, const char *key, char *to, size_t size)
{
	char before[32];
	const char *from;

	snprintf(before, sizeof(before), " %s=\"", key);
	from = strstr(line, before);
	if (!from) {
		*to = '\0';
		return to;
	}
	from += strlen(before);
	snprintf(to, size, "%.*s", (int)strcspn(from, "\""), from);
	return to;
}

static bool run(const char *name)
{
	int fd = open_in("run", O_WRONLY);
	bool ok = fd >= 0 && write(fd, name, strlen(name)) == (ssize_t)strlen(name);

	if (fd >= 0)
		close(fd);
	return ok;
}

static void test(const char *row)
{
	unsigned int warnings = rs_number(row, "warnings"), seen, all;
	char text[160], title[160], named[240], name[64];
	char expected[16], *answer;
	const char *result, *left;
	struct rs_mark mark;
	bool ran, ok;
	int kmsg;

	/* Copies of a line's values, because the strings of rs_value() are reused. */
	snprintf(name, sizeof(name), "%s", rs_value(row, "scenario"));
	snprintf(expected, sizeof(expected), "%s", rs_value(row, "expected"));
	quoted(row, "text", text, sizeof(text));
	quoted(row, "title", title, sizeof(title));

	if (warnings && rs_panics_on_warning()) {
		ksft_test_result_skip("%s # " RS_WARNINGS_PANIC "\n", title);
		return;
	}
	if (!rs_clear_warn_once()) {
		ksft_test_result_skip("%s\n", title);
		return;
	}
	mark = rs_begin();
	kmsg = rs_kmsg_open();
	if (warnings)
		rs_expect(warnings, text);
	ran = run(name);
	if (warnings)
		rs_expect_end();

	answer = read_all("run");
	answer[strcspn(answer, "\n")] = '\0';
	result = rs_value(answer, "result");
	quoted(answer, "named", named, sizeof(named));
	ok = ran && !strcmp(rs_value(answer, "scenario"), name) && !strcmp(result, expected);
	if (*named)
		ksft_print_msg("%s: %s\n", result, named);

	seen = warnings ? rs_kmsg_count(kmsg, text) : 0;
	close(kmsg);
	if (seen != warnings)
		ksft_print_msg("%u warnings of '%s' instead of %u\n", seen, text, warnings);
	ok = ok && seen == warnings;
	/* The announced warnings came; rs_end() judges the rest of the log. */
	if (warnings) {
		all = rs_kmsg_count(mark.kmsg, "------------[ cut here ]------------");
		if (all != warnings)
			ksft_print_msg("%u warnings in all instead of %u\n", all, warnings);
		ok = ok && all == warnings;
	}
	left = rs_end(&mark);
	if (*left)
		ksft_print_msg("%s\n", left);
	ok = ok && !*left;

	if (ran && !strcmp(result, "skipped"))
		ksft_test_result_skip("%s # %s\n", title, named);
	else
		ksft_test_result(ok, "%s\n", title);
	free(answer);
}

static bool unload(const char *module)
{
	char words[96];
	int tries;

	/* A thread of the last scenario may still be ending. */
	snprintf(words, sizeof(words), "rmmod %s 2>/dev/null", module);
	for (tries = 0; tries < 600; tries++) {
		if (!system(words))
			return true;
		rs_sleep_ms(50);
	}
	return false;
}

int scenarios_run(const char *module)
{
	char path[512], words[640], *list, *row, *save = NULL;
	unsigned int count = 1;

	/* Results must be visible if the guest dies. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	if (!rs_module_beside(module, path, sizeof(path)))
		ksft_exit_skip("%s.ko was not built for this kernel (scripts/selftests)\n",
			       module);
	snprintf(dir, sizeof(dir), "/sys/kernel/debug/%s", module);
	snprintf(words, sizeof(words), "insmod %s", path);
	if (!rs_loaded(module) && system(words))
		ksft_exit_fail_msg("%s.ko cannot be loaded\n", module);

	list = read_all("scenarios");
	for (row = list; *row; row++)
		count += *row == '\n';
	ksft_set_plan(count);
	for (row = strtok_r(list, "\n", &save); row; row = strtok_r(NULL, "\n", &save))
		test(row);
	free(list);
	ksft_test_result(unload(module), "%s.ko can be unloaded\n", module);
	/* Not ksft_finished(), which Linux 6.1 has as well but ends without atexit's. */
	if (ksft_get_fail_cnt())
		ksft_exit_fail();
	ksft_exit_pass();
	return 0;
}
