/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: mounting with its options, unmounting, statfs; and the hidden mount
 * for memory without a name.
 */
#include "fs/tmpfs/tmpfs.h"

#include "fs/anonfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "kernel/abi/statfs.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "proc/cred.h"

/* Nodes that are looked at while tm_lock is held. */
#define BATCH 32u

struct options {
	u64 op_pages, op_nodes;
	mode_t op_mode;
	uid_t op_uid;
	gid_t op_gid;
};

static struct vfs shmfs;

/* "10", "64k", "8m", "1g", "50%" of memory; in bytes. */
static int parse_size(const char *text, const char *end, u64 *out)
{
	const char *p;
	u64 n = strtou64(text, &p, 0);
	struct page_stats st;
	u32 shift = 0;

	if (p == text || p > end)
		return -EINVAL;
	if (p < end && *p == '%') {
		page_stats(&st);
		*out = (u64)st.ps_total * PAGE_SIZE / 100 * MIN(n, 1000ull);
		return p + 1 == end ? 0 : -EINVAL;
	}
	if (p < end) {
		char unit = (char)(*p++ | 0x20);

		shift = unit == 'k' ? 10 : unit == 'm' ? 20 : unit == 'g' ? 30 : 99;
	}
	if (p != end || shift == 99)
		return -EINVAL;
	*out = n > ~0ull >> shift ? ~0ull : n << shift;
	return 0;
}

static int mount_parse_number(const char *text, const char *end, int base, u32 *out)
{
	const char *p;
	u64 n = strtou64(text, &p, base);

	if (p == text || p != end || n > ~0u)
		return -EINVAL;
	*out = (u32)n;
	return 0;
}

/* Does option [text, end) begin with `key`? Then *value is behind it. */
static bool option_is(const char *text, const char *end, const char *key, const char **value)
{
	size_t n = strlen(key);

	*value = text + n;
	return (size_t)(end - text) >= n && strncmp(text, key, n) == 0;
}

static int parse_option(const char *o, const char *end, struct options *op)
{
	const char *v;
	u64 bytes;
	int error;

	if (option_is(o, end, "size=", &v)) {
		error = parse_size(v, end, &bytes);
		if (error)
			return error;
		op->op_pages = (bytes + PAGE_MASK) / PAGE_SIZE;
		return 0;
	}
	if (option_is(o, end, "nr_blocks=", &v))
		return parse_size(v, end, &op->op_pages);
	if (option_is(o, end, "nr_inodes=", &v))
		return parse_size(v, end, &op->op_nodes);
	if (option_is(o, end, "mode=", &v))
		return mount_parse_number(v, end, 8, &op->op_mode);
	if (option_is(o, end, "uid=", &v))
		return mount_parse_number(v, end, 10, &op->op_uid);
	if (option_is(o, end, "gid=", &v))
		return mount_parse_number(v, end, 10, &op->op_gid);
	if (end - o == 2 && (strncmp(o, "ro", 2) == 0 || strncmp(o, "rw", 2) == 0))
		return 0; /* vfs_domount() has checked it */
	return -EINVAL;
}

static int parse_options(const char *text, struct options *op)
{
	struct page_stats st;
	int error = 0;

	page_stats(&st);
	*op = (struct options){ .op_pages = st.ps_total / 2, .op_nodes = st.ps_total / 2, .op_mode = 01777 };
	while (!error && text && *text) {
		const char *end = strchr(text, ',');

		if (!end)
			end = text + strlen(text);
		if (end > text)
			error = parse_option(text, end, op);
		text = *end ? end + 1 : NULL;
	}
	/* 0: no limit but memory. */
	op->op_pages = op->op_pages ? MIN(op->op_pages, (u64)INT32_MAX) : INT32_MAX;
	op->op_nodes = op->op_nodes ? MIN(op->op_nodes, (u64)INT32_MAX) : INT32_MAX;
	return error;
}

static struct tmpmount *tmpmount_new(const struct options *op)
{
	struct tmpmount *tm = kzalloc(sizeof(*tm), 0);

	if (!tm)
		return NULL;
	spin_init(&tm->tm_lock, "tmpfs", LR_TMPFS);
	tree_init(&tm->tm_nodes, &tmpnode_order);
	list_init(&tm->tm_dying);
	tm->tm_maxpages = (u32)op->op_pages;
	tm->tm_maxnodes = (u32)op->op_nodes;
	return tm;
}

static int tmpfs_mount(struct vfs *vfs, const char *dev, const char *options)
{
	const struct cred root_cred = { 0 };
	struct options op;
	struct tmpmount *tm;
	struct tmpnode *tn;
	int error;

	error = parse_options(options, &op);
	if (error)
		return error;
	tm = tmpmount_new(&op);
	if (!tm)
		return -ENOMEM;
	vfs->vfs_data = tm;
	random_bytes(vfs->vfs_uuid, sizeof(vfs->vfs_uuid));
	error = tmpnode_create(vfs, NULL, S_IFDIR | (op.op_mode & 07777), 0, &root_cred, &vfs->vfs_root);
	if (error) {
		kfree(tm);
		return error;
	}
	tn = tmpnode(vfs->vfs_root);
	tn->tn_nlink = 2;
	tn->tn_uid = op.op_uid;
	tn->tn_gid = op.op_gid;
	return 0;
}

/* Do others than its names hold the node? */
static bool node_in_use(const struct tmpnode *tn)
{
	u32 names = tn->tn_vp->v_type == VDIR ? tn->tn_nlink > 0 : tn->tn_nlink;

	return tn->tn_vp->v_ref != names;
}

