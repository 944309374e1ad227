/* SPDX-License-Identifier: MIT */
/*
 * Names: mkdir, rmdir, mknod, unlink, link and rename on a tmpfs, through the path walk and the
 * name cache.
 *
 * First one lwp, against a model that knows what each call must answer and what the tree must look
 * like. Then several at once, on few names: no deadlock, no lock taken out of order, and a tree
 * that is sound afterwards, with nothing left over when it is unmounted.
 *
 * UNIT-FLAGS: -D_GNU_SOURCE -iquote tests/unit/shim
 * UNIT-SOURCES: tests/unit/shim/sim_*.c tests/unit/shim/simdisk.c fs/names.c fs/setid.c fs/rename.c fs/namei.c fs/path.c
 * UNIT-SOURCES: fs/namecache.c fs/vnode.c fs/vnode_cache.c fs/vnode_path.c fs/anonfs.c fs/radix.c fs/uio.c
 * UNIT-SOURCES: fs/tmpfs/node.c fs/tmpfs/dir.c fs/tmpfs/file.c fs/tmpfs/mount.c fs/pagecache.c
 * UNIT-SOURCES: fs/pc_read.c fs/pc_write.c fs/writeback.c fs/reclaim.c fs/bio.c kernel/lib/tree.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/anonfs.h"
#include "fs/file.h"
#include "fs/namecache.h"
#include "fs/names.h"
#include "fs/pagecache.h"
#include "fs/tmpfs/tmpfs.h"
#include "fs/vnode_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/random.h"
#include "mm/as.h"
#include "proc/fsctx.h"
#include "proc/proc.h"
#include "sim.h"
#include "tests/unit/names_model.h"

static struct vfs vfs;
static const struct cred root_cred;
struct vnode *rootvp;
int (*shm_vnode_create)(u64 len, struct vnode **vpp);

/* The superuser makes all names here, and a mount's UUID need not differ. */
bool cred_in_group(const struct cred *cr, gid_t gid)
{
	(void)cr;
	(void)gid;
	return false;
}

void random_bytes(void *buf, size_t len)
{
	memset(buf, 4, len);
}

/* What of other files this asks for. The superuser does it all. */
struct cred *cred_cur(void)
{
	return (struct cred *)&root_cred;
}

int cred_access(const struct cred *cr, mode_t mode, uid_t uid, gid_t gid, int want)
{
	return 0;
}

int fd_get(int fd, struct file **fp)
{
	return -EBADF;
}

void file_rele(struct file *f)
{
}

void fstype_register(struct fstype *fs)
{
}

void vfs_foreach(bool (*fn)(struct vfs *v, void *arg), void *arg)
{
}

u64 strtou64(const char *s, const char **end, int base)
{
	return strtoull(s, (char **)end, base);
}

size_t strlcpy_k(char *dst, const char *src, size_t size)
{
	snprintf(dst, size, "%s", src);
	return strlen(src);
}

