/* SPDX-License-Identifier: GPL-2.0 */
/* The engines of struct rs_sealed_ref. */
#ifndef _RSREF_SEALED_ENGINE_H
#define _RSREF_SEALED_ENGINE_H

#include <linux/percpu.h>

#include <refstorm/sealed_ref.h>

#include "percpu_count.h"

/* Slots for counters that have none of their own; never opened */
DECLARE_PER_CPU(s64, sealed_forever);

extern const struct percpu_engine sealed_swap_engine;
#ifdef CONFIG_X86_64
extern const struct percpu_engine sealed_ipi_engine;
#endif

void sealed_engine_recentre(s64 __percpu *slots);

void sealed_round_collect(struct rs_percpu_count *count);
void sealed_round_read(struct rs_sealed_ref_rounds *rounds);
int sealed_round_module_init(void);
void sealed_round_module_exit(void);

void sealed_swap_open(struct rs_percpu_count *count);
void sealed_swap_collect(struct rs_percpu_count *count);

int sealed_engine_module_init(void);
void sealed_engine_module_exit(void);

#endif /* _RSREF_SEALED_ENGINE_H */
