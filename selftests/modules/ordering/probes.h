/* SPDX-License-Identifier: GPL-2.0 */
/* Calls that mark what happens in a probe. There are no such functions. */
#ifndef SELFTESTS_MODULES_ORDERING_PROBES_H
#define SELFTESTS_MODULES_ORDERING_PROBES_H

void answer_true(void);
void answer_false(void);
void lock_taken(void *lock);
void lock_dropped(void *lock);

/* Every call in such a function becomes part of it. */
#define __flatten	__attribute__((flatten))

#endif /* SELFTESTS_MODULES_ORDERING_PROBES_H */
