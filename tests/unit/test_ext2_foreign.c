/* SPDX-License-Identifier: MIT */
/*
 * ext2 on what others make: a matrix of mke2fs's options, each disk filled by the host's tools with directories that have hash
 * trees, extended attributes in inodes and in blocks, alone and shared, links of all lengths. Here it is read, changed at
 * random, and everything is removed; e2fsck judges after each part. Features that we do not know are refused by
 * their names, or allow reading only, and nothing is written then.
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
#include "fs/ext2/ext2.h"
#include "fs/model.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"

#define MANY 600u
#define BIG 300000u
#define LABEL "unconfined_u:object_r:user_home_t:s0"

struct disk {
	const char *options;
	u32 kib;
	u32 groups; /* at least so many there must be, or the row does not say what it means */
};

static const struct disk disks[] = {
	/* Blocks and inodes. */
	{ "-t ext2 -b 1024 -I 128", 16384, 2 },
	{ "-t ext2 -b 1024 -I 256", 16384, 2 },
	{ "-t ext2 -b 2048 -I 128", 16384, 1 },
	{ "-t ext2 -b 2048 -I 256", 40960, 2 },
	{ "-t ext2 -b 4096 -I 128", 16384, 1 },
	{ "-t ext2 -b 4096 -I 256", 16384, 1 },
	{ "-t ext2 -b 1024 -I 512", 16384, 2 },
	{ "-t ext2 -b 1024 -I 1024", 16384, 2 },
	{ "-t ext2 -b 4096 -I 4096 -N 800", 16384, 1 },
	/* With a journal. */
	{ "-t ext3 -b 1024 -I 128", 16384, 2 },
	{ "-t ext3 -b 1024 -I 256 -J size=8", 32768, 4 },
	{ "-t ext3 -b 2048 -I 256", 32768, 1 },
	{ "-t ext3 -b 4096 -I 256", 32768, 1 },
	{ "-t ext3 -b 4096 -I 128 -J size=16", 65536, 1 },
	{ "-t ext3 -b 1024 -I 256 -J size=70", 163840, 20 }, /* more blocks than 65536 */
	/* Features, one by one and all away. */
	{ "-t ext2 -b 1024 -O none", 16384, 2 },
	{ "-t ext2 -b 4096 -O none", 16384, 1 },
	{ "-t ext2 -b 1024 -r 0", 16384, 2 },
	{ "-t ext2 -b 4096 -r 0", 16384, 1 },
	{ "-t ext2 -b 1024 -O ^filetype", 16384, 2 },
	{ "-t ext2 -b 1024 -O ^sparse_super,^resize_inode -g 1024", 16384, 16 },
	{ "-t ext2 -b 1024 -O sparse_super -g 512", 16384, 32 },
	{ "-t ext2 -b 4096 -O ^large_file", 16384, 1 },
	{ "-t ext2 -b 1024 -O sparse_super2,^resize_inode -g 1024", 16384, 16 },
	{ "-t ext2 -b 4096 -O sparse_super2,^resize_inode -g 512", 16384, 8 },
	{ "-t ext2 -b 1024 -O dir_index,ext_attr,resize_inode -E resize=4000000", 16384, 2 },
	{ "-t ext2 -b 1024 -O ^dir_index,^ext_attr", 16384, 2 },
	/* Hashes of directories. */
	{ "-t ext2 -b 1024 -E hash_seed=00000000-0000-0000-0000-000000000001", 16384, 2 },
	/* Shapes. */
	{ "-t ext2 -b 1024 -O ^resize_inode -g 256", 8192, 32 },
	{ "-t ext2 -b 4096 -g 256", 16384, 16 },
	{ "-t ext2 -b 1024 -i 1024 -m 40", 16384, 2 },
	{ "-t ext3 -b 1024 -i 65536 -N 1000", 16384, 2 },
};

