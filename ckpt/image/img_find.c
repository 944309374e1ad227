/* SPDX-License-Identifier: MIT */
/* Lookups in an image: where an item is, and how many pages there are. */
#include "ckpt/image/image.h"
#include "ckpt/image/img_codec.h"

const struct img_seg *img_seg_find(const struct img_proc *p, u32 va)
{
	u32 low = 0, high = p->p_nseg;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		const struct img_seg *s = &p->p_seg[mid];

		if (va - s->s_base < s->s_size)
			return s;
		if (va < s->s_base)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

const struct img_run *img_run_find(struct img_runs runs, u32 va)
{
	const struct img_run *run = runs.rs_run;
	u32 low = 0, high = runs.rs_nrun;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		const struct img_run *r = run + mid;

		if (va - r->r_va < r->r_npages * IMG_PAGE)
			return r;
		if (va < r->r_va)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

const struct img_pty *img_pty_of(const struct img_image *img, u32 tty)
{
	for (u32 i = 0; i < img->i_npty; i++) {
		if (img->i_pty[i].y_tty == tty)
			return &img->i_pty[i];
	}
	return NULL;
}

u32 img_npages(const struct img_image *img)
{
	u32 n = 0;

	for (u32 k = 0; k < img_nlists(img); k++) {
		struct img_runs rs = img_list(img, k);

		for (u32 i = 0; i < rs.rs_nrun; i++)
			n += rs.rs_run[i].r_npages;
	}
	return n;
}

u32 img_nblocks(const struct img_image *img)
{
	return ROUND_UP(img_npages(img), IMG_SUMS_PER_BLOCK) / IMG_SUMS_PER_BLOCK;
}

/*
 * Is the page at va of s, stored by `with` at `from`, the next page of run c?
 */
bool img_cow_goes_on(const struct img_image *img, const struct img_cow *c, const struct img_seg *s,
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
