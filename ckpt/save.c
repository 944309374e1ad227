/* SPDX-License-Identifier: MIT */
/* A save in progress: what is gathered from processes that stand still. */
#include "ckpt/ckpt.h"
#include "ckpt/owners.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/fsctx.h"
#include "proc/proctab.h"
#include "proc/utsname.h"

void *ckpt_room(void *list, u32 n, u32 size)
{
	void *more;

	/* It was full whenever n is 0, 4, 8, 16... */
	if (n && (n < 4 || (n & (n - 1))))
		return list;
	more = kmalloc((n ? 2 * n : 4) * size, 0);
	if (more && n) {
		memcpy(more, list, n * size);
		kfree(list);
	}
	return more;
}

int ckpt_write_later(struct ckpt_save *cs, struct vnode *vp)
{
	int error;

	if (cs->cs_req->rq_flags & (CKPT_INPLACE | CKPT_LOOK))
		return 0;
	error = vn_mark(vp);
	/* Read-only by now: nobody writes it. */
	return error == -EROFS ? 0 : error ? error : ckpt_flush_later(cs, vp);
}

int ckpt_flush_later(struct ckpt_save *cs, struct vnode *vp)
{
	struct vnode **slot;

	if (cs->cs_req->rq_flags & CKPT_INPLACE)
		return 0; /* it outlives nothing */
	for (u32 i = 0; i < cs->cs_nflush; i++) {
		if (cs->cs_flush[i] == vp)
			return 0;
	}
	slot = CKPT_GROW(cs->cs_flush, cs->cs_nflush);
	if (!slot)
		return -ENOMEM;
	vn_hold(vp);
	*slot = vp;
	return 0;
}

struct ckpt_save *ckpt_save_make(struct ckpt_request *rq, struct lwp *caller)
{
	struct ckpt_save *cs = kzalloc(sizeof(*cs), 0);

	if (!cs)
		return NULL;
	img_init(&cs->cs_img, &ckpt_mem);
	ckpt_members_init(cs);
	cs->cs_req = rq;
	cs->cs_caller = caller;
	__atomic_add_fetch(&rq->rq_ref, 1, __ATOMIC_RELAXED);
	return cs;
}

void ckpt_save_free(struct ckpt_save *cs)
{
	for (u32 i = 0; i < cs->cs_nmember; i++) {
		if (cs->cs_member[i].cm_copied)
			as_rele(cs->cs_member[i].cm_as);
		proc_rele(cs->cs_member[i].cm_proc);
	}
	for (u32 i = 0; i < cs->cs_ndata; i++) {
		for (u32 k = 0; k < cs->cs_data[i].cd_npage; k++)
			page_put(cs->cs_data[i].cd_page[k]);
		kfree(cs->cs_data[i].cd_page);
	}
	for (u32 i = 0; i < cs->cs_nflush; i++)
		vn_rele(cs->cs_flush[i]);
	kfree(cs->cs_member);
	kfree(cs->cs_file); /* ckpt_drop_objects() has emptied it */
	kfree(cs->cs_pipe);
	kfree(cs->cs_pty);
	kfree(cs->cs_gone);
	ckpt_forget(cs);
	kfree(cs->cs_data);
	kfree(cs->cs_flush);
	img_free(&cs->cs_img);
	ckpt_request_rele(cs->cs_req);
	kfree(cs);
}

/* Who is not saved, and has this memory or these descriptors too; 0: nobody. */
static pid_t outsider(struct ckpt_save *cs, const struct as *as, const struct fdtab *ft)
{
	struct proc_walk w;
	struct proc *p;
	pid_t pid = 0;

	spin_lock(&pidlock);
	walk_all(&w, WALK_MANY);
	while ((p = walk_next(&w))) {
		if (((as && p->p_as == as) || (ft && p->p_fdtab == ft)) && !ckpt_is_member(cs, p))
			pid = p->p_pid;
	}
	spin_unlock(&pidlock);
	return pid;
}

/* The first of the members up to cm that has the same. */
static void find_shared(struct ckpt_save *cs, struct ckpt_member *cm)
{
	const struct ckpt_member *m = cs->cs_member;
	u32 with;

	if (cm->cm_as->a_ref > 1) {
		for (with = 0; m[with].cm_as != cm->cm_as; with++)
			;
		cm->cm_img->p_mem = with;
	}
	if (cm->cm_fdtab->ft_ref > 1) {
		for (with = 0; m[with].cm_fdtab != cm->cm_fdtab; with++)
			;
		cm->cm_img->p_fds = with;
	}
}

