/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records: what the storms file shows of running and finished storms.
 *
 * Callers hold storms_lock, except for storm_record_announce(), storm_record_wait() and
 * storm_records_poll().
 */
#ifndef _REFSTORM_STORM_RECORD_H
#define _REFSTORM_STORM_RECORD_H

#include <linux/poll.h>
#include <linux/types.h>

struct seq_file;
struct storm;

void storm_record_start(struct storm *storm);
void storm_record_finish(struct storm *storm);
struct storm *storm_record_live(unsigned int n);
void storm_records_show(struct seq_file *m);
const char *storm_record_of_id(u32 id, struct seq_file *m);

void storm_record_announce(void);
void storm_record_wait(u32 id);
__poll_t storm_records_poll(struct file *file, poll_table *wait);

#endif /* _REFSTORM_STORM_RECORD_H */
