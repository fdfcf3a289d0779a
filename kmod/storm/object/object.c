// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that are driven one command at a time.
 *
 * Whoever writes to control holds references as any user of a counter does, so
 * each object keeps what they hold, and refuses what they may not do: a put
 * without a reference never reaches the counter. That makes every sequence of
 * commands safe. An object made with unguarded=1 lets misuse through, for
 * counters that are documented to survive it.
 *
 *	state		owner's reference	release() ran
 *	live		held			no
 *	killed		dropped			no
 *	released	dropped			yes
 */
#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "control/events.h"
#include "object.h"
#include "object_internal.h"
#include "refstorm_module.h"

#define WAIT_MS_DEFAULT	2000
#define WAIT_MS_MAX	60000

static LIST_HEAD(objects);
static unsigned int nr_objects;
/* Protects the list, and what struct object says. */
DEFINE_MUTEX(objects_lock);
static DECLARE_WAIT_QUEUE_HEAD(released_wait);

static const char *object_state(struct object *object)
{
	if (object_is_released(object))
		return "released";
	return object->killed ? "killed" : "live";
}

/*
 * The callbacks. After release() has counted itself, destroy may free the
 * object, a grace period later: counters call it as RCU readers, or we do.
 */

static void object_released(struct rs_counter *counter)
{
	struct object *object = container_of(counter, struct object, counter);
	int count = atomic_read(&object->released) + 1;

	rs_track_end(&object->track);
	events_add("subject=object:%s event=release nr=%d", object->name, count);
	atomic_inc(&object->released);
	wake_up_all(&released_wait);
}

static void object_confirmed(struct rs_counter *counter)
{
	struct object *object = container_of(counter, struct object, counter);
	int count = atomic_inc_return(&object->confirmed);

	events_add("subject=object:%s event=confirm nr=%d", object->name, count);
}

static struct object *find(const char *name)
{
	struct object *object;

	list_for_each_entry(object, &objects, node)
		if (!strcmp(object->name, name))
			return object;
	return NULL;
}

/* Caller holds objects_lock. */
struct object *object_find_or_refuse(struct command *cmd)
{
	struct object *object = find(cmd->words[1]);

	if (!object)
		command_refuse(cmd, 1, -ENOENT, "no object is called '%.32s'",
			       cmd->words[1]);
	return object;
}

int object_done(struct command *cmd, struct object *object, const char *fmt, ...)
{
	char result[32];
	va_list args;

	va_start(args, fmt);
	vscnprintf(result, sizeof(result), fmt, args);
	va_end(args);
	scnprintf(cmd->result, sizeof(cmd->result), "command=%s object=%s result=%s",
		  cmd->words[0], object->name, result);
	return 0;
}

enum create_mode { CREATE_PERCPU, CREATE_ATOMIC, CREATE_DEAD };

static const char * const create_modes[] = {
	[CREATE_PERCPU]	= "percpu",
	[CREATE_ATOMIC]	= "atomic",
	[CREATE_DEAD]	= "dead",
	NULL
};

struct create_keys {
	u64 count;
	u64 unguarded;
	u64 mode;
	u64 reinit;
	u64 track;
};

static const struct command_key create_keys[] = {
	{ .name = "count", .min = 1, .max = RS_COUNT_MAX,
	  .offset = offsetof(struct create_keys, count) },
	{ .name = "unguarded", .min = 0, .max = 1,
	  .offset = offsetof(struct create_keys, unguarded) },
	{ .name = "mode", .choices = create_modes,
	  .offset = offsetof(struct create_keys, mode) },
	{ .name = "reinit", .min = 0, .max = 1,
	  .offset = offsetof(struct create_keys, reinit) },
	{ .name = "track", .min = 0, .max = 1,
	  .offset = offsetof(struct create_keys, track) },
};

/* Names of objects, and of holders of their references. */
int object_check_name(struct command *cmd, unsigned int word, const char *name)
{
	const char *c;

	if (!*name || strlen(name) > RS_NAME_MAX)
		return command_refuse(cmd, word, -EINVAL,
				      "a name has at most %d characters, and one at least",
				      RS_NAME_MAX);
	for (c = name; *c; c++)
		if (!isalnum(*c) && !strchr("_-.", *c))
			return command_refuse(cmd, word, -EINVAL,
					      "'%c' in a name; accepted: A-Z a-z 0-9 _ - .",
					      *c);
	return 0;
}

static int check_create(struct command *cmd, const struct rs_provider *provider,
			const struct create_keys *keys)
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
	if (nr_objects == RS_OBJECTS_MAX)
		return command_refuse(cmd, COMMAND_NO_WORD, -ENOSPC,
				      "there are %d objects already", RS_OBJECTS_MAX);
	return 0;
}

static unsigned int create_flags(const struct create_keys *keys)
{
	static const unsigned int mode_flags[] = {
		[CREATE_PERCPU]	= 0,
		[CREATE_ATOMIC]	= RS_COUNTER_INIT_ATOMIC,
		[CREATE_DEAD]	= RS_COUNTER_INIT_DEAD,
	};

	return mode_flags[keys->mode] | (keys->reinit ? RS_COUNTER_ALLOW_REINIT : 0);
}

