// SPDX-License-Identifier: GPL-2.0
/* Many counters at once, for the benchmarks that need them; of one run at a time. */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "bench_internal.h"

/* Not released yet, of those that are being killed. */
static atomic_t left;
static DECLARE_COMPLETION(all_released);

static void released(struct rs_counter *counter)
{
	if (atomic_dec_and_test(&left))
		complete(&all_released);
}

static void confirmed(struct rs_counter *counter)
{
}

/**
 * bench_counters_begin - begin counters, each with a reference of the owner's
 * @counters: the counters
 * @provider: of what kind
 * @nr: how many
 * @flags: of enum rs_counter_init
 *
 * Context: process.
 * Return: 0, or -ENOMEM or -EINTR and there are none.
 */
int bench_counters_begin(struct rs_counter *counters, const struct rs_provider *provider,
			 unsigned int nr, unsigned int flags)
{
	unsigned int i;
	int ret;

	for (i = 0; i < nr; i++) {
		counters[i] = (struct rs_counter) {
			.provider	= provider,
			.release	= released,
			.confirm	= confirmed,
		};
		ret = signal_pending(current) ? -EINTR :
		      provider->init(&counters[i], 1, flags);
		if (ret) {
			bench_counters_kill(counters, i);
			bench_counters_end(counters, i);
			return ret;
		}
		cond_resched_tasks_rcu_qs();
	}
	return 0;
}

/* Kill those that nobody holds a reference of, and wait for their releases. */
void bench_counters_kill(struct rs_counter *counters, unsigned int nr)
{
	unsigned int i;

	if (!nr)
		return;
	atomic_set(&left, nr);
	reinit_completion(&all_released);
	for (i = 0; i < nr; i++) {
		counters[i].provider->kill(&counters[i], false);
		cond_resched_tasks_rcu_qs();
	}
	wait_for_completion(&all_released);
	/* release() of the last may still be returning from our function. */
	synchronize_rcu();
}

void bench_counters_end(struct rs_counter *counters, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (counters[i].provider->exit)
			counters[i].provider->exit(&counters[i]);
}
