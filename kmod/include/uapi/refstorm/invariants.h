/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The invariants that a verdict can name, and what breaks them. docs/invariants.md is made from
 * these two lists.
 *
 * RS_INVARIANTS(X) calls X(identifier, "name", "what must hold").
 *
 * RS_INVARIANT_CAUSES(X) calls X(identifier, "cause") for each likely cause, the most likely ones
 * of an invariant first. Each cause is the bug of a mutant, or of several.
 */
#ifndef _UAPI_REFSTORM_INVARIANTS_H
#define _UAPI_REFSTORM_INVARIANTS_H

#define RS_INVARIANTS(X)						\
	X(RELEASE_ONCE, "release-once",					\
	  "release() runs exactly once for each object")		\
	X(NO_EARLY_RELEASE, "no-early-release",				\
	  "release() runs only when no ledger holds a reference")	\
	X(NO_LOST_COUNT, "no-lost-count",				\
	  "release() runs within the bound after the last put")	\
	X(CONFIRM_THEN_DEAD, "confirm-then-dead",			\
	  "no tryget_live succeeds once the kill is confirmed")	\
	X(CONFIRM_BEFORE_RELEASE, "confirm-before-release",		\
	  "a requested confirmation comes before release()")		\
	X(PAYLOAD_INTACT, "payload-intact",				\
	  "a holder never sees the payload that release() poisons")	\
	X(LEDGER_BALANCED, "ledger-balanced",				\
	  "references taken and dropped are equal at the end")		\
	X(MODE_LEGAL, "mode-legal",					\
	  "kill wins once, a killed counter says dying, a released one zero") \
	X(CONTEXT_KEPT, "context-kept",					\
	  "kill returns with interrupts as they were")			\
	X(SATURATION_STICKS, "saturation-sticks",			\
	  "a counter driven past its end saturates and never releases") \
	X(KERNEL_LOG_CLEAN, "kernel-log-clean",				\
	  "the kernel log has no warning that nobody announced")

#define RS_INVARIANT_CAUSES(X)						\
	X(RELEASE_ONCE,							\
	  "put drops a reference and looks for zero in two steps: two puts both see zero") \
	X(RELEASE_ONCE,							\
	  "a get or tryget succeeds at zero, and its put releases again") \
	X(RELEASE_ONCE,							\
	  "the count went wrong earlier, so it reaches zero more than once") \
	X(RELEASE_ONCE,							\
	  "the end of a switch and a put both take themselves for the last")	\
	X(NO_EARLY_RELEASE,						\
	  "gets were lost when the slots were collected: summed too early, or not all of them") \
	X(NO_EARLY_RELEASE,						\
	  "a get is a read and a write instead of one atomic operation") \
	X(NO_EARLY_RELEASE,						\
	  "kill or the end of its switch calls release() without looking for zero") \
	X(NO_EARLY_RELEASE,						\
	  "a reference is dropped twice: by a second kill, by both stages of a kill, by a handle") \
	X(NO_LOST_COUNT,						\
	  "puts were lost when the slots were collected: summed too early, or not all of them") \
	X(NO_LOST_COUNT,						\
	  "the bias of per-CPU mode was taken off at another moment than the sum was added") \
	X(NO_LOST_COUNT,						\
	  "a put is a read and a write instead of one atomic operation, or drops less than told") \
	X(NO_LOST_COUNT,						\
	  "the switch never ends: a CPU does not report, or a timer or callback does not run") \
	X(NO_LOST_COUNT,						\
	  "the last put and the end of the switch each leave release() to the other") \
	X(CONFIRM_THEN_DEAD,						\
	  "tryget_live does not look whether the counter is dying, or looks before it counts") \
	X(CONFIRM_THEN_DEAD,						\
	  "the confirmation came while a CPU could still count in its slot") \
	X(CONFIRM_THEN_DEAD,						\
	  "a CPU opened its slot again after the kill")			\
	X(CONFIRM_BEFORE_RELEASE,					\
	  "the switch drops its own reference before it confirms")	\
	X(CONFIRM_BEFORE_RELEASE,					\
	  "the confirmation is lost, or left to another switch")	\
	X(PAYLOAD_INTACT,						\
	  "tryget succeeds at zero, on an object that was released")	\
	X(PAYLOAD_INTACT,						\
	  "the object was released early: the causes of no-early-release") \
	X(LEDGER_BALANCED,						\
	  "a worker of the storm miscounts: a fault of the test, not of the counter") \
	X(LEDGER_BALANCED,						\
	  "a counter that nobody uses does not count one when it is about to end") \
	X(MODE_LEGAL,							\
	  "kill does not set dying in the same step in which it decides who is first") \
	X(MODE_LEGAL,							\
	  "resurrect or reinit leaves the counter dying, or forgets the initial reference") \
	X(MODE_LEGAL,							\
	  "a switch returns before it is over")				\
	X(MODE_LEGAL,							\
	  "the count is wrong: the causes of no-early-release and no-lost-count") \
	X(CONTEXT_KEPT,							\
	  "a section with interrupts off ends by enabling them, not by restoring what was") \
	X(SATURATION_STICKS,						\
	  "a get, put or tryget past the end warns but does not write the saturated value") \
	X(SATURATION_STICKS,						\
	  "a put of a saturated count takes it out of the saturated range") \
	X(KERNEL_LOG_CLEAN,						\
	  "memory is freed while a switch, an RCU callback or a reader still uses it") \
	X(KERNEL_LOG_CLEAN,						\
	  "a callback or kill sleeps, or waits, where it must not")	\
	X(KERNEL_LOG_CLEAN,						\
	  "a lock is taken in two orders, or with interrupts on and off")

#endif /* _UAPI_REFSTORM_INVARIANTS_H */
