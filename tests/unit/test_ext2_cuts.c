/* SPDX-License-Identifier: MIT */
/*
 * ext2 and power cuts at moments that random work hardly meets, one disk for each state that the medium goes through: the begin and the
 * end of a mount with a journal, and commits that do not fit into the rest of its log, or into the log at all; without a journal, files
 * that grow or are cut off. On each disk e2fsck -p needs nobody's help, unless a file has lost its name, and nothing is wrong afterwards.
 *
 * UNIT-NEEDS: mke2fs e2fsck debugfs
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
#include "fs/ext2/ext2.h"
#include "fs/ext2/journal.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"

#define MIB 24u	     /* with a journal */
#define SMALL_MIB 2u /* without */
#define FRAMES 2000u /* little memory makes a short log: 256 blocks */
#define NFILES 2600u
#define NDIRS 6u
#define MAXCUTS 40u

static u32 mib, ncuts;
static bool working;
static struct vnode *held[NFILES];
static u32 nheld;

/* --- Cuts -------------------------------------------------------------------------------------- */

static void save(const u8 *image)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/cut%u.img", env_dir, ncuts++);
	simdisk_write_image(path, image, mib << 20);
}

/* A disk whenever the medium is another one than the last time. */
static void power(void *arg)
{
	u8 *image = malloc(mib << 20);
	u32 last = env_disk.sd_states;

	while (working && ncuts < MAXCUTS) {
		for (u32 i = sim_rnd(6); i > 0 && working; i--)
			sim_pause();
		if (env_disk.sd_states == last) {
			sim_pause();
			continue;
		}
		last = env_disk.sd_states;
		simdisk_crash(&env_disk, image);
		save(image);
	}
	free(image);
}

/*
 * mode: of e2fsck; "-p" needs nobody's help. look: is what the disk holds right, as it is and after the
 * repair? NULL: nothing to ask
 */
static void judge_cuts(u32 least, const char *mode, void (*look)(const char *name))
{
	char name[32];

	for (u32 i = 0; i < ncuts; i++) {
		snprintf(name, sizeof(name), "cut%u.img", i);
		if (look)
			look(name);
		sim_check(env_host("e2fsck -f %s %s >fsck.log 2>&1", mode, name) <= 1,
			  "%s: e2fsck %s does not dare", name, mode);
		CHECK(env_fsck(name, "-n", 0) == 0);
		if (look)
			look(name);
		env_host("rm %s", name);
	}
	sim_check(ncuts >= least, "only %u states", ncuts);
}

static void during(void (*fn)(void *arg))
{
	working = true;
	ncuts = 0;
	sim_spawn("power", power, NULL);
	sim_spawn("work", fn, NULL);
	sim_run();
}

/* --- A mount begins and ends ------------------------------------------------------------------- */

static void begin_and_end(void *arg)
{
	CHECK(env_mount(NULL) == 0);
	CHECK(env_create("/mnt/a", S_IFREG | 0600) == 0);
	CHECK(env_unmount() == 0);
	working = false;
}

static void mount_cut(u32 seed)
{
	mib = MIB;
	env_boot(seed, 8192, "j.img", mib);
	during(begin_and_end);
	judge_cuts(5, "-p", NULL);
}

/* --- Commits larger than the log --------------------------------------------------------------- */

static struct ext2mount *mounted(void)
{
	struct vnode *vp = NULL;
	struct ext2mount *em;

	CHECK(namei(NULL, "/mnt", 0, &vp) == 0);
	em = ext2mount(vp->v_vfs);
	vn_rele(vp);
	return em;
}

static void path_of(char path[64], u32 i)
{
	snprintf(path, 64, "/mnt/d%u/f%u", i % NDIRS, i);
}

/* Many files; one in each block of the inode table stays open without a name. */
static void prepare(void *arg)
{
	struct page *last[NDIRS] = { NULL };
	char path[64];

	CHECK(env_mount(NULL) == 0);
	for (u32 i = 0; i < NDIRS; i++) {
		snprintf(path, sizeof(path), "/mnt/d%u", i);
		CHECK(names_mkdir(NULL, path, 0755) == 0);
	}
	for (u32 i = 0; i < NFILES; i++) {
		struct vnode *vp;

		path_of(path, i);
		if (!CHECK(env_create(path, S_IFREG | 0600) == 0 && namei(NULL, path, 0, &vp) == 0))
			exit(1);
		CHECK(vn_pwrite(vp, path, 20, 0) == 20);
		if (ext2inode(vp)->ei_page == last[i % NDIRS]) {
			vn_rele(vp);
			continue;
		}
		last[i % NDIRS] = ext2inode(vp)->ei_page;
		held[nheld++] = vp;
		CHECK(names_unlink(NULL, path) == 0);
	}
	CHECK(vfs_sync_all(true) == 0);
}

