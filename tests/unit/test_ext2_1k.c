/* SPDX-License-Identifier: MIT */
/*
 * ext2 under random operations, as in test_ext2.c, on disks whose blocks have 1 KiB: a page of a file is four of them.
 *
 * UNIT-NEEDS: mke2fs e2fsck debugfs
 * UNIT-FLAGS: -D_GNU_SOURCE -iquote tests/unit/shim
 * UNIT-SOURCES: tests/unit/shim/sim_*.c tests/unit/shim/simdisk.c tests/unit/fs/env.c tests/unit/fs/model*.c kernel/lib/string.c
 * UNIT-SOURCES: fs/radix.c fs/uio.c fs/bio.c fs/frames.c fs/bdev.c fs/anonfs.c fs/pagecache.c fs/pc_read.c fs/pc_write.c
 * UNIT-SOURCES: fs/writeback.c fs/reclaim.c fs/vnode.c fs/vnode_cache.c fs/vnode_path.c fs/namecache.c fs/namei.c fs/path.c
 * UNIT-SOURCES: proc/cred.c fs/names.c fs/setid.c fs/rename.c fs/vfs.c fs/ext2/[a-z]*.c
 */
#define BLOCKS "-b 1024 "
#include "test_ext2.c"
