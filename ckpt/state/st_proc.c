/* SPDX-License-Identifier: MIT */
/* The process itself: ids, credentials, limits, directories, executable, times. */
#include "ckpt/ckpt.h"
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
#include "proc/fsctx.h"
#include "proc/rlimit.h"
#include "proc/usage.h"

/* ---- save ---- */

static void save_cred(struct img_proc *ip, const struct cred *cr)
{
	ip->p_uid = cr->cr_uid;
	ip->p_euid = cr->cr_euid;
	ip->p_suid = cr->cr_suid;
	ip->p_fsuid = cr->cr_fsuid;
	ip->p_gid = cr->cr_gid;
	ip->p_egid = cr->cr_egid;
	ip->p_sgid = cr->cr_sgid;
	ip->p_fsgid = cr->cr_fsgid;
	ip->p_ngroups = cr->cr_ngroups;
	memcpy(ip->p_groups, cr->cr_groups, cr->cr_ngroups * sizeof(cr->cr_groups[0]));
}

/* The command line as ps shows it: arguments with blanks between. */
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

/* What even a zombie has. */
static void save_identity(const struct ckpt_save *cs, struct img_proc *ip, struct proc *p)
{
	spin_lock(&pidlock);
	ip->p_pid = proc_seen_pid(p);
	ip->p_ppid = pid_seen_by(p, p->p_parent->p_pid);
	ip->p_pgid = pid_seen_by(p, p->p_pgid);
	ip->p_sid = pid_seen_by(p, p->p_sid);
	spin_unlock(&pidlock);
	/* The image is zero behind the name, whatever stood there before. */
	strlcpy_k(ip->p_comm, p->p_comm, sizeof(ip->p_comm));
	ip->p_exitsig = (u32)p->p_exitsig;
	ip->p_nice = p->p_nice;
	ip->p_umask = p->p_fs ? p->p_fs->fc_umask : 0;
	ip->p_exe = ip->p_cwd = ip->p_root = ip->p_ctty = IMG_NONE;
	save_cred(ip, p->p_cred);
	save_times(cs, ip, p);
}

int st_zombie_save(struct ckpt_save *cs, struct ckpt_member *cm)
{
	save_identity(cs, cm->cm_img, cm->cm_proc);
	cm->cm_img->p_flags = IMG_PF_ZOMBIE;
	cm->cm_img->p_xstat = (u32)cm->cm_proc->p_xstat;
	st_options_save(cm);
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
	const struct fsctx *fc = p->p_fs; /* all that have it stand still: ckpt_check_sharing() */
	int error = 0;

	/* A program that was removed, or comes from an image: its segments tell what it is. */
	if (p->p_exe && !st_vnode_nameless(p->p_exe))
		error = st_vnode_save(cs, p->p_exe, p->p_exepath, &ip->p_exe);
	if (!error)
		error = st_vnode_save(cs, fc->fc_cwd, fc->fc_cwdpath, &ip->p_cwd);
	if (!error)
		error = st_vnode_save(cs, fc->fc_root, fc->fc_root == rootvp ? "/" : NULL, &ip->p_root);
	return error;
}

