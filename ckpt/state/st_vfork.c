/* SPDX-License-Identifier: MIT */
/*
 * vfork(2) in progress. The parent waits, at the boundary, until its child
 * stops using its memory. Both are saved as they are, and the restored parent
 * waits again.
 *
 * The save cannot wait for the child's exec or exit: the child may sleep for
 * any time before, even for an action of its own family, which stands still.
 */
#include "ckpt/state/state.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "proc/sched/lwp_impl.h"

/* ---- save ---- */

/* The child that l waits for; NULL: it waits for none, or not any more. */
static struct proc *awaited(const struct lwp *l)
{
	struct proc *child = l->l_vfork;
	bool waits;

	if (!child)
		return NULL;
	spin_lock(&child->p_lock);
	waits = child->p_vforked;
	spin_unlock(&child->p_lock);
	return waits ? child : NULL;
}

/* The place in the image of the lwp with this id, as its process sees ids. */
static u32 place_of(const struct img_proc *ip, pid_t tid)
{
	u32 k = 0;

	while (ip->p_lwp[k].l_tid != tid)
		k++;
	return k;
}

static int save_member(struct ckpt_save *cs, u32 i)
{
	struct ckpt_member *cm = &cs->cs_member[i];
	struct lwp *l;

	list_for_each(l, &cm->cm_proc->p_lwps, l_plink) {
		struct proc *child = awaited(l);
		u32 place = child ? ckpt_place(cs, child) : IMG_NONE;

		if (!child)
			continue;
		if (place == IMG_NONE)
			return ckpt_refuse(cm->cm_proc->p_comm, -EOPNOTSUPP,
					   "it waits in vfork for process %d, which would be missing in the image",
					   child->p_pid);
		cs->cs_img.i_proc[place].p_waiter = i;
		cs->cs_img.i_proc[place].p_waiterlwp = place_of(cm->cm_img, pid_seen_by(l->l_proc, l->l_tid));
	}
	return 0;
}

static int st_vfork_save_shared(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < cs->cs_nmember && !error; i++)
		error = cs->cs_member[i].cm_zombie ? 0 : save_member(cs, i);
	return error;
}

/* ---- restore ---- */

static void st_vfork_ready(struct ckpt_restore *cr)
{
	for (u32 i = 0; i < cr->cr_img.i_nproc; i++) {
		const struct img_proc *ip = &cr->cr_img.i_proc[i];
		struct proc *child = cr->cr_member[i].rm_proc;

		if (ip->p_waiter == IMG_NONE)
			continue;
		/* Both are hidden until the commit: no other lock. */
		spin_lock(&pidlock);
		child->p_ref++;
		spin_unlock(&pidlock);
		child->p_vforked = true;
		cr->cr_member[ip->p_waiter].rm_lwps[ip->p_waiterlwp]->l_vfork = child;
	}
}

const struct ckpt_kind st_vfork_kind = { .k_name = "vfork", .k_save_shared = st_vfork_save_shared, .k_ready = st_vfork_ready };
