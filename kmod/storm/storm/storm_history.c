// SPDX-License-Identifier: GPL-2.0
/*
 * The history of a storm: notes of what was done to its objects, written from any context and
 * without a lock. They are read when the storm has ended.
 *
 * Notes of an object's life (kills, callbacks and so on) are in the object, with a look at its
 * counter. Notes of workers, of which there are a million a second, are in rings, one for each
 * CPU and slot. A slot whose killer waits for release() gets no new object meanwhile, so the
 * notes of an object whose count is lost stay as they were at its last put. Tries that were
 * refused changed nothing: each ring counts them apart, and has the last ones.
 *
 * A violation stops the writing. storm_history_keep() then sorts the notes of the violated
 * object and keeps them for the history file. The same notes are a tracepoint.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/kcsan-checks.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/sort.h>
#include <linux/timekeeping.h>

#include "refstorm_module.h"
#include "storm_internal.h"

#define CREATE_TRACE_POINTS
#include "storm_trace.h"

#define NOTES		64	/* of a ring, of a slot with one object */
#define NOTES_MANY	512	/* of a ring, of a slot with many */
#define REFUSED		4	/* a task, and the interrupts that nest in it */
#define KEPT		64	/* notes of the violated object */
#define KEPT_REFUSED	8	/* of these at most, tries that were refused */

struct storm_ring {
	atomic_t		next;
	atomic_t		next_refused;
	const struct storm_note	*kept;	/* the earliest note that is kept */
	struct storm_note	refused[REFUSED];
	struct storm_note	note[];
} ____cacheline_aligned_in_smp;

#define NOTE_NAME(id, name) name,
static const char * const note_names[STORM_NOTE_NR] = { STORM_NOTES(NOTE_NAME) };

/* The notes of the last broken storm; storms_lock protects them. */
static struct {
	u32			storm;
	unsigned int		nr;
	struct storm_note	note[KEPT];
} kept;

static size_t storm_history_ring_size(const struct storm *storm)
{
	return ALIGN(struct_size((struct storm_ring *)NULL, note, storm->ring_notes),
		     SMP_CACHE_BYTES);
}

static struct storm_ring *storm_history_ring(struct storm *storm, unsigned int cpu,
					     unsigned int slot)
{
	return storm->rings + (cpu * storm->nr_slots + slot) * storm_history_ring_size(storm);
}

/* Return: 0 or -ENOMEM. */
int storm_history_begin(struct storm *storm)
{
	storm->ring_notes = storm->setup.objects > 1 ? NOTES_MANY : NOTES;
	storm->rings = rs_zalloc(&refstorm_sites[SITE_STORM_HISTORY], nr_cpu_ids *
				 storm->nr_slots * storm_history_ring_size(storm), GFP_KERNEL);
	return storm->rings ? 0 : -ENOMEM;
}

void storm_history_free(struct storm *storm)
{
	rs_free(&refstorm_sites[SITE_STORM_HISTORY], storm->rings);
}

/* Fill in what all notes have. Context: preemption is off. */
static void storm_note_write(struct storm *storm, const struct storm_object *object,
			     struct storm_note *note, const struct storm_note *filled)
{
	struct storm_note written = *filled;

	written.time_ns = ktime_get_mono_fast_ns();
	written.generation = object->generation;
	written.life = READ_ONCE(object->life);
	written.cpu = raw_smp_processor_id();
	written.slot = object->slot->index;
	written.context = rs_context_now();
	/* A ring may go round while a note is written or read: that note is lost among many. */
	kcsan_disable_current();
	*note = written;
	kcsan_enable_current();
	trace_refstorm_note(storm->id, &written);
}

/* The next note of this CPU's ring for the object. Context: preemption is off. */
static struct storm_note *storm_note_next(struct storm *storm, const struct storm_object *object,
					  bool refused, u32 *times)
{
	struct storm_ring *ring = storm_history_ring(storm, raw_smp_processor_id(),
						     object->slot->index);
	const struct storm_note *last;
	unsigned int n;
	u32 generation;

	if (!refused) {
		n = atomic_inc_return_relaxed(&ring->next);
		return &ring->note[n % storm->ring_notes];
	}
	n = atomic_inc_return_relaxed(&ring->next_refused);
	last = &ring->refused[(n - 1) % REFUSED];
	/* It may be overwritten meanwhile: then the tries are counted anew. */
	generation = data_race(last->generation);
	/* The same. */
	*times = generation == (u32)object->generation ? data_race(last->times) + 1 : 1;
	return &ring->refused[n % REFUSED];
}

/**
 * storm_note - note an event of an object's life, or a switch of its mode
 * @storm: the storm
 * @object: the object, whose counter the caller could use
 * @actor: index of a worker, or STORM_ACTOR_KILLER or the like
 * @what: the event
 * @nr: number of references
 * @result: what the operation returned
 *
 * Context: any but NMI.
 */
void storm_note(struct storm *storm, struct storm_object *object, unsigned int actor,
		enum storm_note_what what, u32 nr, bool result)
{
	struct storm_note note = {
		.nr = nr, .actor = actor, .what = what, .result = result, .looked = true,
	};
	struct storm_note *next;
	unsigned int n;

	if (READ_ONCE(storm->abandon) && what != STORM_NOTE_VIOLATION)
		return;
	storm_account_look(object, &note.look);
	/* Preempted for as many notes as there are, a writer would overwrite another one's note. */
	preempt_disable_notrace();
	if (actor < STORM_ACTOR_KILLER) {
		next = storm_note_next(storm, object, false, &note.times);
	} else {
		n = atomic_inc_return_relaxed(&object->notes.next);
		next = &object->notes.note[n % STORM_LIFE_NOTES];
	}
	storm_note_write(storm, object, next, &note);
	preempt_enable_notrace();
}

