/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: directories.
 *
 * Entries are in a list in the order of their creation, which is also the order
 * of their cookies. So a readdir that goes on after names were added and
 * removed neither repeats nor loses one. From HASH_MIN entries on there is a
 * hash table beside the list. If there is no memory for a larger table, the old
 * one stays in use, with longer chains.
 */
#include "fs/tmpfs/tmpfs.h"

#include "fs/file_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

#define HASH_MIN 16u
#define FIRST_OFF 2u /* 0 is ".", 1 is ".." */

static u32 hash_name(const char *name, u32 len)
{
	u32 h = 2166136261u;

	while (len--)
		h = (h ^ (u8)*name++) * 16777619u;
	return h;
}

void tmpdir_init(struct tmpdir *td, struct vnode *parent)
{
	list_init(&td->td_entries);
	td->td_nextoff = FIRST_OFF;
	td->td_parent = parent;
}

static bool is_entry(const struct tmpent *te, const char *name, u32 len, u32 hash)
{
	return te->te_hash == hash && te->te_len == len && memcmp(te->te_name, name, len) == 0;
}

static struct tmpent *dir_find_entry(struct tmpdir *td, const char *name, u32 len)
{
	u32 hash = hash_name(name, len);
	struct tmpent *te;

	if (td->td_hash) {
		for (te = td->td_hash[hash & (td->td_nhash - 1)]; te; te = te->te_next) {
			if (is_entry(te, name, len, hash))
				return te;
		}
		return NULL;
	}
	list_for_each(te, &td->td_entries, te_link) {
		if (is_entry(te, name, len, hash))
			return te;
	}
	return NULL;
}

static void hash_in(struct tmpdir *td, struct tmpent *te)
{
	struct tmpent **head = &td->td_hash[te->te_hash & (td->td_nhash - 1)];

	te->te_next = *head;
	*head = te;
}

static void hash_out(struct tmpdir *td, struct tmpent *te)
{
	struct tmpent **p;

	if (!td->td_hash)
		return;
	for (p = &td->td_hash[te->te_hash & (td->td_nhash - 1)]; *p != te; p = &(*p)->te_next)
		;
	*p = te->te_next;
}

static void grow_hash(struct tmpdir *td)
{
	u32 size = td->td_nhash ? td->td_nhash * 4 : HASH_MIN * 4;
	struct tmpent **table, *te;

	if (td->td_n < HASH_MIN || td->td_n < td->td_nhash * 2)
		return;
	table = kzalloc(size * sizeof(*table), 0);
	if (!table)
		return;
	kfree(td->td_hash);
	td->td_hash = table;
	td->td_nhash = size;
	list_for_each(te, &td->td_entries, te_link)
		hash_in(td, te);
}

/* Adds a name for vp; takes over the caller's reference. */
static int add_entry(struct tmpdir *td, const char *name, u32 len, struct vnode *vp)
{
	struct tmpent *te;

	if (td->td_nextoff == ~0u)
		return -ENOSPC;
	te = kmalloc(sizeof(*te) + len, 0);
	if (!te)
		return -ENOSPC;
	te->te_hash = hash_name(name, len);
	te->te_vp = vp;
	te->te_len = len;
	memcpy(te->te_name, name, len);
	te->te_off = td->td_nextoff++;
	list_push_back(&td->td_entries, &te->te_link);
	td->td_n++;
	if (td->td_hash)
		hash_in(td, te);
	grow_hash(td);
	return 0;
}

/* Removes the entry; its reference on the vnode becomes the caller's. */
static void remove_entry(struct tmpdir *td, struct tmpent *te)
{
	hash_out(td, te);
	list_remove(&te->te_link);
	td->td_n--;
	kfree(te);
}

void tmpdir_take_all(struct tmpdir *td, struct list *out)
{
	list_splice(out, &td->td_entries);
	kfree(td->td_hash);
	td->td_hash = NULL;
	td->td_nhash = td->td_n = 0;
	td->td_parent = NULL;
}

/*
 * A rename may change the parent at any time: tm_lock keeps the parent from
 * being freed here.
 */
static int lookup_dotdot(struct vnode *dvp, struct vnode **vpp)
{
	struct tmpnode *dn = tmpnode(dvp);

	spin_lock(&dn->tn_mount->tm_lock);
	*vpp = dn->tn_dir.td_parent;
	if (*vpp)
		vn_hold(*vpp);
	spin_unlock(&dn->tn_mount->tm_lock);
	return *vpp ? 0 : -ENOENT;
}