int st_proc_save(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct img_proc *ip = cm->cm_img;
	struct proc *p = cm->cm_proc;

	save_identity(cs, ip, p);
	st_options_save(cm);
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

/* ---- restore ---- */

/* Are the process's supplementary groups all of them the caller's? */
static bool groups_within(const struct cred *me, const struct img_proc *ip)
{
	for (u32 i = 0; i < ip->p_ngroups; i++) {
		bool found = ip->p_groups[i] == me->cr_gid;

		for (u32 k = 0; k < me->cr_ngroups; k++)
			found |= ip->p_groups[i] == me->cr_groups[k];
		if (!found)
			return false;
	}
	return true;
}

struct cred *st_cred_make(const struct img_proc *ip)
{
	struct cred *me = cred_cur(), *n;

	n = cred_dup(me);
	if (!n)
		return NULL;
	/* A caller that runs a set-id program keeps nothing of that. */
	n->cr_uid = ip->p_uid;
	n->cr_euid = ip->p_euid;
	n->cr_suid = ip->p_suid;
	n->cr_fsuid = ip->p_fsuid;
	n->cr_gid = ip->p_gid;
	n->cr_egid = ip->p_egid;
	n->cr_sgid = ip->p_sgid;
	n->cr_fsgid = ip->p_fsgid;
	if (cred_super(me)) {
		n->cr_ngroups = MIN(ip->p_ngroups, (u32)NGROUPS);
		memcpy(n->cr_groups, ip->p_groups, n->cr_ngroups * sizeof(n->cr_groups[0]));
	}
	return n;
}

/* The superuser gives the process what it had; anybody else can bring back only what is wholly his own. */
static int restore_cred(struct ckpt_restore *cr, const struct img_proc *ip, struct proc *p)
{
	const struct cred *me = cred_cur();
	struct cred *n, *old;

	if (!cred_super(me) &&
	    (ip->p_uid != me->cr_uid || ip->p_euid != me->cr_uid || ip->p_suid != me->cr_uid ||
	     ip->p_fsuid != me->cr_uid || ip->p_gid != me->cr_gid || ip->p_egid != me->cr_gid ||
	     ip->p_sgid != me->cr_gid || ip->p_fsgid != me->cr_gid))
		return ckpt_refuse(cr->cr_path, -EPERM, "it belongs to another user (%u)", ip->p_uid);
	if (!cred_super(me) && !groups_within(me, ip))
		return ckpt_refuse(cr->cr_path, -EPERM, "it is in a group that the caller is not in");
	n = st_cred_make(ip);
	if (!n)
		return -ENOMEM;
	spin_lock(&p->p_lock);
	old = p->p_cred;
	p->p_cred = n;
	spin_unlock(&p->p_lock);
	cred_rele(old);
	return 0;
}

static int restore_limits(struct ckpt_restore *cr, const struct img_proc *ip)
{
	struct proc *p = curproc();
	bool super = cred_super(cred_cur());

	for (u32 i = 0; i < NRLIMIT; i++) {
		struct rlimit_k *rl = &p->p_rlimit[i];

		if (!super && ip->p_rlimit[i].rl_max > rl->rl_max)
			return ckpt_refuse(cr->cr_path, -EPERM,
					   "its resource limit %u is above the caller's", i);
		rl->rl_cur = ip->p_rlimit[i].rl_cur;
		rl->rl_max = ip->p_rlimit[i].rl_max;
	}
	return 0;
}

/* The right to keep a file from being written, as a running program does, is for those who may run it. */
static int begin_text(struct ckpt_restore *cr, struct vnode *vp)
{
	int error = vp->v_type == VREG ? vn_access(vp, 1) : -EACCES;

	if (error)
		return ckpt_refuse(cr->cr_path, error, "its program is not executable");
	return vn_text_begin(vp);
}

static int restore_exe(struct ckpt_restore *cr, const struct img_proc *ip)
{
	struct proc *p = curproc();
	struct file *f;
	char *path;
	int error = st_vnode_open(cr, ip->p_exe, O_RDONLY, false, &f);

	if (error && st_vnode_spare(cr, ip->p_exe)) {
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
	struct file *f;
	char *path;
	int error = st_vnode_open(cr, ip->p_cwd, O_RDONLY | O_DIRECTORY, false, &f);

	/* On another machine it may not be there: the process is at its root then. */
	if (error && st_vnode_spare(cr, ip->p_cwd)) {
		printk_limited(&ckpt_limit, "ckpt: %s: %s is not what it was, and / is the working directory now\n",
			       cr->cr_path, cr_vnode_path(cr, ip->p_cwd));
		curlwp()->l_root = st_root_of(cr, ip->p_root);
		error = file_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0, &f);
		curlwp()->l_root = cr->cr_root;
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

/* One that is not the machine's: nobody leaves his own root in this way, and only the superuser enters another one. */
static int restore_root(struct ckpt_restore *cr, const struct img_proc *ip)
{
	struct vnode *root = st_root_of(cr, ip->p_root);

	if (cr->cr_save)
		return 0; /* in place: it is there still */
	if (root != cr->cr_root && !cred_super(cred_cur()))
		return ckpt_refuse(cr->cr_path, -EPERM, "its root directory is %s, and not the caller's",
				   cr->cr_img.i_vnode[ip->p_root].v_path);
	vn_hold(root);
	proc_set_root(curproc(), root);
	return 0;
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

/* Stopped as it was, or because whoever brings it back wants that: then the parent can wait for the stop, but hears no signal of it. */
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

int st_proc_restore(struct ckpt_rmember *rm)
{
	struct ckpt_restore *cr = rm->rm_restore;
	const struct img_proc *ip = rm->rm_img;
	struct proc *p = curproc();
	int error = 0;

	/* Paths are opened under the caller's rights, so the credentials come last. */
	if (ip->p_exe != IMG_NONE)
		error = restore_exe(cr, ip);
	else
		proc_set_exe(p, NULL, NULL);
	if (!error)
		error = restore_cwd(cr, ip);
	if (!error)
		error = restore_root(cr, ip);
	if (!error)
		error = restore_limits(cr, ip);
	if (error)
		return error;
	if (!cred_super(cred_cur()) && ip->p_nice < p->p_nice)
		return ckpt_refuse(cr->cr_path, -EPERM,
				   "its nice value %d is better than the caller's", ip->p_nice);
	p->p_nice = ip->p_nice;
	(void)fsctx_set_umask(p->p_fs, ip->p_umask);
	memcpy(p->p_comm, ip->p_comm, sizeof(p->p_comm));
	p->p_exitsig = ip->p_parent != IMG_NONE ? (int)ip->p_exitsig : K_SIGCHLD;
	st_options_restore(p, ip);
	restore_times(p, ip);
	restore_flags(cr, p, ip);
	return 0;
}

/* rm_proc is a process without lwps. */
int st_zombie_restore(struct ckpt_rmember *rm)
{
	const struct img_proc *ip = rm->rm_img;
	struct proc *p = rm->rm_proc;

	memcpy(p->p_comm, ip->p_comm, sizeof(p->p_comm));
	p->p_nice = ip->p_nice;
	p->p_exitsig = (int)ip->p_exitsig;
	p->p_xstat = (int)ip->p_xstat;
	restore_times(p, ip);
	return restore_cred(rm->rm_restore, ip, p);
}

/* After everything that is opened by name. */
int st_cred_restore(struct ckpt_rmember *rm)
{
	return restore_cred(rm->rm_restore, rm->rm_img, curproc());
}
