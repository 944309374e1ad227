/* SPDX-License-Identifier: MIT */
/*
 * Files and directories of /proc about a process. If the process is in the
 * image, its files are about the restored process, whatever its pid is then. A
 * file about any other process is about that process as long as it exists, and
 * then about a process that has exited.
 */
#include "ckpt/state/state.h"
#include "fs/namei.h"
#include "fs/procfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/acting.h"
#include "proc/pidspace.h"

/* ---- save ---- */

static struct ckpt_member *member_of(struct ckpt_save *cs, const struct procfs_about *pa)
{
	for (u32 i = 0; i < cs->cs_nmember; i++) {
		struct proc *p = cs->cs_member[i].cm_proc;

		if (p->p_pid == pa->pa_pid && p->p_start_ns == pa->pa_start)
			return &cs->cs_member[i];
	}
	return NULL;
}

/* v_rdev: where the pid begins in the path, behind the mount point of /proc. */
static int add(struct ckpt_save *cs, struct vnode *vp, const char *mount,
	       const struct procfs_about *pa, struct img_vnode *v)
{
	u32 size = (u32)strlen(mount) + 1 + PROCFS_NAME_MAX;
	char *path = kmalloc(size, 0);
	int n;

	if (!path)
		return -ENOMEM;
	n = snprintf(path, size, "%s/", strcmp(mount, "/") == 0 ? "" : mount);
	procfs_name(vp, pa, path + n, size - (u32)n);
	v->v_rdev = (u32)n;
	v->v_path = path;
	n = img_add_vnode(&cs->cs_img, v);
	kfree(path);
	return n;
}

int st_about_save(struct ckpt_save *cs, struct vnode *vp, const struct procfs_about *pa, u32 *index)
{
	struct ckpt_member *cm = member_of(cs, pa);
	struct procfs_about seen = *pa;
	struct img_vnode v = { .v_mode = vp->v_type == VDIR ? S_IFDIR : S_IFREG, .v_flags = IMG_VF_PROCESS };
	char *mount;
	int error;

	if (cm) {
		v.v_ino = (u64)(cm - cs->cs_member) + 1;
		spin_lock(&pidlock);
		seen.pa_pid = proc_seen_pid(cm->cm_proc);
		seen.pa_tid = pid_seen_by(cm->cm_proc, pa->pa_tid);
		spin_unlock(&pidlock);
	} else {
		v.v_size = pa->pa_start;
	}
	error = st_name_of(vp->v_vfs->vfs_root, &mount);
	if (error == -ENOENT)
		return ckpt_refuse(cs_name(cs), -EOPNOTSUPP,
				   "a /proc file of process %d lies below a mount point that has no name",
				   pa->pa_pid);
	if (error)
		return error;
	error = add(cs, vp, mount, &seen, &v);
	kfree(mount);
	if (error < 0)
		return error;
	*index = (u32)error;
	return 0;
}

/* ---- restore ---- */

/* Opens the mount point of /proc. *name: the path from there. */
static int open_mount(struct ckpt_restore *cr, u32 index, const char **name, struct file **fp)
{
	const struct img_vnode *v = &cr->cr_img.i_vnode[index];
	u32 below = (u32)strlen(v->v_path) - v->v_rdev, nolinks, len;
	struct vnode *root;
	struct acting ac;
	const char *path;
	char *mount;
	int error;

	root = st_name_base(cr, index, &path, &nolinks);
	len = (u32)strlen(path);
	if (len <= below)
		return -ENOENT;
	mount = kmalloc(len - below + 1, 0);
	if (!mount)
		return -ENOMEM;
	strlcpy_k(mount, path, len - below + 1);
	*name = path + len - below;
	acting_begin(&ac, root, NULL);
	error = file_open(AT_FDCWD, mount, O_PATH | O_DIRECTORY | nolinks, 0, fp);
	acting_end(&ac);
	kfree(mount);
	return error;
}

int st_about_make(struct ckpt_restore *cr, u32 index, struct vnode **vpp)
{
	const char *name;
	struct file *f;
	int error = open_mount(cr, index, &name, &f);

	if (!error) {
		error = procfs_make(f->f_vnode, name, vpp);
		file_rele(f);
	}
	if (!error && (S_ISDIR(cr->cr_img.i_vnode[index].v_mode) != ((*vpp)->v_type == VDIR))) {
		vn_rele(*vpp);
		error = -ENOENT;
	}
	if (error)
		return ckpt_refuse(cr->cr_path, error, "cannot open %s again (error %d)",
				   cr_vnode_path(cr, index), -error);
	return 0;
}

static pid_t number_in(const char *name)
{
	pid_t n = 0;

	while (*name >= '0' && *name <= '9' && n < IMG_PID_MAX)
		n = n * 10 + (*name++ - '0');
	return n;
}

/*
 * The process that vnode `index` is about. For a member: call it once the
 * member has its ids.
 */
static void find_about(struct ckpt_restore *cr, u32 index, struct procfs_about *pa)
{
	const struct img_vnode *v = &cr->cr_img.i_vnode[index];
	struct ckpt_rmember *rm = v->v_ino ? &cr->cr_member[v->v_ino - 1] : NULL;

	(void)procfs_about(cr->cr_anew[index], pa);
	if (!rm) {
		pa->pa_pid = number_in(v->v_path + v->v_rdev);
		pa->pa_start = v->v_size;
		return;
	}
	pa->pa_pid = rm_identity(rm)->p_pid;
	pa->pa_start = rm->rm_proc->p_start_ns;
	for (u32 i = 0; pa->pa_tid && i < rm->rm_img->p_nlwp; i++) {
		if (rm->rm_img->p_lwp[i].l_tid == pa->pa_tid) {
			pa->pa_tid = rm->rm_lwps[i]->l_tid;
			break;
		}
	}
}

int st_about_access(struct ckpt_restore *cr, u32 index, u32 oflags)
{
	static const int wanted[] = { [O_RDONLY] = 4, [O_WRONLY] = 2, [O_RDWR] = 6, [O_ACCMODE] = 6 };
	struct vnode *vp = cr->cr_anew[index];
	struct procfs_about pa;
	pid_t tid;
	int error;

	/* A caller that may restore a process may see it. */
	if (cr->cr_img.i_vnode[index].v_ino || (oflags & O_PATH))
		return 0;
	find_about(cr, index, &pa);
	tid = pa.pa_tid;
	procfs_bind(vp, &pa);
	error = vn_access(vp, wanted[oflags & O_ACCMODE]);
	procfs_bind(vp, &(struct procfs_about){ .pa_tid = tid });
	if (!error || error == -ENOENT /* it has exited */)
		return 0;
	return ckpt_refuse(cr->cr_path, error, "cannot open %s again (error %d)",
			   cr_vnode_path(cr, index), -error);
}

/* The processes have their ids now. */
static void st_about_ready(struct ckpt_restore *cr)
{
	for (u32 i = 0; i < cr->cr_img.i_nvnode; i++) {
		struct procfs_about pa;

		if (!(cr->cr_img.i_vnode[i].v_flags & IMG_VF_PROCESS) || !cr->cr_anew[i])
			continue;
		find_about(cr, i, &pa);
		procfs_bind(cr->cr_anew[i], &pa);
	}
}

const struct ckpt_kind st_about_kind = { .k_name = "files about processes", .k_ready = st_about_ready };
