/* SPDX-License-Identifier: MIT */
/*
 * Commit: after any crash the name holds the old image or the new one, whole.
 *
 *	1. write everything to NAME_ckpt.new
 *	2. fsync the file: its data and metadata are on the disk
 *	3. rename NAME_ckpt.new over NAME_ckpt      the point of no return
 *	4. fsync the directory
 *
 * A crash before 3 leaves the old image, and a NAME_ckpt.new that the next
 * checkpoint of that name replaces.
 *
 * The files that the process has written are flushed before 3, so that the
 * image never knows more than the disk.
 *
 * Two commits to one name at a time would use the same temporary file, so the
 * second is refused with -EBUSY.
 *
 * Locks: busy_lock (LR_CKPT) guards the list of names, and the directory and
 * name in each.
 */
#include "ckpt/save.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/acting.h"

#define NEW_SUFFIX ".new"

struct busy_name {
	struct list bn_link;
	const struct vnode *bn_dvp;
	const char *bn_name;
};

static struct mutex busy_lock;
static struct list busy_names = LIST_INIT(busy_names);

void ckpt_commit_init(void)
{
	mutex_init(&busy_lock, "ckpt names", LR_CKPT);
}

static int name_claim(struct busy_name *bn, const struct ckpt_request *rq)
{
	struct busy_name *other;
	int error = 0;

	bn->bn_dvp = rq->rq_dvp;
	bn->bn_name = ckpt_request_name(rq);
	mutex_lock(&busy_lock);
	list_for_each(other, &busy_names, bn_link) {
		if (other->bn_dvp == bn->bn_dvp && strcmp(other->bn_name, bn->bn_name) == 0)
			error = -EBUSY;
	}
	if (!error)
		list_push_back(&busy_names, &bn->bn_link);
	mutex_unlock(&busy_lock);
	return error;
}

static void name_release(struct busy_name *bn)
{
	mutex_lock(&busy_lock);
	list_remove(&bn->bn_link);
	mutex_unlock(&busy_lock);
}

/*
 * Another process may write the page meanwhile. The checksum and the written
 * contents must agree, so both are made from a copy.
 */
static int give_copy(struct page *pg, u32 index, int (*fn)(struct page *pg, u32 index, void *arg), void *arg)
{
	struct page *copy = page_alloc(0);
	int error;

	if (!copy)
		return -ENOMEM;
	page_copy(page_kva(copy), page_kva(pg));
	error = fn(copy, index, arg);
	page_put(copy);
	return error;
}

/*
 * Calls fn for every stored page of the image, in order. Stops at the first
 * error.
 */
static int each_page(struct ckpt_save *cs, int (*fn)(struct page *pg, u32 index, void *arg), void *arg)
{
	const struct img_image *img = &cs->cs_img;
	int error = 0;

	for (u32 k = 0; k < img_nlists(img) && !error; k++) {
		struct img_runs rs = img_list(img, k);
		struct ckpt_data *cd = k < img->i_nproc ? NULL : &cs->cs_data[k - img->i_nproc];
		u32 at = 0;

		for (u32 r = 0; r < rs.rs_nrun && !error; r++) {
			const struct img_run *run = &rs.rs_run[r];

			for (u32 i = 0; i < run->r_npages && !error; i++) {
				struct page *pg = cd ? cd->cd_page[at++]
						     : hat_getpage(&cs->cs_member[k].cm_as->a_hat,
								   run->r_va + i * PAGE_SIZE, NULL);

				VERIFY(pg);
				error = cd && cd->cd_open ? give_copy(pg, run->r_first + i, fn, arg)
							  : fn(pg, run->r_first + i, arg);
				if (!cd)
					page_put(pg);
			}
		}
	}
	return error;
}

struct page_ctx {
	struct img_writer *pw_writer;
	struct ckpt_out *pw_out;
	struct img_image *pw_img;
	const struct ckpt_request *pw_rq;
};

static int write_one_page(struct page *pg, u32 index, void *arg)
{
	struct page_ctx *pw = arg;
	int error = ckpt_request_wanted(pw->pw_rq);

	if (!error)
		error = img_write_page(pw->pw_writer, page_kva(pg));
	return error ? error : ckpt_out_page(pw->pw_out, img_page_off(pw->pw_img, index), pg);
}

