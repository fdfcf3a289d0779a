// SPDX-License-Identifier: GPL-2.0
/* Commands: copying in, taking apart, dispatching, refusing. */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "command.h"

#define command_for_each_key(key, verb) \
	for (key = (verb)->keys; key && key->name; key++)

/* Where a word begins; -1 if there is none of that number. */
static int command_column(const struct command *cmd, int word)
{
	return word < 0 || word >= cmd->nr ? -1 : cmd->words[word] - cmd->buf;
}

/**
 * command_refuse_list - say why a command is not done, and what would be accepted
 * @cmd: the command
 * @word: the word that is wrong, or COMMAND_NO_WORD for the command as a whole
 * @err: negative errno for the writer
 * @list: writes what would be accepted, after the reason; NULL: nothing
 * @of: for @list
 * @fmt: the reason, in words, without a newline
 *
 * Context: process.
 * Return: @err.
 */
int command_refuse_list(struct command *cmd, int word, int err, command_list_t *list,
			const void *of, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	errors_add(cmd->file, cmd->line, command_column(cmd, word), err, list, of, fmt, args);
	va_end(args);
	return err;
}

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
	va_list args;

	va_start(args, fmt);
	errors_add(cmd->file, cmd->line, command_column(cmd, word), err, NULL, NULL, fmt, args);
	va_end(args);
	return err;
}

/* Refuse a line that is not taken apart. */
__printf(3, 4)
static int command_refuse_line(struct command *cmd, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	errors_add(cmd->file, cmd->line, -1, err, NULL, NULL, fmt, args);
	va_end(args);
	return err;
}

/* isprint() takes Latin-1, too. */
static bool command_is_printable(unsigned char c)
{
	return c >= ' ' && c <= '~';
}

static int command_refuse_long(struct command *cmd, size_t size)
{
	size_t i;

	for (i = 0; i < RS_COMMAND_MAX; i++)
		if (!command_is_printable(cmd->line[i]))
			cmd->line[i] = '?';
	return command_refuse_line(cmd, -E2BIG, "%zu bytes; a command has at most %d", size,
				   RS_COMMAND_MAX);
}

/* Return: the length of the line, or a negative errno. */
static int command_copy_line(struct command *cmd, const char __user *ubuf, size_t size)
{
	size_t len = min_t(size_t, size, RS_COMMAND_MAX);

	if (copy_from_user(cmd->line, ubuf, len))
		return -EFAULT;
	cmd->line[len] = '\0';

	if (size > RS_COMMAND_MAX) {
		char last;

		if (size > RS_COMMAND_MAX + 1 ||
		    get_user(last, ubuf + RS_COMMAND_MAX) || last != '\n')
			return command_refuse_long(cmd, size);
	} else if (len && cmd->line[len - 1] == '\n') {
		cmd->line[--len] = '\0';
	}
	return len;
}

/* What the error log shows of the line is printable, and one column a byte. */
static int command_clean_line(struct command *cmd, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = cmd->line[i];

		if (c == '\t')
			cmd->line[i] = ' ';
		if (c == '\t' || command_is_printable(c))
			continue;
		for (; i < len; i++)
			if (!command_is_printable(cmd->line[i]))
				cmd->line[i] = '?';
		cmd->line[len] = '\0';
		return command_refuse_line(cmd, -EINVAL, c == '\n' ?
					   "a newline in the middle; one command a write" :
					   "character 0x%02x; printable ASCII only", c);
	}
	strscpy(cmd->buf, cmd->line, sizeof(cmd->buf));
	return 0;
}

static void command_split(struct command *cmd)
{
	char *left = cmd->buf, *word;

	cmd->nr = 0;
	while ((word = strsep(&left, " \t")))
		if (*word)
			cmd->words[cmd->nr++] = word;
}

/* How many words of the command are the name of @verb; 0 if the command is another. */
static unsigned int command_words_of_verb(const struct command *cmd,
					  const struct command_verb *verb)
{
	const char *name = verb->name;
	unsigned int word;

	for (word = 0; word < cmd->nr; word++) {
		size_t len = strcspn(name, " ");

		if (strlen(cmd->words[word]) != len || strncmp(cmd->words[word], name, len))
			return 0;
		if (!name[len])
			return word + 1;
		name += len + 1;
	}
	return 0;
}

/* The verb whose name has the most words of the command; NULL if there is none. */
static const struct command_verb *command_find(struct command *cmd,
					       const struct command_verb *verb)
{
	const struct command_verb *found = NULL;

	for (cmd->first = 0; verb->name; verb++) {
		unsigned int words = command_words_of_verb(cmd, verb);

		if (words > cmd->first) {
			cmd->first = words;
			found = verb;
		}
	}
	return found;
}

