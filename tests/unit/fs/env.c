/* SPDX-License-Identifier: MIT */
/* A machine with file systems for tests; see env.h. */
#include "env.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/anonfs.h"
#include "fs/ext2.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"

#define ROOT_MIB 1u

struct simdisk env_root, env_disk;
char env_dir[64];
bool env_quiet;

static u32 frames_before, objects_before; /* with the root mounted and nothing else */

/* --- What the file layer offers above: not needed here --- */

int fd_get(int fd, struct file **fp)
{
	return -EBADF;
}

void file_rele(struct file *f)
{
}

/* --- The host --- */

int env_host(const char *fmt, ...)
{
	char cmd[2400];
	va_list ap;
	int n = snprintf(cmd, sizeof(cmd), "cd %s && ", env_dir), status;

	va_start(ap, fmt);
	n += vsnprintf(cmd + n, sizeof(cmd) - (size_t)n, fmt, ap);
	va_end(ap);
	if ((size_t)n >= sizeof(cmd))
		panic("a command of %d bytes", n);
	fflush(stdout);
	status = system(cmd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

u8 *env_read_file(const char *name, size_t *len)
{
	char path[128];
	FILE *f;
	u8 *buf;

	snprintf(path, sizeof(path), "%s/%s", env_dir, name);
	f = fopen(path, "rb");
	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	*len = (size_t)ftell(f);
	rewind(f);
	buf = malloc(*len + 1);
	*len = fread(buf, 1, *len, f);
	fclose(f);
	return buf;
}

void env_mkfs(const char *name, u32 mib, const char *options)
{
	if (env_host("rm -f %s; mke2fs -q -F -t ext2 -b 4096 -O none,filetype,sparse_super,large_file %s %s %uM "
		     ">mkfs.log 2>&1 || { cat mkfs.log; false; }",
		     name, options, name, mib))
		panic("mke2fs failed");
}

void env_begin(void)
{
	strcpy(env_dir, "/tmp/reprise-fs.XXXXXX");
	if (!mkdtemp(env_dir))
		panic("no scratch directory");
	env_host("mkdir -p tree/mnt");
	env_mkfs("root.img", ROOT_MIB, "-N 64 -d tree");
}

void env_end(void)
{
	env_host("rm -rf %s", env_dir);
}

int env_fsck(const char *name, const char *options, int most)
{
	char path[128];
	int status;

	if (!name) {
		name = "check.img";
		snprintf(path, sizeof(path), "%s/%s", env_dir, name);
		simdisk_save(&env_disk, path);
	}
	status = env_host("e2fsck -f %s %s >fsck.log 2>&1", options, name);
	if (status > most)
		env_host("echo 'e2fsck %s: status %d'; head -40 fsck.log", options, status);
	return status;
}

/* --- The machine --- */

static void start(void *arg)
{
	int error = vfs_domount("root", NULL, "ext2", 0, NULL);

	if (error)
		panic("the root cannot be mounted: %d", error);
}

void env_boot(u32 seed, u32 nframes, const char *image, u32 mib)
{
	char path[128];

	sim_init(seed, nframes);
	simdisk_init(&env_root, "root", MAKEDEV(253, 0), ROOT_MIB << 20);
	snprintf(path, sizeof(path), "%s/root.img", env_dir);
	simdisk_load(&env_root, path);
	simdisk_init(&env_disk, "disk", MAKEDEV(253, 16), (u64)mib << 20);
	snprintf(path, sizeof(path), "%s/%s", env_dir, image);
	simdisk_load(&env_disk, path);
	anonfs_init();
	vfs_init();
	ext2_init();
	writeback_start();
	sim_call(start, NULL);
}

static void count_before(void)
{
	vfs_drop_caches();
	frames_before = sim_frames_used();
	objects_before = sim_objects_live();
}

int env_mount(const char *options)
{
	count_before();
	return vfs_domount("disk", "/mnt", "ext2", 0, options);
}

int env_unmount(void)
{
	int error = vfs_unmount("/mnt", 0);

	if (error && error != -EIO)
		return error;
	/* Unmounted, if not all of it could be written. */
	vfs_drop_caches();
	if (sim_frames_used() != frames_before || sim_objects_live() != objects_before) {
		sim_check(false, "something is left: %u frames, %u objects; before %u, %u",
			  sim_frames_used(), sim_objects_live(), frames_before, objects_before);
		sim_print_live();
	}
	return error;
}

bool env_apart(const char *name, u32 seed, void (*fn)(u32 seed))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(120); /* a hang is a failure */
		sim_failures = 0;
		fn(seed);
		fflush(stdout);
		_exit(sim_failures != 0);
	}
	waitpid(pid, &status, 0);
	if (status)
		sim_failures++;
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	if (status || !env_quiet)
		printf("%s %s, seed %u\n", status ? "FAIL" : "ok", name, seed);
	return status == 0;
}