void page_zero(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

/* --- The real thing --- */

static int make(const struct path *p, bool dir)
{
	return dir ? names_mkdir(NULL, p->text, 0755) : names_mknod(NULL, p->text, S_IFREG | 0644, 0);
}

static int remove_path(const struct path *p, bool dir)
{
	return dir ? names_rmdir(NULL, p->text) : names_unlink(NULL, p->text);
}

static int link_paths(const struct path *from, const struct path *to)
{
	struct vnode *vp;
	int error = namei(NULL, from->text, NI_NOFOLLOW, &vp);

	if (error)
		return error;
	error = names_link(vp, NULL, to->text);
	vn_rele(vp);
	return error;
}

static int rename_paths(const struct path *from, const struct path *to, bool noreplace)
{
	return names_rename(NULL, from->text, NULL, to->text, noreplace ? K_RENAME_NOREPLACE : 0);
}

/* One random call, to the kernel and, if `both`, to the model. */
static void random_call(bool both)
{
	struct path a = random_path(), b = random_path();
	u32 what = sim_rnd(8);
	bool flag = sim_rnd(2);
	int is = 0, want = 0;

	switch (what) {
	case 0:
	case 1:
	case 2:
		is = make(&a, flag);
		want = both ? model_make(&a, flag) : 0;
		break;
	case 3:
	case 4:
		is = remove_path(&a, flag);
		want = both ? model_remove(&a, flag) : 0;
		break;
	case 5:
		is = link_paths(&a, &b);
		want = both ? model_link(&a, &b) : 0;
		break;
	default:
		flag = sim_rnd(4) == 0;
		is = rename_paths(&a, &b, flag);
		want = both ? model_rename(&a, &b, flag) : 0;
	}
	if (both)
		sim_check(is == want, "call %u %s %s: %d, expected %d", what, a.text, b.text, is, want);
}

struct walk {
	const struct mnode *n; /* NULL: only the soundness counts */
	struct vnode *dvp;
	u32 seen, subdirs;
};

static void check_dir(const struct mnode *n, struct vnode *dvp, struct vnode *up);

static bool check_entry(void *arg, const char *name, u32 len, ino_t ino, enum vtype type, off_t next)
{
	struct walk *w = arg;
	const struct mnode *child;

	if (name[0] == '.')
		return true;
	if (!CHECK(len == 1 && name[0] >= 'a' && name[0] < 'a' + NNAMES))
		return true;
	w->seen |= 1u << (name[0] - 'a');
	w->subdirs += type == VDIR;
	child = w->n ? w->n->child[name[0] - 'a'] : NULL;
	CHECK(!w->n || (child && child->dir == (type == VDIR)));
	return true;
}

static void check_child(const struct mnode *n, struct vnode *dvp, u32 i)
{
	char name[] = { (char)('a' + i), 0 };
	struct vnode *vp;
	struct vattr va;

	vn_lock(dvp);
	CHECK(vn_lookup(dvp, name, 1, &vp) == 0);
	vn_unlock(dvp);
	if (vp->v_type == VDIR) {
		check_dir(n ? n->child[i] : NULL, vp, dvp);
	} else {
		CHECK(vn_getattr(vp, &va) == 0);
		CHECK(n ? va.va_nlink == n->child[i]->nlink : va.va_nlink > 0);
	}
	vn_rele(vp);
}

static void check_dir(const struct mnode *n, struct vnode *dvp, struct vnode *up)
{
	struct walk w = { .n = n, .dvp = dvp };
	struct vnode *vp;
	struct vattr va;

	vn_lock(dvp);
	CHECK(dvp->v_op->vop_readdir(dvp, 0, check_entry, &w) == 0);
	CHECK(dvp->v_op->vop_lookup(dvp, "..", 2, &vp) == 0);
	vn_unlock(dvp);
	CHECK(vp == up);
	vn_rele(vp);
	CHECK(vn_getattr(dvp, &va) == 0 && va.va_nlink == 2 + w.subdirs);
	for (u32 i = 0; i < NNAMES; i++) {
		CHECK(!n || (n->child[i] != NULL) == (w.seen >> i & 1));
		if (w.seen >> i & 1)
			check_child(n, dvp, i);
	}
}

/* --- The runs --- */

static struct fsctx place = { .fc_ref = 1, .fc_lock = SPINLOCK_INIT("fsctx", LR_FSCTX) };

static void mount_it(void *arg)
{
	vnode_cache_init();
	namecache_init();
	pagecache_init();
	anonfs_init();
	tmpnode_init();
	vfs = (struct vfs){ .vfs_dev = 1 };
	mutex_init(&vfs.vfs_renamelock, "rename", LR_FS_RENAME);
	CHECK(tmpfs_vfsops.vfs_mount(&vfs, NULL, arg) == 0);
	vnode_setflags(vfs.vfs_root, V_ROOT, 0);
	rootvp = vfs.vfs_root;
	place.fc_root = place.fc_cwd = rootvp;
	curproc()->p_fs = &place;
}

static void unmount_it(void *arg)
{
	namecache_purge_all();
	CHECK(tmpfs_vfsops.vfs_letgo(&vfs) == 0);
	CHECK(vfs.vfs_nvnodes == 1 && vfs.vfs_root->v_ref == 1);
	vn_rele(vfs.vfs_root);
	tmpfs_vfsops.vfs_unmount(&vfs);
}

static void start(u32 seed, const char *options)
{
	sim_init(seed, 4096);
	sim_call(mount_it, (void *)options);
}

static void finish(void)
{
	sim_call(unmount_it, NULL);
	CHECK(vfs.vfs_nvnodes == 0 && sim_objects_live() == 0);
}

static void alone(void *arg)
{
	for (u32 i = 0; i < 3000 && !sim_failures; i++) {
		random_call(true);
		if (i % 100 == 0)
			check_dir(top, rootvp, rootvp);
	}
}

static void together(void *arg)
{
	for (u32 i = 0; i < 400 && !sim_failures; i++)
		random_call(false);
}

static void check_sound(void *arg)
{
	check_dir(NULL, rootvp, rootvp);
}

/*
 * Who stands in a directory when it is removed still finds the way up, through any number of
 * removed ones.
 */
static void removed_under_foot(void *arg)
{
	struct vnode *vp = rootvp, *next;
	u32 depth = 500;

	vn_hold(vp);
	for (u32 i = 0; i < depth; i++) {
		CHECK(names_mkdir(vp, "d", 0755) == (i < 399 ? 0 : -ENOSPC));
		if (namei(vp, "d", 0, &next) != 0)
			break;
		vn_rele(vp);
		vp = next;
	}
	next = vp;
	vn_hold(next);
	while (next != rootvp) {
		struct vnode *up;

		CHECK(namei(next, "..", 0, &up) == 0);
		CHECK(names_rmdir(up, "d") == 0);
		CHECK(names_mkdir(next, "x", 0755) == -ENOENT);
		vn_rele(next);
		next = up;
	}
	vn_rele(next);
	vn_rele(vp); /* and with it the whole chain */
}

int main(void)
{
	for (u32 seed = 1; seed <= 6; seed++) {
		start(seed, "");
		top = new_node(true, NULL);
		sim_call(alone, NULL);
		free_tree(top);
		finish();
	}
	printf("%s model\n", sim_failures ? "FAIL" : "ok");
	for (u32 seed = 1; seed <= 30 && !sim_failures; seed++) {
		start(seed, "");
		for (u32 i = 0; i < 4; i++)
			sim_spawn("caller", together, NULL);
		sim_run();
		sim_call(check_sound, NULL);
		finish();
	}
	printf("%s together\n", sim_failures ? "FAIL" : "ok");
	start(1, "nr_inodes=400");
	sim_call(removed_under_foot, NULL);
	finish();
	printf("%s removed\n", sim_failures ? "FAIL" : "ok");
	return sim_failures != 0;
}
