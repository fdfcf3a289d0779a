// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle file: the run, its intended differences, its cells, and, if the counters
 * differed otherwise, the shrunk sequence.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/time64.h>

#include "oracle_internal.h"

static const char * const oracle_field_names[FIELD_NR] = {
	[FIELD_RET]		= "ret",
	[FIELD_OLD]		= "old",
	[FIELD_LOCKED]		= "locked",
	[FIELD_COUNT]		= "count",
	[FIELD_MODE]		= "mode",
	[FIELD_DYING]		= "dying",
	[FIELD_ZERO]		= "zero",
	[FIELD_RELEASED]	= "released",
	[FIELD_CONFIRMED]	= "confirmed",
	[FIELD_ORDER]		= "order",
};

static const char * const oracle_when_names[] = {
	[WHEN_BEGIN]	= "begin",
	[WHEN_MIDDLE]	= "middle",
	[WHEN_TAIL]	= "tail",
	[WHEN_SETTLE]	= "settle",
	[WHEN_SEGMENT]	= "segment",
	[WHEN_CONCURRENT] = "concurrent",
};

static const char *oracle_show_op(const struct oracle_subject *subject,
				  const struct oracle_step *step)
{
	if (step->when == WHEN_SETTLE || step->when == WHEN_SEGMENT)
		return oracle_when_names[step->when];
	return subject->ops[step->op].name;
}

/* Count the cells that were reached too seldom. */
static u64 oracle_show_thin_cells(const struct oracle_subject *subject,
				  const struct oracle_result *result, u64 *reachable)
{
	unsigned int op, state;
	u64 thin = 0;

	*reachable = 0;
	for (op = 0; op < subject->nr_ops; op++) {
		for (state = 0; state < subject->nr_states; state++) {
			if (!(subject->ops[op].states & BIT(state)))
				continue;
			++*reachable;
			thin += READ_ONCE(result->cells[op][state]) < ORACLE_CELL_MIN;
		}
	}
	return thin;
}

/* Count the cells that were never in a segment that overlapped. */
static u64 oracle_show_apart_cells(const struct oracle_subject *subject,
				   const struct oracle_result *result, u64 *reachable)
{
	unsigned int op, state;
	u64 apart = 0;

	*reachable = 0;
	for (op = 0; op < subject->nr_ops; op++) {
		for (state = 0; state < subject->nr_states; state++) {
			if (!(subject->ops[op].concurrent & BIT(state)))
				continue;
			++*reachable;
			apart += !READ_ONCE(result->concurrent[op][state]);
		}
	}
	return apart;
}

/* Return: NULL if the run did all that it should; else the verdict, with its reason in @buf. */
const char *oracle_unproven(const struct oracle_subject *subject,
			    const struct oracle_result *result, char *buf, size_t size)
{
	u64 reachable, thin = oracle_show_thin_cells(subject, result, &reachable);
	unsigned int i;

	if (thin) {
		scnprintf(buf, size, "%llu of %llu cells were reached less than %d times",
			  thin, reachable, ORACLE_CELL_MIN);
		return "unproven";
	}
	for (i = 0; i < subject->nr_differences; i++) {
		if (!(result->listed & BIT(i)) || result->differences[i])
			continue;
		scnprintf(buf, size, "difference %s did not come",
			  subject->differences[i].name);
		return "unproven";
	}
	if (!result->lockstep && !result->overlapped && result->cpus > 1) {
		scnprintf(buf, size, "none of %llu concurrent segments overlapped",
			  result->segments);
		return "unproven";
	}
	return NULL;
}

static void oracle_show_run(struct seq_file *m, const struct oracle_subject *subject,
			    const struct oracle_result *result)
{
	u64 reachable, thin = oracle_show_thin_cells(subject, result, &reachable);
	u64 together, apart = oracle_show_apart_cells(subject, result, &together);

	seq_printf(m, "run=%u counter=%s state=%s seed=%llu steps=%llu sequences=%llu elapsed_ms=%llu cells=%llu cells_thin=%llu verdict=%s",
		   result->run, subject->name, result->running ? "running" : "done",
		   result->seed, READ_ONCE(result->steps), READ_ONCE(result->sequences),
		   div_u64(READ_ONCE(result->elapsed_ns), NSEC_PER_MSEC), reachable, thin,
		   result->running ? "-" : result->verdict);
	if (result->detail[0] && !result->running)
		seq_printf(m, " detail=\"%s\"", result->detail);
	else
		seq_puts(m, " detail=-");
	seq_printf(m, " cpus=%u segments=%llu overlapped=%llu", result->cpus,
		   READ_ONCE(result->segments), READ_ONCE(result->overlapped));
	seq_printf(m, " concurrent_cells=%llu concurrent_cells_apart=%llu\n", together, apart);
}

