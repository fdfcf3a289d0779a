// SPDX-License-Identifier: GPL-2.0
/*
 * The parameter storm: commands of the control file, with ';' between.
 *
 *	insmod refstorm.ko storm="provider=rs_kref seconds=5; provider=kref ms=500"
 *
 * The shell takes the quotes away, and most insmods pass on what is left:
 *
 *	storm=provider=rs_kref seconds=5; provider=kref ms=500
 *
 * The kernel takes that for the parameters storm, seconds, provider and ms. So each key of a
 * storm is a parameter, too, which appends itself to the text, as it stood.
 */
#include <linux/errno.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "control/command.h"
#include "storm/storm.h"
#include "storm/storm_setup.h"
#include "torture.h"

#define TORTURE_TEXT_MAX 4096

static char torture_text[TORTURE_TEXT_MAX];

/* Append to the text. Return: 0, or -ENOSPC. */
static int torture_append(const char *before, const char *key, const char *equals,
			  const char *value)
{
	size_t len = strlen(torture_text), room = sizeof(torture_text) - len;

	if (snprintf(torture_text + len, room, "%s%s%s%s", before, key, equals, value) < room)
		return 0;
	pr_err("refstorm: storm= has at most %zu bytes\n", sizeof(torture_text) - 1);
	return -ENOSPC;
}

static int torture_set_text(const char *value, const struct kernel_param *kp)
{
	return torture_append(torture_text[0] ? ";" : "", "", "", value);
}

static int torture_show_text(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%s\n", torture_text);
}

static const struct kernel_param_ops torture_text_ops = {
	.set	= torture_set_text,
	.get	= torture_show_text,
};

module_param_cb(storm, &torture_text_ops, NULL, 0400);
__MODULE_PARM_TYPE(storm, "charp");
MODULE_PARM_DESC(storm, "storms that run at load: words of the command storm, with ; between storms");

static int torture_set_word(const char *value, const struct kernel_param *kp)
{
	if (torture_text[0])
		return torture_append(" ", kp->name, "=", value);
	pr_err("refstorm: %s=%s is a word of a storm, and storm= comes first\n", kp->name, value);
	return -EINVAL;
}

static const struct kernel_param_ops torture_word_ops = { .set = torture_set_word };

#define TORTURE_WORD(_name) module_param_cb(_name, &torture_word_ops, NULL, 0)

/* The keys of storm_setup_keys, which a preprocessor cannot read; insmod.sh compares them. */
TORTURE_WORD(provider);
TORTURE_WORD(pattern);
TORTURE_WORD(seed);
TORTURE_WORD(workers);
TORTURE_WORD(killers);
TORTURE_WORD(ms);
TORTURE_WORD(seconds);
TORTURE_WORD(bound_ms);
TORTURE_WORD(duty);
TORTURE_WORD(contexts);
TORTURE_WORD(kill_contexts);
TORTURE_WORD(delay);
TORTURE_WORD(steps);
TORTURE_WORD(objects);
TORTURE_WORD(life_us);
TORTURE_WORD(lives);
TORTURE_WORD(ends);
TORTURE_WORD(memory);
TORTURE_WORD(switchers);
TORTURE_WORD(gust_ms);
TORTURE_WORD(hotplug);
TORTURE_WORD(kprobes);
TORTURE_WORD(track);
TORTURE_WORD(hard_bound);

static const struct command_verb torture_verbs[] = {
	{ "storm", "runs at load", storm_setup_keys, storm_command },
	{}
};

/* The next part of the text that is not blank, and its length; NULL: no more. */
static const char *torture_next(const char *text, size_t *len)
{
	text += strspn(text, "; ");
	*len = strcspn(text, ";");
	return *text ? text : NULL;
}

/* The number of storms in the text. */
unsigned int torture_storms(void)
{
	const char *text = torture_text;
	unsigned int nr = 0;
	size_t len;

	for (; (text = torture_next(text, &len)); text += len)
		nr++;
	return nr;
}

/**
 * torture_storm - the command of a storm of the text
 * @nth: which of them, from 0
 *
 * Context: process; one caller at a time.
 * Return: "storm provider=P ..."; valid until the next call.
 */
const char *torture_storm(unsigned int nth)
{
	static char line[sizeof(torture_text) + sizeof("storm ")];
	const char *text;
	size_t len;

	text = torture_next(torture_text, &len);
	while (nth-- && text)
		text = torture_next(text + len, &len);
	scnprintf(line, sizeof(line), "storm %.*s", text ? (int)len : 0, text ?: "");
	return line;
}

/**
 * torture_read - take apart a storm of the text
 * @nth: which of them, from 0
 * @cmd: where to keep the command
 * @setup: what it asks for
 *
 * Context: process.
 * Return: 0, or a negative errno; errors_show_last() says why.
 */
int torture_read(unsigned int nth, struct command *cmd, struct storm_setup *setup)
{
	return command_read(cmd, torture_storm(nth), "storm=", torture_verbs) ?:
	       storm_setup_read(cmd, setup);
}
