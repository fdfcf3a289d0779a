/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands: what is written to a debugfs file, taken apart into words.
 *
 * Whoever refuses a command says so with command_refuse(), naming the word
 * that was wrong; the error goes to error_log in words, and to the writer as
 * an errno.
 */
#ifndef _REFSTORM_COMMAND_H
#define _REFSTORM_COMMAND_H

#include <linux/types.h>
#include <uapi/refstorm/refstorm.h>

struct seq_file;

#define COMMAND_WORDS_MAX 24
#define COMMAND_RESULT_MAX 192

/**
 * struct command - one write
 * @file: name of the file, for error_log
 * @line: the text, as written
 * @buf: the same, with the words terminated
 * @words: the words, pointing into @buf
 * @nr: number of words
 * @result: what a read through the same open file will give, without newline
 */
struct command {
	const char	*file;
	char		line[RS_COMMAND_MAX + 1];
	char		buf[RS_COMMAND_MAX + 1];
	char		*words[COMMAND_WORDS_MAX];
	unsigned int	nr;
	char		result[COMMAND_RESULT_MAX];
};

/**
 * struct command_key - a "name=value" that a command takes
 * @name: the part before "="
 * @min: smallest number
 * @max: largest number
 * @choices: NULL-terminated names instead of a number; the value is their index
 * @several: several of these with commas between; the value is a mask of their
 *	indices; "all" is the full one
 * @set: called instead, with the value as text
 * @offset: of the u64 in the structure given to command_keys()
 */
struct command_key {
	const char		*name;
	u64			min;
	u64			max;
	const char * const	*choices;
	bool			several;
	int			(*set)(struct command *cmd, unsigned int word,
				       const char *value, void *out);
	size_t			offset;
};

/**
 * struct command_verb - a command of a file
 * @name: its first word
 * @usage: the rest, for error_log
 * @words_min: fewest words, the verb included
 * @words_max: most words
 * @run: does it; 0 or the errno of command_refuse()
 */
struct command_verb {
	const char	*name;
	const char	*usage;
	unsigned int	words_min;
	unsigned int	words_max;
	int		(*run)(struct command *cmd);
};

ssize_t command_run(struct command *cmd, const char __user *ubuf, size_t size,
		    const char *file, const struct command_verb *verbs,
		    unsigned int nr_verbs);
int command_keys(struct command *cmd, unsigned int first,
		 const struct command_key *keys, unsigned int nr_keys, void *out);
void command_key_show(struct seq_file *m, const struct command_key *key,
		      const void *in);
void command_names_show(struct seq_file *m, const char * const *names, u64 mask);
int command_number(struct command *cmd, unsigned int word, const char *text,
		   u64 min, u64 max, u64 *number);
int command_unknown(struct command *cmd, unsigned int word, const char *value,
		    const char * const *choices);
__printf(4, 5)
int command_refuse(struct command *cmd, int word, int err, const char *fmt, ...);
#define COMMAND_NO_WORD (-1)

/* errors.c */
__printf(5, 0)
void errors_add(const char *file, const char *line, int column, int err,
		const char *fmt, va_list args);
void errors_show(struct seq_file *m);
void errors_clear(void);
u64 errors_count(void);

#endif /* _REFSTORM_COMMAND_H */
