/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The allocation seam: every allocation of rsref.ko and refstorm.ko.
 *
 * A module lists its sites in one table and registers the table. Each site counts allocations and
 * frees, so a leak is a difference that stays. Each site can be told to fail its nth allocation
 * from now, so that every error path can be tested. The kernel's own fault injection reaches
 * neither per-CPU memory nor, on x86-64, a single call site.
 *
 *	enum { SITE_FOO, SITE_NR };
 *	static struct rs_alloc_site sites[SITE_NR] = {
 *		[SITE_FOO] = { .name = "foo" },
 *	};
 *	static struct rs_alloc_table table =
 *		RS_ALLOC_TABLE(THIS_MODULE, sites);
 *
 *	rs_alloc_register(&table);
 *	foo = rs_zalloc(&sites[SITE_FOO], sizeof(*foo), GFP_KERNEL);
 *	rs_free(&sites[SITE_FOO], foo);
 */
#ifndef _REFSTORM_ALLOC_H
#define _REFSTORM_ALLOC_H

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/types.h>

/**
 * struct rs_alloc_site - one place in the source that allocates
 * @name: unique among all registered sites, a word of [a-z0-9_]
 * @allocated: allocations that succeeded
 * @freed: allocations that were freed
 * @failed: allocations that failed, on purpose or not
 * @armed: 0, or the nth allocation from now that will fail
 */
struct rs_alloc_site {
	const char	*name;
	atomic64_t	allocated;
	atomic64_t	freed;
	atomic64_t	failed;
	atomic_t	armed;
};

/**
 * struct rs_alloc_table - the sites of one module
 * @owner: the module
 * @sites: first site
 * @nr: number of sites
 * @node: for rs_alloc_register()
 */
struct rs_alloc_table {
	struct module		*owner;
	struct rs_alloc_site	*sites;
	unsigned int		nr;
	struct list_head	node;
};

#define RS_ALLOC_TABLE(_owner, _sites) {	\
	.owner	= (_owner),			\
	.sites	= (_sites),			\
	.nr	= ARRAY_SIZE(_sites),		\
}

void rs_alloc_register(struct rs_alloc_table *table);
void rs_alloc_unregister(struct rs_alloc_table *table);

int rs_alloc_fail_nth(const char *site, unsigned int nth);
void rs_alloc_fail_none(void);

/**
 * typedef rs_alloc_visit_t - called by rs_alloc_for_each() for every site
 * @owner: the module that registered the site
 * @site: the site
 * @arg: as given to rs_alloc_for_each()
 */
typedef void (rs_alloc_visit_t)(const struct module *owner,
				const struct rs_alloc_site *site, void *arg);
void rs_alloc_for_each(rs_alloc_visit_t *visit, void *arg);

bool rs_alloc_should_fail(struct rs_alloc_site *site);

/**
 * rs_alloc_result - count the outcome of an allocation
 * @site: of the allocation
 * @ok: it succeeded
 *
 * For allocators without a function below. Context: any.
 */
static inline void rs_alloc_result(struct rs_alloc_site *site, bool ok)
{
	atomic64_inc(ok ? &site->allocated : &site->failed);
}

/**
 * rs_alloc_returned - count memory that was freed
 * @site: of its allocation
 *
 * Context: any.
 */
static inline void rs_alloc_returned(struct rs_alloc_site *site)
{
	atomic64_inc(&site->freed);
}

/**
 * rs_zalloc - allocate zeroed memory
 * @site: the calling site
 * @size: bytes
 * @gfp: as for kvzalloc() if it may sleep, else as for kzalloc()
 *
 * Context: as @gfp says. Return: memory for rs_free(), or NULL.
 */
static inline void *rs_zalloc(struct rs_alloc_site *site, size_t size, gfp_t gfp)
{
	void *p = NULL;

	if (!rs_alloc_should_fail(site))
		p = (gfp & __GFP_DIRECT_RECLAIM) ? kvzalloc(size, gfp) :
						   kzalloc(size, gfp);
	rs_alloc_result(site, p);
	return p;
}

/**
 * rs_free - free what rs_zalloc() returned
 * @site: of its allocation
 * @p: the memory, or NULL
 *
 * Context: task context if the memory is larger than kmalloc() gives,
 * otherwise any but NMI.
 */
static inline void rs_free(struct rs_alloc_site *site, const void *p)
{
	if (!p)
		return;
	rs_alloc_returned(site);
	kvfree(p);
}

/**
 * rs_free_rcu - free a structure after a grace period
 * @site: of its allocation
 * @p: pointer to the structure
 * @head: name of its struct rcu_head
 *
 * @site counts the structure as freed at once. Context: any but NMI.
 */
#define rs_free_rcu(site, p, head) do {		\
	rs_alloc_returned(site);		\
	kfree_rcu(p, head);			\
} while (0)

/**
 * rs_alloc_percpu - allocate zeroed per-CPU memory
 * @site: the calling site
 * @type: type of the variable
 * @gfp: as for alloc_percpu_gfp()
 *
 * Context: as @gfp says. Return: a per-CPU pointer for rs_free_percpu(), or
 * NULL.
 */
#define rs_alloc_percpu(site, type, gfp) ({				\
	struct rs_alloc_site *__site = (site);				\
	type __percpu *__slots = NULL;					\
									\
	if (!rs_alloc_should_fail(__site))				\
		__slots = alloc_percpu_gfp(type, gfp);			\
	rs_alloc_result(__site, __slots);				\
	__slots;							\
})

/**
 * rs_free_percpu - free what rs_alloc_percpu() returned
 * @site: of its allocation
 * @slots: the per-CPU pointer, or NULL
 *
 * Context: any but NMI.
 */
static inline void rs_free_percpu(struct rs_alloc_site *site,
				  void __percpu *slots)
{
	if (!slots)
		return;
	rs_alloc_returned(site);
	free_percpu(slots);
}

#endif /* _REFSTORM_ALLOC_H */
