/* SPDX-License-Identifier: MIT */
/*
 * statfs and statfs64 of the i386 ABI (facts: linux-libc-dev asm-generic/statfs.h, linux/magic.h,
 * linux/mount.h).
 */
#ifndef KERNEL_ABI_STATFS_H
#define KERNEL_ABI_STATFS_H

#include "kernel/abi/whole.h"
#include "kernel/lib/types.h"

ABI_WHOLE

struct abi_statfs {
	u32 f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree;
	u32 f_fsid[2], f_namelen, f_frsize, f_flags, f_spare[4];
};
_Static_assert(sizeof(struct abi_statfs) == 64, "statfs");

struct abi_statfs64 {
	u32 f_type, f_bsize;
	u64 f_blocks, f_bfree, f_bavail, f_files, f_ffree;
	u32 f_fsid[2], f_namelen, f_frsize, f_flags, f_spare[4];
} __packed;
_Static_assert(sizeof(struct abi_statfs64) == 84, "statfs64");

#define K_MAGIC_PIPEFS 0x50495045u
#define K_MAGIC_BDEVFS 0x62646576u
#define K_MAGIC_DEVPTS 0x1cd1u
#define K_MAGIC_PROC 0x9fa0u
#define K_MAGIC_EXT2 0xef53u
#define K_MAGIC_TMPFS 0x01021994u
#define K_MAGIC_9P 0x01021997u

#define K_ST_RDONLY 0x0001u
#define K_ST_VALID 0x0020u

#define K_MS_RDONLY 1u
#define K_MS_REMOUNT 32u
#define K_MS_BIND 4096u
#define K_MS_MOVE 8192u
#define K_MS_MGC_VAL 0xc0ed0000u
#define K_MS_MGC_MSK 0xffff0000u
#define K_MNT_FORCE 1u
#define K_MNT_DETACH 2u
#define K_UMOUNT_NOFOLLOW 8u

ABI_WHOLE_END

#endif
