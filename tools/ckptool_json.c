/* SPDX-License-Identifier: MIT */
/* ckptool json. Bytes are hexadecimal strings; bytes of a path that are no UTF-8 are \udc80 to \udcff, as Python has them. */
#include "tools/ckptool.h"

#include <string.h>

struct json {
	struct sink j_sink;
	u32 j_depth;
	bool j_first; /* nothing yet inside what was opened last */
};

static void begin_item(struct json *j, const char *key)
{
	if (j->j_depth)
		printf("%s\n%*s", j->j_first ? "" : ",", (int)j->j_depth * 2, "");
	if (key)
		printf("\"%s\": ", key);
	j->j_first = false;
}

static void json_open(struct sink *k, const char *key, bool list)
{
	struct json *j = (struct json *)k;

	begin_item(j, key);
	putchar(list ? '[' : '{');
	j->j_depth++;
	j->j_first = true;
}

static void json_item(struct sink *k, const char *label)
{
	json_open(k, NULL, false);
}

static void json_close(struct sink *k, bool list)
{
	struct json *j = (struct json *)k;

	j->j_depth--;
	if (!j->j_first)
		printf("\n%*s", (int)j->j_depth * 2, "");
	putchar(list ? ']' : '}');
	j->j_first = false;
}

static void json_number(struct sink *k, const char *key, s64 value)
{
	begin_item((struct json *)k, key);
	printf("%lld", (long long)value);
}

static void json_unsigned(struct sink *k, const char *key, u64 value)
{
	begin_item((struct json *)k, key);
	printf("%llu", (unsigned long long)value);
}

/* Length of the valid UTF-8 sequence at s, 0: none. */
static u32 utf8_length(const u8 *s)
{
	u32 n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	u32 code = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
	static const u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (s[0] >= 0x80 && (s[0] < 0xc0 || s[0] > 0xf4))
		return 0;
	for (u32 i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	return code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : n;
}

static void json_text(struct sink *k, const char *key, const char *value)
{
	const u8 *s = (const u8 *)value;

	begin_item((struct json *)k, key);
	putchar('"');
	while (*s) {
		u32 n = utf8_length(s);

		if (n == 0)
			printf("\\udc%02x", *s++);
		else if (*s < 0x20 || *s == 0x7f)
			printf("\\u%04x", *s++);
		else if (*s == '"' || *s == '\\')
			printf("\\%c", *s++);
		else
			for (; n; n--)
				putchar(*s++);
	}
	putchar('"');
}

static void json_bytes(struct sink *k, const char *key, const u8 *p, u32 n)
{
	begin_item((struct json *)k, key);
	putchar('"');
	for (; n; n--)
		printf("%02x", *p++);
	putchar('"');
}

void tool_json(const struct tool_image *ti)
{
	struct json j = { .j_sink = { json_open, json_item, json_close, json_number, json_unsigned,
				      json_text, json_bytes } };

	tool_walk(ti, &j.j_sink, true);
	putchar('\n');
}
