/* SPDX-License-Identifier: MIT */
/*
 * ext2: names made, removed and moved. Each call is one operation; what may
 * fail comes before the first change that would have to be undone. If there is
 * room only after a commit, the operation ends, and is done again.
 */
#include "fs/ext2/ext2.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

static void set_links(struct ext2inode *ei, u32 n)
{
	ei->ei_d->i_links_count = (u16)n;
	ext2_idirty(ei, false);
}

static u32 links(const struct vnode *vp)
{
	return ext2inode(vp)->ei_d->i_links_count;
}

/* --- Making --- */

struct making {
	const char *name;
	u32 len;
	mode_t mode;
	dev_t rdev;
	const char *target; /* of a symbolic link */
	const struct cred *cr;
	/*
	 * what was made; with an error: what must go when the operation has
	 * ended
	 */
	struct vnode *vp;
};

/* What is behind the inode: a directory's first block, a link's text. */
static int make_contents(struct vnode *dvp, struct making *mk)
{
	if (mk->vp->v_type == VDIR)
		return ext2_dir_make(mk->vp, dvp);
	return mk->target ? ext2_symlink_set(mk->vp, mk->target, (u32)strlen(mk->target)) : 0;
}

static int names_make(struct vnode *dvp, struct making *mk)
{
	struct ext2slot sl;
	int error;

	error = ext2_dir_room(dvp, mk->len, &sl);
	if (error)
		return error;
	error = ext2_inew(dvp, mk->mode, mk->rdev, mk->cr, &mk->vp);
	if (!error)
		error = make_contents(dvp, mk);
	if (error) {
		if (mk->vp)
			vnode_setflags(mk->vp, V_UNLINKED, 0);
		page_put(sl.sl_page);
		return error;
	}
	if (mk->vp->v_type == VDIR)
		set_links(ext2inode(dvp), links(dvp) + 1);
	set_links(ext2inode(mk->vp), mk->vp->v_type == VDIR ? 2 : 1);
	ext2_dir_enter(dvp, &sl, mk->name, mk->len, mk->vp);
	return 0;
}

static int make_retry(struct vnode *dvp, struct making *mk)
{
	struct ext2mount *em = ext2mount(dvp->v_vfs);
	u32 tries = 0;
	int error;

	if (S_ISDIR(mk->mode) && links(dvp) >= EXT2_LINK_MAX)
		return -EMLINK;
	do {
		mk->vp = NULL;
		ext2_begin(em);
		error = names_make(dvp, mk);
		ext2_end(em);
		if (error && mk->vp)
			vn_rele(mk->vp);
	} while (ext2_again(em, &error, &tries));
	return error;
}

static int ext2_create(struct vnode *dvp, const char *name, u32 len, mode_t mode, dev_t rdev,
		       const struct cred *cr, struct vnode **vpp)
{
	struct making mk = { .name = name, .len = len, .mode = mode, .rdev = rdev, .cr = cr };
	int error = make_retry(dvp, &mk);

	if (!error)
		*vpp = mk.vp;
	return error;
}

static int ext2_mkdir(struct vnode *dvp, const char *name, u32 len, mode_t mode,
		      const struct cred *cr, struct vnode **vpp)
{
	return ext2_create(dvp, name, len, S_IFDIR | (mode & 07777), 0, cr, vpp);
}

static int ext2_symlink(struct vnode *dvp, const char *name, u32 len, const char *target, const struct cred *cr)
{
	struct making mk = { .name = name, .len = len, .mode = S_IFLNK | 0777, .target = target, .cr = cr };
	int error;

	if (strlen(target) >= ext2_bsize(dvp))
		return -ENAMETOOLONG;
	error = make_retry(dvp, &mk);
	if (!error)
		vn_rele(mk.vp);
	return error;
}

static int link_once(struct vnode *dvp, const char *name, u32 len, struct vnode *vp)
{
	struct ext2slot sl;
	int error;

	error = ext2_dir_room(dvp, len, &sl);
	if (error)
		return error;
	set_links(ext2inode(vp), links(vp) + 1);
	ext2_ctime_now(ext2inode(vp));
	ext2_dir_enter(dvp, &sl, name, len, vp);
	return 0;
}

