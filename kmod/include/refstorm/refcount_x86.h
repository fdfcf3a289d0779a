/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rs_refcount_t on x86: decrements that are checked by the flags that they set.
 *
 * A locked decrement sets the flags as a comparison of the old value with 1
 * would, overflow included:
 *
 *	old value	flags		rs_refcount_dec_and_test()	rs_refcount_dec()
 *	0 and less	l		misuse				misuse
 *	1		e		it was the last			misuse
 *	2 and more	g		one of several			fine
 *
 * A locked instruction is a full barrier, which is more than either operation needs.
 * <refstorm/refcount.h> includes this header, and has the same in C for other architectures.
 *
 * KASAN and KCSAN do not look into asm, so both are told of the access before it, as the
 * kernel's own atomic operations tell them: a put of a freed object is reported, and so is a
 * plain access that races with a put. KCSAN also models weak memory, and is told of the barriers
 * that the operation promises, not of those that the instruction gives.
 */
#ifndef _REFSTORM_REFCOUNT_X86_H
#define _REFSTORM_REFCOUNT_X86_H

#ifndef __cplusplus
#include <asm/alternative.h>
#include <linux/instrumented.h>
#endif

/* Tell KASAN and KCSAN of a decrement with RELEASE. Without them no instruction. */
static __always_inline void __rs_refcount_arch_instrument(rs_refcount_t *r)
{
	kcsan_release();
	instrument_atomic_read_write(&r->refs, sizeof(r->refs));
}

/* The rest of rs_refcount_dec_and_test(). */
static __always_inline bool __rs_refcount_arch_dec_and_test(rs_refcount_t *r)
{
	__rs_refcount_arch_instrument(r);
	asm goto(LOCK_PREFIX "decl %[count]\n\t"
		 "jl %l[misuse]\n\t"
		 "je %l[last]"
		 : : [count] "m" (r->refs.counter) : "memory", "cc" : misuse, last);
	return false;
last:
	smp_acquire__after_ctrl_dep();
	return true;
misuse:
	rs_refcount_warn_saturate(r, RS_REFCOUNT_SUB_UAF);
	return false;
}

/* The rest of rs_refcount_dec(). */
static __always_inline void __rs_refcount_arch_dec(rs_refcount_t *r)
{
	__rs_refcount_arch_instrument(r);
	asm goto(LOCK_PREFIX "decl %[count]\n\t"
		 "jle %l[misuse]"
		 : : [count] "m" (r->refs.counter) : "memory", "cc" : misuse);
	return;
misuse:
	rs_refcount_warn_saturate(r, RS_REFCOUNT_DEC_LEAK);
}

#endif /* _REFSTORM_REFCOUNT_X86_H */