/* A disk that has hardly room for anything: only random changes. */
static const struct disk small_disks[] = {
	{ "-t ext2 -b 1024 -I 128", 256, 1 },	   { "-t ext2 -b 1024 -I 256", 256, 1 },
	{ "-t ext2 -b 2048 -I 128", 300, 1 },	   { "-t ext2 -b 4096 -I 128", 256, 1 },
	{ "-t ext2 -b 1024 -I 128 -r 0", 257, 1 }, { "-t ext2 -b 1024 -m 50 -N 16", 333, 1 },
	{ "-t ext3 -b 1024 -I 128", 2049, 1 },	   { "-t ext3 -b 2048 -I 256", 4098, 1 },
	{ "-t ext2 -b 1024 -I 128", 8193, 1 },	   { "-t ext2 -b 1024 -g 256", 1027, 4 },
};

static const struct disk *now;
static bool has_attributes, shares_some; /* the host's tools have given it some; inodes have no room for the long one */

/* --- Made by the host ---------------------------------------------------------------------------- */

static void make_sample(void)
{
	CHECK(env_host("mkdir -p s/dir/sub s/many s/empty && cd s && echo hello >hello && seq 1 3000 >dir/numbers && "
		       "head -c %u /dev/zero | tr '\\0' x >big && ln -s hello link && ln -s %0119d longlink && "
		       "ln -s 12345678901234567890123456789012345678901234567890123456789 link59 && "
		       "ln -s 123456789012345678901234567890123456789012345678901234567890 link60 && "
		       "ln hello dir/hard && mkfifo fifo && truncate -s 5000000 holes && echo end >>holes && "
		       "for i in $(seq 1 %u); do echo $i >many/a-name-that-is-longer-$i; done",
		       BIG, 7, MANY) == 0);
}

/* Attributes in a block for a link, a directory and a FIFO; a block that a file shares with the link. Without room in an inode any is in a block. */
static void add_attributes(void)
{
	CHECK(env_host("for f in link hello dir/sub fifo longlink; do "
		       "debugfs -w -R \"ea_set /$f security.selinux " LABEL "\" d.img >/dev/null 2>&1; done; "
		       "head -c 400 /dev/zero | tr '\\0' v >value; for f in link big; do "
		       "debugfs -w -R \"ea_set -f value /$f trusted.long\" d.img >/dev/null 2>&1; done; "
		       "acl=$(debugfs -R 'stat /link' d.img 2>/dev/null | sed -n 's/.*File ACL: \\([0-9]*\\).*/\\1/p'); "
		       "test \"$acl\" != 0 && debugfs -w -R \"sif /dir/numbers file_acl $acl\" d.img >/dev/null 2>&1; "
		       "e2fsck -fyD d.img >fsck.log 2>&1; test $? -le 1 && e2fsck -fn d.img >fsck.log 2>&1") == 0);
}

static void make_disk(const struct disk *d, bool filled)
{
	CHECK(env_host("rm -f d.img; mke2fs -q -F %s %s d.img %uk >mkfs.log 2>&1 || { cat mkfs.log; false; }",
		       d->options, filled ? "-d s" : "", d->kib) == 0);
	has_attributes = env_host("dumpe2fs -h d.img 2>/dev/null | grep -q ext_attr") == 0;
	shares_some = has_attributes &&
		      env_host("dumpe2fs -h d.img 2>/dev/null | grep -q 'Inode size:.*\\(128\\|256\\|512\\)'") == 0;
}

/* --- Read, and changed --------------------------------------------------------------------------- */

static struct vnode *at(const char *path)
{
	struct vnode *vp = NULL;

	CHECK(namei(NULL, path, NI_NOFOLLOW, &vp) == 0);
	return vp;
}

static void check_link(const char *path, u32 len)
{
	char text[200];

	sim_check(env_readlink(path, text, sizeof(text)) == (int)len, "%s: %s", now->options, path);
}

