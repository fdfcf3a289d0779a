/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Have a function run in softirq, soon, from wherever we are.
 *
 * A tasklet alone will not do: raised in a task it waits for ksoftirqd. From a
 * hard interrupt it runs at the end of that, and from another softirq after it. In a
 * task we make an interrupt.
 */
#ifndef _RSREF_SOFTIRQ_KICK_H
#define _RSREF_SOFTIRQ_KICK_H

#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/preempt.h>

struct softirq_kick {
	struct tasklet_struct	tasklet;
	struct irq_work		irq;
};

static inline void softirq_kick_irq(struct irq_work *irq)
{
	tasklet_schedule(&container_of(irq, struct softirq_kick, irq)->tasklet);
}

static inline void softirq_kick_init(struct softirq_kick *kick,
				     void (*function)(struct tasklet_struct *tasklet))
{
	tasklet_setup(&kick->tasklet, function);
	kick->irq = IRQ_WORK_INIT_HARD(softirq_kick_irq);
}

/* Context: any; interrupts off, or preemption at least. */
static inline void softirq_kick(struct softirq_kick *kick)
{
	if (in_hardirq() || in_serving_softirq())
		tasklet_schedule(&kick->tasklet);
	else
		irq_work_queue(&kick->irq);
}

/* Nobody kicks it any more: wait until it has run. Context: process. */
static inline void softirq_kick_end(struct softirq_kick *kick)
{
	irq_work_sync(&kick->irq);
	tasklet_kill(&kick->tasklet);
}

#endif /* _RSREF_SOFTIRQ_KICK_H */
