/* SPDX-License-Identifier: GPL-2.0 */
/* The events file: what happened to objects and storms, oldest first. */
#ifndef _REFSTORM_EVENTS_H
#define _REFSTORM_EVENTS_H

#include <linux/types.h>

int events_init(void);
void events_exit(void);

__printf(1, 2)
void events_add(const char *fmt, ...);
u64 events_count(void);

extern const struct file_operations events_fops;

#endif /* _REFSTORM_EVENTS_H */