static void oracle_show_differences(struct seq_file *m, const struct oracle_subject *subject,
				    const struct oracle_result *result)
{
	unsigned int i;

	for (i = 0; i < subject->nr_differences; i++)
		seq_printf(m, "difference=%s counter=%s holds=%u listed=%u seen=%llu row=\"%s\"\n",
			   subject->differences[i].name, subject->name,
			   !!(result->holds & BIT(i)), !!(result->listed & BIT(i)),
			   READ_ONCE(result->differences[i]),
			   subject->differences[i].row);
}

typedef u64 (cells_t)[ORACLE_OPS_MAX][ORACLE_STATES_MAX];

static void oracle_show_row(struct seq_file *m, const char *kind,
			    const struct oracle_subject *subject, unsigned int op,
			    u32 reachable, const cells_t *cells)
{
	unsigned int state;

	seq_printf(m, "%s=%s counter=%s", kind, subject->ops[op].name, subject->name);
	for (state = 0; state < subject->nr_states; state++) {
		if (reachable & BIT(state))
			seq_printf(m, " %s=%llu", subject->states[state],
				   READ_ONCE((*cells)[op][state]));
		else
			seq_printf(m, " %s=-", subject->states[state]);
	}
	seq_putc(m, '\n');
}

static void oracle_show_cells(struct seq_file *m, const struct oracle_subject *subject,
			      const struct oracle_result *result)
{
	unsigned int op;

	for (op = 0; op < subject->nr_ops; op++)
		oracle_show_row(m, "cell", subject, op, subject->ops[op].states, &result->cells);
	for (op = 0; op < subject->nr_ops; op++)
		if (subject->ops[op].concurrent)
			oracle_show_row(m, "concurrent", subject, op, subject->ops[op].concurrent,
					&result->concurrent);
}

static void oracle_show_mismatch(struct seq_file *m, const char *kind,
				 const struct oracle_subject *subject,
				 const struct oracle_result *result,
				 const struct oracle_mismatch *mismatch)
{
	unsigned int i;

	seq_printf(m, "%s=%u counter=%s seed=%llu sequence=%llu", kind, result->run,
		   subject->name, result->seed, result->sequence);
	seq_printf(m, " tries=%u repeats=%u again=%u/%u", result->tries, result->repeats,
		   result->again, ORACLE_AGAIN);
	seq_printf(m, " step=%u op=%s nr=%u limit=%u state=%s", mismatch->step,
		   oracle_show_op(subject, &mismatch->last), mismatch->last.nr,
		   mismatch->last.limit,
		   subject->states[mismatch->state]);
	for (i = 0; i < FIELD_NR; i++) {
		s64 mainline = mismatch->answers[MAINLINE].field[i];
		s64 ours = mismatch->answers[OURS].field[i];

		if (mainline != ours)
			seq_printf(m, " mainline_%s=%lld ours_%s=%lld",
				   oracle_field_names[i], mainline, oracle_field_names[i], ours);
	}
	seq_putc(m, '\n');
}

static void oracle_show_shrunk(struct seq_file *m, const struct oracle_subject *subject,
			       const struct oracle_result *result)
{
	unsigned int i;

	oracle_show_mismatch(m, "shrunk", subject, result, &result->shrunk);
	for (i = 0; i < result->nr_shrunk; i++) {
		const struct oracle_step *step = &result->shrunk_steps[i];

		seq_printf(m, "step=%u counter=%s op=%s when=%s nr=%u limit=%u", i,
			   subject->name, oracle_show_op(subject, step),
			   oracle_when_names[step->when],
			   step->nr, step->limit);
		if (step->when == WHEN_CONCURRENT)
			seq_printf(m, " thread=%u\n", step->thread);
		else
			seq_puts(m, " thread=-\n");
	}
}

/* Context: process; the caller holds oracle_lock. */
void oracle_result_show(struct seq_file *m, const struct oracle_subject *subject,
			const struct oracle_result *result)
{
	oracle_show_run(m, subject, result);
	oracle_show_differences(m, subject, result);
	oracle_show_cells(m, subject, result);
	if (result->running || strcmp(result->verdict, "differs"))
		return;
	oracle_show_mismatch(m, "mismatch", subject, result, &result->mismatch);
	oracle_show_shrunk(m, subject, result);
}
