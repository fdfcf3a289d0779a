// SPDX-License-Identifier: GPL-2.0
/*
 * The history of a storm: each CPU has a ring of notes, written from any context
 * without a lock and read when the storm is over. A violation stops the writing;
 * what concerns its object is then put in order and kept for the history file.
 * The same notes are a tracepoint.
 *
 * A note costs an atomic addition, a clock and one cache line, all of the CPU's
 * own. Who writes is neither preempted nor moved to another CPU.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>

#include "refstorm_module.h"
#include "storm_internal.h"

#define CREATE_TRACE_POINTS
#include "storm_trace.h"

#define NOTES		512	/* of a CPU */
#define KEPT		64	/* of the object that broke */

struct storm_ring {
	atomic_t		next;
	struct storm_note	note[NOTES];
} ____cacheline_aligned_in_smp;

#define NOTE_NAME(id, name) name,
static const char * const note_names[STORM_NOTE_NR] = { STORM_NOTES(NOTE_NAME) };

/* Of the last storm that broke; under storms_lock. */
static struct {
	u32			storm;
	unsigned int		nr;
	struct storm_note	note[KEPT];
} kept;

/**
 * storm_note - write down what happens to an object
 * @storm: its storm
 * @object: the object
 * @actor: who does it
 * @what: and what
 * @nr: how many references
 * @result: what came out
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
	/* Who was preempted here for 512 notes would write where another one writes. */
	preempt_disable_notrace();
	cpu = smp_processor_id();
	ring = &storm->rings[cpu];
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
				 nr_cpu_ids * sizeof(*storm->rings), GFP_KERNEL);
	return storm->rings ? 0 : -ENOMEM;
}

void storm_history_free(struct storm *storm)
{
	rs_free(&refstorm_sites[SITE_STORM_HISTORY], storm->rings);
}

/* The last note of @object's before @before; NULL if there is none. */
static const struct storm_note *last_before(struct storm *storm,
					    const struct storm_note *before)
{
	const struct storm_note *last = NULL;
	unsigned int cpu, i;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		for (i = 0; i < NOTES; i++) {
			const struct storm_note *note = &storm->rings[cpu].note[i];

			if (note->generation != storm->violated_object ||
			    note->slot != storm->violated_slot)
				continue;
			/* Of the same nanosecond: whichever stands further ahead. */
			if (before && (note->time_ns > before->time_ns ||
				       (note->time_ns == before->time_ns && note >= before)))
				continue;
			if (!last || note->time_ns > last->time_ns ||
			    (note->time_ns == last->time_ns && note > last))
				last = note;
		}
	}
	return last;
}

/**
 * storm_history_keep - put in order what happened to the object that broke
 * @storm: a storm that broke; its threads have ended
 *
 * Context: process; storms_lock held.
 */
void storm_history_keep(struct storm *storm)
{
	const struct storm_note *note = NULL;
	unsigned int i;

	kept.storm = storm->id;
	for (kept.nr = 0; kept.nr < KEPT; kept.nr++) {
		note = last_before(storm, note);
		if (!note)
			break;
		kept.note[kept.nr] = *note;
	}
	/* Oldest first. */
	for (i = 0; i < kept.nr / 2; i++)
		swap(kept.note[i], kept.note[kept.nr - 1 - i]);
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
