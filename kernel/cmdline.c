/* SPDX-License-Identifier: MIT */
/*
 * Splits the command line, in place in a copy: each word becomes
 * "key\0value\0".
 */
#include "kernel/cmdline.h"
#include "kernel/lib/string.h"

#define LINE_MAX 1024
#define WORD_MAX 64

static char whole[LINE_MAX];
static char words[LINE_MAX + 1];
static struct {
	const char *key, *value;
} word[WORD_MAX];
static u32 nword;

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/*
 * Copies one word from s, without its quotes, to `to`, and ends it with 0.
 * *value: the beginning of its value, after the first '=', which becomes a 0;
 * or the final 0.
 * Returns: the first character after the word.
 */
static const char *take_word(const char *s, char **to, const char **value)
{
	bool quoted = false;
	char *d = *to;

	*value = NULL;
	for (; *s && (quoted || !is_blank(*s)); s++) {
		if (*s == '"') {
			quoted = !quoted;
		} else if (*s == '=' && !*value) {
			*d++ = 0;
			*value = d;
		} else {
			*d++ = *s;
		}
	}
	*d = 0;
	if (!*value)
		*value = d;
	*to = d + 1;
	return s;
}

void cmdline_init(const char *line)
{
	char *to = words;
	const char *s;

	strlcpy_k(whole, line, sizeof(whole));
	nword = 0;
	for (s = whole; nword < WORD_MAX;) {
		while (is_blank(*s))
			s++;
		if (!*s)
			break;
		word[nword].key = to;
		s = take_word(s, &to, &word[nword].value);
		nword++;
	}
}

const char *cmdline_text(void)
{
	return whole;
}

const char *cmdline_get(const char *key)
{
	const char *flag = NULL;

	for (u32 i = nword; i-- > 0;) {
		if (strcmp(word[i].key, key) != 0)
			continue;
		if (*word[i].value)
			return word[i].value;
		flag = word[i].value;
	}
	return flag;
}

bool cmdline_has(const char *key, const char *value)
{
	size_t len = strlen(value);

	for (u32 i = 0; i < nword; i++) {
		const char *end = word[i].value + len;

		if (strcmp(word[i].key, key) == 0 && strncmp(word[i].value, value, len) == 0 &&
		    (!*end || *end == ','))
			return true;
	}
	return false;
}

static u32 suffix_shift(char c)
{
	switch (c) {
	case 'k':
	case 'K': return 10;
	case 'm':
	case 'M': return 20;
	case 'g':
	case 'G': return 30;
	default: return 0;
	}
}

u64 cmdline_number(const char *key, u64 def)
{
	const char *s = cmdline_get(key), *end;
	u32 shift;
	u64 v;

	if (!s || !*s)
		return def;
	v = strtou64(s, &end, 0);
	shift = suffix_shift(*end);
	if (end == s || end[shift ? 1 : 0] || v > (~0ull >> shift))
		return def;
	return v << shift;
}
