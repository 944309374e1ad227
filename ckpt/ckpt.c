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
	struct proc *child;
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
	if (!list_empty(&p->p_children)) {
		child = list_first(&p->p_children, struct proc, p_sibling);
		child_pid = child->p_pid;
	}
	spin_unlock(&pidlock);
	if (child_pid)
		return ckpt_refuse(comm, -EOPNOTSUPP, "it has a child, process %d, that would be missing", child_pid);
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

/* In the paper's order: header, proc and lwp, registers, segments and memory, open files. */
static int gather(struct ckpt_save *cs)
{
	struct img_err err = { 0 };
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
	if (!error)
		error = img_layout(&cs->cs_img, &err);
	if (error && err.e_what)
		ckpt_refuse(cs->cs_proc->p_comm, error, "%s (%u)", err.e_what, err.e_val);
	return error;
}

static void save_done(struct ckpt_save *cs)
{
	for (u32 i = 0; i < cs->cs_nfiles; i++)
		file_rele(cs->cs_files[i]);
	kfree(cs->cs_files);
	img_free(&cs->cs_img);
}

/* Keeps the figures of a checkpoint for ckptctl(). A process without memory for them goes without. */
static void keep_stats(struct proc *p, const struct ckpt_stats *st)
{
	struct ckpt_stats *kept = p->p_ckptstats ? p->p_ckptstats : kzalloc(sizeof(*kept), 0);
	u32 count;

	if (!kept)
		return;
	count = kept->cs_count + (st->cs_error == 0);
	spin_lock(&p->p_lock);
	*kept = *st;
	kept->cs_count = count;
	p->p_ckptstats = kept;
	spin_unlock(&p->p_lock);
}

/* The current process saves itself. The other lwps stand still from proc_hold() to proc_release(). */
static int ckpt_self(const char *path, struct ckpt_stats *st)
{
	struct ckpt_save *cs;
	struct proc *p = curproc();
	u64 start = clock_mono_ns();
	int error;

	cs = kzalloc(sizeof(*cs), 0);
	if (!cs)
		return -ENOMEM;
	cs->cs_proc = p;
	cs->cs_caller = curlwp();
	img_init(&cs->cs_img, &ckpt_mem);
	error = proc_hold(p);
	if (error)
		goto out;
	error = gather(cs);
	if (!error)
		error = ckpt_commit(cs, path, st);
	proc_release(p);
	st->cs_durable_ns = st->cs_stop_ns = clock_mono_ns() - start;
	st->cs_when_ns = cs->cs_img.i_ident.id_real_ns;
out:
	save_done(cs);
	kfree(cs);
	return error;
}

long sys_ckpt(uaddr_t name, u32 flags)
{
	struct ckpt_stats st = { 0 };
	char *path;
	int error;

	if (flags)
		return -EINVAL;
	error = ckpt_path(name, &path);
	if (error)
		return error;
	error = ckpt_self(path, &st);
	st.cs_error = -error;
	keep_stats(curproc(), &st);
	kfree(path);
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
	p = proc_find(pid ? pid : curproc()->p_pid);
	if (!p)
		return -ESRCH;
	error = stats_of(p, &st);
	proc_rele(p);
	return error ? error : copyout(buf, &st, sizeof(st));
}
