// SPDX-License-Identifier: GPL-2.0
/* Records of storms, which stay when a storm is freed. */
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/poll.h>
#include <linux/seq_file.h>

#include "control/events.h"
#include "storm_internal.h"
#include "storm_record.h"

/* Figures of a storm; sums over its workers and slots */
struct storm_figures {
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
	u32			bucket[64];	/* from kill to release: 2^i ns to twice that */
};

struct storm_record {
	u32			id;		/* 0: never used */
	struct storm		*live;		/* NULL once the storm has ended */
	struct storm_setup	setup;
	u32			cpus;
	u64			elapsed_ns;
	struct storm_figures	figures;
	const char		*verdict;	/* NULL while the storm runs */
	bool			broken;
	enum invariant		invariant;
	u64			object;
	char			detail[128];
};

/* A ring. It has room for all running storms, and for RS_STORM_HISTORY others. */
static struct storm_record records[RS_STORM_HISTORY + RS_STORMS_MAX];
static u64 next_record;
static atomic_t changes = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(changes_wait);

static void storm_record_add_worker(struct storm_figures *figures,
				    const struct storm_worker *worker)
{
	unsigned int i;

	for (i = 0; i < RS_CONTEXT_NR; i++)
		figures->operations[i] += READ_ONCE(worker->operations[i]);
	figures->overlap_operations += READ_ONCE(worker->overlap_operations);
	figures->switches += READ_ONCE(worker->switches);
	figures->alive_ends += READ_ONCE(worker->alive_ends);
}

static void storm_record_add_slot(struct storm_figures *figures, const struct storm_slot *slot)
{
	unsigned int i;

	for (i = 0; i < RS_CONTEXT_NR; i++)
		figures->kills[i] += READ_ONCE(slot->kills[i]);
	if (slot->index >= slot->storm->setup.killers)
		figures->hotplug_kills += storm_sum(slot->kills);
	figures->confirms += READ_ONCE(slot->confirms);
	figures->releases += READ_ONCE(slot->releases);
	figures->overlapped_kills += READ_ONCE(slot->overlapped_kills);
	figures->reinits += READ_ONCE(slot->reinits);
	figures->resurrections += READ_ONCE(slot->resurrections);
	figures->early_ends += READ_ONCE(slot->early_ends);
	figures->alive_ends += READ_ONCE(slot->alive_ends);
}

/* The power of two that bucket @i of a struct rs_histogram is in. */
static unsigned int storm_record_power(unsigned int i)
{
	if (i < 1 << RS_HISTOGRAM_SUB_BITS)
		return i ? ilog2(i) : 0;
	return (i >> RS_HISTOGRAM_SUB_BITS) + RS_HISTOGRAM_SUB_BITS - 1;
}

static void storm_record_fill(struct storm_record *record, struct storm *storm)
{
	static const u32 per_mille[] = { 0, 500, 990, 1000 };
	struct storm_figures *figures = &record->figures;
	static struct rs_histogram all;
	unsigned int i;

	record->elapsed_ns = ktime_get_ns() - storm->start_ns;
	memset(figures, 0, sizeof(*figures));
	figures->probes = atomic64_read(&storm->probe_hits);
	for (i = 0; i < storm->nr_workers; i++)
		storm_record_add_worker(figures, &storm->workers[i]);
	rs_histogram_reset(&all);
	for (i = 0; i < storm->nr_slots; i++) {
		storm_record_add_slot(figures, &storm->slots[i]);
		/* Approximate while the killer writes it. */
		rs_histogram_merge(&all, &storm->slots[i].kill_to_release);
	}
	for (i = 0; i < ARRAY_SIZE(per_mille); i++)
		figures->quantile[i] = rs_histogram_quantile(&all, per_mille[i]);

	for (i = 0; i < RS_HISTOGRAM_BUCKETS; i++)
		figures->bucket[storm_record_power(i)] += all.buckets[i];

	/* Pairs with the release in storm_violation(). */
	record->broken = atomic_read_acquire(&storm->violated) == VIOLATION_WRITTEN;
	if (record->broken) {
		record->invariant = storm->invariant;
		record->object = storm->violated_object;
		strscpy(record->detail, storm->detail, sizeof(record->detail));
	}
}

