/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Warnings about misuse: one of each kind, until all are armed again.
 *
 * WARN_ONCE() in a module can be armed again only by loading the module anew, since debugfs'
 * clear_warn_once does not reach a module's flags. Tests that provoke each warning more than
 * once write to /sys/module/rsref/parameters/clear_warn_once.
 */
#ifndef _RSREF_WARN_H
#define _RSREF_WARN_H

#include <linux/bug.h>

enum rsref_warning {
	WARN_REFCOUNT_ADD_NOT_ZERO_OVF,
	WARN_REFCOUNT_ADD_OVF,
	WARN_REFCOUNT_ADD_UAF,
	WARN_REFCOUNT_SUB_UAF,
	WARN_REFCOUNT_DEC_LEAK,
	WARN_PERCPU_REF_GET,
	WARN_PERCPU_REF_PUT,
	WARN_PERCPU_REF_NR,
	WARN_PERCPU_REF_SUM,
	WARN_PERCPU_REF_CANCEL,
	WARN_PERCPU_REF_RESURRECT,
	WARN_PERCPU_REF_REINIT,
	WARN_SEALED_STRAY,
	WARN_SEALED_NOT_WATCHED,
	WARN_CXX_HANDLE,
	WARN_TRACK_HOLDER,
	RSREF_WARNING_NR,
};

bool rsref_warn_first(enum rsref_warning kind);

/* WARN() the first time that @kind is seen. Context: any. */
#define rsref_warn_once(kind, fmt, ...) do {		\
	if (rsref_warn_first(kind))			\
		WARN(1, fmt, ##__VA_ARGS__);		\
} while (0)

#endif /* _RSREF_WARN_H */