static int ext2_link(struct vnode *dvp, const char *name, u32 len, struct vnode *vp)
{
	struct ext2mount *em = ext2mount(dvp->v_vfs);
	u32 tries = 0;
	int error;

	if (links(vp) >= EXT2_LINK_MAX)
		return -EMLINK;
	do {
		ext2_begin(em);
		error = link_once(dvp, name, len, vp);
		ext2_end(em);
	} while (ext2_again(em, &error, &tries));
	return error;
}

/* --- Removing --- */

/* One name less for vp, which was in dvp. */
static void lose_name(struct vnode *dvp, struct vnode *vp)
{
	struct ext2inode *ei = ext2inode(vp);

	ext2_ctime_now(ei);
	if (vp->v_type == VDIR)
		set_links(ext2inode(dvp), MAX(links(dvp), 3u) - 1);
	if (vp->v_type == VDIR || links(vp) <= 1)
		ext2_lost_name(ei);
	else
		set_links(ei, links(vp) - 1);
}

/* The entry of vp called name. -ENOENT: it leads elsewhere */
static int names_find_entry(struct vnode *dvp, const char *name, u32 len, const struct vnode *vp,
			    struct ext2slot *sl)
{
	int error = ext2_dir_find(dvp, name, len, sl);

	if (!error && ext2_slot_entry(sl)->de_inode != (u32)vp->v_ino) {
		page_put(sl->sl_page);
		error = -ENOENT;
	}
	return error;
}

static int ext2_remove(struct vnode *dvp, const char *name, u32 len, struct vnode *vp)
{
	struct ext2mount *em = ext2mount(dvp->v_vfs);
	struct ext2slot sl;
	int error;

	ext2_begin(em);
	error = names_find_entry(dvp, name, len, vp, &sl);
	if (!error) {
		ext2_dir_take_out(dvp, &sl, EXT2_K_DIR);
		lose_name(dvp, vp);
	}
	ext2_end(em);
	return error;
}

static int ext2_rmdir(struct vnode *dvp, const char *name, u32 len, struct vnode *vp)
{
	int error;

	if (!ext2_dir_is_empty(vp, &error))
		return error ? error : -ENOTEMPTY;
	return ext2_remove(dvp, name, len, vp);
}

/* --- Renaming --- */

struct moving {
	struct vnode *fdvp, *fvp, *tdvp, *tvp;
	const char *fname, *tname;
	u32 flen, tlen;
	/*
	 * the old name, the new one (or room for it), ".." of a directory that
	 * changes its parent
	 */
	struct ext2slot from, to, up;
};

static bool changes_parent(const struct moving *mv)
{
	return mv->fvp->v_type == VDIR && mv->fdvp != mv->tdvp;
}

static void let_go(struct moving *mv)
{
	struct ext2slot *sl[] = { &mv->from, &mv->to, &mv->up };

	for (u32 i = 0; i < ARRAY_SIZE(sl); i++) {
		if (sl[i]->sl_page)
			page_put(sl[i]->sl_page);
		sl[i]->sl_page = NULL;
	}
}

static int find_slots(struct moving *mv)
{
	int error;

	if (mv->tvp)
		error = names_find_entry(mv->tdvp, mv->tname, mv->tlen, mv->tvp, &mv->to);
	else
		error = ext2_dir_room(mv->tdvp, mv->tlen, &mv->to);
	if (error) {
		mv->to.sl_page = NULL;
		return error;
	}
	error = names_find_entry(mv->fdvp, mv->fname, mv->flen, mv->fvp, &mv->from);
	if (error) {
		mv->from.sl_page = NULL;
		return error;
	}
	if (changes_parent(mv)) {
		error = ext2_dir_find(mv->fvp, "..", 2, &mv->up);
		if (error)
			mv->up.sl_page = NULL;
		if (error == -ENOENT)
			error = ext2_damage(ext2mount(mv->fvp->v_vfs), "directory %u has no \"..\"",
					    (u32)mv->fvp->v_ino);
	}
	return error;
}

