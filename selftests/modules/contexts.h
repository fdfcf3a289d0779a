/* SPDX-License-Identifier: GPL-2.0 */
/* What the scenarios of contexts.ko share. */
#ifndef SELFTESTS_MODULES_CONTEXTS_H
#define SELFTESTS_MODULES_CONTEXTS_H

#include <linux/types.h>

#include "scenario.h"

/**
 * struct context_kind - the operations of one kind of counter
 * @prepare: begin a counter in each state; false is a failure that was reported
 * @use: call each operation of each counter. Context: any; in an NMI only operations that
 *	are documented for it
 * @conclude: check the counts, and that each counter was released once; end all counters
 *
 * Context of @prepare and @conclude: process.
 */
struct context_kind {
	bool	(*prepare)(void);
	void	(*use)(void);
	void	(*conclude)(void);
};

extern const struct context_kind context_percpu_ref, context_sealed_ref;
extern const struct context_kind context_sealed_generic, context_refcount;

#endif /* SELFTESTS_MODULES_CONTEXTS_H */
