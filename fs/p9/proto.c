/* SPDX-License-Identifier: MIT */
/*
 * 9P2000.L: a function for each request but those of fs/p9/proto_io.c. The
 * layouts stand in front of each.
 */
#include "fs/p9/msg.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/abi/statfs.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

#define VERSION "9P2000.L"
#define NO_UNAME 0xffffffffu
#define UNLINK_DIR 0x200u
#define GETATTR_BASIC 0x7ffull /* all that stat(2) has */
#define SET_MODE 0x01u
#define SET_UID 0x02u
#define SET_GID 0x04u
#define SET_SIZE 0x08u
#define SET_ATIME 0x90u /* the time, and that it is given */
#define SET_MTIME 0x120u
#define OVERHEAD 24u /* of a read or write beyond the bytes of the file */

u32 p9_newfid(struct p9mount *pm)
{
	u32 fid;

	do {
		fid = __atomic_add_fetch(&pm->pm_nextfid, 1, __ATOMIC_RELAXED);
	} while (fid == P9_NOFID);
	return fid;
}

static void put_name(struct p9_call *c, const struct p9_name *name)
{
	p9_putstr(c, name->pn_text, name->pn_len);
}

/* Tversion: msize[4] version[s]; Rversion: the same. All fids are gone then. */
int p9_version(struct p9mount *pm)
{
	struct p9_call c;
	const u8 *text;
	u32 msize, len;
	int error;

	p9_begin(&c, pm, P9_TVERSION);
	p9_put32(&c, P9_MSIZE);
	p9_putstr(&c, VERSION, sizeof(VERSION) - 1);
	error = p9_call(&c);
	if (!error) {
		msize = p9_get32(&c);
		len = p9_get16(&c);
		text = p9_take(&c, len);
		if (!text || len != sizeof(VERSION) - 1 || memcmp(text, VERSION, len) != 0 ||
		    msize < PAGE_SIZE + OVERHEAD || msize > P9_MSIZE)
			error = -EPROTONOSUPPORT;
		else
			pm->pm_iomax = MIN(P9_IOMAX, msize - OVERHEAD);
	}
	return p9_end(&c, error);
}

/* Tattach: fid[4] afid[4] uname[s] aname[s] n_uname[4]; Rattach: qid[13] */
int p9_attach(struct p9mount *pm, u32 fid)
{
	struct p9_call c;

	p9_begin(&c, pm, P9_TATTACH);
	p9_put32(&c, fid);
	p9_put32(&c, P9_NOFID);
	p9_putstr(&c, "", 0);
	p9_putstr(&c, "", 0);
	p9_put32(&c, NO_UNAME);
	return p9_end(&c, p9_call(&c));
}

/* Twalk: fid[4] newfid[4] n[2] n*(name[s]); Rwalk: n[2] n*(qid[13]) */
int p9_walk(struct p9mount *pm, u32 fid, u32 newfid, const struct p9_name *name)
{
	struct p9_call c;
	int error;

	p9_begin(&c, pm, P9_TWALK);
	p9_put32(&c, fid);
	p9_put32(&c, newfid);
	p9_put16(&c, name ? 1 : 0);
	if (name)
		put_name(&c, name);
	error = p9_call(&c);
	if (!error && p9_get16(&c) != (name ? 1 : 0))
		error = -ENOENT;
	return p9_end(&c, error);
}

/* Tclunk: fid[4]. The fid is gone, whatever the answer. */
void p9_clunk(struct p9mount *pm, u32 fid)
{
	struct p9_call c;

	p9_begin(&c, pm, P9_TCLUNK);
	p9_put32(&c, fid);
	p9_end(&c, p9_call(&c));
}

/* Tlopen: fid[4] flags[4]; Rlopen: qid[13] iounit[4] */
int p9_lopen(struct p9mount *pm, u32 fid, u32 flags)
{
	struct p9_call c;

	p9_begin(&c, pm, P9_TLOPEN);
	p9_put32(&c, fid);
	p9_put32(&c, flags);
	return p9_end(&c, p9_call(&c));
}

/*
 * Tlcreate: fid[4] name[s] flags[4] mode[4] gid[4]; Rlcreate: qid[13] iounit[4]
 */
