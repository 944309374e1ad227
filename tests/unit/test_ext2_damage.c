/* SPDX-License-Identifier: MIT */
/*
 * ext2 on damaged disks: an image with files of all kinds, in which bytes are changed where it hurts (superblock, descriptors, bitmaps, inodes,
 * directories, indirect blocks). Whatever is found there, the kernel neither crashes nor hangs nor loses memory; each call has an errno.
 *
 * UNIT-NEEDS: mke2fs e2fsck
 * UNIT-FLAGS: -D_GNU_SOURCE -iquote tests/unit/shim
 * UNIT-SOURCES: tests/unit/shim/sim_*.c tests/unit/shim/simdisk.c tests/unit/fs/env.c kernel/lib/string.c
 * UNIT-SOURCES: fs/radix.c fs/uio.c fs/bio.c fs/frames.c fs/bdev.c fs/anonfs.c fs/pagecache.c fs/pc_read.c fs/pc_write.c
 * UNIT-SOURCES: fs/writeback.c fs/reclaim.c fs/vnode.c fs/vnode_cache.c fs/vnode_path.c fs/namecache.c fs/namei.c fs/path.c
 * UNIT-SOURCES: proc/cred.c fs/names.c fs/setid.c fs/rename.c fs/vfs.c fs/ext2/[a-z]*.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/env.h"
#include "fs/ext2/disk.h"
#include "fs/names.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"

#define MIB 12u
#define MAX_VISITS 3000u
#ifndef BLOCK
#define BLOCK 4096u
#endif
#define GROUPS_AT (BLOCK == 1024 ? 2u : 1u) /* behind the block of the superblock */
#define INODE_SIZE 256u

static u32 visits, regular;
static bool mounted;

/* --- Going everywhere --- */

static void visit(const char *path, u32 depth);

struct collected {
	char name[400][40];
	u32 n;
};

static void collect(void *arg, const char *name, ino_t ino)
{
	struct collected *c = arg;

	if (c->n < ARRAY_SIZE(c->name) && strlen(name) < sizeof(c->name[0]))
		strcpy(c->name[c->n++], name);
}

static void visit_file(const char *path, u64 size)
{
	static u8 buf[70000];

	for (u64 off = 0; off < size && off < (8u << 20); off += sizeof(buf)) {
		if (env_pread(path, buf, sizeof(buf), (off_t)off) <= 0)
			break;
	}
	if (size > (8u << 20))
		env_pread(path, buf, sizeof(buf), (off_t)(size - 5000));
	regular++;
}

static void visit_dir(const char *path, u32 depth)
{
	struct collected *c = calloc(1, sizeof(*c));
	char sub[4000];

	env_readdir(path, collect, c);
	for (u32 i = 0; i < c->n && depth < 20; i++) {
		snprintf(sub, sizeof(sub), "%s/%s", path, c->name[i]);
		visit(sub, depth + 1);
	}
	free(c);
}

static void visit(const char *path, u32 depth)
{
	char text[300];
	struct vattr va;

	if (visits++ > MAX_VISITS || env_stat(path, &va) < 0)
		return;
	if (va.va_type == VDIR)
		visit_dir(path, depth);
	else if (va.va_type == VREG)
		visit_file(path, va.va_size);
	else if (va.va_type == VLNK)
		env_readlink(path, text, sizeof(text));
}

/* --- Changing things, as far as that goes --- */

static void change(void)
{
	static const char *const dir[] = { "/mnt", "/mnt/dir", "/mnt/dir/sub", "/mnt/many" };
	static u8 buf[50000];
	char a[100], b[100];

	for (u32 i = 0; i < 60; i++) {
		snprintf(a, sizeof(a), "%s/%s%u", dir[sim_rnd(4)], sim_rnd(2) ? "new" : "file", sim_rnd(8));
		snprintf(b, sizeof(b), "%s/%s%u", dir[sim_rnd(4)], sim_rnd(2) ? "new" : "file", sim_rnd(8));
		switch (sim_rnd(10)) {
		case 0: env_create(a, S_IFREG | 0600); break;
		case 1:
			env_pwrite(a, buf, 1 + sim_rnd(sizeof(buf)),
				   sim_rnd(6) ? sim_rnd(100000) : sim_rnd(1u << 30));
			break;
		case 2: names_unlink(NULL, a); break;
		case 3: names_rename(NULL, a, NULL, b, 0); break;
		case 4: names_mkdir(NULL, a, 0755); break;
		case 5: names_rmdir(NULL, sim_rnd(2) ? a : "/mnt/dir/sub"); break;
		case 6:
			env_truncate(sim_rnd(2) ? a : "/mnt/big", sim_rnd(2) ? sim_rnd(100000) : 0);
			break;
		case 7: names_symlink("somewhere", NULL, a); break;
		case 8: env_fsync(a); break;
		case 9: names_unlink(NULL, sim_rnd(2) ? "/mnt/big" : "/mnt/slow"); break;
		}
	}
}

