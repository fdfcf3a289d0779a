// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests share, see refstorm.h: loading the module, what a test must
 * leave as it found it, and the kernel log.
 */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <linux/magic.h>
#include <unistd.h>

#include "refstorm.h"

#define DEBUGFS "/sys/kernel/debug"
#define PARAMETERS "/sys/module/rsref/parameters/"
#define SKIP_CODE 4	/* of kselftest's runner */

bool rs_loaded(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK);
}

static int tool(const char *words)
{
	int status = system(words);

	return status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) ? -1 : 0;
}

bool rs_module_beside(const char *module, char *path, size_t size)
{
	struct utsname kernel;
	char self[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n < 0 || uname(&kernel))
		return false;
	self[n] = '\0';
	slash = strrchr(self, '/');
	*slash = '\0';
	snprintf(path, size, "%s/modules/%s/%s.ko", self, kernel.release, module);
	return !access(path, R_OK);
}

/*
 * The modules of $REFSTORM_MODULE_DIR, wherever below it they are, those beside this program, or
 * those that are installed.
 */
int rs_load(void)
{
	char beside[320];

	if (rs_loaded("refstorm"))
		return 0;
	if (!getenv("REFSTORM_MODULE_DIR") &&
	    rs_module_beside("refstorm", beside, sizeof(beside))) {
		*strrchr(beside, '/') = '\0';
		setenv("REFSTORM_MODULE_DIR", beside, 1);
	}
	if (!getenv("REFSTORM_MODULE_DIR"))
		return tool("modprobe refstorm");
	if (!rs_loaded("rsref") &&
	    tool("insmod $(find $REFSTORM_MODULE_DIR -name rsref.ko | head -n 1)"))
		return -1;
	return tool("insmod $(find $REFSTORM_MODULE_DIR -name refstorm.ko | head -n 1)");
}

int rs_unload(void)
{
	if (rs_loaded("refstorm") && tool("rmmod refstorm"))
		return -1;
	return rs_loaded("rsref") ? tool("rmmod rsref") : 0;
}

int rs_reload(void)
{
	return rs_unload() ? -1 : rs_load();
}

/*
 * Before main() and after it. Tests run in children, which end by _exit().
 */

static bool load_found, mount_found;
static pid_t loader;

static void leave(void)
{
	if (getpid() != loader)
		return;
	if (!load_found && rs_unload()) {
		fprintf(stderr, "# the module cannot be unloaded\n");
		_exit(1);
	}
	if (!mount_found)
		umount(DEBUGFS);
}

static void skip(const char *why)
{
	printf("TAP version 13\n1..0 # SKIP %s\n", why);
	fflush(stdout);
	_exit(SKIP_CODE);
}

static void __attribute__((constructor)) enter(void)
{
	struct statfs fs;

	loader = getpid();
	if (geteuid())
		skip("not root");
	mount_found = !statfs(DEBUGFS, &fs) && fs.f_type == DEBUGFS_MAGIC;
	if (!mount_found && mount("debugfs", DEBUGFS, "debugfs", 0, NULL))
		skip("debugfs cannot be mounted (debugfs=off or no-mount, or a kernel without)");
	load_found = rs_loaded("refstorm");
	if (rs_load()) {
		printf("TAP version 13\n1..1\nnot ok 1 the module can be loaded\n");
		fflush(stdout);
		_exit(1);
	}
	if (access(RS_DIR "control", R_OK | W_OK)) {
		leave();
		skip("debugfs cannot be used (debugfs=off, or lockdown)");
	}
	atexit(leave);
}

/*
 * What a test must leave as it found it.
 */

static struct rs_mark counts(void)
{
	char *all = rs_read("status");
	struct rs_mark mark = {
		.objects = rs_number(all, "objects"),
		.storms = rs_number(all, "storms"),
		.threads = rs_number(all, "threads"),
		.allocations = rs_number(all, "allocations"),
	};

	free(all);
	return mark;
}

struct rs_mark rs_begin(void)
{
	struct rs_mark mark = counts();

	mark.kmsg = rs_kmsg_open();
	return mark;
}

const char *rs_end(struct rs_mark *mark)
{
	static char said[256];
	struct rs_mark now;
	const char *complaint;
	int patience = 600;	/* half a minute: what a test leaves behind ends sooner */

	do {
		now = counts();
		if (now.objects == mark->objects && now.storms == mark->storms &&
		    now.threads == mark->threads && now.allocations == mark->allocations)
			break;
		rs_sleep_ms(50);
	} while (--patience);
	complaint = rs_kmsg_complaint(mark->kmsg);
	close(mark->kmsg);
	if (patience && !*complaint)
		return "";
	snprintf(said, sizeof(said),
		 "left over: objects %+lld, storms %+lld, threads %+lld, allocations %+lld; kernel log: '%s'",
		 now.objects - mark->objects, now.storms - mark->storms,
		 now.threads - mark->threads, now.allocations - mark->allocations, complaint);
	return said;
}

void rs_sweep(void)
{
	char *all, *save = NULL, *line;

	rs_write("alloc", "clear", 5);
	rs_try("stop all");
	all = rs_read("objects");
	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		long long held = rs_number(line, "held");
		char name[32];

		snprintf(name, sizeof(name), "%s", rs_value(line, "object"));
		if (!*name)
			continue;
		for (; held > 0; held -= 65536)
			rs_try("put %s %lld", name, held < 65536 ? held : 65536);
		rs_try("kill %s", name);
		rs_try("wait %s", name);
		rs_try("destroy %s", name);
	}
	free(all);
}

