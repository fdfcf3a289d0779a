/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of this room share. */
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
 * @node: entry in the list of all objects
 * @name: name in commands and files
 * @counter: the counter
 * @held: references that the user of the control file holds
 * @killed: the owner's reference is dropped
 * @unguarded: misuse reaches the counter
 * @reinit: the counter was initialised with %RS_COUNTER_ALLOW_REINIT
 * @track: tracker of a refcount or kref
 * @holders: references, of @held, that were taken for a holder with a name
 * @named: number of @holders
 * @waiters: callers of object_wait()
 * @released: calls of release()
 * @released_before: calls of release() in earlier lives
 * @confirmed: calls of confirm()
 * @rcu: for the end
 *
 * objects_lock protects all members but @released and @confirmed, which the callbacks count.
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

/* object_table.c */
typedef int (object_run_t)(struct command *cmd, struct object *object, const void *values);

extern struct list_head objects;
extern struct mutex objects_lock;
struct object *object_find(const char *name);
struct object *object_find_or_refuse(struct command *cmd);
int object_run(struct command *cmd, object_run_t *run, const void *values);
int object_done(struct command *cmd, struct object *object, const char *result);
void object_add(struct object *object);
void object_remove(struct object *object);
const char *object_state(const struct object *object);
int object_check_name(struct command *cmd, unsigned int word, const char *name);
int object_guard_room(struct command *cmd, struct object *object, u32 nr);
int object_guard_get(struct command *cmd, struct object *object, u32 nr);

/* object_track.c */
int object_get_held(struct command *cmd, const char *holder);
int object_put_held(struct command *cmd, const char *holder);
int object_track_begin(struct object *object, unsigned int seconds);
int object_track_refuse(struct command *cmd, struct object *object, int err);
void object_forget_holders(struct object *object);

static inline bool object_is_released(const struct object *object)
{
	return atomic_read(&object->released) > object->released_before;
}

/* The operand that every command on an object begins with */
#define OBJECT_NAME_KEY							\
	{ .name = "NAME", .help = "the object: 1 to 31 of A-Z a-z 0-9 _ - .",	\
	  .kind = COMMAND_TEXT, .operand = true, .needed = true }

static inline const char *object_boolean(bool value)
{
	return value ? "true" : "false";
}

#endif /* _REFSTORM_OBJECT_INTERNAL_H */