int p9_lcreate(struct p9mount *pm, u32 fid, const struct p9_name *name, u32 flags, mode_t mode, gid_t gid)
{
	struct p9_call c;

	p9_begin(&c, pm, P9_TLCREATE);
	p9_put32(&c, fid);
	put_name(&c, name);
	p9_put32(&c, flags);
	p9_put32(&c, mode);
	p9_put32(&c, gid);
	return p9_end(&c, p9_call(&c));
}

/* Tmkdir: fid[4] name[s] mode[4] gid[4]; Rmkdir: qid[13] */
int p9_mkdir(struct p9mount *pm, u32 fid, const struct p9_name *name, mode_t mode, gid_t gid)
{
	struct p9_call c;

	p9_begin(&c, pm, P9_TMKDIR);
	p9_put32(&c, fid);
	put_name(&c, name);
	p9_put32(&c, mode);
	p9_put32(&c, gid);
	return p9_end(&c, p9_call(&c));
}

/* Tsymlink: fid[4] name[s] target[s] gid[4]; Rsymlink: qid[13] */
int p9_symlink(struct p9mount *pm, u32 fid, const struct p9_name *name, const char *target, gid_t gid)
{
	struct p9_call c;

	p9_begin(&c, pm, P9_TSYMLINK);
	p9_put32(&c, fid);
	put_name(&c, name);
	p9_putstr(&c, target, (u32)strlen(target));
	p9_put32(&c, gid);
	return p9_end(&c, p9_call(&c));
}

/* Tlink: dfid[4] fid[4] name[s] */
int p9_link(struct p9mount *pm, u32 dirfid, u32 fid, const struct p9_name *name)
{
	struct p9_call c;

	p9_begin(&c, pm, P9_TLINK);
	p9_put32(&c, dirfid);
	p9_put32(&c, fid);
	put_name(&c, name);
	return p9_end(&c, p9_call(&c));
}

/* Tunlinkat: dirfid[4] name[s] flags[4] */
int p9_unlink(struct p9mount *pm, u32 dirfid, const struct p9_name *name, bool dir)
{
	struct p9_call c;

	p9_begin(&c, pm, P9_TUNLINKAT);
	p9_put32(&c, dirfid);
	put_name(&c, name);
	p9_put32(&c, dir ? UNLINK_DIR : 0);
	return p9_end(&c, p9_call(&c));
}

/* Trenameat: olddirfid[4] oldname[s] newdirfid[4] newname[s] */
int p9_rename(struct p9mount *pm, u32 fdir, const struct p9_name *from, u32 tdir, const struct p9_name *to)
{
	struct p9_call c;

	p9_begin(&c, pm, P9_TRENAMEAT);
	p9_put32(&c, fdir);
	put_name(&c, from);
	p9_put32(&c, tdir);
	put_name(&c, to);
	return p9_end(&c, p9_call(&c));
}

/* Treadlink: fid[4]; Rreadlink: target[s] */
int p9_readlink(struct p9mount *pm, u32 fid, char *buf, size_t size)
{
	struct p9_call c;
	const u8 *text;
	u32 len = 0;
	int error;

	p9_begin(&c, pm, P9_TREADLINK);
	p9_put32(&c, fid);
	error = p9_call(&c);
	if (!error) {
		len = p9_get16(&c);
		text = p9_take(&c, len);
		len = (u32)MIN((size_t)len, size);
		if (text && memchr(text, 0, len))
			error = -EIO;
		else if (text)
			memcpy(buf, text, len);
	}
	error = p9_end(&c, error);
	return error ? error : (int)len;
}

static struct timespec_k get_time(struct p9_call *c)
{
	struct timespec_k t = { .tv_sec = (s64)p9_get64(c) };
	u64 nsec = p9_get64(c);

	t.tv_nsec = nsec < NSEC_PER_SEC ? (u32)nsec : 0;
	return t;
}

/*
 * The type of a file; a socket of the host is there to be seen, and no more.
 * VNON: no such type
 */
static enum vtype type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return VREG;
	case S_IFDIR: return VDIR;
	case S_IFLNK: return VLNK;
	case S_IFCHR:
	case S_IFSOCK: return VCHR;
	case S_IFBLK: return VBLK;
	case S_IFIFO: return VFIFO;
	default: return VNON;
	}
}

