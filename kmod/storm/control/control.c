// SPDX-License-Identifier: GPL-2.0
/*
 * The control file: one command a write. A read through the same open file
 * gives the result of its last command.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "bench/bench.h"
#include "command.h"
#include "control.h"
#include "object/object.h"
#include "oracle/oracle.h"
#include "refstorm_module.h"
#include "storm/storm.h"

static const struct command_verb verbs[] = {
	{ "create", CREATE_USAGE, 3, 8, object_create },
	{ "get", "NAME [N|holder=H]", 2, 3, object_get },
	{ "put", "NAME [N|holder=H]", 2, 3, object_put },
	{ "tryget", "NAME [N]", 2, 3, object_tryget },
	{ "tryget_live", "NAME", 2, 2, object_tryget_live },
	{ "kill", "NAME [confirm=0|1]", 2, 3, object_kill },
	{ "wait", "NAME [ms=N]", 2, 3, object_wait },
	{ "switch_to_atomic", "NAME", 2, 2, object_switch_to_atomic },
	{ "switch_to_percpu", "NAME", 2, 2, object_switch_to_percpu },
	{ "reinit", "NAME", 2, 2, object_reinit },
	{ "resurrect", "NAME", 2, 2, object_resurrect },
	{ "track", "NAME [seconds=N]", 2, 3, object_track },
	{ "untrack", "NAME", 2, 2, object_untrack },
	{ "pass", "NAME FROM TO", 4, 4, object_pass },
	{ "destroy", "NAME", 2, 2, object_destroy },
	{ "storm", STORM_USAGE, 2, COMMAND_WORDS_MAX, storm_command },
	{ "stop", "ID|all", 2, 2, storm_stop_command },
	{ "oracle", ORACLE_USAGE, 2, 7, oracle_command },
	{ "bench", BENCH_USAGE, 2, 7, bench_command },
	{ "bench_kill", BENCH_KILL_USAGE, 2, 6, bench_kill_command },
	{ "bench_memory", BENCH_MEMORY_USAGE, 2, 3, bench_memory_command },
};

struct control {
	struct mutex	lock;		/* one command at a time */
	struct command	cmd;
	size_t		unread;		/* bytes of the result not read yet */
};

static int control_open(struct inode *inode, struct file *file)
{
	struct control *control;

	control = rs_zalloc(&refstorm_sites[SITE_CONTROL], sizeof(*control), GFP_KERNEL);
	if (!control)
		return -ENOMEM;
	mutex_init(&control->lock);
	file->private_data = control;
	return 0;
}

static int control_release(struct inode *inode, struct file *file)
{
	struct control *control = file->private_data;

	mutex_destroy(&control->lock);
	rs_free(&refstorm_sites[SITE_CONTROL], control);
	return 0;
}

static ssize_t control_write(struct file *file, const char __user *ubuf, size_t size,
			     loff_t *ppos)
{
	struct control *control = file->private_data;
	ssize_t ret;

	if (mutex_lock_interruptible(&control->lock))
		return -EINTR;
	ret = command_run(&control->cmd, ubuf, size, "control", verbs, ARRAY_SIZE(verbs));
	control->unread = ret < 0 ? 0 :
		strlcat(control->cmd.result, "\n", sizeof(control->cmd.result));
	mutex_unlock(&control->lock);
	return ret;
}

static ssize_t control_read(struct file *file, char __user *ubuf, size_t size,
			    loff_t *ppos)
{
	struct control *control = file->private_data;
	size_t len, done;

	if (mutex_lock_interruptible(&control->lock))
		return -EINTR;
	len = strlen(control->cmd.result);
	size = min(size, control->unread);
	done = size - copy_to_user(ubuf, control->cmd.result + len - control->unread, size);
	control->unread -= done;
	mutex_unlock(&control->lock);
	return done || !size ? done : -EFAULT;
}

const struct file_operations control_fops = {
	.owner		= THIS_MODULE,
	.open		= control_open,
	.read		= control_read,
	.write		= control_write,
	.release	= control_release,
};
