/* SPDX-License-Identifier: MIT */
/* Random operations, done to the model and to the file system alike. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/namei.h"
#include "fs/names.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "model_impl.h"

static u32 depth_of(const struct mnode *n)
{
	u32 d = 0;

	for (; n->parent; n = n->parent)
		d++;
	return d;
}

static bool is_below(const struct mnode *n, const struct mnode *top)
{
	for (; n; n = n->parent) {
		if (n == top)
			return true;
	}
	return false;
}

/* A random node of that type, or NULL. */
static struct mnode *any(struct model_tree *t, mode_t type, bool root_too)
{
	struct mnode *found = NULL;
	u32 k = 0;

	for (u32 i = root_too ? 0 : 1; i < t->n; i++) {
		if ((!type || (t->node[i]->file->mode & S_IFMT) == type) && sim_rnd(++k) == 0)
			found = t->node[i];
	}
	return found;
}

static struct mnode *any_dir(struct model_tree *t)
{
	struct mnode *d;

	if (t->lim.big_dirs && sim_rnd(8))
		return t->node[0];
	d = any(t, S_IFDIR, true);
	return depth_of(d) > 12 ? t->node[0] : d;
}

/* A name, from few enough that some are there already, sometimes a very long one. */
static void make_name(struct model_tree *t, char *name)
{
	u32 len;

	if (t->lim.big_dirs)
		snprintf(name, 64, "entry-%u", sim_rnd(t->lim.max_nodes * 2));
	else
		snprintf(name, 64, "n%u", sim_rnd(t->lim.max_nodes));
	if (sim_rnd(10) == 0) {
		len = (u32)strlen(name) + sim_rnd(NAME_MAX_K - 20);
		memset(name + strlen(name), 'x', len - strlen(name));
		name[len] = 0;
	}
}

static bool make_room(struct model_tree *t)
{
	return t->n < t->lim.max_nodes;
}

static void op_create(struct model_tree *t)
{
	static const mode_t types[] = { S_IFREG, S_IFREG, S_IFREG, S_IFREG, S_IFIFO, S_IFCHR };
	mode_t mode = types[sim_rnd(ARRAY_SIZE(types))] | (sim_rnd(01000));
	struct mnode *dir = any_dir(t);
	struct mnode *old;
	char name[NAME_MAX_K + 1], path[4300];

	make_name(t, name);
	snprintf(path, sizeof(path), "%s/%s", model_path(t, dir), name);
	old = model_child(t, dir, name);
	if (!old && !make_room(t))
		return;
	if (model_outcome(t, env_create(path, mode), old ? -EEXIST : 0, "create", path))
		model_add(t, dir, name, model_file_new(mode));
}

static void op_mkdir(struct model_tree *t)
{
	struct mnode *dir = any_dir(t), *old;
	char name[NAME_MAX_K + 1], path[4300];

	make_name(t, name);
	snprintf(path, sizeof(path), "%s/%s", model_path(t, dir), name);
	old = model_child(t, dir, name);
	if (!old && !make_room(t))
		return;
	if (model_outcome(t, names_mkdir(NULL, path, 0755), old ? -EEXIST : 0, "mkdir", path))
		model_add(t, dir, name, model_file_new(S_IFDIR | 0755 | (dir->file->mode & S_ISGID)));
}

static void op_symlink(struct model_tree *t)
{
	struct mnode *dir = any_dir(t), *old;
	char name[NAME_MAX_K + 1], path[4300];
	struct mfile *f;
	u32 len = 1 + sim_rnd(sim_rnd(2) ? 70 : 290);

	make_name(t, name);
	snprintf(path, sizeof(path), "%s/%s", model_path(t, dir), name);
	old = model_child(t, dir, name);
	if (!old && !make_room(t))
		return;
	f = model_file_new(S_IFLNK | 0777);
	for (u32 i = 0; i < len; i++)
		f->target[i] = (char)('a' + sim_rnd(26));
	f->size = len;
	if (model_outcome(t, names_symlink(f->target, NULL, path), old ? -EEXIST : 0, "symlink", path))
		model_add(t, dir, name, f);
	else
		free(f);
}

