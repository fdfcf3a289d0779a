/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the kernels that refstorm builds for, each with a HAVE_ name.
 *
 * This is the only file that looks at a kernel version. Where a header shows a feature by a
 * macro or a config symbol, that is what is tested: stable and distribution kernels have
 * backports.
 */
#ifndef _REFSTORM_COMPAT_H
#define _REFSTORM_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/kconfig.h>
#include <linux/rcupdate.h>
#include <linux/timer.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "refstorm needs Linux 6.1 or newer"
#endif

/*
 * The newest kernel that is tested. For a newer kernel scripts/modules and rsref.ko say so once,
 * and go on.
 */
#define RS_TESTED_VERSION	7
#define RS_TESTED_PATCHLEVEL	3
#define RS_IS_TESTED \
	(LINUX_VERSION_CODE < KERNEL_VERSION(RS_TESTED_VERSION, RS_TESTED_PATCHLEVEL + 1, 0))

#ifndef CONFIG_64BIT
#error "refstorm needs a 64-bit kernel: references, bias and DEAD share one 64-bit word"
#endif

/*
 * call_rcu() may be lazy (CONFIG_RCU_LAZY), and then waits for seconds. A switch needs its grace
 * period at once.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define RS_HAVE_CALL_RCU_HURRY 1
#define rs_call_rcu_hurry(head, func) call_rcu_hurry(head, func)
#else
#define RS_HAVE_CALL_RCU_HURRY 0
#define rs_call_rcu_hurry(head, func) call_rcu(head, func)
#endif

/* Counters of mainline that not every kernel has */
#define RS_HAVE_RCUREF (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0))
#define RS_HAVE_FILE_REF (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0))

/* del_timer_sync() has another name, and the old one is gone. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define RS_HAVE_TIMER_DELETE_SYNC 1
#define rs_timer_delete_sync(timer) timer_delete_sync(timer)
#else
#define RS_HAVE_TIMER_DELETE_SYNC 0
#define rs_timer_delete_sync(timer) del_timer_sync(timer)
#endif

/* A function that holds @lock if it returns true: later kernels are told that answer. */
#ifdef __cond_acquires_impl_true
#define RS_HAVE_COND_ACQUIRES_ANSWER 1
#define __rs_cond_acquires(lock) __cond_acquires(true, lock)
#else
#define RS_HAVE_COND_ACQUIRES_ANSWER 0
#define __rs_cond_acquires(lock) __cond_acquires(lock)
#endif

/*
 * The prefix of the address of a per-CPU variable in an x86 instruction: none in kernels
 * without SMP. Newer kernels have it in the operand's type as well, which needs compiler support,
 * and keep the prefix under another name.
 */
#ifdef CONFIG_X86
#include <asm/percpu.h>
#ifdef __force_percpu_prefix
#define RS_PERCPU_PREFIX __force_percpu_prefix
#else
#define RS_PERCPU_PREFIX __percpu_prefix
#endif
#endif

/*
 * Only Tasks RCU waits for tasks that were preempted. In a kernel without it call_rcu_tasks()
 * quietly means call_rcu(). A kernel that does not preempt has no such tasks.
 */
#define RS_HAVE_TASKS_RCU (IS_ENABLED(CONFIG_TASKS_RCU) || !IS_ENABLED(CONFIG_PREEMPTION))

/*
 * rs_rcu_state() is the state of a CPU as RCU counts it: with RS_RCU_WATCHED set while RCU watches
 * the CPU, and another number after each change. What the CPU did before it came into a state that
 * RCU does not watch is ordered before what the caller does next. Where the kernel does not count
 * states, or counts them with two bits (for RCU's torture test), every CPU is taken for watched.
 */
#if IS_ENABLED(CONFIG_CONTEXT_TRACKING_IDLE) && !IS_ENABLED(CONFIG_RCU_DYNTICKS_TORTURE)
#include <linux/context_tracking_state.h>
#define RS_HAVE_RCU_STATE 1
#ifdef CT_RCU_WATCHING
#define RS_RCU_WATCHED CT_RCU_WATCHING
#define rs_rcu_state(cpu) ct_rcu_watching_cpu_acquire(cpu)
#ifdef CT_RCU_WATCHING_WIDTH
static_assert(CT_RCU_WATCHING_WIDTH >= 16, "the state comes round too soon to be compared");
#endif
#else
#define RS_RCU_WATCHED RCU_DYNTICKS_IDX
#define rs_rcu_state(cpu) ct_dynticks_cpu_acquire(cpu)
#endif
#else
#define RS_HAVE_RCU_STATE 0
#define RS_RCU_WATCHED 1
#define rs_rcu_state(cpu) ((void)(cpu), RS_RCU_WATCHED)
#endif

/* hrtimer_init() and an assignment have become one call. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define RS_HAVE_HRTIMER_SETUP 1
#define rs_hrtimer_setup(timer, function, clock, mode) \
	hrtimer_setup(timer, function, clock, mode)
#else
#define RS_HAVE_HRTIMER_SETUP 0
static inline void rs_hrtimer_setup(struct hrtimer *timer,
				    enum hrtimer_restart (*function)(struct hrtimer *),
				    clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#endif /* _REFSTORM_COMPAT_H */
