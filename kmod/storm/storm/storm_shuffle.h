/* SPDX-License-Identifier: GPL-2.0 */
/* A CPU that no thread of a storm uses; which one changes from time to time. */
#ifndef _REFSTORM_STORM_SHUFFLE_H
#define _REFSTORM_STORM_SHUFFLE_H

void storm_shuffle_next(void);
void storm_shuffle_end(void);

#endif /* _REFSTORM_STORM_SHUFFLE_H */
