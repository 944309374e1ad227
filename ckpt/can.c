/* SPDX-License-Identifier: MIT */
/*
 * CKPTCTL_CAN: what keeps a process, or a tree, from being saved, without
 * stopping it. The functions of the save look for what they would refuse, on
 * processes that go on running. So all objects that they follow are held by
 * references first, and what they gather is thrown away. Each refusal becomes a
 * line, and the search goes on (ckpt_refuse()).
 *
 * The answer describes the moment, like any answer about a running process.
 */
#include "ckpt/sink.h"
#include "ckpt/state/state.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"

/*
 * The member goes on running: holds its address space and its descriptor table
 * while they are looked at. An exiting process has nothing left that could be
 * refused.
 */
static void hold_member(struct ckpt_member *cm)
{
	struct proc *p = cm->cm_proc;

	mutex_lock(&p->p_execlock);
	cm->cm_as = p->p_as;
	if (cm->cm_as)
		as_hold(cm->cm_as);
	mutex_unlock(&p->p_execlock);
	if (!cm->cm_as)
		return;
	spin_lock(&p->p_lock);
	cm->cm_fdtab = p->p_fdtab;
	if (cm->cm_fdtab)
		fdtab_hold(cm->cm_fdtab);
	spin_unlock(&p->p_lock);
}

static int hold_all(struct ckpt_save *cs)
{
	int error = img_add_procs(&cs->cs_img, cs->cs_nmember);

	for (u32 i = 0; i < cs->cs_nmember && !error; i++) {
		struct ckpt_member *cm = &cs->cs_member[i];

		cm->cm_img = &cs->cs_img.i_proc[i];
		if (!cm->cm_zombie && !cm->cm_barred)
			hold_member(cm);
	}
	return error;
}

static void drop_all(struct ckpt_save *cs)
{
	ckpt_objects_drop(cs);
	for (u32 i = 0; i < cs->cs_nmember; i++) {
		struct ckpt_member *cm = &cs->cs_member[i];

		if (cm->cm_as)
			as_rele(cm->cm_as);
		if (cm->cm_fdtab)
			fdtab_rele(cm->cm_fdtab);
		cm->cm_as = NULL;
	}
}

static int look_at_member(struct ckpt_save *cs, struct ckpt_member *cm)
{
	int error;

	if (!cm->cm_as)
		return 0;
	error = cm->cm_fdtab ? ckpt_check_sharing(cs, cm) : 0;
	for (u32 i = 0; i < ckpt_nkinds && !error; i++)
		error = ckpt_kinds[i]->k_look ? ckpt_kinds[i]->k_look(cs, cm) : 0;
	return error;
}

static int look_at_all(struct ckpt_save *cs)
{
	int error = hold_all(cs);

	for (u32 i = 0; i < ckpt_nkinds && !error; i++)
		error = ckpt_kinds[i]->k_save_begin ? ckpt_kinds[i]->k_save_begin(cs) : 0;
	for (u32 i = 0; i < cs->cs_nmember && !error; i++)
		error = look_at_member(cs, &cs->cs_member[i]);
	for (u32 i = 0; i < ckpt_nkinds && !error; i++)
		error = ckpt_kinds[i]->k_look_shared ? ckpt_kinds[i]->k_look_shared(cs) : 0;
	drop_all(cs);
	return error;
}

static int look_for_obstacles(struct proc *p, struct ckpt_sink *s)
{
	struct lwp *l = curlwp();
	struct ckpt_request *rq;
	struct ckpt_save *cs;
	int error = ckpt_request_make(NULL, s->s_out.ob_flags, &rq);

	if (error)
		return error;
	cs = ckpt_save_make(rq, NULL, CS_ITSELF);
	error = cs ? 0 : -ENOMEM;
	if (!error) {
		l->l_ckptsink = s;
		error = ckpt_look(cs, p);
		if (!error)
			error = look_at_all(cs);
		l->l_ckptsink = NULL;
		ckpt_save_free(cs);
	}
	ckpt_request_rele(rq);
	return error;
}

long ckpt_can(struct proc *p, uaddr_t buf, bool volatiles)
{
	struct ckpt_sink *s = kzalloc(sizeof(*s), 0);
	long result;

	if (!s)
		return -ENOMEM;
	s->s_volatile = volatiles;
	result = copyin(&s->s_out.ob_flags, buf, sizeof(s->s_out.ob_flags));
	if (!result && (s->s_out.ob_flags & ~(CKPT_TREE | CKPT_SELF | CKPT_JOB | CKPT_SESSION)))
		result = -EINVAL;
	if (!result)
		result = look_for_obstacles(p, s);
	if (!result)
		result = copyout(buf, &s->s_out, sizeof(s->s_out));
	if (!result)
		result = (long)s->s_count;
	kfree(s);
	return result;
}
