/* SPDX-License-Identifier: MIT */
/*
 * The set-user-id and set-group-id bits of a file's mode: which of them a call
 * leaves to a process. One function for each kind of call:
 *
 *   open, creat, mknod     setid_created()
 *   chmod                  setid_chmod()
 *   chown                  setid_chowned()
 *   write, truncate,
 *   O_TRUNC, fallocate,
 *   copies into the file   setid_written()
 *
 * A directory's set-group-id bit gives no rights: it says that new files get the
 * directory's group. mkdir hands it on, whoever calls. A store to a shared
 * mapping changes no bit, as on Linux.
 *
 * Source: chmod(2), chown(2), write(2), inode(7); the order of umask and bit in
 * setid_created() is Linux's.
 */
#ifndef FS_SETID_H
#define FS_SETID_H

#include "fs/vnode.h"
#include "kernel/abi/stat.h"

/*
 * The mode of a new file, before the umask is applied. dir: the attributes of
 * its directory. A process outside the directory's group makes no program that
 * runs as that group.
 */
mode_t setid_created(const struct vattr *dir, mode_t mode);

/* What chmod(mode) sets on a file of group gid. */
mode_t setid_chmod(mode_t mode, gid_t gid);

/* What chown leaves of a file's mode; gid: the group before. */
mode_t setid_chowned(mode_t mode, gid_t gid);

/* What a write by the current process leaves of the mode of a regular file. */
mode_t setid_written_slow(mode_t mode, gid_t gid);

static inline mode_t setid_written(mode_t mode, gid_t gid)
{
	return mode & (S_ISUID | S_ISGID) ? setid_written_slow(mode, gid) : mode;
}

/*
 * Takes from vp the bits that a write takes.
 * Returns: 0, or an error of vop_getattr or vop_setattr.
 * Locks: v_lock held. Sleeps.
 */
int vn_lose_setid(struct vnode *vp);

#endif
