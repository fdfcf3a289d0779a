/* SPDX-License-Identifier: GPL-2.0 */
/* The functions of scenario.h, and the files. Included by one file of each module. */
#ifndef SELFTESTS_MODULES_SCENARIO_FRAME_H
#define SELFTESTS_MODULES_SCENARIO_FRAME_H

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "scenario.h"

static const struct scenario *scenarios;
static unsigned int scenarios_nr;
static DEFINE_MUTEX(scenario_mutex);
static const struct scenario *scenario_last;
static atomic_t scenario_failures;
static const char *scenario_result = "";
static char scenario_named[200];

void fail(const char *fmt, ...)
{
	va_list args;

	if (atomic_inc_return(&scenario_failures) != 1)
		return;
	scenario_result = "failed";
	va_start(args, fmt);
	vsnprintf(scenario_named, sizeof(scenario_named), fmt, args);
	va_end(args);
	/* The run file shows the text in double quotes. */
	strreplace(scenario_named, '"', '\'');
}

void caught(const char *name)
{
	if (atomic_read(&scenario_failures))
		return;
	scenario_result = "caught";
	strscpy(scenario_named, name, sizeof(scenario_named));
}

void skipped(const char *why)
{
	if (atomic_read(&scenario_failures))
		return;
	scenario_result = "skipped";
	strscpy(scenario_named, why, sizeof(scenario_named));
}

unsigned int set_parameter(const char *name, unsigned int value)
{
	unsigned int before = value;
	struct file *file;
	char text[64];
	loff_t pos = 0;
	ssize_t length;

	scnprintf(text, sizeof(text), "/sys/module/rsref/parameters/%s", name);
	file = filp_open(text, O_RDWR, 0);
	if (!check(!IS_ERR(file)))
		return before;
	length = kernel_read(file, text, sizeof(text) - 1, &pos);
	if (check(length > 0)) {
		text[length] = '\0';
		check(!kstrtouint(strim(text), 0, &before));
	}
	length = scnprintf(text, sizeof(text), "%u", value);
	pos = 0;
	check(kernel_write(file, text, length, &pos) == length);
	filp_close(file, NULL);
	return before;
}

struct crowd {
	void			(*fn)(unsigned int nr, void *arg);
	void			*arg;
	unsigned int		nr;
	struct completion	go;
	struct crowd_member {
		struct crowd		*crowd;
		struct task_struct	*task;
		struct completion	done;
	} member[CROWD_MAX];
};

static int crowd_thread(void *data)
{
	struct crowd_member *member = data;
	struct crowd *crowd = member->crowd;

	wait_for_completion(&crowd->go);
	crowd->fn(member - crowd->member, crowd->arg);
	complete(&member->done);
	return 0;
}

struct crowd *crowd_start(unsigned int nr, void (*fn)(unsigned int nr, void *arg), void *arg)
{
	struct crowd *crowd = kzalloc(sizeof(*crowd), GFP_KERNEL);
	unsigned int cpu = cpumask_first(cpu_online_mask);

	if (!crowd) {
		fail("no memory for threads");
		return NULL;
	}
	crowd->fn = fn;
	crowd->arg = arg;
	init_completion(&crowd->go);
	for (; crowd->nr < min_t(unsigned int, nr, CROWD_MAX); crowd->nr++) {
		struct crowd_member *member = &crowd->member[crowd->nr];

		member->crowd = crowd;
		init_completion(&member->done);
		member->task = kthread_create(crowd_thread, member, "scenario/%u", crowd->nr);
		if (IS_ERR(member->task)) {
			fail("a thread cannot be created");
			break;
		}
		kthread_bind(member->task, cpu);
		get_task_struct(member->task);
		wake_up_process(member->task);
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
	}
	complete_all(&crowd->go);
	return crowd;
}

