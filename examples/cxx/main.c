// SPDX-License-Identifier: GPL-2.0
/*
 * The part of the example that needs kernel headers: loading and unloading of the module. The
 * driver is driver.cc.
 */
#include <linux/completion.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "driver.h"

static DECLARE_COMPLETION(idle);

void example_idle(void)
{
	complete(&idle);
}

static int __init example_init(void)
{
	int served = example_add_and_remove();
	bool refused;

	if (served < 0)
		return served;
	wait_for_completion(&idle);
	refused = !example_request();
	pr_info("rsref_example_cxx: %d requests served, then one is refused: %s\n",
		served, refused ? "yes" : "no");
	return served == 2 && refused ? 0 : -EIO;
}

/* The caller of example_idle() may not have returned yet. */
static void __exit example_exit(void)
{
	rcu_barrier();
}

module_init(example_init);
module_exit(example_exit);

MODULE_DESCRIPTION("Example user of rsref.ko in C++");
MODULE_LICENSE("GPL");
