/* SPDX-License-Identifier: MIT */
/* Stored pages, read back. */
#include "ckpt/pages.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"

int image_file_read(void *ctx, u64 off, void *buf, u32 len)
{
	struct file *f = ctx;
	ssize_t n = vn_pread(f->f_vnode, buf, len, (off_t)off);

	if (n < 0)
		return (int)n;
	return (u32)n == len ? 0 : -EBADMSG;
}

int page_reader_init(struct page_reader *pr, struct ckpt_restore *cr)
{
	*pr = (struct page_reader){ .pr_restore = cr, .pr_sums = kmalloc(IMG_SUMS_PER_BLOCK * sizeof(u32), 0), .pr_block = IMG_NONE };
	return pr->pr_sums ? 0 : -ENOMEM;
}

void page_reader_free(struct page_reader *pr)
{
	kfree(pr->pr_sums);
}

int page_read(struct page_reader *pr, u32 index, void *buf)
{
	struct ckpt_restore *cr = pr->pr_restore;
	const struct img_image *img = &cr->cr_img;
	struct img_io io = { .io_read = image_file_read, .io_ctx = cr->cr_file };
	int error = 0;

	if (index / IMG_SUMS_PER_BLOCK != pr->pr_block) {
		error = img_read_sums(img, &io, index / IMG_SUMS_PER_BLOCK, pr->pr_sums);
		pr->pr_block = error ? IMG_NONE : index / IMG_SUMS_PER_BLOCK;
	}
	if (!error)
		error = image_file_read(cr->cr_file, img_page_off(img, index), buf, PAGE_SIZE);
	if (!error && img_page_sum(buf) != pr->pr_sums[index % IMG_SUMS_PER_BLOCK])
		error = -EBADMSG;
	return error == -EBADMSG ? ckpt_refuse(cr->cr_path, error, "stored page %u is damaged", index) : error;
}
