// SPDX-License-Identifier: GPL-2.0
/*
 * Records of storms, in a ring that outlives them.
 */
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/seq_file.h>

#include "events.h"
#include "storm_internal.h"
#include "storm_record.h"

struct storm_record {
	u32			id;		/* 0: never used */
	struct storm		*live;		/* NULL once it has finished */
	struct storm_setup	setup;
	u32			cpus;
	u64			elapsed_ns;
	u64			operations;
	u64			overlap_operations;
	u64			kills;
	u64			confirms;
	u64			releases;
	u64			overlapped_kills;
	u64			quantile[4];	/* min, median, p99, max */
	const char		*verdict;	/* NULL while running */
	bool			broken;
	enum invariant		invariant;
	u64			object;
	char			detail[128];
};

/* Running storms never fall out: there are fewer of them than the ring has. */
static struct storm_record records[RS_STORM_HISTORY + RS_STORMS_MAX];
static u64 next_record;
static atomic_t changes = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(changes_wait);

static void record_fill(struct storm_record *record, struct storm *storm)
{
	static const u32 per_mille[] = { 0, 500, 990, 1000 };
	static struct rs_histogram all;
	unsigned int i;

	record->elapsed_ns = ktime_get_ns() - storm->start_ns;
	record->operations = 0;
	record->overlap_operations = 0;
	for (i = 0; i < storm->setup.workers; i++) {
		record->operations += READ_ONCE(storm->workers[i].operations);
		record->overlap_operations +=
			READ_ONCE(storm->workers[i].overlap_operations);
	}

	rs_histogram_reset(&all);
	record->kills = 0;
	record->confirms = 0;
	record->releases = 0;
	record->overlapped_kills = 0;
	for (i = 0; i < storm->setup.killers; i++) {
		struct storm_slot *slot = &storm->slots[i];

		record->kills += READ_ONCE(slot->kills);
		record->confirms += READ_ONCE(slot->confirms);
		record->releases += READ_ONCE(slot->releases);
		record->overlapped_kills += READ_ONCE(slot->overlapped_kills);
		/* While it runs this is a glance at moving numbers. */
		rs_histogram_merge(&all, &slot->kill_to_release);
	}
	for (i = 0; i < ARRAY_SIZE(per_mille); i++)
		record->quantile[i] = rs_histogram_quantile(&all, per_mille[i]);

	/* Pairs with the release in storm_violation(). */
	record->broken = atomic_read_acquire(&storm->violated) == VIOLATION_WRITTEN;
	if (record->broken) {
		record->invariant = storm->invariant;
		record->object = storm->violated_object;
		strscpy(record->detail, storm->detail, sizeof(record->detail));
	}
}

static const char *verdict(const struct storm_record *record, const struct storm *storm)
{
	bool overlapped = storm->setup.pattern == PATTERN_SATURATE ?
		record->overlap_operations : record->overlapped_kills;

	if (record->broken)
		return "broken";
	if (READ_ONCE(storm->stop))
		return "stopped";
	return overlapped ? "held" : "unproven";
}

static struct storm_record *record_of(struct storm *storm)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(records); i++)
		if (records[i].live == storm)
			return &records[i];
	return NULL;
}

/**
 * storm_record_start - begin the record of a storm
 * @storm: about to be woken
 *
 * Context: process; storms_lock held.
 */
void storm_record_start(struct storm *storm)
{
	struct storm_record *record;

	do {
		record = &records[next_record++ % ARRAY_SIZE(records)];
	} while (record->live);

	*record = (struct storm_record) {
		.id	= storm->id,
		.live	= storm,
		.setup	= storm->setup,
		.cpus	= num_online_cpus(),
	};
	events_add("subject=storm:%u event=start provider=%s seed=%llu workers=%llu killers=%llu",
		   storm->id, storm->setup.provider->name, storm->setup.seed,
		   storm->setup.workers, storm->setup.killers);
}

/**
 * storm_record_finish - draw the verdict of a storm
 * @storm: its threads have ended
 *
 * Context: process; storms_lock held.
 */
