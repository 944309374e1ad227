/* SPDX-License-Identifier: MIT */
/*
 * ckptool diff: both images become lists of "name = value" lines, in one order; the lines that only one has are the
 * difference. Pages are compared by process or data object and address, by their bytes.
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
	bool l_by_order; /* processes and lwps go by their place, not by their ids */
	char **l_line;
	char ***l_sorted; /* by name, for has_name() */
	u32 l_count, l_room;
};

static void no_memory(void)
{
	fprintf(stderr, "ckptool: %s\n", strerror(ENOMEM));
	exit(TROUBLE);
}

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
	if (!line)
		no_memory();
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

static void lines_item(struct sink *k, const char *label)
{
	struct lines *l = (struct lines *)k;
	size_t length = strlen(l->l_name);
	bool id = (length >= 6 && strcmp(l->l_name + length - 6, "procs.") == 0) ||
		  (length >= 5 && strcmp(l->l_name + length - 5, "lwps.") == 0);

	lines_open(k, id && l->l_by_order ? NULL : label, false);
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
	char *text = calloc(n + 1, 2);

	if (!text)
		no_memory();
	for (u32 i = 0; i < n; i++)
		snprintf(text + i * 2, 3, "%02x", p[i]);
	add_line((struct lines *)k, key, text);
	free(text);
}

static void lines_free(struct lines *l)
{
	for (u32 i = 0; i < l->l_count; i++)
		free(l->l_line[i]);
	free(l->l_line);
	free(l->l_sorted);
}

static void show(char mark, const char *line)
{
	printf("%c ", mark);
	tool_print_text(stdout, line);
	putchar('\n');
}

/* By name: no two lines of an image have the same. */
static int compare_names(const void *a, const void *b)
{
	const char *x = **(char **const *)a, *y = **(char **const *)b;
	size_t nx = strcspn(x, " "), ny = strcspn(y, " ");
	int order = memcmp(x, y, MIN(nx, ny));

	return order ? order : (nx > ny) - (nx < ny);
}

static void sort_names(struct lines *l)
{
	l->l_sorted = calloc(l->l_count + 1, sizeof(*l->l_sorted));
	if (!l->l_sorted)
		no_memory();
	for (u32 i = 0; i < l->l_count; i++)
		l->l_sorted[i] = &l->l_line[i];
	qsort(l->l_sorted, l->l_count, sizeof(*l->l_sorted), compare_names);
}

static void lines_of(const struct tool_image *ti, bool by_order, struct lines *l)
{
	*l = (struct lines){ .l_sink = { lines_open, lines_item, lines_close, lines_number,
					 lines_unsigned, lines_text, lines_bytes },
			     .l_by_order = by_order };
	tool_walk(ti, &l->l_sink, false);
	sort_names(l);
}

/* Does a line with the name of *line stand at or behind `from`? */
static bool has_name(const struct lines *l, u32 from, char **line)
{
	char ***found = bsearch(&line, l->l_sorted, l->l_count, sizeof(*l->l_sorted), compare_names);

	return found && *found >= l->l_line + from;
}

static u32 diff_lines(const struct lines *a, const struct lines *b)
{
	u32 i = 0, j = 0, found = 0;

	while (i < a->l_count || j < b->l_count) {
		char **one = &a->l_line[i], **other = &b->l_line[j];

		if (i < a->l_count && j < b->l_count && strcmp(*one, *other) == 0) {
			i++, j++;
			continue;
		}
		found++;
		if (i == a->l_count || (j < b->l_count && !has_name(a, i, other))) {
			show('+', *other);
			j++;
			continue;
		}
		show('-', *one);
		if (j < b->l_count && compare_names(&one, &other) == 0) {
			show('+', *other);
			j++;
		}
		i++;
	}
	return found;
}

/* List ka of `a`, and that of `b` which is compared with it. */
struct lists {
	const struct tool_image *a, *b;
	u32 ka, kb; /* kb IMG_NONE: there is none */
	const char *name;
	char mark; /* of what only `a` has */
	bool both; /* what both have is compared, too */
};

static u32 diff_page(const struct lists *l, u32 at)
{
	u8 pa[IMG_PAGE], pb[IMG_PAGE];
	u32 bytes = 0;

	if (l->kb == IMG_NONE || !tool_page(l->b, l->kb, at, pb)) {
		printf("%c %s.page %#x\n", l->mark, l->name, at);
		return 1;
	}
	if (!l->both || !tool_page(l->a, l->ka, at, pa))
		return 0;
	for (u32 k = 0; k < IMG_PAGE; k++)
		bytes += pa[k] != pb[k];
	if (bytes)
		printf("! %s.page %#x: %u bytes\n", l->name, at, bytes);
	return bytes != 0;
}

static u32 diff_run(const struct lists *l, u32 at, u32 n)
{
	u32 found = 0;

	for (u32 i = 0; i < n; i++)
		found += diff_page(l, at + i * IMG_PAGE);
	return found;
}

/* The pages that `a` has, stored or with another process; those that only the other has are found when the two change places. */
static u32 diff_list(const struct lists *l)
{
	const struct img_image *img = &l->a->ti_img;
	struct img_runs rs = img_list(img, l->ka);
	const struct img_proc *p = l->ka < img->i_nproc ? &img->i_proc[l->ka] : NULL;
	u32 found = 0;

	for (u32 i = 0; i < rs.rs_nrun; i++)
		found += diff_run(l, rs.rs_run[i].r_va, rs.rs_run[i].r_npages);
	for (u32 i = 0; p && i < p->p_ncow; i++)
		found += diff_run(l, p->p_cow[i].c_va, p->p_cow[i].c_npages);
	return found;
}

/* The run list of b for the same process or data object as list k of a. IMG_NONE: there is none */
static u32 partner(const struct img_image *a, u32 k, const struct img_image *b, bool by_order)
{
	if (k >= a->i_nproc)
		return k - a->i_nproc < b->i_ndata ? b->i_nproc + (k - a->i_nproc) : IMG_NONE;
	if (by_order)
		return k < b->i_nproc ? k : IMG_NONE;
	for (u32 i = 0; i < b->i_nproc; i++)
		if (b->i_proc[i].p_pid == a->i_proc[k].p_pid)
			return i;
	return IMG_NONE;
}

static u32 diff_pages(const struct tool_image *a, const struct tool_image *b, bool by_order, char mark, bool both)
{
	const struct img_image *img = &a->ti_img;
	u32 found = 0;

	for (u32 k = 0; k < img_nlists(img); k++) {
		char name[32];

		if (k >= img->i_nproc)
			snprintf(name, sizeof(name), "data.%u", k - img->i_nproc);
		else
			snprintf(name, sizeof(name), "procs.%u", by_order ? k : (u32)img->i_proc[k].p_pid);
		found += diff_list(&(struct lists){ a, b, k, partner(img, k, &b->ti_img, by_order),
						    name, mark, both });
	}
	return found;
}

int tool_diff(const struct tool_image *a, const struct tool_image *b)
{
	/* Another run of the same program has other ids: then processes and lwps are compared in their order. */
	bool by_order = partner(&a->ti_img, 0, &b->ti_img, false) == IMG_NONE &&
			partner(&b->ti_img, 0, &a->ti_img, false) == IMG_NONE;
	struct lines la, lb;
	u32 found;

	lines_of(a, by_order, &la);
	lines_of(b, by_order, &lb);
	found = diff_lines(&la, &lb);
	lines_free(&la);
	lines_free(&lb);
	found += diff_pages(a, b, by_order, '-', true);
	found += diff_pages(b, a, by_order, '+', false);
	return found ? 1 : 0;
}