static void use(void *arg)
{
	int error = env_mount(sim_rnd(4) ? NULL : "ro");
	struct statfs_k st;
	struct vnode *vp;

	mounted = error == 0;
	if (error)
		return;
	if (namei(NULL, "/mnt", 0, &vp) == 0) {
		vfs_statfs(vp->v_vfs, &st);
		vn_rele(vp);
	}
	visit("/mnt", 0);
	change();
	visits = 0;
	visit("/mnt", 0);
	error = env_unmount();
	CHECK(error == 0 || (error == -EIO && env_disk.sd_fail_write));
}

/* --- Damage --- */

static u8 *block(u32 blk)
{
	return env_disk.sd_data + (size_t)(blk % ((MIB << 20) / BLOCK)) * BLOCK;
}

/* Where things are is asked of the image as it was: what is there now may be damaged already. */
static const u8 *sound(u32 blk)
{
	return env_disk.sd_stable + (size_t)(blk % ((MIB << 20) / BLOCK)) * BLOCK;
}

static const struct ext2_group_desc *group(void)
{
	return (const void *)sound(GROUPS_AT);
}

static size_t inode_offset(u32 ino)
{
	return (size_t)(ino - 1) * INODE_SIZE;
}

/* A number that somebody may have meant, near a limit, or any. */
static u32 evil(void)
{
	static const u32 some[] = { 0,		1,	    2,		3,	   7,	   8,
				    11,		12,	    0x7f,	0x80,	   0xff,   0x100,
				    0xfff,	0x1000,	    0x7fff,	0x8000,	   0xffff, 0x10000,
				    0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };

	return sim_rnd(3)   ? some[sim_rnd(ARRAY_SIZE(some))]
	       : sim_rnd(2) ? sim_rnd(2500)
			    : sim_rnd(0xffffffff);
}

static void poke(u8 *at, u32 range)
{
	u32 off = sim_rnd(range), v = evil();

	switch (sim_rnd(4)) {
	case 0: at[off] ^= (u8)(1u << sim_rnd(8)); break;
	case 1: at[off] = (u8)v; break;
	case 2: memcpy(at + (off & ~1u), &v, 2); break;
	case 3: memcpy(at + (off & ~3u), &v, 4); break;
	}
}

/* Block of page 0 (or an indirect block) of the inode. */
static u8 *some_block_of(u32 ino)
{
	static const u8 which[] = { 0, 0, 0, 1, 12, 13, 14 };
	const struct ext2_dinode *d = (const void *)(sound(group()->bg_inode_table) + inode_offset(ino));
	u32 blk = d->i_block[which[sim_rnd(sizeof(which))]];

	return block(blk ? blk : d->i_block[0]);
}

static u32 some_ino(void)
{
	return sim_rnd(4) ? 11 + sim_rnd(40) : 2;
}

static void damage(void)
{
	const struct ext2_group_desc *gd = group();

	switch (sim_rnd(8)) {
	case 0: poke(env_disk.sd_data + EXT2_SUPER_OFFSET, 240); break;
	case 1: poke(block(GROUPS_AT), sizeof(*gd)); break;
	case 2: poke(block(sim_rnd(2) ? gd->bg_block_bitmap : gd->bg_inode_bitmap), BLOCK); break;
	case 3:
	case 4: poke(block(gd->bg_inode_table) + inode_offset(some_ino()), 156); break;
	default: poke(some_block_of(some_ino()), BLOCK); break;
	}
}

static void one_disk(u32 seed)
{
	u32 n;

	env_boot(seed, 8192, "good.img", MIB);
	n = sim_rnd(3) ? 1 + sim_rnd(3) : 1 + sim_rnd(60);
	while (n-- > 0)
		damage();
	sim_call(use, NULL);
}

/* --- A journal that is to be replayed ----------------------------------------------------------- */

#define JOURNAL "-O none,filetype,sparse_super,large_file,has_journal -J size=4"
#define JOURNAL_INO 8u

