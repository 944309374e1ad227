/* SPDX-License-Identifier: MIT */
/*
 * A machine with file systems, for tests: a small ext2 disk as root, and the disk under test mounted on /mnt. Images are made by mke2fs and
 * judged by e2fsck, in a scratch directory of this process.
 */
#ifndef TESTS_FS_ENV_H
#define TESTS_FS_ENV_H

#include "fs/vnode.h"
#include "sim.h"

extern struct simdisk env_root, env_disk;
extern char env_dir[]; /* scratch directory */
extern bool env_quiet; /* env_apart() tells failures only */

void env_begin(void); /* once: scratch directory and the root disk's image */
void env_end(void);   /* removes the scratch directory */

/* Makes scratch file `name`, mib MiB large, with mke2fs's further options. */
void env_mkfs(const char *name, u32 mib, const char *options);
/* Runs fn(seed) in a child process, so that each run finds a machine that was never started; false if it failed or crashed. Prints ok or FAIL. */
bool env_apart(const char *name, u32 seed, void (*fn)(u32 seed));
/* Starts the machine with that image in the disk under test, which is not mounted yet. */
void env_boot(u32 seed, u32 nframes, const char *image, u32 mib);
/* In an lwp. Unmounting checks that nothing is left in memory. */
int env_mount(const char *options);
int env_unmount(void);

/* Runs e2fsck with options on an image with the disk's contents (NULL) or on scratch file `name`; its exit status. Prints what it said when that is
 * above `most`. */
int env_fsck(const char *name, const char *options, int most);
/* Runs a host command in the scratch directory. */
int env_host(const char *fmt, ...) __printf(1, 2);
u8 *env_read_file(const char *name, size_t *len); /* malloc'd, NULL if it is not there */

/* --- Files by path, in an lwp --- */
int env_create(const char *path, mode_t mode);
int env_stat(const char *path, struct vattr *va); /* links are not followed */
ssize_t env_pwrite(const char *path, const void *buf, size_t len, off_t off);
ssize_t env_pread(const char *path, void *buf, size_t len, off_t off);
int env_truncate(const char *path, u64 size);
int env_fsync(const char *path);
int env_readlink(const char *path, char *buf, size_t size);
/* Calls fn for each entry but "." and "..", from buffers of few entries, as getdents does. */
int env_readdir(const char *path, void (*fn)(void *arg, const char *name, ino_t ino), void *arg);

#endif
