/* SPDX-License-Identifier: MIT */
/*
 * Pages between frames and the image's file. They are transferred in runs of
 * many pages, several runs at a time, and without a copy where the file system
 * can do that (fs/frames.h).
 *
 *	run 0 [ filled ]  1 [ started ]  2 [ started ]  3 [ started ]
 *
 * The runs form a ring: the next run to fill is the oldest one. Each run holds
 * a reference on its frames until they have been transferred.
 */
#include "ckpt/restore.h"
#include "ckpt/save.h"
#include "fs/frames.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"

#define DATA_RUNS 4u /* 4 MiB started at a time: 16 requests */

/*
 * Waits for a run. A started run has a series; a run that was not started, or
 * that has been waited for, has none.
 */
static int run_end(struct frames_run *run)
{
	int error = run->fx_series ? frames_wait(run) : 0;

	run->fx_series = NULL;
	return error;
}

static void run_empty(struct frames_run *run)
{
	for (u32 i = 0; i < run->fx_n; i++)
		page_put(run->fx_page[i]);
	run->fx_n = 0;
}

/* ---- to the image ---- */

struct ring {
	struct frames_run *r_run;
	u32 r_nruns, r_cur; /* r_run[r_cur] is being filled */
};

struct ckpt_out {
	struct frames o_frames;
	/* the process's pages; copies of the metadata */
	struct ring o_data, o_meta;
	struct frames_run o_run[DATA_RUNS + 1];
};

int ckpt_out_begin(struct vnode *vp, struct ckpt_out **outp)
{
	struct ckpt_out *out = kzalloc(sizeof(*out), 0);
	int error;

	if (!out)
		return -ENOMEM;
	out->o_data = (struct ring){ .r_run = out->o_run, .r_nruns = DATA_RUNS };
	out->o_meta = (struct ring){ .r_run = out->o_run + DATA_RUNS, .r_nruns = 1 };
	error = frames_begin(&out->o_frames, vp, true);
	if (error)
		kfree(out);
	else
		*outp = out;
	return error;
}

/*
 * Starts the run that is being filled, and waits for the oldest one, which
 * becomes empty.
 */
static int turn(struct ckpt_out *out, struct ring *r)
{
	struct frames_run *run = &r->r_run[r->r_cur];
	int error;

	if (run->fx_n > 0)
		frames_start(&out->o_frames, run);
	r->r_cur = (r->r_cur + 1) % r->r_nruns;
	run = &r->r_run[r->r_cur];
	error = run_end(run);
	run_empty(run);
	return error;
}

/* Takes over a reference on pg. */
static int add(struct ckpt_out *out, struct ring *r, u64 off, struct page *pg)
{
	struct frames_run *run = &r->r_run[r->r_cur];
	u32 idx = (u32)(off >> PAGE_SHIFT);
	int error = 0;

	if (run->fx_n == FRAMES_RUN || (run->fx_n > 0 && idx != run->fx_idx + run->fx_n))
		error = turn(out, r);
	run = &r->r_run[r->r_cur];
	if (run->fx_n == 0)
		run->fx_idx = idx;
	run->fx_page[run->fx_n++] = pg;
	return error;
}

int ckpt_out_page(struct ckpt_out *out, u64 off, struct page *pg)
{
	page_get(pg);
	return add(out, &out->o_data, off, pg);
}

int ckpt_out_write(void *ctx, u64 off, const void *buf, u32 len)
{
	struct ckpt_out *out = ctx;
	struct page *pg = page_alloc(0);

	ASSERT(len == PAGE_SIZE);
	if (!pg)
		return -ENOMEM;
	page_copy(page_kva(pg), buf);
	return add(out, &out->o_meta, off, pg);
}

/*
 * Writes all runs of the ring, the one that is being filled too, and empties
 * them. If something has failed already, only waits and empties.
 */
static int pages_flush(struct ckpt_out *out, struct ring *r, int error)
{
	for (u32 i = 0; i < r->r_nruns && !error; i++)
		error = turn(out, r);
	for (u32 i = 0; i < r->r_nruns; i++) {
		(void)run_end(&r->r_run[i]);
		run_empty(&r->r_run[i]);
	}
	return error;
}

int ckpt_out_end(struct ckpt_out *out, int error)
{
	int error2;

	error = pages_flush(out, &out->o_data, error);
	error = pages_flush(out, &out->o_meta, error);
	error2 = frames_end(&out->o_frames);
	kfree(out);
	return error ? error : error2;
}

/* ---- from the image ---- */

struct in_run {
	struct frames_run ir_frames;
	u32 ir_at[FRAMES_RUN], ir_sum[FRAMES_RUN];
};

struct ckpt_in {
	struct ckpt_restore *i_cr;
	ckpt_take_fn i_take;
	void *i_arg;
	struct frames i_frames;
	u32 i_cur;
	struct in_run i_run[DATA_RUNS];
};

