/* SPDX-License-Identifier: MIT */
/* /proc/PID/fd and fdinfo: the open descriptors of a process. */
#include "fs/file.h"
#include "fs/procfs/procfs.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "proc/proc.h"

/*
 * Under p_lock the table cannot go away; a reference of ours might be the last
 * one, and closing files is not for here.
 */
static bool next_fd(const struct pf_ctx *c, u32 *num)
{
	struct fdtab *ft;
	bool found = false;

	spin_lock(&c->c_proc->p_lock);
	ft = c->c_proc->p_fdtab;
	if (ft) {
		spin_lock(&ft->ft_lock);
		while (*num < ft->ft_size && !ft->ft_file[*num])
			(*num)++;
		found = *num < ft->ft_size;
		spin_unlock(&ft->ft_lock);
	}
	spin_unlock(&c->c_proc->p_lock);
	return found;
}

static struct file *file_of(const struct pf_ctx *c, u32 *fdflags)
{
	struct file *f = NULL;

	spin_lock(&c->c_proc->p_lock);
	if (c->c_proc->p_fdtab)
		f = fdtab_get(c->c_proc->p_fdtab, c->c_fd, fdflags);
	spin_unlock(&c->c_proc->p_lock);
	return f;
}

static int text_fd(const struct pf_ctx *c, char *buf, size_t size)
{
	struct file *f = file_of(c, NULL);
	char name[32];
	int n;

	if (!f)
		return -ENOENT;
	if (f->f_path) {
		n = pf_put_text(f->f_path, buf, size);
		if ((f->f_vnode->v_flags & V_UNLINKED) && f->f_path[0] == '/' && !strchr(f->f_path, ':'))
			n += pf_put_text(" (deleted)", buf + n, size - (size_t)n);
	} else {
		snprintf(name, sizeof(name), "pipe:[%llu]", (u64)f->f_vnode->v_ino);
		n = pf_put_text(name, buf, size);
	}
	file_rele(f);
	return n;
}

static int follow_fd(const struct pf_ctx *c, struct vnode **vpp)
{
	struct file *f = file_of(c, NULL);

	if (!f)
		return -ENOENT;
	vn_hold(f->f_vnode);
	*vpp = f->f_vnode;
	file_rele(f);
	return 0;
}

/* The permission bits of a link tell what the descriptor may do. */
static mode_t mode_of_fd(const struct pf_ctx *c)
{
	struct file *f = file_of(c, NULL);
	mode_t mode = S_IFLNK | 0100;

	if (!f)
		return mode;
	if (file_readable(f) == 0)
		mode |= 0400;
	if (file_writable(f) == 0)
		mode |= 0200;
	file_rele(f);
	return mode;
}

static int show_fdinfo(struct text *t, const struct pf_ctx *c)
{
	u32 fdflags = 0;
	struct file *f = file_of(c, &fdflags);

	if (!f)
		return -ENOENT;
	text_add(t, "pos:\t%lld\n", f->f_offset);
	text_add(t, "flags:\t0%o\n", f->f_flags | (fdflags & FD_CLOEXEC_K ? O_CLOEXEC : 0));
	text_add(t, "mnt_id:\t0\nino:\t%llu\n", (u64)f->f_vnode->v_ino);
	file_rele(f);
	return 0;
}

static const struct pf_entry fd_entry = {
	"FD",
	S_IFLNK | 0700,
	true,
	.pe_text = text_fd,
	.pe_follow = follow_fd,
	.pe_modeof = mode_of_fd,
};
static const struct pf_entry fdinfo_entry = { "FD", S_IFREG | 0400, true, .pe_show = show_fdinfo };

const struct pf_dir pf_fd_dir = { .pd_what = PF_FD, .pd_numbered = &fd_entry, .pd_next = next_fd };
const struct pf_dir pf_fdinfo_dir = { .pd_what = PF_FD, .pd_numbered = &fdinfo_entry, .pd_next = next_fd };
