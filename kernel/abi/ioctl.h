/* SPDX-License-Identifier: MIT */
/*
 * ioctls of files in general and of block devices (facts: linux-libc-dev asm-generic/ioctls.h,
 * linux/fs.h).
 */
#ifndef KERNEL_ABI_IOCTL_H
#define KERNEL_ABI_IOCTL_H

#define K_FIONREAD 0x541bu
#define K_FIONBIO 0x5421u
#define K_FIONCLEX 0x5450u
#define K_FIOCLEX 0x5451u
#define K_FIOASYNC 0x5452u
#define K_FS_IOC_GETFLAGS 0x80046601u
#define K_FS_IOC_SETFLAGS 0x40046602u
#define K_FIOQSIZE 0x5460u
#define K_BLKROGET 0x125eu
#define K_BLKGETSIZE 0x1260u
#define K_BLKFLSBUF 0x1261u
#define K_BLKSSZGET 0x1268u
#define K_BLKPBSZGET 0x127bu
#define K_BLKBSZGET 0x80041270u
#define K_BLKGETSIZE64 0x80041272u
#define K_RNDGETENTCNT 0x80045200u

#endif
