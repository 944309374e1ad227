/* SPDX-License-Identifier: MIT */
/* ckpt(): the process holds itself still, its state is gathered and written; ckptctl(): how that went. */
#include "ckpt/ckpt.h"

#include "ckpt/syscalls.h"
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/lwp_impl.h"
#include "proc/sleep.h"
#include "proc/utsname.h"

static void *mem_alloc(void *ctx, u32 size)
{
	return kmalloc(size, 0);
}

static void mem_free(void *ctx, void *p)
{
	kfree(p);
}

const struct img_mem ckpt_mem = { .m_alloc = mem_alloc, .m_free = mem_free };

int ckpt_refuse(const char *name, int error, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printk("ckpt: %s: %s\n", name, text);
	return error;
}

int ckpt_path(uaddr_t uname, char **path)
{
	const char *cwd = curproc()->p_cwdpath;
	char *name, *full;
	size_t len;
	int error = copyin_path(uname, &name);

	if (error)
		return error;
	len = strlen(name) + sizeof(CKPT_SUFFIX);
	full = len <= PATH_MAX_K ? kmalloc(len, 0) : NULL;
	if (!full) {
		kfree(name);
		return len <= PATH_MAX_K ? -ENOMEM : -ENAMETOOLONG;
	}
	snprintf(full, len, "%s%s", name, CKPT_SUFFIX);
	kfree(name);
	error = path_absolute(cwd ? cwd : "/", full, path);
	kfree(full);
	return error;
}

