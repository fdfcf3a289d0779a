/* SPDX-License-Identifier: GPL-2.0 */
/* The engine of struct rs_percpu_ref. */
#ifndef _RSREF_RCU_ENGINE_H
#define _RSREF_RCU_ENGINE_H

#include "percpu_count.h"

extern const struct percpu_engine rcu_engine;

#endif /* _RSREF_RCU_ENGINE_H */
