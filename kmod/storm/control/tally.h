/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers that one thread counts and others show while they move. */
#ifndef REFSTORM_TALLY_H
#define REFSTORM_TALLY_H

#include <linux/compiler.h>

/*
 * Add to a number that others read with READ_ONCE(). A marked store is enough: only one
 * adds, and nothing is concluded from the number before that one has ended.
 */
#define tally(number, nr) WRITE_ONCE(number, (number) + (nr))

#endif /* REFSTORM_TALLY_H */