/* --- Files by path --- */

int env_create(const char *path, mode_t mode)
{
	return names_mknod(NULL, path, mode, 0);
}

int env_stat(const char *path, struct vattr *va)
{
	struct vnode *vp;
	int error = namei(NULL, path, NI_NOFOLLOW, &vp);

	if (error)
		return error;
	error = vn_getattr(vp, va);
	vn_rele(vp);
	return error;
}

ssize_t env_pwrite(const char *path, const void *buf, size_t len, off_t off)
{
	struct vnode *vp;
	ssize_t n = namei(NULL, path, 0, &vp);

	if (n)
		return n;
	n = vn_pwrite(vp, buf, len, off);
	vn_rele(vp);
	return n;
}

ssize_t env_pread(const char *path, void *buf, size_t len, off_t off)
{
	struct vnode *vp;
	ssize_t n = namei(NULL, path, 0, &vp);

	if (n)
		return n;
	n = vn_pread(vp, buf, len, off);
	vn_rele(vp);
	return n;
}

int env_truncate(const char *path, u64 size)
{
	struct vattr va = { .va_mask = VA_SIZE, .va_size = size };
	struct vnode *vp;
	int error = namei(NULL, path, 0, &vp);

	if (error)
		return error;
	error = vn_setattr(vp, &va);
	vn_rele(vp);
	return error;
}

int env_fsync(const char *path)
{
	struct vnode *vp;
	int error = namei(NULL, path, 0, &vp);

	if (error)
		return error;
	error = vn_fsync(vp, false);
	vn_rele(vp);
	return error;
}

int env_readlink(const char *path, char *buf, size_t size)
{
	struct vnode *vp;
	int n = namei(NULL, path, NI_NOFOLLOW, &vp);

	if (n)
		return n;
	n = vp->v_type == VLNK ? vp->v_op->vop_readlink(vp, buf, size) : -EINVAL;
	vn_rele(vp);
	return n;
}

#define DIR_BATCH 7u

struct dir_batch {
	struct {
		char name[NAME_MAX_K + 1];
		ino_t ino;
	} ent[DIR_BATCH];
	u32 n;
	off_t next;
};

static bool take(void *arg, const char *name, u32 len, ino_t ino, enum vtype type, off_t next)
{
	struct dir_batch *b = arg;

	if (b->n == DIR_BATCH)
		return false;
	memcpy(b->ent[b->n].name, name, len);
	b->ent[b->n].name[len] = 0;
	b->ent[b->n++].ino = ino;
	b->next = next;
	return true;
}

int env_readdir(const char *path, void (*fn)(void *arg, const char *name, ino_t ino), void *arg)
{
	struct dir_batch b = { 0 };
	struct vnode *vp;
	int error = namei(NULL, path, NI_DIRECTORY, &vp);

	if (error)
		return error;
	do {
		b.n = 0;
		vn_lock(vp);
		error = vp->v_op->vop_readdir(vp, b.next, take, &b);
		vn_unlock(vp);
		for (u32 i = 0; i < b.n && !error; i++) {
			if (strcmp(b.ent[i].name, ".") && strcmp(b.ent[i].name, ".."))
				fn(arg, b.ent[i].name, b.ent[i].ino);
		}
	} while (!error && b.n > 0);
	vn_rele(vp);
	return error;
}
