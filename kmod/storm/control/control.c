// SPDX-License-Identifier: GPL-2.0
/*
 * The control file: one command a write. A read through the same open file
 * gives the result of its last command. Through a file that has written none,
 * as that of cat after echo, a read gives the result of the last command of all.
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
#include "storm/storm_setup.h"

/* The commands, in the order of README. */
const struct command_verb control_verbs[] = {
	{ "create", "makes an object with one reference, its owner's",
	  object_create_keys, object_create },
	{ "get", "takes N references (1), or one for a new holder H",
	  object_move_keys, object_get },
	{ "put", "drops N references (1) that no holder was named for, or that of holder H",
	  object_move_keys, object_put },
	{ "tryget", "takes N references (1) unless the count is zero",
	  object_tryget_keys, object_tryget },
	{ "tryget_live", "takes one reference unless the counter was killed",
	  object_name_keys, object_tryget_live },
	{ "kill", "drops the owner's reference; per-CPU kinds then count in one word",
	  object_kill_keys, object_kill },
	{ "wait", "sleeps until release() has run", object_wait_keys, object_wait },
	{ "switch_to_atomic", "counts in one word from now on, and waits for the switch",
	  object_name_keys, object_switch_to_atomic },
	{ "switch_to_percpu", "counts per CPU again, a killed counter after resurrect",
	  object_name_keys, object_switch_to_percpu },
	{ "reinit", "gives a released object its owner's reference again",
	  object_name_keys, object_reinit },
	{ "resurrect", "takes back a kill while the caller holds a reference",
	  object_name_keys, object_resurrect },
	{ "track", "records the holders of an rs_ counter from now on",
	  object_track_keys, object_track },
	{ "untrack", "stops recording holders; does nothing if the object is not tracked",
	  object_name_keys, object_untrack },
	{ "pass", "gives the reference of holder FROM to a new holder TO",
	  object_pass_keys, object_pass },
	{ "destroy", "frees a released object", object_name_keys, object_destroy },
	{ "storm", "starts a storm and returns", storm_setup_keys, storm_command },
	{ "stop", "asks a running storm, or all, to end early", storm_stop_keys,
	  storm_stop_command },
	{ "oracle", "compares a counter of mainline's with ours, step by step",
	  oracle_keys, oracle_command },
	{ "oracle stop", "ends the comparison early", NULL, oracle_stop_command },
	{ "bench", "measures what operations cost, and returns when that is done",
	  bench_keys, bench_command },
	{ "bench_kill", "measures how long kills take, and returns when that is done",
	  bench_kill_keys, bench_kill_command },
	{ "bench_memory", "measures how much memory counters take, and returns when that is done",
	  bench_memory_keys, bench_memory_command },
	{}
};

struct control {
	struct mutex	lock;		/* one command at a time */
	struct command	cmd;
	size_t		unread;		/* bytes of the result not read yet */
	bool		begun;		/* cmd.result is this file's */
};

/* The result of the last command of all files; empty if it was refused. */
static char control_last[sizeof_field(struct command, result)];
static DEFINE_MUTEX(control_last_lock);

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
	ret = command_run(&control->cmd, ubuf, size, "control", control_verbs);
	control->unread = ret < 0 ? 0 :
		strlcat(control->cmd.result, "\n", sizeof(control->cmd.result));
	control->begun = true;
	mutex_lock(&control_last_lock);
	strscpy(control_last, control->unread ? control->cmd.result : "", sizeof(control_last));
	mutex_unlock(&control_last_lock);
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
	if (!control->begun) {
		control->begun = true;
		mutex_lock(&control_last_lock);
		control->unread = strscpy(control->cmd.result, control_last,
					  sizeof(control->cmd.result));
		mutex_unlock(&control_last_lock);
	}
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
