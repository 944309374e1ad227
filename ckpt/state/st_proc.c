/* SPDX-License-Identifier: MIT */
/* The process itself: ids, limits, directories, executable, times. */
#include "ckpt/state/state.h"
#include "fs/namei.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/acting.h"
#include "proc/fsctx.h"
#include "proc/rlimit.h"
#include "proc/usage.h"

/* ---- save ---- */

/* The command line as ps shows it: arguments separated by spaces. */
static void save_args(struct img_proc *ip, struct proc *p)
{
	u32 len = p->p_as->a_arg_end - p->p_as->a_arg_start;
	ssize_t n = as_read(p->p_as, p->p_as->a_arg_start, ip->p_args, MIN(len, (u32)sizeof(ip->p_args) - 1));
	u32 end = n > 0 ? (u32)n : 0;

	while (end && !ip->p_args[end - 1])
		end--;
	for (u32 i = 0; i < sizeof(ip->p_args); i++) {
		if (i >= end)
			ip->p_args[i] = '\0';
		else if (!ip->p_args[i])
			ip->p_args[i] = ' ';
	}
}

static void save_times(const struct ckpt_save *cs, struct img_proc *ip, struct proc *p)
{
	u32 resident = p->p_as ? p->p_as->a_hat.h_resident : 0;
	struct usage us;

	spin_lock(&p->p_lock);
	usage_of_proc(p, &us);
	spin_unlock(&p->p_lock);
	ip->p_age = cs->cs_img.i_ident.id_mono_ns - p->p_start_ns;
	ip->p_mono = cs->cs_img.i_ident.id_mono_ns + (u64)p->p_monoff;
	ip->p_utime = p->p_utime;
	ip->p_stime = p->p_stime;
	ip->p_cutime = p->p_cutime;
	ip->p_cstime = p->p_cstime;
	ip->p_minflt = us.us_minflt;
	ip->p_majflt = us.us_majflt;
	ip->p_nvcsw = us.us_nvcsw;
	ip->p_nivcsw = us.us_nivcsw;
	ip->p_maxrss = MAX(us.us_maxrss, resident);
}

/* The state that even a zombie has. */
static void save_identity(const struct ckpt_save *cs, struct img_proc *ip, struct proc *p)
{
	spin_lock(&pidlock);
	ip->p_pid = proc_seen_pid(p);
	ip->p_ppid = pid_seen_by(p, p->p_parent->p_pid);
	ip->p_pgid = pid_seen_by(p, p->p_pgid);
	ip->p_sid = pid_seen_by(p, p->p_sid);
	spin_unlock(&pidlock);
	/* The image has zeros behind the name, whatever p_comm has there. */
	strlcpy_k(ip->p_comm, p->p_comm, sizeof(ip->p_comm));
	ip->p_exitsig = (u32)p->p_exitsig;
	ip->p_nice = p->p_nice;
	ip->p_umask = p->p_fs ? p->p_fs->fc_umask : 0;
	ip->p_exe = ip->p_cwd = ip->p_root = ip->p_ctty = IMG_NONE;
	save_times(cs, ip, p);
}

static int st_proc_save_zombie(struct ckpt_save *cs, struct ckpt_member *cm)
{
	save_identity(cs, cm->cm_img, cm->cm_proc);
	cm->cm_img->p_flags = IMG_PF_ZOMBIE;
	cm->cm_img->p_xstat = (u32)cm->cm_proc->p_xstat;
	return 0;
}

static const struct {
	u32 p_flag, img_flag;
} kept_flags[] = {
	{ P_FORKNOEXEC, IMG_PF_FORKNOEXEC }, { P_WAITSTOP, IMG_PF_WAITSTOP },
	{ P_WAITCONT, IMG_PF_WAITCONT },     { P_STOPTOLD, IMG_PF_STOPTOLD },
	{ P_SUGID, IMG_PF_SUGID },	     { P_TELLCONT, IMG_PF_TELLCONT },
	{ P_NODUMP, IMG_PF_NODUMP },
};