/*
 * The new name must be on the disk before the old one goes from there. With a
 * journal, and within one block, that is so; else the commit writes the old
 * name's block last, which must not be one that has got names, nor the new
 * name's one that has lost some.
 */
static bool order_is_possible(const struct moving *mv)
{
	const struct page *f = mv->from.sl_page, *t = mv->to.sl_page;

	if (ext2mount(mv->fdvp->v_vfs)->em_jnl)
		return true;
	if (f == t)
		return !(f->pg_private2 & EXT2_K_MOVED);
	return !(f->pg_private2 & (EXT2_K_DIR | EXT2_K_NEW)) && !(t->pg_private2 & EXT2_K_MOVED);
}

/*
 * Cannot fail. The entry at a name that is replaced leads elsewhere by one
 * store: it is never missing.
 */
static void names_move(struct moving *mv)
{
	bool ordered = mv->from.sl_page == mv->to.sl_page || ext2mount(mv->fdvp->v_vfs)->em_jnl;

	if (mv->tvp)
		ext2_dir_redirect(mv->tdvp, &mv->to, mv->fvp);
	else
		ext2_dir_enter(mv->tdvp, &mv->to, mv->tname, mv->tlen, mv->fvp);
	ext2_dir_take_out(mv->fdvp, &mv->from, ordered ? EXT2_K_DIR : EXT2_K_MOVED);
	if (changes_parent(mv)) {
		ext2_dir_redirect(mv->fvp, &mv->up, mv->tdvp);
		set_links(ext2inode(mv->fdvp), MAX(links(mv->fdvp), 3u) - 1);
		set_links(ext2inode(mv->tdvp), links(mv->tdvp) + 1);
	}
	ext2_ctime_now(ext2inode(mv->fvp));
	if (mv->tvp)
		lose_name(mv->tdvp, mv->tvp);
}

static int rename_once(struct moving *mv)
{
	int error;

	mv->from.sl_page = mv->to.sl_page = mv->up.sl_page = NULL;
	error = find_slots(mv);
	if (!error && !order_is_possible(mv))
		error = -EAGAIN;
	if (error)
		let_go(mv);
	else
		names_move(mv);
	return error;
}

static int ext2_rename(struct vnode *fdvp, const char *fname, u32 flen, struct vnode *fvp,
		       struct vnode *tdvp, const char *tname, u32 tlen, struct vnode *tvp)
{
	struct moving mv = {
		.fdvp = fdvp, .fvp = fvp, .tdvp = tdvp, .tvp = tvp, .fname = fname, .tname = tname, .flen = flen, .tlen = tlen
	};
	struct ext2mount *em = ext2mount(fdvp->v_vfs);
	u32 tries = 0;
	int error;

	if (tvp && tvp->v_type == VDIR && !ext2_dir_is_empty(tvp, &error))
		return error ? error : -ENOTEMPTY;
	if (changes_parent(&mv) && !tvp && links(tdvp) >= EXT2_LINK_MAX)
		return -EMLINK;
	do {
		ext2_begin(em);
		error = rename_once(&mv);
		ext2_end(em);
	} while (ext2_again(em, &error, &tries));
	return error;
}

const struct vnodeops ext2_dir_ops = {
	.vop_getattr = ext2_getattr,
	.vop_setattr = ext2_setattr,
	.vop_lookup = ext2_lookup,
	.vop_create = ext2_create,
	.vop_mkdir = ext2_mkdir,
	.vop_symlink = ext2_symlink,
	.vop_link = ext2_link,
	.vop_remove = ext2_remove,
	.vop_rmdir = ext2_rmdir,
	.vop_rename = ext2_rename,
	.vop_readdir = ext2_readdir,
	.vop_fsync = ext2_fsync,
	.vop_inactive = ext2_inactive,
	.vop_reclaim = ext2_reclaim,
};
