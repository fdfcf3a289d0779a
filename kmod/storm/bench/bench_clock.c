// SPDX-License-Identifier: GPL-2.0
/*
 * The clocks of the benchmark: whichever the machine has.
 *
 * Under QEMU's -icount shift=0 the guest's time advances by one nanosecond for
 * each instruction, and so does the TSC. Nothing tells the guest. So we look: if a
 * loop of two instructions takes exactly two ticks a turn, again and again, the
 * TSC counts instructions. Silicon runs such a loop in a cycle, and never as
 * evenly.
 */
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/perf_event.h>
#include <linux/smp.h>

#include "bench_internal.h"

const char * const bench_clock_names[] = {
	[CLOCK_AUTO]		= "auto",
	[CLOCK_INSTRUCTIONS]	= "instructions",
	[CLOCK_CYCLES]		= "cycles",
	[CLOCK_CPU_CLOCK]	= "cpu_clock",
	[CLOCK_NS]		= "ns",
	[CLOCK_KIND_NR]		= NULL,
};

static struct perf_event *event;

static int perf_begin(const struct bench_clock *clock)
{
	struct perf_event_attr attr = {
		.type		= clock->perf_type,
		.config		= clock->perf_config,
		.size		= sizeof(attr),
		.pinned		= 1,
		.exclude_user	= 1,
		.exclude_hv	= 1,
	};
	struct perf_event *created;

	created = perf_event_create_kernel_counter(&attr, raw_smp_processor_id(), NULL,
						   NULL, NULL);
	if (IS_ERR(created))
		return PTR_ERR(created);
	event = created;
	return 0;
}

static u64 perf_read(void)
{
	u64 enabled, running;

	return perf_event_read_value(event, &enabled, &running);
}

static void perf_end(void)
{
	perf_event_release_kernel(event);
	event = NULL;
}

#ifdef CONFIG_X86

static u64 tsc_read(void)
{
	return rdtsc_ordered();
}

static u64 ticks_of_turns(unsigned long turns)
{
	u64 start = tsc_read();

	asm volatile("1: dec %0\n\t"
		     "jnz 1b" : "+r" (turns) : : "cc");
	return tsc_read() - start;
}

static bool tsc_counts_instructions(void)
{
	bool exact = true;
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	for (i = 1; i <= 16 && exact; i++)
		exact = ticks_of_turns(300 * i) - ticks_of_turns(100 * i) == 400 * i;
	local_irq_restore(flags);
	return exact;
}

static int tsc_begin(const struct bench_clock *clock)
{
	bool wanted = clock->kind == CLOCK_INSTRUCTIONS;

	if (!boot_cpu_has(X86_FEATURE_TSC))
		return -ENODEV;
	return tsc_counts_instructions() == wanted ? 0 : -ENODEV;
}

#endif /* CONFIG_X86 */

static int ktime_begin(const struct bench_clock *clock)
{
	return 0;
}

/* Better ones first. */
static const struct bench_clock clocks[] = {
	{
		.kind		= CLOCK_INSTRUCTIONS,
		.source		= "perf",
		.unit		= "instructions",
		.begin		= perf_begin,
		.read		= perf_read,
		.end		= perf_end,
		.perf_type	= PERF_TYPE_HARDWARE,
		.perf_config	= PERF_COUNT_HW_INSTRUCTIONS,
	},
	{
		.kind		= CLOCK_CYCLES,
		.source		= "perf",
		.unit		= "cycles",
		.begin		= perf_begin,
		.read		= perf_read,
		.end		= perf_end,
		.perf_type	= PERF_TYPE_HARDWARE,
		.perf_config	= PERF_COUNT_HW_CPU_CYCLES,
	},
#ifdef CONFIG_X86
	{
		.kind		= CLOCK_INSTRUCTIONS,
		.source		= "icount",
		.unit		= "instructions",
		.irqs_off	= true,
		.begin		= tsc_begin,
		.read		= tsc_read,
	},
	{
		.kind		= CLOCK_CYCLES,
		.source		= "tsc",
		.unit		= "cycles",
		.irqs_off	= true,
		.begin		= tsc_begin,
		.read		= tsc_read,
	},
#endif
	{
		.kind		= CLOCK_NS,
		.source		= "ktime",
		.unit		= "ns",
		.irqs_off	= true,
		.begin		= ktime_begin,
		.read		= ktime_get_ns,
	},
	{
		.kind		= CLOCK_CPU_CLOCK,
		.source		= "perf",
		.unit		= "ns",
		.begin		= perf_begin,
		.read		= perf_read,
		.end		= perf_end,
		.perf_type	= PERF_TYPE_SOFTWARE,
		.perf_config	= PERF_COUNT_SW_CPU_CLOCK,
	},
};

/**
 * bench_clock_begin - find a clock and make it ready
 * @kind: what it is to count
 *
 * Context: process; the caller stays on this CPU until bench_clock_end().
 * Return: the clock, or NULL if the machine has none.
 */
const struct bench_clock *bench_clock_begin(enum bench_clock_kind kind)
{
	const struct bench_clock *clock;

	for (clock = clocks; clock < clocks + ARRAY_SIZE(clocks); clock++)
		if ((kind == CLOCK_AUTO || kind == clock->kind) && !clock->begin(clock))
			return clock;
	return NULL;
}

void bench_clock_end(const struct bench_clock *clock)
{
	if (clock->end)
		clock->end();
}
