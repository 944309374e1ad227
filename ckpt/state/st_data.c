/* SPDX-License-Identifier: MIT */
/*
 * Contents that the image must hold, because no file has them under a name:
 * shared anonymous memory, memory files, regular files that were unlinked while
 * open, and the bytes of pipes; with CKPT_SELF, those of all files. Each is
 * restored as a file in memory without a name.
 */
#include "ckpt/state/state.h"
#include "fs/names.h"
#include "fs/pagecache.h"
#include "fs/tmpfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"

#define MEMFD_PREFIX "/memfd:"

/* ---- save ---- */

/*
 * Kind and name of an object. An open file tells both. An object that is only
 * mapped is memory, or a file under the name that it had.
 */
static int name_object(struct ckpt_save *cs, u32 index, struct vnode *vp, const char *path)
{
	struct img_data *d = &cs->cs_img.i_data[index];
	struct vattr va;
	int error;

	if (!path || d->d_kind != IMG_DATA_MEMORY)
		return 0;
	error = vn_getattr(vp, &va);
	if (error)
		return error;
	d->d_kind = strncmp(path, MEMFD_PREFIX, sizeof(MEMFD_PREFIX) - 1) == 0 ? IMG_DATA_MEMFD : IMG_DATA_FILE;
	d->d_mode = va.va_mode & 07777;
	d->d_uid = va.va_uid;
	d->d_gid = va.va_gid;
	st_stats_data(d, &va);
	return img_name_data(&cs->cs_img, d, path);
}

static u32 pages_of(u64 size)
{
	return (u32)(ROUND_UP(size, (u64)PAGE_SIZE) / PAGE_SIZE);
}

/* The next page of [idx, n) that is not in a hole; n: there is none. */
static u32 next_data(struct vnode *vp, u32 idx, u32 n)
{
	return vp->v_op->vop_nextdata && idx < n ? vp->v_op->vop_nextdata(vp, idx, n) : idx;
}

/* Is the file small enough? Holes do not count: they are not stored. */
static bool fits(struct vnode *vp)
{
	u32 n = pages_of(vp->v_size), have = 0;

	if (vp->v_size <= IMG_MAX_DATA_SIZE)
		return true;
	if (vp->v_size > IMG_MAX_DATA_END)
		return false;
	for (u32 idx = next_data(vp, 0, n); idx < n && have <= IMG_MAX_DATA_SIZE / PAGE_SIZE; have++)
		idx = next_data(vp, idx + 1, n);
	return have <= IMG_MAX_DATA_SIZE / PAGE_SIZE;
}

/*
 * Adds an object to the image and to the table of the save. vp NULL: a pipe's
 * bytes.
 */
static struct ckpt_object *add_object(struct ckpt_save *cs, struct vnode *vp, u32 kind, u64 size)
{
	struct img_data *d = img_add_data(&cs->cs_img, "");
	struct ckpt_data *cd = d ? CKPT_GROW(cs->cs_data, cs->cs_ndata) : NULL;
	struct ckpt_object *ob;

	if (!cd)
		return NULL;
	*cd = (struct ckpt_data){ .cd_nameless = vp && st_name_none(vp) };
	ob = ckpt_object_add(cs, CO_DATA, vp);
	if (!ob)
		return NULL;
	if (vp)
		vn_hold(vp);
	d->d_kind = kind;
	d->d_size = size;
	return ob;
}

int st_data_save(struct ckpt_save *cs, struct vnode *vp, struct file *f, u32 *index)
{
	struct ckpt_object *ob = ckpt_object(cs, CO_DATA, vp);
	char *path = NULL;
	int error;

	if (!ob) {
		if (!fits(vp))
			return ckpt_refuse(cs_name(cs), -EFBIG, "the contents of its file (inode %u) are too large",
					   (u32)vp->v_ino);
		ob = add_object(cs, vp, IMG_DATA_MEMORY, vp->v_size);
		if (!ob)
			return -ENOMEM;
	}
	ob->ob_met++;
	*index = ob->ob_index;
	error = f ? 0 : vn_get_path(vp, &path);
	if (!error)
		error = name_object(cs, *index, vp, f ? f->f_path : path);
	kfree(path);
	return error;
}

static bool is_zero(const struct page *pg)
{
	const u32 *w = page_kva(pg);

	for (u32 i = 0; i < PAGE_SIZE / 4; i++) {
		if (w[i])
			return false;
	}
	return true;
}

/*
 * Stores the page at idx of object `index`, unless it is zero. Takes over the
 * reference unless it fails.
 */
