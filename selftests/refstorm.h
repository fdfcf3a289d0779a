/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests share: the module, its debugfs files, and the kernel log.
 *
 * A program that is linked with refstorm.o loads the module before main() unless it is
 * loaded, and unloads it at its end; without the privilege to do so the whole program
 * skips. These functions know nothing of the harness: they return values, and the tests
 * judge the values.
 *
 * Strings returned as "const char *" stay valid for the next dozens of calls.
 */
#ifndef SELFTESTS_REFSTORM_H
#define SELFTESTS_REFSTORM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifndef __printf	/* the kernel's name for it */
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#endif

#define RS_DIR "/sys/kernel/debug/refstorm/"

/*
 * For one test, in seconds. The harness's 30 are too few where every access is looked at, or the
 * machine is another's.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

/*
 * A wait ends with its event. What lasts this long hangs: on no machine, however busy, does an
 * event of ours come as late.
 */
#define RS_PATIENCE_MS 120000

/*
 * The module.
 */

bool rs_loaded(const char *module);
/* A file of a folder modules/KERNEL/ beside this program; false if there is none. */
bool rs_module_beside(const char *module, char *path, size_t size);
/* Load or unload both modules. 0, or -1 with the tools' words on stderr. */
int rs_load(void);
int rs_unload(void);
/* Reload both modules, so that they warn again of what they warn of once. */
int rs_reload(void);
/* Set a parameter of rsref.ko; returns the old value, or "" if it cannot be set. */
const char *rs_parameter(const char *name, const char *value);

/*
 * Files.
 */

/* Open a file of the module; exits on failure, which no test is about. */
int rs_open(const char *file, int flags);
/* A whole file, or the rest of an open one; the caller frees it. */
char *rs_read(const char *file);
char *rs_read_fd(int fd);
/* Open, write once, close. 0 or an errno. */
int rs_write(const char *file, const void *text, size_t size);

/* "key=value" in a line: the value as text ("" if there is none), or as number. */
const char *rs_value(const char *line, const char *key);
long long rs_number(const char *line, const char *key);
/* The row of a table file in which @key has @value, or "". */
const char *rs_row(const char *file, const char *key, const char *value);
/* A number of the status file. */
long long rs_status(const char *key);

/*
 * Commands.
 */

struct rs_answer {
	int	err;		/* 0, or the errno of the write */
	char	result[256];	/* what a read of the same open file gave */
	char	error[4096];	/* all of error_log; it was empty before */
};

/* Write a command to @file and collect errno, result and error log. */
struct rs_answer rs_ask(const char *file, const void *text, size_t size);
/* The same for a printed command to control. */
__printf(1, 2)
struct rs_answer rs_run(const char *fmt, ...);
/* Run it; its "result=" or "storm=", or "refused: ERRNO". */
__printf(1, 2)
const char *rs_result(const char *fmt, ...);
/* Run it; 0 or the errno. */
__printf(1, 2)
int rs_try(const char *fmt, ...);
/*
 * Does the error log have one entry for @file and @command, with @text in its
 * words and the caret under the @nth occurrence (from 1) of @at in the
 * command? @at is NULL if there must be no caret. "" or what is wrong.
 */
const char *rs_explained(const struct rs_answer *answer, const char *file,
			 const char *command, const char *text, const char *at, int nth);
/* The same of a command to control, which must be refused with @err. */
const char *rs_refused(int err, const char *command, const char *text, const char *at, int nth);

/* The lines of the events since a mark. */
long long rs_events_mark(void);
char *rs_events_since(long long mark);
/* How many of them are of this subject and kind. */
unsigned int rs_events_count(long long mark, const char *subject, const char *event);

/*
 * Storms.
 */

/* Start a storm with these words; its ID, or minus the errno. */
__printf(1, 2)
long long rs_storm(const char *fmt, ...);
/* Wait for its end; its row, or "" if it does not end. */
const char *rs_storm_wait(long long id);
/* Both; "" if it does not start, too. */
__printf(1, 2)
const char *rs_storm_run(const char *fmt, ...);
const char *rs_storm_row(long long id);
unsigned int rs_cpus(void);
/* Take a CPU online or offline; false if it cannot be moved. */
bool rs_set_cpu_online(unsigned int cpu, bool online);
/* Move all CPUs but the first; false if one cannot be moved. */
bool rs_set_other_cpus_online(bool online);
long long rs_now_ms(void);
void rs_sleep_ms(unsigned int ms);

/*
 * What a test must leave as it found it: what the module counts, and a kernel
 * log without complaints.
 */

struct rs_mark {
	long long	objects;
	long long	storms;
	long long	threads;
	long long	allocations;
	int		kmsg;
};

