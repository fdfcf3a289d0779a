// SPDX-License-Identifier: GPL-2.0
/* LKDTM's abuses of refcounts, and others. The scenarios are in modules/refcount_abuse.ko. */
#include "scenarios.h"

int main(void)
{
	return scenarios_run("refcount_abuse");
}
