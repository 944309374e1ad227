/* SPDX-License-Identifier: MIT */
/*
 * Checkpoint images for the fuzzer: files of which there is only the metadata, and a mutator that knows what is in it.
 *
 * It changes words, since all of the metadata is words; or it reads the image, changes a list or a field of the state, and
 * encodes that anew: so states come about that keep the rules and are far from the seeds.
 */
#ifndef TESTS_FUZZ_IMAGE_MUTATE_H
#define TESTS_FUZZ_IMAGE_MUTATE_H

#include <stddef.h>

#include "ckpt/image/img_format.h"
#include "tests/unit/image_io.h"

#define SEED_MAX 32768u /* bytes of a seed */

static inline void must(bool truth, const char *what)
{
	if (truth)
		return;
	printf("FAIL %s\n", what);
	abort();
}

static inline u32 get32(const u8 *p)
{
	return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

static inline void put32(u8 *p, u32 v)
{
	memcpy(p, &v, 4);
}

/* ---- a file of which only the first bytes are there; the others are zero ---- */

struct metafile {
	u8 *data;
	u64 size;    /* of the data */
	u64 claimed; /* of the file */
};

static int metafile_get(void *ctx, u64 off, void *buf, u32 len)
{
	const struct metafile *f = ctx;
	u32 n = off < f->size ? (u32)MIN((u64)len, f->size - off) : 0;

	must(off <= f->claimed && len <= f->claimed - off, "no read behind the end");
	if (n)
		memcpy(buf, f->data + off, n);
	memset((u8 *)buf + n, 0, len - n);
	return 0;
}

static int metafile_put(void *ctx, u64 off, const void *buf, u32 len)
{
	const struct metafile *f = ctx;

	must(len == IMG_PAGE && off % IMG_PAGE == 0 && off + len <= f->claimed, "whole pages of the file are written");
	if (off < f->size)
		memcpy(f->data + off, buf, MIN((u64)len, f->size - off));
	return 0;
}

static inline struct img_io metafile_io(struct metafile *f)
{
	return (struct img_io){ .io_read = metafile_get, .io_write = metafile_put, .io_ctx = f };
}

/* Writes img; all its pages are zero. */
static inline int metafile_write(struct img_image *img, struct metafile *f, struct img_err *err)
{
	static const u8 zeros[IMG_PAGE] __attribute__((aligned(8)));
	struct img_io io = metafile_io(f);
	struct img_writer w;
	int error = img_layout(img, err);

	if (!error)
		error = img_write_begin(&w, img, &io);
	for (u32 i = 0; i < img->i_lo.lo_npages && !error; i++)
		error = img_write_page(&w, zeros);
	return error ? error : img_write_end(&w);
}

/* ---- the sum ---- */

/* Where the file's own headers put the contents of HEAD; false: nowhere. */
static inline bool find_head(const u8 *data, u64 size, u64 *head)
{
	if (size < ELF_EHSIZE + ELF_PHSIZE)
		return false;
	*head = (u64)get32(data + ELF_EHSIZE + 4) + NOTE_HEADER;
	return *head % 4 == 0 && *head + HEAD_SIZE + NOTE_HEADER + 8 <= size;
}

/* Puts the right sum where it belongs: that of what the headers say is metadata, as far as there is any. */
static inline void fix_sum(u8 *data, u64 size, u64 head)
{
	u64 end = ROUND_UP((u64)get32(data + ELF_EHSIZE + 4) + get32(data + ELF_EHSIZE + 16), (u64)IMG_PAGE);
	u32 sum = 0;

	if (end > 2 * SEED_MAX)
		return;
	memset(data + head + HEAD_SIZE + NOTE_HEADER + 4, 0, 4);
	for (u64 off = 0; off < end; off += IMG_PAGE) {
		u32 page[IMG_PAGE / 4] = { 0 };

		if (off < size)
			memcpy(page, data + off, MIN(size - off, (u64)IMG_PAGE));
		sum = img_sum_add(sum, img_page_sum(page));
	}
	memcpy(data + head + HEAD_SIZE + NOTE_HEADER + 4, &sum, 4);
}

/* ---- words ---- */

static u64 mutate_state = 1;

static inline void mutate_seed(u32 seed)
{
	mutate_state = seed * 0x9e3779b97f4a7c15ull + 1;
}

static inline u32 random_below(u32 n)
{
	mutate_state = mutate_state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((mutate_state >> 33) % n);
}

static inline u32 odd_value(u32 old)
{
	static const u32 values[] = { 0,	 1,	     2,		 3,	     0x7f,
				      0x80,	 0xff,	     0x100,	 0x1000,     0xffff,
				      0x10000,	 0x7fffffff, 0x80000000, 0xbffff000, 0x4000,
				      0x8000,	 0xc0000000, 0xfffff000, 0xfffffffc, 0xfffffffe,
				      0xffffffff };

	switch (random_below(4)) {
	case 0: return old + random_below(9) - 4;
	case 1: return old ^ 1u << random_below(32);
	default: return values[random_below(ARRAY_SIZE(values))];
	}
}

static inline void mutate_words(u8 *data, u32 *size)
{
	u32 words = *size / 4, at = random_below(words) * 4, other = random_below(words) * 4;

	switch (random_below(8)) {
	case 0: data[at + random_below(4)] = (u8)random_below(256); break;
	case 1: put32(data + at, get32(data + other)); break;
	case 2:
		memmove(data + at, data + other, MIN(random_below(64) * 4, *size - MAX(at, other)));
		break;
	case 3:
		if (random_below(50) == 0)
			*size = random_below(*size) + 1;
		break;
	default: put32(data + at, odd_value(get32(data + at)));
	}
}

/* ---- the state ---- */

/* A list of the state; the bytes [from, to) of an element are numbers. */
struct alist {
	void **list;
	u32 *n;
	u32 size, from, to;
};

#define ALIST(list, n, from, to)                                                \
	(struct alist)                                                          \
	{                                                                       \
		(void **)&(list), &(n), sizeof(*(list)), (u32)(from), (u32)(to) \
	}
#define FLAT(list, n) ALIST(list, n, 0, sizeof(*(list)))

static inline struct alist list_of_proc(struct img_proc *p)
{
	switch (random_below(6)) {
	case 0: return FLAT(p->p_seg, p->p_nseg);
	case 1: return FLAT(p->p_fd, p->p_nfd);
	case 2: return FLAT(p->p_ptimer, p->p_nptimer);
	case 3: return FLAT(p->p_run, p->p_nrun);
	case 4: return FLAT(p->p_cow, p->p_ncow);
	default: return ALIST(p->p_lwp, p->p_nlwp, 0, offsetof(struct img_lwp, l_pending));
	}
}

static inline struct alist some_list(struct img_image *img)
{
	struct img_data *d = img->i_ndata ? &img->i_data[random_below(img->i_ndata)] : NULL;

	switch (random_below(12)) {
	case 0: return FLAT(img->i_file, img->i_nfile);
	case 1: return FLAT(img->i_pipe, img->i_npipe);
	case 2: return FLAT(img->i_tty, img->i_ntty);
	case 3: return FLAT(img->i_lock, img->i_nlock);
	case 4:
		return ALIST(img->i_vnode, img->i_nvnode, offsetof(struct img_vnode, v_ino),
			     sizeof(struct img_vnode));
	case 5: return ALIST(img->i_data, img->i_ndata, 0, offsetof(struct img_data, d_path));
	case 6: return ALIST(img->i_proc, img->i_nproc, 0, offsetof(struct img_proc, p_comm));
	case 7:
		if (d)
			return FLAT(d->d_run, d->d_nrun);
		/* fallthrough */
	default: return list_of_proc(&img->i_proc[random_below(img->i_nproc)]);
	}
}

/* Doubles, takes out, exchanges or changes an element. */
static inline void edit(struct img_image *img)
{
	struct alist a = some_list(img);
	u8 *list = *a.list, *more;
	u32 i, k;

	if (*a.n == 0)
		return;
	i = random_below(*a.n) * a.size;
	k = random_below(*a.n) * a.size;
	switch (random_below(8)) {
	case 0:
		more = img_alloc(img, (*a.n + 1) * a.size);
		must(more != NULL, "memory");
		memcpy(more, list, *a.n * a.size);
		memcpy(more + *a.n * a.size, list + i, a.size);
		*a.list = more;
		++*a.n;
		break;
	case 1:
		memmove(list + i, list + i + a.size, *a.n * a.size - i - a.size);
		--*a.n;
		break;
	case 2: memcpy(list + i + a.from, list + k + a.from, a.to - a.from); break;
	default:
		k = i + a.from + random_below((a.to - a.from) / 4) * 4;
		put32(list + k, odd_value(get32(list + k)));
	}
}

/* False: the input is no image, or what it became has no encoding. */
static inline bool mutate_image(u8 *data, u32 *size, u32 max)
{
	struct metafile in = { .data = data, .size = *size, .claimed = ~0ull }, out = { .claimed = ~0ull };
	struct img_io io = metafile_io(&in);
	struct img_image img;
	struct img_err err;
	bool done = false;
	u32 n = 1 + random_below(3);
	u64 head;

	if (!find_head(data, *size, &head))
		return false;
	fix_sum(data, *size, head);
	in.claimed = get32(data + head + 16) | (u64)get32(data + head + 20) << 32;
	img_init(&img, &sample_mem);
	if (img_read(&img, &io, in.claimed, &err) == 0) {
		for (; n && img.i_nproc; n--)
			edit(&img);
		if (img_layout(&img, &err) == 0 && img.i_lo.lo_data_off <= max && img.i_lo.lo_npages <= 4096) {
			out.size = img.i_lo.lo_data_off;
			out.data = data;
			*size = (u32)out.size;
			done = metafile_write(&img, &out, &err) == 0;
		}
	}
	img_free(&img);
	return done;
}

static inline void mutate(u8 *data, u32 *size, u32 max)
{
	if (*size >= 4 && (random_below(3) || !mutate_image(data, size, max)))
		for (u32 n = 1 + random_below(3); n && *size >= 4; n--)
			mutate_words(data, size);
}

#endif
