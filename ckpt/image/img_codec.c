/* SPDX-License-Identifier: MIT */
/*
 * The codec's primitives: bytes and numbers in three modes, strings, lists,
 * notes. See the header.
 */
#include "ckpt/image/img_codec.h"
#include "ckpt/image/img_format.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

#define NOT_HELD (~0ull)

struct imgx *imgx_new(struct img_image *img, const struct img_io *io, struct img_err *err)
{
	struct imgx *x = img_alloc(img, sizeof(*x));

	if (!x)
		return NULL;
	x->x_page = img_alloc(img, IMG_PAGE);
	x->x_other = img_alloc(img, IMG_PAGE);
	if (!x->x_page || !x->x_other)
		return NULL;
	x->x_img = img;
	x->x_io = io;
	x->x_err = err;
	x->x_held = NOT_HELD;
	return x;
}

void imgx_fail(struct imgx *x, int error, const char *what, u32 val)
{
	if (x->x_error)
		return;
	x->x_error = error;
	x->x_err->e_what = what;
	x->x_err->e_val = val;
	x->x_err->e_off = imgx_getting(x) ? x->x_off : 0;
}

/* A page of x_page is full. */
static void page_done(struct imgx *x)
{
	x->x_error = x->x_sink(x, x->x_off - IMG_PAGE);
}

static void codec_put(struct imgx *x, const u8 *p, u32 n)
{
	while (n && !x->x_error) {
		u32 at = x->x_off % IMG_PAGE;
		u32 step = MIN(n, IMG_PAGE - at);

		memcpy(x->x_page + at, p, step);
		x->x_off += step;
		p += step;
		n -= step;
		if (at + step == IMG_PAGE)
			page_done(x);
	}
}

/* Makes x_page the page that x_off is in. */
static void hold_page(struct imgx *x)
{
	u64 off = x->x_off - x->x_off % IMG_PAGE;
	int error;

	if (x->x_held == off)
		return;
	error = x->x_io->io_read(x->x_io->io_ctx, off, x->x_page, IMG_PAGE);
	x->x_held = off;
	if (error)
		imgx_fail(x, error, "cannot be read", 0);
}

static void codec_get(struct imgx *x, u8 *p, u32 n)
{
	if (n > imgx_left(x))
		imgx_fail(x, -EBADMSG, "ends within an item", n);
	while (n && !x->x_error) {
		u32 at = x->x_off % IMG_PAGE;
		u32 step = MIN(n, IMG_PAGE - at);

		hold_page(x);
		if (x->x_error)
			break;
		memcpy(p, x->x_page + at, step);
		x->x_off += step;
		p += step;
		n -= step;
	}
	memset(p, 0, n);
}

void imgx_raw(struct imgx *x, void *p, u32 n)
{
	if (x->x_mode == IMGX_SIZE)
		x->x_off += n;
	else if (x->x_mode == IMGX_PUT)
		codec_put(x, p, n);
	else
		codec_get(x, p, n);
}

