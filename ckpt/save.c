/* SPDX-License-Identifier: MIT */
/* A save in progress: gathers the state of processes that stand still. */
#include "ckpt/state/owners.h"
#include "ckpt/state/state.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/fsctx.h"
#include "proc/utsname.h"

struct ckpt_save *ckpt_save_make(struct ckpt_request *rq, struct lwp *caller, u32 flags)
{
	struct ckpt_save *cs = kzalloc(sizeof(*cs), 0);

	if (!cs)
		return NULL;
	img_init(&cs->cs_img, &ckpt_mem);
	ckpt_members_init(cs);
	cs->cs_req = rq;
	cs->cs_caller = caller;
	cs->cs_itself = flags & CS_ITSELF;
	cs->cs_kept = flags & CS_KEPT;
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
	ckpt_objects_free(cs); /* references: see ckpt_objects_drop() */
	ckpt_forget(cs);
	kfree(cs->cs_data);
	kfree(cs->cs_flush);
	img_free(&cs->cs_img);
	ckpt_request_rele(cs->cs_req);
	kfree(cs);
}

/*
 * Notes that cm has an object (an address space or a descriptor table) that
 * processes share whole. *with: the place of the first member that has it.
 * Returns: the pid of a process outside of the image that has it too; 0: there
 * is none.
 * Errors: -ENOMEM.
 */
static int save_find_first(struct ckpt_save *cs, struct ckpt_member *cm, enum ckpt_class class,
			   const void *ptr, u32 refs, u32 *with)
{
	struct ckpt_object *ob = ckpt_object(cs, class, ptr);

	if (!ob) {
		ob = ckpt_object_add(cs, class, ptr);
		if (!ob)
			return -ENOMEM;
		ob->ob_index = (u32)(cm - cs->cs_member);
	}
	ob->ob_met++;
	*with = ob->ob_index;
	/*
	 * References that were not met yet may be those of later members, which
	 * ckpt_outsider() skips.
	 */
	return ckpt_closed(cs, ob, refs) ? 0 : ckpt_outsider(cs, class, ptr);
}

/*
 * CLONE_FS. With CKPTCTL_CAN the process may exit meanwhile, and has no
 * directories then.
 */
static bool shares_directories(struct proc *p)
{
	bool shares;

	spin_lock(&p->p_lock);
	shares = p->p_fs && p->p_fs->fc_ref > 1;
	spin_unlock(&p->p_lock);
	return shares;
}

int ckpt_check_sharing(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct proc *p = cm->cm_proc;
	struct img_proc *ip = cm->cm_img;
	pid_t child_pid = 0;
	int pid = save_find_first(cs, cm, CO_AS, cm->cm_as, cm->cm_as->a_ref, &ip->p_mem);

	if (pid > 0)
		pid = ckpt_refuse(p->p_comm, -EOPNOTSUPP,
				  "its memory is shared with process %d, outside of the image", pid);
	if (pid < 0)
		return pid;
	pid = save_find_first(cs, cm, CO_FDTAB, cm->cm_fdtab, cm->cm_fdtab->ft_ref, &ip->p_fds);
	if (pid > 0)
		pid = ckpt_refuse(p->p_comm, -EOPNOTSUPP,
				  "its descriptor table is shared with process %d, outside of the image", pid);
	if (pid < 0)
		return pid;
	if (shares_directories(p))
		return ckpt_refuse(p->p_comm, -EOPNOTSUPP,
				   "its working directory is shared with another process (CLONE_FS)");
	if (cs->cs_req->rq_flags & CKPT_TREE)
		return 0;
	spin_lock(&pidlock);
	if (!list_empty(&p->p_children))
		child_pid = list_first(&p->p_children, struct proc, p_sibling)->p_pid;
	spin_unlock(&pidlock);
	if (child_pid)
		return ckpt_lacks(cs, p->p_comm, "its child, process %d, would be missing in the image; CKPT_TREE (-t) saves it too",
				  child_pid);
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

static int save_member(struct ckpt_save *cs, struct ckpt_member *cm)
{
	int error;

	ASSERT(cm->cm_zombie || proc_stands(cm->cm_proc));
	cm->cm_img->p_parent = cm->cm_parent;
	error = cm->cm_zombie ? 0 : ckpt_check_sharing(cs, cm);
	for (u32 i = 0; i < ckpt_nkinds && !error; i++) {
		const struct ckpt_kind *k = ckpt_kinds[i];

		if (cm->cm_zombie)
			error = k->k_save_zombie ? k->k_save_zombie(cs, cm) : 0;
		else
			error = k->k_save ? k->k_save(cs, cm) : 0;
	}
	return error ? error : ckpt_request_wanted(cs->cs_req);
}

/* Makes room in the image for each member. */
static int place_members(struct ckpt_save *cs)
{
	int error = img_add_procs(&cs->cs_img, cs->cs_nmember);

	for (u32 i = 0; i < cs->cs_nmember && !error; i++) {
		struct ckpt_member *cm = &cs->cs_member[i];

		cm->cm_img = &cs->cs_img.i_proc[i];
		if (!cm->cm_zombie) {
			cm->cm_as = cm->cm_proc->p_as;
			cm->cm_fdtab = cm->cm_proc->p_fdtab;
		}
	}
	return error;
}

static int save_all(struct ckpt_save *cs)
{
	int error = place_members(cs);

	for (u32 i = 0; i < ckpt_nkinds && !error; i++)
		error = ckpt_kinds[i]->k_save_begin ? ckpt_kinds[i]->k_save_begin(cs) : 0;
	for (u32 i = 0; i < cs->cs_nmember && !error; i++)
		error = save_member(cs, &cs->cs_member[i]);
	for (u32 i = 0; i < ckpt_nkinds && !error; i++)
		error = ckpt_kinds[i]->k_save_shared ? ckpt_kinds[i]->k_save_shared(cs) : 0;
	return error;
}

int ckpt_gather(struct ckpt_save *cs)
{
	fill_ident(&cs->cs_img.i_ident);
	cs->cs_img.i_stats = 1;
	return save_all(cs);
}

int ckpt_contents(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < ckpt_nkinds && !error; i++)
		error = ckpt_kinds[i]->k_save_contents ? ckpt_kinds[i]->k_save_contents(cs) : 0;
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
