/* SPDX-License-Identifier: MIT */
/*
 * procfs: names of files about processes, and such files without looking
 * whether the process is there: for checkpoints.
 */
#include "fs/procfs.h"
#include "fs/procfs/node.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "proc/proc.h"

bool procfs_about(const struct vnode *vp, struct procfs_about *pa)
{
	const struct pf_node *pn;

	if (vp->v_op != &pf_file_ops && vp->v_op != &pf_dir_ops)
		return false;
	pn = pf_node(vp);
	*pa = (struct procfs_about){ .pa_pid = pn->pn_pid, .pa_start = pn->pn_start, .pa_tid = pn->pn_tid };
	return pn->pn_pid != 0;
}

/* A name that is being put together. */
struct naming {
	const struct pf_node *na_node;
	pid_t na_tid;
	char *na_buf;
	u32 na_size, na_len;
};

static void name_put(struct naming *na, const char *component)
{
	int n = snprintf(na->na_buf + na->na_len, na->na_size - na->na_len, "/%s", component);

	na->na_len = MIN(na->na_len + (u32)n, na->na_size - 1);
}

static void put_number(struct naming *na, int num)
{
	char text[12];

	snprintf(text, sizeof(text), "%d", num);
	name_put(na, text);
}

static bool name_in(struct naming *na, const struct pf_dir *pd, bool thread);

/* The node is what pe stands for, or below that. */
static bool is_or_below(struct naming *na, const struct pf_entry *pe, bool thread)
{
	/* Threads have the entries of their process. */
	return (pe == na->na_node->pn_entry && thread == (na->na_node->pn_tid != 0)) ||
	       (pe->pe_dir && name_in(na, pe->pe_dir, thread));
}

/* The tables are three levels deep. */
static bool name_in(struct naming *na, const struct pf_dir *pd, bool thread)
{
	const struct pf_node *pn = na->na_node;
	u32 before = na->na_len;

	for (u32 i = 0; i < pd->pd_n; i++) {
		name_put(na, pd->pd_entry[i].pe_name);
		if (is_or_below(na, &pd->pd_entry[i], thread))
			return true;
		na->na_len = before;
	}
	if (pd->pd_what == PF_TID ? pn->pn_tid != 0 : pd->pd_what == PF_FD && pn->pn_fd >= 0) {
		put_number(na, pd->pd_what == PF_TID ? na->na_tid : pn->pn_fd);
		if (is_or_below(na, pd->pd_numbered, thread || pd->pd_what == PF_TID))
			return true;
		na->na_len = before;
	}
	return false;
}

void procfs_name(const struct vnode *vp, const struct procfs_about *pa, char *buf, u32 size)
{
	struct naming na = { .na_node = pf_node(vp), .na_tid = pa->pa_tid, .na_buf = buf, .na_size = size };

	na.na_len = (u32)snprintf(buf, size, "%d", pa->pa_pid);
	(void)is_or_below(&na, &pf_pid_entry, false);
	buf[na.na_len] = '\0';
}

int procfs_make(struct vnode *root, const char *name, struct vnode **vpp)
{
	struct vnode *dvp = root, *vp;
	int error = 0;

	if (root->v_op != &pf_dir_ops || pf_node(root)->pn_entry->pe_dir != &pf_root_dir)
		return -ENOENT;
	vn_hold(dvp);
	while (*name) {
		u32 len = (u32)(strchr(name, '/') ? strchr(name, '/') - name : (int)strlen(name));

		error = dvp->v_op == &pf_dir_ops ? pf_child_of_nobody(dvp, name, len, &vp) : -ENOENT;
		vn_rele(dvp);
		if (error)
			return error;
		dvp = vp;
		name += len + (name[len] == '/');
	}
	if (dvp->v_op != &pf_dir_ops && dvp->v_op != &pf_file_ops)
		error = -ENOENT;
	if (error)
		vn_rele(dvp);
	*vpp = dvp;
	return error;
}

void procfs_bind(struct vnode *vp, const struct procfs_about *pa)
{
	for (; vp && pf_node(vp)->pn_entry->pe_dir != &pf_root_dir; vp = pf_node(vp)->pn_parent) {
		struct pf_node *pn = pf_node(vp);

		pn->pn_pid = pa->pa_pid;
		pn->pn_start = pa->pa_start;
		if (pn->pn_tid)
			pn->pn_tid = pa->pa_tid;
		vp->v_ino = pf_ino(pn);
	}
}
