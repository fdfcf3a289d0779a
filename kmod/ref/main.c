// SPDX-License-Identifier: GPL-2.0
/*
 * rsref.ko: the reference counters of refstorm, for anybody's module.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include <uapi/refstorm/refstorm.h>

#include "percpu_dynamic.h"
#include "rsref.h"

struct rs_alloc_site rsref_sites[RSREF_SITE_NR] = {
	[SITE_PERCPU_REF_DATA]	= { .name = "percpu_ref_data" },
	[SITE_PERCPU_REF_SLOTS]	= { .name = "percpu_ref_slots" },
	[SITE_WORKQUEUE]	= { .name = "workqueue" },
};

static struct rs_alloc_table rsref_table = RS_ALLOC_TABLE(THIS_MODULE, rsref_sites);

static uint fail_nth;
module_param(fail_nth, uint, 0400);
MODULE_PARM_DESC(fail_nth, "which allocation from module start on fails, at whatever site");

static int __init rsref_init(void)
{
	int ret;

	rs_alloc_register(&rsref_table);
	rs_alloc_fail_nth("any", fail_nth);
	ret = percpu_dynamic_module_init();
	if (ret)
		rs_alloc_unregister(&rsref_table);
	return ret;
}

static void __exit rsref_exit(void)
{
	/*
	 * A switch or a work of a dynamic count that was still under way when its
	 * module let go of us; a work may have begun a last switch.
	 */
	percpu_dynamic_module_exit();
	rcu_barrier();
	rs_alloc_unregister(&rsref_table);
}

module_init(rsref_init);
module_exit(rsref_exit);

MODULE_AUTHOR("The refstorm authors");
MODULE_DESCRIPTION("Reference counters: refcount, kref, per-CPU reference");
MODULE_VERSION(RS_VERSION);
MODULE_LICENSE("GPL");
