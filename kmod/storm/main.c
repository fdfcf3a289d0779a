// SPDX-License-Identifier: GPL-2.0
/*
 * refstorm.ko: reference counters, mainline's and ours, under a storm.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "control/debugfs.h"
#include "control/events.h"
#include "object/object.h"
#include "refstorm_module.h"
#include "storm/storm_setup.h"
#include "torture/torture.h"

static struct rs_alloc_table refstorm_table = RS_ALLOC_TABLE(THIS_MODULE, refstorm_sites);

static char *fail_site;
module_param(fail_site, charp, 0400);
MODULE_PARM_DESC(fail_site, "allocation site that fails once, or any");

static uint fail_nth;
module_param(fail_nth, uint, 0400);
MODULE_PARM_DESC(fail_nth, "which allocation of fail_site from module start on fails");

static int __init arm_failure(void)
{
	if (!fail_site && !fail_nth)
		return 0;
	if (fail_site && fail_nth && !rs_alloc_fail_nth(fail_site, fail_nth))
		return 0;
	pr_err("refstorm: fail_site=%s fail_nth=%u: a known site, or any, and a number from 1 on are needed together\n",
	       fail_site ?: "", fail_nth);
	return -EINVAL;
}

static int __init refstorm_init(void)
{
	int ret;

	rs_alloc_register(&refstorm_table);
	ret = arm_failure();
	if (ret)
		goto unregister;
	ret = events_init();
	if (ret)
		goto unregister;
	storm_setup_init();
	ret = torture_check();
	if (ret)
		goto events;
	/* A module that never gets beyond this function has no files that can be held open. */
	ret = torture_is_once() ? 0 : rs_debugfs_init();
	if (ret)
		goto events;
	ret = torture_begin();
	if (ret)
		goto files;
	return 0;

files:
	rs_debugfs_exit();
	objects_exit();
	rcu_barrier();
events:
	events_exit();
unregister:
	rs_alloc_fail_none();
	rs_alloc_unregister(&refstorm_table);
	return ret;
}

/*
 * Storms and open files hold the module, so there are none of them. Objects
 * may be left, with switches under way.
 */
static void __exit refstorm_exit(void)
{
	torture_end();
	rs_debugfs_exit();
	objects_exit();
	rcu_barrier();
	events_exit();
	rs_alloc_fail_none();
	rs_alloc_unregister(&refstorm_table);
}

module_init(refstorm_init);
module_exit(refstorm_exit);

MODULE_AUTHOR("The refstorm authors");
MODULE_DESCRIPTION("Torture test for refcount_t, kref, percpu_ref and refstorm's own");
MODULE_VERSION(RS_VERSION);
MODULE_LICENSE("GPL");