/* Whether the words are neither too few nor too many for the verb. */
static int command_check_words(struct command *cmd)
{
	unsigned int least = cmd->first, most = cmd->first;
	const struct command_key *key;

	command_for_each_key(key, cmd->verb) {
		least += key->needed && !key->instead;
		most += !key->instead;
	}
	if (cmd->nr < least)
		return command_refuse_list(cmd, COMMAND_NO_WORD, -EINVAL, command_list_usage,
					   cmd->verb, "too few words; usage:");
	if (cmd->nr > most)
		return command_refuse_list(cmd, most, -EINVAL, command_list_usage,
					   cmd->verb, "surplus word; usage:");
	return 0;
}

/* Take the line apart, find its verb, and count its words. */
static int command_parse(struct command *cmd, size_t len, const struct command_verb *verbs)
{
	int ret;

	ret = command_clean_line(cmd, len);
	if (ret)
		return ret;
	command_split(cmd);
	if (!cmd->nr)
		return command_refuse_list(cmd, COMMAND_NO_WORD, -EINVAL, command_list_verbs,
					   verbs, "empty command; accepted:");
	cmd->verb = command_find(cmd, verbs);
	if (!cmd->verb)
		return command_refuse_list(cmd, 0, -EINVAL, command_list_verbs, verbs,
					   "unknown command '%.32s'; accepted:",
					   cmd->words[0]);
	return command_check_words(cmd);
}

static void command_begin(struct command *cmd, const char *file)
{
	cmd->file = file;
	cmd->nr = 0;
	cmd->result[0] = '\0';
}

/**
 * command_read - take apart a command that is no write, and do nothing yet
 * @cmd: where to keep the command; the caller serialises
 * @text: the command
 * @file: where it comes from, for error_log
 * @verbs: the commands that there are
 *
 * Context: process.
 * Return: 0, or a negative errno; error_log has said why.
 */
int command_read(struct command *cmd, const char *text, const char *file,
		 const struct command_verb *verbs)
{
	size_t size = strlen(text);

	command_begin(cmd, file);
	strscpy(cmd->line, text, sizeof(cmd->line));
	return size > RS_COMMAND_MAX ? command_refuse_long(cmd, size) :
				       command_parse(cmd, size, verbs);
}

/**
 * command_run - do what was written to a file
 * @cmd: where to keep the command and its result; the caller serialises
 * @ubuf: the text, in user space
 * @size: its length
 * @file: name of the file
 * @verbs: the commands of that file
 *
 * Context: process.
 * Return: @size, or a negative errno; error_log has said why.
 */
ssize_t command_run(struct command *cmd, const char __user *ubuf, size_t size,
		    const char *file, const struct command_verb *verbs)
{
	int len, ret;

	command_begin(cmd, file);
	len = command_copy_line(cmd, ubuf, size);
	if (len < 0)
		return len;
	ret = command_parse(cmd, len, verbs) ?: cmd->verb->run(cmd);
	return ret ?: size;
}

/* Read a number: -EINVAL if @text is none, -ERANGE if it is none that is accepted. */
static int command_set_number(struct command *cmd, unsigned int word,
			      const struct command_key *key, const char *text, u64 *number)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	u64 value;
	int ret;

	/* kstrtou64() would take a sign, too. */
	ret = isxdigit(text[0]) ? kstrtou64(text, hex ? 16 : 10, &value) : -EINVAL;
	if (ret == -EINVAL)
		return command_refuse(cmd, word, -EINVAL,
				      "'%.32s' is not a number", text);
	if (ret || value < key->min || value > key->max)
		return command_refuse(cmd, word, -ERANGE,
				      "%.32s is out of range; accepted: %llu to %llu",
				      text, key->min, key->max);
	*number = value * (key->scale ?: 1);
	return 0;
}

/* Find the first @len bytes of @value among the names of @key. */
static int command_find_choice(struct command *cmd, unsigned int word,
			       const struct command_key *key, const char *value, size_t len,
			       unsigned int *index)
{
	unsigned int i;

	for (i = 0; key->choices[i]; i++)
		if (strlen(key->choices[i]) == len && !strncmp(key->choices[i], value, len))
			break;
	*index = i;
	if (key->choices[i])
		return 0;
	return command_refuse_list(cmd, word, -EINVAL, command_list_choices, key->choices,
				   "'%.32s' is not one of:", value);
}

static int command_set_choice(struct command *cmd, unsigned int word,
			      const struct command_key *key, const char *value, u64 *choice)
{
	unsigned int index;
	int ret;

	ret = command_find_choice(cmd, word, key, value, strlen(value), &index);
	if (!ret)
		*choice = index;
	return ret;
}