static int store(struct ckpt_save *cs, u32 index, u32 idx, struct page *pg)
{
	struct ckpt_data *cd = &cs->cs_data[index];
	struct page **slot;
	int error;

	if (is_zero(pg)) {
		page_put(pg);
		return 0;
	}
	slot = ckpt_room(cd->cd_page, cd->cd_npage, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	cd->cd_page = slot;
	error = img_add_data_page(&cs->cs_img, &cs->cs_img.i_data[index], idx * PAGE_SIZE);
	if (!error)
		cd->cd_page[cd->cd_npage++] = pg;
	return error;
}

int st_data_pipe(struct ckpt_save *cs, struct page **pg, u32 size, u32 *index)
{
	struct ckpt_object *ob = add_object(cs, NULL, IMG_DATA_PIPE, size);
	u32 n = ROUND_UP(size, PAGE_SIZE) / PAGE_SIZE;

	if (!ob)
		return -ENOMEM;
	*index = ob->ob_index;
	for (u32 i = 0; i < n; i++) {
		int error = store(cs, *index, i, pg[i]);

		if (error)
			return error;
		pg[i] = NULL;
	}
	return 0;
}

/* Gets the page of a file as it is. *pgp NULL: a zero page. */
static int data_look_at(struct vnode *vp, u32 idx, struct page **pgp)
{
	if (!(vp->v_flags & V_MEMORY))
		return pc_get(vp, idx, pgp);
	*pgp = pc_lookup(vp, idx);
	return 0;
}

static int copy_of(struct page **pgp)
{
	struct page *copy = page_alloc(0);

	if (copy)
		memcpy(page_kva(copy), page_kva(*pgp), PAGE_SIZE);
	page_put(*pgp);
	*pgp = copy;
	return copy ? 0 : -ENOMEM;
}

static int save_contents(struct ckpt_save *cs, u32 index)
{
	struct vnode *vp = (struct vnode *)ckpt_object_at(cs, CO_DATA, index)->ob_ptr;
	u32 n = pages_of(cs->cs_img.i_data[index].d_size);

	for (u32 idx = next_data(vp, 0, n); idx < n; idx = next_data(vp, idx + 1, n)) {
		struct page *pg;
		int error = data_look_at(vp, idx, &pg);

		/* Another process has truncated the file since. */
		if (error == -ERANGE) {
			error = 0;
			pg = NULL;
		}
		if (!error && pg && cs->cs_copy && !is_zero(pg))
			error = copy_of(&pg);
		if (!error && pg) {
			error = store(cs, index, idx, pg);
			if (error)
				page_put(pg);
		}
		if (error)
			return error;
	}
	return 0;
}

/*
 * Does a process outside of the image map or open this memory? Two kinds of
 * references are not counted in ob_met: the table's own, and those of members
 * that execute the file.
 */
static bool is_shared(const struct ckpt_save *cs, const struct ckpt_object *ob)
{
	const struct vnode *vp = ob->ob_ptr;
	u32 others = 1;

	if (!cs->cs_data[ob->ob_index].cd_nameless || !(vp->v_flags & V_MEMORY))
		return false;
	for (u32 i = 0; i < cs->cs_nmember; i++)
		others += !cs->cs_member[i].cm_zombie && cs->cs_member[i].cm_proc->p_exe == vp;
	return !ckpt_closed(cs, ob, vp->v_ref - others);
}

static int check_object(struct ckpt_save *cs, const struct ckpt_object *ob)
{
	const struct vnode *vp = ob->ob_ptr;
	struct ckpt_data *cd = &cs->cs_data[ob->ob_index];
	int error = 0;

	if (is_shared(cs, ob))
		error = ckpt_refuse(cs_name(cs), -EOPNOTSUPP,
				    "its memory (inode %u) is shared with a process outside of the image",
				    (u32)vp->v_ino);
	cd->cd_open = !cs->cs_copy && !(cd->cd_nameless && (vp->v_flags & V_MEMORY));
	return error;
}

static int st_data_save_shared(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < ckpt_nobjects(cs, CO_DATA) && !error; i++) {
		const struct ckpt_object *ob = ckpt_object_at(cs, CO_DATA, i);

		if (ob->ob_ptr)
			error = check_object(cs, ob);
	}
	return error;
}

static int st_data_save_contents(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < ckpt_nobjects(cs, CO_DATA) && !error; i++) {
		if (ckpt_object_at(cs, CO_DATA, i)->ob_ptr)
			error = save_contents(cs, i);
	}
	return error;
}

/* ---- restore ---- */

static int set_attributes(struct vnode *vp, const struct img_data *d)
{
	struct vattr va = { .va_mask = VA_MODE, .va_mode = S_IFREG | d->d_mode };

	if (cred_super(cred_cur())) {
		va.va_mask |= VA_UID | VA_GID;
		va.va_uid = d->d_uid;
		va.va_gid = d->d_gid;
	}
	return vn_setattr(vp, &va);
}

int st_data_put(const void *bytes, u32 off, u32 len, void *vp)
{
	ssize_t n = vn_pwrite(vp, bytes, len, off);

	return n < 0 ? (int)n : (u32)n == len ? 0 : -ENOSPC;
}

