// SPDX-License-Identifier: GPL-2.0
/*
 * Records of storms, in a ring that outlives them.
 */
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/seq_file.h>

#include "control/events.h"
#include "storm_internal.h"
#include "storm_record.h"

struct storm_record {
	u32			id;		/* 0: never used */
	struct storm		*live;		/* NULL once it has finished */
	struct storm_setup	setup;
	u32			cpus;
	u64			elapsed_ns;
	u64			operations[RS_CONTEXT_NR];
	u64			overlap_operations;
	u64			kills[RS_CONTEXT_NR];
	u64			confirms;
	u64			releases;
	u64			overlapped_kills;
	u64			reinits;
	u64			resurrections;
	u64			early_ends;
	u64			alive_ends;
	u64			switches;
	u64			hotplug_kills;
	u64			probes;
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
	unsigned int i, c;

	record->elapsed_ns = ktime_get_ns() - storm->start_ns;
	memset(record->operations, 0, sizeof(record->operations));
	record->overlap_operations = 0;
	record->switches = 0;
	record->alive_ends = 0;
	for (i = 0; i < storm->nr_workers; i++) {
		struct storm_worker *worker = &storm->workers[i];

		for (c = 0; c < RS_CONTEXT_NR; c++)
			record->operations[c] += READ_ONCE(worker->operations[c]);
		record->overlap_operations += READ_ONCE(worker->overlap_operations);
		record->switches += READ_ONCE(worker->switches);
		record->alive_ends += READ_ONCE(worker->alive_ends);
	}

	rs_histogram_reset(&all);
	memset(record->kills, 0, sizeof(record->kills));
	record->confirms = 0;
	record->releases = 0;
	record->overlapped_kills = 0;
	record->reinits = 0;
	record->resurrections = 0;
	record->early_ends = 0;
	record->hotplug_kills = 0;
	record->probes = atomic64_read(&storm->probes);
	for (i = 0; i < storm->nr_slots; i++) {
		struct storm_slot *slot = &storm->slots[i];

		for (c = 0; c < RS_CONTEXT_NR; c++) {
			u64 kills = READ_ONCE(slot->kills[c]);

			record->kills[c] += kills;
			if (i >= storm->setup.killers)
				record->hotplug_kills += kills;
		}
		record->confirms += READ_ONCE(slot->confirms);
		record->releases += READ_ONCE(slot->releases);
		record->overlapped_kills += READ_ONCE(slot->overlapped_kills);
		record->reinits += READ_ONCE(slot->reinits);
		record->resurrections += READ_ONCE(slot->resurrections);
		record->early_ends += READ_ONCE(slot->early_ends);
		record->alive_ends += READ_ONCE(slot->alive_ends);
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

/* What was asked for and never happened; NULL if all did. */
static const char *missing(const struct storm_record *record)
{
	const struct storm_setup *setup = &record->setup;

	if (setup->pattern == PATTERN_ENDS_ALIVE || setup->ends == BIT(RS_END_ALIVE)) {
		if (!record->alive_ends)
			return "no counter was ended alive";
	} else if (!(setup->pattern == PATTERN_SATURATE ? record->overlap_operations :
							  record->overlapped_kills)) {
		return "no operation on another CPU met a kill";
	}
	if (setup->switchers && !record->switches)
		return "no switcher switched";
	if (setup->hotplug && !record->hotplug_kills)
		return "no CPU came or went";
	if (setup->kprobes && !record->probes)
		return "no kprobe was met";
	return NULL;
}

static const char *verdict(const struct storm_record *record, const struct storm *storm)
{
	if (record->broken)
		return "broken";
	if (READ_ONCE(storm->stop))
		return "stopped";
	return missing(record) ? "unproven" : "held";
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
		strscpy(record->detail, missing(record), sizeof(record->detail));
	record->live = NULL;
	events_add("subject=storm:%u event=end verdict=%s operations=%llu kills=%llu",
		   record->id, record->verdict, storm_sum(record->operations),
		   storm_sum(record->kills));
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

static void record_show(struct seq_file *m, const struct storm_record *record)
{
	static const char * const quantile_keys[] = {
		"release_min_ns", "release_median_ns", "release_p99_ns", "release_max_ns",
	};
	unsigned int i;

	seq_printf(m, "storm=%u provider=%s state=%s", record->id,
		   record->setup.provider->name, record->live ? "running" : "done");
	storm_setup_show(m, &record->setup);
	seq_printf(m, " cpus=%u elapsed_ms=%llu", record->cpus,
		   div_u64(record->elapsed_ns, NSEC_PER_MSEC));
	seq_printf(m, " operations=%llu kills=%llu confirms=%llu releases=%llu overlap_operations=%llu overlapped_kills=%llu",
		   storm_sum(record->operations), storm_sum(record->kills), record->confirms,
		   record->releases, record->overlap_operations, record->overlapped_kills);
	seq_printf(m, " softirq_operations=%llu hardirq_operations=%llu softirq_kills=%llu hardirq_kills=%llu",
		   record->operations[RS_CONTEXT_SOFTIRQ],
		   record->operations[RS_CONTEXT_HARDIRQ],
		   record->kills[RS_CONTEXT_SOFTIRQ], record->kills[RS_CONTEXT_HARDIRQ]);
	seq_printf(m, " switches=%llu reinits=%llu resurrections=%llu early_ends=%llu alive_ends=%llu hotplug_kills=%llu probes=%llu",
		   record->switches, record->reinits, record->resurrections,
		   record->early_ends, record->alive_ends, record->hotplug_kills,
		   record->probes);
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
 *
 * Context: process; storms_lock held.
 */
void storm_records_show(struct seq_file *m)
{
	u64 i, nr = ARRAY_SIZE(records);

	m->poll_event = atomic_read(&changes);
	seq_puts(m, "# storm provider state");
	storm_setup_show_names(m);
	seq_puts(m, " cpus elapsed_ms operations kills confirms releases overlap_operations overlapped_kills softirq_operations hardirq_operations softirq_kills hardirq_kills switches reinits resurrections early_ends alive_ends hotplug_kills probes release_min_ns release_median_ns release_p99_ns release_max_ns verdict invariant object detail\n");
	for (i = next_record; i < next_record + nr; i++) {
		struct storm_record *record = &records[i % nr];

		if (!record->id)
			continue;
		if (record->live)
			record_fill(record, record->live);
		record_show(m, record);
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
