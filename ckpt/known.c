/* SPDX-License-Identifier: MIT */
/*
 * Files that this save has met already, with the paths that led to them. The
 * processes of a family run the same programs in the same directory, and
 * looking up a name costs more than all the rest of a process.
 *
 * The list holds the files, so the address of a vnode identifies it, even if
 * the processes go on (CKPTCTL_CAN).
 */
#include "ckpt/save.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

static u32 *known_bucket_of(struct ckpt_save *cs, const struct vnode *vp)
{
	return &cs->cs_knownat[((u32)vp * 0x9e3779b1u >> 16) % CKPT_BUCKETS];
}

static bool same_path(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool ckpt_known(struct ckpt_save *cs, const struct vnode *vp, const char *path, u32 *index)
{
	/* 1 + a place in cs_known; 0: the end of the chain. */
	for (u32 i = *known_bucket_of(cs, vp); i; i = cs->cs_known[i - 1].ck_next) {
		const struct ckpt_known *ck = &cs->cs_known[i - 1];

		if (ck->ck_vp == vp && same_path(ck->ck_path, path)) {
			*index = ck->ck_index;
			return true;
		}
	}
	return false;
}

int ckpt_know(struct ckpt_save *cs, struct vnode *vp, const char *path, u32 index)
{
	u32 *head = known_bucket_of(cs, vp);
	struct ckpt_known *ck;
	char *copy = NULL;

	if (path) {
		copy = kstrdup(path, 0);
		if (!copy)
			return -ENOMEM;
	}
	ck = CKPT_GROW(cs->cs_known, cs->cs_nknown);
	if (!ck) {
		kfree(copy);
		return -ENOMEM;
	}
	vn_hold(vp);
	*ck = (struct ckpt_known){ .ck_vp = vp, .ck_path = copy, .ck_index = index, .ck_next = *head };
	*head = cs->cs_nknown;
	return 0;
}

void ckpt_forget(struct ckpt_save *cs)
{
	for (u32 i = 0; i < cs->cs_nknown; i++) {
		vn_rele(cs->cs_known[i].ck_vp);
		kfree(cs->cs_known[i].ck_path);
	}
	kfree(cs->cs_known);
	cs->cs_known = NULL;
	cs->cs_nknown = 0;
}
