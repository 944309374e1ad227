/* SPDX-License-Identifier: MIT */
/* ext2: inodes and their attributes. */
#include "fs/ext2/ext2.h"

#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"

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
	{ S_IFREG, VREG, &ext2_file_ops },    { S_IFDIR, VDIR, &ext2_dir_ops },	    { S_IFLNK, VLNK, &ext2_link_ops },
	{ S_IFCHR, VCHR, &ext2_special_ops }, { S_IFBLK, VBLK, &ext2_special_ops }, { S_IFIFO, VFIFO, &ext2_special_ops },
};

static int set_kind(struct vnode *vp, mode_t mode)
{
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		if ((mode & S_IFMT) == kinds[i].mode) {
			vp->v_type = kinds[i].type;
			vp->v_op = kinds[i].ops;
			return 0;
		}
	}
	return -EUCLEAN;
}

/* Device numbers: the old form, of 16 bits, in the first word; the new one in the second. Source: linux-libc-dev, as in statx */
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

static int check_inode(struct ext2mount *em, u32 ino, const struct ext2_dinode *d)
{
	u64 size = size_of(d);

	if (d->i_links_count == 0)
		return ext2_damage(em, "inode %u has a name but is not in use", ino);
	if (d->i_flags & (EXT2_FL_EXTENTS | EXT2_FL_INLINE))
		return ext2_damage(em, "inode %u has flags %x, which ext2 does not have", ino, d->i_flags);
	if (size > em->em_maxsize)
		return ext2_damage(em, "inode %u has size %llu", ino, (unsigned long long)size);
	if (S_ISDIR(d->i_mode) && (size == 0 || size % EXT2_BSIZE))
		return ext2_damage(em, "directory %u has size %llu", ino, (unsigned long long)size);
	if (S_ISLNK(d->i_mode) && (size == 0 || size >= EXT2_BSIZE))
		return ext2_damage(em, "symbolic link %u has length %llu", ino, (unsigned long long)size);
	return 0;
}

/* Gets the inode's page, and makes *eip of it. */
static int load(struct ext2mount *em, u32 ino, struct ext2inode **eip)
{
	u32 per_block = EXT2_BSIZE / em->em_isize, at = (ino - 1) % em->em_ipg;
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
	ei->ei_d = (struct ext2_dinode *)((u8 *)page_kva(ei->ei_page) + at % per_block * em->em_isize);
	mutex_init(&ei->ei_maplock, "ext2-map", LR_FS_INODE);
	*eip = ei;
	return 0;
}

static void drop(struct ext2inode *ei)
{
	page_put(ei->ei_page);
	kmem_free(inode_cache, ei);
}

static int fill(struct vnode *vp, struct ext2inode *ei)
{
	const struct ext2_dinode *d = ei->ei_d;
	int error;

	error = check_inode(ei->ei_mount, (u32)vp->v_ino, d);
	if (!error && set_kind(vp, d->i_mode))
		error = ext2_damage(ei->ei_mount, "inode %u has mode %o", (u32)vp->v_ino, d->i_mode);
	if (error)
		return error;
	vp->v_size = size_of(d);
	vp->v_rdev = vp->v_type == VCHR || vp->v_type == VBLK ? rdev_of(d) : 0;
	ei->ei_vp = vp;
	vp->v_data = ei;
	if (vp->v_type == VREG)
		vnode_setflags(vp, V_SEEKABLE, 0);
	return 0;
}

int ext2_iget(struct ext2mount *em, u32 ino, struct vnode **vpp)
{
	struct ext2inode *ei;
	struct vnode *vp;
	bool isnew;
	int error;

	if (ino > em->em_inodes || (ino < em->em_first_ino && ino != EXT2_ROOT_INO))
		return ext2_damage(em, "inode number %u cannot be a file's", ino);
	error = vnode_get(em->em_vfs, ino, &vp, &isnew);
	if (error)
		return error;
	if (isnew) {
		error = load(em, ino, &ei);
		if (!error) {
			error = fill(vp, ei);
			if (error)
				drop(ei);
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

void ext2_reclaim(struct vnode *vp)
{
	if (ext2inode(vp))
		drop(ext2inode(vp));
}

/* Does the inode have the fields up to and with `end` (an offset)? */
static bool has_extra(const struct ext2inode *ei, size_t end)
{
	return ei->ei_mount->em_isize > EXT2_OLD_INODE_SIZE && EXT2_OLD_INODE_SIZE + ei->ei_d->i_extra_isize >= end &&
	       end <= ei->ei_mount->em_isize;
}

/* Two more bits of seconds below 30 bits of nanoseconds; the seconds themselves are signed. */
static struct timespec_k time_of(const struct ext2inode *ei, u32 sec, const u32 *extra)
{
	struct timespec_k t = { .tv_sec = (s32)sec };
	size_t end = (size_t)((const u8 *)(extra + 1) - (const u8 *)ei->ei_d);

	if (has_extra(ei, end)) {
		t.tv_sec += (s64)(*extra & 3) << 32;
		t.tv_nsec = MIN(*extra >> 2, (u32)NSEC_PER_SEC - 1);
	}
	return t;
}

int ext2_getattr(struct vnode *vp, struct vattr *va)
{
	const struct ext2inode *ei = ext2inode(vp);
	const struct ext2_dinode *d = ei->ei_d;

	va->va_type = vp->v_type;
	va->va_mode = d->i_mode;
	va->va_uid = d->i_uid | (u32)d->i_uid_high << 16;
	va->va_gid = d->i_gid | (u32)d->i_gid_high << 16;
	va->va_nlink = d->i_links_count;
	va->va_ino = vp->v_ino;
	va->va_dev = vp->v_vfs->vfs_dev;
	va->va_rdev = vp->v_rdev;
	va->va_size = vp->v_size;
	va->va_blocks = d->i_blocks;
	va->va_blksize = EXT2_BSIZE;
	va->va_gen = d->i_generation;
	va->va_atime = time_of(ei, d->i_atime, &d->i_atime_extra);
	va->va_mtime = time_of(ei, d->i_mtime, &d->i_mtime_extra);
	va->va_ctime = time_of(ei, d->i_ctime, &d->i_ctime_extra);
	return 0;
}
