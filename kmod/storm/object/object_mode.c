// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that change the mode of an object's per-CPU counter, or bring the counter back:
 * switch_to_atomic, switch_to_percpu, reinit, resurrect.
 */
#include <linux/kernel.h>

#include "control/events.h"
#include "object.h"
#include "object_internal.h"

/*
 * Refuse a change of mode that the counter does not allow. Without reinit=1 mainline's
 * counter would stop at a BUG() at worst, and ours would refuse with a warning.
 */
static int object_guard_mode(struct command *cmd, struct object *object)
{
	const struct rs_provider *provider = object->counter.provider;

	if (!provider->modes)
		return command_refuse(cmd, 0, -EOPNOTSUPP, "%s has no %s",
				      provider->name, cmd->words[0]);
	if (!object->reinit)
		return command_refuse(cmd, 1, -EOPNOTSUPP,
				      "'%s' was created without reinit=1", object->name);
	return 0;
}

typedef int (object_change_t)(struct command *cmd, struct object *object);

/* @values: the object_change_t */
static int object_change_locked(struct command *cmd, struct object *object, const void *values)
{
	object_change_t * const *change = values;

	return object_guard_mode(cmd, object) ?: (*change)(cmd, object);
}

static int object_change(struct command *cmd, object_change_t *change)
{
	return object_run(cmd, object_change_locked, &change);
}

static int object_changed(struct command *cmd, struct object *object)
{
	events_add("subject=object:%s event=%s", object->name, cmd->words[0]);
	return object_done(cmd, object, "done");
}

static int object_switch_to_atomic_locked(struct command *cmd, struct object *object)
{
	object->counter.provider->modes->switch_to_atomic(&object->counter);
	return object_changed(cmd, object);
}

static int object_switch_to_percpu_locked(struct command *cmd, struct object *object)
{
	object->counter.provider->modes->switch_to_percpu(&object->counter);
	return object_changed(cmd, object);
}

/* The owner holds a reference again. */
static int object_revive(struct command *cmd, struct object *object,
			 void (*call)(struct rs_counter *counter))
{
	call(&object->counter);
	object->killed = false;
	object->released_before = atomic_read(&object->released);
	return object_changed(cmd, object);
}

static int object_reinit_locked(struct command *cmd, struct object *object)
{
	if (!object->killed || !object_is_released(object))
		return command_refuse(cmd, 1, -EBUSY,
				      "'%s' is not released; resurrect takes back a kill",
				      object->name);
	/* A tryget cannot have succeeded since, so nothing is held. */
	return object_revive(cmd, object, object->counter.provider->modes->reinit);
}

static int object_resurrect_locked(struct command *cmd, struct object *object)
{
	if (!object->killed)
		return command_refuse(cmd, 1, -EBUSY, "'%s' was not killed", object->name);
	/* Without a reference release() may be on its way. */
	if (!object->held)
		return command_refuse(cmd, 1, -EPERM,
				      "you hold no reference that keeps '%s' from release; reinit begins anew after it",
				      object->name);
	return object_revive(cmd, object, object->counter.provider->modes->resurrect);
}

/* switch_to_atomic NAME; returns when it is done */
int object_switch_to_atomic(struct command *cmd)
{
	return object_change(cmd, object_switch_to_atomic_locked);
}

/* switch_to_percpu NAME */
int object_switch_to_percpu(struct command *cmd)
{
	return object_change(cmd, object_switch_to_percpu_locked);
}

/* reinit NAME */
int object_reinit(struct command *cmd)
{
	return object_change(cmd, object_reinit_locked);
}

/* resurrect NAME */
int object_resurrect(struct command *cmd)
{
	return object_change(cmd, object_resurrect_locked);
}
