// SPDX-License-Identifier: GPL-2.0
/* What the tests share, see refstorm.h: files, commands, storms. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "refstorm.h"

/* A ring of strings, so that callers need not free them. */
static char *scratch(size_t size)
{
	static char *ring[256];
	static unsigned int next;
	char **slot = &ring[next++ % 256];

	free(*slot);
	*slot = calloc(1, size);
	if (!*slot)
		exit(1);
	return *slot;
}

__printf(1, 2)
static const char *text(const char *fmt, ...)
{
	char *to = scratch(1024);
	va_list args;

	va_start(args, fmt);
	vsnprintf(to, 1024, fmt, args);
	va_end(args);
	return to;
}

long long rs_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void rs_sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

unsigned int rs_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

int rs_open(const char *file, int flags)
{
	int fd = open(text(RS_DIR "%s", file), flags | O_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "# cannot open " RS_DIR "%s: %m\n", file);
		exit(1);
	}
	return fd;
}

char *rs_read_fd(int fd)
{
	size_t size = 0, room = 65536;
	char *to = malloc(room + 1);
	ssize_t n;

	while (to && (n = read(fd, to + size, room - size)) > 0) {
		size += n;
		if (size == room) {
			room *= 2;
			to = realloc(to, room + 1);
		}
	}
	if (!to)
		exit(1);
	to[size] = '\0';
	return to;
}

char *rs_read(const char *file)
{
	int fd = rs_open(file, O_RDONLY);
	char *all = rs_read_fd(fd);

	close(fd);
	return all;
}

static int write_fd(int fd, const void *from, size_t size)
{
	ssize_t n = write(fd, from, size);

	if (n < 0)
		return errno;
	return (size_t)n == size ? 0 : EIO;
}

int rs_write(const char *file, const void *from, size_t size)
{
	int fd = rs_open(file, O_WRONLY);
	int err = write_fd(fd, from, size);

	close(fd);
	return err;
}

/* The value of @key in a line, and its length; NULL if there is none. */
static const char *value_in(const char *line, const char *key, size_t *size)
{
	size_t len = strlen(key);
	const char *at = line, *end;

	while ((at = strstr(at, key))) {
		if ((at == line || isspace(at[-1])) && at[len] == '=')
			break;
		at += len;
	}
	if (!at)
		return NULL;
	at += len + 1;
	end = *at == '"' ? strchr(++at, '"') : at + strcspn(at, "\n ");
	*size = end ? (size_t)(end - at) : strlen(at);
	return at;
}

/* Without taking a scratch string for every line of a table. */
static bool has_value(const char *line, const char *key, const char *value)
{
	const char *at;
	size_t size;

	at = value_in(line, key, &size);
	return at && size == strlen(value) && !memcmp(at, value, size);
}

const char *rs_value(const char *line, const char *key)
{
	const char *at;
	size_t size;
	char *to;

	at = value_in(line, key, &size);
	if (!at)
		return "";
	to = scratch(size + 1);
	memcpy(to, at, size);
	return to;
}

long long rs_number(const char *line, const char *key)
{
	const char *value = rs_value(line, key);

	return *value && *value != '-' ? (long long)strtoull(value, NULL, 10) : -1;
}

const char *rs_row(const char *file, const char *key, const char *value)
{
	char *all = rs_read(file), *save = NULL, *line;
	const char *found = "";

	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line != '#' && has_value(line, key, value)) {
			found = text("%s", line);
			break;
		}
	}
	free(all);
	return found;
}

long long rs_status(const char *key)
{
	char *all = rs_read("status");
	long long number = rs_number(all, key);

	free(all);
	return number;
}

struct rs_answer rs_ask(const char *file, const void *command, size_t size)
{
	struct rs_answer answer = {};
	char *log, *said;
	int fd;

	rs_write("error_log", "\n", 1);
	fd = rs_open(file, O_RDWR);
	answer.err = write_fd(fd, command, size);
	said = rs_read_fd(fd);
	close(fd);
	if (!strcmp(file, "control"))
		snprintf(answer.result, sizeof(answer.result), "%s", said);
	answer.result[strcspn(answer.result, "\n")] = '\0';
	free(said);
	log = rs_read("error_log");
	snprintf(answer.error, sizeof(answer.error), "%s", log);
	free(log);
	return answer;
}

static struct rs_answer run(const char *fmt, va_list args)
{
	char command[640];

	vsnprintf(command, sizeof(command), fmt, args);
	return rs_ask("control", command, strlen(command));
}

struct rs_answer rs_run(const char *fmt, ...)
{
	struct rs_answer answer;
	va_list args;

	va_start(args, fmt);
	answer = run(fmt, args);
	va_end(args);
	return answer;
}

const char *rs_result(const char *fmt, ...)
{
	struct rs_answer answer;
	va_list args;

	va_start(args, fmt);
	answer = run(fmt, args);
	va_end(args);
	if (answer.err)
		return text("refused: %s", strerrorname_np(answer.err));
	return rs_value(answer.result, "result");
}

int rs_try(const char *fmt, ...)
{
	struct rs_answer answer;
	va_list args;

	va_start(args, fmt);
	answer = run(fmt, args);
	va_end(args);
	return answer.err;
}