struct rs_mark rs_begin(void);
/* "" if the counts are back, after a few seconds at most, and the log is clean. */
const char *rs_end(struct rs_mark *mark);
/* Stop all storms and destroy all objects: after a test that failed. */
void rs_sweep(void);

/*
 * To skip from a fixture's setup: after a return the harness of 6.1 would run the test. The
 * harness takes 255 for a skip up to 6.8, and later KSFT_SKIP.
 */
#ifdef RS_HAVE_TEST_PASSED
#define RS_SKIPPED	KSFT_SKIP
#else
#define RS_SKIPPED	255
#endif
#define RS_SKIP_SETUP(...) SKIP(_exit(RS_SKIPPED), __VA_ARGS__)

/*
 * A fixture of tests that leave nothing behind, and need so many CPUs. One with variants
 * has them after this.
 */
#define RS_FIXTURE(_name, _cpus)				\
FIXTURE(_name) {						\
	struct rs_mark mark;					\
};								\
FIXTURE_SETUP(_name)						\
{								\
	self->mark = rs_begin();				\
	if (rs_cpus() < (_cpus))				\
		RS_SKIP_SETUP("needs " #_cpus " CPUs");		\
}								\
FIXTURE_TEARDOWN(_name)						\
{								\
	if (!rs_test_passed(_metadata))				\
		rs_sweep();					\
	EXPECT_STREQ("", rs_end(&self->mark));			\
}

/* The first kernel thread of that name; 0 if there is none. */
pid_t rs_thread_named(const char *name);
/* The one CPU that the thread may run on; -1 if there is no such thread. */
int rs_cpu_of_thread(const char *name);

/* Whether the test has passed so far, by the harness of this kernel. */
#ifdef RS_HAVE_TEST_PASSED
#define rs_test_passed(metadata) __test_passed(metadata)
#else
#define rs_test_passed(metadata) ((metadata)->passed)
#endif

/*
 * The kernel log.
 */

/* A reader of the kernel log from now on. */
int rs_kmsg_open(void);
/* The number of messages with exactly this text since the last call. */
unsigned int rs_kmsg_count(int fd, const char *text);
/* The messages since the last call, one a line; the caller frees them. */
char *rs_kmsg_read(int fd);
/* The first message that a clean log does not have, or "". */
const char *rs_kmsg_complaint(int fd);
/* Announce @nr warnings of this text to scan-log, until rs_expect_end(). */
void rs_expect(unsigned int nr, const char *text);
void rs_expect_range(unsigned int low, unsigned int high, const char *text);
void rs_expect_end(void);
/* Does the kernel panic when it warns? Then no test may provoke a warning. */
bool rs_panics_on_warning(void);
#define RS_SKIP_IF_WARNINGS_PANIC()			\
	do {						\
		if (rs_panics_on_warning())		\
			RS_SKIP_SETUP(RS_WARNINGS_PANIC);	\
	} while (0)
#define RS_WARNINGS_PANIC "warns on purpose, and kernel.panic_on_warn is set"
/* Arm warnings that come once; false if that is not possible. */
bool rs_clear_warn_once(void);
/* Let the nth allocation from now at a site fail; false if that is not possible. */
bool rs_fail(const char *site, unsigned int nth);

/*
 * The providers, for FIXTURE_VARIANT.
 */

#include <refstorm/providers.h>

/* What the interface of a provider, a column of RS_PROVIDERS, says of the provider. */
#define RS_PERCPU_atomic	false
#define RS_PERCPU_refcount	false
#define RS_PERCPU_kref		false
#define RS_PERCPU_percpu_ref	true

#define RS_SATURATES_atomic	false
#define RS_SATURATES_refcount	true
#define RS_SATURATES_kref	true
#define RS_SATURATES_percpu_ref	false

#define RS_ONLY_PERCPU_atomic(...)
#define RS_ONLY_PERCPU_refcount(...)
#define RS_ONLY_PERCPU_kref(...)
#define RS_ONLY_PERCPU_percpu_ref(...) __VA_ARGS__

/* A row of RS_PROVIDERS as a variant of @fixture, with .name .percpu .saturates. */
#define RS_VARIANT(fixture, provider, origin, interface, tracked)	\
FIXTURE_VARIANT_ADD(fixture, provider) {				\
	.name = #provider, .percpu = RS_PERCPU_##interface,		\
	.saturates = RS_SATURATES_##interface,				\
};

/* The same for per-CPU providers only, with .name. */
#define RS_PERCPU_VARIANT(fixture, provider, origin, interface, tracked)	\
	RS_ONLY_PERCPU_##interface(FIXTURE_VARIANT_ADD(fixture, provider) { .name = #provider };)

#endif /* SELFTESTS_REFSTORM_H */
