/* SPDX-License-Identifier: GPL-2.0 */
/* How users of collected counts are called back; sealed_callback.c tells it. */
#ifndef _RSREF_SEALED_CALLBACK_H
#define _RSREF_SEALED_CALLBACK_H

#include <linux/llist.h>

void sealed_callback_add(struct llist_node *newest, struct llist_node *oldest);
void sealed_callback_kick(void);
void sealed_callback_kick_in_irq(void);

int sealed_callback_module_init(void);
void sealed_callback_module_exit(void);

#endif /* _RSREF_SEALED_CALLBACK_H */