/*
 * Tgetattr: fid[4] mask[8]; Rgetattr: valid[8] qid[13] mode[4] uid[4] gid[4]
 * nlink[8] rdev[8] size[8] blksize[8] blocks[8], then atime, mtime, ctime,
 * btime: sec[8] nsec[8]; gen[8] data_version[8]
 */
int p9_getattr(struct p9mount *pm, u32 fid, struct vattr *va)
{
	struct p9_call c;
	u64 nlink, blksize;
	int error;

	*va = (struct vattr){ 0 };
	p9_begin(&c, pm, P9_TGETATTR);
	p9_put32(&c, fid);
	p9_put64(&c, GETATTR_BASIC);
	error = p9_call(&c);
	if (error)
		return p9_end(&c, error);
	p9_get64(&c);
	va->va_ino = p9_getqid(&c);
	va->va_mode = (mode_t)p9_get32(&c);
	va->va_uid = p9_get32(&c);
	va->va_gid = p9_get32(&c);
	nlink = p9_get64(&c);
	p9_get64(&c); /* rdev: a device of the host's is none of ours */
	va->va_size = p9_get64(&c);
	blksize = p9_get64(&c);
	va->va_blocks = p9_get64(&c);
	va->va_atime = get_time(&c);
	va->va_mtime = get_time(&c);
	va->va_ctime = get_time(&c);
	va->va_type = type_of(va->va_mode);
	va->va_nlink = (nlink_t)MIN(nlink, 0xffffull);
	va->va_blksize = blksize >= 512 && blksize <= 1u << 20 ? (u32)blksize : PAGE_SIZE;
	if (va->va_type == VNON || va->va_size > INT64_MAX)
		error = -EIO;
	return p9_end(&c, error);
}

static void put_time(struct p9_call *c, struct timespec_k t)
{
	p9_put64(c, (u64)t.tv_sec);
	p9_put64(c, t.tv_nsec);
}

/*
 * Tsetattr: fid[4] valid[4] mode[4] uid[4] gid[4] size[8], then atime and
 * mtime: sec[8] nsec[8]
 */
int p9_setattr(struct p9mount *pm, u32 fid, const struct vattr *va)
{
	static const u32 bits[][2] = { { VA_MODE, SET_MODE },	{ VA_UID, SET_UID },
				       { VA_GID, SET_GID },	{ VA_SIZE, SET_SIZE },
				       { VA_ATIME, SET_ATIME }, { VA_MTIME, SET_MTIME } };
	struct p9_call c;
	u32 valid = 0;

	for (u32 i = 0; i < ARRAY_SIZE(bits); i++)
		valid |= va->va_mask & bits[i][0] ? bits[i][1] : 0;
	p9_begin(&c, pm, P9_TSETATTR);
	p9_put32(&c, fid);
	p9_put32(&c, valid);
	p9_put32(&c, va->va_mode & 07777);
	p9_put32(&c, va->va_uid);
	p9_put32(&c, va->va_gid);
	p9_put64(&c, va->va_size);
	put_time(&c, va->va_atime);
	put_time(&c, va->va_mtime);
	return p9_end(&c, p9_call(&c));
}

/* Tfsync: fid[4] datasync[4] */
int p9_fsync(struct p9mount *pm, u32 fid, bool datasync)
{
	struct p9_call c;

	p9_begin(&c, pm, P9_TFSYNC);
	p9_put32(&c, fid);
	p9_put32(&c, datasync);
	return p9_end(&c, p9_call(&c));
}

/*
 * Tstatfs: fid[4]; Rstatfs: type[4] bsize[4] blocks[8] bfree[8] bavail[8]
 * files[8] ffree[8] fsid[8] namelen[4]
 */
int p9_statfs(struct p9mount *pm, u32 fid, struct statfs_k *st)
{
	struct p9_call c;
	int error;

	p9_begin(&c, pm, P9_TSTATFS);
	p9_put32(&c, fid);
	error = p9_call(&c);
	if (!error) {
		p9_get32(&c);
		st->f_type = K_MAGIC_9P;
		st->f_bsize = st->f_frsize = p9_get32(&c);
		st->f_blocks = p9_get64(&c);
		st->f_bfree = p9_get64(&c);
		st->f_bavail = p9_get64(&c);
		st->f_files = p9_get64(&c);
		st->f_ffree = p9_get64(&c);
	}
	return p9_end(&c, error);
}