void storm_record_finish(struct storm *storm)
{
	struct storm_record *record = record_of(storm);

	record_fill(record, storm);
	record->verdict = verdict(record, storm);
	if (!strcmp(record->verdict, "unproven"))
		strscpy(record->detail, "no operation on another CPU met a kill",
			sizeof(record->detail));
	record->live = NULL;
	events_add("subject=storm:%u event=end verdict=%s operations=%llu kills=%llu",
		   record->id, record->verdict, record->operations, record->kills);
}

/* Wake who polls the storms file. Context: process, no lock needed. */
void storm_record_announce(void)
{
	atomic_inc(&changes);
	wake_up_interruptible(&changes_wait);
}

/* The @n-th storm that runs, or NULL. */
struct storm *storm_record_live(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(records); i++)
		if (records[i].live && !n--)
			return records[i].live;
	return NULL;
}

static void show_number(struct seq_file *m, const char *key, bool known, u64 value)
{
	if (known)
		seq_printf(m, " %s=%llu", key, value);
	else
		seq_printf(m, " %s=-", key);
}

static void record_show(struct seq_file *m, const struct storm_record *record,
			const char * const *patterns)
{
	static const char * const quantile_keys[] = {
		"release_min_ns", "release_median_ns", "release_p99_ns", "release_max_ns",
	};
	const struct storm_setup *setup = &record->setup;
	unsigned int i;

	seq_printf(m, "storm=%u provider=%s pattern=%s state=%s seed=%llu workers=%llu killers=%llu cpus=%u ms=%llu bound_ms=%llu duty=%llu elapsed_ms=%llu",
		   record->id, setup->provider->name, patterns[setup->pattern],
		   record->live ? "running" : "done", setup->seed, setup->workers,
		   setup->killers, record->cpus, setup->ms, setup->bound_ms, setup->duty,
		   div_u64(record->elapsed_ns, NSEC_PER_MSEC));
	seq_printf(m, " operations=%llu kills=%llu confirms=%llu releases=%llu overlap_operations=%llu overlapped_kills=%llu",
		   record->operations, record->kills, record->confirms, record->releases,
		   record->overlap_operations, record->overlapped_kills);
	for (i = 0; i < ARRAY_SIZE(quantile_keys); i++)
		show_number(m, quantile_keys[i], record->releases, record->quantile[i]);
	seq_printf(m, " verdict=%s invariant=%s", record->verdict ?: "-",
		   record->broken ? invariant_names[record->invariant] : "-");
	show_number(m, "object", record->broken, record->object);
	if (record->detail[0])
		seq_printf(m, " detail=\"%s\"\n", record->detail);
	else
		seq_puts(m, " detail=-\n");
}

/**
 * storm_records_show - the storms file, oldest storm first
 * @m: where to
 * @patterns: names of the patterns
 *
 * Context: process; storms_lock held.
 */
void storm_records_show(struct seq_file *m, const char * const *patterns)
{
	u64 i, nr = ARRAY_SIZE(records);

	m->poll_event = atomic_read(&changes);
	seq_puts(m, "# storm provider pattern state seed workers killers cpus ms bound_ms duty elapsed_ms operations kills confirms releases overlap_operations overlapped_kills release_min_ns release_median_ns release_p99_ns release_max_ns verdict invariant object detail\n");
	for (i = next_record; i < next_record + nr; i++) {
		struct storm_record *record = &records[i % nr];

		if (!record->id)
			continue;
		if (record->live)
			record_fill(record, record->live);
		record_show(m, record, patterns);
	}
}

/* poll() of the storms file: a storm has ended since it was last read. */
__poll_t storm_records_poll(struct file *file, poll_table *wait)
{
	struct seq_file *m = file->private_data;

	poll_wait(file, &changes_wait, wait);
	return m->poll_event != atomic_read(&changes) ?
		EPOLLIN | EPOLLRDNORM | EPOLLPRI : 0;
}
