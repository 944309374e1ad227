/* SPDX-License-Identifier: MIT */
/*
 * ckptool format: the tables of ckpt(5), from those of ckpt/image/. A table for
 * each kind that has fields in a note of ours: offset, type and name of each.
 * Behind what has no fixed size, the offset is "-".
 */
#include "tools/ckptool.h"

#include <string.h>

#include "ckpt/image/img_codec.h"

#define UNKNOWN (~0u)

/* The table that is being printed. */
struct table {
	const struct img_note *t_note;
	u32 t_at; /* offset of the next field, or UNKNOWN */
};

static void print_table(const struct img_note *n, const struct img_kind *k, const char *numbered);
static void print_field(struct table *t, const struct img_field *f);

static void print_row(struct table *t, const char *type, const char *name, u32 size)
{
	char at[12] = "-";

	if (t->t_at != UNKNOWN)
		snprintf(at, sizeof(at), "%u", t->t_at);
	printf("  %4s  %-10s  %s\n", at, type, name);
	t->t_at = t->t_at == UNKNOWN || !size ? UNKNOWN : t->t_at + size;
}

/* What stands in the same bytes has several names. */
static void print_names(struct table *t, const struct img_field *f, const char *type, u32 size)
{
	char names[80];

	snprintf(names, sizeof(names), "%s", f->f_name);
	for (const struct img_field *g = f + 1; g->f_again; g++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "|%s", g->f_name);
	print_row(t, type, names, size);
}

static const char *number_type(const struct img_field *f)
{
	static const char *const types[] = {
		[T_U8] = "u8",	   [T_U16] = "u16",  [T_U32] = "u32", [T_S32] = "s32",
		[T_INDEX] = "u32", [T_WORD] = "u32", [T_U64] = "u64", [T_S64] = "s64"
	};

	return types[f->f_type];
}

/*
 * Numbers of one type and nothing else, and several: they are one row. Their
 * number; 0: they are not
 */
static u32 alike(const struct img_field *f, const struct img_field *first)
{
	u32 n = 0;

	for (const struct img_field *g = first; !img_section_ends(g); g++, n++)
		if (g->f_type > T_LAST || g->f_type != first->f_type || g->f_n != 1 || g->f_feature)
			return 0;
	return n * f->f_n > 1 ? n * f->f_n : 0;
}

static void print_sub(struct table *t, const struct img_field *f)
{
	const struct img_field *g = img_section(f->f_u.kind, t->t_note->n_id);
	u32 n = alike(f, g);
	char type[32];

	if (n) {
		snprintf(type, sizeof(type), "%s[%u]", number_type(g), n);
		print_row(t, type, f->f_name, n * img_number_size[g->f_type]);
		return;
	}
	for (; !img_section_ends(g); g++)
		print_field(t, g);
}

static void print_field(struct table *t, const struct img_field *f)
{
	char type[32] = "";

	if (f->f_type <= T_LAST && !f->f_again) {
		snprintf(type, sizeof(type),
			 f->f_count   ? "%s[]"
			 : f->f_n > 1 ? "%s[%u]"
				      : "%s",
			 number_type(f), f->f_n);
		print_names(t, f, type, f->f_count ? 0 : f->f_n * img_number_size[f->f_type]);
	} else if (f->f_type == T_BYTES || f->f_type == T_TEXT || (f->f_type == T_CALL && f->f_name)) {
		snprintf(type, sizeof(type), f->f_type == T_CALL && f->f_n == 4 ? "u32" : "bytes[%u]", f->f_n);
		print_row(t, type, f->f_name, f->f_gone ? 0 : f->f_n);
	} else if (f->f_type == T_STRING || f->f_type == T_QUEUE) {
		print_row(t, f->f_type == T_STRING ? "string" : "queue", f->f_name, 0);
	} else if (f->f_type == T_SUB) {
		print_sub(t, f);
	} else if (f->f_type == T_LIST && f->f_u.kind->k_shape == SHAPE_VALUE) {
		snprintf(type, sizeof(type), "bytes[%u][]", f->f_u.kind->k_size);
		print_row(t, type, f->f_name, 0);
	} else if (f->f_type == T_LIST || f->f_type == T_SPARSE) {
		t->t_at = UNKNOWN;
	}
}

/* Of one kind; then those of the items that it has lists of. */
static void print_table(const struct img_note *n, const struct img_kind *k, const char *numbered)
{
	const struct img_field *first = img_section(k, n->n_id), *f = first;
	struct table t = { .t_note = n };
	bool lists = true;

	for (; f && !img_section_ends(f) && lists; f++)
		lists = f->f_type == T_LIST || (f->f_type == T_CALL && !f->f_name);
	if (first && !lists) {
		printf("%s %s\n", n->n_name, k->k_name ? k->k_name : "image");
		if (k == n->n_of)
			print_row(&t, "u32", "version", 4);
		else if (numbered)
			print_row(&t, "u32", numbered, 4);
	}
	for (f = first; f && !lists && !img_section_ends(f); f++)
		print_field(&t, f);
	for (f = first; f && !img_section_ends(f); f++) {
		if ((f->f_type == T_LIST && f->f_u.kind->k_shape != SHAPE_VALUE) || f->f_type == T_SPARSE)
			print_table(n, f->f_u.kind, f->f_type == T_SPARSE ? f->f_u.kind->k_name : NULL);
	}
}

void tool_format(void)
{
	for (u32 i = 0; i < img_nnotes; i++)
		if (img_notes[i].n_name)
			print_table(&img_notes[i], img_notes[i].n_of, NULL);
}
