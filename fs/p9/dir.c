/* SPDX-License-Identifier: MIT */
/*
 * 9p: directories. Every name is asked for at the host; fids follow a rename by
 * themselves there.
 */
#include "fs/p9/p9.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/cred.h"

#define READDIR_BYTES 8192u

static bool is_dot(const struct p9_name *name, u32 dots)
{
	return name->pn_len == dots && memcmp(name->pn_text, "..", dots) == 0;
}

/* What a name leads to at the host. */
static int walk_to(struct vnode *dvp, const struct p9_name *name, struct vnode **vpp)
{
	struct p9mount *pm = p9node(dvp)->pn_mount;
	u32 fid = p9_newfid(pm);
	int error = p9_walk(pm, p9node(dvp)->pn_fid, fid, name);

	return error ? error : p9node_get(dvp->v_vfs, fid, vpp);
}

static int p9vn_lookup(struct vnode *dvp, const char *text, u32 len, struct vnode **vpp)
{
	const struct p9_name name = { text, len };

	ASSERT(mutex_held(&dvp->v_lock));
	if (dvp->v_flags & V_UNLINKED)
		return -ENOENT;
	if (is_dot(&name, 1) || (is_dot(&name, 2) && (dvp->v_flags & V_ROOT))) {
		vn_hold(dvp);
		*vpp = dvp;
		return 0;
	}
	return walk_to(dvp, &name, vpp);
}

/* The group of what the current process makes in dvp. */
static gid_t group_for(const struct vnode *dvp, const struct cred *cr)
{
	const struct vattr *dir = &p9node(dvp)->pn_last;

	return dir->va_mode & S_ISGID ? dir->va_gid : cr->cr_fsgid;
}

/*
 * The new file belongs to its maker, if the host's user may give files away;
 * else to that user, as do those that root makes.
 */
static void give_away(struct vnode *vp, const struct cred *cr)
{
	const struct vattr owner = { .va_mask = VA_UID, .va_uid = cr->cr_fsuid };
	struct p9node *pn = p9node(vp);

	if (cr->cr_fsuid == 0 || cr->cr_fsuid == pn->pn_last.va_uid)
		return;
	if (p9_setattr(pn->pn_mount, pn->pn_fid, &owner) == 0)
		pn->pn_last.va_uid = cr->cr_fsuid;
}

/* A name that was made: the vnode behind it. */
static int walk_to_new(struct vnode *dvp, const struct p9_name *name, const struct cred *cr, struct vnode **vpp)
{
	int error = walk_to(dvp, name, vpp);

	if (!error)
		give_away(*vpp, cr);
	return error;
}

/*
 * A device node would be one of the host's; a FIFO is more than QEMU's server
 * can make.
 */
static int p9vn_create(struct vnode *dvp, const char *text, u32 len, mode_t mode, dev_t rdev,
		       const struct cred *cr, struct vnode **vpp)
{
	struct p9mount *pm = p9node(dvp)->pn_mount;
	const struct p9_name name = { text, len };
	u32 fid;
	int error;

	if (!S_ISREG(mode))
		return -EPERM;
	fid = p9_newfid(pm);
	error = p9_walk(pm, p9node(dvp)->pn_fid, fid, NULL);
	if (error)
		return error;
	error = p9_lcreate(pm, fid, &name, P9_RDWR | P9_CREAT | P9_EXCL, mode & 07777, group_for(dvp, cr));
	if (!error)
		error = walk_to_new(dvp, &name, cr, vpp);
	if (error)
		p9_clunk(pm, fid);
	else
		p9node_give_open(*vpp, fid);
	return error;
}

static int p9vn_mkdir(struct vnode *dvp, const char *text, u32 len, mode_t mode,
		      const struct cred *cr, struct vnode **vpp)
{
	struct p9node *dn = p9node(dvp);
	const struct p9_name name = { text, len };
	mode_t all = (mode & 07777) | (dn->pn_last.va_mode & S_ISGID);
	int error = p9_mkdir(dn->pn_mount, dn->pn_fid, &name, all, group_for(dvp, cr));

	return error ? error : walk_to_new(dvp, &name, cr, vpp);
}

