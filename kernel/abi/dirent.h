/* SPDX-License-Identifier: MIT */
/*
 * Directory entries as getdents and getdents64 give them (facts: linux-libc-dev linux/dirent.h,
 * getdents(2)).
 */
#ifndef KERNEL_ABI_DIRENT_H
#define KERNEL_ABI_DIRENT_H

#include "kernel/abi/whole.h"
#include "kernel/lib/types.h"

ABI_WHOLE

struct abi_dirent64 {
	u64 d_ino;
	s64 d_off; /* where the next entry begins */
	u16 d_reclen;
	u8 d_type;
	char d_name[];
} __packed;
_Static_assert(offsetof(struct abi_dirent64, d_name) == 19, "linux_dirent64");

/* The type is the last byte of the record. */
struct abi_dirent {
	u32 d_ino, d_off;
	u16 d_reclen;
	char d_name[];
} __packed;
_Static_assert(offsetof(struct abi_dirent, d_name) == 10, "linux_dirent");

#define K_DT_UNKNOWN 0
#define K_DT_FIFO 1
#define K_DT_CHR 2
#define K_DT_DIR 4
#define K_DT_BLK 6
#define K_DT_REG 8
#define K_DT_LNK 10

ABI_WHOLE_END

#endif
