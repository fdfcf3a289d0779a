// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that record the holders of an object: track, untrack, pass; get and put for a
 * holder with a name. The holders file shows them.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/string.h>

#include "control/events.h"
#include "object.h"
#include "object_internal.h"
#include "refstorm_module.h"

/* A reference that was taken for a holder with a name */
struct object_holder {
	struct list_head	node;
	char			name[RS_NAME_MAX + 1];
	struct rs_holder	holder;
};

struct object_track_values {
	u64 seconds;
};

const struct command_key object_track_keys[] = {
	OBJECT_NAME_KEY,
	{ .name = "seconds", .min = 1, .max = RS_TRACK_SECONDS_MAX,
	  .help = "time from a kill to the report in the log; rsref.ko's track_seconds if not told",
	  .offset = offsetof(struct object_track_values, seconds) },
	{}
};

const struct command_key object_pass_keys[] = {
	OBJECT_NAME_KEY,
	{ .name = "FROM", .help = "the holder that has the reference", .kind = COMMAND_TEXT,
	  .operand = true, .needed = true },
	{ .name = "TO", .help = "the new holder", .kind = COMMAND_TEXT,
	  .operand = true, .needed = true },
	{}
};

/*
 * Start tracking. Caller holds objects_lock, or @object is not in the table yet.
 * Return: 0 or an errno for object_track_refuse().
 */
int object_track_begin(struct object *object, unsigned int seconds)
{
	const struct rs_provider *provider = object->counter.provider;

	if (provider->tracking)
		return provider->tracking->track(&object->counter, object->name, seconds);
	if (provider->refcount)
		return rs_refcount_track(&object->track, provider->refcount(&object->counter),
					 object->name, seconds);
	return -EOPNOTSUPP;
}

/* Refuse a command with the errno that object_track_begin() has returned. */
int object_track_refuse(struct command *cmd, struct object *object, int err)
{
	const char *name = object->counter.provider->name;

	switch (err) {
	case -EOPNOTSUPP:
		return command_refuse(cmd, COMMAND_NO_WORD, err, "%s cannot be tracked", name);
	case -EALREADY:
		return command_refuse(cmd, 1, err, "'%s' is tracked already", object->name);
	default:
		return command_refuse(cmd, COMMAND_NO_WORD, err, "%s: out of memory", name);
	}
}

static int object_track_locked(struct command *cmd, struct object *object, const void *values)
{
	const struct object_track_values *keys = values;
	int ret;

	ret = object_track_begin(object, keys->seconds);
	if (ret)
		return object_track_refuse(cmd, object, ret);
	/* A refcount has no kill that would call rs_track_killed(). */
	if (object->killed)
		rs_track_killed(&object->track);
	events_add("subject=object:%s event=track", object->name);
	return object_done(cmd, object, "done");
}

static int object_untrack_locked(struct command *cmd, struct object *object, const void *values)
{
	const struct rs_provider *provider = object->counter.provider;

	if (provider->tracking)
		provider->tracking->untrack(&object->counter);
	else if (provider->refcount)
		rs_track_end(&object->track);
	else
		return object_track_refuse(cmd, object, -EOPNOTSUPP);
	events_add("subject=object:%s event=untrack", object->name);
	return object_done(cmd, object, "done");
}

static struct object_holder *object_find_holder(struct object *object, const char *name)
{
	struct object_holder *holder;

	list_for_each_entry(holder, &object->holders, node)
		if (!strcmp(holder->name, name))
			return holder;
	return NULL;
}

static struct object_holder *object_find_holder_or_refuse(struct command *cmd, unsigned int word,
							  struct object *object, const char *name)
{
	struct object_holder *holder = object_find_holder(object, name);

	if (!holder)
		command_refuse(cmd, word, -ENOENT, "no holder of '%s' is called '%.32s'",
			       object->name, name);
	return holder;
}

/* Add a holder without a reference. Return: the holder, or NULL with an errno in *@ret. */
static struct object_holder *object_add_holder(struct command *cmd, unsigned int word,
					       struct object *object, const char *name, int *ret)
{
	struct object_holder *holder;