void crowd_join(struct crowd *crowd)
{
	unsigned int i;

	if (!crowd)
		return;
	for (i = 0; i < crowd->nr; i++) {
		wait_for_completion(&crowd->member[i].done);
		kthread_stop(crowd->member[i].task);
		put_task_struct(crowd->member[i].task);
	}
	kfree(crowd);
}

/* All of them, from beginning to end. */
void crowd_run(unsigned int nr, void (*fn)(unsigned int nr, void *arg), void *arg)
{
	crowd_join(crowd_start(nr, fn, arg));
}

/*
 * The files.
 */

static const char *expected(const struct scenario *s)
{
	if (s->dies)
		return "dies";
	return s->wrong ? "caught" : "held";
}

static int scenarios_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	for (i = 0; i < scenarios_nr; i++) {
		const struct scenario *s = &scenarios[i];

		seq_printf(m, "scenario=%s expected=%s warnings=%u text=\"%s\" title=\"%s\"\n",
			   s->name, expected(s), s->warnings, s->text ?: "",
			   s->title);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(scenarios);

/*
 * The text of a read is made when the file is opened: no seq_file, whose lock a scenario's
 * own files have, too, would be held over scenario_mutex.
 */
struct run_text {
	size_t	size;
	char	text[sizeof(scenario_named) + 160];
};

static int run_open(struct inode *inode, struct file *file)
{
	struct run_text *run = kzalloc(sizeof(*run), GFP_KERNEL);

	if (!run)
		return -ENOMEM;
	mutex_lock(&scenario_mutex);
	if (scenario_last)
		run->size = scnprintf(run->text, sizeof(run->text),
				      "scenario=%s result=%s named=\"%s\"\n", scenario_last->name,
				      scenario_result, scenario_named);
	mutex_unlock(&scenario_mutex);
	file->private_data = run;
	return 0;
}

static ssize_t run_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	struct run_text *run = file->private_data;

	return simple_read_from_buffer(to, size, pos, run->text, run->size);
}

static int run_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t run_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	char words[64] = "", *name;
	unsigned int i;

	if (size >= sizeof(words))
		return -EINVAL;
	if (copy_from_user(words, from, size))
		return -EFAULT;
	name = strim(words);
	for (i = 0; i < scenarios_nr; i++) {
		if (strcmp(scenarios[i].name, name))
			continue;
		mutex_lock(&scenario_mutex);
		scenario_last = &scenarios[i];
		atomic_set(&scenario_failures, 0);
		scenario_result = "held";
		scenario_named[0] = '\0';
		scenarios[i].run(&scenarios[i]);
		mutex_unlock(&scenario_mutex);
		return size;
	}
	return -ENOENT;
}

static const struct file_operations run_fops = {
	.owner		= THIS_MODULE,
	.open		= run_open,
	.read		= run_read,
	.write		= run_write,
	.llseek		= default_llseek,
	.release	= run_release,
};

static struct dentry *scenario_dir;

static void scenarios_begin(const struct scenario *list, unsigned int nr)
{
	scenarios = list;
	scenarios_nr = nr;
	scenario_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("scenarios", 0400, scenario_dir, NULL, &scenarios_fops);
	debugfs_create_file("run", 0600, scenario_dir, NULL, &run_fops);
}

static void scenarios_end(void)
{
	debugfs_remove_recursive(scenario_dir);
}

/* The whole module of a table of scenarios. At its end RCU callbacks of its code may be due. */
#define SCENARIOS_MODULE(_list, _description)			\
static int __init scenarios_init(void)				\
{								\
	scenarios_begin(_list, ARRAY_SIZE(_list));		\
	return 0;						\
}								\
module_init(scenarios_init);					\
								\
static void __exit scenarios_exit(void)				\
{								\
	scenarios_end();					\
	rcu_barrier();						\
}								\
module_exit(scenarios_exit);					\
								\
MODULE_AUTHOR("The refstorm authors");				\
MODULE_DESCRIPTION(_description);				\
MODULE_LICENSE("GPL")

#endif /* SELFTESTS_MODULES_SCENARIO_FRAME_H */
