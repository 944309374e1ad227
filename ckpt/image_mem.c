/* SPDX-License-Identifier: MIT */
/*
 * The memory of an image: an arena of chunks, and lists that grow in it.
 *
 * Small pieces share chunks of one page. A piece above a quarter of that has a chunk to itself, so that a list
 * that outgrows its place gives it back at once.
 */
#include "ckpt/image.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

struct img_chunk {
	struct img_chunk *ch_next;
	u32 ch_size; /* all of it, this header included */
	u32 ch_used;
};

#define CHUNK_SIZE 4096u
#define HEADER ROUND_UP((u32)sizeof(struct img_chunk), 8u)
#define LARGE (CHUNK_SIZE / 4)

void img_init(struct img_image *img, const struct img_mem *mem)
{
	memset(img, 0, sizeof(*img));
	img->i_mem = *mem;
	img->i_memmax = IMG_MEM_MAX;
}

static void free_list(struct img_image *img, struct img_chunk *ch)
{
	while (ch) {
		struct img_chunk *next = ch->ch_next;

		img->i_mem.m_free(img->i_mem.m_ctx, ch);
		ch = next;
	}
}

void img_free(struct img_image *img)
{
	free_list(img, img->i_chunk);
	free_list(img, img->i_large);
	img->i_chunk = img->i_large = NULL;
	img->i_memused = 0;
}

static struct img_chunk *chunk_new(struct img_image *img, struct img_chunk **list, u32 size)
{
	struct img_chunk *ch;

	if (size > img->i_memmax - img->i_memused)
		return NULL;
	ch = img->i_mem.m_alloc(img->i_mem.m_ctx, size);
	if (!ch)
		return NULL;
	img->i_memused += size;
	ch->ch_size = size;
	ch->ch_used = HEADER;
	ch->ch_next = *list;
	*list = ch;
	return ch;
}

void *img_alloc(struct img_image *img, u32 size)
{
	struct img_chunk *ch = img->i_chunk;
	u8 *p;

	if (size > IMG_MEM_MAX)
		return NULL;
	size = ROUND_UP(size, 8u);
	if (size > LARGE)
		ch = chunk_new(img, &img->i_large, HEADER + size);
	else if (!ch || size > ch->ch_size - ch->ch_used)
		ch = chunk_new(img, &img->i_chunk, CHUNK_SIZE);
	if (!ch)
		return NULL;
	p = (u8 *)ch + ch->ch_used;
	ch->ch_used += size;
	memset(p, 0, size);
	return p;
}

/* Frees p now if it has a chunk to itself; otherwise it stays until img_free(). */
static void give_back(struct img_image *img, void *p)
{
	for (struct img_chunk **at = &img->i_large; *at; at = &(*at)->ch_next) {
		struct img_chunk *ch = *at;

		if ((u8 *)ch + HEADER != (u8 *)p)
			continue;
		*at = ch->ch_next;
		img->i_memused -= ch->ch_size;
		img->i_mem.m_free(img->i_mem.m_ctx, ch);
		return;
	}
}

#define FIRST 4u /* room of a list at first; it doubles when it is full */

/* The list with room for one more behind its n elements. NULL: no memory, or n is at the limit. */
static void *room(struct img_image *img, void *list, u32 n, u32 max, u32 size)
{
	void *bigger;

	if (n >= max)
		return NULL;
	if (n && (n < FIRST || (n & (n - 1))))
		return list;
	bigger = img_alloc(img, (n ? n * 2 : FIRST) * size);
	if (!bigger)
		return NULL;
	if (list) {
		memcpy(bigger, list, n * size);
		give_back(img, list);
	}
	return bigger;
}

/* Appends to `list` of `n`; the new element, or NULL. */
#define GROW(img, list, n, max)                                         \
	({                                                              \
		void *_list = room(img, list, n, max, sizeof(*(list))); \
		_list ? ((list) = _list, &(list)[(n)++]) : NULL;        \
	})

struct img_lwp *img_add_lwp(struct img_image *img)
{
	return GROW(img, img->i_lwp, img->i_nlwp, IMG_MAX_LWPS);
}

