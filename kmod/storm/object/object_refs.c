// SPDX-License-Identifier: GPL-2.0
/* Commands that move references of an object: get, put, tryget, tryget_live, kill. */
#include <linux/kernel.h>

#include "control/events.h"
#include "object.h"
#include "object_internal.h"

struct object_move_values {
	u64 nr;
	const char *holder;
};

#define MOVE_NR_KEY(_help)							\
	{ .name = "N", .help = (_help), .operand = true, .min = 1, .max = RS_NR_MAX,	\
	  .value = 1, .offset = offsetof(struct object_move_values, nr) }

const struct command_key object_move_keys[] = {
	OBJECT_NAME_KEY,
	MOVE_NR_KEY("how many references"),
	{ .name = "holder", .help = "one reference, recorded under this name",
	  .kind = COMMAND_TEXT, .placeholder = "H", .instead = true,
	  .offset = offsetof(struct object_move_values, holder) },
	{}
};

const struct command_key object_tryget_keys[] = {
	OBJECT_NAME_KEY,
	MOVE_NR_KEY("how many references, all or none"),
	{}
};

static int object_get_locked(struct command *cmd, struct object *object, const void *values)
{
	u32 nr = ((const struct object_move_values *)values)->nr;
	int ret = object_guard_get(cmd, object, nr);

	if (ret)
		return ret;
	object->counter.provider->get(&object->counter, nr);
	object->held += nr;
	events_add("subject=object:%s event=get nr=%u", object->name, nr);
	return object_done(cmd, object, "done");
}

static int object_put_locked(struct command *cmd, struct object *object, const void *values)
{
	u32 nr = ((const struct object_move_values *)values)->nr;

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

static int object_tryget_locked(struct command *cmd, struct object *object, const void *values)
{
	u32 nr = ((const struct object_move_values *)values)->nr;
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

static int object_tryget_live_locked(struct command *cmd, struct object *object, const void *values)
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
	struct object_move_values values;

	return command_keys(cmd, &values) ?:
	       (values.holder ? object_get_held(cmd, values.holder) :
				object_run(cmd, object_get_locked, &values));
}

/* put NAME [N|holder=H] */
int object_put(struct command *cmd)
{
	struct object_move_values values;

	return command_keys(cmd, &values) ?:
	       (values.holder ? object_put_held(cmd, values.holder) :
				object_run(cmd, object_put_locked, &values));
}

/* tryget NAME [N] */
int object_tryget(struct command *cmd)
{
	struct object_move_values values;

	return command_keys(cmd, &values) ?: object_run(cmd, object_tryget_locked, &values);
}

/* tryget_live NAME */
int object_tryget_live(struct command *cmd)
{
	return object_run(cmd, object_tryget_live_locked, NULL);
}

struct object_kill_values {
	u64 confirm;
};

const struct command_key object_kill_keys[] = {
	OBJECT_NAME_KEY,
	{ .name = "confirm", .max = 1, .help = "1: a per-CPU kind calls confirm()",
	  .offset = offsetof(struct object_kill_values, confirm) },
	{}
};

static int object_kill_locked(struct command *cmd, struct object *object, const void *values)
{
	const struct rs_provider *provider = object->counter.provider;
	const struct object_kill_values *keys = values;
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
	struct object_kill_values keys;

	return command_keys(cmd, &keys) ?: object_run(cmd, object_kill_locked, &keys);
}
