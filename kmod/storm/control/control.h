/* SPDX-License-Identifier: GPL-2.0 */
/* The control file of the debugfs directory. */
#ifndef _REFSTORM_CONTROL_H
#define _REFSTORM_CONTROL_H

extern const struct file_operations control_fops;

#endif /* _REFSTORM_CONTROL_H */