struct img_seg *img_add_seg(struct img_image *img)
{
	return GROW(img, img->i_seg, img->i_nseg, IMG_MAX_SEGS);
}

struct img_file *img_add_file(struct img_image *img)
{
	return GROW(img, img->i_file, img->i_nfile, IMG_MAX_FILES);
}

struct img_fd *img_add_fd(struct img_image *img)
{
	return GROW(img, img->i_fd, img->i_nfd, IMG_MAX_FDS);
}

struct img_tty *img_add_tty(struct img_image *img)
{
	return GROW(img, img->i_tty, img->i_ntty, IMG_MAX_TTYS);
}

struct img_siginfo *img_add_siginfo(struct img_image *img, struct img_sigqueue *q)
{
	return GROW(img, q->q_info, q->q_count, IMG_MAX_PENDING);
}

static bool vnode_equal(const struct img_vnode *a, const struct img_vnode *b)
{
	return a->v_ino == b->v_ino && a->v_dev == b->v_dev && a->v_size == b->v_size &&
	       a->v_mtime == b->v_mtime && a->v_mtime_ns == b->v_mtime_ns && a->v_rdev == b->v_rdev &&
	       a->v_gen == b->v_gen && a->v_mode == b->v_mode && strcmp(a->v_path, b->v_path) == 0;
}

int img_add_vnode(struct img_image *img, const struct img_vnode *v)
{
	size_t len = strnlen(v->v_path, IMG_MAX_PATH);
	struct img_vnode *new;
	char *path;

	if (len == IMG_MAX_PATH)
		return -ENAMETOOLONG;
	for (u32 i = 0; i < img->i_nvnode; i++)
		if (vnode_equal(&img->i_vnode[i], v))
			return (int)i;
	if (img->i_nvnode == IMG_MAX_VNODES)
		return -E2BIG;
	path = img_alloc(img, (u32)len + 1);
	if (!path)
		return -ENOMEM;
	new = GROW(img, img->i_vnode, img->i_nvnode, IMG_MAX_VNODES);
	if (!new)
		return -ENOMEM;
	memcpy(path, v->v_path, len);
	*new = *v;
	new->v_path = path;
	return (int)img->i_nvnode - 1;
}

int img_add_page(struct img_image *img, u32 va)
{
	struct img_run *last = img->i_nrun ? &img->i_run[img->i_nrun - 1] : NULL;
	const struct img_seg *s = img->i_runseg < img->i_nseg ? &img->i_seg[img->i_runseg] : NULL;
	u32 index = last ? last->r_first + last->r_npages : 0;
	struct img_run *run;

	if (va % IMG_PAGE || (last && va < last->r_va + last->r_npages * IMG_PAGE))
		return -EINVAL;
	while (s && va - s->s_base >= s->s_size) {
		if (va < s->s_base)
			return -EINVAL;
		s = ++img->i_runseg < img->i_nseg ? s + 1 : NULL;
	}
	if (!s)
		return -EINVAL;
	if (last && va == last->r_va + last->r_npages * IMG_PAGE && va != s->s_base) {
		last->r_npages++;
		return 0;
	}
	if (img->i_nrun == IMG_MAX_LOADS)
		return -E2BIG;
	run = GROW(img, img->i_run, img->i_nrun, IMG_MAX_LOADS);
	if (!run)
		return -ENOMEM;
	*run = (struct img_run){ .r_va = va, .r_npages = 1, .r_first = index };
	return 0;
}

/* Offsets in the FXSAVE area (Intel SDM volume 1, table 10-2). */
#define FX_RESERVED_BYTE 5
#define FX_XMM_END \
	288 /* behind XMM7: 64-bit mode's registers, reserved, and the software's own 48 bytes */

void img_fx_canon(u8 fx[IMG_FX_SIZE])
{
	fx[FX_RESERVED_BYTE] = 0;
	memset(fx + FX_XMM_END, 0, IMG_FX_SIZE - FX_XMM_END);
	for (u32 reg = 0; reg < 8; reg++) /* each x87 register is 10 bytes in a slot of 16 */
		memset(fx + 32 + reg * 16 + 10, 0, 6);
}