static int write_image(struct ckpt_save *cs, struct file *f)
{
	struct img_io io = { .io_write = ckpt_out_write };
	struct img_writer w;
	struct page_ctx pw = { .pw_writer = &w, .pw_img = &cs->cs_img, .pw_rq = cs->cs_req };
	int error = ckpt_out_begin(f->f_vnode, &pw.pw_out);

	if (error)
		return error;
	io.io_ctx = pw.pw_out;
	error = img_write_begin(&w, &cs->cs_img, &io);
	if (!error)
		error = each_page(cs, write_one_page, &pw);
	if (!error)
		error = img_write_end(&w);
	return ckpt_out_end(pw.pw_out, error);
}

static int flush_vnode(struct vnode *vp)
{
	return vp->v_op->vop_fsync ? vp->v_op->vop_fsync(vp, false) : 0;
}

/*
 * The image must not say more than the disk about what the process wrote to
 * files.
 */
static int flush_files(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < cs->cs_nflush && !error; i++)
		error = flush_vnode(cs->cs_flush[i]);
	return error;
}

/*
 * Ignores errors: if the leftover cannot be removed now, the next checkpoint of
 * that name removes it.
 */
static void remove_new(const struct ckpt_request *rq, const char *newname)
{
	int error = names_unlink(rq->rq_dvp, newname);

	if (error && error != -ENOENT)
		printk_limited(&ckpt_limit, "ckpt: %s%s: left behind (error %d)\n", rq->rq_path,
			       NEW_SUFFIX, -error);
}

static int create_new(const struct ckpt_request *rq, const char *newname, struct file **fp)
{
	int error = names_unlink(rq->rq_dvp, newname);

	if (error && error != -ENOENT)
		return error;
	error = file_open_in(rq->rq_dvp, newname, rq->rq_path,
			     O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_LARGEFILE, 0600, fp);
	if (error)
		/* open may have created the file before it failed */
		remove_new(rq, newname);
	return error;
}

static int write_and_rename(struct ckpt_save *cs, const char *newname)
{
	const struct ckpt_request *rq = cs->cs_req;
	struct file *f;
	int error = create_new(rq, newname, &f);

	if (error)
		return error;
	error = write_image(cs, f);
	if (!error)
		error = flush_vnode(f->f_vnode);
	file_rele(f);
	if (!error)
		error = flush_files(cs);
	if (!error)
		error = names_rename(rq->rq_dvp, newname, rq->rq_dvp, ckpt_request_name(rq), 0);
	if (error) {
		remove_new(rq, newname);
		return error;
	}
	return flush_vnode(rq->rq_dvp);
}

static int commit_as_asker(struct ckpt_save *cs, const char *newname)
{
	struct busy_name bn;
	struct acting ac;
	int error = name_claim(&bn, cs->cs_req);

	if (error)
		return error;
	acting_begin(&ac, NULL, cs->cs_req->rq_cred);
	error = write_and_rename(cs, newname);
	acting_end(&ac);
	name_release(&bn);
	return error;
}

int ckpt_commit(struct ckpt_save *cs, struct ckpt_stats *st)
{
	const char *name = ckpt_request_name(cs->cs_req);
	size_t len = strlen(name) + sizeof(NEW_SUFFIX);
	struct img_err err = { 0 };
	char *newname;
	int error = img_layout(&cs->cs_img, &err);

	if (error)
		return ckpt_refuse(cs_name(cs), error, "%s (%u)", err.e_what ? err.e_what : "layout", err.e_val);
	newname = kmalloc(len, 0);
	if (!newname)
		return -ENOMEM;
	snprintf(newname, len, "%s%s", name, NEW_SUFFIX);
	error = commit_as_asker(cs, newname);
	kfree(newname);
	st->cs_pages = cs->cs_img.i_lo.lo_npages;
	st->cs_bytes = cs->cs_img.i_lo.lo_size;
	st->cs_when_ns = cs->cs_img.i_ident.id_real_ns;
	return error;
}
