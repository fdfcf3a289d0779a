// SPDX-License-Identifier: GPL-2.0
/*
 * Kills of tracked counters, the reports of those that are not released, and the walk over all.
 *
 * While a tracked counter is killed and not released, a work looks at all trackers once a second.
 * A report is due the tracker's time after the kill, and again each time that the time since the
 * kill has doubled. A few reports are written in a second, and the others are left to the next
 * second. A report prints a copy that was made under the tracker's lock while the counter was not
 * zero.
 */
#include <linux/export.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/kallsyms.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "rsref.h"
#include "track.h"

#define REPORTS_A_SECOND	4
/* Of holders, and of sites; rs_track_for_each() has all of them */
#define REPORT_LINES		8

/* One view at a time, since it is large. */
static DEFINE_MUTEX(view_mutex);
static struct rs_track_view view;

static void track_report_copy_holders(struct rs_tracker *tracker)
{
	struct rs_holder *holder;

	list_for_each_entry(holder, &tracker->holders, node) {
		struct rs_track_origin *origin = &view.holders[view.nr_holders];

		if (view.nr_holders == ARRAY_SIZE(view.holders))
			break;
		*origin = holder->origin;
		strscpy(view.names[view.nr_holders++], origin->name ?: "-", RS_TRACK_NAME);
		origin->name = NULL;
	}
}

/* Fill the view. Return: false if the counter is not tracked any more. */
static bool track_report_look(struct rs_tracker *tracker)
	__must_hold(&view_mutex)
{
	struct track_look now;
	unsigned long flags;

	memset(&view, 0, offsetof(struct rs_track_view, names));
	strscpy(view.name, tracker->name, sizeof(view.name));
	view.kind = tracker->kind_name;
	view.release = tracker->release;
	view.anonymous = tracker->kind->anonymous;

	raw_spin_lock_irqsave(&tracker->lock, flags);
	if (!tracker->counter) {
		raw_spin_unlock_irqrestore(&tracker->lock, flags);
		return false;
	}
	now = tracker->kind->look(tracker->counter);
	view.count = now.count;
	view.saturated = now.saturated;
	view.killed = tracker->killed;
	view.released = tracker->killed && now.zero;
	if (tracker->killed)
		view.killed_ms = jiffies_to_msecs(jiffies - tracker->killed_at);
	view.reports = tracker->reports;
	view.before = tracker->before;
	view.gets = atomic64_read(&tracker->gets);
	view.puts = atomic64_read(&tracker->puts);
	view.unplaced_gets = atomic64_read(&tracker->unplaced_gets);
	view.unplaced_puts = atomic64_read(&tracker->unplaced_puts);
	view.held = tracker->held;
	track_report_copy_holders(tracker);
	view.nr_sites = tracker->nr_sites;
	memcpy(view.sites, tracker->sites, view.nr_sites * sizeof(*view.sites));
	raw_spin_unlock_irqrestore(&tracker->lock, flags);
	return true;
}

/**
 * rs_track_for_each - look at every tracked counter
 * @visit: called for each, the one that is tracked for longest first
 * @arg: passed on
 *
 * Counters may begin and end meanwhile; a counter that is tracked all the time is visited once.
 *
 * Context: process, may sleep.
 */
void rs_track_for_each(rs_track_visit_t *visit, void *arg)
{
	struct rs_tracker *tracker;

	mutex_lock(&view_mutex);
	for (tracker = track_next(NULL); tracker; tracker = track_next(tracker))
		if (track_report_look(tracker))
			visit(&view, arg);
	mutex_unlock(&view_mutex);
}
EXPORT_SYMBOL_GPL(rs_track_for_each);

static void track_report_print_stack(const unsigned long *frames, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		pr_warn("rsref:     %pS\n", (void *)frames[i]);
}

static void track_report_print_holders(void)
{
	u64 now = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, view.nr_holders, REPORT_LINES); i++) {
		const struct rs_track_origin *holder = &view.holders[i];

		pr_warn("rsref:   held by \"%s\" since %llu s, taken by %s/%d on CPU %d at\n",
			view.names[i], (now - holder->since_ns) / NSEC_PER_SEC,
			holder->comm, holder->pid, holder->cpu);
		track_report_print_stack(holder->frames, holder->nr_frames);
	}
	if (view.held > i)
		pr_warn("rsref:   and %llu more with a name\n", view.held - i);
}

/* Print sites with more gets than puts if @getters, else the others. Return: the room left. */
static unsigned int track_report_print_sites(bool getters, unsigned int room)
{
	unsigned int i;

	for (i = 0; i < view.nr_sites; i++) {
		const struct rs_track_site *site = &view.sites[i];

		bool gets_more = site->gets > site->puts;

		if (gets_more != getters)
			continue;
		if (!room)
			break;
		room--;
		pr_warn("rsref:   %llu gets and %llu puts at\n", site->gets, site->puts);
		track_report_print_stack(site->frames, site->nr_frames);
	}
	return room;
}

