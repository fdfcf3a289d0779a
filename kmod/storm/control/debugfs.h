/* SPDX-License-Identifier: GPL-2.0 */
/* The debugfs directory. */
#ifndef _REFSTORM_DEBUGFS_H
#define _REFSTORM_DEBUGFS_H

int rs_debugfs_init(void);
void rs_debugfs_exit(void);

#endif /* _REFSTORM_DEBUGFS_H */
