// SPDX-License-Identifier: GPL-2.0
/* Each operation where least is allowed. The scenarios are in modules/contexts.ko. */
#include "scenarios.h"

int main(void)
{
	return scenarios_run("contexts");
}
