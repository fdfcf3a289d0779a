// SPDX-License-Identifier: GPL-2.0
/*
 * The history of a storm: each CPU has two rings of notes. storm_note() writes them from
 * any context, without a lock; they are read when the storm has ended. One ring is for the
 * operations of workers, of which there are a million a second; the other is for kills,
 * callbacks and so on, which the workers' notes would overwrite. A violation stops the
 * writing. storm_history_keep() then sorts the notes of the violated object and keeps them
 * for the history file. The same notes are a tracepoint.
 *
 * A note costs an atomic addition, a read of the clock and one cache line, all of the CPU's
 * own.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/sort.h>
#include <linux/timekeeping.h>

#include "refstorm_module.h"
#include "storm_internal.h"

#define CREATE_TRACE_POINTS
#include "storm_trace.h"

#define NOTES		512	/* of a ring */
#define KEPT		64	/* notes of the violated object */
#define KEPT_LIFE	24	/* of these at most, notes that are not of workers */

struct storm_ring {
	atomic_t		next;
	const struct storm_note	*kept;	/* the earliest note that is kept */
	struct storm_note	note[NOTES];
} ____cacheline_aligned_in_smp;

#define NOTE_NAME(id, name) name,
static const char * const note_names[STORM_NOTE_NR] = { STORM_NOTES(NOTE_NAME) };

/* The notes of the last broken storm; storms_lock protects them. */
static struct {
	u32			storm;
	unsigned int		nr;
	struct storm_note	note[KEPT];
} kept;

/**
 * storm_note - note an operation on an object
 * @storm: the storm
 * @object: the object
 * @actor: index of a worker, or STORM_ACTOR_KILLER or the like
 * @what: the operation
 * @nr: number of references
 * @result: what the operation returned
 *
 * Context: any.
 */
void storm_note(struct storm *storm, const struct storm_object *object, unsigned int actor,
		enum storm_note_what what, u32 nr, bool result)
{
	struct storm_ring *ring;
	struct storm_note *note;
	unsigned int cpu;

	if (READ_ONCE(storm->abandon) && what != STORM_NOTE_VIOLATION)
		return;
	/* Preempted for NOTES notes, a writer would overwrite another one's note. */
	preempt_disable_notrace();
	cpu = smp_processor_id();
	ring = &storm->rings[actor < STORM_ACTOR_KILLER ? cpu : nr_cpu_ids + cpu];
	note = &ring->note[(unsigned int)atomic_inc_return_relaxed(&ring->next) % NOTES];
	*note = (struct storm_note) {
		.time_ns	= ktime_get_mono_fast_ns(),
		.generation	= object->generation,
		.nr		= nr,
		.actor		= actor,
		.life		= READ_ONCE(object->life),
		.cpu		= cpu,
		.slot		= object->slot->index,
		.what		= what,
		.context	= rs_context_now(),
		.result		= result,
	};
	trace_refstorm_note(storm->id, note);
	preempt_enable_notrace();
}

/* Return: 0 or -ENOMEM. */
int storm_history_begin(struct storm *storm)
{
	storm->rings = rs_zalloc(&refstorm_sites[SITE_STORM_HISTORY],
				 2 * nr_cpu_ids * sizeof(*storm->rings), GFP_KERNEL);
	return storm->rings ? 0 : -ENOMEM;
}

void storm_history_free(struct storm *storm)
{
	rs_free(&refstorm_sites[SITE_STORM_HISTORY], storm->rings);
}

/* The last note of the violated object in @ring before ring->kept, or NULL. */
static const struct storm_note *storm_history_last(struct storm *storm, struct storm_ring *ring)
{
	const struct storm_note *before = ring->kept, *last = NULL;
	unsigned int i;

	for (i = 0; i < NOTES; i++) {
		const struct storm_note *note = &ring->note[i];

		if (note->generation != storm->violated_object ||
		    note->slot != storm->violated_slot)
			continue;
		/* Notes of the same nanosecond are ordered by their index. */
		if (before && (note->time_ns > before->time_ns ||
			       (note->time_ns == before->time_ns && note >= before)))
			continue;
		if (!last || note->time_ns > last->time_ns ||
		    (note->time_ns == last->time_ns && note > last))
			last = note;
	}
	return last;
}

/*
 * Keep notes of @rings, one ring for each CPU, until @nr are kept: the last note of each
 * ring, then the last but one of each, and so on, so that each CPU has its share.
 */
static void storm_history_keep_rings(struct storm *storm, struct storm_ring *rings, unsigned int nr)
{
	unsigned int cpu, before;

	do {
		before = kept.nr;
		for (cpu = 0; cpu < nr_cpu_ids && kept.nr < nr; cpu++) {
			const struct storm_note *note = storm_history_last(storm, &rings[cpu]);

			if (!note)
				continue;
			rings[cpu].kept = note;
			kept.note[kept.nr++] = *note;
		}
	} while (kept.nr > before);
}

static int storm_history_compare(const void *a, const void *b)
{
	const struct storm_note *x = a, *y = b;

	return x->time_ns < y->time_ns ? -1 : x->time_ns > y->time_ns;
}

/**
 * storm_history_keep - keep the last notes of the violated object, in order of time
 * @storm: a broken storm; its threads have ended
 *
 * Context: process; storms_lock held.
 */
void storm_history_keep(struct storm *storm)
{
	kept.storm = storm->id;
	kept.nr = 0;
	storm_history_keep_rings(storm, storm->rings + nr_cpu_ids, KEPT_LIFE);
	storm_history_keep_rings(storm, storm->rings, KEPT);
	sort(kept.note, kept.nr, sizeof(kept.note[0]), storm_history_compare, NULL);
}

/* The history file. Context: process; storms_lock held. */
void storm_history_show(struct seq_file *m)
{
	unsigned int i;

	seq_puts(m, "# storm time_ns cpu context actor slot object life event nr result\n");
	for (i = 0; i < kept.nr; i++) {
		const struct storm_note *note = &kept.note[i];

		seq_printf(m, "storm=%u time_ns=%llu cpu=%u context=%s actor=", kept.storm,
			   note->time_ns, note->cpu, rs_context_names[note->context]);
		if (note->actor == STORM_ACTOR_KILLER)
			seq_printf(m, "killer:%u", note->slot);
		else if (note->actor == STORM_ACTOR_COUNTER)
			seq_puts(m, "counter");
		else
			seq_printf(m, "worker:%u", note->actor);
		seq_printf(m, " slot=%u object=%u life=%u event=%s nr=%u result=%d\n",
			   note->slot, note->generation, note->life, note_names[note->what],
			   note->nr, note->result);
	}
}