/* New names in blocks of directories that the log has as they were before. */
static void new_names(const char *name)
{
	char path[64];

	for (u32 i = 0; i < NDIRS; i++) {
		snprintf(path, sizeof(path), "/mnt/d%u/%s", i, name);
		CHECK(env_create(path, S_IFREG | 0600) == 0);
		CHECK(env_pwrite(path, path, sizeof(path), 2000) == sizeof(path));
	}
}

/* Commits until the log holds something of many of these blocks, and is not yet half full. */
static void fill_log(struct ext2mount *em)
{
	const struct ext2journal *j = em->em_jnl;
	struct vattr va = { .va_mask = VA_MODE, .va_mode = 0644 };
	char path[64];

	for (u32 i = 1; j->j_head - j->j_first < (j->j_end - j->j_first) / 2 - 40; i++) {
		struct vnode *vp;

		for (u32 k = 0; k < 8; k++) {
			path_of(path, (i * 8 + k) * 37 % NFILES);
			if (namei(NULL, path, 0, &vp))
				continue;
			CHECK(vn_setattr(vp, &va) == 0);
			vn_rele(vp);
		}
		CHECK(ext2_commit(em) == 0);
	}
	new_names("early");
	CHECK(ext2_commit(em) == 0);
}

static void release(struct ext2mount *em, u32 ndirty)
{
	while (nheld > 0 && em->em_ndirty < ndirty)
		vn_rele(held[--nheld]);
}

static void more_than_the_rest(void *arg)
{
	struct ext2mount *em = mounted();
	const struct ext2journal *j = em->em_jnl;

	fill_log(em);
	new_names("late"); /* now: to begin anything once there is so much to write would commit it */
	release(em, j->j_end - j->j_head + 4);
	CHECK(em->em_ndirty > j->j_end - j->j_head && em->em_ndirty + 8 < j->j_end - j->j_first);
}

static void more_than_all(void *arg)
{
	struct ext2mount *em = mounted();
	const struct ext2journal *j = em->em_jnl;

	fill_log(em);
	new_names("late"); /* now: to begin anything once there is so much to write would commit it */
	release(em, UINT32_MAX);
	CHECK(em->em_ndirty > j->j_end - j->j_first);
}

static void commit_at_last(void *arg)
{
	CHECK(ext2_commit(mounted()) == 0);
	working = false;
}

/* Is all as it was? */
static void finish(void *arg)
{
	char path[64], buf[20];
	u32 there = 0;

	while (nheld > 0)
		vn_rele(held[--nheld]);
	for (u32 i = 0; i < NFILES; i++) {
		path_of(path, i);
		if (env_pread(path, buf, sizeof(buf), 0) == 20 && memcmp(buf, path, 12) == 0)
			there++;
	}
	CHECK(there > NFILES / 2);
	CHECK(env_unmount() == 0);
}

static void large_commit(u32 seed, void (*fn)(void *arg))
{
	mib = MIB;
	env_boot(seed, FRAMES, "j.img", mib);
	sim_call(prepare, NULL);
	sim_call(fn, NULL);
	during(commit_at_last);
	judge_cuts(6, "-p", NULL);
	sim_call(finish, NULL);
	CHECK(env_fsck(NULL, "-n", 0) == 0);
}

static void rest_of_log(u32 seed)
{
	large_commit(seed, more_than_the_rest);
}

static void whole_log(u32 seed)
{
	large_commit(seed, more_than_all);
}

/* --- Files that grow, without a journal --------------------------------------------------------- */

#define LEAST 13000u /* bytes: the 13th block of 1 KiB hangs on an indirect one */
#define PIECE 700u
#define MOST (LEAST + 60 * PIECE)

static u8 text[MOST];

static void start_growing(void *arg)
{
	for (u32 i = 0; i < MOST; i++)
		text[i] = (u8)(1 + i % 251);
	CHECK(env_mount(NULL) == 0);
	CHECK(env_create("/mnt/f", S_IFREG | 0600) == 0);
	CHECK(env_pwrite("/mnt/f", text, LEAST, 0) == LEAST);
	CHECK(vfs_sync_all(true) == 0);
}

/* Is the file there, no shorter than it was, with nothing but what was written to it? */
static void look_at_f(const char *name)
{
	size_t len = 0;
	u8 *data;

	env_host("rm -f out; debugfs -R 'dump /f out' %s >/dev/null 2>&1", name);
	data = env_read_file("out", &len);
	sim_check(data && len >= LEAST && len <= MOST && memcmp(data, text, len) == 0,
		  "%s: the file has %zu bytes, not those that were written", name, len);
	free(data);
}

