/* SPDX-License-Identifier: MIT */
/*
 * Tables of fields at work: their bytes in the file, in the codec's three
 * modes; least sizes, defaults.
 */
#include "ckpt/image/img_field.h"
#include "ckpt/image/img_codec.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

const u8 img_number_size[] = { [T_U8] = 1,    [T_U16] = 2,  [T_U32] = 4, [T_S32] = 4,
			       [T_INDEX] = 4, [T_WORD] = 4, [T_U64] = 8, [T_S64] = 8 };

/* ---- a field and its item ---- */

const struct img_field *img_section(const struct img_kind *k, u32 note)
{
	const struct img_field *f = k->k_fields;

	if (f->f_type != T_NOTE)
		return f;
	while (f->f_type != T_END && (f->f_type != T_NOTE || f->f_note != note))
		f++;
	return f->f_type == T_END ? NULL : f + 1;
}

bool img_zero(const void *p, u32 n)
{
	const u8 *byte = p;

	while (n && !*byte)
		byte++, n--;
	return n == 0;
}

/* ---- in the file ---- */

/* All but the first array element is rare. */
static void numbers(struct imgx *x, const struct img_field *f, void *item)
{
	u8 *p = (u8 *)item + f->f_off;
	u32 n = f->f_n;

	if (f->f_rest && imgx_getting(x))
		*(u32 *)((u8 *)item + f->f_count) = imgx_left(x) / img_number_size[f->f_type];
	if (f->f_count) {
		n = img_count(f, item);
		if (n > f->f_n)
			imgx_fail(x, -E2BIG, "holds too many items of one kind", n);
	}
	for (u32 i = 0; i < n && !x->x_error; i++, p += img_number_size[f->f_type]) {
		if (img_number_size[f->f_type] == 4)
			imgx_u32(x, (u32 *)p);
		else if (img_number_size[f->f_type] == 8)
			imgx_u64(x, (u64 *)p);
		else
			imgx_raw(x, p, img_number_size[f->f_type]);
	}
}

/* The first section that holds a list makes it. */
static void *get_list(struct imgx *x, const struct img_field *f, u32 note, void *item)
{
	const struct img_kind *k = f->f_u.kind;
	u32 *n = (u32 *)((u8 *)item + f->f_count);
	u8 *list = img_items(f, item);

	if (list)
		return list;
	list = imgx_list(x, NULL, n, f->f_arg, img_least(k, note), k->k_size);
	if (list)
		img_set_defaults(k, list, *n);
	__builtin_memcpy((u8 *)item + f->f_off, &list, sizeof(list));
	return list;
}

/* Bytes of a field of numbers, bytes or text. */
static u32 plain_size(const struct img_field *f)
{
	return f->f_n * (f->f_type <= T_LAST ? img_number_size[f->f_type] : 1);
}

/*
 * All items of a kind take the same room, as most do; and they lie in the file
 * as in memory.
 */
static bool fixed_size(const struct img_kind *k, u32 note, bool *same)
{
	const struct img_field *f = img_section(k, note);
	u32 at = 0;

	for (*same = true; f && !img_section_ends(f); f++) {
		if (f->f_type > T_TEXT || f->f_feature || f->f_again || f->f_gone || f->f_count)
			return false;
		*same &= f->f_off == at;
		at += plain_size(f);
	}
	*same &= at == k->k_size;
	return true;
}

static void list(struct imgx *x, const struct img_field *f, u32 note, void *item)
{
	const struct img_kind *k = f->f_u.kind;
	u8 *p = imgx_getting(x) ? get_list(x, f, note, item) : img_items(f, item);
	bool same, fixed = fixed_size(k, note, &same);
	u32 n = img_count(f, item);

	if (fixed && x->x_mode == IMGX_SIZE)
		x->x_off += (u64)n * img_least(k, note);
	else if (fixed && same && n)
		imgx_raw(x, p, n * k->k_size);
	else
		for (; n && !x->x_error; n--, p += k->k_size)
			imgx_fields(x, k, note, p);
}

static void subs(struct imgx *x, const struct img_field *f, u32 note, void *item)
{
	u8 *p = img_items(f, item);

	for (u32 i = 0; i < f->f_n; i++, p += f->f_u.kind->k_size)
		imgx_fields(x, f->f_u.kind, note, p);
}

static void get_sparse(struct imgx *x, const struct img_field *f, u32 note, void *item)
{
	u32 i = 0, last = 0;

	for (imgx_u32(x, &i); i && !x->x_error; imgx_u32(x, &i)) {
		if (i > f->f_n || i <= last)
			imgx_fail(x, -EBADMSG, "has an action for a signal out of order", i);
		else
			imgx_fields(x, f->f_u.kind, note,
				    (u8 *)img_items(f, item) + (i - 1) * f->f_u.kind->k_size);
		last = i;
	}
}

