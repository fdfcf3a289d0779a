// SPDX-License-Identifier: GPL-2.0
/* rs_refcount_t as on this architecture. */
#define FUNCTION	abuse_rs
#include "abuse_ours.h"
