// SPDX-License-Identifier: GPL-2.0
/* Ours, as this architecture has it. */
#define FUNCTION	abuse_rs
#include "abuse_ours.h"
