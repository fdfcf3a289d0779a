// SPDX-License-Identifier: GPL-2.0
/*
 * The debugfs directory: one row for each file. docs/debugfs.md is its manual.
 */
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/utsname.h>

#include "bench/bench.h"
#include "command.h"
#include "control.h"
#include "debugfs.h"
#include "events.h"
#include "object/holders.h"
#include "object/object.h"
#include "oracle/oracle.h"
#include "provider/provider.h"
#include "refstorm_module.h"
#include "storm/storm.h"
#include "thread.h"

static struct dentry *dir;

static void readme_show(struct seq_file *m)
{
	seq_puts(m,
		 "refstorm " RS_VERSION ": reference counters under a storm\n"
		 "\n"
		 "  control    commands, one a write; read it for the result of the last:\n"
		 "             create NAME PROVIDER [count=N] [unguarded=0|1]\n"
		 "                    [mode=percpu|atomic|dead] [reinit=0|1]\n"
		 "                    [track=0|1]\n"
		 "             get|put NAME [N|holder=H], tryget NAME [N], tryget_live NAME\n"
		 "             kill NAME [confirm=0|1], wait NAME [ms=N], destroy NAME\n"
		 "             switch_to_atomic|switch_to_percpu|reinit|resurrect NAME\n"
		 "             track NAME [seconds=N], untrack NAME, pass NAME FROM TO\n"
		 "             storm provider=P [ms=N] [seed=N] [workers=N] [killers=N]\n"
		 "                   [pattern=lifecycle|saturate|ends-alive] [bound_ms=N]\n"
		 "                   [duty=N] [contexts=C,...] [kill_contexts=C,...] [delay=N]\n"
		 "                   [steps=S,...] [objects=N] [life_us=N] [lives=L,...] [ends=E,...]\n"
		 "                   [memory=kept|freed] [switchers=N] [gust_ms=N]\n"
		 "                   [hotplug=0|1] [kprobes=0|1] [track=0|1]\n"
		 "                   [hard_bound=0|1]\n"
		 "             stop ID|all\n"
		 "             oracle counter=C [steps=N] [ms=N] [seed=N] [concurrent=0|1]\n"
		 "                    [unlist=DIFFERENCE]\n"
		 "             oracle stop\n"
		 "             bench provider=P [operation=O] [clock=C] [cpus=N] [ms=N] [cold=0|1]\n"
		 "             bench_kill provider=P [refs=N] [batches=N] [load=0|1] [from=one|all]\n"
		 "             bench_memory provider=P [refs=N]\n"
		 "  providers  counters that can be driven\n"
		 "  objects    what create has made\n"
		 "  holders    who holds the counters that are tracked\n"
		 "  storms     running and finished storms, with their verdicts\n"
		 "  events     what happened; can be polled\n"
		 "  history    what happened to the object that broke last\n"
		 "  oracle     mainline's counters compared with ours, step by step\n"
		 "  bench      what operations cost: results of the last bench\n"
		 "  error_log  why a write was refused; any write empties it\n"
		 "  alloc      allocations by site; fail site=S nth=N, clear\n"
		 "  status     what the module holds now\n"
		 "\n"
		 "  # echo create a rs_percpu_ref > control\n"
		 "  # echo kill a > control; cat events\n"
		 "  # echo storm provider=rs_percpu_ref ms=3000 > control; sleep 4; cat storms\n");
}

static void show_site(const struct module *owner, const struct rs_alloc_site *site,
		      void *arg)
{
	u64 allocated = atomic64_read(&site->allocated);
	u64 freed = atomic64_read(&site->freed);

	seq_printf(arg, "site=%s module=%s allocated=%llu freed=%llu outstanding=%llu failed=%lld armed=%d\n",
		   site->name, owner->name, allocated, freed, allocated - freed,
		   atomic64_read(&site->failed), atomic_read(&site->armed));
}

static void alloc_show(struct seq_file *m)
{
	seq_puts(m, "# site module allocated freed outstanding failed armed\n");
	rs_alloc_for_each(show_site, m);
}

static void add_outstanding(const struct module *owner, const struct rs_alloc_site *site,
			    void *arg)
{
	s64 *sum = arg;

	*sum += atomic64_read(&site->allocated) - atomic64_read(&site->freed);
}

static void status_show(struct seq_file *m)
{
	s64 outstanding = 0;

	rs_alloc_for_each(add_outstanding, &outstanding);
	seq_printf(m, "version=%s\nkernel=%s\ncpus=%u\nobjects=%u\nstorms=%u\nthreads=%u\nallocations=%lld\nevents=%llu\nerrors=%llu\n",
		   RS_VERSION, init_utsname()->release, num_online_cpus(),
		   objects_count(), storms_count(), threads_count(), outstanding,
		   events_count(), errors_count());
}