static int save_places(struct ckpt_save *cs, struct img_proc *ip, struct proc *p)
{
	const struct fsctx *fc = p->p_fs; /* not shared: ckpt_check_sharing() */
	int error = 0;

	/*
	 * A program that was unlinked, or that comes from an image, is in the
	 * segments.
	 */
	if (p->p_exe && !st_name_none(p->p_exe))
		error = st_vnode_save(cs, p->p_exe, p->p_exepath, &ip->p_exe);
	if (!error)
		error = st_vnode_save(cs, fc->fc_cwd, fc->fc_cwdpath, &ip->p_cwd);
	if (!error)
		error = st_vnode_save(cs, fc->fc_root, fc->fc_root == rootvp ? "/" : NULL, &ip->p_root);
	return error;
}

static int st_proc_save(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct img_proc *ip = cm->cm_img;
	struct proc *p = cm->cm_proc;

	save_identity(cs, ip, p);
	spin_lock(&p->p_lock);
	for (u32 i = 0; i < ARRAY_SIZE(kept_flags); i++)
		ip->p_flags |= p->p_flags & kept_flags[i].p_flag ? kept_flags[i].img_flag : 0;
	ip->p_stopsig = p->p_flags & P_STOPPED ? (u32)p->p_xstat : 0;
	for (u32 i = 0; i < NRLIMIT; i++) {
		ip->p_rlimit[i].rl_cur = p->p_rlimit[i].rl_cur;
		ip->p_rlimit[i].rl_max = p->p_rlimit[i].rl_max;
	}
	spin_unlock(&p->p_lock);
	save_args(ip, p);
	return save_places(cs, ip, p);
}

/* ---- look ---- */

/* The files of a running process, referenced. */
struct places {
	struct vnode *pl_exe, *pl_cwd, *pl_root;
	char *pl_exepath, *pl_cwdpath;
};

static struct vnode *held(struct vnode *vp)
{
	if (vp)
		vn_hold(vp);
	return vp;
}

static void drop_places(struct places *pl)
{
	struct vnode *v[] = { pl->pl_exe, pl->pl_cwd, pl->pl_root };

	for (u32 i = 0; i < ARRAY_SIZE(v); i++) {
		if (v[i])
			vn_rele(v[i]);
	}
	kfree(pl->pl_exepath);
	kfree(pl->pl_cwdpath);
}

/* Returns: false: no memory for the path. */
static bool get_directories(struct fsctx *fc, struct places *pl)
{
	bool complete;

	spin_lock(&fc->fc_lock);
	pl->pl_cwd = held(fc->fc_cwd);
	pl->pl_root = held(fc->fc_root);
	pl->pl_cwdpath = fc->fc_cwdpath ? kstrdup(fc->fc_cwdpath, KM_NOWAIT) : NULL;
	complete = !fc->fc_cwdpath || pl->pl_cwdpath;
	spin_unlock(&fc->fc_lock);
	return complete;
}

static int get_places(struct proc *p, struct places *pl)
{
	bool complete;

	spin_lock(&p->p_lock);
	pl->pl_exe = held(p->p_exe);
	pl->pl_exepath = p->p_exepath ? kstrdup(p->p_exepath, KM_NOWAIT) : NULL;
	complete = (!p->p_exepath || pl->pl_exepath) && (!p->p_fs || get_directories(p->p_fs, pl));
	spin_unlock(&p->p_lock);
	return complete ? 0 : -ENOMEM;
}

static int proc_look_at(struct ckpt_save *cs, const struct places *pl)
{
	u32 index;
	int error = 0;

	if (pl->pl_exe && !st_name_none(pl->pl_exe))
		error = st_vnode_save(cs, pl->pl_exe, pl->pl_exepath, &index);
	if (!error && pl->pl_cwd)
		error = st_vnode_save(cs, pl->pl_cwd, pl->pl_cwdpath, &index);
	if (!error && pl->pl_root)
		error = st_vnode_save(cs, pl->pl_root, pl->pl_root == rootvp ? "/" : NULL, &index);
	return error;
}

