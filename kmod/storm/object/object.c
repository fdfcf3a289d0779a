// SPDX-License-Identifier: GPL-2.0
/*
 * Objects: counters that a user drives one command at a time. Commands that create an object,
 * wait for its release, and destroy it.
 *
 * A user of the control file holds references as any other user of a counter does. Each object
 * keeps the number of these references, and the guard refuses a command that would misuse the
 * counter: a put without a reference never reaches the counter. So every sequence of commands
 * is safe. An object created with unguarded=1 lets misuse through, for counters that are
 * documented to survive it.
 *
 *	state		owner's reference	release() ran
 *	live		held			no
 *	killed		dropped			no
 *	released	dropped			yes
 */
#include <linux/jiffies.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "control/events.h"
#include "object.h"
#include "object_internal.h"
#include "refstorm_module.h"

#define WAIT_MS_DEFAULT	2000
#define WAIT_MS_MAX	60000

static DECLARE_WAIT_QUEUE_HEAD(object_released_wait);

/*
 * The callbacks. As soon as object_released() has incremented @released, object_destroy() may
 * free the object, a grace period later. Per-CPU counters call object_released() as RCU
 * readers; other counters call it from a command, which holds objects_lock.
 */

static void object_released(struct rs_counter *counter)
{
	struct object *object = container_of(counter, struct object, counter);
	int count = atomic_read(&object->released) + 1;

	rs_track_end(&object->track);
	events_add("subject=object:%s event=release nr=%d", object->name, count);
	atomic_inc(&object->released);
	wake_up_all(&object_released_wait);
}

static void object_confirmed(struct rs_counter *counter)
{
	struct object *object = container_of(counter, struct object, counter);
	int count = atomic_inc_return(&object->confirmed);

	events_add("subject=object:%s event=confirm nr=%d", object->name, count);
}

enum create_mode { CREATE_PERCPU, CREATE_ATOMIC, CREATE_DEAD };

static const char * const create_modes[] = {
	[CREATE_PERCPU]	= "percpu",
	[CREATE_ATOMIC]	= "atomic",
	[CREATE_DEAD]	= "dead",
	NULL
};

struct object_create_values {
	u64 count;
	u64 unguarded;
	u64 mode;
	u64 reinit;
	u64 track;
};

#define CREATE_KEY(_field)	\
	.name = #_field, .offset = offsetof(struct object_create_values, _field)

const struct command_key object_create_keys[] = {
	OBJECT_NAME_KEY,
	{ .name = "PROVIDER", .help = "one of the providers file", .kind = COMMAND_TEXT,
	  .operand = true, .needed = true },
	{ CREATE_KEY(count), .min = 1, .max = RS_COUNT_MAX, .value = 1,
	  .help = "references in all, refcount and kref kinds: the caller holds those above 1" },
	{ CREATE_KEY(unguarded), .max = 1,
	  .help = "1: misuse reaches the counter, refcount and kref kinds" },
	{ CREATE_KEY(mode), .kind = COMMAND_CHOICE, .choices = create_modes,
	  .help = "how a per-CPU kind begins; dead: as if killed and released" },
	{ CREATE_KEY(reinit), .max = 1, .help = "1: a per-CPU kind may change its mode" },
	{ CREATE_KEY(track), .max = 1, .help = "1: record the holders from the beginning" },
	{}
};

/* Commands that take nothing but an object. */
const struct command_key object_name_keys[] = { OBJECT_NAME_KEY, {} };

static int object_check_create(struct command *cmd, const struct rs_provider *provider,
			       const struct object_create_values *keys)
{
	if (keys->count != 1 && provider->percpu)
		return command_refuse(cmd, 2, -EOPNOTSUPP,
				      "%s begins with one reference, not with count=%llu",
				      provider->name, keys->count);
	if (!provider->modes && (keys->mode || keys->reinit))
		return command_refuse(cmd, 2, -EOPNOTSUPP,
				      "%s has no modes", provider->name);
	if (keys->unguarded && !provider->saturates)
		return command_refuse(cmd, 2, -EOPNOTSUPP,
				      "%s is not documented to survive misuse; unguarded=1 is for refcount and kref kinds",
				      provider->name);
	if (objects_count() == RS_OBJECTS_MAX)
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOSPC,
				      "there are %d objects already", RS_OBJECTS_MAX);
	return 0;
}

static unsigned int object_create_flags(const struct object_create_values *keys)
{
	static const unsigned int mode_flags[] = {
		[CREATE_PERCPU]	= 0,
		[CREATE_ATOMIC]	= RS_COUNTER_INIT_ATOMIC,
		[CREATE_DEAD]	= RS_COUNTER_INIT_DEAD,
	};

	return mode_flags[keys->mode] | (keys->reinit ? RS_COUNTER_ALLOW_REINIT : 0);
}

