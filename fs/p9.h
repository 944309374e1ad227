/* SPDX-License-Identifier: MIT */
/*
 * 9p for the rest of the kernel: `mount -t 9p TAG DIR` shows a folder of the
 * host.
 */
#ifndef FS_P9_H
#define FS_P9_H

void p9_init(void);

#endif