static void op_link(struct model_tree *t)
{
	struct mnode *dir = any_dir(t), *old, *to = any(t, sim_rnd(2) ? S_IFREG : 0, false);
	char name[NAME_MAX_K + 1], path[4300];
	struct vnode *vp;

	if (!to)
		return;
	make_name(t, name);
	snprintf(path, sizeof(path), "%s/%s", model_path(t, dir), name);
	old = model_child(t, dir, name);
	if (!old && !make_room(t))
		return;
	if (!model_outcome(t, namei(NULL, model_path(t, to), NI_NOFOLLOW, &vp), 0, "namei", model_path(t, to)))
		return;
	if (model_outcome(t, names_link(vp, NULL, path),
			  old			    ? -EEXIST
			  : S_ISDIR(to->file->mode) ? -EPERM
						    : 0,
			  "link", path)) {
		model_add(t, dir, name, to->file);
		to->file->nlink++;
	}
	vn_rele(vp);
}

static void op_unlink(struct model_tree *t)
{
	struct mnode *n = any(t, sim_rnd(2) ? S_IFREG : 0, false);
	bool dir;

	if (!n)
		return;
	dir = S_ISDIR(n->file->mode);
	if (model_outcome(t, names_unlink(NULL, model_path(t, n)), dir ? -EISDIR : 0, "unlink",
			  model_path(t, n)))
		model_drop(t, n);
}

static void op_rmdir(struct model_tree *t)
{
	struct mnode *n = any(t, sim_rnd(8) ? S_IFDIR : 0, false);
	int want;

	if (!n)
		return;
	want = !S_ISDIR(n->file->mode) ? -ENOTDIR : n->nchildren ? -ENOTEMPTY : 0;
	if (model_outcome(t, names_rmdir(NULL, model_path(t, n)), want, "rmdir", model_path(t, n)))
		model_drop(t, n);
}

static int rename_wants(const struct mnode *from, const struct mnode *dir, const struct mnode *to)
{
	bool fdir = S_ISDIR(from->file->mode);

	if (is_below(dir, from))
		return -EINVAL;
	if (!to)
		return 0;
	if (to != from && is_below(from, to) && S_ISDIR(to->file->mode))
		return fdir ? -ENOTEMPTY : -ENOTEMPTY;
	if (fdir && !S_ISDIR(to->file->mode))
		return -ENOTDIR;
	if (!fdir && S_ISDIR(to->file->mode))
		return -EISDIR;
	if (to != from && S_ISDIR(to->file->mode) && to->nchildren)
		return -ENOTEMPTY;
	return 0;
}

static void op_rename(struct model_tree *t)
{
	struct mnode *from = any(t, 0, false), *dir = any_dir(t), *to;
	char name[NAME_MAX_K + 1], path[4300], fpath[4300];

	if (!from)
		return;
	make_name(t, name);
	if (sim_rnd(3) == 0 && (to = any(t, 0, false)) != NULL) {
		dir = to->parent;
		strcpy(name, to->name);
	}
	if (depth_of(dir) > 12)
		return;
	to = model_child(t, dir, name);
	snprintf(path, sizeof(path), "%s/%s", model_path(t, dir), name);
	strcpy(fpath, model_path(t, from));
	if (!model_outcome(t, names_rename(NULL, fpath, NULL, path, 0), rename_wants(from, dir, to), "rename", path))
		return;
	if (to && to->file == from->file)
		return; /* two names of one file */
	if (to)
		model_drop(t, to);
	if (S_ISDIR(from->file->mode)) {
		from->parent->file->nlink--;
		dir->file->nlink++;
	}
	from->parent->nchildren--;
	dir->nchildren++;
	from->parent = dir;
	strcpy(from->name, name);
}

static void fill(struct model_tree *t, u32 len)
{
	u32 tag = t->serial++;

	for (u32 i = 0; i + 4 <= len; i += 4)
		memcpy(t->buf + i, &(u32){ tag * 2654435761u + i }, 4);
	for (u32 i = len & ~3u; i < len; i++)
		t->buf[i] = (u8)tag;
}

static u64 any_offset(struct model_tree *t, const struct mfile *f)
{
	switch (sim_rnd(4)) {
	case 0: return f->size; /* append */
	case 1: return f->size ? sim_rnd((u32)MIN(f->size, (u64)0xffffffff)) : 0;
	case 2: return (u64)sim_rnd(1 << 16) * (t->lim.max_size >> 16);
	default: return sim_rnd(16384);
	}
}

