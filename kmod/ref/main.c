// SPDX-License-Identifier: GPL-2.0
/*
 * rsref.ko: the reference counters of refstorm, for anybody's module.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include <uapi/refstorm/refstorm.h>

#include "rsref.h"

struct rs_alloc_site rsref_sites[RSREF_SITE_NR] = {
	[SITE_PERCPU_REF_DATA]	= { .name = "percpu_ref_data" },
	[SITE_PERCPU_REF_SLOTS]	= { .name = "percpu_ref_slots" },
};

static struct rs_alloc_table rsref_table = RS_ALLOC_TABLE(THIS_MODULE, rsref_sites);

static int __init rsref_init(void)
{
	rs_alloc_register(&rsref_table);
	return 0;
}

static void __exit rsref_exit(void)
{
	/* A switch that was still under way when its module let go of us */
	rcu_barrier();
	rs_alloc_unregister(&rsref_table);
}

module_init(rsref_init);
module_exit(rsref_exit);

MODULE_AUTHOR("The refstorm authors");
MODULE_DESCRIPTION("Reference counters: refcount, kref, per-CPU reference");
MODULE_VERSION(RS_VERSION);
MODULE_LICENSE("GPL");