/* What no part of the state can tell by itself. p is held. */
static int check_process(struct ckpt_save *cs)
{
	struct proc *p = cs->cs_proc;
	const char *comm = p->p_comm;
	pid_t child_pid = 0;

	if (p->p_flags & P_SUGID)
		return ckpt_refuse(comm, -EPERM, "a set-id program cannot be saved");
	if (p == initproc)
		return ckpt_refuse(comm, -EPERM, "process 1 cannot be saved");
	if (p->p_as->a_ref > 1)
		return ckpt_refuse(comm, -EOPNOTSUPP, "its memory is shared with another process (vfork)");
	if (p->p_fdtab->ft_ref > 1)
		return ckpt_refuse(comm, -EOPNOTSUPP, "its descriptors are shared with another process");
	if (!list_empty(&p->p_ptimers))
		return ckpt_refuse(comm, -EOPNOTSUPP, "it has POSIX timers");
	spin_lock(&pidlock);
	if (!list_empty(&p->p_children))
		child_pid = list_first(&p->p_children, struct proc, p_sibling)->p_pid;
	spin_unlock(&pidlock);
	if (child_pid)
		return ckpt_refuse(comm, -EOPNOTSUPP,
				   "it has a child, process %d, that would be missing", child_pid);
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

/* In the paper's order: header, proc and lwp, registers, segments, open files. What the pages hold comes later. */
static int gather(struct ckpt_save *cs)
{
	int error;

	fill_ident(&cs->cs_img.i_ident);
	error = check_process(cs);
	if (!error)
		error = st_proc_save(cs);
	if (!error)
		error = st_lwp_save(cs);
	if (!error)
		error = st_signal_save(cs);
	if (!error)
		error = st_mem_save(cs);
	if (!error)
		error = st_file_save(cs);
	for (u32 i = 0; i < cs->cs_nfiles; i++)
		file_rele(cs->cs_files[i]);
	cs->cs_nfiles = 0;
	return error;
}

int ckpt_flush_later(struct ckpt_save *cs, struct vnode *vp)
{
	if (cs->cs_nflush == cs->cs_maxflush) {
		u32 max = cs->cs_maxflush ? 2 * cs->cs_maxflush : 16;
		struct vnode **more = kmalloc(max * sizeof(*more), 0);

		if (!more)
			return -ENOMEM;
		memcpy(more, cs->cs_flush, cs->cs_nflush * sizeof(*more));
		kfree(cs->cs_flush);
		cs->cs_flush = more;
		cs->cs_maxflush = max;
	}
	vn_hold(vp);
	cs->cs_flush[cs->cs_nflush++] = vp;
	return 0;
}

static struct ckpt_save *save_make(struct ckpt_request *rq, struct lwp *caller)
{
	struct ckpt_save *cs = kzalloc(sizeof(*cs), 0);

	if (!cs)
		return NULL;
	img_init(&cs->cs_img, &ckpt_mem);
	cs->cs_req = rq;
	cs->cs_proc = curproc();
	cs->cs_caller = caller;
	cs->cs_as = cs->cs_proc->p_as;
	__atomic_add_fetch(&rq->rq_ref, 1, __ATOMIC_RELAXED);
	spin_lock(&pidlock);
	cs->cs_proc->p_ref++;
	spin_unlock(&pidlock);
	return cs;
}

void ckpt_save_free(struct ckpt_save *cs)
{
	for (u32 i = 0; i < cs->cs_nflush; i++)
		vn_rele(cs->cs_flush[i]);
	kfree(cs->cs_flush);
	kfree(cs->cs_files);
	img_free(&cs->cs_img);
	ckpt_request_rele(cs->cs_req);
	proc_rele(cs->cs_proc);
	kfree(cs);
}

/* With the process held. *childp: who goes on with a forked checkpoint. */
static int take_held(struct ckpt_save *cs, struct proc **childp)
{
	int error = gather(cs);

	if (error)
		return error;
	if (cs->cs_req->rq_flags & CKPT_FORKED)
		return fckpt(cs, childp);
	error = st_mem_pages(cs);
	return error ? error : ckpt_commit(cs, &cs->cs_req->rq_stats);
}

int ckpt_take(struct ckpt_request *rq, struct lwp *caller)
{
	struct proc *p = curproc(), *child = NULL;
	struct ckpt_save *cs = save_make(rq, caller);
	u64 start = clock_mono_ns();
	int error = cs ? proc_hold(p) : -ENOMEM;

	if (!error) {
		error = take_held(cs, &child);
		proc_release(p);
		rq->rq_stats.cs_stop_ns = clock_mono_ns() - start;
	}
	if (child) {
		lwp_start(child->p_lwp0);
		return 0;
	}
	ckpt_request_finish(rq, p, error);
	if (cs)
		ckpt_save_free(cs);
	return error;
}

void ckpt_boundary(struct lwp *l)
{
	struct proc *p = l->l_proc;
	struct ckpt_request *rq;

	spin_lock(&p->p_lock);
	rq = p->p_ckpt;
	p->p_ckpt = NULL;
	p->p_flags &= ~P_CKPT;
	spin_unlock(&p->p_lock);
	if (!rq)
		return;
	/* The outcome is in the request. */
	(void)ckpt_take(rq, NULL);
	ckpt_request_rele(rq);
}

/* A process that ends without having found its request. */
void ckpt_exit(struct proc *p)
{
	struct ckpt_request *rq;

	spin_lock(&p->p_lock);
	rq = p->p_ckpt;
	p->p_ckpt = NULL;
	p->p_flags &= ~P_CKPT;
	spin_unlock(&p->p_lock);
	if (rq) {
		ckpt_request_finish(rq, p, -ESRCH);
		ckpt_request_rele(rq);
	}
}

static int ask(uaddr_t name, u32 flags, struct ckpt_request **rqp)
{
	char *path;
	int error;

	if (flags & ~(CKPT_FORKED | CKPT_WAIT))
		return -EINVAL;
	error = ckpt_path(name, &path);
	return error ? error : ckpt_request_make(path, flags, rqp);
}

long sys_ckpt(uaddr_t name, u32 flags)
{
	struct ckpt_request *rq;
	int error = ask(name, flags, &rq);

	if (error)
		return error;
	error = ckpt_take(rq, curlwp());
	if (!error && (flags & CKPT_WAIT))
		error = ckpt_request_wait(rq);
	ckpt_request_rele(rq);
	return error;
}

/* The flag and the name in the target's proc; the target finds them at the boundary. */
static int leave_request(struct proc *p, struct ckpt_request *rq)
{
	int error = 0;

	spin_lock(&p->p_lock);
	if (p->p_stat != PS_ACTIVE || (p->p_flags & P_EXITING)) {
		error = -ESRCH;
	} else if (p->p_ckpt) {
		error = -EBUSY;
	} else {
		__atomic_add_fetch(&rq->rq_ref, 1, __ATOMIC_RELAXED);
		p->p_ckpt = rq;
		p->p_flags |= P_CKPT;
		proc_poke(p);
		/* A stopped process is at the boundary already. */
		wakeup(&p->p_flags);
	}
	spin_unlock(&p->p_lock);
	return error;
}

static int may_checkpoint(struct proc *p)
{
	if (p == initproc || (p->p_flags & P_SUGID))
		return -EPERM;
	return proc_can_signal(p, K_SIGSTOP);
}

long sys_tckpt(pid_t pid, uaddr_t name, u32 flags)
{
	struct ckpt_request *rq;
	struct proc *p = proc_find(pid_real(pid));
	int error;

	if (!p)
		return -ESRCH;
	error = may_checkpoint(p);
	if (!error)
		error = ask(name, flags, &rq);
	if (error)
		goto out;
	error = leave_request(p, rq);
	if (!error && (flags & CKPT_WAIT))
		error = ckpt_request_wait(rq);
	ckpt_request_rele(rq);
out:
	proc_rele(p);
	return error;
}

static int stats_of(struct proc *p, struct ckpt_stats *st)
{
	int error = proc_can_access(p);

	if (error)
		return error;
	spin_lock(&p->p_lock);
	if (p->p_ckptstats)
		*st = *p->p_ckptstats;
	else
		error = -ENODATA;
	spin_unlock(&p->p_lock);
	return error;
}

long sys_ckptctl(int cmd, pid_t pid, uaddr_t buf)
{
	struct ckpt_stats st;
	struct proc *p;
	int error;

	if (cmd != CKPTCTL_STATS || pid < 0)
		return -EINVAL;
	p = proc_find(pid ? pid_real(pid) : curproc()->p_pid);
	if (!p)
		return -ESRCH;
	error = stats_of(p, &st);
	proc_rele(p);
	return error ? error : copyout(buf, &st, sizeof(st));
}
