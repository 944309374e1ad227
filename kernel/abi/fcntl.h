/* SPDX-License-Identifier: MIT */
/*
 * Open flags, fcntl and *at constants of the i386 ABI (facts: linux-libc-dev asm-generic/fcntl.h,
 * linux/fcntl.h).
 */
#ifndef KERNEL_ABI_FCNTL_H
#define KERNEL_ABI_FCNTL_H

#include "kernel/abi/whole.h"
#include "kernel/lib/types.h"

#ifdef REPRISE_HOST
#include <fcntl.h>
#else
#define O_ACCMODE 00000003
#define O_RDONLY 00000000
#define O_WRONLY 00000001
#define O_RDWR 00000002
#define O_CREAT 00000100
#define O_EXCL 00000200
#define O_NOCTTY 00000400
#define O_TRUNC 00001000
#define O_APPEND 00002000
#define O_NONBLOCK 00004000
#define O_DSYNC 00010000
#define O_ASYNC 00020000
#define O_DIRECT 00040000
#define O_LARGEFILE 00100000
#define O_DIRECTORY 00200000
#define O_NOFOLLOW 00400000
#define O_NOATIME 01000000
#define O_CLOEXEC 02000000
#define O_SYNC (04000000 | O_DSYNC)
#define O_PATH 010000000
#define O_NOLINKS \
	0x40000000 /* inside the kernel only: no symbolic link anywhere in the path, -ELOOP */
#define O_TMPFILE_BIT 020000000
#define O_TMPFILE (O_TMPFILE_BIT | O_DIRECTORY)

#define F_DUPFD 0
#define F_GETFD 1
#define F_SETFD 2
#define F_GETFL 3
#define F_SETFL 4
#define F_GETLK 5
#define F_SETLK 6
#define F_SETLKW 7
#define F_SETOWN 8
#define F_GETOWN 9
#define F_GETLK64 12
#define F_SETLK64 13
#define F_SETLKW64 14
#define F_DUPFD_CLOEXEC 1030
#define FD_CLOEXEC 1
#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_EACCESS 0x200
#define AT_REMOVEDIR 0x200
#define AT_SYMLINK_FOLLOW 0x400
#define AT_EMPTY_PATH 0x1000

#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8
#define LOCK_MAND 32
#endif

/* Under names of our own: what the host's headers hide behind feature macros, or do not have. */
#define K_NON_LFS_MAX \
	0x7fffffffu /* the largest size a description without O_LARGEFILE may see or make */
#define K_IOV_MAX 1024u
#define K_RW_MAX 0x7ffff000u /* one read or write moves at most so much */

#define K_SEEK_SET 0
#define K_SEEK_CUR 1
#define K_SEEK_END 2
#define K_SEEK_DATA 3
#define K_SEEK_HOLE 4

#define K_F_SETSIG 10
#define K_F_GETSIG 11
#define K_F_OFD_GETLK 36
#define K_F_OFD_SETLK 37
#define K_F_OFD_SETLKW 38
#define K_F_SETPIPE_SZ 1031
#define K_F_GETPIPE_SZ 1032

#define K_AT_NO_AUTOMOUNT 0x800
#define K_AT_STATX_SYNC_TYPE 0x6000
#define K_RENAME_NOREPLACE 1u
#define K_CLOSE_RANGE_UNSHARE 2u
#define K_CLOSE_RANGE_CLOEXEC 4u
#define K_MFD_CLOEXEC 1u
#define K_FALLOC_KEEP_SIZE 1u
#define K_UTIME_NOW 0x3fffffffu
#define K_UTIME_OMIT 0x3ffffffeu

ABI_WHOLE

struct abi_iovec {
	u32 iov_base, iov_len;
};

/* struct flock, for F_GETLK .. F_SETLKW. */
struct abi_flock {
	s16 l_type, l_whence;
	s32 l_start, l_len, l_pid;
};
_Static_assert(sizeof(struct abi_flock) == 16, "flock");

/* struct flock64: i386 aligns 64-bit fields to 4. */
struct abi_flock64 {
	s16 l_type, l_whence;
	s64 l_start, l_len;
	s32 l_pid;
} __packed;
_Static_assert(sizeof(struct abi_flock64) == 24, "flock64");

ABI_WHOLE_END

#endif
