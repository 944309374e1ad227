/* SPDX-License-Identifier: MIT */
/*
 * Memory: the segments of the address space, and the pages that belong to the process alone. Stored is what neither zero-filling nor the
 * mapped file would bring back: private pages that are not all zero, and in a private mapping of a file every page that was written.
 */
#include "ckpt/ckpt.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/kmalloc.h"

static bool page_is_zero(const struct page *pg)
{
	const u32 *w = page_kva(pg);

	for (u32 i = 0; i < PAGE_SIZE / 4; i += 8) {
		if (w[i] | w[i + 1] | w[i + 2] | w[i + 3] | w[i + 4] | w[i + 5] | w[i + 6] | w[i + 7])
			return false;
	}
	return true;
}

/* ---- save ---- */

struct note_ctx {
	struct ckpt_save *nc_cs;
	bool nc_anon;
};

static int note_page(u32 va, u32 pte, struct page *pg, void *arg)
{
	struct note_ctx *nc = arg;

	/* A page of the page cache, or the one zero page that all untouched memory shares, is not the process's own. */
	if (pg->pg_vnode || pg == zero_page)
		return 0;
	if (nc->nc_anon && page_is_zero(pg))
		return 0;
	return img_add_page(&nc->nc_cs->cs_img, va);
}

static int save_seg(struct ckpt_save *cs, struct seg *s)
{
	struct img_seg *is = img_add_seg(&cs->cs_img);
	u32 index;
	char *path;
	int error;

	if (!is)
		return -ENOMEM;
	is->s_base = s->s_base;
	is->s_size = s->s_size;
	is->s_prot = s->s_prot;
	is->s_maxprot = s->s_maxprot;
	is->s_flags = (s->s_flags & SEG_STACK ? IMG_SEGF_STACK : 0) |
		      (s->s_flags & SEG_BRK ? IMG_SEGF_BRK : 0) |
		      (s->s_flags & SEG_DONTFORK ? IMG_SEGF_DONTFORK : 0);
	is->s_kind = !s->s_vp		       ? IMG_SEG_ANON
		     : s->s_flags & SEG_SHARED ? IMG_SEG_SHARED
					       : IMG_SEG_PRIVATE;
	is->s_vnode = IMG_NONE;
	if (s->s_vp) {
		if ((s->s_flags & SEG_SHARED) && (s->s_vp->v_flags & V_MEMORY))
			return ckpt_refuse(cs->cs_proc->p_comm, -EOPNOTSUPP,
					   "memory at %08x is shared, and not on a disk", s->s_base);
		path = vn_get_path(s->s_vp);
		error = st_vnode_save(cs, s->s_vp, path, &index);
		kfree(path);
		if (error)
			return error;
		is->s_vnode = index;
		is->s_off = s->s_off;
	}
	return is->s_kind == IMG_SEG_SHARED ? ckpt_flush_later(cs, s->s_vp) : 0;
}

static void save_mm(struct ckpt_save *cs, const struct as *as)
{
	struct img_mm *m = &cs->cs_img.i_mm;

	m->m_brk_start = as->a_brk_start;
	m->m_brk = as->a_brk;
	m->m_mmap_top = as->a_mmap_top;
	m->m_stack_limit = as->a_stack_limit;
	m->m_arg_start = as->a_arg_start;
	m->m_arg_end = as->a_arg_end;
	m->m_env_start = as->a_env_start;
	m->m_env_end = as->a_env_end;
	m->m_stack_start = as->a_stack_start;
	m->m_code_start = as->a_code_start;
	m->m_code_end = as->a_code_end;
	m->m_data_start = as->a_data_start;
	m->m_data_end = as->a_data_end;
	for (u32 i = 0; i + 1 < ARRAY_SIZE(as->a_auxv); i += 2) {
		m->m_auxv[i] = as->a_auxv[i];
		m->m_auxv[i + 1] = as->a_auxv[i + 1];
		m->m_nauxv = i + 2;
		if (!as->a_auxv[i])
			break;
	}
}

int st_mem_save(struct ckpt_save *cs)
{
	struct as *as = cs->cs_proc->p_as;
	struct seg *s;
	int error;

	/* All lwps stand still, and this one is in here: nobody changes the list. */
	save_mm(cs, as);
	as_for_each_seg(s, as) {
		error = save_seg(cs, s);
		if (error)
			return error;
	}
	return 0;
}

int st_mem_pages(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < cs->cs_img.i_nseg && !error; i++) {
		struct note_ctx nc = { .nc_cs = cs, .nc_anon = cs->cs_img.i_seg[i].s_kind == IMG_SEG_ANON };

		if (cs->cs_img.i_seg[i].s_kind != IMG_SEG_SHARED)
			error = hat_foreach(&cs->cs_as->a_hat, cs->cs_img.i_seg[i].s_base,
					    cs->cs_img.i_seg[i].s_size, note_page, &nc);
	}
	return error;
}

