/* SPDX-License-Identifier: GPL-2.0 */
/* The functions that main.c and driver.cc call in each other. */
#ifndef EXAMPLE_DRIVER_H
#define EXAMPLE_DRIVER_H

#ifdef __cplusplus
extern "C" {
#else
#include <linux/types.h>
#endif

/* driver.cc. Return: whether the request was served; the number served, or a negative errno. */
bool example_request(void);
int example_add_and_remove(void);

/* main.c. Called when the device was removed and the last request has ended. */
void example_idle(void);

#ifdef __cplusplus
}
#endif

#endif /* EXAMPLE_DRIVER_H */
