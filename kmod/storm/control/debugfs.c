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

static struct dentry *debugfs_dir;

static void debugfs_show_site(const struct module *owner, const struct rs_alloc_site *site,
			      void *arg)
{
	u64 allocated = atomic64_read(&site->allocated);
	u64 freed = atomic64_read(&site->freed);

	seq_printf(arg, "site=%s module=%s allocated=%llu freed=%llu outstanding=%llu failed=%lld armed=%d\n",
		   site->name, owner->name, allocated, freed, allocated - freed,
		   atomic64_read(&site->failed), atomic_read(&site->armed));
}

static void debugfs_alloc_show(struct seq_file *m)
{
	seq_puts(m, "# site module allocated freed outstanding failed armed\n");
	rs_alloc_for_each(debugfs_show_site, m);
}

static void debugfs_add_outstanding(const struct module *owner,
				    const struct rs_alloc_site *site, void *arg)
{
	s64 *sum = arg;

	*sum += atomic64_read(&site->allocated) - atomic64_read(&site->freed);
}

static void debugfs_status_show(struct seq_file *m)
{
	s64 outstanding = 0;

	rs_alloc_for_each(debugfs_add_outstanding, &outstanding);
	seq_printf(m, "version=%s\nkernel=%s\ncpus=%u\nobjects=%u\nstorms=%u\nthreads=%u\nallocations=%lld\nevents=%llu\nerrors=%llu\n",
		   RS_VERSION, init_utsname()->release, num_online_cpus(),
		   objects_count(), storms_count(), threads_count(), outstanding,
		   events_count(), errors_count());
}

struct debugfs_fail {
	const char	*site;
	u64		nth;
};

static const struct command_key debugfs_fail_keys[] = {
	{ .name = "site", .help = "a site of the table, or any", .kind = COMMAND_TEXT,
	  .placeholder = "S", .needed = true, .offset = offsetof(struct debugfs_fail, site) },
	{ .name = "nth", .help = "which allocation from now on fails, once", .needed = true,
	  .min = 1, .max = S32_MAX, .offset = offsetof(struct debugfs_fail, nth) },
	{}
};

/* fail site=S nth=N */
static int debugfs_alloc_fail(struct command *cmd)
{
	struct debugfs_fail fail;
	int ret;

	ret = command_keys(cmd, &fail);
	if (ret)
		return ret;
	if (rs_alloc_fail_nth(fail.site, fail.nth))
		return command_refuse(cmd, command_word_of(cmd, fail.site), -ENOENT,
				      "no site is called '%.32s'; they are listed in alloc",
				      fail.site);
	return 0;
}

/* clear */
static int debugfs_alloc_clear(struct command *cmd)
{
	rs_alloc_fail_none();
	return 0;
}

static const struct command_verb debugfs_alloc_verbs[] = {
	{ "fail", "makes an allocation fail", debugfs_fail_keys, debugfs_alloc_fail },
	{ "clear", "lets all allocations succeed again", NULL, debugfs_alloc_clear },
	{}
};

static ssize_t debugfs_alloc_write(const char __user *ubuf, size_t size)
{
	struct command *cmd;
	ssize_t ret;

	/* Not through the seam, which this command controls. */
	cmd = kzalloc(sizeof(*cmd), GFP_KERNEL);
	if (!cmd)
		return -ENOMEM;
	ret = command_run(cmd, ubuf, size, "alloc", debugfs_alloc_verbs);
	kfree(cmd);
	return ret;
}

static ssize_t debugfs_errors_write(const char __user *ubuf, size_t size)
{
	errors_clear();
	return size;
}

/*
 * A file either shows something as a whole and may take a write, or brings
 * file operations of its own.
 */
struct debugfs_file {
	const char			*name;
	umode_t				mode;
	const char			*help;
	void				(*show)(struct seq_file *m);
	ssize_t				(*write)(const char __user *ubuf, size_t size);
	const struct command_verb	*verbs;
	const struct file_operations	*fops;
};

static void debugfs_readme_show(struct seq_file *m);
static void debugfs_commands_show(struct seq_file *m);