/* The same of a file that may have gone. */
static void look_at_removed(const char *name)
{
	if (env_host("debugfs -R 'stat /f' %s 2>&1 | grep -q '^Inode'", name) == 0)
		look_at_f(name);
}

static void append(void *arg)
{
	for (u32 len = LEAST; len < MOST; len += PIECE)
		CHECK(env_pwrite("/mnt/f", text + len, PIECE, len) == PIECE);
	working = false;
}

static void commits(void *arg)
{
	while (working)
		CHECK(ext2_commit(mounted()) == 0);
}

/* One commit after the other, in the middle of the writes. */
static void growing_cut(u32 seed)
{
	mib = SMALL_MIB;
	env_boot(seed, 8192, "n.img", mib);
	sim_call(start_growing, NULL);
	sim_spawn("commits", commits, NULL);
	during(append);
	judge_cuts(MAXCUTS, "-p", look_at_f);
}

/* The name is on the disk until the commit, whatever is written to the file after unlink(). */
static void remove_and_grow(void *arg)
{
	struct vnode *vp = NULL;

	CHECK(namei(NULL, "/mnt/f", 0, &vp) == 0);
	CHECK(names_unlink(NULL, "/mnt/f") == 0);
	CHECK(vn_pwrite(vp, text + LEAST, MOST - LEAST, LEAST) == MOST - LEAST);
	CHECK(ext2_commit(mounted()) == 0);
	vn_rele(vp);
	working = false;
}

static void removed_cut(u32 seed)
{
	mib = SMALL_MIB;
	env_boot(seed, 8192, "n.img", mib);
	sim_call(start_growing, NULL);
	during(remove_and_grow);
	judge_cuts(4, "-y", look_at_removed);
}

/* --- Files that are cut off, without a journal --------------------------------------------------- */

/* Pages: from behind the 268th block of 1 KiB, to which two indirect blocks lead, to before it. */
#define CUT_FROM 72u
#define CUT_TO 62u
#define CUT_PAGE 4096u

static u8 long_text[CUT_FROM * CUT_PAGE];

static void start_cutting(void *arg)
{
	for (u32 i = 0; i < sizeof(long_text); i++)
		long_text[i] = (u8)(1 + i % 251);
	CHECK(env_mount(NULL) == 0);
	CHECK(env_create("/mnt/f", S_IFREG | 0600) == 0);
	CHECK(env_pwrite("/mnt/f", long_text, sizeof(long_text), 0) == (ssize_t)sizeof(long_text));
	CHECK(vfs_sync_all(true) == 0);
}

/* Is the file as long as it was at some moment, with nothing but what was written to it? */
static void look_at_cut(const char *name)
{
	size_t len = 0;
	u8 *data;

	env_host("rm -f out; debugfs -R 'dump /f out' %s >/dev/null 2>&1", name);
	data = env_read_file("out", &len);
	sim_check(data && len >= CUT_TO * CUT_PAGE && len <= sizeof(long_text) &&
			  memcmp(data, long_text, len) == 0,
		  "%s: the file has %zu bytes, not those that were written", name, len);
	free(data);
}

static void cut_off(void *arg)
{
	for (u32 n = CUT_FROM - 1; n >= CUT_TO; n--) {
		CHECK(env_truncate("/mnt/f", (u64)n * CUT_PAGE) == 0);
		CHECK(ext2_commit(mounted()) == 0);
	}
	working = false;
}

static void truncated_cut(u32 seed)
{
	mib = SMALL_MIB;
	env_boot(seed, 8192, "n.img", mib);
	sim_call(start_cutting, NULL);
	during(cut_off);
	judge_cuts(20, "-p", look_at_cut);
}

int main(int argc, char **argv)
{
	u32 first = argc > 1 ? (u32)atoi(argv[1]) : 1, n = argc > 2 ? (u32)atoi(argv[2]) : 1;

	env_begin();
	env_mkfs("j.img", MIB, "-b 1024 -I 128 -N 4096 -O none,filetype,sparse_super,large_file,has_journal -J size=4");
	env_mkfs("n.img", SMALL_MIB, "-b 1024 -I 128 -N 64");
	for (u32 s = first; s < first + n; s++) {
		env_apart("a mount begins and ends", s, mount_cut);
		env_apart("more than the rest of the log", s, rest_of_log);
		env_apart("more than the whole log", s, whole_log);
		env_apart("a file grows", s, growing_cut);
		env_apart("a removed file grows", s, removed_cut);
		env_apart("a file is cut off", s, truncated_cut);
	}
	env_end();
	return sim_failures != 0;
}
