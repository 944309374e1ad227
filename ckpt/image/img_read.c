/* SPDX-License-Identifier: MIT */
/*
 * Reading, in four steps; each trusts only what the ones before have shown.
 *
 *   look     it is an image of this version, and its metadata has the right sum
 *   decode   into lists no longer than the file could hold
 *   check    the state keeps the rules (img_check.h)
 *   compare  encode the state again: the file must be exactly that
 *
 * The sum finds accidents; a forger can compute it. The check and the
 * comparison find forgeries.
 */
#include "ckpt/image/img_codec.h"
#include "ckpt/image/img_format.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

static u32 le32(const u8 *p)
{
	return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

static int refuse(struct img_err *err, int error, const char *what, u32 val, u64 off)
{
	*err = (struct img_err){ .e_what = what, .e_val = val, .e_off = off };
	return error;
}

/* Offsets in the ELF header and, behind it, in that of PT_NOTE. */
#define E_TYPE 16
#define E_SHOFF 32
#define E_PHNUM 44
#define P_TYPE (ELF_EHSIZE + 0)
#define P_OFFSET (ELF_EHSIZE + 4)
#define P_FILESZ (ELF_EHSIZE + 16)

/* The extent of the metadata, from the first bytes of the file. */
static int find_metadata(struct img_layout *lo, const u8 *start, u64 size, struct img_err *err)
{
	u32 phnum = start[E_PHNUM] | (u32)start[E_PHNUM + 1] << 8;
	u32 off = le32(start + P_OFFSET), len = le32(start + P_FILESZ);

	if (memcmp(start, "\177ELF\1\1", 6) != 0 || le32(start + E_TYPE) != (ET_CORE | EM_386 << 16))
		return refuse(err, -ENOEXEC, "is no core file of this machine", 0, 0);
	if (le32(start + P_TYPE) != PT_NOTE)
		return refuse(err, -ENOEXEC, "does not begin with notes", 0, ELF_EHSIZE);
	if (off > IMG_META_MAX || len > IMG_META_MAX - off)
		return refuse(err, -E2BIG, "has too much metadata", len, P_OFFSET);
	if (phnum == PN_XNUM)
		phnum = (le32(start + E_SHOFF) - ELF_EHSIZE) / ELF_PHSIZE;
	if (phnum == 0 || phnum > IMG_MAX_LOADS + 1)
		return refuse(err, -EBADMSG, "has a bad number of program headers", phnum, E_PHNUM);
	lo->lo_phnum = phnum;
	lo->lo_notes_off = off;
	lo->lo_notes_size = len;
	lo->lo_data_off = ROUND_UP(off + len, IMG_PAGE);
	lo->lo_check_off = off + NOTE_HEADER + HEAD_SIZE + NOTE_HEADER + 4;
	if (lo->lo_check_off % 4 || lo->lo_check_off + 4 > off + len)
		return refuse(err, -ENOEXEC, "has no note of a checkpoint", 0, off);
	if (lo->lo_data_off > size)
		return refuse(err, -EBADMSG, "is cut off", lo->lo_data_off, size);
	return 0;
}

static int read_some(const struct img_io *io, u64 off, void *buf, u32 len, struct img_err *err)
{
	int error = io->io_read(io->io_ctx, off, buf, len);

	return error ? refuse(err, error, "cannot be read", 0, off) : 0;
}

/* The head's first fields: is it ours, and of this version? */
static int look_at_head(const struct img_layout *lo, const struct img_io *io, struct img_err *err)
{
	u8 head[NOTE_HEADER + 12];
	int error = read_some(io, lo->lo_notes_off, head, sizeof(head), err);
	u32 version = le32(head + NOTE_HEADER);

	if (error)
		return error;
	if (memcmp(head + 12, OWNER_KCKPT, sizeof(OWNER_KCKPT)) != 0 ||
	    memcmp(head + NOTE_HEADER + 4, HEAD_MAGIC, sizeof(HEAD_MAGIC)) != 0)
		return refuse(err, -ENOEXEC, "has no note of a checkpoint", 0, lo->lo_notes_off);
	if (version != IMG_VERSION)
		return refuse(err, -EOPNOTSUPP, "is of another version", version, lo->lo_notes_off + NOTE_HEADER);
	return 0;
}

/* Sums the metadata with 0 in the place of the sum, as the writer did. */
static int check_sum(struct imgx *x, const struct img_layout *lo)
{
	for (u32 off = 0; off < lo->lo_data_off; off += IMG_PAGE) {
		u32 at = lo->lo_check_off - off;
		int error = read_some(x->x_io, off, x->x_page, IMG_PAGE, x->x_err);

		if (error)
			return error;
		if (lo->lo_check_off >= off && at < IMG_PAGE) {
			x->x_check = le32(x->x_page + at);
			memset(x->x_page + at, 0, 4);
		}
		x->x_sum = img_sum_add(x->x_sum, img_page_sum(x->x_page));
	}
	if (x->x_sum != x->x_check)
		return refuse(x->x_err, -EBADMSG, "is damaged: wrong sum of its metadata", x->x_sum,
			      lo->lo_check_off);
	return 0;
}

static int look(struct imgx *x, u64 size)
{
	struct img_layout *lo = &x->x_img->i_lo;
	u8 start[ELF_EHSIZE + ELF_PHSIZE];
	int error;

	if (size < IMG_PAGE)
		return refuse(x->x_err, -ENOEXEC, "is too short", (u32)size, 0);
	error = read_some(x->x_io, 0, start, sizeof(start), x->x_err);
	if (!error)
		error = find_metadata(lo, start, size, x->x_err);
	if (!error)
		error = look_at_head(lo, x->x_io, x->x_err);
	if (!error)
		error = check_sum(x, lo);
	return error;
}

static int decode(struct imgx *x)
{
	x->x_mode = IMGX_GET;
	x->x_limit = x->x_end = x->x_img->i_lo.lo_data_off;
	imgx_metadata(x);
	if (!x->x_error && x->x_off != x->x_limit)
		imgx_fail(x, -EBADMSG, "has metadata behind its last note", 0);
	return x->x_error;
}

static int sink_compare(struct imgx *x, u64 off)
{
	int error = read_some(x->x_io, off, x->x_other, IMG_PAGE, x->x_err);
	u32 at = 0;

	if (error || memcmp(x->x_page, x->x_other, IMG_PAGE) == 0)
		return error;
	while (x->x_page[at] == x->x_other[at])
		at++;
	return refuse(x->x_err, -EBADMSG, "is not encoded the one way it can be", x->x_other[at], off + at);
}

static int compare(struct imgx *x, u64 size)
{
	struct img_layout *lo = &x->x_img->i_lo;
	u32 data_off = lo->lo_data_off;
	int error = img_place(x->x_img, x->x_err);

	if (error)
		return error;
	if (lo->lo_data_off != data_off)
		return refuse(x->x_err, -EBADMSG, "has more or less metadata than its state takes",
			      lo->lo_data_off, data_off);
	if (lo->lo_size != size)
		return refuse(x->x_err, -EBADMSG, size < lo->lo_size ? "is cut off" : "goes on behind its end",
			      0, MIN(size, lo->lo_size));
	x->x_mode = IMGX_PUT;
	x->x_sink = sink_compare;
	imgx_metadata(x);
	return x->x_error;
}

int img_read(struct img_image *img, const struct img_io *io, u64 size, struct img_err *err)
{
	struct imgx *x;
	int error;

	img->i_memmax = IMG_MEM_MAX;
	x = imgx_new(img, io, err);
	if (!x)
		return refuse(err, -ENOMEM, "needs more memory than there is", 0, 0);
	error = look(x, size);
	if (!error)
		error = decode(x);
	if (!error) {
		error = img_check(img, err);
		if (error == -EINVAL)
			error = -EBADMSG;
	}
	if (!error && img->i_features != img_features(img))
		error = refuse(err, -EBADMSG, "has features that it does not use, or others",
			       img->i_features, 0);
	if (!error)
		error = compare(x, size);
	if (!error)
		*err = (struct img_err){ 0 };
	else
		/* lists may not be as long as their counts say */
		memset(img, 0, offsetof(struct img_image, i_lo));
	return error;
}

int img_read_sums(const struct img_image *img, const struct img_io *io, u32 block, u32 sums[IMG_SUMS_PER_BLOCK])
{
	int error;

	if (block >= img_nblocks(img))
		return -EINVAL;
	error = io->io_read(io->io_ctx, img->i_lo.lo_sums_off + (u64)block * IMG_PAGE, sums, IMG_PAGE);
	if (error)
		return error;
	return img_page_sum(sums) == img->i_blocksum[block] ? 0 : -EBADMSG;
}

/*
 * Bytes of the page at `at` of list k that can be other than zero: a data
 * object may end within its last page.
 */
static u32 page_used(const struct img_image *img, u32 k, u32 at)
{
	if (k < img->i_nproc)
		return IMG_PAGE;
	return (u32)MIN(img->i_data[k - img->i_nproc].d_size - at, (u64)IMG_PAGE);
}

static int verify_run(const struct img_image *img, const struct img_io *io, u32 k,
		      const struct img_run *run, u32 *sums, u8 *page, struct img_err *err)
{
	for (u32 i = 0; i < run->r_npages; i++) {
		u32 index = run->r_first + i, va = run->r_va + i * IMG_PAGE;
		u64 off = img_page_off(img, index);
		int error = 0;

		if (index % IMG_SUMS_PER_BLOCK == 0)
			error = img_read_sums(img, io, index / IMG_SUMS_PER_BLOCK, sums);
		if (error)
			return refuse(err, error, "is damaged: wrong sum of the page sums", va, off);
		error = read_some(io, off, page, IMG_PAGE, err);
		if (error)
			return error;
		if (img_page_sum(page) != sums[index % IMG_SUMS_PER_BLOCK])
			return refuse(err, -EBADMSG,
				      "is damaged: wrong sum of the page at this address", va, off);
		for (u32 at = page_used(img, k, va); at < IMG_PAGE; at++)
			if (page[at])
				return refuse(err, -EBADMSG, "holds something behind the end of its contents",
					      va, off + at);
	}
	return 0;
}

int img_verify_pages(struct img_image *img, const struct img_io *io, struct img_err *err)
{
	u32 *sums = img_alloc(img, IMG_PAGE);
	u8 *page = img_alloc(img, IMG_PAGE);

	if (!sums || !page)
		return refuse(err, -ENOMEM, "needs more memory than there is", 0, 0);
	for (u32 k = 0; k < img_nlists(img); k++) {
		struct img_runs rs = img_list(img, k);

		for (u32 i = 0; i < rs.rs_nrun; i++) {
			int error = verify_run(img, io, k, &rs.rs_run[i], sums, page, err);

			if (error)
				return error;
		}
	}
	*err = (struct img_err){ 0 };
	return 0;
}
