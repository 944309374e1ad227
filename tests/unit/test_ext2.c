/* SPDX-License-Identifier: MIT */
/*
 * ext2 under random operations: trees of files against a model, several lwps at once, requests ending in any order; with plenty of room, with
 * little memory, on a disk that is full, with failing allocations. e2fsck and debugfs have the last word.
 *
 * UNIT-NEEDS: mke2fs e2fsck debugfs
 * UNIT-FLAGS: -D_GNU_SOURCE -iquote tests/unit/shim
 * UNIT-SOURCES: tests/unit/shim/sim_*.c tests/unit/shim/simdisk.c tests/unit/fs/env.c tests/unit/fs/model*.c kernel/lib/string.c
 * UNIT-SOURCES: fs/radix.c fs/uio.c fs/bio.c fs/frames.c fs/bdev.c fs/anonfs.c fs/pagecache.c fs/pc_read.c fs/pc_write.c
 * UNIT-SOURCES: fs/writeback.c fs/reclaim.c fs/vnode.c fs/vnode_cache.c fs/vnode_path.c fs/namecache.c fs/namei.c fs/path.c
 * UNIT-SOURCES: proc/cred.c fs/names.c fs/setid.c fs/rename.c fs/vfs.c fs/ext2/[a-z]*.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/env.h"
#include "fs/model.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "mm/kmalloc.h"

#define MAXTREES 4u

#ifndef BLOCKS
#define BLOCKS "-b 4096 "
#endif

static struct model_tree *tree[MAXTREES];
static u32 ntrees, nsteps, fail_alloc;

static void mount_and_begin(void *arg)
{
	const struct tree_limits *lim = arg;

	if (!CHECK(env_mount(NULL) == 0))
		exit(1);
	for (u32 i = 0; i < ntrees; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/mnt/t%u", i);
		CHECK(names_mkdir(NULL, path, 0755) == 0);
		tree[i] = tree_new(path, lim);
	}
	CHECK(names_mkdir(NULL, "/mnt/common", 0777) == 0);
}

static void worker(void *arg)
{
	for (u32 i = 0; i < nsteps && !sim_failures; i++)
		tree_step(arg);
}

/* A number out of the blue: of a file, of none, or of one that is just being made or removed. */
static int recall(void)
{
	struct vnode *top, *vp;
	int error;

	CHECK(namei(NULL, "/mnt", 0, &top) == 0);
	error = top->v_vfs->vfs_type->fs_ops->vfs_vget(top->v_vfs, sim_rnd(1200), &vp);
	vn_rele(top);
	if (error)
		return error == -ESTALE ? 0 : error;
	vn_rele(vp);
	return 0;
}

/* Where a file is that others move meanwhile. */
static int look_for(const char *path)
{
	struct vnode *vp;
	char *found;
	int error = namei(NULL, path, NI_NOFOLLOW, &vp);

	if (error)
		return error;
	error = vn_find_path(vp, &found);
	vn_rele(vp);
	if (error)
		return error;
	CHECK(found[0] == '/');
	kfree(found);
	return 0;
}

/* Names that all lwps make, move and remove at once; nobody knows what must come out, but nothing may break. */
static void chaos(void *arg)
{
	char a[64], b[64];

	for (u32 i = 0; i < nsteps; i++) {
		int error = 0;

		snprintf(a, sizeof(a), "/mnt/common/%s%u", sim_rnd(3) ? "" : "d1/", sim_rnd(6));
		snprintf(b, sizeof(b), "/mnt/common/%s%u", sim_rnd(3) ? "" : "d2/", sim_rnd(6));
		switch (sim_rnd(11)) {
		case 0: error = env_create(a, S_IFREG | 0644); break;
		case 1: error = names_unlink(NULL, a); break;
		case 2: error = names_rename(NULL, a, NULL, b, 0); break;
		case 3: error = names_mkdir(NULL, sim_rnd(2) ? a : "/mnt/common/d1", 0755); break;
		case 4: error = names_rmdir(NULL, a); break;
		case 5: error = (int)env_pwrite(a, b, sizeof(b), sim_rnd(100000)); break;
		case 6:
			error = names_rename(NULL, "/mnt/common/d1", NULL,
					     sim_rnd(2) ? "/mnt/common/d2" : b, 0);
			break;
		case 7:
			error = names_rename(NULL, "/mnt/common/d2", NULL,
					     sim_rnd(2) ? "/mnt/common/d1" : a, 0);
			break;
		case 8: error = env_truncate(a, sim_rnd(50000)); break;
		case 9: error = recall(); break;
		case 10: error = look_for(a); break;
		}
		CHECK(error != -EUCLEAN && error != -EIO && error != -EROFS);
	}
}