static const struct debugfs_file debugfs_files[] = {
	{ "README", 0400, "this text", debugfs_readme_show },
	{ "control", 0600, "commands, one a write; a read gives the result of the last",
	  .verbs = control_verbs, .fops = &control_fops },
	{ "commands", 0400, "the commands of control and alloc, with their keys",
	  debugfs_commands_show },
	{ "providers", 0400, "counters that can be driven", providers_show },
	{ "peers", 0400, "counters that only the bench measures", peers_show },
	{ "objects", 0400, "what create has made", objects_show },
	{ "holders", 0400, "who holds the counters that are tracked", holders_show },
	{ "storms", 0400, "running and finished storms, with their verdicts",
	  .fops = &storms_fops },
	{ "events", 0400, "what happened; can be polled", .fops = &events_fops },
	{ "account", 0400, "what the counter that broke last counts, and should count",
	  storms_account_show },
	{ "history", 0400, "what happened to the object that broke last", storms_history_show },
	{ "oracle", 0400, "mainline's counters compared with ours, step by step", oracle_show },
	{ "bench", 0400, "what operations cost: results of the last bench", bench_show },
	{ "error_log", 0600, "why a write was refused; any write empties it", errors_show,
	  debugfs_errors_write },
	{ "alloc", 0600, "allocations by site; can be made to fail", debugfs_alloc_show,
	  debugfs_alloc_write, debugfs_alloc_verbs },
	{ "status", 0400, "what the module holds now", debugfs_status_show },
};

static void debugfs_readme_show(struct seq_file *m)
{
	unsigned int i;

	seq_puts(m, "refstorm " RS_VERSION ": reference counters under a storm\n\n");
	for (i = 0; i < ARRAY_SIZE(debugfs_files); i++) {
		const struct debugfs_file *file = &debugfs_files[i];

		seq_printf(m, "  %-9s  %s\n", file->name, file->help);
		if (file->verbs)
			command_usage_show(m, file->verbs, 13);
	}
	seq_puts(m,
		 "\n"
		 "  # echo create a rs_percpu_ref > control\n"
		 "  # echo kill a > control; cat events\n"
		 "  # echo storm provider=rs_percpu_ref ms=3000 > control; sleep 4; cat storms\n");
}

static void debugfs_commands_show(struct seq_file *m)
{
	unsigned int i;

	command_table_names_show(m);
	for (i = 0; i < ARRAY_SIZE(debugfs_files); i++)
		if (debugfs_files[i].verbs)
			command_table_show(m, debugfs_files[i].name, debugfs_files[i].verbs);
}

static int debugfs_file_show(struct seq_file *m, void *v)
{
	const struct debugfs_file *shown = m->private;

	shown->show(m);
	return 0;
}

static int debugfs_file_open(struct inode *inode, struct file *file)
{
	return single_open(file, debugfs_file_show, inode->i_private);
}

static ssize_t debugfs_file_write(struct file *file, const char __user *ubuf, size_t size,
				  loff_t *ppos)
{
	const struct debugfs_file *shown =
		((struct seq_file *)file->private_data)->private;

	return shown->write ? shown->write(ubuf, size) : -EINVAL;
}

static const struct file_operations debugfs_file_fops = {
	.owner		= THIS_MODULE,
	.open		= debugfs_file_open,
	.read		= seq_read,
	.write		= debugfs_file_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

/* Return: 0, or a negative errno; the kernel may have debugfs disabled. */
int rs_debugfs_init(void)
{
	unsigned int i;

	debugfs_dir = debugfs_create_dir(RS_DEBUGFS_DIR, NULL);
	if (IS_ERR(debugfs_dir))
		return PTR_ERR(debugfs_dir);

	for (i = 0; i < ARRAY_SIZE(debugfs_files); i++) {
		const struct debugfs_file *file = &debugfs_files[i];
		struct dentry *dentry;

		dentry = debugfs_create_file(file->name, file->mode, debugfs_dir, (void *)file,
					     file->fops ?: &debugfs_file_fops);
		if (IS_ERR(dentry)) {
			debugfs_remove(debugfs_dir);
			return PTR_ERR(dentry);
		}
	}
	return 0;
}

void rs_debugfs_exit(void)
{
	debugfs_remove(debugfs_dir);
}
