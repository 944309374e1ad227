/* SPDX-License-Identifier: MIT */
/*
 * Paths: every rule of path_resolution(7) that namei() has, permissions, mounts, paths as texts; and the name cache while names come and go.
 *
 * UNIT-NEEDS: mke2fs
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
#include "fs/names.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "mm/kmalloc.h"
#include "proc/proc.h"

static struct cred user = {
	.cr_ref = 1, .cr_uid = 7, .cr_euid = 7, .cr_suid = 7, .cr_fsuid = 7, .cr_gid = 7, .cr_egid = 7, .cr_sgid = 7, .cr_fsgid = 7
};

/* What a path leads to: its inode number, or an error. */
static long long at(const char *path, u32 flags)
{
	struct vnode *vp;
	long long r = namei(NULL, path, flags, &vp);

	if (r == 0) {
		r = (long long)(vp->v_ino | (ino_t)vp->v_vfs->vfs_dev << 32);
		vn_rele(vp);
	}
	return r;
}

static bool same(const char *a, const char *b)
{
	long long ra = at(a, 0);

	return ra > 0 && ra == at(b, 0);
}

static char *repeat(const char *what, u32 n)
{
	static char text[10000];

	text[0] = 0;
	while (n-- > 0)
		strcat(text, what);
	return text;
}

static void paths(void)
{
	CHECK(names_mkdir(NULL, "/mnt/d", 0755) == 0 && names_mkdir(NULL, "/mnt/d/e", 0755) == 0);
	CHECK(env_create("/mnt/d/f", S_IFREG | 0644) == 0);
	CHECK(same("/mnt/d/f", "//mnt///d/./e/../f") && same("/mnt/d/e/../../d/f", "/mnt/d/f"));
	CHECK(same("/", "/..") && same("/", "/../../mnt/..") && same("/mnt", "/mnt/") && same("/mnt", "/mnt/."));
	CHECK(at("", 0) == -ENOENT && at("/mnt/d/none", 0) == -ENOENT && at("/mnt/none/f", 0) == -ENOENT);
	CHECK(at("/mnt/d/f/", 0) == -ENOTDIR && at("/mnt/d/f/x", 0) == -ENOTDIR &&
	      at("/mnt/d/f/.", 0) == -ENOTDIR && at("/mnt/d/f/..", 0) == -ENOTDIR &&
	      at("/mnt/d/f", NI_DIRECTORY) == -ENOTDIR);
	CHECK(at("/mnt/d/e/", NI_DIRECTORY) > 0);
}

static void long_names(void)
{
	char path[12000];

	snprintf(path, sizeof(path), "/mnt/%s", repeat("n", 255));
	CHECK(env_create(path, S_IFREG | 0644) == 0 && at(path, 0) > 0);
	snprintf(path, sizeof(path), "/mnt/%s", repeat("n", 256));
	CHECK(env_create(path, S_IFREG | 0644) == -ENAMETOOLONG && at(path, 0) == -ENAMETOOLONG);
	snprintf(path, sizeof(path), "/mnt/%s/x", repeat("n", 256));
	CHECK(at(path, 0) == -ENAMETOOLONG);
	snprintf(path, sizeof(path), "/mnt%s/d/f", repeat("/.", 1500));
	CHECK(same(path, "/mnt/d/f"));
}

static void links(void)
{
	char path[64], to[64];

	CHECK(names_symlink("d", NULL, "/mnt/l") == 0 && names_symlink("/mnt/d/f", NULL, "/mnt/abs") == 0);
	CHECK(names_symlink("nowhere", NULL, "/mnt/dangling") == 0 &&
	      names_symlink("loop", NULL, "/mnt/loop") == 0);
	CHECK(names_symlink("e/", NULL, "/mnt/d/slash") == 0 && names_symlink("f/", NULL, "/mnt/d/notdir") == 0);
	CHECK(names_symlink("..", NULL, "/mnt/d/up") == 0);
	CHECK(same("/mnt/l/f", "/mnt/d/f") && same("/mnt/abs", "/mnt/d/f") &&
	      same("/mnt/d/up/d/up/l/f", "/mnt/d/f"));
	CHECK(same("/mnt/d/slash", "/mnt/d/e") && at("/mnt/d/notdir", 0) == -ENOTDIR);
	CHECK(at("/mnt/l", NI_NOFOLLOW) != at("/mnt/d", 0) && at("/mnt/l/", NI_NOFOLLOW) == at("/mnt/d", 0));
	CHECK(at("/mnt/dangling", 0) == -ENOENT && at("/mnt/dangling", NI_NOFOLLOW) > 0);
	CHECK(at("/mnt/loop", 0) == -ELOOP && at("/mnt/loop/x", 0) == -ELOOP && at("/mnt/abs/", 0) == -ENOTDIR);
	/* A chain of 40 is followed, one of 41 is not. */
	CHECK(names_symlink("d/f", NULL, "/mnt/c1") == 0);
	for (u32 i = 2; i <= 41; i++) {
		snprintf(path, sizeof(path), "/mnt/c%u", i);
		snprintf(to, sizeof(to), "c%u", i - 1);
		CHECK(names_symlink(to, NULL, path) == 0);
	}
	CHECK(same("/mnt/c40", "/mnt/d/f") && at("/mnt/c41", 0) == -ELOOP);
	/* A text that, with what is left of the path, is too long. */
	CHECK(names_symlink(repeat("./", 1900), NULL, "/mnt/longtext") == 0 && same("/mnt/longtext", "/mnt"));
	snprintf(path, sizeof(path), "/mnt/longtext");
	char *whole = malloc(6000);
	snprintf(whole, 6000, "%s%s", path, repeat("/.", 600));
	CHECK(at(whole, 0) == -ENAMETOOLONG);
	free(whole);
}