static int command_set_several(struct command *cmd, unsigned int word,
			       const struct command_key *key, const char *value, u64 *mask)
{
	u64 seen = 0;
	unsigned int i;
	int ret;

	if (!strcmp(value, "all")) {
		for (i = 0; key->choices[i]; i++)
			seen |= BIT_ULL(i);
		*mask = seen;
		return 0;
	}
	for (;; value++) {
		size_t len = strcspn(value, ",");

		ret = command_find_choice(cmd, word, key, value, len, &i);
		if (ret)
			return ret;
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

/* Whether @text is "name=value", or the word, of @key. */
static bool command_is_key(const struct command_key *key, const char *text)
{
	size_t len = strlen(key->name);

	if (key->operand || strncmp(text, key->name, len))
		return false;
	return text[len] == (key->kind == COMMAND_WORD ? '\0' : '=');
}

/* The key that a word belongs to; NULL if there is none. @operand: the next one. */
static const struct command_key *command_key_of(const struct command *cmd, const char *text,
						const struct command_key **operand)
{
	const struct command_key *key, *next = *operand;

	command_for_each_key(key, cmd->verb)
		if (command_is_key(key, text))
			break;
	if (key && !key->name)
		key = NULL;
	/* An operand that has to be there is one, whatever it looks like. */
	if (!next || !next->operand || (key && (key->instead || !next->needed)))
		return key;
	*operand = next + 1;
	return next;
}

static int command_set_key(struct command *cmd, unsigned int word,
			   const struct command_key *key, void *out)
{
	const char *value = cmd->words[word];
	void *field = out + key->offset;

	if (!key->operand)
		value += strcspn(value, "=") + 1;
	switch (key->kind) {
	case COMMAND_NUMBER:
		return command_set_number(cmd, word, key, value, field);
	case COMMAND_CHOICE:
		return command_set_choice(cmd, word, key, value, field);
	case COMMAND_SEVERAL:
		return command_set_several(cmd, word, key, value, field);
	case COMMAND_PROVIDER:
		return key->set(cmd, word, value, field);
	case COMMAND_TEXT:
		if (!key->operand)
			*(const char **)field = value;
		return 0;
	case COMMAND_WORD:
		*(u64 *)field = 1;
		return 0;
	}
	return 0;
}

static void command_set_defaults(const struct command_verb *verb, void *out)
{
	const struct command_key *key;

	command_for_each_key(key, verb)
		switch (key->kind) {
		case COMMAND_TEXT:
			if (!key->operand)
				*(const char **)(out + key->offset) = NULL;
			break;
		case COMMAND_PROVIDER:
			*(const void **)(out + key->offset) = NULL;
			break;
		default:
			/* A scaled number has the field of the row before. */
			if (!key->scale)
				*(u64 *)(out + key->offset) = key->value;
		}
}

/* Whether a word from @first on, before @end, is of @key. */
static bool command_has_key(const struct command *cmd, const struct command_key *key,
			    unsigned int end)
{
	unsigned int word;

	for (word = cmd->first; word < end; word++)
		if (command_is_key(key, cmd->words[word]))
			return true;
	return false;
}

/**
 * command_keys - read the words of a command that follow its verb
 * @cmd: the command
 * @out: structure that the values are written to, those of keys that are not there, too
 *
 * Return: 0, or a negative errno for a word that is none of the keys, stands twice, or
 * has a wrong value, and for a key that is needed and missing.
 */
int command_keys(struct command *cmd, void *out)
{
	const struct command_key *key, *operand = cmd->verb->keys;
	unsigned int word;
	int ret;

	command_set_defaults(cmd->verb, out);
	for (word = cmd->first; word < cmd->nr; word++) {
		const char *text = cmd->words[word];

		key = command_key_of(cmd, text, &operand);
		if (!key)
			return command_refuse_list(cmd, word, -EINVAL, command_list_keys,
						   cmd->verb->keys,
						   "'%.32s' is not one of:", text);
		if (!key->operand && command_has_key(cmd, key, word))
			return command_refuse(cmd, word, -EINVAL, "%s= stands twice",
					      key->name);
		ret = command_set_key(cmd, word, key, out);
		if (ret)
			return ret;
	}
	command_for_each_key(key, cmd->verb) {
		if (key->needed && !key->operand && !command_has_key(cmd, key, cmd->nr))
			return command_refuse(cmd, COMMAND_NO_WORD, -EINVAL,
					      "%s= is missing", key->name);
		if (key->instead && command_has_key(cmd, key, cmd->nr) &&
		    command_has_key(cmd, key - 1, cmd->nr))
			return command_refuse(cmd, COMMAND_NO_WORD, -EINVAL,
					      "%s= stands instead of %s=, not beside it",
					      key->name, key[-1].name);
	}
	return 0;
}

/* The word that @text, which command_keys() stored, stands in. */
unsigned int command_word_of(const struct command *cmd, const char *text)
{
	unsigned int word = cmd->nr;

	while (word && cmd->words[--word] > text)
		;
	return word;
}