/**
 * storm_note_use - note an operation of a worker
 * @worker: the worker
 * @object: the object
 * @what: the operation
 * @nr: number of references
 * @result: what the operation returned
 * @held: the worker's ledger after the operation
 *
 * Context: any but NMI.
 */
void storm_note_use(struct storm_worker *worker, const struct storm_object *object,
		    enum storm_note_what what, u32 nr, bool result, u32 held)
{
	struct storm *storm = worker->storm;
	struct storm_note note = {
		.nr = nr, .look.held = held, .actor = worker->index, .what = what,
		.result = result,
	};

	if (READ_ONCE(storm->abandon))
		return;
	preempt_disable_notrace();
	storm_note_write(storm, object, storm_note_next(storm, object, !result, &note.times),
			 &note);
	preempt_enable_notrace();
}

static bool storm_history_is_violated(const struct storm *storm, const struct storm_note *note)
{
	return note->generation && note->generation == (u32)storm->violated_object &&
	       note->slot == storm->violated_slot;
}

static bool storm_history_later(const struct storm_note *a, const struct storm_note *b)
{
	/* Notes of the same nanosecond are ordered by their index. */
	return a->time_ns > b->time_ns || (a->time_ns == b->time_ns && a > b);
}

/* The last note of the violated object among @nr of them, earlier than @before if that is given. */
static const struct storm_note *storm_history_last(struct storm *storm,
						   const struct storm_note *notes, unsigned int nr,
						   const struct storm_note *before)
{
	const struct storm_note *last = NULL;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct storm_note *note = &notes[i];

		if (!storm_history_is_violated(storm, note) ||
		    (before && !storm_history_later(before, note)))
			continue;
		if (!last || storm_history_later(note, last))
			last = note;
	}
	return last;
}

/* Keep the last refused try of each CPU, until there are KEPT_REFUSED. */
static void storm_history_keep_refused(struct storm *storm)
{
	unsigned int cpu, nr = 0;

	for (cpu = 0; cpu < nr_cpu_ids && nr < KEPT_REFUSED; cpu++) {
		struct storm_ring *ring = storm_history_ring(storm, cpu, storm->violated_slot);
		const struct storm_note *note = storm_history_last(storm, ring->refused, REFUSED,
								   NULL);

		if (!note)
			continue;
		kept.note[kept.nr++] = *note;
		nr++;
	}
}

/*
 * Keep notes of the rings until KEPT are kept: the last note of each ring, then the last but
 * one of each, and so on, so that each CPU has its share.
 */
static void storm_history_keep_rings(struct storm *storm)
{
	unsigned int cpu, before;

	do {
		before = kept.nr;
		for (cpu = 0; cpu < nr_cpu_ids && kept.nr < KEPT; cpu++) {
			struct storm_ring *ring = storm_history_ring(storm, cpu,
								     storm->violated_slot);
			const struct storm_note *note = storm_history_last(storm, ring->note,
									   storm->ring_notes,
									   ring->kept);

			if (!note)
				continue;
			ring->kept = note;
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
 * storm_history_keep - keep the account of the violated object and its last notes, in order of time
 * @storm: a broken storm; its threads have ended
 *
 * Context: process; storms_lock held.
 */
void storm_history_keep(struct storm *storm)
{
	u64 last_put_ns = 0;
	unsigned int i;

	kept.storm = storm->id;
	kept.nr = 0;
	for (i = 0; i < STORM_LIFE_NOTES; i++)
		if (storm_history_is_violated(storm, &storm->violated_notes.note[i]))
			kept.note[kept.nr++] = storm->violated_notes.note[i];
	storm_history_keep_refused(storm);
	storm_history_keep_rings(storm);
	sort(kept.note, kept.nr, sizeof(kept.note[0]), storm_history_compare, NULL);
	for (i = 0; i < kept.nr; i++)
		if (kept.note[i].what == STORM_NOTE_PUT)
			last_put_ns = kept.note[i].time_ns;
	storm_account_keep(storm, last_put_ns);
}

static void storm_history_show_look(struct seq_file *m, const struct storm_note *note)
{
	const struct storm_look *look = &note->look;

	seq_printf(m, " held=%u", look->held);
	if (!note->looked) {
		seq_puts(m, " owned=- moving=- mode=- dying=- count=-");
		return;
	}
	seq_printf(m, " owned=%u moving=%u mode=%s", look->owned, look->moving,
		   look->known ? rs_counter_mode_names[look->mode] : "exited");
	if (look->known && look->killable)
		seq_printf(m, " dying=%d", look->dying);
	else
		seq_puts(m, " dying=-");
	/* A count beside which the ledgers changed says nothing. */
	if (look->known && look->counted && look->steady)
		seq_printf(m, " count=%lld", look->count);
	else
		seq_puts(m, " count=-");
}

/* The history file. Context: process; storms_lock held. */
void storm_history_show(struct seq_file *m)
{
	unsigned int i;

	seq_puts(m, "# storm time_ns cpu context actor slot object life event nr result held owned moving mode dying count times\n");
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
		seq_printf(m, " slot=%u object=%u life=%u event=%s nr=%u result=%d",
			   note->slot, note->generation, note->life, note_names[note->what],
			   note->nr, note->result);
		storm_history_show_look(m, note);
		if (note->times)
			seq_printf(m, " times=%u\n", note->times);
		else
			seq_puts(m, " times=-\n");
	}
}
