/* SPDX-License-Identifier: MIT */
/*
 * Memory: the segments of the address space, and the pages that belong to the
 * process alone. A page is stored unless zero-filling or the mapped file would
 * give the same one: private pages that are not all zero, and in a private
 * mapping of a file every page that was written.
 */
#include "ckpt/state/state.h"
#include "ckpt/state/owners.h"
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/rlimit.h"

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
	struct ckpt_member *nc_cm;
	bool nc_anon;
};

static int note_page(u32 va, u32 pte, struct page *pg, void *arg)
{
	struct note_ctx *nc = arg;
	u32 *owner;
	int met;

	/*
	 * Pages of the page cache, and the zero page that all untouched memory
	 * shares, do not belong to the process.
	 */
	if (pg->pg_vnode || pg == zero_page)
		return 0;
	met = st_cow_met(nc->nc_cs, nc->nc_cm, va, pte, pg, &owner);
	if (met)
		return met < 0 ? met : 0;
	if (nc->nc_anon && page_is_zero(pg)) {
		if (owner)
			*owner |= OWNER_ZERO;
		return 0;
	}
	return img_add_page(&nc->nc_cs->cs_img, nc->nc_cm->cm_img, va);
}

/*
 * Saves a file by its name. Successive segs mostly map the same file, even from
 * one process to its child.
 */
static int save_file(struct ckpt_save *cs, struct seg *s, struct img_seg *is)
{
	char *path;
	int error;

	if (cs->cs_mapped == s->s_vp && is->s_kind == IMG_SEG_PRIVATE) {
		is->s_vnode = cs->cs_mappedindex;
		return 0;
	}
	error = is->s_kind == IMG_SEG_SHARED && (is->s_maxprot & PROT_WRITE) ? ckpt_write_later(cs, s->s_vp) : 0;
	if (!error)
		error = vn_get_path(s->s_vp, &path);
	if (error)
		return error;
	error = st_vnode_save(cs, s->s_vp, path, &is->s_vnode);
	kfree(path);
	if (!error && is->s_vnode != IMG_NONE) {
		cs->cs_mapped = s->s_vp;
		cs->cs_mappedindex = is->s_vnode;
	}
	return error;
}

/* Saves the object that s maps: a file by its name, or contents without one. */
static int save_backing(struct ckpt_save *cs, const struct ckpt_member *cm, struct seg *s, struct img_seg *is)
{
	int error;

	is->s_off = s->s_off;
	if (cs_self(cs) || (s->s_vp != cs->cs_mapped && st_name_none(s->s_vp))) {
		/*
		 * A program that a process may execute may still be closed to
		 * reading.
		 */
		if (s->s_vp == cm->cm_proc->p_exe && vn_access(s->s_vp, 4) != 0) {
			error = ckpt_refuse(cs_name(cs), -EACCES,
					    "its program may not be read, so it cannot be in the image");
			if (error)
				return error;
		}
		error = st_data_save(cs, s->s_vp, NULL, &is->s_data);
		if (error || st_name_none(s->s_vp))
			return error;
	}
	return save_file(cs, s, is);
}

/* Flags of a seg, and of an image. */
static const struct {
	u32 seg, img;
} seg_flags[] = {
	{ SEG_STACK, IMG_SEGF_STACK },	     { SEG_BRK, IMG_SEGF_BRK },
	{ SEG_DONTFORK, IMG_SEGF_DONTFORK }, { SEG_LOCKED, IMG_SEGF_LOCKED },
	{ SEG_ONFAULT, IMG_SEGF_ONFAULT },   { SEG_WIPEONFORK, IMG_SEGF_WIPEONFORK },
};

static u32 flags_to_img(u32 flags)
{
	u32 out = 0;

	for (u32 i = 0; i < ARRAY_SIZE(seg_flags); i++)
		out |= flags & seg_flags[i].seg ? seg_flags[i].img : 0;
	return out;
}

static u32 flags_from_img(u32 flags)
{
	u32 out = 0;

	for (u32 i = 0; i < ARRAY_SIZE(seg_flags); i++)
		out |= flags & seg_flags[i].img ? seg_flags[i].seg : 0;
	return out;
}

static int save_seg(struct ckpt_save *cs, struct ckpt_member *cm, struct seg *s)
{
	struct img_seg *is = img_add_seg(&cs->cs_img, cm->cm_img);

	if (!is)
		return -ENOMEM;
	*is = (struct img_seg){ .s_base = s->s_base,
				.s_size = s->s_size,
				.s_prot = s->s_prot,
				.s_maxprot = s->s_maxprot,
				.s_flags = flags_to_img(s->s_flags),
				.s_kind = !s->s_vp		    ? IMG_SEG_ANON
					  : s->s_flags & SEG_SHARED ? IMG_SEG_SHARED
								    : IMG_SEG_PRIVATE,
				.s_vnode = IMG_NONE,
				.s_data = IMG_NONE };
	return s->s_vp ? save_backing(cs, cm, s, is) : 0;
}

