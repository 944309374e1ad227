/* SPDX-License-Identifier: MIT */
/*
 * Options: lines of a word and a value, in the file .ckptrc of the working
 * directory, or where the environment's CKPTRC says. `#` begins a comment.
 */
#include "lc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum value { FLAG, NUMBER, TEXT, DIRECTORY };

static const struct option_word {
	const char *w_word;
	enum value w_kind;
	void *w_where;
	long w_least, w_most; /* of a number; most: the room of a text */
} words[] = {
	{ "checkpointing", FLAG, &lc.opt.o_on, 0, 0 },
	{ "fork", FLAG, &lc.opt.o_fork, 0, 0 },
	{ "incremental", FLAG, &lc.opt.o_incremental, 0, 0 },
	{ "verbose", FLAG, &lc.opt.o_verbose, 0, 0 },
	{ "mintime", NUMBER, &lc.opt.o_mintime, 0, 1000000 },
	{ "maxtime", NUMBER, &lc.opt.o_maxtime, 0, 1000000 },
	{ "maxfiles", NUMBER, &lc.opt.o_maxfiles, 1, LC_CHAIN },
	{ "dir", DIRECTORY, lc.opt.o_dir, 0, sizeof(lc.opt.o_dir) },
	{ "name", TEXT, lc.opt.o_name, 0, sizeof(lc.opt.o_name) },
};

/* The line that is read; number 0: it is none of a file. */
static struct place {
	const char *p_path;
	int p_number;
} place;

__attribute__((format(printf, 1, 2))) static int wrong(const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return place.p_number ? lc_say("%s:%d: %s", place.p_path, place.p_number, text) : lc_say("%s", text);
}

static int set_flag(const struct option_word *w, const char *value)
{
	bool on = strcmp(value, "on") == 0;

	if (!on && strcmp(value, "off") != 0)
		return wrong("%s: expected on or off, found '%s'", w->w_word, value);
	*(bool *)w->w_where = on;
	return 0;
}

static int set_number(const struct option_word *w, const char *value)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (end == value || *end || errno || n < w->w_least || n > w->w_most)
		return wrong("%s: expected %ld to %ld, found '%s'", w->w_word, w->w_least, w->w_most, value);
	*(int *)w->w_where = (int)n;
	return 0;
}

static int set_text(const struct option_word *w, const char *value)
{
	if (!*value || strlen(value) >= (size_t)w->w_most)
		return wrong("%s: expected 1 to %ld characters", w->w_word, w->w_most - 1);
	strcpy(w->w_where, value);
	return 0;
}

/*
 * It is kept with its whole name: the program may change its working directory.
 */
static int set_directory(const struct option_word *w, const char *value)
{
	char path[LC_PATH] = "";

	if (value[0] != '/' && !getcwd(path, sizeof(path)))
		return wrong("%s: the working directory: %s", w->w_word, strerror(errno));
	if (strlen(path) + strlen(value) + 2 > sizeof(path))
		return wrong("%s: its whole name is too long", w->w_word);
	if (value[0] != '/' && strcmp(value, ".") == 0)
		return set_text(w, path);
	if (value[0] != '/')
		strcat(path, "/");
	return set_text(w, strcat(path, value));
}

static int set_word(const char *word, const char *value)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct option_word *w = &words[i];

		if (strcmp(w->w_word, word) != 0)
			continue;
		return w->w_kind == FLAG     ? set_flag(w, value)
		       : w->w_kind == NUMBER ? set_number(w, value)
		       : w->w_kind == TEXT   ? set_text(w, value)
					     : set_directory(w, value);
	}
	return wrong("there is no option '%s'", word);
}

int libckpt_set(const char *line)
{
	char copy[512], *word, *value, *rest;

	if (strlen(line) >= sizeof(copy))
		return wrong("a line of the options is too long");
	strcpy(copy, line);
	copy[strcspn(copy, "#\n")] = '\0';
	word = strtok_r(copy, " \t", &rest);
	if (!word)
		return 0;
	value = strtok_r(NULL, " \t", &rest);
	if (!value || strtok_r(NULL, " \t", &rest))
		return wrong("option '%s': expected one value", word);
	return set_word(word, value);
}

static int set_defaults(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	lc.opt = (struct lc_options){ .o_on = true, .o_maxfiles = 8 };
	snprintf(lc.opt.o_name, sizeof(lc.opt.o_name), "%s", slash ? slash + 1 : argv0);
	return set_word("dir", ".");
}

int lc_read_options(const char *argv0)
{
	const char *path = getenv("CKPTRC");
	char line[512];
	int error = 0;
	FILE *f;

	if (set_defaults(argv0) != 0)
		return -1;
	f = fopen(path ? path : ".ckptrc", "re");
	if (!f)
		return path ? lc_say("%s: %s", path, strerror(errno)) : 0;
	place.p_path = path ? path : ".ckptrc";
	while (!error && fgets(line, sizeof(line), f)) {
		place.p_number++;
		error = libckpt_set(line);
	}
	place.p_number = 0;
	fclose(f);
	return error;
}

int libckpt_set_image(const char *name)
{
	const char *slash = strrchr(name, '/');
	char dir[LC_PATH];

	if (set_word("name", slash ? slash + 1 : name) != 0)
		return -1;
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - name) : 0, name);
	return !slash ? 0 : set_word("dir", slash == name ? "/" : dir);
}

void lc_image_name(char *path, size_t size, uint32_t seq, const char *ending)
{
	snprintf(path, size, "%s/%s.ckpt.%u%s", lc.opt.o_dir, lc.opt.o_name, seq, ending);
}
