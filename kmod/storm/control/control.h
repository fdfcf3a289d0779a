/* SPDX-License-Identifier: GPL-2.0 */
/* The control file of the debugfs directory, and its commands. */
#ifndef _REFSTORM_CONTROL_H
#define _REFSTORM_CONTROL_H

#include "command.h"

extern const struct command_verb control_verbs[];
extern const struct file_operations control_fops;

#endif /* _REFSTORM_CONTROL_H */