/* What the setup asks for and never happened, or NULL. */
static const char *storm_record_missing(const struct storm_record *record)
{
	const struct storm_figures *figures = &record->figures;
	const struct storm_setup *setup = &record->setup;

	if (setup->pattern == PATTERN_ENDS_ALIVE || setup->ends == BIT(RS_END_ALIVE)) {
		if (!figures->alive_ends)
			return "no counter was ended alive";
	} else if (setup->pattern == PATTERN_SATURATE ? !figures->overlap_operations :
		   !figures->overlapped_kills) {
		return "no operation on another CPU met a kill";
	}
	if (setup->switchers && !figures->switches)
		return "no switcher switched";
	if (setup->hotplug && !figures->hotplug_kills)
		return "no CPU came or went";
	if (setup->kprobes && !figures->probes)
		return "no kprobe was met";
	return NULL;
}

static const char *storm_record_verdict(const struct storm_record *record,
					const struct storm *storm)
{
	if (record->broken)
		return "broken";
	if (READ_ONCE(storm->stop))
		return "stopped";
	return storm_record_missing(record) ? "unproven" : "held";
}

static struct storm_record *storm_record_of(struct storm *storm)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(records); i++)
		if (records[i].live == storm)
			return &records[i];
	return NULL;
}

/**
 * storm_record_start - begin the record of a storm
 * @storm: the storm, about to be woken
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
 * storm_record_finish - complete the record of a storm, with its verdict
 * @storm: the storm; its threads have ended
 *
 * Context: process; storms_lock held.
 */
void storm_record_finish(struct storm *storm)
{
	struct storm_record *record = storm_record_of(storm);

	storm_record_fill(record, storm);
	WRITE_ONCE(record->verdict, storm_record_verdict(record, storm));
	if (!strcmp(record->verdict, "unproven"))
		strscpy(record->detail, storm_record_missing(record), sizeof(record->detail));
	record->live = NULL;
	events_add("subject=storm:%u event=end verdict=%s operations=%llu kills=%llu",
		   record->id, record->verdict, storm_sum(record->figures.operations),
		   storm_sum(record->figures.kills));
}

/* Wake readers that poll the storms file. Context: process, no lock needed. */
void storm_record_announce(void)
{
	atomic_inc(&changes);
	wake_up(&changes_wait);
}

/* Whether the storm has a verdict, or its record is gone. */
static bool storm_record_is_done(u32 id)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(records); i++)
		if (READ_ONCE(records[i].id) == id)
			return READ_ONCE(records[i].verdict);
	return true;
}