int ckpt_check_sharing(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct proc *p = cm->cm_proc;
	pid_t child_pid = 0, pid;

	/* More references than one may also be those of who looks at it. */
	pid = cm->cm_as->a_ref > 1 ? outsider(cs, cm->cm_as, NULL) : 0;
	if (pid)
		return ckpt_refuse(p->p_comm, -EOPNOTSUPP, "its memory is shared with process %d", pid);
	pid = cm->cm_fdtab->ft_ref > 1 ? outsider(cs, NULL, cm->cm_fdtab) : 0;
	if (pid)
		return ckpt_refuse(p->p_comm, -EOPNOTSUPP, "its descriptors are shared with process %d", pid);
	if (p->p_fs->fc_ref > 1)
		return ckpt_refuse(p->p_comm, -EOPNOTSUPP,
				   "its working directory is shared with another process (CLONE_FS)");
	find_shared(cs, cm);
	if (cs->cs_req->rq_flags & (CKPT_TREE | CKPT_INPLACE))
		return 0;
	spin_lock(&pidlock);
	if (!list_empty(&p->p_children))
		child_pid = list_first(&p->p_children, struct proc, p_sibling)->p_pid;
	spin_unlock(&pidlock);
	if (child_pid)
		return ckpt_refuse(p->p_comm, -EOPNOTSUPP,
				   "it has a child, process %d, that would be missing (CKPT_TREE)", child_pid);
	return 0;
}

static void fill_ident(struct img_ident *id)
{
	random_bytes(id->id_image, sizeof(id->id_image));
	uts_hostname(id->id_node, sizeof(id->id_node));
	strlcpy_k(id->id_system, "Reprise", sizeof(id->id_system));
	id->id_real_ns = clock_real_ns();
	id->id_mono_ns = clock_mono_ns();
}

/* In the paper's order: proc and lwp, registers, segments. The open files come behind those of all members: so the image has its vnodes. */
static int gather_member(struct ckpt_save *cs, struct ckpt_member *cm)
{
	static int (*const parts[])(struct ckpt_save * cs, struct ckpt_member * cm) = {
		ckpt_check_sharing, st_proc_save,  st_lwp_save,
		st_signal_save,	    st_timer_save, st_mem_save,
	};
	int error = 0;

	cm->cm_img->p_parent = cm->cm_parent;
	if (cm->cm_zombie)
		return st_zombie_save(cs, cm);
	cm->cm_as = cm->cm_proc->p_as;
	cm->cm_fdtab = cm->cm_proc->p_fdtab;
	for (u32 i = 0; i < ARRAY_SIZE(parts) && !error; i++)
		error = parts[i](cs, cm);
	return error;
}

/* From here on only pages count. A checkpoint that is still being written keeps no file and no end of a pipe open. */
void ckpt_drop_objects(struct ckpt_save *cs)
{
	for (u32 i = 0; i < cs->cs_nfile; i++)
		file_rele(cs->cs_file[i]);
	cs->cs_nfile = 0;
	for (u32 i = 0; i < cs->cs_ndata; i++) {
		if (cs->cs_data[i].cd_vp)
			vn_rele(cs->cs_data[i].cd_vp);
		cs->cs_data[i].cd_vp = NULL;
	}
}

static int gather_all(struct ckpt_save *cs, bool copy)
{
	int error = img_add_procs(&cs->cs_img, cs->cs_nmember);

	if (!error)
		error = st_root_save(cs);
	for (u32 i = 0; i < cs->cs_nmember && !error; i++) {
		cs->cs_member[i].cm_img = &cs->cs_img.i_proc[i];
		error = gather_member(cs, &cs->cs_member[i]);
		if (!error)
			error = ckpt_request_wanted(cs->cs_req);
	}
	if (!error)
		error = st_vfork_save(cs);
	if (!error)
		error = st_pty_find(cs);
	for (u32 i = 0; i < cs->cs_nmember && !error; i++) {
		if (!cs->cs_member[i].cm_zombie)
			error = st_file_save(cs, &cs->cs_member[i]);
	}
	if (!error)
		error = st_lock_save(cs);
	if (!error)
		error = st_pipe_finish(cs);
	if (!error)
		error = st_pty_finish(cs);
	return error ? error : st_data_finish(cs, copy);
}

int ckpt_gather(struct ckpt_save *cs, bool copy)
{
	int error;

	fill_ident(&cs->cs_img.i_ident);
	cs->cs_img.i_stats = 1;
	error = gather_all(cs, copy);
	if (error || !(cs->cs_req->rq_flags & CKPT_INPLACE))
		ckpt_drop_objects(cs);
	return error;
}

int ckpt_pages(struct ckpt_save *cs)
{
	int error = 0;

	if (cs->cs_nmember > 1) {
		cs->cs_owners = ckpt_owners_make();
		error = cs->cs_owners ? 0 : -ENOMEM;
	}
	for (u32 i = 0; i < cs->cs_nmember && !error; i++) {
		if (!cs->cs_member[i].cm_zombie)
			error = st_mem_pages(cs, &cs->cs_member[i]);
	}
	ckpt_owners_free(cs->cs_owners);
	cs->cs_owners = NULL;
	return error;
}

/* What the image says of a page, and what it then has, is one thing. */
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

int ckpt_each_page(struct ckpt_save *cs, int (*fn)(struct page *pg, u32 index, void *arg), void *arg)
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
