// SPDX-License-Identifier: GPL-2.0
/*
 * What the functions of rs_percpu_ref and rs_sealed_ref have in common. Context,
 * ordering and return values are theirs: see percpu_ref.c.
 */
#include "percpu_dynamic.h"
#include "percpu_handle.h"
#include "percpu_track.h"
#include "warn.h"

#define INIT_FLAGS (RS_PERCPU_REF_INIT_ATOMIC | RS_PERCPU_REF_INIT_DEAD |	\
		    RS_PERCPU_REF_ALLOW_REINIT | RS_PERCPU_REF_DYNAMIC |	\
		    RS_PERCPU_REF_INIT_TRACKED)

/**
 * percpu_handle_init - begin a counter
 * @handle: of the counter
 * @engine: how it counts
 * @ref: the counter; its fast path sees the slots, or none, when this returns
 * @release: called when the last reference is dropped
 * @flags: of enum rs_percpu_ref_init_flags
 * @gfp: how to allocate
 *
 * Return: 0, -ENOMEM, or -EINVAL for unknown @flags or no @release; the counter
 * is as after exit then.
 */
int percpu_handle_init(percpu_handle_t *handle, const struct percpu_engine *engine,
		       void *ref, struct percpu_callback *release, unsigned int flags,
		       gfp_t gfp)
{
	bool dynamic = flags & RS_PERCPU_REF_DYNAMIC;
	struct percpu_block *block = NULL;
	struct rs_percpu_count *count;

	RCU_INIT_POINTER(*handle, engine->exited);

	if (!release || flags & ~INIT_FLAGS)
		return -EINVAL;

	count = percpu_count_alloc(engine, dynamic, gfp);
	if (!count)
		return -ENOMEM;
	if (dynamic) {
		percpu_dynamic_init(count);
	} else {
		block = engine->alloc(gfp);
		if (!block)
			goto free;
	}
	count->ref = ref;
	count->release = release;
	count->force_atomic = flags & RS_PERCPU_REF_INIT_ATOMIC;
	count->allow_reinit = flags & (RS_PERCPU_REF_INIT_ATOMIC | RS_PERCPU_REF_INIT_DEAD |
				       RS_PERCPU_REF_ALLOW_REINIT);
	atomic64_set(&count->word, flags & RS_PERCPU_REF_INIT_DEAD ? COUNT_DEAD : 1);
	if (flags & RS_PERCPU_REF_INIT_TRACKED && percpu_track_init(count, gfp))
		goto discard;
	percpu_count_attach(count, block);
	percpu_count_try_open(count);

	/* The counter itself is published by its owner. */
	RCU_INIT_POINTER(*handle, count);
	return 0;

discard:
	engine->discard(block);
free:
	percpu_count_free(count);
	return -ENOMEM;
}

/* End a counter; nothing happens to one that was ended, or is zeroed memory. */
void percpu_handle_exit(percpu_handle_t *handle)
{
	struct rs_percpu_count *count = own_count(handle);

	if (count && count != count->engine->exited)
		percpu_count_exit(count, handle);
}

/* Has anybody taken or dropped a reference, changed the mode, or killed it? */
static bool percpu_handle_was_used(struct rs_percpu_count *count)
{
	unsigned long flags;
	bool used;
	u64 word;

	/* The work of a dynamic count may give its slots back meanwhile. */
	raw_spin_lock_irqsave(&count->lock, flags);
	word = atomic64_read(&count->word);
	used = count->engine->used(count) ||
	       (word & ~(COUNT_BIAS | COUNT_TRACKED)) != (word & COUNT_DEAD ? COUNT_DEAD : 1);
	raw_spin_unlock_irqrestore(&count->lock, flags);
	return used;
}

/* The same as exit for a counter that was never used; warns if it was. */
void percpu_handle_cancel_init(percpu_handle_t *handle)
{
	struct rs_percpu_count *count = own_count(handle);

	if (!count || count == count->engine->exited)
		return;
	if (percpu_handle_was_used(count))
		rsref_warn_once(WARN_PERCPU_REF_CANCEL,
				"%s: cancel_init of a counter that was used (%ps).\n",
				count->engine->name, count->release);
	percpu_handle_exit(handle);
}

bool percpu_handle_kill(percpu_handle_t *handle, struct percpu_callback *confirm,
			enum percpu_kill how)
{
	bool first;

	rcu_read_lock();
	first = percpu_count_kill(count_of(handle), confirm, how);
	rcu_read_unlock();
	return first;
}

int percpu_handle_resurrect(percpu_handle_t *handle)
{
	struct rs_percpu_count *count = own_count(handle);
	int ret = percpu_count_resurrect(count, NULL);

	if (ret)
		rsref_warn_once(WARN_PERCPU_REF_RESURRECT,
				"%s: resurrect of a counter that is alive, or was not allowed to be (%ps).\n",
				count->engine->name, count->release);
	return ret;
}

int percpu_handle_reinit(percpu_handle_t *handle)
{
	struct rs_percpu_count *count = own_count(handle);
	bool nonzero;
	int ret = percpu_count_resurrect(count, &nonzero);

	if (ret && nonzero)
		rsref_warn_once(WARN_PERCPU_REF_REINIT,
				"%s: reinit of a counter that is not zero (%ps).\n",
				count->engine->name, count->release);
	else if (ret)
		rsref_warn_once(WARN_PERCPU_REF_RESURRECT,
				"%s: resurrect of a counter that is alive, or was not allowed to be (%ps).\n",
				count->engine->name, count->release);
	return ret;
}

/* Return: 0, or -EINVAL if the counter is not a dynamic one. */
int percpu_handle_set_threshold(percpu_handle_t *handle, unsigned int threshold)
{
	struct rs_percpu_count *count = own_count(handle);

	if (!percpu_count_is_dynamic(count))
		return -EINVAL;
	percpu_dynamic_set_threshold(count, threshold);
	return 0;
}

/* The word. Ordering: ACQUIRE. */
u64 percpu_handle_read(percpu_handle_t *handle)
{
	u64 word;

	rcu_read_lock();
	word = atomic64_read_acquire(&count_of(handle)->word);
	rcu_read_unlock();
	return word;
}

/* Look at a counter at one instant, for people. */
void percpu_handle_inspect(percpu_handle_t *handle, struct rs_percpu_ref_state *state)
{
	u64 word = percpu_handle_read(handle);

	state->dying = word & COUNT_DEAD;
	state->saturated = count_is_saturated(word);
	state->count = word & COUNT_REFS;
	if (word & COUNT_SWITCHING)
		state->mode = RS_PERCPU_REF_SWITCHING;
	else if (count_is_biased(word))
		state->mode = RS_PERCPU_REF_PERCPU;
	else
		state->mode = RS_PERCPU_REF_ATOMIC;
}