static void track_report_print_anonymous(void)
{
	s64 left = view.before + view.gets - view.puts;

	if (!left)
		return;
	pr_warn("rsref:   %lld without a name: %llu taken before tracking, then %llu gets and %llu puts\n",
		left, view.before, view.gets, view.puts);
	track_report_print_sites(false, track_report_print_sites(true, REPORT_LINES));
	if (view.nr_sites > REPORT_LINES)
		pr_warn("rsref:   and %u more call sites\n", view.nr_sites - REPORT_LINES);
	if (view.unplaced_gets || view.unplaced_puts)
		pr_warn("rsref:   %llu gets and %llu puts of unknown call sites\n",
			view.unplaced_gets, view.unplaced_puts);
}

static void track_report_print(void)
{
	char release[KSYM_SYMBOL_LEN + 4] = "";

	if (view.release)
		snprintf(release, sizeof(release), " (%ps)", view.release);
	pr_warn("rsref: %s \"%s\"%s was killed %llu s ago and is not released: %llu reference%s%s\n",
		view.kind, view.name, release, view.killed_ms / MSEC_PER_SEC, view.count,
		view.count == 1 ? "" : "s", view.saturated ? ", saturated by misuse" : "");
	track_report_print_holders();
	if (view.anonymous)
		track_report_print_anonymous();
	else if (view.count > view.held)
		pr_warn("rsref:   %llu without a name\n", view.count - view.held);
}

/* When is a report due for a counter? */
enum due { DUE_NEVER, DUE_LATER, DUE_NOW };

/*
 * Is a report of the counter due? If so, and there is @room for it, the next one is due when
 * twice the time since the kill has passed.
 */
static enum due track_report_is_due(struct rs_tracker *tracker, bool room)
{
	enum due due = DUE_NEVER;
	unsigned long flags;

	raw_spin_lock_irqsave(&tracker->lock, flags);
	if (tracker->killed && !tracker->kind->look(tracker->counter).zero) {
		due = DUE_LATER;
		if (room && time_after_eq(jiffies, tracker->report_at)) {
			due = DUE_NOW;
			tracker->reports++;
			tracker->report_at = jiffies + (jiffies - tracker->killed_at);
		}
	}
	raw_spin_unlock_irqrestore(&tracker->lock, flags);
	return due;
}

static void track_report_soon(void);
static void track_report_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(reports, track_report_work);

static void track_report_work(struct work_struct *work)
{
	unsigned int room = REPORTS_A_SECOND;
	struct rs_tracker *tracker;
	bool again = false;

	mutex_lock(&view_mutex);
	for (tracker = track_next(NULL); tracker; tracker = track_next(tracker)) {
		enum due due = track_report_is_due(tracker, room);

		again |= due != DUE_NEVER;
		if (due == DUE_NOW && track_report_look(tracker) && view.killed && !view.released) {
			room--;
			track_report_print();
		}
	}
	mutex_unlock(&view_mutex);
	if (again)
		track_report_soon();
}

static void track_report_queue(struct irq_work *soon)
{
	queue_delayed_work(rsref_workqueue, &reports, HZ);
}

/* kill, which may hold a lock of the scheduler, must not wake a task itself. */
static struct irq_work track_report_soon_irq = IRQ_WORK_INIT_HARD(track_report_queue);

static void track_report_soon(void)
{
	irq_work_queue(&track_report_soon_irq);
}

/**
 * track_killed - the counter was killed
 * @tracker: its tracker
 * @initial: references that the kill drops
 *
 * Context: any but NMI.
 */
void track_killed(struct rs_tracker *tracker, u64 initial)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&tracker->lock, flags);
	tracker->before -= initial;
	tracker->killed = true;
	tracker->killed_at = jiffies;
	tracker->report_at = jiffies + tracker->seconds * HZ;
	raw_spin_unlock_irqrestore(&tracker->lock, flags);
	/* Without the lock, which gets and puts take. */
	track_report_soon();
}

/* The kill was taken back; the owner has a reference again. Context: any but NMI. */
void track_resurrected(struct rs_tracker *tracker)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&tracker->lock, flags);
	tracker->before++;
	tracker->killed = false;
	raw_spin_unlock_irqrestore(&tracker->lock, flags);
}

/* All counters have ended, and nothing is tracked any more. */
void track_report_module_exit(void)
{
	irq_work_sync(&track_report_soon_irq);
	cancel_delayed_work_sync(&reports);
	/* The work may have asked for another. */
	irq_work_sync(&track_report_soon_irq);
	cancel_delayed_work_sync(&reports);
}
