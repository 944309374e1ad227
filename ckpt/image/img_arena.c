/* SPDX-License-Identifier: MIT */
/*
 * The memory of an image: an arena of chunks.
 *
 * Small pieces share chunks of one page. A piece above a quarter of a page has
 * a chunk to itself, so that a list that outgrows its place can give the place
 * back at once (img_add.c).
 */
#include "ckpt/image/img_codec.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

struct img_chunk {
	struct img_chunk *ch_next, **ch_at; /* ch_at: what points to it */
	/* all of it, this header included */
	u32 ch_size;
	u32 ch_used;
};

#define CHUNK_SIZE 4096u
#define HEADER ROUND_UP((u32)sizeof(struct img_chunk), 8u)
#define LARGE IMG_PIECE_ALONE
_Static_assert(LARGE == CHUNK_SIZE / 4, "a page holds four pieces");

void img_init(struct img_image *img, const struct img_mem *mem)
{
	memset(img, 0, sizeof(*img));
	img->i_mem = *mem;
	img->i_memmax = IMG_MEM_SAVE;
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
	ch->ch_at = list;
	if (ch->ch_next)
		ch->ch_next->ch_at = &ch->ch_next;
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

/*
 * Frees p, of this size, now if it has a chunk to itself; otherwise it stays
 * until img_free().
 */
void img_give_back(struct img_image *img, void *p, u32 size)
{
	struct img_chunk *ch = (void *)((u8 *)p - HEADER);

	if (ROUND_UP(size, 8u) <= LARGE)
		return;
	*ch->ch_at = ch->ch_next;
	if (ch->ch_next)
		ch->ch_next->ch_at = ch->ch_at;
	img->i_memused -= ch->ch_size;
	img->i_mem.m_free(img->i_mem.m_ctx, ch);
}

int img_set_bytes(struct img_image *img, struct img_bytes *b, const void *from, u32 len)
{
	*b = (struct img_bytes){ .b_ptr = len ? img_alloc(img, len) : NULL, .b_len = len };
	if (len && !b->b_ptr)
		return -ENOMEM;
	if (len)
		memcpy(b->b_ptr, from, len);
	return 0;
}
