// SPDX-License-Identifier: GPL-2.0
/*
 * rs_sealed_ref in difficult states, sealed by interrupts.
 * The scenarios are in modules/sealed_ref_api.ko.
 */
#include "scenarios.h"

int main(void)
{
	return scenarios_run("sealed_ref_api");
}
