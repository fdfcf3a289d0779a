// SPDX-License-Identifier: GPL-2.0
/* Ours in C, as architectures have it that bring nothing of their own. */
#define RS_REFCOUNT_GENERIC
#define FUNCTION	abuse_generic
#include "abuse_ours.h"