/* Works, and stops in the middle of it. */
static void be_cut_off(void *arg)
{
	CHECK(env_mount(NULL) == 0);
	for (u32 i = 0; i < 5; i++) {
		change();
		env_fsync("/mnt/dir");
	}
	simdisk_save(&env_disk, arg);
}

static void make_cut(u32 seed)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/cut.img", env_dir);
	env_boot(seed, 8192, "journal.img", MIB);
	sim_call(be_cut_off, path);
}

static u8 *journal_block(u32 idx)
{
	const struct ext2_dinode *d = (const void *)(sound(group()->bg_inode_table) + inode_offset(JOURNAL_INO));

	if (idx < EXT2_NDIR)
		return block(d->i_block[idx]);
	return block(((const u32 *)sound(d->i_block[EXT2_IND]))[idx - EXT2_NDIR]);
}

/* Its superblock, its inode, or something near the head of a block of the log. */
static void damage_journal(void)
{
	switch (sim_rnd(6)) {
	case 0: poke(journal_block(0), 60); break;
	case 1: poke(block(group()->bg_inode_table) + inode_offset(JOURNAL_INO), 128); break;
	case 2: damage(); break;
	default: poke(journal_block(1 + sim_rnd(60)), sim_rnd(2) ? 40 : BLOCK); break;
	}
}

static void one_journal(u32 seed)
{
	u32 n;

	env_boot(seed, 8192, "cut.img", MIB);
	for (n = 1 + sim_rnd(6); n > 0; n--)
		damage_journal();
	sim_call(use, NULL);
}

static void good_journal(u32 seed)
{
	env_boot(seed, 8192, "cut.img", MIB);
	sim_call(use, NULL);
	CHECK(mounted && regular > 40);
}

static void failing_disk(u32 seed)
{
	env_boot(seed, 8192, sim_rnd(2) ? "good.img" : "cut.img", MIB);
	env_disk.sd_fail_read = 1 + sim_rnd(40);
	env_disk.sd_fail_write = 1 + sim_rnd(40);
	sim_call(use, NULL);
}

static void good_disk(u32 seed)
{
	env_boot(seed, 8192, "good.img", MIB);
	sim_call(use, NULL);
	CHECK(mounted && regular > 40);
}

static void make_image(void)
{
	char options[200];

	env_host("mkdir -p good/dir/sub good/many && cd good && for i in 0 1 2 3 4 5 6 7; do "
		 "dd if=/dev/urandom of=file$i bs=3000 count=$((i * i)) status=none; cp file$i dir/file$i; done; "
		 "for i in $(seq 300); do echo $i >many/a-name-that-takes-some-room-$i; done; "
		 "dd if=/dev/zero of=big bs=1k count=1 seek=7000 status=none; printf x | dd of=big bs=1 seek=5000000000 "
		 "conv=notrunc status=none; dd if=/dev/urandom of=long bs=1k count=400 status=none; "
		 "ln -s file1 fast; ln -s $(printf 'x%%.0s' $(seq 200)) slow; mkfifo dir/fifo; ln file2 dir/sub/link");
	snprintf(options, sizeof(options), "-b %u -I 256 -d good", BLOCK);
	env_mkfs("good.img", MIB, options);
	snprintf(options, sizeof(options), "-b %u -I 256 -d good " JOURNAL, BLOCK);
	env_mkfs("journal.img", MIB, options);
}

static u32 passed, failed;

/* Quietly: there are many. */
static void try_one(const char *name, u32 seed, void (*fn)(u32 seed))
{
	int before = sim_failures;

	env_quiet = true;
	env_apart(name, seed, fn);
	env_quiet = false;
	if (sim_failures == before)
		passed++;
	else
		failed++;
}

int main(int argc, char **argv)
{
	u32 first = argc > 1 ? (u32)atoi(argv[1]) : 1, n = argc > 2 ? (u32)atoi(argv[2]) : 100;

	env_begin();
	make_image();
	env_apart("an undamaged disk", 1, good_disk);
	env_apart("a power cut", 2, make_cut);
	env_apart("a journal to be replayed", 2, good_journal);
	for (u32 s = first; s < first + n; s++)
		try_one("a damaged disk", s, one_disk);
	for (u32 s = first; s < first + n; s++)
		try_one("a damaged journal", s, one_journal);
	for (u32 s = first; s < first + n / 10; s++)
		try_one("a disk that fails", s, failing_disk);
	printf("%s %u damaged or failing disks\n", failed ? "FAIL" : "ok", passed + failed);
	env_end();
	return sim_failures != 0;
}