static void save_mm(struct img_mm *m, const struct as *as)
{
	m->m_brk_start = as->a_brk_start;
	m->m_brk = as->a_brk;
	m->m_mmap_top = as->a_mmap_top;
	m->m_stack_limit = as->a_stack_limit;
	m->m_newflags = flags_to_img(as->a_newflags);
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

static int st_mem_save(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct as *as = cm->cm_as;
	struct seg *s;
	int error;

	if (!cm_has_memory(cs, cm))
		return 0;
	/* All lwps stand still: the list does not change. */
	save_mm(&cm->cm_img->p_mm, as);
	as_for_each_seg(s, as) {
		error = save_seg(cs, cm, s);
		if (error)
			return error;
	}
	return 0;
}

int st_mem_pages(struct ckpt_save *cs, struct ckpt_member *cm)
{
	const struct img_proc *ip = cm->cm_img;
	int error = 0;

	for (u32 i = 0; i < ip->p_nseg && !error; i++) {
		struct note_ctx nc = { .nc_cs = cs, .nc_cm = cm, .nc_anon = ip->p_seg[i].s_kind == IMG_SEG_ANON };

		if (ip->p_seg[i].s_kind != IMG_SEG_SHARED)
			error = hat_foreach(&cm->cm_as->a_hat, ip->p_seg[i].s_base,
					    ip->p_seg[i].s_size, note_page, &nc);
	}
	return error;
}

/* ---- look ---- */

/*
 * Collects references on the files that the segs map. File locks come before
 * a_lock in the lock order, so the files are looked at later.
 */
static int mapped_files(struct as *as, struct vnode ***vpp, u32 *n)
{
	struct seg *s;
	int error = 0;

	rw_read_lock(&as->a_lock);
	as_for_each_seg(s, as) {
		struct vnode **slot;

		if (!s->s_vp)
			continue;
		slot = CKPT_GROW(*vpp, *n);
		if (!slot) {
			error = -ENOMEM;
			break;
		}
		vn_hold(s->s_vp);
		*slot = s->s_vp;
	}
	rw_read_unlock(&as->a_lock);
	return error;
}

static int mem_look_at(struct ckpt_save *cs, struct vnode *vp)
{
	char *path = NULL;
	u32 index;
	int error;

	if (st_name_none(vp))
		return st_data_save(cs, vp, NULL, &index);
	error = vn_get_path(vp, &path);
	if (!error)
		error = st_vnode_save(cs, vp, path, &index);
	kfree(path);
	return error;
}

static int st_mem_look(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct vnode **v = NULL;
	u32 n = 0;
	int error = mapped_files(cm->cm_as, &v, &n);

	for (u32 i = 0; i < n && !error; i++)
		error = mem_look_at(cs, v[i]);
	for (u32 i = 0; i < n; i++)
		vn_rele(v[i]);
	kfree(v);
	return error;
}

/* ---- restore ---- */

/* May the file be mapped? The same checks as in mmap(2). */
static int may_map(const char *image, struct vnode *vp, const struct img_seg *is)
{
	if (vp->v_type != VREG || !vp->v_op->vop_getpage)
		return ckpt_refuse(image, -ENODEV, "the file at address %08x cannot be mapped", is->s_base);
	if ((is->s_prot & PROT_EXEC) && (vp->v_vfs->vfs_flags & VFS_MS_NOEXEC))
		return ckpt_refuse(image, -EPERM, "the program at address %08x is on a file system mounted noexec",
				   is->s_base);
	return 0;
}

/*
 * The file opened for the previous seg: of many segs of a file, only the first
 * looks its name up.
 */
struct opened {
	struct vnode *op_vp; /* a reference; NULL: none */
	u32 op_index, op_oflags;
	bool op_shared;
};

static void forget_opened(struct opened *op)
{
	if (op->op_vp)
		vn_rele(op->op_vp);
	op->op_vp = NULL;
}

/* Opens, as op, the file that the seg maps by its name. */
static int open_named(struct ckpt_restore *cr, const struct img_seg *is, u32 name, struct opened *op)
{
	bool shared = is->s_kind == IMG_SEG_SHARED, writes = shared && (is->s_maxprot & PROT_WRITE);
	u32 oflags = writes ? O_RDWR : O_RDONLY;
	struct file *f;
	int error;

	if (op->op_vp && op->op_index == name && op->op_oflags == oflags && op->op_shared == shared)
		return 0;
	forget_opened(op);
	error = st_vnode_open(cr, name, oflags, shared, &f);
	if (error)
		return st_name_spare(cr, name)
			       ? ckpt_refuse(cr->cr_path, error, "cannot open %s again (error %d)",
					     cr_vnode_path(cr, name), -error)
			       : error;
	*op = (struct opened){ f->f_vnode, name, oflags, shared };
	vn_hold(op->op_vp);
	file_rele(f);
	return 0;
}

/* The object that the seg maps, referenced. */
static int open_backing(struct ckpt_restore *cr, const struct img_seg *is, struct opened *op, struct vnode **vpp)
{
	/*
	 * Older images name no file for a private mapping whose contents they
	 * hold.
	 */
	u32 name = is->s_vnode == IMG_NONE && is->s_data != IMG_NONE ? st_ref_name(cr, is->s_data) : is->s_vnode;
	int error;

	*vpp = NULL;
	if (name != IMG_NONE) {
		error = open_named(cr, is, name, op);
		if (!error)
			error = may_map(cr->cr_path, op->op_vp, is);
		if (!error) {
			*vpp = op->op_vp;
			vn_hold(*vpp);
		}
		return error;
	}
	if (is->s_data != IMG_NONE) {
		*vpp = cr->cr_datav[is->s_data];
		vn_hold(*vpp);
	}
	return 0;
}

static int restore_seg(struct ckpt_rmember *rm, const struct img_seg *is, struct opened *op)
{
	u32 base = is->s_base, maxprot = is->s_maxprot, flags;
	struct vnode *vp;
	int error;

	flags = flags_from_img(is->s_flags) | (is->s_kind == IMG_SEG_SHARED ? SEG_SHARED : 0);
	error = open_backing(rm->rm_restore, is, op, &vp);
	if (error)
		return error;
	if (vp && (vp->v_vfs->vfs_flags & VFS_MS_NOEXEC))
		maxprot &= ~PROT_EXEC;
	error = as_map(rm->rm_as, &base, is->s_size, is->s_prot, maxprot, flags, vp, is->s_off, AS_FIXED);
	if (vp)
		vn_rele(vp);
	return error;
}

static int install(void *arg, u32 va, struct page *pg)
{
	return as_install_page(arg, va, pg);
}

static u32 limit_of(const struct img_proc *ip, u32 which)
{
	u64 cur = ip->p_rlimit[which].rl_cur;

	return cur > ~0u ? ~0u : (u32)cur;
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

/*
 * Takes rm's address space: a new one, or that of the member that rm shares it
 * with. The first member is built last, but its address space is made when it
 * is first needed.
 */
static int take_as(struct ckpt_rmember *rm)
{
	struct ckpt_rmember *with = &rm->rm_restore->cr_member[rm->rm_img->p_mem];

	if (!with->rm_as)
		with->rm_as = as_create();
	if (!with->rm_as)
		return -ENOMEM;
	if (with != rm) {
		as_hold(with->rm_as);
		rm->rm_as = with->rm_as;
	}
	return 0;
}

/*
 * Checks the limit on locked memory (mlock). The segs have their flags; pages
 * of files are read when they are used.
 */
static int restore_locks(struct ckpt_rmember *rm)
{
	struct as *as = rm->rm_as;

	as->a_lock_limit = limit_of(rm->rm_img, RLIMIT_MEMLOCK);
	as->a_newflags = flags_from_img(rm->rm_img->p_mm.m_newflags);
	if (as_lock_ok(as, 0))
		return 0;
	return ckpt_refuse(rm->rm_restore->cr_path, -EPERM,
			   "a process locks %u bytes of memory, more than its limit allows", as->a_locked);
}

/*
 * Builds rm_as apart; restore.c gives it to the process once all else is built.
 */
static int st_mem_restore(struct ckpt_rmember *rm)
{
	const struct img_proc *ip = rm->rm_img;
	struct opened op = { 0 };
	int error = take_as(rm);

	if (error || &rm->rm_restore->cr_img.i_proc[ip->p_mem] != ip)
		return error;
	restore_mm(rm->rm_as, &ip->p_mm);
	for (u32 i = 0; i < ip->p_nseg && !error; i++)
		error = restore_seg(rm, &ip->p_seg[i], &op);
	forget_opened(&op);
	if (!error)
		error = restore_locks(rm);
	/* Set last: the mappings may already exceed the limits. */
	rm->rm_as->a_as_limit = limit_of(ip, RLIMIT_AS);
	rm->rm_as->a_data_limit = limit_of(ip, RLIMIT_DATA);
	return error ? error
		     : ckpt_read_runs(rm->rm_restore, (struct img_runs){ ip->p_run, ip->p_nrun },
				      install, rm->rm_as);
}

static void st_mem_discard(struct ckpt_rmember *rm)
{
	if (rm->rm_as)
		as_rele(rm->rm_as);
	rm->rm_as = NULL;
}

const struct ckpt_kind st_mem_kind = {
	.k_name = "memory",
	.k_save = st_mem_save,
	.k_look = st_mem_look,
	.k_restore = st_mem_restore,
	.k_discard = st_mem_discard,
};
