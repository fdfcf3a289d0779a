// SPDX-License-Identifier: GPL-2.0
/*
 * The allocation seam, see <refstorm/alloc.h>.
 *
 * An allocation looks at two words, that of its site and armed_any. Tables are walked only to
 * arm, to disarm and to show sites.
 */
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include <refstorm/alloc.h>

static LIST_HEAD(tables);
static DEFINE_MUTEX(tables_lock);

/* The nth allocation from now, at any site, fails. 0: none does. */
static atomic_t armed_any = ATOMIC_INIT(0);

/* Count @armed down. Return: true to the one caller that takes it from 1 to 0. */
static bool alloc_armed_expires(atomic_t *armed)
{
	return atomic_read(armed) && atomic_dec_if_positive(armed) == 0;
}

/**
 * rs_alloc_should_fail - must this allocation fail?
 * @site: the calling site
 *
 * Called once for each allocation; counts down what rs_alloc_fail_nth() armed.
 *
 * Context: any.
 * Return: true if the caller must behave as if memory had run out.
 */
bool rs_alloc_should_fail(struct rs_alloc_site *site)
{
	bool here = alloc_armed_expires(&site->armed);
	bool any = alloc_armed_expires(&armed_any);

	return here || any;
}
EXPORT_SYMBOL_GPL(rs_alloc_should_fail);

/**
 * rs_alloc_register - make a module's sites known
 * @table: the table, which must stay until rs_alloc_unregister()
 *
 * Context: process, may sleep.
 */
void rs_alloc_register(struct rs_alloc_table *table)
{
	mutex_lock(&tables_lock);
	list_add_tail(&table->node, &tables);
	mutex_unlock(&tables_lock);
}
EXPORT_SYMBOL_GPL(rs_alloc_register);

/**
 * rs_alloc_unregister - forget a module's sites, and warn of leaks
 * @table: as given to rs_alloc_register()
 *
 * To be called last in module exit. A site whose memory was not all freed is a bug of the
 * module: a warning names the site.
 *
 * Context: process, may sleep.
 */
void rs_alloc_unregister(struct rs_alloc_table *table)
{
	unsigned int i;

	mutex_lock(&tables_lock);
	list_del(&table->node);
	mutex_unlock(&tables_lock);

	for (i = 0; i < table->nr; i++) {
		const struct rs_alloc_site *site = &table->sites[i];
		s64 left = atomic64_read(&site->allocated) -
			   atomic64_read(&site->freed);

		WARN(left, "%s: %lld allocations of site %s were not freed\n",
		     module_name(table->owner), left, site->name);
	}
}
EXPORT_SYMBOL_GPL(rs_alloc_unregister);

/**
 * rs_alloc_fail_nth - make one allocation fail
 * @site: name of the site, or "any"
 * @nth: the nth allocation from now fails, once; 0 disarms
 *
 * Context: process, may sleep.
 * Return: 0, or -ENOENT if no registered site has that name.
 */
int rs_alloc_fail_nth(const char *site, unsigned int nth)
{
	struct rs_alloc_table *table;
	unsigned int i;
	int ret = -ENOENT;

	if (!strcmp(site, "any")) {
		atomic_set(&armed_any, nth);
		return 0;
	}

	mutex_lock(&tables_lock);
	list_for_each_entry(table, &tables, node) {
		for (i = 0; i < table->nr; i++) {
			if (strcmp(table->sites[i].name, site))
				continue;
			atomic_set(&table->sites[i].armed, nth);
			ret = 0;
		}
	}
	mutex_unlock(&tables_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(rs_alloc_fail_nth);

/**
 * rs_alloc_fail_none - disarm every site
 *
 * Context: process, may sleep.
 */
void rs_alloc_fail_none(void)
{
	struct rs_alloc_table *table;
	unsigned int i;

	atomic_set(&armed_any, 0);
	mutex_lock(&tables_lock);
	list_for_each_entry(table, &tables, node)
		for (i = 0; i < table->nr; i++)
			atomic_set(&table->sites[i].armed, 0);
	mutex_unlock(&tables_lock);
}
EXPORT_SYMBOL_GPL(rs_alloc_fail_none);

/**
 * rs_alloc_for_each - look at every registered site
 * @visit: called for each; must not register or unregister
 * @arg: passed on
 *
 * Context: process, may sleep.
 */
void rs_alloc_for_each(rs_alloc_visit_t *visit, void *arg)
{
	struct rs_alloc_table *table;
	unsigned int i;

	mutex_lock(&tables_lock);
	list_for_each_entry(table, &tables, node)
		for (i = 0; i < table->nr; i++)
			visit(table->owner, &table->sites[i], arg);
	mutex_unlock(&tables_lock);
}
EXPORT_SYMBOL_GPL(rs_alloc_for_each);