int ckpt_each_page(struct ckpt_save *cs, int (*fn)(struct page *pg, u32 index, void *arg), void *arg)
{
	struct hat *hat = &cs->cs_as->a_hat;
	const struct img_image *img = &cs->cs_img;

	for (u32 r = 0; r < img->i_nrun; r++) {
		const struct img_run *run = &img->i_run[r];

		for (u32 i = 0; i < run->r_npages; i++) {
			struct page *pg = hat_getpage(hat, run->r_va + i * PAGE_SIZE, NULL);
			int error;

			VERIFY(pg);
			error = fn(pg, run->r_first + i, arg);
			page_put(pg);
			if (error)
				return error;
		}
	}
	return 0;
}

/* ---- restore ---- */

static int restore_seg(struct ckpt_restore *cr, const struct img_seg *is)
{
	struct as *as = cr->cr_as;
	struct file *f = NULL;
	u32 base = is->s_base, flags;
	int error = 0;

	flags = (is->s_flags & IMG_SEGF_STACK ? SEG_STACK : 0) |
		(is->s_flags & IMG_SEGF_BRK ? SEG_BRK : 0) |
		(is->s_flags & IMG_SEGF_DONTFORK ? SEG_DONTFORK : 0) |
		(is->s_kind == IMG_SEG_SHARED ? SEG_SHARED : 0);
	if (is->s_kind != IMG_SEG_ANON) {
		bool writes = is->s_kind == IMG_SEG_SHARED && (is->s_maxprot & PROT_WRITE);

		error = st_vnode_open(cr, is->s_vnode, writes ? O_RDWR : O_RDONLY,
				      is->s_kind == IMG_SEG_SHARED, &f);
		if (!error && f->f_vnode->v_type != VREG)
			error = -EACCES;
	}
	if (!error)
		error = as_map(as, &base, is->s_size, is->s_prot, is->s_maxprot, flags,
			       f ? f->f_vnode : NULL, is->s_off, true);
	if (f)
		file_rele(f);
	return error;
}

static int read_page(struct ckpt_restore *cr, u32 index, u32 va, u32 sum)
{
	struct page *pg = page_alloc(0);
	ssize_t n;
	int error = -EBADMSG;

	if (!pg)
		return -ENOMEM;
	n = vn_pread(cr->cr_file->f_vnode, page_kva(pg), PAGE_SIZE, (off_t)img_page_off(&cr->cr_img, index));
	if (n < 0)
		error = (int)n;
	else if (n == PAGE_SIZE && img_page_sum(page_kva(pg)) == sum)
		error = as_install_page(cr->cr_as, va, pg);
	if (error == -EBADMSG)
		ckpt_refuse(cr->cr_path, error, "the page for address %08x is damaged", va);
	if (error)
		page_put(pg);
	return error;
}

static int image_read(void *ctx, u64 off, void *buf, u32 len)
{
	struct file *f = ctx;
	ssize_t n = vn_pread(f->f_vnode, buf, len, (off_t)off);

	if (n < 0)
		return (int)n;
	return (u32)n == len ? 0 : -EBADMSG;
}

/* Every stored page, checked against its sum as it comes. */
static int restore_pages(struct ckpt_restore *cr)
{
	const struct img_image *img = &cr->cr_img;
	struct img_io io = { .io_read = image_read, .io_ctx = cr->cr_file };
	u32 *sums = kmalloc(IMG_SUMS_PER_BLOCK * sizeof(u32), 0), block = IMG_NONE;
	int error = 0;

	if (!sums)
		return -ENOMEM;
	for (u32 r = 0; r < img->i_nrun && !error; r++) {
		const struct img_run *run = &img->i_run[r];

		for (u32 i = 0; i < run->r_npages && !error; i++) {
			u32 index = run->r_first + i;

			if (index / IMG_SUMS_PER_BLOCK != block) {
				block = index / IMG_SUMS_PER_BLOCK;
				error = img_read_sums(img, &io, block, sums);
			}
			if (!error)
				error = read_page(cr, index, run->r_va + i * PAGE_SIZE,
						  sums[index % IMG_SUMS_PER_BLOCK]);
		}
	}
	kfree(sums);
	return error;
}

static void restore_mm(struct as *as, const struct img_mm *m)
{
	as->a_brk_start = m->m_brk_start;
	as->a_brk = m->m_brk;
	as->a_mmap_top = m->m_mmap_top;
	as->a_stack_limit = m->m_stack_limit;
	as->a_arg_start = m->m_arg_start;
	as->a_arg_end = m->m_arg_end;
	as->a_env_start = m->m_env_start;
	as->a_env_end = m->m_env_end;
	as->a_stack_start = m->m_stack_start;
	as->a_code_start = m->m_code_start;
	as->a_code_end = m->m_code_end;
	as->a_data_start = m->m_data_start;
	as->a_data_end = m->m_data_end;
	for (u32 i = 0; i < m->m_nauxv && i < ARRAY_SIZE(as->a_auxv); i++)
		as->a_auxv[i] = m->m_auxv[i];
}

/* Builds cr_as aside; recover.c makes it the process's when all else is there. */
int st_mem_restore(struct ckpt_restore *cr)
{
	const struct img_image *img = &cr->cr_img;
	int error = 0;

	cr->cr_as = as_create();
	if (!cr->cr_as)
		return -ENOMEM;
	restore_mm(cr->cr_as, &img->i_mm);
	for (u32 i = 0; i < img->i_nseg && !error; i++)
		error = restore_seg(cr, &img->i_seg[i]);
	if (!error)
		error = restore_pages(cr);
	return error;
}
