// SPDX-License-Identifier: GPL-2.0
/* error_log: the last refused writes, in words, as the error_log of tracefs shows them. */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/clock.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "command.h"

struct error_entry {
	u64	time_ns;
	char	file[16];
	char	text[256];
	command_list_t *list;	/* what follows the text, or NULL */
	const void *list_of;
	char	line[RS_COMMAND_MAX + 1];
	int	column;		/* of the caret, or -1 */
	int	err;
};

static struct error_entry errors_ring[RS_ERRORS_MAX];
static u64 errors_total;	/* ever added; the last is errors_ring[(errors_total - 1) % max] */
static u64 errors_cleared;	/* value of errors_total when the log was emptied */
static DEFINE_MUTEX(errors_lock);

/**
 * errors_add - add an entry, dropping the oldest
 * @file: name of the file that was written to
 * @line: what was written
 * @column: of the word that is wrong, or -1
 * @err: negative errno
 * @list: writes what follows the reason when the log is read, or NULL
 * @of: for @list
 * @fmt: the reason
 * @args: for @fmt
 *
 * Context: process.
 */
void errors_add(const char *file, const char *line, int column, int err,
		command_list_t *list, const void *of, const char *fmt, va_list args)
{
	struct error_entry *entry;

	mutex_lock(&errors_lock);
	entry = &errors_ring[errors_total++ % RS_ERRORS_MAX];
	entry->time_ns = local_clock();
	strscpy(entry->file, file, sizeof(entry->file));
	strscpy(entry->line, line, sizeof(entry->line));
	vscnprintf(entry->text, sizeof(entry->text), fmt, args);
	entry->list = list;
	entry->list_of = of;
	entry->column = column;
	entry->err = err;
	mutex_unlock(&errors_lock);
}

static void errors_show_entry(struct seq_file *m, const struct error_entry *entry)
{
	seq_printf(m, "%s: error: %s", entry->file, entry->text);
	if (entry->list)
		entry->list(m, entry->list_of);
	seq_printf(m, " (errno %d)\n", -entry->err);
	seq_printf(m, "  Command: %s\n", entry->line);
	if (entry->column >= 0)
		seq_printf(m, "           %*s^\n", entry->column, "");
}

/* The error_log file, oldest first. */
void errors_show(struct seq_file *m)
{
	u64 i;

	mutex_lock(&errors_lock);
	i = errors_total > RS_ERRORS_MAX ? errors_total - RS_ERRORS_MAX : 0;
	for (i = max(i, errors_cleared); i < errors_total; i++) {
		const struct error_entry *entry = &errors_ring[i % RS_ERRORS_MAX];
		u64 us = div_u64(entry->time_ns, NSEC_PER_USEC);
		u32 fraction = do_div(us, USEC_PER_SEC);

		seq_printf(m, "[%5llu.%06u] ", us, fraction);
		errors_show_entry(m, entry);
	}
	mutex_unlock(&errors_lock);
}

/* The last entry that was ever added, without its time. */
void errors_show_last(struct seq_file *m)
{
	mutex_lock(&errors_lock);
	if (errors_total)
		errors_show_entry(m, &errors_ring[(errors_total - 1) % RS_ERRORS_MAX]);
	mutex_unlock(&errors_lock);
}

/* Forget all entries. */
void errors_clear(void)
{
	mutex_lock(&errors_lock);
	errors_cleared = errors_total;
	mutex_unlock(&errors_lock);
}

/* Refused writes since the module was loaded. */
u64 errors_count(void)
{
	u64 count;

	mutex_lock(&errors_lock);
	count = errors_total;
	mutex_unlock(&errors_lock);
	return count;
}
