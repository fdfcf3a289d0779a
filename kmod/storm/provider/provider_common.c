// SPDX-License-Identifier: GPL-2.0
/* Operations that several providers share, and what the providers in C++ call. */
#include <linux/bits.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include <refstorm/abi.h>
#include <refstorm/sealed_ref.h>

#include "provider.h"
#include "provider_bench.h"

/* @kill of a provider whose kill is no more than the put of the owner's reference */
bool provider_kill_by_put(struct rs_counter *counter, bool confirm)
{
	counter->provider->put(counter, 1);
	return true;
}

/* @inspect of a provider whose counter is one 32-bit word, which reads @count */
void provider_word_state(struct rs_counter *counter, u32 count, struct rs_counter_state *state)
{
	*state = (struct rs_counter_state) {
		.countable	= true,
		.count		= count,
		.zero		= !count,
		.saturated	= counter->provider->saturates && count > RS_REFCOUNT_MAX,
		.word		= (s32)count,
		.whole		= true,
	};
}

/*
 * @read_slot of a provider whose counter has its @slots allocated. A violated counter may lose
 * them at any time, so a fault is an answer.
 */
bool provider_read_slot(const unsigned long __percpu *slots, int cpu, s64 *value)
{
	return slots && !copy_from_kernel_nofault(value, per_cpu_ptr(slots, cpu), sizeof(*value));
}

/* @read_slot of rs_sealed_ref's providers: an open slot is about 2^62, a sealed one below zero */
bool provider_read_sealed_slot(const s64 __percpu *slots, int cpu, s64 *value)
{
	if (!provider_read_slot((const unsigned long __percpu *)slots, cpu, value) || *value < 0)
		return false;
	*value -= BIT_ULL(62);
	return true;
}

/* @read_rounds of the providers of rs_sealed_ref, whose counters share their rounds */
void provider_read_sealed_rounds(struct rs_counter_rounds *rounds)
{
	struct rs_sealed_ref_rounds sealed;

	rs_sealed_ref_read_rounds(&sealed);
	*rounds = (struct rs_counter_rounds) { sealed.rounds, sealed.interrupts };
}

/* kmod/cxx/providers.cc uses the rest, and casts a struct rs_counter to the counter in it. */
static_assert(!offsetof(struct rs_counter, storage));

DEFINE_SPINLOCK(rs_bench_lock);

/* Call a counter's release. Context: that of a put. */
void rs_counter_released(struct rs_counter *counter)
{
	counter->release(counter);
}

/* Drop rs_bench_lock, which the caller holds, and call a counter's release. */
void rs_counter_released_locked(struct rs_counter *counter) __releases(&rs_bench_lock)
{
	spin_unlock(&rs_bench_lock);
	counter->release(counter);
}

/* Call a counter's confirmation. Context: softirq or that of a kill. */
void rs_counter_confirmed(struct rs_counter *counter)
{
	counter->confirm(counter);
}
