/* SPDX-License-Identifier: MIT */
/*
 * Pages that several processes of an image share copy-on-write: stored once, with the first process that has them. Each other process has a list
 * of runs that say where its pages stand.
 *
 *	process 0   p_run  [08050000  3 pages] ----> stored pages
 *	process 2   p_cow  [08050000  2 pages, of process 0, at 08050000]
 *	            p_run  [08052000  1 page ] ----> stored pages: it has changed this one
 *
 * A run lies within one seg, and its pages within one run of stored pages of the other process. Two runs that could be one are one.
 */
#include "ckpt/image/image_check.h"
#include "ckpt/image/image_codec.h"
#include "ckpt/image/image_format.h"

#define COW_BYTES 16u /* of a run in the file */

/* Is the page at va of s, which process `with` stores at `from`, the next one of run c? */
static bool goes_on(const struct img_image *img, const struct img_cow *c, const struct img_seg *s,
		    u32 va, u32 with, u32 from)
{
	const struct img_proc *p = &img->i_proc[with];
	const struct img_run *run;

	if (c->c_proc != with || c->c_va + c->c_npages * IMG_PAGE != va ||
	    c->c_from + c->c_npages * IMG_PAGE != from || va == s->s_base)
		return false;
	run = img_run_find((struct img_runs){ p->p_run, p->p_nrun }, from);
	return run && run->r_va != from;
}

int img_add_cow(struct img_image *img, struct img_proc *p, u32 va, u32 with, u32 from)
{
	struct img_cow *last = p->p_ncow ? &p->p_cow[p->p_ncow - 1] : NULL, *c;
	const struct img_seg *s = img_run_seg(p, va);

	if (!s || va % IMG_PAGE || (last && va < last->c_va + last->c_npages * IMG_PAGE))
		return -EINVAL;
	if (last && goes_on(img, last, s, va, with, from)) {
		last->c_npages++;
		return 0;
	}
	c = img_new_cow(img, p);
	if (!c)
		return p->p_ncow == IMG_MAX_LOADS ? -E2BIG : -ENOMEM;
	*c = (struct img_cow){ .c_va = va, .c_npages = 1, .c_proc = with, .c_from = from };
	return 0;
}

/* The run of p that holds va. NULL: none */
static const struct img_cow *cow_find(const struct img_proc *p, u32 va)
{
	u32 low = 0, high = p->p_ncow;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		const struct img_cow *c = &p->p_cow[mid];

		if (va - c->c_va < c->c_npages * IMG_PAGE)
			return c;
		if (va < c->c_va)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

u32 img_find_page(const struct img_image *img, u32 k, u32 at)
{
	const struct img_run *run = img_run_find(img_list(img, k), at);
	const struct img_cow *c = !run && k < img->i_nproc ? cow_find(&img->i_proc[k], at) : NULL;

	if (c) {
		at = c->c_from + (at - c->c_va);
		run = img_run_find(img_list(img, c->c_proc), at);
	}
	return run ? run->r_first + (at - run->r_va) / IMG_PAGE : IMG_NONE;
}

u32 img_cow_pages(const struct img_proc *p)
{
	u32 n = 0;

	for (u32 i = 0; i < p->p_ncow; i++)
		n += p->p_cow[i].c_npages;
	return n;
}

/* ---- the note ---- */

void imgx_cows(struct imgx *x, u32 arg)
{
	imgx_version(x, NK_VERSION);
	for (u32 i = 0; i < x->x_img->i_nproc && !x->x_error; i++) {
		struct img_proc *p = &x->x_img->i_proc[i];

		imgx_u32(x, &p->p_ncow);
		p->p_cow = imgx_list(x, p->p_cow, &p->p_ncow, IMG_MAX_LOADS, COW_BYTES, sizeof(*p->p_cow));
		for (u32 k = 0; k < p->p_ncow && !x->x_error; k++) {
			imgx_u32(x, &p->p_cow[k].c_va);
			imgx_u32(x, &p->p_cow[k].c_npages);
			imgx_u32(x, &p->p_cow[k].c_proc);
			imgx_u32(x, &p->p_cow[k].c_from);
		}
	}
}

/* ---- the rules ---- */

/* Its pages lie in one seg that keeps pages; the other process is one before, and stores them in one run. */
static int check_run(const struct img_image *img, u32 i, const struct img_cow *c, struct img_err *err)
{
	const struct img_seg *s = img_seg_find(&img->i_proc[i], c->c_va);
	const struct img_run *run;

	REQUIRE(c->c_va % IMG_PAGE == 0 && c->c_from % IMG_PAGE == 0 && c->c_npages,
		"run of pages of another process is not whole pages", c->c_va);
	REQUIRE(s && c->c_npages <= (s->s_size - (c->c_va - s->s_base)) / IMG_PAGE,
		"pages of another process outside every seg", c->c_va);
	REQUIRE(s->s_kind != IMG_SEG_SHARED, "pages of another process in a shared seg", c->c_va);
	REQUIRE(c->c_proc < i, "pages of a process that is not before", c->c_va);
	run = img_run_find(img_list(img, c->c_proc), c->c_from);
	REQUIRE(run && c->c_npages <= run->r_npages - (c->c_from - run->r_va) / IMG_PAGE,
		"pages of another process, which does not store them", c->c_va);
	return 0;
}

static int check_proc(const struct img_image *img, u32 i, struct img_err *err)
{
	const struct img_proc *p = &img->i_proc[i];
	u32 end = 0, r = 0;

	for (u32 k = 0; k < p->p_ncow; k++) {
		const struct img_cow *c = &p->p_cow[k];
		int error = check_run(img, i, c, err);

		if (error)
			return error;
		REQUIRE(c->c_va >= end,
			"runs of pages of other processes overlap, or are out of order", c->c_va);
		REQUIRE(k == 0 || !goes_on(img, c - 1, img_seg_find(p, c->c_va), c->c_va, c->c_proc, c->c_from),
			"runs of pages of another process touch", c->c_va);
		end = c->c_va + c->c_npages * IMG_PAGE;
		while (r < p->p_nrun && p->p_run[r].r_va + p->p_run[r].r_npages * IMG_PAGE <= c->c_va)
			r++;
		REQUIRE(r == p->p_nrun || p->p_run[r].r_va >= end,
			"page of another process, and stored", c->c_va);
	}
	return 0;
}

int imgc_cows(const struct img_image *img, struct img_err *err)
{
	for (u32 i = 0; i < img->i_nproc; i++) {
		const struct img_proc *p = &img->i_proc[i];
		int error;

		REQUIRE(p->p_ncow <= IMG_MAX_LOADS, "too many runs of pages of other processes", p->p_ncow);
		REQUIRE(!p->p_ncow || (p->p_mem == i && !imgc_is_zombie(p)),
			"pages of other processes without memory", i);
		error = check_proc(img, i, err);
		if (error)
			return error;
	}
	return 0;
}