static int object_create_locked(struct command *cmd)
{
	struct object_create_values keys;
	const struct rs_provider *provider;
	struct object *object;
	int ret;

	ret = object_check_name(cmd, 1, cmd->words[1]);
	if (ret)
		return ret;
	if (object_find(cmd->words[1]))
		return command_refuse(cmd, 1, -EEXIST, "object '%s' exists", cmd->words[1]);
	provider = provider_find_or_refuse(cmd, 2, cmd->words[2]);
	if (!provider)
		return -ENOENT;
	ret = command_keys(cmd, &keys);
	if (ret)
		return ret;
	ret = object_check_create(cmd, provider, &keys);
	if (ret)
		return ret;

	object = rs_zalloc(&refstorm_sites[SITE_OBJECT], sizeof(*object), GFP_KERNEL);
	if (!object)
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOMEM, "out of memory");
	strscpy(object->name, cmd->words[1], sizeof(object->name));
	INIT_LIST_HEAD(&object->holders);
	object->counter.provider = provider;
	object->counter.release = object_released;
	object->counter.confirm = object_confirmed;
	object->held = keys.count - 1;
	object->unguarded = keys.unguarded;
	/* A counter that begins in another mode than per CPU may be reinitialised, too. */
	object->reinit = keys.reinit || keys.mode;
	ret = provider->init(&object->counter, keys.count, object_create_flags(&keys));
	if (ret) {
		rs_free(&refstorm_sites[SITE_OBJECT], object);
		return command_refuse(cmd, 2, ret, "%s: out of memory", provider->name);
	}
	ret = keys.track ? object_track_begin(object, 0) : 0;
	if (ret) {
		object_track_refuse(cmd, object, ret);
		if (provider->exit)
			provider->exit(&object->counter);
		rs_free(&refstorm_sites[SITE_OBJECT], object);
		return ret;
	}
	object_add(object);
	if (keys.mode == CREATE_DEAD) {
		/* A dead counter is as after kill and release. */
		object->killed = true;
		atomic_set(&object->released, 1);
	}
	events_add("subject=object:%s event=create provider=%s nr=%llu", object->name,
		   provider->name, keys.count);
	return object_done(cmd, object, "done");
}

/* create NAME PROVIDER [count=N] [unguarded=0|1] ... */
int object_create(struct command *cmd)
{
	int ret;

	mutex_lock(&objects_lock);
	ret = object_create_locked(cmd);
	mutex_unlock(&objects_lock);
	return ret;
}

struct object_wait_values {
	u64 ms;
};

const struct command_key object_wait_keys[] = {
	OBJECT_NAME_KEY,
	{ .name = "ms", .max = WAIT_MS_MAX, .value = WAIT_MS_DEFAULT,
	  .help = "how long at most; after that the answer is ETIMEDOUT",
	  .offset = offsetof(struct object_wait_values, ms) },
	{}
};

/* wait NAME [ms=N]; destroy is refused meanwhile */
int object_wait(struct command *cmd)
{
	struct object_wait_values keys;
	struct object *object;
	long left;
	int ret;

	ret = command_keys(cmd, &keys);
	if (ret)
		return ret;

	mutex_lock(&objects_lock);
	object = object_find_or_refuse(cmd);
	if (object)
		object->waiters++;
	mutex_unlock(&objects_lock);
	if (!object)
		return -ENOENT;

	left = wait_event_killable_timeout(object_released_wait,
					   object_is_released(object),
					   msecs_to_jiffies(keys.ms));

	mutex_lock(&objects_lock);
	object->waiters--;
	if (left > 0)
		ret = object_done(cmd, object, "done");
	else if (left < 0)
		ret = command_refuse(cmd, COMMAND_NO_WORD, -EINTR, "interrupted");
	else
		ret = command_refuse(cmd, 1, -ETIMEDOUT,
				     "'%s' is %s after %llu ms, with %llu references held by you",
				     object->name, object_state(object), keys.ms,
				     object->held);
	mutex_unlock(&objects_lock);
	return ret;
}

/* End an object whose counter is in no use. Caller holds objects_lock, or is module exit. */
static void object_free(struct object *object)
{
	const struct rs_provider *provider = object->counter.provider;

	object_remove(object);
	object_forget_holders(object);
	rs_track_end(&object->track);
	if (provider->exit)
		provider->exit(&object->counter);
	rs_free_rcu(&refstorm_sites[SITE_OBJECT], object, rcu);
}

static int object_destroy_locked(struct command *cmd, struct object *object, const void *values)
{
	if (!object->unguarded && !object_is_released(object))
		return command_refuse(cmd, 1, -EBUSY,
				      "'%s' is %s, with %llu references held by you; kill it, put them, and wait",
				      object->name, object_state(object), object->held);
	if (object->waiters)
		return command_refuse(cmd, 1, -EBUSY, "somebody waits for '%s'",
				      object->name);
	events_add("subject=object:%s event=destroy", object->name);
	object_done(cmd, object, "done");
	object_free(object);
	return 0;
}

/* destroy NAME */
int object_destroy(struct command *cmd)
{
	return object_run(cmd, object_destroy_locked, NULL);
}

/*
 * End all objects at module exit, when no command can be written any more. A per-CPU counter
 * may have a switch under way, so its references are dropped, and objects_exit() waits for
 * release(). The guard has made sure that release() comes. Other counters are only memory.
 */
void objects_exit(void)
{
	struct object *object, *next;

	list_for_each_entry_safe(object, next, &objects, node) {
		const struct rs_provider *provider = object->counter.provider;

		object_forget_holders(object);
		if (provider->percpu) {
			if (object->held)
				provider->put(&object->counter, object->held);
			if (!object->killed)
				provider->kill(&object->counter, false);
			wait_event(object_released_wait, object_is_released(object));
		}
		object_free(object);
	}
}
