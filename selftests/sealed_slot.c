// SPDX-License-Identifier: GPL-2.0
/* rs_sealed_ref below its interface. The scenarios are in modules/sealed_slot.ko. */
#include "scenarios.h"

int main(void)
{
	return scenarios_run("sealed_slot");
}
