// SPDX-License-Identifier: GPL-2.0
/* Commands: copying in, taking apart, dispatching, refusing. */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "command.h"

/**
 * command_refuse - say why a command is not done
 * @cmd: the command
 * @word: the word that is wrong, or COMMAND_NO_WORD for the command as a whole
 * @err: negative errno for the writer
 * @fmt: the reason, in words, without a newline
 *
 * Context: process.
 * Return: @err.
 */
int command_refuse(struct command *cmd, int word, int err, const char *fmt, ...)
{
	int column = word < 0 || word >= cmd->nr ? -1 : cmd->words[word] - cmd->buf;
	va_list args;

	va_start(args, fmt);
	errors_add(cmd->file, cmd->line, column, err, fmt, args);
	va_end(args);
	return err;
}

/* Refuse at a byte of the line that is not the beginning of a word. */
__printf(4, 5)
static int refuse_at(struct command *cmd, int column, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	errors_add(cmd->file, cmd->line, column, err, fmt, args);
	va_end(args);
	return err;
}

/* isprint() takes Latin-1, too. */
static bool printable(unsigned char c)
{
	return c >= ' ' && c <= '~';
}

/* What the error log shows of the line is printable, and one column a byte. */
static int copy_line(struct command *cmd, const char __user *ubuf, size_t size)
{
	size_t len = min_t(size_t, size, RS_COMMAND_MAX);
	size_t i;

	if (copy_from_user(cmd->line, ubuf, len))
		return -EFAULT;
	cmd->line[len] = '\0';

	if (size > RS_COMMAND_MAX) {
		char last;

		if (size > RS_COMMAND_MAX + 1 ||
		    get_user(last, ubuf + RS_COMMAND_MAX) || last != '\n') {
			for (i = 0; i < len; i++)
				if (!printable(cmd->line[i]))
					cmd->line[i] = '?';
			return refuse_at(cmd, -1, -E2BIG,
					 "%zu bytes; a command has at most %d",
					 size, RS_COMMAND_MAX);
		}
	} else if (len && cmd->line[len - 1] == '\n') {
		cmd->line[--len] = '\0';
	}

	for (i = 0; i < len; i++) {
		unsigned char c = cmd->line[i];

		if (c == '\t')
			cmd->line[i] = ' ';
		if (c == '\t' || printable(c))
			continue;
		for (; i < len; i++)
			if (!printable(cmd->line[i]))
				cmd->line[i] = '?';
		cmd->line[len] = '\0';
		return refuse_at(cmd, -1, -EINVAL,
				 c == '\n' ? "a newline in the middle; one command a write" :
					     "character 0x%02x; printable ASCII only", c);
	}
	strscpy(cmd->buf, cmd->line, sizeof(cmd->buf));
	return 0;
}

static int split(struct command *cmd)
{
	char *rest = cmd->buf, *word;

	cmd->nr = 0;
	while ((word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		if (cmd->nr == COMMAND_WORDS_MAX)
			return refuse_at(cmd, word - cmd->buf, -EINVAL,
					 "more than %d words", COMMAND_WORDS_MAX);
		cmd->words[cmd->nr++] = word;
	}
	return 0;
}

static int unknown_verb(struct command *cmd, const struct command_verb *verbs,
			unsigned int nr_verbs)
{
	char names[160] = "";
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < nr_verbs; i++)
		len += scnprintf(names + len, sizeof(names) - len, " %s", verbs[i].name);
	if (!cmd->nr)
		return command_refuse(cmd, COMMAND_NO_WORD, -EINVAL,
				      "empty command; accepted:%s", names);
	return command_refuse(cmd, 0, -EINVAL, "unknown command '%.32s'; accepted:%s",
			      cmd->words[0], names);
}

/**
 * command_run - do what was written to a file
 * @cmd: where to keep the command and its result; the caller serialises
 * @ubuf: the text, in user space
 * @size: its length
 * @file: name of the file
 * @verbs: the commands of that file
 * @nr_verbs: how many
 *
 * Context: process.
 * Return: @size, or a negative errno; error_log has said why.
 */
ssize_t command_run(struct command *cmd, const char __user *ubuf, size_t size,
		    const char *file, const struct command_verb *verbs,
		    unsigned int nr_verbs)
{
	const struct command_verb *verb;
	int ret;

	cmd->file = file;
	cmd->nr = 0;
	cmd->result[0] = '\0';

	ret = copy_line(cmd, ubuf, size);
	if (!ret)
		ret = split(cmd);
	if (ret)
		return ret;

	for (verb = verbs; verb < verbs + nr_verbs; verb++)
		if (cmd->nr && !strcmp(verb->name, cmd->words[0]))
			break;
	if (verb == verbs + nr_verbs)
		return unknown_verb(cmd, verbs, nr_verbs);

	if (cmd->nr < verb->words_min)
		return command_refuse(cmd, COMMAND_NO_WORD, -EINVAL,
				      "too few words; usage: %s %s",
				      verb->name, verb->usage);
	if (cmd->nr > verb->words_max)
		return command_refuse(cmd, verb->words_max, -EINVAL,
				      "surplus word; usage: %s %s",
				      verb->name, verb->usage);
	ret = verb->run(cmd);
	return ret ?: size;
}

/**
 * command_number - read a number
 * @cmd: the command
 * @word: the word that it is in, for the error
 * @text: its digits, decimal or 0x and hexadecimal
 * @min: smallest accepted
 * @max: largest accepted
 * @number: where to put it; untouched on error
 *
 * Return: 0, -EINVAL if it is no number, -ERANGE if it is none of these.
 */
