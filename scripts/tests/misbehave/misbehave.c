// SPDX-License-Identifier: GPL-2.0
/*
 * A module whose init does what no module should, so that the runner's tests
 * see each complaint of a real kernel classified: insmod misbehave.ko how=WORD.
 */
#include <linux/delay.h>
#include <linux/kdebug.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/ptrace.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

static char *how = "";
module_param(how, charp, 0);
MODULE_PARM_DESC(how, "warn, plain_warn, refcount, oops, divide, int3, stack, poison, atomic, lockup, stuck, deaf or breakpoint");

static void __init misbehave_write_after_free(void)
{
	static void *objects[64];
	char *freed = kmalloc(64, GFP_KERNEL);
	unsigned int i;

	OPTIMIZER_HIDE_VAR(freed);
	kfree(freed);
	OPTIMIZER_HIDE_VAR(freed);
	if (freed)
		freed[20] = 1;
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmalloc(64, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		kfree(objects[i]);
}

/* On each CPU, with interrupts off, for ever: not even SysRq is answered. */
static void misbehave_be_deaf(void *unused)
{
	for (;;)
		cpu_relax();
}

/* As kprobes does with a breakpoint that is not in memory any more: go back to it. */
static int misbehave_go_back(struct notifier_block *block, unsigned long what, void *data)
{
	struct die_args *args = data;

	if (what != DIE_INT3)
		return NOTIFY_DONE;
	instruction_pointer_set(args->regs, instruction_pointer(args->regs) - 1);
	return NOTIFY_STOP;
}

static struct notifier_block misbehave_die = {
	.notifier_call = misbehave_go_back,
	.priority = INT_MAX,
};

static int __init misbehave_init(void)
{
	if (!strcmp(how, "warn")) {
		WARN(1, "misbehave: as told\n");
	} else if (!strcmp(how, "plain_warn")) {
		WARN_ON(1);
	} else if (!strcmp(how, "refcount")) {
		refcount_t count = REFCOUNT_INIT(1);

		refcount_dec(&count);
	} else if (!strcmp(how, "oops")) {
		WRITE_ONCE(*(int *)8, 1);
	} else if (!strcmp(how, "divide")) {
		static int zero;

		return 7 / READ_ONCE(zero);
	} else if (!strcmp(how, "int3")) {
		asm volatile("int3");
	} else if (!strcmp(how, "stack")) {
		dump_stack();
	} else if (!strcmp(how, "poison")) {
		/* With slub_debug=P, SLUB sees it when the object is allocated again. */
		misbehave_write_after_free();
	} else if (!strcmp(how, "atomic")) {
		preempt_disable();
		msleep(20);
		preempt_enable();
	} else if (!strcmp(how, "lockup")) {
		/* By the clock that the watchdog has; mdelay() is shorter in a guest. */
		u64 end = ktime_get_ns() + 8 * NSEC_PER_SEC;

		preempt_disable();
		while (ktime_get_ns() < end)
			cpu_relax();
		preempt_enable();
	} else if (!strcmp(how, "deaf")) {
		on_each_cpu(misbehave_be_deaf, NULL, 0);
	} else if (!strcmp(how, "stuck")) {
		preempt_disable();
		for (;;)
			cpu_relax();
	} else if (!strcmp(how, "breakpoint")) {
		register_die_notifier(&misbehave_die);
		preempt_disable();
		asm volatile("int3");
	} else {
		return -EINVAL;
	}
	return 0;
}

static void __exit misbehave_exit(void)
{
}

module_init(misbehave_init);
module_exit(misbehave_exit);
MODULE_DESCRIPTION("Provokes the complaints that the runner must recognise");
MODULE_LICENSE("GPL");
