/* SPDX-License-Identifier: MIT */
/*
 * Writing: offsets first (img_layout), then a sum for each page, then the
 * metadata.
 *
 * The sum over the metadata counts its own place as 0. The page with that place
 * is written last: so each page is written once, although the sum stands in the
 * second note, where a reader looks first.
 */
#include "ckpt/image/img_codec.h"
#include "ckpt/image/img_format.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

void imgx_metadata(struct imgx *x)
{
	x->x_off = 0;
	imgx_headers(x);
	imgx_notes(x);
	imgx_pad(x, IMG_PAGE);
}

int img_place(struct img_image *img, struct img_err *err)
{
	struct imgx x = { .x_mode = IMGX_SIZE, .x_img = img, .x_err = err };
	struct img_layout *lo = &img->i_lo;
	int error = img_place_headers(img, err);

	if (error)
		return error;
	x.x_off = lo->lo_notes_off;
	imgx_notes(&x);
	err->e_what = "has too much metadata";
	err->e_val = (u32)(x.x_off >> 10);
	if (x.x_off > IMG_META_MAX)
		return -E2BIG;
	lo->lo_notes_size = (u32)x.x_off - lo->lo_notes_off;
	lo->lo_data_off = ROUND_UP((u32)x.x_off, IMG_PAGE);
	lo->lo_npages = img_npages(img);
	err->e_what = "has too many pages";
	err->e_val = lo->lo_npages;
	if (lo->lo_npages > IMG_MAX_PAGES)
		return -E2BIG;
	lo->lo_sums_off = img_page_off(img, lo->lo_npages);
	lo->lo_size = lo->lo_sums_off + ROUND_UP((u64)lo->lo_npages * 4, (u64)IMG_PAGE);
	*err = (struct img_err){ 0 };
	return 0;
}

int img_layout(struct img_image *img, struct img_err *err)
{
	int error = img_check(img, err);

	if (error)
		return error;
	img->i_features = img_features(img);
	img->i_blocksum = img_alloc(img, img_nblocks(img) * sizeof(u32));
	if (!img->i_blocksum) {
		*err = (struct img_err){ .e_what = "needs more memory than there is" };
		return -ENOMEM;
	}
	return img_place(img, err);
}

int img_write_begin(struct img_writer *w, struct img_image *img, const struct img_io *io)
{
	*w = (struct img_writer){ .w_img = img, .w_io = io };
	w->w_sums = img_alloc(img, IMG_PAGE);
	return w->w_sums ? 0 : -ENOMEM;
}

/* Writes the block of sums that holds the last page given. */
static int flush_sums(struct img_writer *w)
{
	struct img_image *img = w->w_img;
	u32 block = (w->w_npages - 1) / IMG_SUMS_PER_BLOCK;
	int error;

	img->i_blocksum[block] = img_page_sum(w->w_sums);
	error = w->w_io->io_write(w->w_io->io_ctx, img->i_lo.lo_sums_off + (u64)block * IMG_PAGE,
				  w->w_sums, IMG_PAGE);
	memset(w->w_sums, 0, IMG_PAGE);
	return error;
}

int img_write_page(struct img_writer *w, const void *page)
{
	if (w->w_npages == w->w_img->i_lo.lo_npages)
		return -EINVAL;
	w->w_sums[w->w_npages++ % IMG_SUMS_PER_BLOCK] = img_page_sum(page);
	return w->w_npages % IMG_SUMS_PER_BLOCK ? 0 : flush_sums(w);
}

/*
 * Sums each page and writes it; keeps the page that will hold the sum itself.
 */
static int sink_write(struct imgx *x, u64 off)
{
	x->x_sum = img_sum_add(x->x_sum, img_page_sum(x->x_page));
	if (off == x->x_img->i_lo.lo_check_off / IMG_PAGE * IMG_PAGE) {
		memcpy(x->x_other, x->x_page, IMG_PAGE);
		return 0;
	}
	return x->x_io->io_write(x->x_io->io_ctx, off, x->x_page, IMG_PAGE);
}

static int write_kept(struct imgx *x)
{
	u32 at = x->x_img->i_lo.lo_check_off;

	memcpy(x->x_other + at % IMG_PAGE, &x->x_sum, 4);
	return x->x_io->io_write(x->x_io->io_ctx, at - at % IMG_PAGE, x->x_other, IMG_PAGE);
}

int img_write_end(struct img_writer *w)
{
	struct img_err err = { 0 };
	struct imgx *x;
	int error;

	if (w->w_npages != w->w_img->i_lo.lo_npages)
		return -EINVAL;
	error = w->w_npages % IMG_SUMS_PER_BLOCK ? flush_sums(w) : 0;
	if (error)
		return error;
	x = imgx_new(w->w_img, w->w_io, &err);
	if (!x)
		return -ENOMEM;
	x->x_mode = IMGX_PUT;
	x->x_sink = sink_write;
	imgx_metadata(x);
	return x->x_error ? x->x_error : write_kept(x);
}
