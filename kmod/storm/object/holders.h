/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _REFSTORM_HOLDERS_H
#define _REFSTORM_HOLDERS_H

struct seq_file;

void holders_show(struct seq_file *m);

#endif /* _REFSTORM_HOLDERS_H */