int command_number(struct command *cmd, unsigned int word, const char *text,
		   u64 min, u64 max, u64 *number)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	u64 value;
	int ret;

	/* kstrtou64() would take a sign, too. */
	ret = isxdigit(text[0]) ? kstrtou64(text, hex ? 16 : 10, &value) : -EINVAL;
	if (ret == -EINVAL)
		return command_refuse(cmd, word, -EINVAL,
				      "'%.32s' is not a number", text);
	if (ret || value < min || value > max)
		return command_refuse(cmd, word, -ERANGE,
				      "%.32s is out of range; accepted: %llu to %llu",
				      text, min, max);
	*number = value;
	return 0;
}

/**
 * command_unknown - refuse a name that is none of those that there are
 * @cmd: the command
 * @word: the word that it is in
 * @value: the name
 * @choices: NULL-terminated, those that there are
 *
 * Return: -EINVAL, with the names in error_log.
 */
int command_unknown(struct command *cmd, unsigned int word, const char *value,
		    const char * const *choices)
{
	char names[160] = "";
	size_t len = 0;

	for (; *choices; choices++)
		len += scnprintf(names + len, sizeof(names) - len, " %s", *choices);
	return command_refuse(cmd, word, -EINVAL, "'%.32s' is not one of:%s",
			      value, names);
}

/* The index of the first @len bytes of @value; that of the NULL at the end if unknown. */
static unsigned int choice_index(const char * const *choices, const char *value, size_t len)
{
	unsigned int i;

	for (i = 0; choices[i]; i++)
		if (strlen(choices[i]) == len && !strncmp(choices[i], value, len))
			break;
	return i;
}

static u64 all_of(const char * const *choices)
{
	u64 mask = 0;
	unsigned int i;

	for (i = 0; choices[i]; i++)
		mask |= BIT_ULL(i);
	return mask;
}

static int set_several(struct command *cmd, unsigned int word,
		       const struct command_key *key, const char *value, u64 *mask)
{
	u64 seen = 0;

	if (!strcmp(value, "all")) {
		*mask = all_of(key->choices);
		return 0;
	}
	for (;; value++) {
		size_t len = strcspn(value, ",");
		unsigned int i = choice_index(key->choices, value, len);

		if (!key->choices[i])
			return command_unknown(cmd, word, value, key->choices);
		if (seen & BIT_ULL(i))
			return command_refuse(cmd, word, -EINVAL, "'%s' stands twice in %s=",
					      key->choices[i], key->name);
		seen |= BIT_ULL(i);
		value += len;
		if (!*value)
			break;
	}
	*mask = seen;
	return 0;
}

static int set_key(struct command *cmd, unsigned int word,
		   const struct command_key *key, const char *value, void *out)
{
	u64 *field = out + key->offset;
	unsigned int i;

	if (key->set)
		return key->set(cmd, word, value, out);
	if (!key->choices)
		return command_number(cmd, word, value, key->min, key->max, field);
	if (key->several)
		return set_several(cmd, word, key, value, field);

	i = choice_index(key->choices, value, strlen(value));
	if (!key->choices[i])
		return command_unknown(cmd, word, value, key->choices);
	*field = i;
	return 0;
}

/**
 * command_names_show - names with commas between
 * @m: where to
 * @names: NULL-terminated
 * @mask: which of them, by index; "all" if it is full
 */
void command_names_show(struct seq_file *m, const char * const *names, u64 mask)
{
	const char *separator = "";
	unsigned int i;

	if (mask == all_of(names)) {
		seq_puts(m, "all");
		return;
	}
	for (i = 0; names[i]; i++) {
		if (!(mask & BIT_ULL(i)))
			continue;
		seq_printf(m, "%s%s", separator, names[i]);
		separator = ",";
	}
}

/**
 * command_key_show - " name=value", as command_keys() would read it
 * @m: where to
 * @key: a key without a @set of its own
 * @in: structure that has the value
 */
void command_key_show(struct seq_file *m, const struct command_key *key, const void *in)
{
	u64 value = *(const u64 *)(in + key->offset);

	seq_printf(m, " %s=", key->name);
	if (!key->choices)
		seq_printf(m, "%llu", value);
	else if (key->several)
		command_names_show(m, key->choices, value);
	else
		seq_puts(m, key->choices[value]);
}

/**
 * command_keys - read the "name=value" words of a command
 * @cmd: the command
 * @first: first of these words; all that follow are taken
 * @keys: the names that are accepted
 * @nr_keys: how many; at most 64
 * @out: structure that the values are written to; has the defaults
 *
 * Return: 0, or a negative errno for a word that is none of these, stands
 * twice, or has a wrong value.
 */
int command_keys(struct command *cmd, unsigned int first,
		 const struct command_key *keys, unsigned int nr_keys, void *out)
{
	unsigned int word, i;
	u64 seen = 0;
	int ret;

	for (word = first; word < cmd->nr; word++) {
		const char *text = cmd->words[word];
		size_t len = strcspn(text, "=");

		for (i = 0; i < nr_keys; i++)
			if (strlen(keys[i].name) == len &&
			    !strncmp(keys[i].name, text, len))
				break;
		if (i == nr_keys || text[len] != '=') {
			char names[200] = "";
			size_t used = 0;

			for (i = 0; i < nr_keys; i++)
				used += scnprintf(names + used, sizeof(names) - used,
						  " %s=", keys[i].name);
			return command_refuse(cmd, word, -EINVAL,
					      "'%.32s' is not one of:%s", text, names);
		}
		if (seen & BIT_ULL(i))
			return command_refuse(cmd, word, -EINVAL,
					      "%s= stands twice", keys[i].name);
		seen |= BIT_ULL(i);
		ret = set_key(cmd, word, &keys[i], text + len + 1, out);
		if (ret)
			return ret;
	}
	return 0;
}