static int st_data_restore_shared(struct ckpt_restore *cr)
{
	int error = 0;

	for (u32 i = 0; i < cr->cr_img.i_ndata && !error; i++) {
		const struct img_data *d = &cr->cr_img.i_data[i];

		if (d->d_kind == IMG_DATA_PIPE)
			continue;
		error = tmpfs_unnamed(d->d_size, &cr->cr_datav[i]);
		if (!error && d->d_kind != IMG_DATA_MEMORY)
			error = set_attributes(cr->cr_datav[i], d);
		if (!error && d->d_kind == IMG_DATA_FILE)
			vn_set_path(cr->cr_datav[i], d->d_path);
		if (!error)
			error = st_data_each(cr, i, false, st_data_put, cr->cr_datav[i]);
	}
	return error;
}

/*
 * Pages read at a time. They are passed on when the image's file is unlocked
 * again.
 */
#define BATCH 256u

struct batch {
	struct page *b_page[BATCH];
	u32 b_n;
};

static int take_page(void *arg, u32 off, struct page *pg)
{
	struct batch *b = arg;

	b->b_page[b->b_n++] = pg;
	return 0;
}

/* The receiver of the bytes. e_next: the offset up to which it has got them. */
struct each {
	struct ckpt_restore *e_restore;
	const struct img_data *e_data;
	bool e_zeros;
	u32 e_next;
	ckpt_bytes_fn e_fn;
	void *e_arg;
};

/* Passes zeros on up to `end`. */
static int fill_up(struct each *e, u32 end)
{
	int error = 0;

	for (; e->e_zeros && e->e_next < end && !error; e->e_next += PAGE_SIZE)
		error = e->e_fn(page_kva(zero_page), e->e_next, MIN(end - e->e_next, PAGE_SIZE), e->e_arg);
	return error;
}

static int give(struct each *e, struct batch *b, u32 off)
{
	u32 size = (u32)e->e_data->d_size;
	int error = fill_up(e, off);

	for (u32 i = 0; i < b->b_n && !error; i++) {
		error = e->e_fn(page_kva(b->b_page[i]), off, MIN(size - off, PAGE_SIZE), e->e_arg);
		off += PAGE_SIZE;
	}
	e->e_next = off;
	return error;
}

/* Reads and passes on at most BATCH pages in a row. */
static int each_batch(struct each *e, struct batch *b, struct img_run *part)
{
	int error;

	b->b_n = 0;
	error = ckpt_read_runs(e->e_restore, (struct img_runs){ part, 1 }, take_page, b);
	if (!error)
		error = give(e, b, part->r_va);
	for (u32 i = 0; i < b->b_n; i++)
		page_put(b->b_page[i]);
	return error;
}

int st_data_each(struct ckpt_restore *cr, u32 index, bool zeros, ckpt_bytes_fn fn, void *arg)
{
	struct each e = { .e_restore = cr, .e_data = &cr->cr_img.i_data[index], .e_zeros = zeros, .e_fn = fn, .e_arg = arg };
	struct batch *b = kmalloc(sizeof(*b), 0);
	int error = b ? 0 : -ENOMEM;

	for (u32 r = 0; r < e.e_data->d_nrun; r++) {
		const struct img_run *run = &e.e_data->d_run[r];

		for (u32 at = 0; at < run->r_npages && !error; at += BATCH) {
			struct img_run part = { .r_va = run->r_va + at * PAGE_SIZE,
						.r_npages = MIN(run->r_npages - at, BATCH),
						.r_first = run->r_first + at };

			error = each_batch(&e, b, &part);
		}
	}
	kfree(b);
	return error ? error : fill_up(&e, (u32)e.e_data->d_size);
}

static int st_data_restore_begin(struct ckpt_restore *cr)
{
	cr->cr_datav = kzalloc((cr->cr_img.i_ndata + 1) * sizeof(*cr->cr_datav), 0);
	return cr->cr_datav ? 0 : -ENOMEM;
}

static void st_data_adopt(struct ckpt_restore *cr)
{
	struct ckpt_save *cs = cr->cr_save;

	for (u32 i = 0; i < ckpt_nobjects(cs, CO_DATA); i++) {
		struct ckpt_object *ob = ckpt_object_at(cs, CO_DATA, i);

		cr->cr_datav[i] = (struct vnode *)ob->ob_ptr;
		ob->ob_ptr = NULL;
	}
}

static void st_data_restore_end(struct ckpt_restore *cr, bool failed)
{
	for (u32 i = 0; cr->cr_datav && i < cr->cr_img.i_ndata; i++) {
		if (cr->cr_datav[i])
			vn_rele(cr->cr_datav[i]);
	}
	kfree(cr->cr_datav);
}

const struct ckpt_kind st_data_kind = {
	.k_name = "contents",
	.k_outside = true,
	.k_save_shared = st_data_save_shared,
	.k_save_contents = st_data_save_contents,
	.k_look_shared = st_data_save_shared,
	.k_restore_begin = st_data_restore_begin,
	.k_adopt = st_data_adopt,
	.k_restore_shared = st_data_restore_shared,
	.k_restore_end = st_data_restore_end,
};
