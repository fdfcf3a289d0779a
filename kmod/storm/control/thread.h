/* SPDX-License-Identifier: GPL-2.0 */
/* Kernel threads of storms, the oracle and the benchmark: counted, made through the seam. */
#ifndef _REFSTORM_THREAD_H
#define _REFSTORM_THREAD_H

#include <linux/types.h>

struct rs_alloc_site;
struct task_struct;

#define THREAD_ANY_CPU (-1)

struct task_struct *thread_create(struct rs_alloc_site *site, int (*run)(void *), void *arg,
				  int cpu, const char *role, u32 id, unsigned int index);
void thread_return(int cpu);
void thread_wait_stop(void);
bool thread_sleep(unsigned long jiffies);
void thread_gone(struct rs_alloc_site *site);
void thread_stop(struct rs_alloc_site *site, struct task_struct *task);
unsigned int threads_count(void);

#endif /* _REFSTORM_THREAD_H */
