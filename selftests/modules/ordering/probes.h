/* SPDX-License-Identifier: GPL-2.0 */
/* Calls that mark an event in a probe. The functions do not exist. */
#ifndef SELFTESTS_MODULES_ORDERING_PROBES_H
#define SELFTESTS_MODULES_ORDERING_PROBES_H

void answer_true(void);
void answer_false(void);
void lock_taken(void *lock);
void lock_dropped(void *lock);

/* The compiler inlines every call in such a function. */
#define __flatten	__attribute__((flatten))

#endif /* SELFTESTS_MODULES_ORDERING_PROBES_H */
