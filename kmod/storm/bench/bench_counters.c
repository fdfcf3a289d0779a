// SPDX-License-Identifier: GPL-2.0
/* The counters that a run of the benchmark measures: one, or many at once. */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "bench_internal.h"

#define SETTLE_PAIRS	8192	/* of get and put; more than a dynamic counter's threshold */
#define SETTLE_MS	2000

/* Counters of the current run that bench_counters_kill() kills, and that are not released yet */
static atomic_t bench_counters_left;
static DECLARE_COMPLETION(bench_counters_all_released);

static void bench_counters_released(struct rs_counter *counter)
{
	if (atomic_dec_and_test(&bench_counters_left))
		complete(&bench_counters_all_released);
}

static void bench_counters_confirmed(struct rs_counter *counter)
{
}

/**
 * bench_counters_begin - initialise counters, each with one reference of its owner
 * @counters: the counters
 * @provider: kind of the counters
 * @nr: number of counters
 * @atomic: the counters begin, and stay, in atomic mode if the provider has modes
 *
 * Context: process.
 * Return: 0; -ENOMEM or -EINTR if no counter is initialised.
 */
int bench_counters_begin(struct rs_counter *counters, const struct rs_provider *provider,
			 unsigned int nr, bool atomic)
{
	unsigned int i;
	int ret;

	for (i = 0; i < nr; i++) {
		counters[i] = (struct rs_counter) {
			.provider	= provider,
			.release	= bench_counters_released,
			.confirm	= bench_counters_confirmed,
		};
		ret = signal_pending(current) ? -EINTR :
		      provider->init(&counters[i], 1,
				     provider->modes && atomic ? RS_COUNTER_INIT_ATOMIC : 0);
		if (ret) {
			bench_counters_kill(counters, i);
			bench_counters_exit(counters, i);
			return ret;
		}
		cond_resched_tasks_rcu_qs();
	}
	return 0;
}

/* Kill counters of which only the owner holds a reference, and wait until all are released. */
void bench_counters_kill(struct rs_counter *counters, unsigned int nr)
{
	unsigned int i;

	if (!nr)
		return;
	atomic_set(&bench_counters_left, nr);
	reinit_completion(&bench_counters_all_released);
	for (i = 0; i < nr; i++) {
		counters[i].provider->kill(&counters[i], false);
		cond_resched_tasks_rcu_qs();
	}
	wait_for_completion(&bench_counters_all_released);
	/* bench_counters_released() may still be running for the last counter. */
	synchronize_rcu();
}

/* End counters that bench_counters_kill() has killed. */
void bench_counters_exit(struct rs_counter *counters, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (counters[i].provider->exit)
			counters[i].provider->exit(&counters[i]);
}

/* Whether a counter is in the mode that is to be measured. */
bool bench_counter_is_settled(struct rs_counter *counter, bool atomic)
{
	struct rs_counter_state state;

	if (!counter->provider->modes)
		return true;
	counter->provider->inspect(counter, &state);
	return state.mode == (atomic ? RS_COUNTER_ATOMIC : RS_COUNTER_PERCPU);
}

/*
 * Wait until a counter is in the mode that is to be measured. A dynamic counter switches to
 * per-CPU mode when it is used. Return: 0, -EINTR, or -EAGAIN.
 */
int bench_counter_settle(struct rs_counter *counter, bool atomic)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(SETTLE_MS);

	while (!bench_counter_is_settled(counter, atomic)) {
		unsigned int i;

		if (signal_pending(current))
			return -EINTR;
		if (time_after(jiffies, deadline))
			return -EAGAIN;
		for (i = 0; i < SETTLE_PAIRS; i++) {
			counter->provider->get(counter, 1);
			counter->provider->put(counter, 1);
		}
		usleep_range(1000, 2000);
	}
	return 0;
}
