/* SPDX-License-Identifier: MIT */
/*
 * Pages that several processes of an image share copy-on-write. The first of
 * these processes stores them; each other one has a list of runs that say where
 * its pages are stored.
 *
 *	process 0   p_run  [08050000  3 pages] ----> stored pages
 *	process 2   p_cow  [08050000  2 pages, of process 0, at 08050000]
 *	            p_run  [08052000  1 page ] ----> stored pages
 *
 * Process 2 has changed its page at 08052000, and so stores it itself.
 *
 * A run lies within one seg, and its pages within one run of stored pages of
 * the other process. Two runs that could be one are one.
 */
#include "ckpt/image/img_check.h"
#include "ckpt/image/img_codec.h"

#define ITEM struct img_cow
static const struct img_field cow_fields[] = {
	NOTE(COWS),
	F(U32, c_va, "address"),
	F(U32, c_npages, "pages"),
	F(INDEX, c_proc, "process", OF(PROC)),
	F(U32, c_from, "there"),
	END,
};
const struct img_kind img_cow_kind = KIND(cow_fields, "shared run");
#undef ITEM

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

/* ---- the rules ---- */

/*
 * The pages of a run lie in one seg of a kind that stores pages; the other
 * process stands before this one, and stores them in one run.
 */
static int check_run(struct imgc *c, u32 i, const struct img_cow *cow)
{
	const struct img_image *img = c->c_img;
	const struct img_seg *s = img_seg_find(&img->i_proc[i], cow->c_va);
	const struct img_run *run;

	REQUIRE(cow->c_va % IMG_PAGE == 0 && cow->c_from % IMG_PAGE == 0 && cow->c_npages,
		"shares a run that is not whole pages", cow->c_va);
	REQUIRE(s && cow->c_npages <= (s->s_size - (cow->c_va - s->s_base)) / IMG_PAGE,
		"shares pages outside every seg", cow->c_va);
	REQUIRE(s->s_kind != IMG_SEG_SHARED, "shares pages of a shared seg", cow->c_va);
	REQUIRE(cow->c_proc < i, "shares pages of a process that is not before it", cow->c_va);
	run = img_run_find(img_list(img, cow->c_proc), cow->c_from);
	REQUIRE(run && cow->c_npages <= run->r_npages - (cow->c_from - run->r_va) / IMG_PAGE,
		"shares pages that the other process does not store", cow->c_va);
	return 0;
}

int imgc_cows(struct imgc *c, const struct img_proc *p, u32 i)
{
	u32 end = 0, r = 0;

	REQUIRE(!p->p_ncow || p->p_mem == i, "shares pages, but has no memory of its own", i);
	for (u32 k = 0; k < p->p_ncow; k++) {
		const struct img_cow *cow = &p->p_cow[k];
		int error = check_run(c, i, cow);

		if (error)
			return error;
		REQUIRE(cow->c_va >= end, "shares runs that overlap, or are out of order", cow->c_va);
		REQUIRE(k == 0 || !img_cow_goes_on(c->c_img, cow - 1, img_seg_find(p, cow->c_va),
						   cow->c_va, cow->c_proc, cow->c_from),
			"shares runs that touch", cow->c_va);
		end = cow->c_va + cow->c_npages * IMG_PAGE;
		while (r < p->p_nrun && p->p_run[r].r_va + p->p_run[r].r_npages * IMG_PAGE <= cow->c_va)
			r++;
		REQUIRE(r == p->p_nrun || p->p_run[r].r_va >= end, "shares and stores a page", cow->c_va);
	}
	return 0;
}