static void write_to(struct model_tree *t, struct mfile *f, struct vnode *vp, const char *path)
{
	u64 off = any_offset(t, f);
	u32 len = 1 + sim_rnd(sim_rnd(3) ? MIN(5000u, t->lim.max_write) : t->lim.max_write);
	ssize_t n;

	if (off + len > t->lim.max_size)
		return;
	fill(t, len);
	n = vp ? vn_pwrite(vp, t->buf, len, (off_t)off) : env_pwrite(path, t->buf, len, (off_t)off);
	if (n < 0) {
		model_outcome(t, (int)n, 0, "write", path);
		return;
	}
	sim_check(n == (ssize_t)len || t->lim.full_disk || t->lim.no_memory, "write %s: %zd of %u",
		  path, n, len);
	model_write(f, off, t->buf, (size_t)n);
}

static void op_write(struct model_tree *t)
{
	struct mnode *n = any(t, S_IFREG, false);

	if (n)
		write_to(t, n->file, NULL, model_path(t, n));
}

static void op_truncate(struct model_tree *t)
{
	struct mnode *n = any(t, S_IFREG, false);
	u64 size;

	if (!n)
		return;
	size = any_offset(t, n->file);
	if (sim_rnd(3) == 0)
		size = 0;
	if (size <= t->lim.max_size &&
	    model_outcome(t, env_truncate(model_path(t, n), size), 0, "truncate", model_path(t, n)))
		model_truncate(n->file, size);
}

static void op_read(struct model_tree *t)
{
	struct mnode *n = any(t, S_IFREG, false);

	if (n)
		model_compare_range(t, n->file, NULL, model_path(t, n), any_offset(t, n->file),
				    1 + sim_rnd(t->lim.max_write));
}

static void op_chmod(struct model_tree *t)
{
	struct mnode *n = any(t, 0, false);
	struct vattr va = { .va_mask = VA_MODE };
	struct vnode *vp;

	if (!n || S_ISLNK(n->file->mode))
		return;
	va.va_mode = sim_rnd(010000);
	if (!model_outcome(t, namei(NULL, model_path(t, n), NI_NOFOLLOW, &vp), 0, "namei", model_path(t, n)))
		return;
	if (model_outcome(t, vn_setattr(vp, &va), 0, "chmod", model_path(t, n)))
		n->file->mode = (n->file->mode & S_IFMT) | va.va_mode;
	vn_rele(vp);
}

static void op_open(struct model_tree *t)
{
	u32 i = sim_rnd(MAXOPEN);
	struct mnode *n = any(t, S_IFREG, false);
	struct vnode *vp = t->open[i].vp;

	if (vp) {
		struct mfile *f = t->open[i].file;

		write_to(t, f, vp, "(open file)");
		model_compare_range(t, f, vp, "(open file)", any_offset(t, f), 1 + sim_rnd(t->lim.max_write));
		if (sim_rnd(3))
			return;
		t->open[i].vp = NULL;
		vn_rele(vp);
		if (f->nlink == 0 && !model_is_open(t, f))
			model_file_put(f);
	} else if (n && namei(NULL, model_path(t, n), 0, &vp) == 0) {
		t->open[i].vp = vp;
		t->open[i].file = n->file;
	}
}

static void op_sync(struct model_tree *t)
{
	struct mnode *n = any(t, 0, true);
	mode_t type = n->file->mode & S_IFMT;

	if (sim_rnd(4) == 0)
		sim_check(vfs_sync_all(sim_rnd(2)) == 0, "sync");
	else if (type == S_IFREG || type == S_IFDIR)
		model_outcome(t, env_fsync(model_path(t, n)), 0, "fsync", model_path(t, n));
}

static const struct {
	void (*fn)(struct model_tree *t);
	u32 weight;
} ops[] = {
	{ op_create, 20 },  { op_mkdir, 6 }, { op_symlink, 4 }, { op_link, 6 },
	{ op_unlink, 12 },  { op_rmdir, 5 }, { op_rename, 12 }, { op_write, 30 },
	{ op_truncate, 8 }, { op_read, 12 }, { op_chmod, 3 },	{ op_open, 8 },
	{ op_sync, 2 },
};

void tree_step(struct model_tree *t)
{
	u32 total = 0, r;

	for (u32 i = 0; i < ARRAY_SIZE(ops); i++)
		total += ops[i].weight;
	r = sim_rnd(total);
	for (u32 i = 0; i < ARRAY_SIZE(ops); i++) {
		if (r < ops[i].weight) {
			ops[i].fn(t);
			return;
		}
		r -= ops[i].weight;
	}
}