/*
 * A run has been read: compares each page with its checksum, and passes it on
 * to i_take. Pages that are not passed on are released.
 */
static int take_in(struct ckpt_in *in, struct in_run *ir)
{
	struct frames_run *run = &ir->ir_frames;
	int error = run_end(run);

	if (error == -ERANGE)
		error = -EBADMSG; /* the file was truncated after the check */
	for (u32 i = 0; i < run->fx_n; i++) {
		struct page *pg = run->fx_page[i];

		if (!error && img_page_sum(page_kva(pg)) != ir->ir_sum[i])
			error = ckpt_refuse(in->i_cr->cr_path, -EBADMSG,
					    "the stored page for address %08x is damaged", ir->ir_at[i]);
		if (!error)
			error = in->i_take(in->i_arg, ir->ir_at[i], pg);
		if (error)
			page_put(pg);
	}
	run->fx_n = 0;
	return error;
}

static int turn_in(struct ckpt_in *in)
{
	struct frames_run *run = &in->i_run[in->i_cur].ir_frames;

	if (run->fx_n > 0)
		frames_start(&in->i_frames, run);
	in->i_cur = (in->i_cur + 1) % DATA_RUNS;
	return take_in(in, &in->i_run[in->i_cur]);
}

static int page_in(struct ckpt_in *in, u64 off, u32 at, u32 sum)
{
	struct in_run *ir = &in->i_run[in->i_cur];
	u32 idx = (u32)(off >> PAGE_SHIFT), n = ir->ir_frames.fx_n;
	struct page *pg;

	if (n == FRAMES_RUN || (n > 0 && idx != ir->ir_frames.fx_idx + n)) {
		int error = turn_in(in);

		if (error)
			return error;
		ir = &in->i_run[in->i_cur];
		n = 0;
	}
	pg = page_alloc(0);
	if (!pg)
		return -ENOMEM;
	if (n == 0)
		ir->ir_frames.fx_idx = idx;
	ir->ir_at[n] = at;
	ir->ir_sum[n] = sum;
	ir->ir_frames.fx_page[n] = pg;
	ir->ir_frames.fx_n = n + 1;
	return 0;
}

int image_file_read(void *ctx, u64 off, void *buf, u32 len)
{
	struct file *f = ctx;
	ssize_t n = vn_pread(f->f_vnode, buf, len, (off_t)off);

	if (n < 0)
		return (int)n;
	return (u32)n == len ? 0 : -EBADMSG;
}

/* Starts to read all pages of the runs, in the order of the file. */
static int start_runs(struct ckpt_in *in, struct img_runs runs, u32 *sums)
{
	const struct img_image *img = &in->i_cr->cr_img;
	struct img_io io = { .io_read = image_file_read, .io_ctx = in->i_cr->cr_file };
	u32 block = IMG_NONE;
	int error = 0;

	for (u32 r = 0; r < runs.rs_nrun && !error; r++) {
		const struct img_run *run = &runs.rs_run[r];

		for (u32 i = 0; i < run->r_npages && !error; i++) {
			u32 index = run->r_first + i;

			if (index / IMG_SUMS_PER_BLOCK != block) {
				block = index / IMG_SUMS_PER_BLOCK;
				error = img_read_sums(img, &io, block, sums);
			}
			if (!error)
				error = page_in(in, img_page_off(img, index), run->r_va + i * PAGE_SIZE,
						sums[index % IMG_SUMS_PER_BLOCK]);
		}
	}
	return error;
}

/* Waits for all runs. Passes their pages on unless something has failed. */
static int end_in(struct ckpt_in *in, int error)
{
	for (u32 i = 0; i < DATA_RUNS && !error; i++)
		error = turn_in(in);
	for (u32 i = 0; i < DATA_RUNS; i++) {
		(void)run_end(&in->i_run[i].ir_frames);
		run_empty(&in->i_run[i].ir_frames);
	}
	return error;
}

int ckpt_read_runs(struct ckpt_restore *cr, struct img_runs runs, ckpt_take_fn take, void *arg)
{
	struct ckpt_in *in = kzalloc(sizeof(*in), 0);
	u32 *sums = kmalloc(IMG_SUMS_PER_BLOCK * sizeof(u32), 0);
	int error = in && sums ? frames_begin(&in->i_frames, cr->cr_file->f_vnode, false) : -ENOMEM, error2;

	if (!error) {
		in->i_cr = cr;
		in->i_take = take;
		in->i_arg = arg;
		error = end_in(in, start_runs(in, runs, sums));
		error2 = frames_end(&in->i_frames);
		error = error ? error : error2;
	}
	kfree(sums);
	kfree(in);
	return error;
}
