// SPDX-License-Identifier: GPL-2.0
/* Commands, as text: lists at the end of errors, usage, the files README and commands. */
#include <linux/kernel.h>
#include <linux/seq_file.h>

#include "command.h"

/* A line of README that is longer is broken before its next word. */
#define COMMAND_WIDTH 64

static const char * const command_kind_names[] = {
	[COMMAND_NUMBER]	= "number",
	[COMMAND_CHOICE]	= "choice",
	[COMMAND_SEVERAL]	= "several",
	[COMMAND_TEXT]		= "text",
	[COMMAND_PROVIDER]	= "provider",
	[COMMAND_WORD]		= "word",
};

static u64 command_mask_of_all(const char * const *names)
{
	u64 mask = 0;
	unsigned int i;

	for (i = 0; names[i]; i++)
		mask |= BIT_ULL(i);
	return mask;
}

static void command_names_join(struct seq_file *m, const char * const *names, u64 mask,
			       char separator)
{
	bool first = true;
	unsigned int i;

	for (i = 0; names[i]; i++) {
		if (!(mask & BIT_ULL(i)))
			continue;
		if (!first)
			seq_putc(m, separator);
		seq_puts(m, names[i]);
		first = false;
	}
}

/**
 * command_names_show - names with commas between
 * @m: where to
 * @names: NULL-terminated
 * @mask: which of them, by index; "all" if it is full
 */
void command_names_show(struct seq_file *m, const char * const *names, u64 mask)
{
	if (mask == command_mask_of_all(names))
		seq_puts(m, "all");
	else
		command_names_join(m, names, mask, ',');
}

/**
 * command_key_show - " name=value", as command_keys() would read it
 * @m: where to
 * @key: a key of a number or of names
 * @in: structure that has the value
 */
void command_key_show(struct seq_file *m, const struct command_key *key, const void *in)
{
	u64 value = *(const u64 *)(in + key->offset);

	seq_printf(m, " %s=", key->name);
	if (!key->choices)
		seq_printf(m, "%llu", value);
	else if (key->kind == COMMAND_SEVERAL)
		command_names_show(m, key->choices, value);
	else
		seq_puts(m, key->choices[value]);
}

/* For command_refuse_list(): NULL-terminated names. */
void command_list_choices(struct seq_file *m, const void *of)
{
	const char * const *names = of;

	for (; *names; names++)
		seq_printf(m, " %s", *names);
}

/* For command_refuse_list(): the keys of a verb, but for its operands. */
void command_list_keys(struct seq_file *m, const void *of)
{
	const struct command_key *key;

	for (key = of; key && key->name; key++)
		if (!key->operand)
			seq_printf(m, " %s%s", key->name, key->kind == COMMAND_WORD ? "" : "=");
}

/* For command_refuse_list(): the verbs of a file. */
void command_list_verbs(struct seq_file *m, const void *of)
{
	const struct command_verb *verb;

	for (verb = of; verb->name; verb++)
		seq_printf(m, " %s", verb->name);
}

static void command_key_usage(struct seq_file *m, const struct command_key *key)
{
	seq_puts(m, key->name);
	if (key->operand || key->kind == COMMAND_WORD)
		return;
	seq_putc(m, '=');
	switch (key->kind) {
	case COMMAND_CHOICE:
		command_names_join(m, key->choices, U64_MAX, '|');
		break;
	case COMMAND_SEVERAL:
		command_names_join(m, key->choices, U64_MAX, ',');
		break;
	case COMMAND_NUMBER:
		seq_puts(m, key->max == 1 ? "0|1" : "N");
		break;
	default:
		seq_puts(m, key->placeholder);
	}
}

/* One verb on one line, or broken into lines that are indented. */
static void command_verb_usage(struct seq_file *m, const struct command_verb *verb, int indent)
{
	const struct command_key *key;
	size_t line = m->count;
	bool needed;

	seq_printf(m, "%*s%s", indent, "", verb->name);
	for (key = verb->keys; key && key->name; key++) {
		if (indent && m->count - line > COMMAND_WIDTH) {
			seq_putc(m, '\n');
			line = m->count;
			seq_printf(m, "%*s", indent + 7, "");
		}
		needed = key->needed;
		seq_puts(m, needed ? " " : " [");
		command_key_usage(m, key);
		for (; key[1].name && key[1].instead; key++) {
			seq_putc(m, '|');
			command_key_usage(m, key + 1);
		}
		if (!needed)
			seq_putc(m, ']');
	}
}

/* For command_refuse_list(): the usage of a verb. */
void command_list_usage(struct seq_file *m, const void *of)
{
	seq_putc(m, ' ');
	command_verb_usage(m, of, 0);
}

/**
 * command_usage_show - the verbs of a file for README
 * @m: where to
 * @verbs: the verbs
 * @indent: how far the lines are indented
 */
void command_usage_show(struct seq_file *m, const struct command_verb *verbs, int indent)
{
	for (; verbs->name; verbs++) {
		command_verb_usage(m, verbs, indent);
		seq_putc(m, '\n');
	}
}

/* What is stored if the command does not have the key, unless the command decides. */
static void command_default_show(struct seq_file *m, const struct command_key *key)
{
	switch (key->kind) {
	case COMMAND_NUMBER:
		if (key->needed || key->value < key->min || key->value > key->max)
			break;
		seq_printf(m, "%llu", key->value);
		return;
	case COMMAND_CHOICE:
		if (key->needed)
			break;
		seq_puts(m, key->choices[key->value]);
		return;
	case COMMAND_SEVERAL:
		command_names_show(m, key->choices, key->value);
		return;
	default:
		break;
	}
	seq_putc(m, '-');
}

static void command_key_row(struct seq_file *m, const struct command_key *key)
{
	seq_printf(m, " key=%s kind=%s place=%s needed=%d instead=%d default=", key->name,
		   command_kind_names[key->kind], key->operand ? "operand" : "key",
		   key->needed, key->instead);
	command_default_show(m, key);
	if (key->kind == COMMAND_NUMBER)
		seq_printf(m, " min=%llu max=%llu", key->min, key->max);
	else
		seq_puts(m, " min=- max=-");
	seq_puts(m, " names=");
	if (key->choices)
		command_names_join(m, key->choices, U64_MAX, ',');
	else
		seq_putc(m, '-');
	seq_printf(m, " help=\"%s\"\n", key->help);
}

/* The header of the commands file. */
void command_table_names_show(struct seq_file *m)
{
	seq_puts(m, "# file command key kind place needed instead default min max names help\n");
}

/**
 * command_table_show - rows of the commands file: one for each verb, one for each key
 * @m: where to
 * @file: the file that the verbs are written to
 * @verbs: the verbs
 */
void command_table_show(struct seq_file *m, const char *file, const struct command_verb *verbs)
{
	const struct command_key *key;

	for (; verbs->name; verbs++) {
		seq_printf(m, "file=%s command=\"%s\" key=- kind=- place=- needed=- instead=- default=- min=- max=- names=- help=\"%s\"\n",
			   file, verbs->name, verbs->help);
		for (key = verbs->keys; key && key->name; key++) {
			seq_printf(m, "file=%s command=\"%s\"", file, verbs->name);
			command_key_row(m, key);
		}
	}
}
