/* SPDX-License-Identifier: MIT */
/* ext2: inodes: from number to vnode, and new ones. */
#include "fs/ext2/ext2.h"

#include "fs/file_impl.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/cred.h"

/* the fields up to the project id, as mke2fs has it */
#define EXT2_EXTRA_ISIZE 32u

static struct kmem_cache *inode_cache;

void ext2_inode_init(void)
{
	inode_cache = kmem_cache_create("ext2inode", sizeof(struct ext2inode), 0);
}

static const struct {
	mode_t mode;
	enum vtype type;
	const struct vnodeops *ops;
} kinds[] = {
	{ S_IFREG, VREG, &ext2_file_ops },    { S_IFDIR, VDIR, &ext2_dir_ops },
	{ S_IFLNK, VLNK, &ext2_link_ops },    { S_IFCHR, VCHR, &ext2_special_ops },
	{ S_IFBLK, VBLK, &ext2_special_ops }, { S_IFIFO, VFIFO, &ext2_special_ops },
};

static int set_kind(const struct ext2mount *em, struct vnode *vp, mode_t mode)
{
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		if ((mode & S_IFMT) == kinds[i].mode) {
			vp->v_type = kinds[i].type;
			vp->v_op = kinds[i].ops;
			if (vp->v_type == VREG && ext2_subpage(em))
				vp->v_op = &ext2_sub_file_ops;
			return 0;
		}
	}
	return -EUCLEAN;
}

/*
 * Device numbers: the old form, of 16 bits, in the first word; the new one in
 * the second. Source: linux-libc-dev, as in statx
 */
static dev_t rdev_of(const struct ext2_dinode *d)
{
	u32 dev = d->i_block[1];

	if (d->i_block[0])
		return MAKEDEV(d->i_block[0] >> 8 & 0xff, d->i_block[0] & 0xff);
	return MAKEDEV(dev >> 8 & 0xfff, (dev & 0xff));
}

static u64 size_of(const struct ext2_dinode *d)
{
	u64 size = d->i_size;

	return S_ISREG(d->i_mode) ? size | (u64)d->i_size_high << 32 : size;
}

/*
 * Where an inode's number comes from: a directory, the list of orphans, or
 * somebody's memory.
 */
enum source { BY_NAME, BY_ORPHANS, BY_MEMORY };

static int check_inode(struct ext2mount *em, u32 ino, const struct ext2_dinode *d, enum source source)
{
	bool orphan = source == BY_ORPHANS;
	u64 size = size_of(d);

	if (d->i_links_count == 0 && source == BY_MEMORY)
		return -ESTALE;
	if (d->i_links_count == 0 && !orphan)
		return ext2_damage(em, "inode %u has a name but is not in use", ino);
	if (d->i_flags & (EXT2_FL_EXTENTS | EXT2_FL_INLINE))
		return ext2_damage(em, "inode %u has flags %x, which ext2 does not have", ino, d->i_flags);
	if (size > em->em_maxsize)
		return ext2_damage(em, "inode %u has size %llu", ino, (unsigned long long)size);
	if (orphan)
		return 0; /* on its way in or out */
	if (S_ISDIR(d->i_mode) && (size == 0 || size % em->em_bsize))
		return ext2_damage(em, "directory %u has size %llu", ino, (unsigned long long)size);
	if (S_ISLNK(d->i_mode) && (size == 0 || size >= em->em_bsize))
		return ext2_damage(em, "symbolic link %u has length %llu", ino, (unsigned long long)size);
	return 0;
}

/* Gets the inode's page, and makes *eip of it. */
static int load(struct ext2mount *em, struct vnode *vp, struct ext2inode **eip)
{
	u32 ino = (u32)vp->v_ino, per_block = em->em_bsize / em->em_isize, at = (ino - 1) % em->em_ipg;
	struct ext2inode *ei = kmem_alloc(inode_cache, KM_ZERO);
	int error;

	if (!ei)
		return -ENOMEM;
	error = ext2_meta_get(em, em->em_group[(ino - 1) / em->em_ipg].eg_itable + at / per_block, &ei->ei_page);
	if (error) {
		kmem_free(inode_cache, ei);
		return error;
	}
	ei->ei_mount = em;
	ei->ei_vp = vp;
	ei->ei_d = (struct ext2_dinode *)((u8 *)page_kva(ei->ei_page) + at % per_block * em->em_isize);
	mutex_init(&ei->ei_maplock, "ext2-map", LR_FS_INODE);
	list_init(&ei->ei_ordered);
	list_init(&ei->ei_done);
	list_init(&ei->ei_dying);
	list_init(&ei->ei_orphan);
	*eip = ei;
	return 0;
}

