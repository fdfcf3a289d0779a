/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands: what is written to a debugfs file, taken apart into words.
 *
 * A command is described by one struct command_verb with its table of keys. The parser,
 * the usage in error_log, the files README and commands, the fuzzer, the driver and the
 * table in docs/debugfs.md all come from these tables.
 *
 * A function that refuses a command calls command_refuse() with the word that is wrong;
 * error_log shows the reason in words, and the writer gets an errno.
 */
#ifndef _REFSTORM_COMMAND_H
#define _REFSTORM_COMMAND_H

#include <linux/types.h>
#include <uapi/refstorm/refstorm.h>

struct command;
struct seq_file;

/* As many as a line can hold, one byte each. */
#define COMMAND_WORDS_MAX ((RS_COMMAND_MAX + 1) / 2)
#define COMMAND_RESULT_MAX 192

/**
 * enum command_kind - what a key takes, and what command_keys() stores
 * @COMMAND_NUMBER: a number from min to max: u64
 * @COMMAND_CHOICE: one of the names: u64, its index
 * @COMMAND_SEVERAL: names with commas between, or "all": u64, a mask of their indices
 * @COMMAND_TEXT: a text: const char *, valid as long as the command; an operand is not stored
 * @COMMAND_PROVIDER: a provider: const struct rs_provider *
 * @COMMAND_WORD: nothing; the word is the name of the key: u64, 1
 */
enum command_kind {
	COMMAND_NUMBER,
	COMMAND_CHOICE,
	COMMAND_SEVERAL,
	COMMAND_TEXT,
	COMMAND_PROVIDER,
	COMMAND_WORD,
};

/**
 * struct command_key - a word that a command takes
 * @name: the part before "="; of an operand, how the usage calls it
 * @help: what it says, in one line
 * @kind: what it takes
 * @operand: it is a word without "name=", and has its place
 * @needed: the command is refused without it
 * @instead: it stands instead of the key in the row before, not beside it
 * @scale: the number is stored multiplied by this, in the field of the row before; 0: it is
 *	stored as it is, in a field of its own
 * @min: smallest number
 * @max: largest number
 * @value: what is stored if the command does not have the key; a number, index or mask
 *	that the key would not accept means that the command decides
 * @choices: NULL-terminated names
 * @placeholder: how the usage calls a text
 * @set: stores a provider; 0, or the errno of command_refuse()
 * @offset: where in the structure given to command_keys()
 */
struct command_key {
	const char		*name;
	const char		*help;
	enum command_kind	kind;
	bool			operand;
	bool			needed;
	bool			instead;
	u64			min;
	u64			max;
	u64			scale;
	u64			value;
	const char * const	*choices;
	const char		*placeholder;
	int			(*set)(struct command *cmd, unsigned int word,
				       const char *value, void *field);
	size_t			offset;
};

/**
 * struct command_verb - a command of a file
 * @name: its first word, or its first two
 * @help: what it does, in one line
 * @keys: what follows: first the operands, in their order; the row after the last has no
 *	name. NULL if nothing follows
 * @run: does it; 0 or the errno of command_refuse()
 *
 * A table of verbs ends with one that has no name.
 */
struct command_verb {
	const char			*name;
	const char			*help;
	const struct command_key	*keys;
	int				(*run)(struct command *cmd);
};

/**
 * struct command - one write
 * @file: name of the file, for error_log
 * @verb: the command that it is
 * @line: the text, as written
 * @buf: the same, with the words terminated
 * @words: the words, pointing into @buf
 * @nr: number of words
 * @first: the first word after the name of the verb
 * @result: what a read through the same open file will give, without newline
 */
struct command {
	const char			*file;
	const struct command_verb	*verb;
	char				line[RS_COMMAND_MAX + 1];
	char				buf[RS_COMMAND_MAX + 1];
	char				*words[COMMAND_WORDS_MAX];
	unsigned int			nr;
	unsigned int			first;
	char				result[COMMAND_RESULT_MAX];
};

/**
 * typedef command_list_t - a list at the end of an error, shown when error_log is read
 * @m: error_log
 * @of: what is listed; never freed before the module
 *
 * The list is not copied, so it is never cut.
 */
typedef void (command_list_t)(struct seq_file *m, const void *of);

ssize_t command_run(struct command *cmd, const char __user *ubuf, size_t size,
		    const char *file, const struct command_verb *verbs);
int command_read(struct command *cmd, const char *text, const char *file,
		 const struct command_verb *verbs);
int command_keys(struct command *cmd, void *out);
unsigned int command_word_of(const struct command *cmd, const char *text);
__printf(4, 5)
int command_refuse(struct command *cmd, int word, int err, const char *fmt, ...);
__printf(6, 7)
int command_refuse_list(struct command *cmd, int word, int err, command_list_t *list,
			const void *of, const char *fmt, ...);
#define COMMAND_NO_WORD (-1)

/* command_show.c */
void command_key_show(struct seq_file *m, const struct command_key *key,
		      const void *in);
void command_names_show(struct seq_file *m, const char * const *names, u64 mask);
command_list_t command_list_choices;
command_list_t command_list_keys;
command_list_t command_list_verbs;
command_list_t command_list_usage;
void command_usage_show(struct seq_file *m, const struct command_verb *verbs, int indent);
void command_table_names_show(struct seq_file *m);
void command_table_show(struct seq_file *m, const char *file,
			const struct command_verb *verbs);

/* errors.c */
__printf(7, 0)
void errors_add(const char *file, const char *line, int column, int err,
		command_list_t *list, const void *of, const char *fmt, va_list args);
void errors_show(struct seq_file *m);
void errors_show_last(struct seq_file *m);
void errors_clear(void);
u64 errors_count(void);

#endif /* _REFSTORM_COMMAND_H */
