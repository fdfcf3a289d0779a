/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands on objects share. */
#ifndef _REFSTORM_OBJECT_INTERNAL_H
#define _REFSTORM_OBJECT_INTERNAL_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include <refstorm/track.h>

#include "control/command.h"
#include "provider/provider.h"

/**
 * struct object - a counter that is driven one command at a time
 * @node: in the list of all objects
 * @name: as the user calls it
 * @counter: the counter
 * @held: references that the caller of control holds
 * @killed: the owner's reference is gone
 * @unguarded: misuse reaches the counter
 * @reinit: it may be reinitialised
 * @track: for a refcount or kref that is tracked
 * @holders: references that were taken for a name, of @held
 * @named: how many
 * @waiters: callers of object_wait()
 * @released: calls of release()
 * @released_before: those of earlier lives
 * @confirmed: calls of confirm()
 * @rcu: for the end
 *
 * All but the callbacks' own counts are protected by objects_lock.
 */
struct object {
	struct list_head	node;
	char			name[RS_NAME_MAX + 1];
	struct rs_counter	counter;
	u64			held;
	bool			killed;
	bool			unguarded;
	bool			reinit;
	struct rs_track		track;
	struct list_head	holders;
	unsigned int		named;
	unsigned int		waiters;
	atomic_t		released;
	int			released_before;
	atomic_t		confirmed;
	struct rcu_head		rcu;
};

extern struct mutex objects_lock;

static inline bool object_is_released(const struct object *object)
{
	return atomic_read(&object->released) > object->released_before;
}

struct object *object_find_or_refuse(struct command *cmd);
int object_check_name(struct command *cmd, unsigned int word, const char *name);
int object_guard_get(struct command *cmd, struct object *object, u32 nr);
bool object_has_holder(const struct command *cmd);
int object_get_held(struct command *cmd);
int object_put_held(struct command *cmd);
int object_track_begin(struct object *object, unsigned int seconds);
int object_track_refuse(struct command *cmd, struct object *object, int err);
void object_forget_holders(struct object *object);
__printf(3, 4)
int object_done(struct command *cmd, struct object *object, const char *fmt, ...);

static inline const char *object_boolean(bool value)
{
	return value ? "true" : "false";
}

#endif /* _REFSTORM_OBJECT_INTERNAL_H */