static void compare_all(void *arg)
{
	for (u32 i = 0; i < ntrees; i++)
		tree_compare(tree[i]);
}

/* Nothing moves any more: each has the path that it has. arg: the directory's. */
static void has_its_path(void *arg, const char *name, ino_t ino)
{
	struct vnode *vp = NULL;
	char path[300], *found;

	snprintf(path, sizeof(path), "%s/%s", (const char *)arg, name);
	if (!CHECK(namei(NULL, path, NI_NOFOLLOW, &vp) == 0))
		return;
	if (CHECK(vn_find_path(vp, &found) == 0)) {
		CHECK(strcmp(found, path) == 0);
		kfree(found);
	}
	if (vp->v_type == VDIR)
		CHECK(env_readdir(path, has_its_path, path) == 0);
	vn_rele(vp);
}

static void find_all(void *arg)
{
	CHECK(env_readdir("/mnt/common", has_its_path, "/mnt/common") == 0);
}

static void close_and_unmount(void *arg)
{
	for (u32 i = 0; i < ntrees; i++)
		tree_close(tree[i]);
	CHECK(env_unmount() == 0);
}

static void mount_again(void *arg)
{
	CHECK(env_mount(NULL) == 0);
}

static void remove_all(void *arg)
{
	for (u32 i = 0; i < ntrees; i++)
		tree_remove_all(tree[i]);
}

/* With all of it written: what the host's tools say, and what a new mount finds. */
static void judge(void)
{
	sim_call(close_and_unmount, NULL);
	CHECK(env_fsck(NULL, "-n", 0) == 0);
	for (u32 i = 0; i < ntrees; i++)
		tree_compare_host(tree[i], "check.img");
	sim_call(mount_again, NULL);
	sim_call(compare_all, NULL);
}

static void run(u32 seed, u32 frames, const char *image, u32 mib, const struct tree_limits *lim)
{
	env_boot(seed, frames, image, mib);
	sim_call(mount_and_begin, (void *)lim);
	sim_fail_alloc = fail_alloc;
	for (u32 i = 0; i < ntrees; i++)
		sim_spawn("worker", worker, tree[i]);
	if (!fail_alloc)
		sim_spawn("chaos", chaos, NULL);
	sim_run();
	sim_fail_alloc = 0;
	sim_call(compare_all, NULL);
	sim_call(find_all, NULL);
	judge();
	sim_call(remove_all, NULL);
	sim_call(close_and_unmount, NULL);
	CHECK(env_fsck(NULL, "-n", 0) == 0);
}

static void write_error(void *arg)
{
	static u8 buf[100000];
	ssize_t n;

	CHECK(env_mount(NULL) == 0);
	CHECK(env_create("/mnt/f", S_IFREG | 0600) == 0 && env_create("/mnt/g", S_IFREG | 0600) == 0);
	CHECK(env_pwrite("/mnt/f", buf, sizeof(buf), 0) == sizeof(buf) && env_fsync("/mnt/f") == 0);
	env_disk.sd_fail_write = 1;
	CHECK(env_pwrite("/mnt/f", buf, 50000, 10) == 50000);
	CHECK(env_fsync("/mnt/f") == -EIO);
	env_disk.sd_fail_write = 0;
	CHECK(env_fsync("/mnt/g") == 0);
	CHECK(env_fsync("/mnt/f") == 0);
	/* Metadata failed too, perhaps: then nothing is written any more. */
	n = env_pwrite("/mnt/f", buf, 50000, 10);
	CHECK((n == 50000 && env_fsync("/mnt/f") == 0) || n == -EROFS);
	n = env_unmount();
	CHECK(n == 0 || n == -EIO);
}

static struct vnode *kept[4];

static void go_down_in_use(void *arg)
{
	static const char *const path[] = { "/mnt/small", "/mnt/large", "/mnt/dir", "/mnt/new" };
	static u8 buf[100000];

	CHECK(env_mount(NULL) == 0);
	CHECK(env_create(path[0], S_IFREG | 0600) == 0 && env_create(path[1], S_IFREG | 0600) == 0);
	CHECK(names_mkdir(NULL, path[2], 0755) == 0);
	CHECK(env_pwrite(path[0], buf, 100, 0) == 100 &&
	      env_pwrite(path[1], buf, sizeof(buf), 3000000) == sizeof(buf));
	vfs_sync_all(true);
	CHECK(env_create(path[3], S_IFREG | 0600) == 0 && env_pwrite(path[3], buf, 9000, 0) == 9000);
	for (u32 i = 0; i < ARRAY_SIZE(path); i++)
		CHECK(namei(NULL, path[i], 0, &kept[i]) == 0);
	for (u32 i = 0; i < ARRAY_SIZE(path); i++)
		CHECK((i == 2 ? names_rmdir(NULL, path[i]) : names_unlink(NULL, path[i])) == 0);
	vfs_shutdown();
}

