/* SPDX-License-Identifier: MIT */
/*
 * Counters (fs/counter.h). A counter that a process outside of the image has
 * open is refused.
 */
#include "ckpt/state/state.h"
#include "fs/counter.h"
#include "fs/file.h"
#include "kernel/abi/errno.h"
#include "mm/kmalloc.h"

/* ---- save ---- */

int st_counter_save(struct ckpt_save *cs, struct file *f, u32 *index)
{
	struct ckpt_object *ob = ckpt_object(cs, CO_COUNTER, f->f_vnode);

	if (!ob) {
		ob = ckpt_object_add(cs, CO_COUNTER, f->f_vnode);
		if (!ob || !img_add_counter(&cs->cs_img))
			return -ENOMEM;
	}
	ob->ob_met++;
	*index = ob->ob_index;
	return 0;
}

static int counter_refuse_torn(struct ckpt_save *cs, struct ckpt_object *ob)
{
	if (ob->ob_refused)
		return 0;
	ob->ob_refused = true;
	return ckpt_refuse(cs_name(cs), -EOPNOTSUPP, "a counter of it is another process's, too");
}

int st_counter_torn(struct ckpt_save *cs, struct file *f)
{
	return counter_refuse_torn(cs, ckpt_object(cs, CO_COUNTER, f->f_vnode));
}

static int st_counter_save_shared(struct ckpt_save *cs)
{
	int error = 0;

	for (u32 i = 0; i < ckpt_nobjects(cs, CO_COUNTER) && !error; i++) {
		struct ckpt_object *ob = ckpt_object_at(cs, CO_COUNTER, i);
		u32 files;

		cs->cs_img.i_counter[i].ct_count = counter_get((struct vnode *)ob->ob_ptr, &files);
		if (!ckpt_closed(cs, ob, files))
			error = counter_refuse_torn(cs, ob);
	}
	return error;
}

/* ---- restore ---- */

static int st_counter_restore_begin(struct ckpt_restore *cr)
{
	cr->cr_counterv = kzalloc((cr->cr_img.i_ncounter + 1) * sizeof(*cr->cr_counterv), 0);
	return cr->cr_counterv ? 0 : -ENOMEM;
}

static int st_counter_restore_shared(struct ckpt_restore *cr)
{
	int error = 0;

	for (u32 i = 0; i < cr->cr_img.i_ncounter && !error; i++) {
		error = counter_create(&cr->cr_counterv[i]);
		if (!error)
			counter_set(cr->cr_counterv[i], cr->cr_img.i_counter[i].ct_count);
	}
	return error;
}

static void st_counter_restore_end(struct ckpt_restore *cr, bool failed)
{
	for (u32 i = 0; cr->cr_counterv && i < cr->cr_img.i_ncounter; i++) {
		if (cr->cr_counterv[i])
			vn_rele(cr->cr_counterv[i]);
	}
	kfree(cr->cr_counterv);
}

const struct ckpt_kind st_counter_kind = {
	.k_name = "counters",
	.k_outside = true,
	.k_save_shared = st_counter_save_shared,
	.k_look_shared = st_counter_save_shared,
	.k_restore_begin = st_counter_restore_begin,
	.k_restore_shared = st_counter_restore_shared,
	.k_restore_end = st_counter_restore_end,
};
