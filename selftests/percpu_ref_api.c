// SPDX-License-Identifier: GPL-2.0
/* rs_percpu_ref in difficult states. The scenarios are in modules/percpu_ref_api.ko. */
#include "scenarios.h"

int main(void)
{
	return scenarios_run("percpu_ref_api");
}