void imgx_u16(struct imgx *x, u16 *v)
{
	imgx_raw(x, v, 2);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are put and taken as they lie");

/*
 * Nearly all of the metadata goes through here. Words lie at multiples of 4, so
 * one is never in two pages.
 */
void imgx_u32(struct imgx *x, u32 *v)
{
	u32 at = x->x_off % IMG_PAGE;

	if (x->x_mode == IMGX_SIZE) {
		x->x_off += 4;
	} else if (x->x_error || at > IMG_PAGE - 4 || (imgx_getting(x) && imgx_left(x) < 4)) {
		imgx_raw(x, v, 4);
	} else if (x->x_mode == IMGX_PUT) {
		__builtin_memcpy(x->x_page + at, v, 4);
		x->x_off += 4;
		if (at == IMG_PAGE - 4)
			page_done(x);
	} else {
		hold_page(x);
		__builtin_memcpy(v, x->x_page + at, 4);
		x->x_off += 4;
		if (x->x_error)
			*v = 0;
	}
}

void imgx_u64(struct imgx *x, u64 *v)
{
	u32 low = (u32)*v, high = (u32)(*v >> 32);

	imgx_u32(x, &low);
	imgx_u32(x, &high);
	if (imgx_getting(x))
		*v = low | (u64)high << 32;
}

void imgx_derived(struct imgx *x, u32 v)
{
	imgx_u32(x, &v);
}

void imgx_zero(struct imgx *x, u32 n)
{
	static const u8 zeros[16];

	for (; n && !x->x_error; n -= MIN(n, 16u)) {
		u8 b[16];

		memcpy(b, zeros, sizeof(b));
		imgx_raw(x, b, MIN(n, 16u));
	}
}

void imgx_pad(struct imgx *x, u32 n)
{
	imgx_zero(x, (u32)(-x->x_off & (n - 1)));
}

u32 imgx_left(const struct imgx *x)
{
	u64 left = x->x_off < x->x_limit ? x->x_limit - x->x_off : 0;

	return (u32)MIN(left, (u64)IMG_META_MAX);
}

bool imgx_skip(struct imgx *x)
{
	if (!imgx_getting(x))
		return false;
	if (!x->x_error)
		x->x_off = x->x_limit;
	return true;
}

void *imgx_list(struct imgx *x, void *list, u32 *n, u32 max, u32 min, u32 size)
{
	if (!imgx_getting(x))
		return list;
	list = NULL;
	if (*n > max)
		imgx_fail(x, -E2BIG, "holds too many items of one kind", *n);
	else if ((u64)*n * min > imgx_left(x))
		imgx_fail(x, -EBADMSG, "counts more items than there is room for", *n);
	else if (*n && !x->x_error && !(list = img_alloc(x->x_img, *n * size)))
		imgx_fail(x, -ENOMEM, "needs more memory than there is", *n * size);
	if (x->x_error)
		*n = 0;
	return list;
}

static void get_str(struct imgx *x, u32 len, const char **s)
{
	u32 size = len + 1;
	char *p = imgx_list(x, NULL, &size, IMG_MAX_PATH, 1, 1);

	if (!p)
		return;
	imgx_raw(x, p, size);
	if (!x->x_error && strnlen(p, size) != len)
		imgx_fail(x, -EBADMSG, "has a string that does not end where it says", len);
	if (!x->x_error)
		*s = p;
}

void imgx_str(struct imgx *x, const char **s)
{
	u32 len = 0;

	if (imgx_getting(x))
		*s = "";
	else
		len = (u32)strlen(*s);
	imgx_u32(x, &len);
	if (!imgx_getting(x))
		imgx_raw(x, (char *)*s, len + 1);
	else if (len >= IMG_MAX_PATH)
		imgx_fail(x, -EBADMSG, "has a string that is too long", len);
	else
		get_str(x, len, s);
	imgx_pad(x, 4);
}

void imgx_bytes(struct imgx *x, struct img_bytes *b, u32 max)
{
	imgx_u32(x, &b->b_len);
	b->b_ptr = imgx_list(x, b->b_ptr, &b->b_len, max, 1, 1);
	if (b->b_len)
		imgx_raw(x, b->b_ptr, b->b_len);
	imgx_pad(x, 4);
}

void imgx_version(struct imgx *x, u32 version)
{
	u32 v = version;

	imgx_u32(x, &v);
	if (!x->x_error && v != version)
		imgx_fail(x, -EOPNOTSUPP, "has a note of another version", v);
}

u32 imgx_measure(struct imgx *x, imgx_fn fn, u32 arg)
{
	enum imgx_mode mode = x->x_mode;
	u64 start = x->x_off;
	u32 size;

	x->x_mode = IMGX_SIZE;
	fn(x, arg);
	size = (u32)(x->x_off - start);
	x->x_off = start;
	x->x_mode = mode;
	return size;
}

/*
 * Reads a note's header, which must be the expected one; returns the length of
 * its contents.
 */
static u32 get_note_header(struct imgx *x, const char *owner, u32 namesz, u32 type)
{
	u32 got_namesz = 0, got_type = 0, size = 0;
	char name[8];

	imgx_u32(x, &got_namesz);
	imgx_u32(x, &size);
	imgx_u32(x, &got_type);
	imgx_raw(x, name, sizeof(name));
	if (x->x_error)
		return 0;
	if (got_namesz != namesz || got_type != type || memcmp(name, owner, namesz) != 0)
		imgx_fail(x, -EBADMSG, "has another note where this type belongs", type);
	else if (size > imgx_left(x))
		imgx_fail(x, -EBADMSG, "has a note that is too long", type);
	return x->x_error ? 0 : size;
}

static void put_note_header(struct imgx *x, const char *owner, u32 namesz, u32 type, u32 size)
{
	char name[8] = { 0 };

	memcpy(name, owner, namesz);
	imgx_u32(x, &namesz);
	imgx_u32(x, &size);
	imgx_u32(x, &type);
	imgx_raw(x, name, sizeof(name));
}

void imgx_note(struct imgx *x, const char *owner, u32 type, imgx_fn fn, u32 arg)
{
	u32 namesz = (u32)strlen(owner) + 1;
	u64 limit = x->x_limit;
	u32 size;

	if (!imgx_getting(x)) {
		size = x->x_mode == IMGX_SIZE ? 0 : imgx_measure(x, fn, arg);
		put_note_header(x, owner, namesz, type, size);
		fn(x, arg);
		imgx_pad(x, 4);
		return;
	}
	size = get_note_header(x, owner, namesz, type);
	x->x_limit = x->x_off + size;
	fn(x, arg);
	if (!x->x_error && x->x_off != x->x_limit)
		imgx_fail(x, -EBADMSG, "has a note that is longer than its contents", type);
	x->x_limit = limit;
	imgx_pad(x, 4);
}
