/* SPDX-License-Identifier: GPL-2.0 */
/* How the users of collected counts are called back; see sealed_callback.c. */
#ifndef _RSREF_SEALED_CALLBACK_H
#define _RSREF_SEALED_CALLBACK_H

#include <linux/llist.h>

void sealed_callback_add(struct llist_node *newest, struct llist_node *oldest);
void sealed_callback_kick(void);
void sealed_callback_kick_in_irq(void);

int sealed_callback_module_init(void);
void sealed_callback_module_exit(void);

#endif /* _RSREF_SEALED_CALLBACK_H */
