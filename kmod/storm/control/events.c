// SPDX-License-Identifier: GPL-2.0
/*
 * The events file: a ring of the last RS_EVENTS_MAX records.
 *
 * events_add() writes a record from any context, release() in softirq included, under a
 * raw spinlock that covers one copy. A reader copies one record at a time: a slow reader
 * delays no writer, and sees a gap in seq where records were overwritten.
 */
#include <linux/fs.h>
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "context.h"
#include "events.h"
#include "refstorm_module.h"

struct event {
	u64	seq;
	u64	time_ns;
	u32	cpu;
	u32	context;
	char	text[232];
};

const char * const rs_context_names[RS_CONTEXT_NR] = {
	[RS_CONTEXT_TASK]	= "task",
	[RS_CONTEXT_SOFTIRQ]	= "softirq",
	[RS_CONTEXT_HARDIRQ]	= "hardirq",
};

static struct event *events_ring;
static u64 events_next_seq;
static DEFINE_RAW_SPINLOCK(events_ring_lock);
static DECLARE_WAIT_QUEUE_HEAD(events_ring_wait);

/* The caller of events_add() may be in a context that cannot lock a wait queue on PREEMPT_RT. */
static void events_wake_readers(struct irq_work *work)
{
	wake_up_interruptible(&events_ring_wait);
}

static DEFINE_IRQ_WORK(events_ring_wake, events_wake_readers);

/**
 * events_add - add a record
 * @fmt: "subject=… event=… …", at most 231 bytes; longer ones are cut
 *
 * Context: any but NMI.
 */
void events_add(const char *fmt, ...)
{
	struct event *event;
	unsigned long flags;
	va_list args;

	raw_spin_lock_irqsave(&events_ring_lock, flags);
	event = &events_ring[events_next_seq % RS_EVENTS_MAX];
	event->seq = events_next_seq;
	event->time_ns = ktime_get_ns();
	event->cpu = raw_smp_processor_id();
	va_start(args, fmt);
	vscnprintf(event->text, sizeof(event->text), fmt, args);
	va_end(args);
	event->context = rs_context_now();
	WRITE_ONCE(events_next_seq, events_next_seq + 1);
	raw_spin_unlock_irqrestore(&events_ring_lock, flags);

	if (wq_has_sleeper(&events_ring_wait))
		irq_work_queue(&events_ring_wake);
}

/* Records ever written. */
u64 events_count(void)
{
	return READ_ONCE(events_next_seq);
}

struct reader {
	struct event	event;	/* copy of the one being shown */
	u64		next;	/* first seq that this reader has not seen */
};

/* Copy the first record at or after @seq; NULL if there is none yet. */
static struct event *events_copy_from(struct reader *reader, u64 seq)
{
	struct event *found = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&events_ring_lock, flags);
	if (events_next_seq > RS_EVENTS_MAX)
		seq = max(seq, events_next_seq - RS_EVENTS_MAX);
	if (seq < events_next_seq) {
		reader->event = events_ring[seq % RS_EVENTS_MAX];
		found = &reader->event;
	}
	raw_spin_unlock_irqrestore(&events_ring_lock, flags);
	return found;
}

static void *events_start(struct seq_file *m, loff_t *pos)
{
	return events_copy_from(m->private, *pos);
}

static void *events_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct event *event = v;

	*pos = event->seq + 1;
	return events_copy_from(m->private, *pos);
}

static void events_stop(struct seq_file *m, void *v)
{
}

static int events_show(struct seq_file *m, void *v)
{
	struct reader *reader = m->private;
	const struct event *event = v;

	seq_printf(m, "seq=%llu time_ns=%llu cpu=%u context=%s %s\n", event->seq,
		   event->time_ns, event->cpu, rs_context_names[event->context],
		   event->text);
	WRITE_ONCE(reader->next, event->seq + 1);
	return 0;
}

static const struct seq_operations events_seq_ops = {
	.start	= events_start,
	.next	= events_next,
	.stop	= events_stop,
	.show	= events_show,
};

static int events_open(struct inode *inode, struct file *file)
{
	struct reader *reader;
	int ret;

	reader = rs_zalloc(&refstorm_sites[SITE_EVENTS_READER], sizeof(*reader),
			   GFP_KERNEL);
	if (!reader)
		return -ENOMEM;
	ret = seq_open(file, &events_seq_ops);
	if (ret) {
		rs_free(&refstorm_sites[SITE_EVENTS_READER], reader);
		return ret;
	}
	((struct seq_file *)file->private_data)->private = reader;
	return 0;
}

static int events_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	rs_free(&refstorm_sites[SITE_EVENTS_READER], m->private);
	return seq_release(inode, file);
}

static __poll_t events_poll(struct file *file, poll_table *wait)
{
	struct seq_file *m = file->private_data;
	struct reader *reader = m->private;

	poll_wait(file, &events_ring_wait, wait);
	return events_count() != READ_ONCE(reader->next) ? EPOLLIN | EPOLLRDNORM : 0;
}

const struct file_operations events_fops = {
	.owner		= THIS_MODULE,
	.open		= events_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.poll		= events_poll,
	.release	= events_release,
};

int events_init(void)
{
	events_ring = rs_zalloc(&refstorm_sites[SITE_EVENTS],
				RS_EVENTS_MAX * sizeof(*events_ring), GFP_KERNEL);
	return events_ring ? 0 : -ENOMEM;
}

void events_exit(void)
{
	irq_work_sync(&events_ring_wake);
	rs_free(&refstorm_sites[SITE_EVENTS], events_ring);
}
