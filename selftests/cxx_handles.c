// SPDX-License-Identifier: GPL-2.0
/* The handles of <refstorm/ref.hpp> in a kernel. The scenarios are in modules/cxx_handles.ko. */
#include "scenarios.h"

int main(void)
{
	return scenarios_run("cxx_handles");
}