static void check_sample(void)
{
	static u8 buf[BIG + 1];
	char path[80], text[20];

	CHECK(env_pread("/mnt/hello", buf, sizeof(buf), 0) == 6 && memcmp(buf, "hello\n", 6) == 0);
	CHECK(env_pread("/mnt/big", buf, sizeof(buf), 0) == BIG && buf[0] == 'x' && buf[BIG - 1] == 'x');
	CHECK(env_pread("/mnt/holes", buf, 10, 4999998) == 6 && memcmp(buf, "\0\0end\n", 6) == 0);
	check_link("/mnt/link", 5);
	check_link("/mnt/link59", 59);
	check_link("/mnt/link60", 60);
	check_link("/mnt/longlink", 119);
	for (u32 i = 1; i <= MANY; i++) {
		snprintf(path, sizeof(path), "/mnt/many/a-name-that-is-longer-%u", i);
		snprintf(text, sizeof(text), "%u\n", i);
		CHECK(env_pread(path, buf, 10, 0) == (ssize_t)strlen(text) &&
		      memcmp(buf, text, strlen(text)) == 0);
	}
}

/* Does the disk have what the test is about? */
static void check_kind(void)
{
	struct vnode *many = at("/mnt/many"), *link = at("/mnt/link");
	const struct ext2mount *em = ext2mount(many->v_vfs);

	sim_check(em->em_ngroups >= now->groups, "%s: %u groups", now->options, em->em_ngroups);
	if (em->em_sb->s_rev_level && (em->em_sb->s_feature_compat & 0x20))
		CHECK(ext2inode(many)->ei_d->i_flags & EXT2_FL_INDEX);
	CHECK((ext2inode(link)->ei_d->i_file_acl != 0) == shares_some);
	CHECK(vfs_has_uuid(many->v_vfs));
	vn_rele(many);
	vn_rele(link);
}

static void change_sample(void *arg)
{
	struct vattr va = { .va_mask = VA_UID | VA_MODE, .va_uid = 7, .va_mode = 0640 };
	char path[80], to[80];
	struct vnode *vp;

	if (!CHECK(env_mount(NULL) == 0)) {
		printf("%s", sim_log);
		exit(1);
	}
	check_kind();
	check_sample();
	/* A directory with a tree gets names, loses some, and some change. */
	for (u32 i = 1; i <= MANY; i += 3) {
		snprintf(path, sizeof(path), "/mnt/many/a-name-that-is-longer-%u", i);
		snprintf(to, sizeof(to), "/mnt/many/renamed-%u", i);
		if (i % 2)
			CHECK(names_rename(NULL, path, NULL, to, 0) == 0);
		else
			CHECK(names_unlink(NULL, path) == 0);
		snprintf(path, sizeof(path), "/mnt/many/new-%u", i);
		CHECK(env_create(path, S_IFREG | 0600) == 0);
		CHECK(env_stat(path, &(struct vattr){ 0 }) == 0);
	}
	/* What has attributes lives on, or goes. */
	vp = at("/mnt/hello");
	CHECK(vn_setattr(vp, &va) == 0);
	vn_rele(vp);
	CHECK(env_truncate("/mnt/big", 100) == 0);
	CHECK(env_pwrite("/mnt/big", "y", 1, 90000) == 1);
	CHECK(names_rename(NULL, "/mnt/link", NULL, "/mnt/empty/link", 0) == 0);
	check_link("/mnt/empty/link", 5);
	CHECK(names_unlink(NULL, "/mnt/empty/link") == 0);
	CHECK(names_unlink(NULL, "/mnt/fifo") == 0);
	CHECK(names_unlink(NULL, "/mnt/longlink") == 0);
	CHECK(names_symlink("anew", NULL, "/mnt/link") == 0);
	check_link("/mnt/link", 4);
	CHECK(env_unmount() == 0);
}

