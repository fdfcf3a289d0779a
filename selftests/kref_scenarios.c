// SPDX-License-Identifier: GPL-2.0
/* The rules of kref, kept and broken. The scenarios are in modules/kref_scenarios.ko. */
#include "scenarios.h"

int main(void)
{
	return scenarios_run("kref_scenarios");
}
