/* SPDX-License-Identifier: MIT */
/*
 * procfs: functions as files, and links.
 *
 * The text is made when a description is read at its beginning, and kept in
 * f_data for the reads that go on from there, so that a reader with a small
 * buffer sees one moment.
 */
#include "fs/file.h"
#include "fs/procfs/node.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/proc.h"

#define STORE_MAX 4096u

/* The swap of f_data between readers of one description. */
static struct spinlock text_lock = SPINLOCK_INIT("proc-text", LR_FDTAB);

static int pf_open(struct vnode *vp, struct file *f)
{
	struct pf_ctx c;
	int error;

	if (pf_ctx_get(pf_node(vp), &c) != 0)
		return -ENOENT;
	error = pf_guard(pf_node(vp), &c);
	pf_ctx_put(&c);
	return error;
}

static void pf_close(struct vnode *vp, struct file *f)
{
	if (f->f_data)
		text_rele(f->f_data);
}

/*
 * Rights are asked for at every text: the process may run another program than
 * when the file was opened.
 */
static int fill_text(const struct pf_node *pn, struct text *t)
{
	struct pf_ctx c;
	int error;

	error = pf_ctx_get(pn, &c);
	if (error)
		return error;
	error = pf_guard(pn, &c);
	if (!error)
		error = pn->pn_entry->pe_show(t, &c);
	pf_ctx_put(&c);
	if (!error && t->t_failed)
		error = -ENOMEM;
	return error;
}

static struct text *kept_text(struct file *f)
{
	struct text *t;

	spin_lock(&text_lock);
	t = f->f_data;
	if (t)
		text_hold(t);
	spin_unlock(&text_lock);
	return t;
}

static void keep_text(struct file *f, struct text *t)
{
	struct text *old;

	text_hold(t);
	spin_lock(&text_lock);
	old = f->f_data;
	f->f_data = t;
	spin_unlock(&text_lock);
	if (old)
		text_rele(old);
}

/* The text to read from, with a reference. f may be NULL. */
static int text_for(struct vnode *vp, struct file *f, bool begins, struct text **tp)
{
	struct text *t = f && !begins ? kept_text(f) : NULL;
	int error;

	if (!t) {
		t = text_create();
		if (!t)
			return -ENOMEM;
		error = fill_text(pf_node(vp), t);
		if (error) {
			text_rele(t);
			return error;
		}
		if (f)
			keep_text(f, t);
	}
	*tp = t;
	return 0;
}

static int pf_read(struct vnode *vp, struct uio *u, struct file *f)
{
	struct text *t;
	size_t off;
	int error;

	if (!pf_node(vp)->pn_entry->pe_show)
		return -EINVAL;
	error = text_for(vp, f, u->uio_offset == 0, &t);
	if (error)
		return error;
	if (u->uio_offset < (off_t)t->t_len) {
		off = (size_t)u->uio_offset;
		error = uiomove(t->t_buf + off, MIN(u->uio_resid, t->t_len - off), u);
	}
	text_rele(t);
	return error;
}

static int store(const struct pf_node *pn, char *buf, size_t len)
{
	struct pf_ctx c;
	int error;

	error = pf_ctx_get(pn, &c);
	if (error)
		return error;
	error = pf_guard(pn, &c);
	if (!error)
		error = pn->pn_entry->pe_store(&c, buf, len);
	pf_ctx_put(&c);
	return error;
}

static int pf_write(struct vnode *vp, struct uio *u, struct file *f)
{
	const struct pf_node *pn = pf_node(vp);
	size_t n = u->uio_resid;
	char *buf;
	int error;

	if (!pn->pn_entry->pe_store || n >= STORE_MAX)
		return -EINVAL;
	buf = kzalloc(n + 1, 0);
	if (!buf)
		return -ENOMEM;
	error = uiomove(buf, n, u);
	if (!error)
		error = store(pn, buf, n);
	kfree(buf);
	if (error)
		u->uio_resid = n; /* nothing was taken */
	return error;
}

int pf_put_text(const char *s, char *buf, size_t size)
{
	size_t n = MIN(strlen(s), size);

	memcpy(buf, s, n);
	return (int)n;
}

int pf_parse_bool(const char *buf, bool *on)
{
	if ((buf[0] != '0' && buf[0] != '1') || (buf[1] && strcmp(buf + 1, "\n") != 0))
		return -EINVAL;
	*on = buf[0] == '1';
	return 0;
}

static int pf_readlink(struct vnode *vp, char *buf, size_t size)
{
	const struct pf_node *pn = pf_node(vp);
	struct pf_ctx c;
	int n;

	if (pf_ctx_get(pn, &c) != 0)
		return -ENOENT;
	n = pf_guard(pn, &c);
	if (!n)
		n = pn->pn_entry->pe_text(&c, buf, size);
	pf_ctx_put(&c);
	return n;
}

static int pf_follow(struct vnode *vp, struct vnode **vpp)
{
	const struct pf_node *pn = pf_node(vp);
	struct pf_ctx c;
	int error;

	if (pf_ctx_get(pn, &c) != 0)
		return -ENOENT;
	error = pf_guard(pn, &c);
	if (!error)
		error = pn->pn_entry->pe_follow(&c, vpp);
	pf_ctx_put(&c);
	return error;
}

const struct vnodeops pf_file_ops = {
	.vop_open = pf_open,
	.vop_close = pf_close,
	.vop_read = pf_read,
	.vop_write = pf_write,
	.vop_getattr = pf_getattr,
	.vop_setattr = pf_setattr,
	.vop_inactive = pf_inactive,
	.vop_reclaim = pf_reclaim,
};

/* Links that lead to a thing, whatever its name ... */
const struct vnodeops pf_link_ops = {
	.vop_getattr = pf_getattr,
	.vop_readlink = pf_readlink,
	.vop_follow = pf_follow,
	.vop_inactive = pf_inactive,
	.vop_reclaim = pf_reclaim,
};

/* ... and those that are but a text. */
const struct vnodeops pf_textlink_ops = {
	.vop_getattr = pf_getattr,
	.vop_readlink = pf_readlink,
	.vop_inactive = pf_inactive,
	.vop_reclaim = pf_reclaim,
};
