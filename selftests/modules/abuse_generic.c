// SPDX-License-Identifier: GPL-2.0
/* rs_refcount_t in C, as on an architecture without assembly of its own. */
#define RS_REFCOUNT_GENERIC
#define FUNCTION	abuse_generic
#include "abuse_ours.h"
