// SPDX-License-Identifier: GPL-2.0
/*
 * The table of objects, the guard, and the file that shows them.
 *
 * The guard refuses a command that would misuse a counter; object.c tells why.
 */
#include <linux/ctype.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include <uapi/refstorm/refstorm.h>

#include "object.h"
#include "object_internal.h"

LIST_HEAD(objects);
DEFINE_MUTEX(objects_lock);	/* protects the list and the objects */
static unsigned int objects_nr;

/* The object of a name, or NULL. Caller holds objects_lock. */
struct object *object_find(const char *name)
{
	struct object *object;

	list_for_each_entry(object, &objects, node)
		if (!strcmp(object->name, name))
			return object;
	return NULL;
}

/* The object that a command names, or NULL after a refusal. Caller holds objects_lock. */
struct object *object_find_or_refuse(struct command *cmd)
{
	struct object *object = object_find(cmd->words[1]);

	if (!object)
		command_refuse(cmd, 1, -ENOENT, "no object is called '%.32s'",
			       cmd->words[1]);
	return object;
}

/* Run a command on the object that it names, with objects_lock held and the @values it gives. */
int object_run(struct command *cmd, object_run_t *run, const void *values)
{
	struct object *object;
	int ret;

	mutex_lock(&objects_lock);
	object = object_find_or_refuse(cmd);
	ret = object ? run(cmd, object, values) : -ENOENT;
	mutex_unlock(&objects_lock);
	return ret;
}

/* Write the result of a command that has succeeded. */
int object_done(struct command *cmd, struct object *object, const char *result)
{
	scnprintf(cmd->result, sizeof(cmd->result), "command=%s object=%s result=%s",
		  cmd->words[0], object->name, result);
	return 0;
}

/* Caller holds objects_lock, and has asked object_guard_add(). */
void object_add(struct object *object)
{
	list_add_tail(&object->node, &objects);
	objects_nr++;
}

/* Caller holds objects_lock, or is module exit. */
void object_remove(struct object *object)
{
	list_del(&object->node);
	objects_nr--;
}

/* The number of objects. Context: any. */
unsigned int objects_count(void)
{
	return READ_ONCE(objects_nr);
}

/* Refuse a name that no object, or holder of its references, may have. */
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

/* Refuse to take @nr references if they would saturate a guarded counter. */
int object_guard_room(struct command *cmd, struct object *object, u32 nr)
{
	if (object->unguarded ||
	    object->held + !object->killed + nr <= RS_COUNT_MAX)
		return 0;
	return command_refuse(cmd, 2, -ERANGE,
			      "%llu references are held; more than %d would saturate",
			      object->held, RS_COUNT_MAX);
}

/* Refuse an unconditional get from a guarded counter of which no reference is held. */
int object_guard_get(struct command *cmd, struct object *object, u32 nr)
{
	if (!object->unguarded && object->killed && !object->held)
		return command_refuse(cmd, 1, -EPERM,
				      "'%s' was killed and you hold no reference to get from; try tryget",
				      object->name);
	return object_guard_room(cmd, object, nr);
}

/* The state of an object, for people: object.c has the table. */
const char *object_state(const struct object *object)
{
	if (object_is_released(object))
		return "released";
	return object->killed ? "killed" : "live";
}

static const char *object_table_flag(bool known, bool value)
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
			   rs_counter_mode_names[state.mode],
			   object_table_flag(state.killable, state.dying),
			   object_table_flag(state.countable, state.zero),
			   atomic_read(&object->released),
			   atomic_read(&object->confirmed), object->unguarded);
	}
	mutex_unlock(&objects_lock);
}