static void remove_sample(void *arg)
{
	CHECK(env_mount(NULL) == 0);
	/* The last user of the shared block. */
	CHECK(names_unlink(NULL, "/mnt/dir/numbers") == 0);
	CHECK(names_unlink(NULL, "/mnt/big") == 0);
	CHECK(names_rmdir(NULL, "/mnt/dir/sub") == 0);
	CHECK(names_unlink(NULL, "/mnt/dir/hard") == 0 && names_unlink(NULL, "/mnt/hello") == 0);
	CHECK(env_unmount() == 0);
}

static struct model_tree *tree;

static void change_at_random(void *arg)
{
	static const struct tree_limits lim = {
		.max_nodes = 60, .max_write = 60000, .max_size = 3u << 20, .full_disk = true
	};

	CHECK(env_mount(NULL) == 0);
	CHECK(names_mkdir(NULL, "/mnt/t", 0755) == 0);
	tree = tree_new("/mnt/t", &lim);
	for (u32 i = 0; i < 250 && !sim_failures; i++)
		tree_step(tree);
	tree_compare(tree);
	tree_close(tree);
	CHECK(env_unmount() == 0);
}

static void compare_and_remove(void *arg)
{
	CHECK(env_mount(NULL) == 0);
	tree_compare(tree);
	tree_remove_all(tree);
	tree_close(tree);
	CHECK(env_unmount() == 0);
}

static void random_part(void)
{
	sim_call(change_at_random, NULL);
	CHECK(env_fsck(NULL, "-n", 0) == 0);
	tree_compare_host(tree, "check.img");
	sim_call(compare_and_remove, NULL);
	CHECK(env_fsck(NULL, "-n", 0) == 0);
}

static void attributes_are_kept(void)
{
	if (!has_attributes)
		return;
	CHECK(env_host("debugfs -R 'ea_get /hello security.selinux' check.img 2>/dev/null | grep -q " LABEL) == 0);
	CHECK(env_host("debugfs -R 'ea_get /dir/sub security.selinux' check.img 2>/dev/null | grep -q " LABEL) == 0);
	CHECK(!shares_some || env_host("debugfs -R 'ea_get /dir/numbers trusted.long' check.img 2>/dev/null | grep -q vvvvvvvv") ==
				      0);
	CHECK(env_host("debugfs -R 'ea_list /link' check.img 2>/dev/null | grep -q selinux") != 0);
}

static void one_disk(u32 n)
{
	now = &disks[n];
	make_disk(now, true);
	add_attributes();
	env_boot(n + 1, 8192, "d.img", (now->kib + 1023) / 1024);
	sim_call(change_sample, NULL);
	CHECK(env_fsck(NULL, "-n", 0) == 0);
	attributes_are_kept();
	random_part();
	sim_call(remove_sample, NULL);
	CHECK(env_fsck(NULL, "-n", 0) == 0);
}

static void one_small_disk(u32 n)
{
	now = &small_disks[n];
	make_disk(now, false);
	env_boot(n + 1, 8192, "d.img", (now->kib + 1023) / 1024);
	random_part();
}

/* --- What is not ours ---------------------------------------------------------------------------- */

struct foreign {
	const char *options, *name; /* the feature that must be named */
};

static const struct foreign refused[] = {
	{ "-t ext4 -O ^metadata_csum", "extent" },
	{ "-t ext4 -O ^metadata_csum", "flex_bg" },
	{ "-t ext4 -O 64bit,^metadata_csum", "64bit" },
	{ "-t ext4", "extent" },
	{ "-t ext2 -O meta_bg,^resize_inode", "meta_bg" },
	{ "-t ext2 -O flex_bg", "flex_bg" },
	{ "-t ext2 -O mmp", "mmp" },
	{ "-t ext2 -O large_dir", "large_dir" },
	{ "-t ext2 -O inline_data,ext_attr -I 256", "inline_data" },
	{ "-t ext2 -O encrypt", "encrypt" },
	{ "-t ext2 -O casefold", "casefold" },
	{ "-t ext2 -O ea_inode", "ea_inode" },
	{ "-t ext2 -b 1024 -O journal_dev", "journal_dev" },
};