static void parents(void)
{
	struct nameparent np;

	CHECK(namei_parent(NULL, "/mnt/d/new//", &np) == 0);
	CHECK(np.np_len == 3 && strncmp(np.np_name, "new", 3) == 0 && np.np_slash && !np.np_special);
	vn_rele(np.np_dvp);
	CHECK(namei_parent(NULL, "/mnt/l/x", &np) == 0 && np.np_len == 1 && *np.np_name == 'x');
	vn_rele(np.np_dvp);
	CHECK(namei_parent(NULL, "/", &np) == 0 && np.np_special);
	vn_rele(np.np_dvp);
	CHECK(namei_parent(NULL, "/mnt/d/..", &np) == 0 && np.np_special && np.np_len == 2);
	vn_rele(np.np_dvp);
	CHECK(namei_parent(NULL, "/mnt/none/x", &np) == -ENOENT &&
	      namei_parent(NULL, "/mnt/d/f/x", &np) == -ENOTDIR);
	CHECK(namei_parent(NULL, "", &np) == -ENOENT);
}

static void permissions(void)
{
	struct proc *p = curproc();
	struct cred *root = p->p_cred;

	CHECK(names_mkdir(NULL, "/mnt/closed", 0700) == 0 && env_create("/mnt/closed/f", S_IFREG | 0666) == 0);
	CHECK(names_mkdir(NULL, "/mnt/pass", 0711) == 0 && env_create("/mnt/pass/f", S_IFREG | 0600) == 0);
	CHECK(names_mkdir(NULL, "/mnt/sticky", 01777) == 0 && env_create("/mnt/sticky/f", S_IFREG | 0666) == 0);
	CHECK(at("/mnt/closed/f", 0) > 0);
	p->p_cred = &user;
	cred_renew(curlwp());
	CHECK(at("/mnt/closed/f", 0) == -EACCES && at("/mnt/closed/none", 0) == -EACCES &&
	      at("/mnt/closed/.", 0) == -EACCES);
	CHECK(at("/mnt/pass/f", 0) > 0 && at("/mnt/pass/none", 0) == -ENOENT);
	CHECK(env_create("/mnt/pass/g", S_IFREG | 0666) == -EACCES &&
	      names_unlink(NULL, "/mnt/pass/f") == -EACCES);
	CHECK(names_unlink(NULL, "/mnt/sticky/f") == -EPERM &&
	      names_rename(NULL, "/mnt/sticky/f", NULL, "/mnt/sticky/g", 0) == -EPERM);
	CHECK(env_create("/mnt/sticky/mine", S_IFREG | 0666) == 0 &&
	      names_unlink(NULL, "/mnt/sticky/mine") == 0);
	p->p_cred = root;
	cred_renew(curlwp());
}

static bool path_is(const char *dir, const char *want)
{
	struct vnode *vp;
	char *path = NULL;
	bool good = false;

	if (namei(NULL, dir, 0, &vp))
		return false;
	if (vn_path(vp, &path) == 0)
		good = strcmp(path, want) == 0;
	kfree(path);
	vn_rele(vp);
	return good;
}

static bool absolute_is(const char *cwd, const char *path, const char *want)
{
	char *out = NULL;
	bool good = path_absolute(cwd, path, &out) == 0 && strcmp(out, want) == 0;

	kfree(out);
	return good;
}

