// SPDX-License-Identifier: GPL-2.0
/* Which kinds of misuse were warned of; see warn.h. */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/bitmap.h>
#include <linux/moduleparam.h>

#include "warn.h"

static DECLARE_BITMAP(given, RSREF_WARNING_NR);

/* Return: true to the one caller that may warn of @kind. Context: any. */
bool rsref_warn_first(enum rsref_warning kind)
{
	return !test_bit(kind, given) && !test_and_set_bit(kind, given);
}

static int warn_clear_set(const char *value, const struct kernel_param *param)
{
	unsigned int kind;

	for (kind = 0; kind < RSREF_WARNING_NR; kind++)
		clear_bit(kind, given);
	return 0;
}

static const struct kernel_param_ops clear_warn_once_ops = {
	.flags	= KERNEL_PARAM_OPS_FL_NOARG,
	.set	= warn_clear_set,
};

module_param_cb(clear_warn_once, &clear_warn_once_ops, NULL, 0200);
MODULE_PARM_DESC(clear_warn_once, "write anything to have each misuse warned of once more");