/* Sleep until the storm of that number has ended. Context: process, no lock held. */
void storm_record_wait(u32 id)
{
	wait_event_idle(changes_wait, storm_record_is_done(id));
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

static void storm_record_show_number(struct seq_file *m, const char *key, bool known, u64 value)
{
	if (known)
		seq_printf(m, " %s=%llu", key, value);
	else
		seq_printf(m, " %s=-", key);
}

/* "1024:3,2048:9": how many of 1024 ns to twice that, and so on */
static void storm_record_show_buckets(struct seq_file *m, const struct storm_figures *figures)
{
	unsigned int i, shown = 0;

	seq_puts(m, " release_buckets=");
	for (i = 0; i < ARRAY_SIZE(figures->bucket); i++)
		if (figures->bucket[i])
			seq_printf(m, "%s%llu:%u", shown++ ? "," : "", BIT_ULL(i),
				   figures->bucket[i]);
	if (!shown)
		seq_putc(m, '-');
}

static void storm_record_show(struct seq_file *m, const struct storm_record *record)
{
	static const char * const quantile_keys[] = {
		"release_min_ns", "release_median_ns", "release_p99_ns", "release_max_ns",
	};
	const struct storm_figures *figures = &record->figures;
	unsigned int i;

	seq_printf(m, "storm=%u provider=%s state=%s", record->id,
		   record->setup.provider->name, record->live ? "running" : "done");
	storm_setup_show(m, &record->setup);
	seq_printf(m, " cpus=%u elapsed_ms=%llu", record->cpus,
		   div_u64(record->elapsed_ns, NSEC_PER_MSEC));
	seq_printf(m, " operations=%llu kills=%llu confirms=%llu releases=%llu overlap_operations=%llu overlapped_kills=%llu",
		   storm_sum(figures->operations), storm_sum(figures->kills), figures->confirms,
		   figures->releases, figures->overlap_operations, figures->overlapped_kills);
	seq_printf(m, " softirq_operations=%llu hardirq_operations=%llu softirq_kills=%llu hardirq_kills=%llu",
		   figures->operations[RS_CONTEXT_SOFTIRQ],
		   figures->operations[RS_CONTEXT_HARDIRQ],
		   figures->kills[RS_CONTEXT_SOFTIRQ], figures->kills[RS_CONTEXT_HARDIRQ]);
	seq_printf(m, " switches=%llu reinits=%llu resurrections=%llu early_ends=%llu alive_ends=%llu hotplug_kills=%llu probes=%llu",
		   figures->switches, figures->reinits, figures->resurrections,
		   figures->early_ends, figures->alive_ends, figures->hotplug_kills,
		   figures->probes);
	for (i = 0; i < ARRAY_SIZE(quantile_keys); i++)
		storm_record_show_number(m, quantile_keys[i], figures->releases,
					 figures->quantile[i]);
	seq_printf(m, " verdict=%s invariant=%s", record->verdict ?: "-",
		   record->broken ? invariant_names[record->invariant] : "-");
	storm_record_show_number(m, "object", record->broken, record->object);
	if (record->detail[0])
		seq_printf(m, " detail=\"%s\"", record->detail);
	else
		seq_puts(m, " detail=-");
	storm_record_show_buckets(m, figures);
	seq_putc(m, '\n');
}

/**
 * storm_records_show - show all records, the oldest storm first
 * @m: the storms file
 *
 * Context: process; storms_lock held.
 */
void storm_records_show(struct seq_file *m)
{
	u64 i, nr = ARRAY_SIZE(records);

	m->poll_event = atomic_read(&changes);
	seq_puts(m, "# storm provider state");
	storm_setup_show_names(m);
	seq_puts(m, " cpus elapsed_ms operations kills confirms releases overlap_operations overlapped_kills softirq_operations hardirq_operations softirq_kills hardirq_kills switches reinits resurrections early_ends alive_ends hotplug_kills probes release_min_ns release_median_ns release_p99_ns release_max_ns verdict invariant object detail release_buckets\n");
	for (i = next_record; i < next_record + nr; i++) {
		struct storm_record *record = &records[i % nr];

		if (!record->id)
			continue;
		if (record->live)
			storm_record_fill(record, record->live);
		storm_record_show(m, record);
	}
}

/**
 * storm_record_of_id - show the record of one storm
 * @id: the number of the storm
 * @m: where its row goes
 *
 * Context: process; storms_lock held.
 * Return: the verdict, or NULL if the storm runs, or its record is gone.
 */
const char *storm_record_of_id(u32 id, struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(records); i++) {
		if (records[i].id != id)
			continue;
		storm_record_show(m, &records[i]);
		return records[i].verdict;
	}
	return NULL;
}

/* poll() of the storms file: has a storm ended since the file was last read? */
__poll_t storm_records_poll(struct file *file, poll_table *wait)
{
	struct seq_file *m = file->private_data;

	poll_wait(file, &changes_wait, wait);
	return m->poll_event != atomic_read(&changes) ?
		EPOLLIN | EPOLLRDNORM | EPOLLPRI : 0;
}