static void inode_drop(struct ext2inode *ei)
{
	page_put(ei->ei_page);
	kmem_free(inode_cache, ei);
}

static int inode_fill(struct vnode *vp, struct ext2inode *ei, enum source source)
{
	const struct ext2_dinode *d = ei->ei_d;
	int error;

	error = check_inode(ei->ei_mount, (u32)vp->v_ino, d, source);
	if (!error && set_kind(ei->ei_mount, vp, d->i_mode))
		error = ext2_damage(ei->ei_mount, "inode %u has mode %o", (u32)vp->v_ino, d->i_mode);
	if (error)
		return error;
	vp->v_size = size_of(d);
	ext2_init_mark(ei);
	vp->v_rdev = vp->v_type == VCHR || vp->v_type == VBLK ? rdev_of(d) : 0;
	vp->v_data = ei;
	ext2_show_flags(ei);
	if (vp->v_type == VREG)
		vnode_setflags(vp, V_SEEKABLE, 0);
	return 0;
}

static bool is_a_files(const struct ext2mount *em, ino_t ino)
{
	return ino > 0 && ino <= em->em_inodes && (ino >= em->em_first_ino || ino == EXT2_ROOT_INO);
}

static int bad_number(struct ext2mount *em, u32 ino)
{
	return ext2_damage(em, "inode number %u cannot be a file's", ino);
}

static int iget(struct ext2mount *em, u32 ino, enum source source, struct vnode **vpp)
{
	struct ext2inode *ei;
	struct vnode *vp;
	bool isnew;
	int error;

	error = vnode_get(em->em_vfs, ino, &vp, &isnew);
	if (error)
		return error;
	if (isnew) {
		error = load(em, vp, &ei);
		if (!error) {
			error = inode_fill(vp, ei, source);
			if (error)
				inode_drop(ei);
		}
		if (error) {
			vnode_bad(vp);
			return error;
		}
		vnode_ready(vp);
	}
	*vpp = vp;
	return 0;
}

int ext2_iget(struct ext2mount *em, u32 ino, struct vnode **vpp)
{
	return is_a_files(em, ino) ? iget(em, ino, BY_NAME, vpp) : bad_number(em, ino);
}

int ext2_vget(struct vfs *vfs, ino_t ino, struct vnode **vpp)
{
	struct ext2mount *em = ext2mount(vfs);

	return is_a_files(em, ino) ? iget(em, (u32)ino, BY_MEMORY, vpp) : -ESTALE;
}

int ext2_iget_orphan(struct ext2mount *em, u32 ino, struct vnode **vpp)
{
	return is_a_files(em, ino) ? iget(em, ino, BY_ORPHANS, vpp) : bad_number(em, ino);
}

int ext2_iget_system(struct ext2mount *em, u32 ino, struct vnode **vpp)
{
	return ino > 0 && ino <= em->em_inodes ? iget(em, ino, BY_NAME, vpp) : bad_number(em, ino);
}

void ext2_reclaim(struct vnode *vp)
{
	if (ext2inode(vp))
		inode_drop(ext2inode(vp));
}

void ext2_idirty(struct ext2inode *ei, bool times)
{
	struct ext2mount *em = ei->ei_mount;

	ei->ei_touched = em->em_seq;
	if (!times)
		ei->ei_changed = em->em_seq;
	ext2_dirty(em, ei->ei_page, EXT2_K_INODE);
}

u64 ext2_disk_size(const struct ext2inode *ei)
{
	return size_of(ei->ei_d);
}

/*
 * The superblock says that there is a file of 2 GiB or more. Revision 0 has no
 * place for that.
 */
static void allow_large_files(struct ext2mount *em)
{
	struct ext2_super *sb = em->em_sb;

	if (sb->s_rev_level && (sb->s_feature_ro_compat & EXT2_RO_LARGE_FILE))
		return;
	mutex_lock(&em->em_alloc);
	if (sb->s_rev_level == 0) {
		sb->s_rev_level = 1;
		sb->s_first_ino = EXT2_OLD_FIRST_INO;
		sb->s_inode_size = EXT2_OLD_INODE_SIZE;
		sb->s_feature_compat = sb->s_feature_incompat = sb->s_feature_ro_compat = 0;
	}
	sb->s_feature_ro_compat |= EXT2_RO_LARGE_FILE;
	ext2_dirty(em, em->em_sbpage, EXT2_K_SUPER);
	mutex_unlock(&em->em_alloc);
}

