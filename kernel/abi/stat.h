/* SPDX-License-Identifier: MIT */
/*
 * File modes, stat, stat64 and statx of the i386 ABI (facts: linux-libc-dev asm/stat.h,
 * linux/stat.h).
 */
#ifndef KERNEL_ABI_STAT_H
#define KERNEL_ABI_STAT_H

#include "kernel/abi/whole.h"
#include "kernel/lib/types.h"

#ifdef REPRISE_HOST
#include <sys/stat.h>
#else
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#define S_ISUID 0004000
#define S_ISGID 0002000
#define S_ISVTX 0001000
#define S_IXGRP 0000010
#define S_ISLNK(m) (((m)&S_IFMT) == S_IFLNK)
#define S_ISREG(m) (((m)&S_IFMT) == S_IFREG)
#define S_ISDIR(m) (((m)&S_IFMT) == S_IFDIR)
#define S_ISCHR(m) (((m)&S_IFMT) == S_IFCHR)
#define S_ISBLK(m) (((m)&S_IFMT) == S_IFBLK)
#define S_ISFIFO(m) (((m)&S_IFMT) == S_IFIFO)
#endif

ABI_WHOLE

/* struct stat of the calls 106..108: 64 bytes. */
struct abi_stat {
	u32 st_dev, st_ino;
	u16 st_mode, st_nlink, st_uid, st_gid;
	u32 st_rdev, st_size, st_blksize, st_blocks;
	u32 st_atime_s, st_atime_ns, st_mtime_s, st_mtime_ns, st_ctime_s, st_ctime_ns;
	u32 pad[2];
};
_Static_assert(sizeof(struct abi_stat) == 64, "stat");

/* struct stat64, 96 bytes. */
struct abi_stat64 {
	u64 st_dev;
	u32 pad0;
	u32 __st_ino;
	u32 st_mode, st_nlink, st_uid, st_gid;
	u64 st_rdev;
	u32 pad3;
	s64 st_size;
	u32 st_blksize;
	u64 st_blocks;
	u32 st_atime_s, st_atime_ns, st_mtime_s, st_mtime_ns, st_ctime_s, st_ctime_ns;
	u64 st_ino;
} __packed;
_Static_assert(sizeof(struct abi_stat64) == 96, "stat64");

struct abi_statx_ts {
	s64 tv_sec;
	u32 tv_nsec;
	s32 pad;
};

struct abi_statx {
	u32 stx_mask, stx_blksize;
	u64 stx_attributes;
	u32 stx_nlink, stx_uid, stx_gid;
	u16 stx_mode, pad0;
	u64 stx_ino, stx_size, stx_blocks, stx_attributes_mask;
	struct abi_statx_ts stx_atime, stx_btime, stx_ctime, stx_mtime;
	u32 stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
	u64 pad1[14];
};
_Static_assert(sizeof(struct abi_statx) == 256, "statx");

#define K_STATX_BASIC_STATS 0x7ffu
#define K_STATX_RESERVED 0x80000000u
#define K_STATX_ATTR_MOUNT_ROOT 0x2000u

ABI_WHOLE_END

#endif
