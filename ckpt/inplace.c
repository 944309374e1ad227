/* SPDX-License-Identifier: MIT */
/* Recovery in place. proc/reveal.c does the exchange of the processes. */
#include "ckpt/inplace.h"

#include "ckpt/every.h"
#include "ckpt/kind.h"
#include "ckpt/restore.h"
#include "ckpt/save.h"
#include "fs/names.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/acting.h"
#include "proc/fsctx.h"
#include "proc/sched/lwp_impl.h"

/*
 * The process exits after all. Frees the ids of its other lwps, which no
 * restored lwp has taken over.
 */
static void free_ids(struct ckpt_restore *cr)
{
	const struct img_proc *ip = &cr->cr_img.i_proc[0];
	struct proc *p = curproc();

	for (u32 i = 0; i < ip->p_nlwp; i++) {
		pid_t tid = pid_real_for(p, ip->p_lwp[i].l_tid);

		if (tid != p->p_pid && tid != curlwp()->l_tid)
			pid_free(tid);
	}
}

/*
 * Ends the other lwps of the current process, cr_parent. The process keeps all
 * its state until the exchange.
 * Errors: -EAGAIN: the process is exiting.
 */
static int end_others(struct ckpt_restore *cr)
{
	struct proc *p = curproc();
	struct lwp *l;
	int error;

	if (cr->cr_save) {
		/* These ids belong to the restored lwps already. */
		spin_lock(&p->p_lock);
		list_for_each(l, &p->p_lwps, l_plink) {
			if (l != curlwp())
				l->l_tid = 0;
		}
		spin_unlock(&p->p_lock);
	}
	error = proc_single();
	if (error && cr->cr_save)
		free_ids(cr);
	return error;
}

/*
 * Another process may have replaced the image under its name before it was
 * opened. Is it still the image that was written?
 */
static bool is_what_was_saved(const struct ckpt_restore *cr)
{
	const struct img_image *is = &cr->cr_img, *was = &cr->cr_save->cs_img;

	for (u32 i = 0; i < is->i_nvnode; i++) {
		const struct img_vnode *v = &is->i_vnode[i];

		if ((v->v_flags & IMG_VF_REMOVED) && v->v_ino > ckpt_nobjects(cr->cr_save, CO_REMOVED))
			return false;
	}
	return memcmp(is->i_ident.id_image, was->i_ident.id_image, sizeof(was->i_ident.id_image)) == 0 &&
	       is->i_nproc == was->i_nproc && is->i_nfile == was->i_nfile && is->i_ndata == was->i_ndata;
}

/*
 * Takes the objects that the process shares over from cr_save, with the
 * references.
 * Errors: -ESTALE: another image has taken its name (logged).
 */
static int adopt(struct ckpt_restore *cr)
{
	if (!is_what_was_saved(cr))
		return ckpt_refuse(cr->cr_path, -ESTALE, "another image has taken this name");
	for (u32 i = 0; i < ckpt_nkinds; i++) {
		if (ckpt_kinds[i]->k_adopt)
			ckpt_kinds[i]->k_adopt(cr);
	}
	return 0;
}

/* ---- the way of a recovery in place ---- */

/*
 * One process becomes another. Further roots of a job would have no parent.
 */
static int check_roots(struct ckpt_restore *cr)
{
	for (u32 i = 1; i < cr->cr_img.i_nproc; i++) {
		if (cr->cr_img.i_proc[i].p_parent == IMG_NONE)
			return ckpt_refuse(cr->cr_path, -ENOEXEC,
					   "the image holds a job of several processes, which only recover() restores");
	}
	return 0;
}

/* Lets the caller end its other lwps. Errors: -EINTR: it is exiting. */
static int agree(struct ckpt_restore *cr)
{
	phase_set(&cr->cr_phase, CR_BUILT);
	return phase_wait(&cr->cr_phase, CR_REFUSED) == CR_REFUSED ? -EINTR : 0;
}

/* Waits until the caller has dropped what its process had. */
static int appeared(struct ckpt_restore *cr)
{
	phase_set(&cr->cr_phase, CR_SWAPPED);
	(void)phase_wait(&cr->cr_phase, CR_LEFT);
	return 0;
}

/*
 * The caller's part. Its address space, files and directories are dropped
 * before the restored program runs, as with any execve. Else its executable and
 * a file system that it used would be busy for as long as this lwp takes to
 * exit.
 */
static int be_replaced(struct ckpt_restore *cr)
{
	if (phase_wait(&cr->cr_phase, CR_BUILT) == CR_BUILT)
		phase_set(&cr->cr_phase, end_others(cr) == 0 ? CR_ALONE : CR_REFUSED);
	if (phase_wait(&cr->cr_phase, CR_SWAPPED) == CR_SWAPPED) {
		proc_drop_as();
		proc_drop_identity(curproc());
		phase_set(&cr->cr_phase, CR_LEFT);
	}
	return 0;
}

static int nothing_to_adopt(struct ckpt_restore *cr)
{
	return 0;
}

static const struct ckpt_way by_exec = {
	.w_check = check_roots, .w_adopt = nothing_to_adopt, .w_agree = agree, .w_appeared = appeared, .w_caller = be_replaced
};

static const struct ckpt_way at_a_call = {
	.w_check = check_roots, .w_adopt = adopt, .w_agree = agree, .w_appeared = appeared, .w_caller = be_replaced
};

/* ---- execve of an image ---- */