static void sparse(struct imgx *x, const struct img_field *f, u32 note, void *item)
{
	u8 *p = img_items(f, item);

	if (imgx_getting(x)) {
		get_sparse(x, f, note, item);
		return;
	}
	for (u32 i = 1; i <= f->f_n; i++, p += f->f_u.kind->k_size) {
		if (img_zero(p, f->f_u.kind->k_size))
			continue;
		imgx_derived(x, i);
		imgx_fields(x, f->f_u.kind, note, p);
	}
	imgx_derived(x, 0);
}

static void field(struct imgx *x, const struct img_field *f, u32 note, void *item)
{
	u8 *p = (u8 *)item + f->f_off;

	switch (f->f_type) {
	case T_BYTES:
	case T_TEXT: imgx_raw(x, p, f->f_n); break;
	case T_STRING: imgx_str(x, (const char **)p); break;
	case T_QUEUE: imgx_bytes(x, (struct img_bytes *)p, f->f_arg); break;
	case T_SUB: subs(x, f, note, item); break;
	case T_LIST: list(x, f, note, item); break;
	case T_SPARSE: sparse(x, f, note, item); break;
	case T_CALL: f->f_u.call(x, item); break;
	default: numbers(x, f, item);
	}
}

/* Is the field of this item in the file? */
static bool encoded(const struct imgx *x, const struct img_field *f, const void *item)
{
	if (f->f_feature)
		return x->x_img->i_features & f->f_feature;
	return !f->f_again && (!f->f_gone || img_present(x->x_img, f, item));
}

void imgx_fields(struct imgx *x, const struct img_kind *k, u32 note, void *item)
{
	const struct img_field *f = img_section(k, note);

	for (; f && !img_section_ends(f) && !x->x_error; f++) {
		if (f->f_type <= T_WORD && f->f_type >= T_U32 && f->f_n == 1 && !f->f_feature && !f->f_again)
			imgx_u32(x, (u32 *)((u8 *)item + f->f_off));
		else if (encoded(x, f, item))
			field(x, f, note, item);
	}
}

/* ---- sizes and defaults ---- */

static u32 least(const struct img_field *f, u32 note)
{
	if (f->f_feature || f->f_again || f->f_gone)
		return 0;
	switch (f->f_type) {
	case T_BYTES:
	case T_TEXT:
	case T_CALL: return f->f_n;
	case T_STRING: return 8;
	case T_QUEUE:
	case T_SPARSE: return 4;
	case T_SUB: return f->f_n * img_least(f->f_u.kind, note);
	case T_LIST: return 0;
	default: return f->f_count ? 0 : f->f_n * img_number_size[f->f_type];
	}
}

u32 img_least(const struct img_kind *k, u32 note)
{
	const struct img_field *f = img_section(k, note);
	u32 size = 0;

	for (; f && !img_section_ends(f); f++)
		size += least(f, note);
	return size;
}

static u32 default_of(const struct img_field *f, u32 index)
{
	return f->f_own_index ? index : f->f_default;
}

void img_set_defaults(const struct img_kind *k, void *items, u32 n)
{
	for (const struct img_field *f = k->k_fields; f->f_type != T_END; f++) {
		u8 *p = (u8 *)items + f->f_off;

		for (u32 i = 0; i < n && (f->f_own_index || f->f_default); i++, p += k->k_size)
			*(u32 *)p = default_of(f, i);
	}
}

/* Of an image that is being made: the lists are there. */
bool img_is_default(const struct img_kind *k, u32 note, const void *item, u32 index)
{
	const struct img_field *f = img_section(k, note);

	for (; f && !img_section_ends(f); f++) {
		const u8 *p = f->f_type == T_LIST ? img_items(f, item) : NULL;

		if (f->f_type <= T_LAST && img_value(f, item, 0) != default_of(f, index))
			return false;
		for (u32 i = 0; p && i < img_count(f, item); i++) {
			if (!img_is_default(f->f_u.kind, note, p + i * f->f_u.kind->k_size, i))
				return false;
		}
	}
	return true;
}

static bool field_equal(const struct img_field *f, const void *a, const void *b)
{
	const u8 *p = (const u8 *)a + f->f_off, *q = (const u8 *)b + f->f_off;

	if (f->f_type == T_STRING)
		return strcmp(*(const char *const *)p, *(const char *const *)q) == 0;
	if (f->f_type <= T_TEXT)
		return memcmp(p, q, plain_size(f)) == 0;
	return true;
}

bool img_equal(const struct img_kind *k, const void *a, const void *b)
{
	const struct img_field *f = k->k_fields;

	while (f->f_type != T_END && field_equal(f, a, b))
		f++;
	return f->f_type == T_END;
}
