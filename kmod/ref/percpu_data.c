// SPDX-License-Identifier: GPL-2.0
/*
 * The functions of <refstorm/percpu_common.h> that do not change the mode, and the beginning of
 * every per-CPU counter. <refstorm/percpu_ref.h> says what each function does.
 */
#include <linux/export.h>

#include "percpu_data.h"
#include "percpu_dynamic.h"
#include "percpu_track.h"
#include "warn.h"

#define INIT_FLAGS (RS_PERCPU_REF_INIT_ATOMIC | RS_PERCPU_REF_INIT_DEAD |	\
		    RS_PERCPU_REF_ALLOW_REINIT | RS_PERCPU_REF_DYNAMIC |	\
		    RS_PERCPU_REF_INIT_TRACKED)

/**
 * percpu_data_init - begin a counter
 * @data: of the counter
 * @engine: how it counts
 * @ref: the counter; when init returns, its fast path has slots, or knows that it has none
 * @release: called when the last reference is dropped
 * @flags: of enum rs_percpu_ref_init_flags
 * @gfp: how to allocate
 *
 * Return: 0, -ENOMEM, or -EINVAL for unknown @flags or no @release; on error the counter is
 * as after exit.
 */
int percpu_data_init(struct rs_percpu_data *data, const struct percpu_engine *engine,
		     void *ref, struct __rs_percpu_callback *release, unsigned int flags,
		     gfp_t gfp)
{
	bool dynamic = flags & RS_PERCPU_REF_DYNAMIC;
	struct percpu_block *block = NULL;
	struct rs_percpu_count *count;

	RCU_INIT_POINTER(data->count, engine->exited);

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

	/* The owner publishes the counter. */
	RCU_INIT_POINTER(data->count, count);
	return 0;

discard:
	engine->discard(block);
free:
	percpu_count_free(count);
	return -ENOMEM;
}

/* Did any user take or drop a reference, change the mode, or kill the counter? */
static bool percpu_data_was_used(struct rs_percpu_count *count)
{
	unsigned long flags;
	bool used;
	u64 word;

	/* The work of a dynamic count may take its slots away. */
	raw_spin_lock_irqsave(&count->lock, flags);
	word = atomic64_read(&count->word);
	used = count->engine->used(count) ||
	       (word & ~(COUNT_BIAS | COUNT_TRACKED)) != (word & COUNT_DEAD ? COUNT_DEAD : 1);
	raw_spin_unlock_irqrestore(&count->lock, flags);
	return used;
}

/**
 * __rs_percpu_count_cancel_init - rs_percpu_ref_cancel_init() of either counter
 * @data: of the counter
 *
 * Context: any but NMI.
 */
void __rs_percpu_count_cancel_init(struct rs_percpu_data *data)
{
	struct rs_percpu_count *count = percpu_data_owner_count(data);

	if (!count || count == count->engine->exited)
		return;
	if (percpu_data_was_used(count))
		rsref_warn_once(WARN_PERCPU_REF_CANCEL,
				"%s: cancel_init of a counter that was used (%ps).\n",
				count->engine->name, count->release);
	__rs_percpu_count_exit(data);
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_cancel_init);

static void percpu_data_warn_alive(const struct rs_percpu_count *count)
{
	rsref_warn_once(WARN_PERCPU_REF_RESURRECT,
			"%s: resurrect of a counter that is alive, or was not allowed to be (%ps).\n",
			count->engine->name, count->release);
}

/**
 * __rs_percpu_count_resurrect - rs_percpu_ref_resurrect() of either counter
 * @data: of the counter
 *
 * Context and return value as for that.
 */
int __rs_percpu_count_resurrect(struct rs_percpu_data *data)
{
	struct rs_percpu_count *count = percpu_data_owner_count(data);
	int ret = percpu_count_resurrect(count, NULL);

	if (ret)
		percpu_data_warn_alive(count);
	return ret;
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_resurrect);

/**
 * __rs_percpu_count_reinit - rs_percpu_ref_reinit() of either counter
 * @data: of the counter
 *
 * Context and return value as for that.
 */
int __rs_percpu_count_reinit(struct rs_percpu_data *data)
{
	struct rs_percpu_count *count = percpu_data_owner_count(data);
	bool nonzero;
	int ret = percpu_count_resurrect(count, &nonzero);

	if (ret && nonzero)
		rsref_warn_once(WARN_PERCPU_REF_REINIT,
				"%s: reinit of a counter that is not zero (%ps).\n",
				count->engine->name, count->release);
	else if (ret)
		percpu_data_warn_alive(count);
	return ret;
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_reinit);

/**
 * __rs_percpu_count_set_threshold - rs_percpu_ref_set_threshold() of either counter
 * @data: of the counter
 * @threshold: gets within a second that make it per-CPU
 *
 * Context and return value as for that.
 */
int __rs_percpu_count_set_threshold(struct rs_percpu_data *data, unsigned int threshold)
{
	struct rs_percpu_count *count = percpu_data_owner_count(data);

	if (!percpu_count_is_dynamic(count))
		return -EINVAL;
	percpu_dynamic_set_threshold(count, threshold);
	return 0;
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_set_threshold);

/* The word. Ordering: ACQUIRE. */
static u64 percpu_data_read(const struct rs_percpu_data *data)
{
	u64 word;

	rcu_read_lock();
	word = atomic64_read_acquire(&percpu_data_count(data)->word);
	rcu_read_unlock();
	return word;
}

/**
 * __rs_percpu_count_is_zero - rs_percpu_ref_is_zero() of either counter
 * @data: of the counter
 *
 * Context, ordering and return value as for that.
 */
bool __rs_percpu_count_is_zero(struct rs_percpu_data *data)
{
	return count_is_zero(percpu_data_read(data));
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_is_zero);

/**
 * __rs_percpu_count_is_dying - rs_percpu_ref_is_dying() of either counter
 * @data: of the counter
 *
 * Context and return value as for that.
 */
bool __rs_percpu_count_is_dying(struct rs_percpu_data *data)
{
	return percpu_data_read(data) & COUNT_DEAD;
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_is_dying);

/**
 * __rs_percpu_count_inspect - rs_percpu_ref_inspect() of either counter
 * @data: of the counter
 * @state: where to write what was seen
 *
 * Context: as for that.
 */
void __rs_percpu_count_inspect(struct rs_percpu_data *data, struct rs_percpu_ref_state *state)
{
	u64 word = percpu_data_read(data);

	state->dying = word & COUNT_DEAD;
	state->saturated = count_is_saturated(word);
	state->collected = !count_is_biased(word);
	state->count = word & COUNT_REFS;
	if (word & COUNT_SWITCHING)
		state->mode = RS_PERCPU_REF_SWITCHING;
	else if (count_is_biased(word))
		state->mode = RS_PERCPU_REF_PERCPU;
	else
		state->mode = RS_PERCPU_REF_ATOMIC;
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_inspect);
