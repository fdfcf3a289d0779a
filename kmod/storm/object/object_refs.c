// SPDX-License-Identifier: GPL-2.0
/* Commands that move references of an object: get, put, tryget, tryget_live, kill. */
#include <linux/kernel.h>

#include "control/events.h"
#include "object.h"
#include "object_internal.h"

/* Read the number of references, and run a command that moves them. */
static int object_move(struct command *cmd, object_run_t *run)
{
	u64 nr = 1;
	int ret = 0;

	if (cmd->nr > 2)
		ret = command_number(cmd, 2, cmd->words[2], 1, RS_NR_MAX, &nr);
	return ret ?: object_run(cmd, run, &nr);
}

static int object_move_get(struct command *cmd, struct object *object, const void *values)
{
	u32 nr = *(const u64 *)values;
	int ret = object_guard_get(cmd, object, nr);

	if (ret)
		return ret;
	object->counter.provider->get(&object->counter, nr);
	object->held += nr;
	events_add("subject=object:%s event=get nr=%u", object->name, nr);
	return object_done(cmd, object, "done");
}

static int object_move_put(struct command *cmd, struct object *object, const void *values)
{
	u32 nr = *(const u64 *)values;

	if (!object->unguarded && object->held < nr)
		return command_refuse(cmd, cmd->nr > 2 ? 2 : 1, -EPERM,
				      "you hold %llu of the references to '%s'; the owner's is dropped by kill",
				      object->held, object->name);
	if (object->held < (u64)nr + object->named && object->named)
		return command_refuse(cmd, cmd->nr > 2 ? 2 : 1, -EPERM,
				      "%u of your %llu references to '%s' were taken for a holder; put %s holder=H",
				      object->named, object->held, object->name, object->name);
	object->held -= min_t(u64, object->held, nr);
	events_add("subject=object:%s event=put nr=%u", object->name, nr);
	object->counter.provider->put(&object->counter, nr);
	return object_done(cmd, object, "done");
}

static int object_move_tryget(struct command *cmd, struct object *object, const void *values)
{
	u32 nr = *(const u64 *)values;
	bool taken;
	int ret;

	ret = object_guard_room(cmd, object, nr);
	if (ret)
		return ret;
	taken = object->counter.provider->tryget(&object->counter, nr);
	if (taken)
		object->held += nr;
	events_add("subject=object:%s event=tryget nr=%u result=%s", object->name,
		   nr, object_boolean(taken));
	return object_done(cmd, object, object_boolean(taken));
}

static int object_move_tryget_live(struct command *cmd, struct object *object, const void *values)
{
	const struct rs_provider *provider = object->counter.provider;
	bool taken;

	if (!provider->tryget_live)
		return command_refuse(cmd, 0, -EOPNOTSUPP, "%s has no tryget_live",
				      provider->name);
	taken = provider->tryget_live(&object->counter);
	if (taken)
		object->held++;
	events_add("subject=object:%s event=tryget_live nr=1 result=%s",
		   object->name, object_boolean(taken));
	return object_done(cmd, object, object_boolean(taken));
}

/* get NAME [N|holder=H] */
int object_get(struct command *cmd)
{
	return object_has_holder(cmd) ? object_get_held(cmd) : object_move(cmd, object_move_get);
}

/* put NAME [N|holder=H] */
int object_put(struct command *cmd)
{
	return object_has_holder(cmd) ? object_put_held(cmd) : object_move(cmd, object_move_put);
}

/* tryget NAME [N] */
int object_tryget(struct command *cmd)
{
	return object_move(cmd, object_move_tryget);
}

/* tryget_live NAME */
int object_tryget_live(struct command *cmd)
{
	return object_move(cmd, object_move_tryget_live);
}

struct kill_keys {
	u64 confirm;
};

static const struct command_key kill_keys[] = {
	{ .name = "confirm", .min = 0, .max = 1,
	  .offset = offsetof(struct kill_keys, confirm) },
};

static int object_run_kill(struct command *cmd, struct object *object, const void *values)
{
	const struct rs_provider *provider = object->counter.provider;
	const struct kill_keys *keys = values;
	bool first;

	if (object->killed)
		return command_refuse(cmd, 1, -EALREADY, "'%s' was killed already",
				      object->name);
	if (keys->confirm && !provider->percpu)
		return command_refuse(cmd, 2, -EOPNOTSUPP,
				      "%s has no confirmation", provider->name);

	object->killed = true;
	rs_track_killed(&object->track);
	events_add("subject=object:%s event=kill", object->name);
	first = provider->kill(&object->counter, keys->confirm);
	return object_done(cmd, object, object_boolean(first));
}

/* kill NAME [confirm=0|1] */
int object_kill(struct command *cmd)
{
	struct kill_keys keys = {};

	return command_keys(cmd, 2, kill_keys, ARRAY_SIZE(kill_keys), &keys) ?:
	       object_run(cmd, object_run_kill, &keys);
}