const char *rs_explained(const struct rs_answer *answer, const char *file,
			 const char *command, const char *words, const char *at, int nth)
{
	const char *log = answer->error, *shown, *caret, *expected = command;
	static const char head[] = "\n  Command: ";
	char *to = text("%s: error: ", file) ? scratch(64) : NULL;
	size_t len = strlen(command);

	snprintf(to, 64, "] %s: error: ", file);
	if (log[0] != '[' || strstr(log, "\n["))
		return text("not one entry in the error log: '%s'", log);
	if (!strstr(log, to))
		return text("the entry is not of file %s: '%s'", file, log);
	if (!strstr(log, words) || strstr(log, words) > strchr(log, '\n'))
		return text("'%s' is not in the words of '%s'", words, log);
	shown = strstr(log, head);
	if (!shown)
		return text("no command in '%s'", log);
	shown += strlen(head);
	if (strncmp(shown, command, len) || shown[len] != '\n')
		return text("the command is '%.*s', not '%s'", (int)strcspn(shown, "\n"),
			    shown, command);
	caret = shown + len + 1;
	if (!at)
		return *caret ? text("there is a line more in '%s'", log) : "";
	while (--nth && expected)
		expected = strstr(expected, at) ? strstr(expected, at) + 1 : NULL;
	expected = expected ? strstr(expected, at) : NULL;
	if (!expected)
		return text("'%s' is not in '%s': the test is wrong", at, command);
	if (strspn(caret, " ") != strlen("  Command: ") + (size_t)(expected - command) ||
	    strcmp(caret + strspn(caret, " "), "^\n"))
		return text("the caret is not under '%s': '%s'", at, log);
	return "";
}

const char *rs_refused(int err, const char *command, const char *words, const char *at, int nth)
{
	struct rs_answer answer = rs_ask("control", command, strlen(command));

	if (answer.err != err || *answer.result)
		return text("'%s': errno %d, not %d; result '%s'", command, answer.err, err,
			    answer.result);
	return rs_explained(&answer, "control", command, words, at, nth);
}

long long rs_events_mark(void)
{
	return rs_status("events");
}

char *rs_events_since(long long mark)
{
	char *all = rs_read("events"), *line = all, *to = all;

	while (*line) {
		size_t len = strcspn(line, "\n") + 1;

		if (strtoll(line + strlen("seq="), NULL, 10) >= mark) {
			memmove(to, line, len);
			to += len;
		}
		line += len;
	}
	*to = '\0';
	return all;
}

unsigned int rs_events_count(long long mark, const char *subject, const char *event)
{
	char *all = rs_events_since(mark), *save = NULL, *line;
	unsigned int count = 0;

	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		count += has_value(line, "subject", subject) && has_value(line, "event", event);
	free(all);
	return count;
}

static long long storm(const char *fmt, va_list args)
{
	struct rs_answer answer;
	char words[512];

	vsnprintf(words, sizeof(words), fmt, args);
	answer = rs_run("storm %s", words);
	if (!answer.err)
		return rs_number(answer.result, "storm");
	fprintf(stderr, "# storm %s: %s", words, answer.error);
	return -answer.err;
}

long long rs_storm(const char *fmt, ...)
{
	va_list args;
	long long id;

	va_start(args, fmt);
	id = storm(fmt, args);
	va_end(args);
	return id;
}

const char *rs_storm_run(const char *fmt, ...)
{
	va_list args;
	long long id;

	va_start(args, fmt);
	id = storm(fmt, args);
	va_end(args);
	return id > 0 ? rs_storm_wait(id) : "";
}

const char *rs_storm_row(long long id)
{
	return rs_row("storms", "storm", text("%lld", id));
}

const char *rs_storm_wait(long long id)
{
	long long end = rs_now_ms() + 4 * RS_PATIENCE_MS;
	const char *row;

	do {
		row = rs_storm_row(id);
		if (!strcmp(rs_value(row, "state"), "done"))
			return row;
		rs_sleep_ms(20);
	} while (rs_now_ms() < end);
	return "";
}

/* The thread of that name; 0 if there is none. */
pid_t rs_thread_named(const char *name)
{
	char path[300], comm[32];
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	pid_t pid = 0;
	FILE *file;

	while (proc && !pid && (entry = readdir(proc))) {
		if (!isdigit(entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (!fgets(comm, sizeof(comm), file))
			comm[0] = '\0';
		fclose(file);
		comm[strcspn(comm, "\n")] = '\0';
		if (!strcmp(comm, name))
			pid = atoi(entry->d_name);
	}
	closedir(proc);
	return pid;
}

/* The one CPU that a thread may run on; -1 if there is no such thread. */
int rs_cpu_of_thread(const char *name)
{
	pid_t pid = rs_thread_named(name);
	cpu_set_t set;
	int cpu;

	if (!pid || sched_getaffinity(pid, sizeof(set), &set))
		return -1;
	for (cpu = 0; CPU_COUNT(&set) == 1 && !CPU_ISSET(cpu, &set); cpu++)
		;
	return cpu;
}
