/* SPDX-License-Identifier: MIT */
/*
 * getdents and getdents64. The file system hands out one entry after the other;
 * they are laid out in a kernel buffer and copied out when it is full, with no
 * lock of the directory held.
 */
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/syscalls.h"
#include "kernel/abi/dirent.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"

#define BUF_SMALL PAGE_SIZE
#define BUF_LARGE 32768u /* what the C libraries ask for at once */

struct listing {
	u8 *li_buf;
	u32 li_size, li_used;
	bool li_full;	 /* an entry did not fit */
	bool li_toolong; /* ... a field of it did not */
	off_t li_next;	 /* offset behind the last entry taken */
};

static u8 type_code(enum vtype type)
{
	switch (type) {
	case VREG: return K_DT_REG;
	case VDIR: return K_DT_DIR;
	case VLNK: return K_DT_LNK;
	case VCHR: return K_DT_CHR;
	case VBLK: return K_DT_BLK;
	case VFIFO: return K_DT_FIFO;
	default: return K_DT_UNKNOWN;
	}
}

/* Room for a record of len bytes, zeroed; NULL: full. */
static void *getdents_take(struct listing *li, u32 len, off_t next)
{
	void *rec = li->li_buf + li->li_used;

	if (len > li->li_size - li->li_used) {
		li->li_full = true;
		return NULL;
	}
	memset(rec, 0, len);
	li->li_used += len;
	li->li_next = next;
	return rec;
}

static bool add64(void *arg, const char *name, u32 namelen, ino_t ino, enum vtype type, off_t next)
{
	u32 len = ROUND_UP((u32)offsetof(struct abi_dirent64, d_name) + namelen + 1, 8u);
	struct abi_dirent64 *d = getdents_take(arg, len, next);

	if (!d)
		return false;
	d->d_ino = ino;
	d->d_off = next;
	d->d_reclen = (u16)len;
	d->d_type = type_code(type);
	memcpy(d->d_name, name, namelen);
	return true;
}

static bool add32(void *arg, const char *name, u32 namelen, ino_t ino, enum vtype type, off_t next)
{
	u32 len = ROUND_UP((u32)offsetof(struct abi_dirent, d_name) + namelen + 2, 4u);
	struct listing *li = arg;
	struct abi_dirent *d;

	if (ino > ~0u || next > (off_t)UINT32_MAX) {
		li->li_toolong = true;
		return false;
	}
	d = getdents_take(li, len, next);
	if (!d)
		return false;
	d->d_ino = (u32)ino;
	d->d_off = (u32)next;
	d->d_reclen = (u16)len;
	memcpy(d->d_name, name, namelen);
	((u8 *)d)[len - 1] = type_code(type);
	return true;
}

static int getdents_fill(struct file *f, struct listing *li, dirent_fn add)
{
	struct vnode *dvp = f->f_vnode;
	int error;

	if (dvp->v_type != VDIR || !dvp->v_op->vop_readdir)
		return -ENOTDIR;
	mutex_lock(&f->f_lock);
	li->li_next = f->f_offset;
	vn_lock(dvp);
	error = dvp->v_flags & V_UNLINKED ? -ENOENT : dvp->v_op->vop_readdir(dvp, f->f_offset, add, li);
	vn_unlock(dvp);
	f->f_offset = li->li_next;
	mutex_unlock(&f->f_lock);
	if (li->li_used > 0)
		return 0; /* what was found counts; an error comes again next time */
	if (li->li_toolong)
		return -EOVERFLOW;
	return !error && li->li_full ? -EINVAL : error;
}

static long list_file(struct file *f, uaddr_t ubuf, u32 size, dirent_fn add)
{
	struct listing li = { .li_size = MIN(size, BUF_LARGE) };
	long ret;

	if (f->f_flags & O_PATH)
		return -EBADF;
	li.li_buf = kmalloc(MAX(li.li_size, 1u), 0);
	if (!li.li_buf) {
		li.li_size = MIN(li.li_size, BUF_SMALL);
		li.li_buf = kmalloc(li.li_size, 0);
	}
	if (!li.li_buf)
		return -ENOMEM;
	ret = getdents_fill(f, &li, add);
	if (!ret)
		ret = copyout(ubuf, li.li_buf, li.li_used);
	kfree(li.li_buf);
	return ret ? ret : (long)li.li_used;
}

static long list_fd(int fd, uaddr_t ubuf, u32 size, dirent_fn add)
{
	struct file *f;
	long ret;

	ret = fd_get(fd, &f);
	if (ret)
		return ret;
	ret = list_file(f, ubuf, size, add);
	file_rele(f);
	return ret;
}

long sys_getdents64(int fd, uaddr_t ubuf, u32 size)
{
	return list_fd(fd, ubuf, size, add64);
}

long sys_getdents(int fd, uaddr_t ubuf, u32 size)
{
	return list_fd(fd, ubuf, size, add32);
}