static int st_proc_look(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct places pl = { 0 };
	int error = get_places(cm->cm_proc, &pl);

	if (!error)
		error = proc_look_at(cs, &pl);
	drop_places(&pl);
	return error;
}

/* ---- restore ---- */

static int restore_limits(struct ckpt_restore *cr, const struct img_proc *ip)
{
	struct proc *p = curproc();
	bool super = cred_super(cred_cur());

	for (u32 i = 0; i < NRLIMIT; i++) {
		struct rlimit_k *rl = &p->p_rlimit[i];

		if (!super && ip->p_rlimit[i].rl_max > rl->rl_max)
			return ckpt_refuse(cr->cr_path, -EPERM,
					   "the saved resource limit %u is above the caller's", i);
		rl->rl_cur = ip->p_rlimit[i].rl_cur;
		rl->rl_max = ip->p_rlimit[i].rl_max;
	}
	return 0;
}

/*
 * A running program cannot be written. Only a caller that may execute the file
 * may have that effect.
 */
static int begin_text(struct ckpt_restore *cr, struct vnode *vp)
{
	int error = vp->v_type == VREG ? vn_access(vp, 1) : -EACCES;

	if (error)
		return ckpt_refuse(cr->cr_path, error, "the program of a process is not executable");
	return vn_text_begin(vp);
}

static int restore_exe(struct ckpt_restore *cr, const struct img_proc *ip)
{
	struct proc *p = curproc();
	struct file *f;
	char *path;
	int error = st_vnode_open(cr, ip->p_exe, O_RDONLY, false, &f);

	if (error && st_name_spare(cr, ip->p_exe)) {
		proc_set_exe(p, NULL, NULL);
		return 0;
	}
	if (error)
		return error;
	path = kstrdup(f->f_path, 0);
	error = path ? begin_text(cr, f->f_vnode) : -ENOMEM;
	if (error) {
		kfree(path);
		file_rele(f);
		return error;
	}
	vn_hold(f->f_vnode);
	proc_set_exe(p, f->f_vnode, path);
	file_rele(f);
	return 0;
}

static int restore_cwd(struct ckpt_restore *cr, const struct img_proc *ip)
{
	struct acting ac;
	struct file *f;
	char *path;
	int error = st_vnode_open(cr, ip->p_cwd, O_RDONLY | O_DIRECTORY, false, &f);

	/*
	 * On another machine the directory may be missing: the process is at
	 * its root then.
	 */
	if (error && st_name_spare(cr, ip->p_cwd)) {
		printk_limited(&ckpt_limit, "ckpt: %s: the working directory %s is missing or has changed; the process starts in /\n",
			       cr->cr_path, cr_vnode_path(cr, ip->p_cwd));
		acting_begin(&ac, st_name_root(cr, ip->p_root), NULL);
		error = file_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0, &f);
		acting_end(&ac);
	}
	if (error)
		return error;
	path = kstrdup(f->f_path, 0);
	if (path) {
		vn_hold(f->f_vnode);
		proc_set_cwd(curproc(), f->f_vnode, path);
	}
	file_rele(f);
	return path ? 0 : -ENOMEM;
}

static void restore_times(struct proc *p, const struct img_proc *ip)
{
	p->p_utime = ip->p_utime;
	p->p_stime = ip->p_stime;
	p->p_cutime = ip->p_cutime;
	p->p_cstime = ip->p_cstime;
	p->p_minflt = ip->p_minflt;
	p->p_majflt = ip->p_majflt;
	p->p_nvcsw = ip->p_nvcsw;
	p->p_nivcsw = ip->p_nivcsw;
	p->p_maxrss = ip->p_maxrss;
}

/*
 * The process is stopped if it was, or if the caller wants it
 * (RECOVER_STOPPED). In the second case the parent can wait for the stop, but
 * gets no SIGCHLD for it.
 */
