// SPDX-License-Identifier: GPL-2.0
/* The results of the benchmark: lines of text, which the bench file shows. */
#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>

#include "bench.h"
#include "bench_internal.h"

#define BENCH_TEXT_BYTES 16384

static DEFINE_MUTEX(bench_text_lock);	/* protects the text and its length */
static char bench_text[BENCH_TEXT_BYTES];
static size_t bench_text_len;

/* Number of the last run; bench_run_alone() lets one task at a time write it. */
static u32 bench_run_nr;

/* The number of the run, for the bench file, results of commands and names of threads. */
u32 bench_run(void)
{
	return bench_run_nr;
}

/* Add a line, or a part of one, to the bench file. A text that does not fit is a bug. */
void bench_line(const char *fmt, ...)
{
	va_list args;

	mutex_lock(&bench_text_lock);
	va_start(args, fmt);
	bench_text_len += vscnprintf(bench_text + bench_text_len,
				     BENCH_TEXT_BYTES - bench_text_len, fmt, args);
	va_end(args);
	WARN_ON_ONCE(bench_text_len == BENCH_TEXT_BYTES - 1);
	mutex_unlock(&bench_text_lock);
}

/* Begin a run: its results replace those of the last run. */
void bench_result_begin(const char *clock, const char *source)
{
	mutex_lock(&bench_text_lock);
	bench_text_len = 0;
	mutex_unlock(&bench_text_lock);
	bench_line("run=%u clock=%s source=%s possible_cpus=%u\n", ++bench_run_nr, clock, source,
		   num_possible_cpus());
}

/* Add a line with a value, which has as many decimals as it needs, three at most. */
void bench_result(const struct rs_provider *provider, const char *operation,
		  unsigned int cpus, const char *unit, u64 thousandths)
{
	unsigned int decimals = thousandths % 1000;
	char fraction[8] = "";

	if (decimals)
		scnprintf(fraction, sizeof(fraction), ".%03u", decimals);
	bench_line("result=%s provider=%s cpus=%u unit=%s value=%llu%s\n", operation,
		   provider->name, cpus, unit, thousandths / 1000, fraction);
}

/* The bench file: results of the last run, or those of the current run so far. */
void bench_show(struct seq_file *m)
{
	mutex_lock(&bench_text_lock);
	seq_write(m, bench_text, bench_text_len);
	mutex_unlock(&bench_text_lock);
}