static const struct foreign read_only[] = {
	{ "-t ext2 -O huge_file", "huge_file" },
	{ "-t ext2 -O uninit_bg", "uninit_bg" },
	{ "-t ext3 -O uninit_bg", "uninit_bg" },
	{ "-t ext2 -O dir_nlink", "dir_nlink" },
	{ "-t ext2 -O extra_isize -I 256", "extra_isize" },
	{ "-t ext2 -O quota", "quota" },
	{ "-t ext2 -O metadata_csum", "metadata_csum" },
	{ "-t ext2 -b 1024 -O metadata_csum,huge_file", "huge_file" },
	{ "-t ext2 -O project,quota -I 256", "project" },
	{ "-t ext2 -O verity", "verity" },
};

static void is_named(const char *name)
{
	char word[40];

	snprintf(word, sizeof(word), " %s", name);
	sim_check(strstr(sim_log, word) != NULL, "%s: %s", now->options, sim_log);
}

static void mount_refused(void *arg)
{
	sim_log_clear();
	CHECK(env_mount(NULL) == -EINVAL);
	is_named(arg);
	sim_log_clear();
	CHECK(env_mount("ro") == -EINVAL);
	is_named(arg);
}

static void mount_to_read(void *arg)
{
	sim_log_clear();
	CHECK(env_mount(NULL) == -EINVAL);
	is_named(arg);
	sim_log_clear();
	CHECK(env_mount("ro") == 0);
	is_named(arg);
	check_sample();
	CHECK(env_create("/mnt/new", S_IFREG | 0600) == -EROFS);
	CHECK(vfs_domount(NULL, "/mnt", NULL, VFS_MS_REMOUNT, NULL) == -EROFS);
	CHECK(env_unmount() == 0);
}

static void one_foreign(const struct foreign *f, void (*look)(void *arg), bool filled)
{
	const struct disk d = { f->options, 20480, 1 };
	u8 *before;

	now = &d;
	make_disk(&d, filled);
	env_boot(1, 8192, "d.img", d.kib / 1024);
	before = malloc(d.kib * 1024);
	memcpy(before, env_disk.sd_data, d.kib * 1024);
	sim_call(look, (void *)f->name);
	CHECK(memcmp(before, env_disk.sd_data, d.kib * 1024) == 0);
	free(before);
}

static void one_refused(u32 n)
{
	one_foreign(&refused[n], mount_refused, false);
}

static void one_to_read(u32 n)
{
	one_foreign(&read_only[n], mount_to_read, true);
}

/* Rows [0, n) of a table, each in a process of its own: one in `step`, or those whose options contain `only`. */
static void each(u32 n, u32 step, const char *only, const char *(*options)(u32 i), void (*fn)(u32 i))
{
	for (u32 i = 0; i < n; i++) {
		if (only ? strstr(options(i), only) != NULL : i % step == 0)
			env_apart(options(i), i, fn);
	}
}

static const char *disk_options(u32 i)
{
	return disks[i].options;
}

static const char *small_options(u32 i)
{
	return small_disks[i].options;
}

static const char *refused_options(u32 i)
{
	return refused[i].options;
}

static const char *read_only_options(u32 i)
{
	return read_only[i].options;
}

/* A sample; "all"; or what contains the word. */
int main(int argc, char **argv)
{
	bool all = argc > 1 && strcmp(argv[1], "all") == 0;
	const char *only = argc > 1 && !all ? argv[1] : NULL;
	u32 step = all ? 1 : 5;

	env_begin();
	make_sample();
	each(ARRAY_SIZE(disks), step, only, disk_options, one_disk);
	each(ARRAY_SIZE(small_disks), step, only, small_options, one_small_disk);
	each(ARRAY_SIZE(refused), MIN(step, 3u), only, refused_options, one_refused);
	each(ARRAY_SIZE(read_only), MIN(step, 3u), only, read_only_options, one_to_read);
	env_end();
	return sim_failures != 0;
}
