/* SPDX-License-Identifier: GPL-2.0 */
/* Objects that are driven one command at a time. */
#ifndef _REFSTORM_OBJECT_H
#define _REFSTORM_OBJECT_H

#include <linux/types.h>

#include "control/command.h"

struct seq_file;

extern const struct command_key object_create_keys[];
extern const struct command_key object_move_keys[];
extern const struct command_key object_tryget_keys[];
extern const struct command_key object_name_keys[];
extern const struct command_key object_kill_keys[];
extern const struct command_key object_wait_keys[];
extern const struct command_key object_track_keys[];
extern const struct command_key object_pass_keys[];

/* Commands of the control file; see docs/debugfs.md */
int object_create(struct command *cmd);
int object_get(struct command *cmd);
int object_put(struct command *cmd);
int object_tryget(struct command *cmd);
int object_tryget_live(struct command *cmd);
int object_kill(struct command *cmd);
int object_wait(struct command *cmd);
int object_switch_to_atomic(struct command *cmd);
int object_switch_to_percpu(struct command *cmd);
int object_reinit(struct command *cmd);
int object_resurrect(struct command *cmd);
int object_track(struct command *cmd);
int object_untrack(struct command *cmd);
int object_pass(struct command *cmd);
int object_destroy(struct command *cmd);

void objects_show(struct seq_file *m);
unsigned int objects_count(void);
void objects_exit(void);

#endif /* _REFSTORM_OBJECT_H */