	*ret = object_check_name(cmd, word, name);
	if (*ret)
		return NULL;
	if (object_find_holder(object, name)) {
		*ret = command_refuse(cmd, word, -EEXIST, "holder '%s' has a reference to '%s'",
				      name, object->name);
		return NULL;
	}
	holder = rs_zalloc(&refstorm_sites[SITE_HOLDER], sizeof(*holder), GFP_KERNEL);
	if (!holder) {
		*ret = command_refuse(cmd, COMMAND_NO_WORD, -ENOMEM, "out of memory");
		return NULL;
	}
	strscpy(holder->name, name, sizeof(holder->name));
	rs_holder_init(&holder->holder, holder->name);
	list_add_tail(&holder->node, &object->holders);
	object->named++;
	return holder;
}

static void object_free_holder(struct object *object, struct object_holder *holder)
{
	list_del(&holder->node);
	object->named--;
	rs_free(&refstorm_sites[SITE_HOLDER], holder);
}

static int object_get_held_locked(struct command *cmd, struct object *object, const void *values)
{
	const struct rs_provider *provider = object->counter.provider;
	struct object_holder *holder;
	int ret;

	ret = object_guard_get(cmd, object, 1);
	if (ret)
		return ret;
	holder = object_add_holder(cmd, 2, object, values, &ret);
	if (!holder)
		return ret;
	if (provider->tracking) {
		provider->tracking->get_held(&object->counter, &holder->holder);
	} else {
		provider->get(&object->counter, 1);
		rs_track_hold(&object->track, &holder->holder);
	}
	object->held++;
	events_add("subject=object:%s event=get nr=1 holder=%s", object->name, holder->name);
	return object_done(cmd, object, "done");
}

static int object_put_held_locked(struct command *cmd, struct object *object, const void *values)
{
	const struct rs_provider *provider = object->counter.provider;
	struct object_holder *holder;

	holder = object_find_holder_or_refuse(cmd, 2, object, values);
	if (!holder)
		return -ENOENT;
	object->held--;
	events_add("subject=object:%s event=put nr=1 holder=%s", object->name, holder->name);
	if (provider->tracking) {
		provider->tracking->put_held(&object->counter, &holder->holder);
	} else {
		rs_holder_drop(&holder->holder);
		provider->put(&object->counter, 1);
	}
	object_free_holder(object, holder);
	return object_done(cmd, object, "done");
}

static int object_pass_locked(struct command *cmd, struct object *object, const void *values)
{
	struct object_holder *from, *to;
	int ret;

	from = object_find_holder_or_refuse(cmd, 2, object, cmd->words[2]);
	if (!from)
		return -ENOENT;
	to = object_add_holder(cmd, 3, object, cmd->words[3], &ret);
	if (!to)
		return ret;
	rs_holder_move(&from->holder, &to->holder);
	events_add("subject=object:%s event=pass from=%s to=%s", object->name, from->name,
		   to->name);
	object_free_holder(object, from);
	return object_done(cmd, object, "done");
}

/*
 * Free the holders; their references stay counted in @held. Caller holds objects_lock, or is
 * module exit.
 */
void object_forget_holders(struct object *object)
{
	struct object_holder *holder, *next;

	list_for_each_entry_safe(holder, next, &object->holders, node) {
		rs_holder_drop(&holder->holder);
		object_free_holder(object, holder);
	}
}

/* track NAME [seconds=N] */
int object_track(struct command *cmd)
{
	struct object_track_values keys;

	return command_keys(cmd, &keys) ?: object_run(cmd, object_track_locked, &keys);
}

/* untrack NAME */
int object_untrack(struct command *cmd)
{
	return object_run(cmd, object_untrack_locked, NULL);
}

/* get NAME holder=H */
int object_get_held(struct command *cmd, const char *holder)
{
	return object_run(cmd, object_get_held_locked, holder);
}

/* put NAME holder=H */
int object_put_held(struct command *cmd, const char *holder)
{
	return object_run(cmd, object_put_held_locked, holder);
}

/* pass NAME FROM TO */
int object_pass(struct command *cmd)
{
	return object_run(cmd, object_pass_locked, NULL);
}