/*
 * Is a vnode of the mount in use from outside? Otherwise only names hold
 * vnodes, and the mount holds the root. No lookup enters the mount any more.
 */
static bool in_use(struct tmpmount *tm, const struct vnode *root)
{
	struct tmpnode *tn;
	bool busy = false;
	ino_t next = 0;

	spin_lock(&tm->tm_lock);
	for (u32 n = 1; !busy && (tn = tmpnode_from(tm, next)); n++) {
		busy = tn->tn_vp != root && node_in_use(tn);
		next = tn->tn_vp->v_ino + 1;
		if (n % BATCH == 0) {
			spin_unlock(&tm->tm_lock);
			spin_lock(&tm->tm_lock);
		}
	}
	spin_unlock(&tm->tm_lock);
	return busy || root->v_ref > 1;
}

static int tmpfs_letgo(struct vfs *vfs)
{
	struct tmpmount *tm = vfs->vfs_data;
	struct list all = LIST_INIT(all);
	struct tmpent *te, *tmp;
	struct tmpnode *tn;

	if (in_use(tm, vfs->vfs_root))
		return -EBUSY;
	/*
	 * No lookup enters the mount any more: frees the vnodes of all names,
	 * in any order.
	 */
	tree_for_each(tn, &tm->tm_nodes, tn_node)
	{
		if (tn->tn_vp->v_type == VDIR)
			tmpdir_take_all(&tn->tn_dir, &all);
	}
	list_for_each_safe(te, tmp, &all, te_link) {
		vn_rele(te->te_vp);
		kfree(te);
	}
	return 0;
}

static int tmpfs_unmount(struct vfs *vfs)
{
	struct tmpmount *tm = vfs->vfs_data;
	bool last;

	spin_lock(&tm->tm_lock);
	tm->tm_dead = true;
	last = tm->tm_nnodes == 0;
	spin_unlock(&tm->tm_lock);
	if (last)
		kfree(tm);
	return 0;
}

static int tmpfs_vget(struct vfs *vfs, ino_t ino, struct vnode **vpp)
{
	struct tmpmount *tm = vfs->vfs_data;
	struct tmpnode *tn;
	int error = -ESTALE;

	spin_lock(&tm->tm_lock);
	tn = tmpnode_from(tm, ino);
	if (tn && tn->tn_vp->v_ino == ino && vn_tryhold(tn->tn_vp)) {
		*vpp = tn->tn_vp;
		error = 0;
	}
	spin_unlock(&tm->tm_lock);
	return error;
}

static int tmpfs_statfs(struct vfs *vfs, struct statfs_k *st)
{
	const struct tmpmount *tm = vfs->vfs_data;
	u32 used = tm->tm_pages, nodes = tm->tm_nnodes;

	st->f_type = K_MAGIC_TMPFS;
	st->f_bsize = st->f_frsize = PAGE_SIZE;
	st->f_blocks = tm->tm_maxpages;
	st->f_bfree = st->f_bavail = tm->tm_maxpages > used ? tm->tm_maxpages - used : 0;
	st->f_files = tm->tm_maxnodes;
	st->f_ffree = tm->tm_maxnodes > nodes ? tm->tm_maxnodes - nodes : 0;
	return 0;
}

static int tmpfs_remount(struct vfs *vfs, bool readonly)
{
	vfs->vfs_readonly = readonly;
	return 0;
}

const struct vfsops tmpfs_vfsops = {
	.vfs_mount = tmpfs_mount,
	.vfs_letgo = tmpfs_letgo,
	.vfs_unmount = tmpfs_unmount,
	.vfs_vget = tmpfs_vget,
	.vfs_statfs = tmpfs_statfs,
	.vfs_remount = tmpfs_remount,
};

static struct fstype tmpfs_type = { .fs_name = "tmpfs", .fs_ops = &tmpfs_vfsops, .fs_nodev = true };

int tmpfs_unnamed(u64 size, struct vnode **vpp)
{
	struct vnode *vp;
	int error;

	error = tmpnode_create(&shmfs, NULL, S_IFREG | 0777, 0, cred_cur(), &vp);
	if (error)
		return -ENOMEM;
	vp->v_flags |= V_UNLINKED;
	vn_lock(vp);
	error = tmpfs_set_size(vp, size);
	vn_unlock(vp);
	if (error) {
		vn_rele(vp);
		return -EINVAL;
	}
	*vpp = vp;
	return 0;
}

int tmpfs_removed(mode_t mode, dev_t rdev, struct vnode *parent, struct vnode **vpp)
{
	int error = tmpnode_create(&shmfs, NULL, mode, rdev, cred_cur(), vpp);

	if (error)
		return -ENOMEM;
	(*vpp)->v_flags |= V_UNLINKED;
	if (parent) {
		vn_hold(parent);
		tmpnode(*vpp)->tn_dir.td_parent = parent;
	}
	return 0;
}

void tmpfs_init(void)
{
	const struct options unlimited = { .op_pages = INT32_MAX, .op_nodes = INT32_MAX };

	tmpnode_init();
	fstype_register(&tmpfs_type);
	shmfs.vfs_type = &tmpfs_type;
	shmfs.vfs_dev = anonfs_dev();
	random_bytes(shmfs.vfs_uuid, sizeof(shmfs.vfs_uuid));
	strlcpy_k(shmfs.vfs_source, "tmpfs", sizeof(shmfs.vfs_source));
	list_init(&shmfs.vfs_link);
	mutex_init(&shmfs.vfs_renamelock, "rename", LR_FS_RENAME);
	shmfs.vfs_data = tmpmount_new(&unlimited);
	VERIFY(shmfs.vfs_data);
	shm_vnode_create = tmpfs_unnamed;
}