static void texts(void)
{
	CHECK(path_is("/", "/") && path_is("/mnt", "/mnt") && path_is("/mnt/d/e", "/mnt/d/e") &&
	      path_is("/mnt/l/e", "/mnt/d/e"));
	CHECK(names_rename(NULL, "/mnt/d/e", NULL, "/mnt/moved", 0) == 0 && path_is("/mnt/moved", "/mnt/moved"));
	CHECK(names_rename(NULL, "/mnt/moved", NULL, "/mnt/d/e", 0) == 0 && path_is("/mnt/d/e", "/mnt/d/e"));
	CHECK(absolute_is("/a/b", "c", "/a/b/c") && absolute_is("/a/b", "../c/./d//", "/a/c/d") &&
	      absolute_is("/a", "/x/../..", "/") && absolute_is("/", "..", "/") &&
	      absolute_is("/a", "", "/a"));
}

static void one_at_a_time(void *arg)
{
	CHECK(env_mount(NULL) == 0);
	paths();
	long_names();
	links();
	parents();
	permissions();
	texts();
	CHECK(env_unmount() == 0);
	CHECK(same("/mnt", "/mnt") && at("/mnt/d", 0) == -ENOENT);
}

/* --- Names that come and go ------------------------------------------------------------------- */

#define NAMES 12u

static u32 running;
/* Made once, before it gets its name, and never changed: what a name leads to tells which file it is. */
static ino_t file_ino[NAMES];

static void change_names(void *arg)
{
	char a[64], b[64];

	for (u32 i = 0; i < 400; i++) {
		snprintf(a, sizeof(a), "/mnt/w%u/%u", sim_rnd(2), sim_rnd(NAMES));
		snprintf(b, sizeof(b), "/mnt/w%u/%u", sim_rnd(2), sim_rnd(NAMES));
		if (sim_rnd(2))
			names_rename(NULL, a, NULL, b, 0);
		else if (at(a, 0) == -ENOENT)
			CHECK(names_rename(NULL, b, NULL, a, 0) <= 0);
	}
	running--;
}

/* A name that only this lwp makes and removes is there exactly then, whatever others do beside it. */
static void own_name(void *arg)
{
	char path[64];

	snprintf(path, sizeof(path), "/mnt/w%u/own%p", sim_rnd(2), arg);
	for (u32 i = 0; i < 150; i++) {
		struct vattr va;

		CHECK(env_stat(path, &va) == -ENOENT);
		CHECK(env_create(path, S_IFREG | 0600) == 0);
		CHECK(env_stat(path, &va) == 0);
		CHECK(names_unlink(NULL, path) == 0);
	}
	running--;
}

static void look(void *arg)
{
	char path[64];

	while (running > 0) {
		struct vattr va;

		snprintf(path, sizeof(path), "/mnt/w%u/%u", sim_rnd(2), sim_rnd(NAMES));
		if (env_stat(path, &va) == 0) {
			bool known = false;

			for (u32 i = 0; i < NAMES; i++)
				known |= file_ino[i] == va.va_ino;
			CHECK(known);
		}
		if (sim_rnd(50) == 0)
			vfs_drop_caches();
		sim_pause();
	}
}

static void begin(void *arg)
{
	char path[64];
	struct vattr va;

	CHECK(env_mount(NULL) == 0);
	CHECK(names_mkdir(NULL, "/mnt/w0", 0755) == 0 && names_mkdir(NULL, "/mnt/w1", 0755) == 0);
	for (u32 i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "/mnt/w0/%u", i);
		CHECK(env_create(path, S_IFREG | 0644) == 0 && env_stat(path, &va) == 0);
		file_ino[i] = va.va_ino;
	}
}

static void finish(void *arg)
{
	CHECK(env_unmount() == 0);
	CHECK(env_fsck(NULL, "-n", 0) == 0);
}

static void rules(u32 seed)
{
	env_boot(seed, 4096, "a.img", 8);
	sim_call(one_at_a_time, NULL);
}

static void cache(u32 seed)
{
	env_boot(seed, 4096, "a.img", 8);
	sim_call(begin, NULL);
	running = 4;
	sim_spawn("rename", change_names, NULL);
	sim_spawn("rename", change_names, NULL);
	sim_spawn("own", own_name, (void *)1);
	sim_spawn("own", own_name, (void *)2);
	sim_spawn("look", look, NULL);
	sim_spawn("look", look, NULL);
	sim_run();
	sim_call(finish, NULL);
}

int main(int argc, char **argv)
{
	u32 first = argc > 1 ? (u32)atoi(argv[1]) : 1, n = argc > 2 ? (u32)atoi(argv[2]) : 5;

	env_begin();
	env_mkfs("a.img", 8, "-I 256");
	env_apart("the rules of paths", first, rules);
	for (u32 s = first; s < first + n; s++)
		env_apart("names that come and go", s, cache);
	env_end();
	return sim_failures != 0;
}