static void use_them_still(void *arg)
{
	u8 byte = 1;

	CHECK(vn_pread(kept[1], &byte, 1, 3000000) >= 0);
	for (u32 i = 0; i < ARRAY_SIZE(kept); i++)
		vn_rele(kept[i]);
	CHECK(env_unmount() == 0);
}

/* Whoever has removed files open when the machine goes down: nothing is left of them on the disk. */
static void removed_in_use(u32 seed)
{
	env_boot(seed, 8192, seed % 2 ? "a.img" : "aj.img", 64);
	sim_call(go_down_in_use, NULL);
	CHECK(env_fsck(NULL, "-n", 0) == 0);
	sim_call(use_them_still, NULL);
	CHECK(env_fsck(NULL, "-n", 0) == 0);
}

static void errors_told_once(u32 seed)
{
	env_boot(seed, 8192, "a.img", 64);
	sim_call(write_error, NULL);
}

/* Every other one with a journal. */
#define JOURNAL "-O none,filetype,sparse_super,large_file,has_journal -J size=4"

static void one_tree(u32 seed)
{
	static const struct tree_limits lim = { .max_nodes = 60, .max_write = 200000, .max_size = 40u << 20 };

	ntrees = 1;
	nsteps = 1500;
	run(seed, 8192, seed % 2 ? "a.img" : "aj.img", 64, &lim);
}

static void many_groups(u32 seed)
{
	static const struct tree_limits lim = { .max_nodes = 80, .max_write = 60000, .max_size = 6000000000ull };

	ntrees = 4;
	nsteps = 500;
	run(seed, 8192, seed % 2 ? "b.img" : "bj.img", 64, &lim);
}

static void little_memory(u32 seed)
{
	static const struct tree_limits lim = { .max_nodes = 60, .max_write = 300000, .max_size = 20u << 20 };

	ntrees = 3;
	nsteps = 300;
	run(seed, 2000, seed % 2 ? "a.img" : "aj.img", 64, &lim);
}

static void full_disk(u32 seed)
{
	static const struct tree_limits lim = {
		.max_nodes = 100, .max_write = 400000, .max_size = 8u << 20, .full_disk = true
	};

	ntrees = 3;
	nsteps = 500;
	run(seed, 8192, seed % 2 ? "c.img" : "cj.img", seed % 2 ? 6 : 10, &lim);
}

static void big_directories(u32 seed)
{
	static const struct tree_limits lim = {
		.max_nodes = 900, .max_write = 5000, .max_size = 1u << 20, .big_dirs = true
	};

	ntrees = 2;
	nsteps = 3000;
	run(seed, 8192, seed % 2 ? "a.img" : "aj.img", 64, &lim);
}

static void failing_allocations(u32 seed)
{
	static const struct tree_limits lim = {
		.max_nodes = 60, .max_write = 60000, .max_size = 8u << 20, .no_memory = true, .full_disk = true
	};

	ntrees = 3;
	nsteps = 400;
	fail_alloc = 60;
	run(seed, 8192, seed % 2 ? "b.img" : "bj.img", 64, &lim);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(u32 seed);
	} parts[] = {
		{ "one tree", one_tree },
		{ "many groups", many_groups },
		{ "little memory", little_memory },
		{ "full disk", full_disk },
		{ "big directories", big_directories },
		{ "failing allocations", failing_allocations },
		{ "write errors are told once", errors_told_once },
		{ "removed files in use when the machine goes down", removed_in_use },
	};
	u32 first = argc > 1 ? (u32)atoi(argv[1]) : 1, n = argc > 2 ? (u32)atoi(argv[2]) : 2;

	env_begin();
	env_mkfs("aj.img", 64, BLOCKS "-I 256 " JOURNAL);
	env_mkfs("bj.img", 64, BLOCKS "-g 4096 -I 128 " JOURNAL);
	env_mkfs("cj.img", 10, BLOCKS "-N 128 -I 256 " JOURNAL);
	env_mkfs("a.img", 64, BLOCKS "-I 256");
	env_mkfs("b.img", 64, BLOCKS "-g 1024 -I 128");
	env_mkfs("c.img", 6, BLOCKS "-N 128 -I 256");
	for (u32 i = 0; i < ARRAY_SIZE(parts); i++) {
		for (u32 s = first; s < first + n; s++) {
			if (argc <= 3 || strstr(parts[i].name, argv[3]))
				env_apart(parts[i].name, s, parts[i].fn);
		}
	}
	env_end();
	return sim_failures != 0;
}
