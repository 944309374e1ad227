/* SPDX-License-Identifier: MIT */
/*
 * ckptool diff: both images become lists of "name = value" lines, in one order; the lines that only one has are the
 * difference. Pages are compared by address, by their bytes.
 */
#include "tools/ckptool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 8
#define LINE 1200

struct lines {
	struct sink l_sink;
	char l_name[LINE];	 /* of what is open, with a dot behind */
	u32 l_length[MAX_DEPTH]; /* of l_name, for each level */
	u32 l_index[MAX_DEPTH];	 /* next element, if the level is a list */
	u32 l_depth;
	char **l_line;
	u32 l_count, l_room;
};

static void add_line(struct lines *l, const char *key, const char *value)
{
	char name[32], *line;
	size_t size;

	if (!key)
		snprintf(name, sizeof(name), "%u", l->l_index[l->l_depth]++);
	size = strlen(l->l_name) + strlen(key ? key : name) + strlen(value) + 4;
	if (l->l_count == l->l_room) {
		l->l_room = l->l_room ? l->l_room * 2 : 256;
		l->l_line = realloc(l->l_line, l->l_room * sizeof(char *));
	}
	line = l->l_line ? malloc(size) : NULL;
	if (!line) {
		fprintf(stderr, "ckptool: %s\n", strerror(ENOMEM));
		exit(2);
	}
	snprintf(line, size, "%s%s = %s", l->l_name, key ? key : name, value);
	l->l_line[l->l_count++] = line;
}

static void lines_open(struct sink *k, const char *key, bool list)
{
	struct lines *l = (struct lines *)k;
	size_t at = strlen(l->l_name);
	char name[32];

	if (!key)
		snprintf(name, sizeof(name), "%u", l->l_index[l->l_depth]++);
	l->l_length[l->l_depth++] = (u32)at;
	l->l_index[l->l_depth] = 0;
	if (l->l_depth > 1)
		snprintf(l->l_name + at, sizeof(l->l_name) - at, "%s.", key ? key : name);
}

static void lines_close(struct sink *k, bool list)
{
	struct lines *l = (struct lines *)k;

	l->l_name[l->l_length[--l->l_depth]] = 0;
}

static void lines_number(struct sink *k, const char *key, s64 value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	add_line((struct lines *)k, key, text);
}

static void lines_unsigned(struct sink *k, const char *key, u64 value)
{
	char text[32];

	snprintf(text, sizeof(text), value < 10 ? "%llu" : "%#llx", (unsigned long long)value);
	add_line((struct lines *)k, key, text);
}

static void lines_text(struct sink *k, const char *key, const char *value)
{
	add_line((struct lines *)k, key, value);
}

static void lines_bytes(struct sink *k, const char *key, const u8 *p, u32 n)
{
	char text[2 * IMG_FX_SIZE + 1];

	for (u32 i = 0; i < n; i++)
		snprintf(text + i * 2, 3, "%02x", p[i]);
	add_line((struct lines *)k, key, text);
}

static void lines_of(const struct tool_image *ti, struct lines *l)
{
	*l = (struct lines){ .l_sink = { lines_open, lines_close, lines_number, lines_unsigned,
					 lines_text, lines_bytes } };
	tool_walk(ti, &l->l_sink);
}

static void lines_free(struct lines *l)
{
	for (u32 i = 0; i < l->l_count; i++)
		free(l->l_line[i]);
	free(l->l_line);
}

static void show(char mark, const char *line)
{
	printf("%c ", mark);
	tool_print_text(stdout, line);
	putchar('\n');
}

/* Do both lines speak of the same name? */
static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, " ");

	return strncmp(a, b, n + 1) == 0;
}

/* Where a line of that name stands at or behind `from`; count: nowhere. */
static u32 find_name(const struct lines *l, u32 from, const char *line)
{
	while (from < l->l_count && !same_name(line, l->l_line[from]))
		from++;
	return from;
}

static u32 diff_lines(const struct lines *a, const struct lines *b)
{
	u32 i = 0, j = 0, found = 0;

	while (i < a->l_count || j < b->l_count) {
		if (i < a->l_count && j < b->l_count && strcmp(a->l_line[i], b->l_line[j]) == 0) {
			i++, j++;
			continue;
		}
		found++;
		if (i == a->l_count || (j < b->l_count && find_name(a, i, b->l_line[j]) == a->l_count)) {
			show('+', b->l_line[j++]);
			continue;
		}
		show('-', a->l_line[i]);
		if (j < b->l_count && same_name(a->l_line[i], b->l_line[j]))
			show('+', b->l_line[j++]);
		i++;
	}
	return found;
}

/* Reads the page at va of an image; false: it is not stored. */
static bool stored_page(const struct tool_image *ti, u32 va, u8 page[IMG_PAGE])
{
	const struct img_run *run = img_run_find(&ti->ti_img, va);
	u64 off;

	if (!run)
		return false;
	off = img_page_off(&ti->ti_img, run->r_first + (va - run->r_va) / IMG_PAGE);
	if (ti->ti_io.io_read(ti->ti_io.io_ctx, off, page, IMG_PAGE)) {
		fprintf(stderr, "%s: a page cannot be read\n", ti->ti_name);
		exit(2);
	}
	return true;
}

/* The pages that `a` stores; those that only `b` stores are found when the two change places. */
static u32 diff_pages(const struct tool_image *a, const struct tool_image *b, char mark, bool both)
{
	u8 pa[IMG_PAGE], pb[IMG_PAGE];
	u32 found = 0;

	for (u32 i = 0; i < a->ti_img.i_nrun; i++) {
		const struct img_run *run = &a->ti_img.i_run[i];

		for (u32 n = 0; n < run->r_npages; n++) {
			u32 va = run->r_va + n * IMG_PAGE, bytes = 0;

			if (!stored_page(b, va, pb)) {
				printf("%c page %#x\n", mark, va);
				found++;
				continue;
			}
			if (!both || !stored_page(a, va, pa))
				continue;
			for (u32 at = 0; at < IMG_PAGE; at++)
				bytes += pa[at] != pb[at];
			if (bytes)
				printf("! page %#x: %u bytes\n", va, bytes);
			found += bytes != 0;
		}
	}
	return found;
}

int tool_diff(const struct tool_image *a, const struct tool_image *b)
{
	struct lines la, lb;
	u32 found;

	lines_of(a, &la);
	lines_of(b, &lb);
	found = diff_lines(&la, &lb);
	lines_free(&la);
	lines_free(&lb);
	found += diff_pages(a, b, '-', true);
	found += diff_pages(b, a, '+', false);
	return found ? 1 : 0;
}