void ext2_set_disk_size(struct ext2inode *ei, u64 size)
{
	struct ext2mount *em = ei->ei_mount;
	struct ext2_dinode *d = ei->ei_d;

	if (size_of(d) == size)
		return;
	if (size > INT32_MAX)
		allow_large_files(em);
	d->i_size = (u32)size;
	if (S_ISREG(d->i_mode))
		d->i_size_high = (u32)(size >> 32);
	ext2_idirty(ei, false);
}

/* --- New inodes --- */

static u32 next_generation(void)
{
	static u32 last;
	u32 now = (u32)(clock_real_ns() >> 10);

	return __atomic_add_fetch(&last, now | 1, __ATOMIC_RELAXED);
}

static void inode_set_owner(struct ext2_dinode *d, const struct ext2_dinode *dir, const struct cred *cr)
{
	gid_t gid = cr->cr_fsgid;

	/*
	 * A directory with set-group-id hands its group down, to directories
	 * with the bit itself.
	 */
	if (dir->i_mode & S_ISGID) {
		gid = dir->i_gid | (u32)dir->i_gid_high << 16;
		if (S_ISDIR(d->i_mode))
			d->i_mode |= S_ISGID;
	}
	d->i_uid = (u16)cr->cr_fsuid;
	d->i_uid_high = (u16)(cr->cr_fsuid >> 16);
	d->i_gid = (u16)gid;
	d->i_gid_high = (u16)(gid >> 16);
}

static void set_rdev(struct ext2_dinode *d, dev_t rdev)
{
	u32 major = DEVMAJOR(rdev), minor = DEVMINOR(rdev);

	if (major < 256)
		d->i_block[0] = major << 8 | minor;
	else
		d->i_block[1] = minor | major << 8;
}

static void init_dinode(struct ext2inode *ei, const struct ext2inode *dir, mode_t mode, dev_t rdev,
			const struct cred *cr)
{
	struct ext2_dinode *d = ei->ei_d;

	memset(d, 0, ei->ei_mount->em_isize);
	d->i_mode = (u16)mode;
	inode_set_owner(d, dir->ei_d, cr);
	d->i_flags = dir->ei_d->i_flags & EXT2_FL_INHERIT;
	d->i_generation = next_generation();
	if (ei->ei_mount->em_isize > EXT2_OLD_INODE_SIZE)
		d->i_extra_isize = EXT2_EXTRA_ISIZE;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		set_rdev(d, rdev);
	ext2_set_times(ei, EXT2_T_ATIME | EXT2_T_MTIME | EXT2_T_CTIME | EXT2_T_CRTIME, timespec_now());
}

/* The vnode for a number that the bitmap says is unused. */
static int claim(struct ext2mount *em, u32 ino, struct vnode **vpp)
{
	struct ext2inode *ei;
	bool isnew;
	int error;

	error = vnode_get(em->em_vfs, ino, vpp, &isnew);
	if (error)
		return error;
	if (!isnew) {
		vn_rele(*vpp);
		return ext2_damage(em, "inode %u is in use, but not in the bitmap", ino);
	}
	error = load(em, *vpp, &ei);
	if (!error && ei->ei_d->i_links_count) {
		error = ext2_damage(em, "inode %u is in use, but not in the bitmap", ino);
		inode_drop(ei);
	}
	if (error)
		vnode_bad(*vpp);
	else
		(*vpp)->v_data = ei;
	return error;
}

int ext2_inew(struct vnode *dvp, mode_t mode, dev_t rdev, const struct cred *cr, struct vnode **vpp)
{
	struct ext2mount *em = ext2mount(dvp->v_vfs);
	struct ext2inode *ei;
	struct vnode *vp;
	u32 ino;
	int error;

	error = ext2_ialloc(em, (u32)dvp->v_ino, S_ISDIR(mode), &ino);
	if (error)
		return error;
	error = claim(em, ino, &vp);
	if (error) {
		/* A number that is in use after all stays marked. */
		if (error != -EUCLEAN)
			ext2_ialloc_undo(em, ino, S_ISDIR(mode));
		return error;
	}
	ei = ext2inode(vp);
	init_dinode(ei, ext2inode(dvp), mode, rdev, cr);
	ei->ei_born = em->em_seq;
	VERIFY(inode_fill(vp, ei, BY_ORPHANS) == 0);
	ext2_idirty(ei, false);
	vnode_ready(vp);
	*vpp = vp;
	return 0;
}
