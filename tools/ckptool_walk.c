/* SPDX-License-Identifier: MIT */
/*
 * Every field of an image by its name, from the tables of ckpt/image/: json and
 * diff show the same things.
 */
#include "tools/ckptool.h"

#include "ckpt/image/img_field.h"

struct walk {
	const struct img_image *w_img;
	struct sink *w_sink;
	bool w_places;
};

static void walk_fields(const struct walk *w, const struct img_kind *k, const void *item);

static void walk_number(const struct walk *w, const struct img_field *f, const char *name, u64 v)
{
	struct sink *k = w->w_sink;

	if (f->f_type == T_WORD)
		k->k_text(k, name, f->f_u.words[v]);
	else if (f->f_type == T_S32 || f->f_type == T_S64)
		k->k_number(k, name, (s64)v);
	else if (f->f_as_pid)
		k->k_number(k, name, w->w_img->i_proc[v].p_pid);
	else
		k->k_unsigned(k, name, f->f_as_offset ? img_page_off(w->w_img, (u32)v) : v);
}

static void walk_numbers(const struct walk *w, const struct img_field *f, const char *name, const void *item)
{
	struct sink *k = w->w_sink;

	if (f->f_n == 1) {
		walk_number(w, f, name, img_value(f, item, 0));
		return;
	}
	k->k_open(k, name, true);
	for (u32 i = 0; i < img_count(f, item); i++)
		walk_number(w, f, NULL, img_value(f, item, i));
	k->k_close(k, true);
}

/*
 * What a terminal has besides, in a list of its own, is shown with it. NULL:
 * nothing
 */
static void walk_pty(const struct walk *w, const struct img_pty *y)
{
	if (!y)
		return;
	w->w_sink->k_open(w->w_sink, "pty", false);
	walk_fields(w, &img_pty_kind, y);
	w->w_sink->k_close(w->w_sink, false);
}

/* An element of a list, with a label if the kind has one. */
static void walk_item(const struct walk *w, const struct img_kind *k, const void *item)
{
	const struct img_field *f = k->k_fields;
	struct sink *s = w->w_sink;
	char label[32];

	if (k->k_shape == SHAPE_VALUE) {
		s->k_bytes(s, NULL, (const u8 *)item + f->f_off, f->f_n);
		return;
	}
	while (f->f_type != T_END && !f->f_label)
		f++;
	if (f->f_type == T_END) {
		s->k_open(s, NULL, k->k_shape == SHAPE_TUPLE);
	} else {
		snprintf(label, sizeof(label), f->f_in_hex ? "%#x" : "%u", (u32)img_value(f, item, 0));
		s->k_item(s, label);
	}
	walk_fields(w, k, item);
	if (k == &img_tty_kind)
		walk_pty(w, img_pty_of(w->w_img, (u32)((const struct img_tty *)item - w->w_img->i_tty)));
	s->k_close(s, k->k_shape == SHAPE_TUPLE);
}

/* By its number, from 1, what is not zero. */
static void walk_sparse(const struct walk *w, const struct img_field *f, const void *item)
{
	const struct img_kind *k = f->f_u.kind;
	const u8 *p = img_items(f, item);
	struct sink *s = w->w_sink;

	for (u32 i = 1; i <= f->f_n; i++, p += k->k_size) {
		char label[32];

		if (img_zero(p, k->k_size))
			continue;
		snprintf(label, sizeof(label), "%u", i);
		s->k_item(s, label);
		s->k_unsigned(s, k->k_name, i);
		walk_fields(w, k, p);
		s->k_close(s, false);
	}
}

/* Structures: one, or a list of them. */
static void walk_items(const struct walk *w, const struct img_field *f, const void *item)
{
	const struct img_kind *k = f->f_u.kind;
	const u8 *p = img_items(f, item);
	struct sink *s = w->w_sink;
	bool list = f->f_type != T_SUB || f->f_n > 1;

	if (k->k_shape != SHAPE_FLAT)
		s->k_open(s, f->f_name, list);
	if (f->f_type == T_SPARSE)
		walk_sparse(w, f, item);
	else if (!list)
		walk_fields(w, k, p);
	else
		for (u32 i = 0; i < img_count(f, item); i++)
			walk_item(w, k, p + i * k->k_size);
	if (k->k_shape != SHAPE_FLAT)
		s->k_close(s, list);
}

static void walk_field(const struct walk *w, const struct img_field *f, const char *name, const void *item)
{
	const u8 *p = (const u8 *)item + f->f_off;
	struct sink *k = w->w_sink;

	if (f->f_type <= T_LAST)
		walk_numbers(w, f, name, item);
	else if (f->f_type == T_BYTES)
		k->k_bytes(k, name, p, f->f_n);
	else if (f->f_type == T_TEXT)
		k->k_text(k, name, (const char *)p);
	else if (f->f_type == T_STRING)
		k->k_text(k, name, *(const char *const *)p);
	else if (f->f_type == T_QUEUE)
		k->k_bytes(k, name, ((const struct img_bytes *)p)->b_ptr,
			   ((const struct img_bytes *)p)->b_len);
	else
		walk_items(w, f, item);
}

static bool is_zero(const struct img_field *f, const void *item)
{
	if (f->f_type == T_SUB)
		return img_zero(img_items(f, item), f->f_u.kind->k_size);
	return f->f_type == T_LIST ? img_count(f, item) == 0 : img_value(f, item, 0) == 0;
}

static bool shown(const struct walk *w, const struct img_field *f, const void *item)
{
	if (f->f_type == T_LIST && f->f_u.kind == &img_pty_kind)
		return false;
	if (f->f_hidden || (f->f_place && !w->w_places) || (f->f_nonzero && is_zero(f, item)))
		return false;
	if (f->f_type == T_INDEX && img_value(f, item, 0) == IMG_NONE)
		return false;
	return f->f_shown || img_present(w->w_img, f, item);
}

static void walk_fields(const struct walk *w, const struct img_kind *k, const void *item)
{
	bool there = true; /* the note that the section is of */

	for (const struct img_field *f = k->k_fields; f->f_type != T_END; f++) {
		if (f->f_type == T_NOTE)
			there = f->f_note != N_STATS || w->w_img->i_stats;
		else if (there && shown(w, f, item))
			walk_field(w, f, k->k_shape == SHAPE_TUPLE ? NULL : f->f_name, item);
	}
}

void tool_walk(const struct tool_image *ti, struct sink *k, bool places)
{
	const struct walk w = { .w_img = &ti->ti_img, .w_sink = k, .w_places = places };

	k->k_open(k, NULL, false);
	k->k_unsigned(k, "version", IMG_VERSION);
	walk_fields(&w, &img_image_kind, w.w_img);
	k->k_close(k, false);
}