/*
 * The kernel log.
 */

int rs_kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0) {
		fprintf(stderr, "# cannot read /dev/kmsg: %m\n");
		exit(1);
	}
	return fd;
}

/* The text of the next record: after ';' and before its newline. NULL: no more. */
static char *kmsg_next(int fd, char *record, size_t size)
{
	char *message;
	ssize_t n;

	do {
		n = read(fd, record, size - 1);
	} while (n < 0 && errno == EPIPE);	/* some were overwritten */
	if (n <= 0)
		return NULL;
	record[n] = '\0';
	message = strchr(record, ';');
	if (!message)
		return NULL;
	message++;
	message[strcspn(message, "\n")] = '\0';
	return message;
}

unsigned int rs_kmsg_count(int fd, const char *text)
{
	char record[8192], *message;
	unsigned int count = 0;

	while ((message = kmsg_next(fd, record, sizeof(record))))
		count += !strcmp(message, text);
	return count;
}

char *rs_kmsg_read(int fd)
{
	char record[8192], *message, *all = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&all, &size);

	while (to && (message = kmsg_next(fd, record, sizeof(record))))
		fprintf(to, "%s\n", message);
	if (to)
		fclose(to);
	return all;
}

/* What the kernel can say when something is wrong; the first row that is found decides. */
static struct report_row {
	const char *class;
	const char *pattern;
	regex_t compiled;
} report_rows[] = {
#define KERNEL_REPORT(class, pattern) { #class, pattern, {} },
#include <refstorm/kernel_reports.def>
#undef KERNEL_REPORT
};

static bool complains(const char *message)
{
	static bool compiled;
	struct report_row *row, *end = report_rows + sizeof(report_rows) / sizeof(*report_rows);

	for (row = report_rows; row < end && !compiled; row++) {
		if (regcomp(&row->compiled, row->pattern, REG_EXTENDED | REG_NOSUB)) {
			fprintf(stderr, "# no regular expression: %s\n", row->pattern);
			exit(1);
		}
	}
	compiled = true;
	for (row = report_rows; row < end; row++)
		if (!regexec(&row->compiled, message, 0, NULL, 0))
			return strcmp(row->class, "clean");
	return false;
}

const char *rs_kmsg_complaint(int fd)
{
	static char found[256];
	char record[8192], *message;

	found[0] = '\0';
	while ((message = kmsg_next(fd, record, sizeof(record))))
		if (!found[0] && !strstr(message, "refstorm-expect:") && complains(message))
			snprintf(found, sizeof(found), "%s", message);
	return found;
}

/* Each line through an open file of its own, since the kernel limits the rate of a file. */
static void kmsg_write(const char *line)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		fprintf(stderr, "# cannot write to /dev/kmsg: %m\n");
	close(fd);
}

bool rs_panics_on_warning(void)
{
	int fd = open("/proc/sys/kernel/panic_on_warn", O_RDONLY | O_CLOEXEC);
	char value = '0';

	if (fd >= 0 && read(fd, &value, 1) < 0)
		value = '0';
	close(fd);
	return value != '0';
}

void rs_expect_range(unsigned int low, unsigned int high, const char *text)
{
	char line[256], most[16] = "";

	/* The test should have skipped. */
	if (rs_panics_on_warning()) {
		fprintf(stderr, "# '%s' would be a panic: " RS_WARNINGS_PANIC "\n", text);
		exit(1);
	}
	if (high != low)
		snprintf(most, sizeof(most), "..%u", high);
	snprintf(line, sizeof(line), "refstorm-expect: begin %u%s %s", low, most, text);
	kmsg_write(line);
}

void rs_expect(unsigned int nr, const char *text)
{
	rs_expect_range(nr, nr, text);
}

void rs_expect_end(void)
{
	kmsg_write("refstorm-expect: end");
}

static bool write_to(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	close(fd);
	return ok;
}

/* The kernel's clear_warn_once does not reset a module's own state. */
bool rs_clear_warn_once(void)
{
	return write_to(DEBUGFS "/clear_warn_once", "1") &&
	       write_to(PARAMETERS "clear_warn_once", "1");
}

bool rs_fail(const char *site, unsigned int nth)
{
	char command[64];

	snprintf(command, sizeof(command), "fail site=%s nth=%u", site, nth);
	return !rs_write("alloc", command, strlen(command));
}

const char *rs_parameter(const char *name, const char *value)
{
	static char olds[8][32];
	static unsigned int next;
	char path[80], *old = olds[next++ % 8];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, old, sizeof(*olds) - 1);
	close(fd);
	if (size <= 0 || !write_to(path, value))
		return "";
	old[size] = '\0';
	old[strcspn(old, "\n")] = '\0';
	return old;
}

bool rs_set_cpu_online(unsigned int cpu, bool online)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	return write_to(path, online ? "1" : "0");
}

bool rs_set_other_cpus_online(bool online)
{
	bool all = true;
	long cpu;

	for (cpu = 1; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++)
		all &= rs_set_cpu_online(cpu, online);
	return all;
}