static void set_parent(struct vnode *vp, struct vnode *parent)
{
	struct tmpnode *tn = tmpnode(vp);

	spin_lock(&tn->tn_mount->tm_lock);
	tn->tn_dir.td_parent = parent;
	spin_unlock(&tn->tn_mount->tm_lock);
}

static int tmpfs_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp)
{
	struct tmpent *te;

	ASSERT(mutex_held(&dvp->v_lock));
	if (len == 2 && name[0] == '.' && name[1] == '.' && !(dvp->v_flags & V_ROOT))
		return lookup_dotdot(dvp, vpp);
	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))) {
		*vpp = dvp;
	} else {
		te = dir_find_entry(&tmpnode(dvp)->tn_dir, name, len);
		if (!te)
			return -ENOENT;
		*vpp = te->te_vp;
	}
	vn_hold(*vpp);
	return 0;
}

/*
 * Gives the new node vp its name, and the caller a reference of its own. Frees
 * vp on an error.
 */
static int dir_enter(struct vnode *dvp, const char *name, u32 len, struct vnode *vp)
{
	struct tmpnode *tn = tmpnode(vp);
	int error;

	error = add_entry(&tmpnode(dvp)->tn_dir, name, len, vp);
	if (error) {
		vn_rele(vp);
		return error;
	}
	tn->tn_nlink = 1;
	if (vp->v_type == VDIR) {
		tn->tn_nlink = 2;
		tmpnode(dvp)->tn_nlink++;
	}
	tmpnode_changed(tmpnode(dvp));
	vn_hold(vp);
	return 0;
}

static int tmpfs_create(struct vnode *dvp, const char *name, u32 len, mode_t mode, dev_t rdev,
			const struct cred *cr, struct vnode **vpp)
{
	struct vnode *vp;
	int error;

	if (dir_find_entry(&tmpnode(dvp)->tn_dir, name, len))
		return -EEXIST;
	error = tmpnode_create(dvp->v_vfs, dvp, mode, rdev, cr, &vp);
	if (!error)
		error = dir_enter(dvp, name, len, vp);
	if (!error)
		*vpp = vp;
	return error;
}

static int tmpfs_mkdir(struct vnode *dvp, const char *name, u32 len, mode_t mode,
		       const struct cred *cr, struct vnode **vpp)
{
	return tmpfs_create(dvp, name, len, S_IFDIR | (mode & 07777), 0, cr, vpp);
}

static int tmpfs_symlink(struct vnode *dvp, const char *name, u32 len, const char *target, const struct cred *cr)
{
	char *text = kstrdup(target, 0);
	struct vnode *vp;
	int error;

	if (!text)
		return -ENOSPC;
	if (dir_find_entry(&tmpnode(dvp)->tn_dir, name, len))
		error = -EEXIST;
	else
		error = tmpnode_create(dvp->v_vfs, dvp, S_IFLNK | 0777, 0, cr, &vp);
	if (error) {
		kfree(text);
		return error;
	}
	tmpnode(vp)->tn_link = text; /* from here on freed with the node */
	vp->v_size = strlen(text);
	error = dir_enter(dvp, name, len, vp);
	if (!error)
		vn_rele(vp);
	return error;
}

static int tmpfs_link(struct vnode *dvp, const char *name, u32 len, struct vnode *vp)
{
	struct tmpnode *tn = tmpnode(vp);
	int error;

	if (dir_find_entry(&tmpnode(dvp)->tn_dir, name, len))
		return -EEXIST;
	vn_hold(vp);
	error = add_entry(&tmpnode(dvp)->tn_dir, name, len, vp);
	if (error) {
		vn_rele(vp);
		return error;
	}
	tn->tn_nlink++;
	tn->tn_ctime = timespec_now();
	tmpnode_changed(tmpnode(dvp));
	return 0;
}

/*
 * Removes one name of vp, and drops the entry's reference (the caller holds
 * another).
 */