struct fail_keys {
	const char	*site;
	u64		nth;
};

static int set_site(struct command *cmd, unsigned int word, const char *value, void *out)
{
	struct fail_keys *keys = out;

	keys->site = value;
	return 0;
}

static const struct command_key fail_keys[] = {
	{ .name = "site", .set = set_site },
	{ .name = "nth", .min = 1, .max = S32_MAX,
	  .offset = offsetof(struct fail_keys, nth) },
};

/* fail site=S nth=N; of three words, none twice, these two are there. */
static int alloc_fail(struct command *cmd)
{
	struct fail_keys keys = {};
	int ret;

	ret = command_keys(cmd, 1, fail_keys, ARRAY_SIZE(fail_keys), &keys);
	if (ret)
		return ret;
	if (rs_alloc_fail_nth(keys.site, keys.nth))
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOENT,
				      "no site is called '%.32s'; they are listed in alloc",
				      keys.site);
	return 0;
}

/* clear */
static int alloc_clear(struct command *cmd)
{
	rs_alloc_fail_none();
	return 0;
}

static const struct command_verb alloc_verbs[] = {
	{ "fail", "site=S nth=N", 3, 3, alloc_fail },
	{ "clear", "", 1, 1, alloc_clear },
};

static ssize_t alloc_write(const char __user *ubuf, size_t size)
{
	struct command *cmd;
	ssize_t ret;

	/* Not through the seam: it is what is being controlled. */
	cmd = kzalloc(sizeof(*cmd), GFP_KERNEL);
	if (!cmd)
		return -ENOMEM;
	ret = command_run(cmd, ubuf, size, "alloc", alloc_verbs, ARRAY_SIZE(alloc_verbs));
	kfree(cmd);
	return ret;
}

static ssize_t errors_write(const char __user *ubuf, size_t size)
{
	errors_clear();
	return size;
}

/*
 * A file either shows something as a whole and may take a write, or brings
 * file operations of its own.
 */
struct rs_file {
	const char			*name;
	umode_t				mode;
	void				(*show)(struct seq_file *m);
	ssize_t				(*write)(const char __user *ubuf, size_t size);
	const struct file_operations	*fops;
};

static const struct rs_file files[] = {
	{ "README",	0400, readme_show },
	{ "control",	0600, .fops = &control_fops },
	{ "providers",	0400, providers_show },
	{ "objects",	0400, objects_show },
	{ "holders",	0400, holders_show },
	{ "storms",	0400, .fops = &storms_fops },
	{ "events",	0400, .fops = &events_fops },
	{ "history",	0400, storms_history_show },
	{ "oracle",	0400, oracle_show },
	{ "bench",	0400, bench_show },
	{ "error_log",	0600, errors_show, errors_write },
	{ "alloc",	0600, alloc_show, alloc_write },
	{ "status",	0400, status_show },
};

static int file_show(struct seq_file *m, void *v)
{
	const struct rs_file *rs_file = m->private;

	rs_file->show(m);
	return 0;
}

static int file_open(struct inode *inode, struct file *file)
{
	return single_open(file, file_show, inode->i_private);
}

static ssize_t file_write(struct file *file, const char __user *ubuf, size_t size,
			  loff_t *ppos)
{
	const struct rs_file *rs_file =
		((struct seq_file *)file->private_data)->private;

	return rs_file->write ? rs_file->write(ubuf, size) : -EINVAL;
}

static const struct file_operations file_fops = {
	.owner		= THIS_MODULE,
	.open		= file_open,
	.read		= seq_read,
	.write		= file_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

/* Return: 0, or a negative errno; the kernel may have debugfs disabled. */
int rs_debugfs_init(void)
{
	unsigned int i;

	dir = debugfs_create_dir(RS_DEBUGFS_DIR, NULL);
	if (IS_ERR(dir))
		return PTR_ERR(dir);

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		const struct rs_file *file = &files[i];
		struct dentry *dentry;

		dentry = debugfs_create_file(file->name, file->mode, dir, (void *)file,
					     file->fops ?: &file_fops);
		if (IS_ERR(dentry)) {
			debugfs_remove(dir);
			return PTR_ERR(dentry);
		}
	}
	return 0;
}

void rs_debugfs_exit(void)
{
	debugfs_remove(dir);
}
