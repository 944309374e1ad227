/* SPDX-License-Identifier: MIT */
/* procfs: tables as directories. */
#include "fs/procfs/node.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "proc/pidspace.h"
#include "proc/proc.h"

/* readdir offset of the table's first line; 0 is ".", 1 is ".." */
#define FIRST_ENTRY 2
#define FIRST_NUMBER 256 /* ... of number 0 */

/* A number as a name: decimal, no leading zeros. */
static bool dir_parse_number(const char *name, u32 len, u32 *num)
{
	u32 n = 0;

	if (len == 0 || len > 9 || (name[0] == '0' && len > 1))
		return false;
	for (u32 i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		n = n * 10 + (u32)(name[i] - '0');
	}
	*num = n;
	return true;
}

/* The child of pn that number num stands for. -ENOENT */
static int numbered_child(const struct pf_node *pn, u32 num, struct pf_node *child)
{
	struct proc *p;

	child->pn_entry = pn->pn_entry->pe_dir->pd_numbered;
	switch (pn->pn_entry->pe_dir->pd_what) {
	case PF_PID:
		/*
		 * A thread's id leads to its process as well; it is not listed.
		 */
		p = proc_find_thread((pid_t)num);
		if (!p)
			return -ENOENT;
		child->pn_pid = p->p_pid;
		child->pn_tid = p->p_pid == (pid_t)num ? 0 : (pid_t)num;
		child->pn_start = p->p_start_ns;
		child->pn_nclosed = p->p_nclosed;
		proc_rele(p);
		return 0;
	case PF_TID: child->pn_tid = (pid_t)num; return 0;
	case PF_FD: child->pn_fd = (int)num; return 0;
	default: return -ENOENT;
	}
}

static const struct pf_entry *dir_find_entry(const struct pf_dir *pd, const char *name, u32 len)
{
	for (u32 i = 0; i < pd->pd_n; i++) {
		const char *s = pd->pd_entry[i].pe_name;

		if (strlen(s) == len && memcmp(s, name, len) == 0)
			return &pd->pd_entry[i];
	}
	return NULL;
}

static int find_child(const struct pf_node *pn, const struct pf_ctx *c, const char *name, u32 len,
		      struct pf_node *child)
{
	const struct pf_dir *pd = pn->pn_entry->pe_dir;
	const struct pf_entry *pe = dir_find_entry(pd, name, len);
	u32 num, found;

	*child = *pn;
	if (pe) {
		child->pn_entry = pe;
		return 0;
	}
	if (pd->pd_what == PF_NONE || !dir_parse_number(name, len, &num))
		return -ENOENT;
	if (pd->pd_what != PF_FD)
		num = (u32)pid_real((pid_t)num);
	found = num;
	if (pd->pd_what != PF_PID && (!pd->pd_next(c, &found) || found != num))
		return -ENOENT;
	return numbered_child(pn, num, child);
}

int pf_child_of_nobody(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp)
{
	const struct pf_dir *pd = pf_node(dvp)->pn_entry->pe_dir;
	struct pf_node child = *pf_node(dvp);
	u32 num;

	child.pn_entry = dir_find_entry(pd, name, len);
	if (!child.pn_entry) {
		if (pd->pd_what == PF_NONE || !dir_parse_number(name, len, &num))
			return -ENOENT;
		child.pn_entry = pd->pd_numbered;
		if (pd->pd_what == PF_TID)
			child.pn_tid = (pid_t)num;
		if (pd->pd_what == PF_FD)
			child.pn_fd = (int)num;
	}
	return pf_vnode(dvp->v_vfs, &child, dvp, vpp);
}

static int pf_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp)
{
	const struct pf_node *pn = pf_node(dvp);
	struct pf_node child;
	struct pf_ctx c;
	int error;

	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))) {
		*vpp = len == 1 || !pn->pn_parent ? dvp : pn->pn_parent;
		vn_hold(*vpp);
		return 0;
	}
	if (pf_ctx_get(pn, &c) != 0)
		return -ENOENT;
	error = pf_guard(pn, &c);
	if (!error)
		error = find_child(pn, &c, name, len, &child);
	pf_ctx_put(&c);
	return error ? error : pf_vnode(dvp->v_vfs, &child, dvp, vpp);
}

static bool list_entries(const struct pf_node *pn, u32 from, dirent_fn fn, void *arg)
{
	const struct pf_dir *pd = pn->pn_entry->pe_dir;
	struct pf_node child = *pn;

	for (u32 i = from; i < pd->pd_n; i++) {
		const struct pf_entry *pe = &pd->pd_entry[i];

		child.pn_entry = pe;
		if (!fn(arg, pe->pe_name, (u32)strlen(pe->pe_name), pf_ino(&child), pf_type(pe),
			(off_t)i + FIRST_ENTRY + 1))
			return false;
	}
	return true;
}

static void list_numbers(const struct pf_node *pn, const struct pf_ctx *c, u32 num, dirent_fn fn, void *arg)
{
	const struct pf_dir *pd = pn->pn_entry->pe_dir;
	struct pf_node child;
	char name[12];
	int len;

	for (; pd->pd_next(c, &num); num++) {
		child = *pn;
		/*
		 * One whose number the reader remembers as another's cannot be
		 * reached by him, and is not there.
		 */
		if (pn->pn_entry->pe_dir->pd_what != PF_FD && pid_real(pid_seen((pid_t)num)) != (pid_t)num)
			continue;
		if (numbered_child(pn, num, &child) != 0)
			continue; /* just gone */
		len = snprintf(name, sizeof(name), "%d",
			       pn->pn_entry->pe_dir->pd_what == PF_FD ? (pid_t)num : pid_seen((pid_t)num));
		if (!fn(arg, name, (u32)len, pf_ino(&child), pf_type(pd->pd_numbered), (off_t)num + 1 + FIRST_NUMBER))
			return;
	}
}

static void list(struct vnode *dvp, const struct pf_ctx *c, off_t off, dirent_fn fn, void *arg)
{
	const struct pf_node *pn = pf_node(dvp);
	ino_t up = pn->pn_parent ? pn->pn_parent->v_ino : dvp->v_ino;

	if (off == 0 && !fn(arg, ".", 1, dvp->v_ino, VDIR, 1))
		return;
	if (off <= 1 && !fn(arg, "..", 2, up, VDIR, FIRST_ENTRY))
		return;
	if (off < FIRST_NUMBER && !list_entries(pn, off > FIRST_ENTRY ? (u32)off - FIRST_ENTRY : 0, fn, arg))
		return;
	if (pn->pn_entry->pe_dir->pd_what != PF_NONE && off <= (off_t)INT32_MAX)
		list_numbers(pn, c, off > FIRST_NUMBER ? (u32)off - FIRST_NUMBER : 0, fn, arg);
}

static int pf_readdir(struct vnode *dvp, off_t off, dirent_fn fn, void *arg)
{
	struct pf_ctx c;
	int error;

	if (pf_ctx_get(pf_node(dvp), &c) != 0)
		return -ENOENT;
	error = pf_guard(pf_node(dvp), &c);
	if (!error)
		list(dvp, &c, off, fn, arg);
	pf_ctx_put(&c);
	return error;
}

const struct vnodeops pf_dir_ops = {
	.vop_getattr = pf_getattr,
	.vop_setattr = pf_setattr,
	.vop_lookup = pf_lookup,
	.vop_readdir = pf_readdir,
	.vop_inactive = pf_inactive,
	.vop_reclaim = pf_reclaim,
};