static void lose_name(struct vnode *dvp, struct vnode *vp)
{
	struct tmpnode *tn = tmpnode(vp);

	tn->tn_ctime = timespec_now();
	if (vp->v_type == VDIR) {
		tn->tn_nlink = 0;
		tmpnode(dvp)->tn_nlink--;
		/*
		 * A process in it can still follow "..": td_parent holds a
		 * reference now.
		 */
		vn_hold(dvp);
	} else {
		tn->tn_nlink--;
	}
	if (tn->tn_nlink == 0)
		vnode_setflags(vp, V_UNLINKED, 0);
	vn_rele(vp);
}

static int tmpfs_remove(struct vnode *dvp, const char *name, u32 len, struct vnode *vp)
{
	struct tmpent *te = dir_find_entry(&tmpnode(dvp)->tn_dir, name, len);

	if (!te || te->te_vp != vp)
		return -ENOENT;
	remove_entry(&tmpnode(dvp)->tn_dir, te);
	tmpnode_changed(tmpnode(dvp));
	lose_name(dvp, vp);
	return 0;
}

static int tmpfs_rmdir(struct vnode *dvp, const char *name, u32 len, struct vnode *vp)
{
	if (tmpnode(vp)->tn_dir.td_n > 0)
		return -ENOTEMPTY;
	return tmpfs_remove(dvp, name, len, vp);
}

static int tmpfs_rename(struct vnode *fdvp, const char *fname, u32 flen, struct vnode *fvp,
			struct vnode *tdvp, const char *tname, u32 tlen, struct vnode *tvp)
{
	struct tmpdir *fd = &tmpnode(fdvp)->tn_dir, *td = &tmpnode(tdvp)->tn_dir;
	struct tmpent *from = dir_find_entry(fd, fname, flen), *to = dir_find_entry(td, tname, tlen);
	int error;

	if (!from || from->te_vp != fvp || (to ? to->te_vp : NULL) != tvp)
		return -ENOENT;
	if (tvp && tvp->v_type == VDIR && tmpnode(tvp)->tn_dir.td_n > 0)
		return -ENOTEMPTY;
	if (to) {
		/*
		 * The entry at the new name now leads to another vnode: the
		 * name exists at every moment, and no memory is needed.
		 */
		to->te_vp = fvp;
		remove_entry(fd, from);
	} else {
		error = add_entry(td, tname, tlen, fvp);
		if (error)
			return error;
		remove_entry(fd, from);
	}
	if (fvp->v_type == VDIR && fdvp != tdvp) {
		tmpnode(fdvp)->tn_nlink--;
		tmpnode(tdvp)->tn_nlink++;
		set_parent(fvp, tdvp);
	}
	tmpnode(fvp)->tn_ctime = timespec_now();
	tmpnode_changed(tmpnode(fdvp));
	tmpnode_changed(tmpnode(tdvp));
	if (tvp)
		lose_name(tdvp, tvp);
	return 0;
}

static int tmpfs_readdir(struct vnode *dvp, off_t off, dirent_fn fn, void *arg)
{
	struct tmpdir *td = &tmpnode(dvp)->tn_dir;
	struct tmpent *te, *after;
	struct vnode *up;

	if (off == 0 && !fn(arg, ".", 1, dvp->v_ino, VDIR, 1))
		return 0;
	if (off <= 1) {
		up = td->td_parent && !(dvp->v_flags & V_ROOT) ? td->td_parent : dvp;
		if (!fn(arg, "..", 2, up->v_ino, VDIR, FIRST_OFF))
			return 0;
	}
	list_for_each_safe(te, after, &td->td_entries, te_link) {
		if (te->te_off < off)
			continue;
		if (!fn(arg, te->te_name, te->te_len, te->te_vp->v_ino, te->te_vp->v_type, (off_t)te->te_off + 1))
			break;
	}
	tmpnode(dvp)->tn_atime = timespec_now();
	return 0;
}

const struct vnodeops tmpfs_dir_ops = {
	.vop_getattr = tmpfs_getattr,
	.vop_setattr = tmpfs_setattr,
	.vop_lookup = tmpfs_lookup,
	.vop_create = tmpfs_create,
	.vop_mkdir = tmpfs_mkdir,
	.vop_symlink = tmpfs_symlink,
	.vop_link = tmpfs_link,
	.vop_remove = tmpfs_remove,
	.vop_rmdir = tmpfs_rmdir,
	.vop_rename = tmpfs_rename,
	.vop_readdir = tmpfs_readdir,
	.vop_fsync = tmpfs_fsync,
	.vop_inactive = tmpfs_inactive,
	.vop_reclaim = tmpfs_reclaim,
};
