// SPDX-License-Identifier: GPL-2.0
/* rsref.ko: the reference counters of refstorm, for any module. */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include <refstorm/compat.h>
#include <uapi/refstorm/refstorm.h>

#include "percpu_count.h"
#include "rsref.h"
#include "sealed_block.h"
#include "sealed_engine.h"
#include "track.h"

static struct rs_alloc_table rsref_table = RS_ALLOC_TABLE(THIS_MODULE, rsref_sites);

static uint fail_nth;
module_param(fail_nth, uint, 0400);
MODULE_PARM_DESC(fail_nth, "which allocation from module start on fails, at whatever site");

static int __init rsref_init(void)
{
	struct rs_alloc_site *site = &rsref_sites[SITE_WORKQUEUE];
	int ret = -ENOMEM;

	if (!RS_IS_TESTED)
		pr_notice("tested up to Linux %d.%d, and this one is newer\n", RS_TESTED_VERSION,
			  RS_TESTED_PATCHLEVEL);
	rs_alloc_register(&rsref_table);
	rs_alloc_fail_nth("any", fail_nth);
	if (!rs_alloc_should_fail(site))
		rsref_workqueue = alloc_workqueue("rsref", WQ_UNBOUND, 0);
	rs_alloc_result(site, rsref_workqueue);
	if (!rsref_workqueue)
		goto unregister;
	sealed_block_module_init();
	ret = sealed_engine_module_init();
	if (ret)
		goto destroy;
	return 0;

destroy:
	destroy_workqueue(rsref_workqueue);
	rs_alloc_returned(site);
unregister:
	rs_alloc_unregister(&rsref_table);
	return ret;
}

static void __exit rsref_exit(void)
{
	/*
	 * All counters have ended, but something that they set off may still be under way.
	 * Each step ends what can set off the steps below it: interrupts that gets of
	 * dynamic counts have asked for, reports, works of dynamic counts, switches and
	 * their callbacks, grace periods of memory, retired blocks.
	 */
	synchronize_rcu();
	track_report_module_exit();
	flush_workqueue(rsref_workqueue);
	percpu_count_module_exit();
	sealed_engine_module_exit();
	rcu_barrier();
	sealed_block_module_exit();
	rcu_barrier();
	destroy_workqueue(rsref_workqueue);
	rs_alloc_returned(&rsref_sites[SITE_WORKQUEUE]);
	rs_alloc_unregister(&rsref_table);
}

module_init(rsref_init);
module_exit(rsref_exit);

MODULE_AUTHOR("The refstorm authors");
MODULE_DESCRIPTION("Reference counters: refcount, kref, per-CPU reference");
MODULE_VERSION(RS_VERSION);
MODULE_LICENSE("GPL");