static int p9vn_symlink(struct vnode *dvp, const char *text, u32 len, const char *target, const struct cred *cr)
{
	const struct p9_name name = { text, len };

	return p9_symlink(p9node(dvp)->pn_mount, p9node(dvp)->pn_fid, &name, target, group_for(dvp, cr));
}

static int p9vn_link(struct vnode *dvp, const char *text, u32 len, struct vnode *vp)
{
	const struct p9_name name = { text, len };

	return p9_link(p9node(dvp)->pn_mount, p9node(dvp)->pn_fid, p9node(vp)->pn_fid, &name);
}

/*
 * What vp is like before a name of it goes: afterwards the host cannot be asked
 * any more. A file that is open stays so there: its fids must be open before.
 */
static void before_loss(struct vnode *vp)
{
	struct vattr va;

	if (p9_getattr(p9node(vp)->pn_mount, p9node(vp)->pn_fid, &va) == 0 && va.va_ino == vp->v_ino)
		p9node(vp)->pn_last = va;
}

static void lost_name(struct vnode *vp)
{
	if (vp->v_type == VDIR || p9node(vp)->pn_last.va_nlink <= 1)
		vnode_setflags(vp, V_UNLINKED, 0);
	else
		p9node(vp)->pn_lost = true;
}

static int remove_name(struct vnode *dvp, const char *text, u32 len, struct vnode *vp, bool dir)
{
	const struct p9_name name = { text, len };
	int error;

	before_loss(vp);
	error = p9_unlink(p9node(dvp)->pn_mount, p9node(dvp)->pn_fid, &name, dir);
	if (!error)
		lost_name(vp);
	return error;
}

static int p9vn_remove(struct vnode *dvp, const char *text, u32 len, struct vnode *vp)
{
	return remove_name(dvp, text, len, vp, false);
}

static int p9vn_rmdir(struct vnode *dvp, const char *text, u32 len, struct vnode *vp)
{
	return remove_name(dvp, text, len, vp, true);
}

static int p9vn_rename(struct vnode *fdvp, const char *fname, u32 flen, struct vnode *fvp,
		       struct vnode *tdvp, const char *tname, u32 tlen, struct vnode *tvp)
{
	const struct p9_name from = { fname, flen }, to = { tname, tlen };
	int error;

	if (tvp)
		before_loss(tvp);
	error = p9_rename(p9node(fdvp)->pn_mount, p9node(fdvp)->pn_fid, &from, p9node(tdvp)->pn_fid, &to);
	if (!error && tvp)
		lost_name(tvp);
	return error == -EEXIST ? -ENOTEMPTY : error;
}

static int p9vn_readdir(struct vnode *dvp, off_t off, dirent_fn fn, void *arg)
{
	u64 next = (u64)off, before;
	int n, more = 1;
	u8 *buf;
	u32 fid;

	if (dvp->v_flags & V_UNLINKED)
		return 0;
	n = p9node_open(dvp, false, &fid);
	if (n)
		return n;
	buf = kmalloc(READDIR_BYTES, 0);
	if (!buf)
		return -ENOMEM;
	while (more > 0) {
		before = next;
		n = p9_readdir(p9node(dvp)->pn_mount, fid, next, buf, READDIR_BYTES);
		if (n <= 0)
			break;
		more = p9_hand_on(buf, (u32)n, &next, fn, arg);
		if (more > 0 && next == before)
			more = -EIO; /* a host that stands still would keep the caller for ever */
	}
	kfree(buf);
	return n < 0 ? n : MIN(more, 0);
}

const struct vnodeops p9_dir_ops = {
	.vop_getattr = p9vn_getattr,
	.vop_setattr = p9vn_setattr,
	.vop_lookup = p9vn_lookup,
	.vop_create = p9vn_create,
	.vop_mkdir = p9vn_mkdir,
	.vop_symlink = p9vn_symlink,
	.vop_link = p9vn_link,
	.vop_remove = p9vn_remove,
	.vop_rmdir = p9vn_rmdir,
	.vop_rename = p9vn_rename,
	.vop_readdir = p9vn_readdir,
	.vop_fsync = p9vn_fsync,
	.vop_inactive = p9vn_inactive,
	.vop_reclaim = p9vn_reclaim,
};
