/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SELFTESTS_SCENARIOS_H
#define SELFTESTS_SCENARIOS_H

/*
 * Load a module of selftests/modules/, run each of its scenarios as a test, and unload it.
 * The exit code of the program.
 */
int scenarios_run(const char *module);

#endif /* SELFTESTS_SCENARIOS_H */
