/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The providers: the counters that refstorm.ko can drive, each once, in the order of
 * the providers file.
 *
 * RS_PROVIDERS(X) calls X(name, origin, interface, tracked) for each of them:
 *
 * name:      as the user writes it; provider_*.c defines rs_provider_<name>
 * origin:    baseline, mainline or refstorm
 * interface: atomic, refcount, kref or percpu_ref: the mainline counter whose operations
 *            the provider has
 * tracked:   the kind that the holders file gives the counter, none if the provider
 *            cannot be tracked
 */
#ifndef _UAPI_REFSTORM_PROVIDERS_H
#define _UAPI_REFSTORM_PROVIDERS_H

#define RS_PROVIDERS_EVERYWHERE(X)					\
	X(atomic, baseline, atomic, none)				\
	X(refcount, mainline, refcount, none)				\
	X(kref, mainline, kref, none)					\
	X(percpu_ref, mainline, percpu_ref, none)			\
	X(rs_refcount, refstorm, refcount, rs_refcount)			\
	X(rs_kref, refstorm, kref, rs_refcount)				\
	X(rs_percpu_ref, refstorm, percpu_ref, rs_percpu_ref)		\
	X(rs_percpu_ref_dynamic, refstorm, percpu_ref, rs_percpu_ref)	\
	X(rs_percpu_ref_two_stage, refstorm, percpu_ref, rs_percpu_ref)	\
	X(rs_sealed_ref, refstorm, percpu_ref, rs_sealed_ref)		\
	X(rs_sealed_ref_dynamic, refstorm, percpu_ref, rs_sealed_ref)	\
	X(rs_sealed_ref_generic, refstorm, percpu_ref, rs_sealed_ref)	\
	X(cxx_refcount, refstorm, refcount, none)			\
	X(cxx_kref, refstorm, kref, none)

/* The inlined get and put of rs_sealed_ref, in C++, exist for this architecture only. */
#define RS_PROVIDERS_X86_64(X)						\
	X(cxx_sealed_ref, refstorm, percpu_ref, rs_sealed_ref)

#ifdef __x86_64__
#define RS_PROVIDERS(X)	RS_PROVIDERS_EVERYWHERE(X) RS_PROVIDERS_X86_64(X)
#else
#define RS_PROVIDERS(X)	RS_PROVIDERS_EVERYWHERE(X)
#endif

#endif /* _UAPI_REFSTORM_PROVIDERS_H */