static int is_core(struct vnode *vp)
{
	u8 h[18];
	ssize_t n = vn_pread(vp, h, sizeof(h), 0);

	/* e_type: ET_CORE */
	return n == sizeof(h) && memcmp(h, "\177ELF", 4) == 0 && h[16] == 4 && h[17] == 0 ? 0 : -ENOEXEC;
}

int ckpt_exec_image(struct vnode *vp, const char *path)
{
	struct ckpt_restore *cr;
	long result = is_core(vp);

	if (result)
		return (int)result;
	cr = kzalloc(sizeof(*cr), 0);
	if (!cr)
		return -ENOMEM;
	cr->cr_way = &by_exec;
	cr->cr_path = path;
	cr->cr_replace = curproc();
	/*
	 * Use the file that exec has found; its name may lead elsewhere by now.
	 */
	result = vn_access(vp, 4);
	if (!result) {
		vn_hold(vp);
		result = file_open_vnode(vp, O_RDONLY | O_LARGEFILE, &cr->cr_file);
		if (result)
			vn_rele(vp);
	}
	if (!result) {
		result = ckpt_recover(cr);
		file_rele(cr->cr_file);
	}
	kfree(cr);
	return result < 0 ? (int)result : 0;
}

/* ---- restore at every n-th call ---- */

void ckpt_every_set(struct proc *p, u32 n)
{
	spin_lock(&p->p_lock);
	p->p_every = p->p_everyleft = n;
	spin_unlock(&p->p_lock);
}

/*
 * Was the call cut short by a signal or a stop? It will be made again, or end
 * by a handler.
 */
static bool goes_on(const struct lwp *l)
{
	s32 result = (s32)l->l_tf->tf_eax;

	return result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK;
}

void ckpt_every_call(struct lwp *l)
{
	struct proc *p = l->l_proc;

	/*
	 * With a checkpoint between each attempt and the signal that cuts it
	 * short, the call would never end.
	 */
	if (p->p_every == 1 && goes_on(l))
		return;
	spin_lock(&p->p_lock);
	if (p->p_every && --p->p_everyleft == 0) {
		p->p_everyleft = p->p_every;
		p->p_flags |= P_CKPT | P_EVERY;
		l->l_attention = true;
	}
	spin_unlock(&p->p_lock);
}

/* Restores the held process from the image at rq_path. */
static long come_back(struct ckpt_save *cs)
{
	struct ckpt_restore *cr = kzalloc(sizeof(*cr), 0);
	long result;

	if (!cr)
		return -ENOMEM;
	cr->cr_way = &at_a_call;
	cr->cr_path = cs->cs_req->rq_path;
	cr->cr_replace = curproc();
	cr->cr_save = cs;
	result = file_open(AT_FDCWD, cr->cr_path, O_RDONLY | O_LARGEFILE, 0, &cr->cr_file);
	if (!result) {
		/*
		 * Not later: the restored process may by then have saved itself
		 * again, under this name.
		 */
		(void)names_unlink(NULL, cr->cr_path);
		result = ckpt_recover(cr);
		file_rele(cr->cr_file);
	}
	kfree(cr);
	return result;
}

static int save_in_place(struct ckpt_save *cs)
{
	int error = ckpt_gather(cs);

	if (!error)
		error = ckpt_pages(cs);
	return error ? error : ckpt_commit(cs, &cs->cs_req->rq_stats);
}

/*
 * Does an lwp wait for a vfork child? The child is not saved with the process.
 */
static bool in_vfork(struct proc *p)
{
	struct lwp *l;
	bool found = false;

	spin_lock(&p->p_lock);
	list_for_each(l, &p->p_lwps, l_plink)
		found |= l->l_vfork != NULL;
	spin_unlock(&p->p_lock);
	return found;
}

/*
 * Skips processes that share memory, descriptors or directories, that wait in a
 * vfork, set-id programs and process 1.
 */
static bool suits(struct proc *p)
{
	return p != initproc && !(p->p_flags & P_SUGID) && p->p_as->a_ref == 1 &&
	       p->p_fdtab->ft_ref == 1 && p->p_fs->fc_ref == 1 && !in_vfork(p);
}

static void save_and_come_back(struct ckpt_request *rq)
{
	struct proc *p = curproc();
	struct ckpt_save *cs = ckpt_save_make(rq, NULL, CS_ITSELF);
	long result = cs ? ckpt_hold(cs) : -ENOMEM;

	if (!result) {
		result = save_in_place(cs);
		if (!result)
			result = come_back(cs);
		/*
		 * If the process was restored, this lwp has left with the old
		 * state, and holds it no longer.
		 */
		if (result < 0 && p->p_holder == curlwp())
			ckpt_release(cs);
		if (result < 0)
			printk_limited(&ckpt_limit, "ckpt: %s: not restored in place (error %d)\n",
				       p->p_comm, (int)-result);
		ckpt_objects_drop(cs);
	}
	if (cs)
		ckpt_save_free(cs);
}

void ckpt_every(void)
{
	struct lwp *l = curlwp();
	struct ckpt_request *rq;
	struct acting ac;
	char name[64];

	if (!suits(l->l_proc))
		return;
	snprintf(name, sizeof(name), "/tmp/every.%d%s", l->l_proc->p_pid, CKPT_SUFFIX);
	/*
	 * The machine's root has room for the image, whatever the process's own
	 * root is.
	 */
	acting_begin(&ac, rootvp, NULL);
	if (ckpt_request_make(name, CKPT_INPLACE, &rq) == 0) {
		save_and_come_back(rq);
		ckpt_request_rele(rq);
	}
	acting_end(&ac);
}
