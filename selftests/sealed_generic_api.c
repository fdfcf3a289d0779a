// SPDX-License-Identifier: GPL-2.0
/*
 * rs_sealed_ref in difficult states, sealed by atomic operations.
 * The scenarios are in modules/sealed_generic_api.ko.
 */
#include "scenarios.h"

int main(void)
{
	return scenarios_run("sealed_generic_api");
}