static int create_locked(struct command *cmd)
{
	struct create_keys keys = { .count = 1 };
	const struct rs_provider *provider;
	struct object *object;
	int ret;

	ret = object_check_name(cmd, 1, cmd->words[1]);
	if (ret)
		return ret;
	if (find(cmd->words[1]))
		return command_refuse(cmd, 1, -EEXIST, "object '%s' exists", cmd->words[1]);
	provider = provider_find_or_refuse(cmd, 2, cmd->words[2]);
	if (!provider)
		return -ENOENT;
	ret = command_keys(cmd, 3, create_keys, ARRAY_SIZE(create_keys), &keys);
	if (ret)
		return ret;
	ret = check_create(cmd, provider, &keys);
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
	/* To begin otherwise than per CPU implies it. */
	object->reinit = keys.reinit || keys.mode;
	ret = provider->init(&object->counter, keys.count, create_flags(&keys));
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
	list_add_tail(&object->node, &objects);
	nr_objects++;
	if (keys.mode == CREATE_DEAD) {
		/* As if it had been killed and released. */
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
	ret = create_locked(cmd);
	mutex_unlock(&objects_lock);
	return ret;
}

struct wait_keys {
	u64 ms;
};

static const struct command_key wait_keys[] = {
	{ .name = "ms", .min = 0, .max = WAIT_MS_MAX,
	  .offset = offsetof(struct wait_keys, ms) },
};

/* wait NAME [ms=N]; destroy is refused meanwhile */
int object_wait(struct command *cmd)
{
	struct wait_keys keys = { .ms = WAIT_MS_DEFAULT };
	struct object *object;
	long left;
	int ret;

	ret = command_keys(cmd, 2, wait_keys, ARRAY_SIZE(wait_keys), &keys);
	if (ret)
		return ret;

	mutex_lock(&objects_lock);
	object = object_find_or_refuse(cmd);
	if (object)
		object->waiters++;
	mutex_unlock(&objects_lock);
	if (!object)
		return -ENOENT;

	left = wait_event_killable_timeout(released_wait,
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

/* Caller holds objects_lock; nobody uses the counter any more. */
static void destroy(struct object *object)
{
	const struct rs_provider *provider = object->counter.provider;

	list_del(&object->node);
	nr_objects--;
	object_forget_holders(object);
	rs_track_end(&object->track);
	if (provider->exit)
		provider->exit(&object->counter);
	rs_free_rcu(&refstorm_sites[SITE_OBJECT], object, rcu);
}

static int destroy_locked(struct command *cmd)
{
	struct object *object = object_find_or_refuse(cmd);

	if (!object)
		return -ENOENT;
	if (!object->unguarded && !object_is_released(object))
		return command_refuse(cmd, 1, -EBUSY,
				      "'%s' is %s, with %llu references held by you; kill it, put them, and wait",
				      object->name, object_state(object), object->held);
	if (object->waiters)
		return command_refuse(cmd, 1, -EBUSY, "somebody waits for '%s'",
				      object->name);
	events_add("subject=object:%s event=destroy", object->name);
	object_done(cmd, object, "done");
	destroy(object);
	return 0;
}

/* destroy NAME */
int object_destroy(struct command *cmd)
{
	int ret;

	mutex_lock(&objects_lock);
	ret = destroy_locked(cmd);
	mutex_unlock(&objects_lock);
	return ret;
}

static const char * const mode_names[] = {
	[RS_COUNTER_MODELESS]	= "-",
	[RS_COUNTER_PERCPU]	= "percpu",
	[RS_COUNTER_SWITCHING]	= "switching",
	[RS_COUNTER_ATOMIC]	= "atomic",
};

static const char *flag(bool known, bool value)
{
	if (!known)
		return "-";
	return value ? "1" : "0";
}

/* The objects file. */
void objects_show(struct seq_file *m)
{
	struct object *object;

	seq_puts(m, "# object provider state held count mode dying zero released confirmed unguarded\n");
	mutex_lock(&objects_lock);
	list_for_each_entry(object, &objects, node) {
		const struct rs_provider *provider = object->counter.provider;
		struct rs_counter_state state;

		provider->inspect(&object->counter, &state);
		seq_printf(m, "object=%s provider=%s state=%s held=%llu count=",
			   object->name, provider->name, object_state(object),
			   object->held);
		if (state.countable)
			seq_printf(m, "%llu", state.count);
		else
			seq_putc(m, '-');
		seq_printf(m, " mode=%s dying=%s zero=%s released=%d confirmed=%d unguarded=%d\n",
			   mode_names[state.mode], flag(state.killable, state.dying),
			   flag(state.countable, state.zero),
			   atomic_read(&object->released),
			   atomic_read(&object->confirmed), object->unguarded);
	}
	mutex_unlock(&objects_lock);
}

/* How many objects there are. */
unsigned int objects_count(void)
{
	return READ_ONCE(nr_objects);
}

/*
 * Module exit: nobody can write commands any more. A per-CPU counter may have a
 * switch under way: drop what the commands left, and wait for release(), which
 * is certain because the guard stood. The others are only memory.
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
			wait_event(released_wait, object_is_released(object));
		}
		destroy(object);
	}
}
