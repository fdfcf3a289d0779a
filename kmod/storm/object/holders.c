// SPDX-License-Identifier: GPL-2.0
/* The holders file: every tracker of rsref.ko, of the counters of all modules. */
#include <linux/ctype.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include <refstorm/track.h>

#include "holders.h"

/* Show a value, in quotes if it is empty or has characters that need them. */
static void holders_show_text(struct seq_file *m, const char *key, const char *text)
{
	bool quotes = !*text || strpbrk(text, " \"\\");

	seq_printf(m, "%s=%s", key, quotes ? "\"" : "");
	for (; *text; text++) {
		if (strchr("\"\\", *text))
			seq_putc(m, '\\');
		seq_putc(m, isprint(*text) ? *text : '?');
	}
	if (quotes)
		seq_putc(m, '"');
}

static void holders_show_stack(struct seq_file *m, const unsigned long *frames, unsigned int nr)
{
	unsigned int i;

	seq_puts(m, " stack=\"");
	for (i = 0; i < nr; i++)
		seq_printf(m, "%s%pS", i ? " < " : "", (void *)frames[i]);
	seq_puts(m, "\"\n");
}

static const char *holders_state(const struct rs_track_view *view)
{
	if (!view->killed)
		return "live";
	return view->released ? "released" : "killed";
}

static void holders_show_counter(const struct rs_track_view *view, void *arg)
{
	struct seq_file *m = arg;
	unsigned int i;

	holders_show_text(m, "counter", view->name);
	seq_printf(m, " kind=%s state=%s saturated=%d count=%llu killed_ms=%llu reports=%u held=%llu",
		   view->kind, holders_state(view), view->saturated, view->count, view->killed_ms,
		   view->reports, view->held);
	if (view->anonymous)
		seq_printf(m, " before=%llu gets=%llu puts=%llu unplaced_gets=%llu unplaced_puts=%llu release=\"%ps\"",
			   view->before, view->gets, view->puts, view->unplaced_gets,
			   view->unplaced_puts, view->release);
	seq_putc(m, '\n');

	for (i = 0; i < view->nr_holders; i++) {
		const struct rs_track_origin *holder = &view->holders[i];

		holders_show_text(m, "holder", view->names[i]);
		holders_show_text(m, " counter", view->name);
		holders_show_text(m, " task", holder->comm);
		seq_printf(m, " pid=%d cpu=%d since_ns=%llu", holder->pid, holder->cpu,
			   holder->since_ns);
		holders_show_stack(m, holder->frames, holder->nr_frames);
	}
	for (i = 0; i < view->nr_sites; i++) {
		const struct rs_track_site *site = &view->sites[i];

		seq_printf(m, "site=%u", i);
		holders_show_text(m, " counter", view->name);
		seq_printf(m, " gets=%llu puts=%llu", site->gets, site->puts);
		holders_show_stack(m, site->frames, site->nr_frames);
	}
}

/* The holders file. */
void holders_show(struct seq_file *m)
{
	rs_track_for_each(holders_show_counter, m);
}