static void restore_flags(struct ckpt_restore *cr, struct proc *p, const struct img_proc *ip)
{
	spin_lock(&p->p_lock);
	p->p_flags &= ~(P_FORKNOEXEC | P_SUGID | P_NODUMP | P_REALIDS);
	for (u32 i = 0; i < ARRAY_SIZE(kept_flags); i++)
		p->p_flags |= ip->p_flags & kept_flags[i].img_flag ? kept_flags[i].p_flag : 0;
	if (ip->p_stopsig) {
		p->p_flags |= P_STOPPED;
		p->p_xstat = (int)ip->p_stopsig;
	} else if (cr->cr_flags & RECOVER_STOPPED) {
		p->p_flags = (p->p_flags & ~(P_WAITCONT | P_TELLCONT)) | P_STOPPED | P_STOPTOLD | P_WAITSTOP;
		p->p_xstat = K_SIGSTOP;
	}
	spin_unlock(&p->p_lock);
}

static int st_proc_restore(struct ckpt_rmember *rm)
{
	struct ckpt_restore *cr = rm->rm_restore;
	const struct img_proc *ip = rm->rm_img;
	struct proc *p = curproc();
	int error = 0;

	if (ip->p_exe != IMG_NONE)
		error = restore_exe(cr, ip);
	else
		proc_set_exe(p, NULL, NULL);
	if (!error)
		error = restore_cwd(cr, ip);
	if (!error)
		error = restore_limits(cr, ip);
	if (error)
		return error;
	if (!cred_super(cred_cur()) && ip->p_nice < p->p_nice)
		return ckpt_refuse(cr->cr_path, -EPERM,
				   "the saved nice value %d is better than the caller's", ip->p_nice);
	p->p_nice = ip->p_nice;
	(void)fsctx_set_umask(p->p_fs, ip->p_umask);
	memcpy(p->p_comm, ip->p_comm, sizeof(p->p_comm));
	p->p_exitsig = ip->p_parent != IMG_NONE ? (int)ip->p_exitsig : K_SIGCHLD;
	restore_times(p, ip);
	restore_flags(cr, p, ip);
	return 0;
}

/* rm_proc is a process without lwps. */
static int st_proc_restore_zombie(struct ckpt_rmember *rm)
{
	const struct img_proc *ip = rm->rm_img;
	struct proc *p = rm->rm_proc;

	memcpy(p->p_comm, ip->p_comm, sizeof(p->p_comm));
	p->p_nice = ip->p_nice;
	p->p_exitsig = (int)ip->p_exitsig;
	p->p_xstat = (int)ip->p_xstat;
	restore_times(p, ip);
	return 0;
}

/* ---- from hidden to visible ---- */

static void st_proc_reveal(const struct ckpt_rmember *rm, struct revealed *rv)
{
	const struct img_proc *ip = rm->rm_img;

	rv->rv_parent = ip->p_parent;
	rv->rv_pid = ip->p_pid;
	rv->rv_pgid = ip->p_pgid;
	rv->rv_sid = ip->p_sid;
}

/*
 * The times of all processes go on at cr_now: their ages and their
 * CLOCK_MONOTONIC.
 */
static void st_proc_ready(struct ckpt_restore *cr)
{
	for (u32 i = 0; i < cr->cr_img.i_nproc; i++) {
		struct ckpt_rmember *rm = &cr->cr_member[i];

		rm->rm_proc->p_start_ns = cr->cr_now - rm->rm_img->p_age;
		rm->rm_proc->p_monoff = (s64)(rm->rm_img->p_mono - cr->cr_now);
	}
}

const struct ckpt_kind st_proc_kind = {
	.k_name = "processes",
	.k_save = st_proc_save,
	.k_save_zombie = st_proc_save_zombie,
	.k_look = st_proc_look,
	.k_restore = st_proc_restore,
	.k_restore_zombie = st_proc_restore_zombie,
	.k_reveal = st_proc_reveal,
	.k_ready = st_proc_ready,
};
