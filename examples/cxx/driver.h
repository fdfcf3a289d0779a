/* SPDX-License-Identifier: GPL-2.0 */
/* What the two halves of the example call of each other. */
#ifndef EXAMPLE_DRIVER_H
#define EXAMPLE_DRIVER_H

#ifdef __cplusplus
extern "C" {
#else
#include <linux/types.h>
#endif

/* driver.cc. Return: whether the request was served; how many were, or an error of C's */
bool example_request(void);
int example_add_and_remove(void);

/* main.c: the last request ended after the device was removed. */
void example_idle(void);

#ifdef __cplusplus
}
#endif

#endif /* EXAMPLE_DRIVER_H */
