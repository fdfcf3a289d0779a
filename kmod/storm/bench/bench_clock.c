// SPDX-License-Identifier: GPL-2.0
/*
 * The clocks of the benchmark, as far as the machine has them.
 *
 * Under QEMU's -icount shift=0 the guest's TSC advances by one for each instruction. QEMU does
 * not tell the guest, so bench_clock_tsc_counts_instructions() measures a loop of two
 * instructions. If every turn takes exactly two ticks, the TSC counts instructions. A real CPU
 * runs such a loop in one cycle per turn, and less evenly.
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

static struct perf_event *bench_clock_event;

static int bench_clock_perf_begin(const struct bench_clock *clock)
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
	bench_clock_event = created;
	return 0;
}

static u64 bench_clock_perf_read(void)
{
	u64 enabled, running;

	return perf_event_read_value(bench_clock_event, &enabled, &running);
}

static void bench_clock_perf_end(void)
{
	perf_event_release_kernel(bench_clock_event);
	bench_clock_event = NULL;
}

#ifdef CONFIG_X86

static u64 bench_clock_tsc_read(void)
{
	return rdtsc_ordered();
}

static u64 bench_clock_tsc_ticks(unsigned long turns)
{
	u64 start = bench_clock_tsc_read();

	asm volatile("1: dec %0\n\t"
		     "jnz 1b" : "+r" (turns) : : "cc");
	return bench_clock_tsc_read() - start;
}

static bool bench_clock_tsc_counts_instructions(void)
{
	bool exact = true;
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	for (i = 1; i <= 16 && exact; i++)
		exact = bench_clock_tsc_ticks(300 * i) - bench_clock_tsc_ticks(100 * i) == 400 * i;
	local_irq_restore(flags);
	return exact;
}

static int bench_clock_tsc_begin(const struct bench_clock *clock)
{
	bool instructions = clock->kind == CLOCK_INSTRUCTIONS;

	if (!boot_cpu_has(X86_FEATURE_TSC))
		return -ENODEV;
	return bench_clock_tsc_counts_instructions() == instructions ? 0 : -ENODEV;
}

#endif /* CONFIG_X86 */

static int bench_clock_ktime_begin(const struct bench_clock *clock)
{
	return 0;
}

/* In order of preference, for CLOCK_AUTO. */
static const struct bench_clock clocks[] = {
	{
		.kind		= CLOCK_INSTRUCTIONS,
		.source		= "perf",
		.unit		= "instructions",
		.begin		= bench_clock_perf_begin,
		.read		= bench_clock_perf_read,
		.end		= bench_clock_perf_end,
		.perf_type	= PERF_TYPE_HARDWARE,
		.perf_config	= PERF_COUNT_HW_INSTRUCTIONS,
	},
	{
		.kind		= CLOCK_CYCLES,
		.source		= "perf",
		.unit		= "cycles",
		.begin		= bench_clock_perf_begin,
		.read		= bench_clock_perf_read,
		.end		= bench_clock_perf_end,
		.perf_type	= PERF_TYPE_HARDWARE,
		.perf_config	= PERF_COUNT_HW_CPU_CYCLES,
	},
#ifdef CONFIG_X86
	{
		.kind		= CLOCK_INSTRUCTIONS,
		.source		= "icount",
		.unit		= "instructions",
		.irqs_off	= true,
		.begin		= bench_clock_tsc_begin,
		.read		= bench_clock_tsc_read,
	},
	{
		.kind		= CLOCK_CYCLES,
		.source		= "tsc",
		.unit		= "cycles",
		.irqs_off	= true,
		.begin		= bench_clock_tsc_begin,
		.read		= bench_clock_tsc_read,
	},
#endif
	{
		.kind		= CLOCK_NS,
		.source		= "ktime",
		.unit		= "ns",
		.irqs_off	= true,
		.begin		= bench_clock_ktime_begin,
		.read		= ktime_get_ns,
	},
	{
		.kind		= CLOCK_CPU_CLOCK,
		.source		= "perf",
		.unit		= "ns",
		.begin		= bench_clock_perf_begin,
		.read		= bench_clock_perf_read,
		.end		= bench_clock_perf_end,
		.perf_type	= PERF_TYPE_SOFTWARE,
		.perf_config	= PERF_COUNT_SW_CPU_CLOCK,
	},
};

/**
 * bench_clock_begin - find a clock and start it
 * @kind: kind of the clock
 *
 * Context: process; the caller stays on this CPU until bench_clock_end().
 * Return: the clock, or NULL if the machine has no clock of @kind.
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
