/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Storms by insmod alone: insmod refstorm.ko storm="provider=P ..."
 *
 * docs/lab.md is the manual of the parameters.
 */
#ifndef _REFSTORM_TORTURE_H
#define _REFSTORM_TORTURE_H

#include <linux/types.h>

struct command;
struct storm_setup;

/* torture.c */
int torture_check(void);
bool torture_is_once(void);
int torture_begin(void);
void torture_end(void);

/* torture_words.c */
unsigned int torture_storms(void);
const char *torture_storm(unsigned int nth);
int torture_read(unsigned int nth, struct command *cmd, struct storm_setup *setup);

#endif /* _REFSTORM_TORTURE_H */
