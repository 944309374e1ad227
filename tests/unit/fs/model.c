/* SPDX-License-Identifier: MIT */
/* A tree of files as it should be; see model.h. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"

#define MAXOPEN 4u

struct mpage {
	u32 idx;
	u8 *data;
};

/* What a name leads to. */
struct mfile {
	mode_t mode;
	u32 nlink;
	u64 size;
	u32 npages;
	struct mpage *page; /* sorted; what is missing is zero */
	char target[300];
};

/* A name: a node of the tree. */
struct mnode {
	struct mnode *parent;
	char name[NAME_MAX_K + 1];
	struct mfile *file;
	u32 nchildren;
};

struct model_tree {
	char path[64];
	struct tree_limits lim;
	struct mnode **node; /* [0] is the root */
	u32 n;
	struct {
		struct vnode *vp;
		struct mfile *file;
	} open[MAXOPEN];
	u32 serial;
	u8 *buf, *buf2;
	char paths[8][4200];
	u32 next_path;
};

/* --- Contents --- */

static u32 find_page(const struct mfile *f, u32 idx)
{
	u32 lo = 0, hi = f->npages;

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;

		if (f->page[mid].idx < idx)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static u8 *get_page(struct mfile *f, u32 idx)
{
	u32 i = find_page(f, idx);

	if (i < f->npages && f->page[i].idx == idx)
		return f->page[i].data;
	f->page = realloc(f->page, (f->npages + 1) * sizeof(f->page[0]));
	memmove(&f->page[i + 1], &f->page[i], (f->npages - i) * sizeof(f->page[0]));
	f->page[i] = (struct mpage){ idx, calloc(1, PAGE_SIZE) };
	f->npages++;
	return f->page[i].data;
}

static void model_write(struct mfile *f, u64 off, const u8 *buf, size_t len)
{
	if (off + len > f->size && len > 0)
		f->size = off + len;
	while (len > 0) {
		u32 in = (u32)(off % PAGE_SIZE), n = MIN((u32)len, PAGE_SIZE - in);

		memcpy(get_page(f, (u32)(off / PAGE_SIZE)) + in, buf, n);
		off += n;
		buf += n;
		len -= n;
	}
}

static size_t model_read(const struct mfile *f, u64 off, u8 *buf, size_t len)
{
	size_t done = 0;

	if (off >= f->size)
		return 0;
	len = (size_t)MIN((u64)len, f->size - off);
	while (done < len) {
		u32 in = (u32)((off + done) % PAGE_SIZE), n = MIN((u32)(len - done), PAGE_SIZE - in);
		u32 idx = (u32)((off + done) / PAGE_SIZE), i = find_page(f, idx);

		if (i < f->npages && f->page[i].idx == idx)
			memcpy(buf + done, f->page[i].data + in, n);
		else
			memset(buf + done, 0, n);
		done += n;
	}
	return len;
}

static void model_truncate(struct mfile *f, u64 size)
{
	u32 keep = find_page(f, (u32)((size + PAGE_SIZE - 1) / PAGE_SIZE));

	while (f->npages > keep)
		free(f->page[--f->npages].data);
	if (size % PAGE_SIZE && f->npages > 0 && f->page[f->npages - 1].idx == size / PAGE_SIZE)
		memset(f->page[f->npages - 1].data + size % PAGE_SIZE, 0, PAGE_SIZE - size % PAGE_SIZE);
	f->size = size;
}

static void file_put(struct mfile *f)
{
	model_truncate(f, 0);
	free(f->page);
	free(f);
}

/* --- The tree --- */

static const char *path_of(struct model_tree *t, const struct mnode *n)
{
	/* Of the tree: other lwps run while this one's path is in use. */
	char *buf = t->paths[t->next_path++ % 8], *p = buf + sizeof(t->paths[0]) - 1;

	*p = 0;
	for (; n->parent; n = n->parent) {
		p -= strlen(n->name);
		memcpy(p, n->name, strlen(n->name));
		*--p = '/';
	}
	p -= strlen(t->path);
	memcpy(p, t->path, strlen(t->path));
	return p;
}

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

static struct mnode *child(struct model_tree *t, struct mnode *dir, const char *name)
{
	for (u32 i = 1; i < t->n; i++) {
		if (t->node[i]->parent == dir && strcmp(t->node[i]->name, name) == 0)
			return t->node[i];
	}
	return NULL;
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

static struct mfile *file_new(mode_t mode)
{
	struct mfile *f = calloc(1, sizeof(*f));

	f->mode = mode;
	f->nlink = S_ISDIR(mode) ? 2 : 1;
	return f;
}

static void add(struct model_tree *t, struct mnode *dir, const char *name, struct mfile *f)
{
	struct mnode *n = calloc(1, sizeof(*n));

	n->parent = dir;
	strcpy(n->name, name);
	n->file = f;
	t->node = realloc(t->node, (t->n + 1) * sizeof(t->node[0]));
	t->node[t->n++] = n;
	dir->nchildren++;
	if (S_ISDIR(f->mode))
		dir->file->nlink++;
}

/* Somebody may still have it open. */
static bool is_open(struct model_tree *t, const struct mfile *f)
{
	for (u32 i = 0; i < MAXOPEN; i++) {
		if (t->open[i].vp && t->open[i].file == f)
			return true;
	}
	return false;
}

static void drop(struct model_tree *t, struct mnode *n)
{
	struct mfile *f = n->file;

	for (u32 i = 1; i < t->n; i++) {
		if (t->node[i] == n) {
			t->node[i] = t->node[--t->n];
			break;
		}
	}
	n->parent->nchildren--;
	if (S_ISDIR(f->mode)) {
		n->parent->file->nlink--;
		f->nlink = 0;
	} else {
		f->nlink--;
	}
	if (f->nlink == 0 && !is_open(t, f))
		file_put(f);
	free(n);
}

/* Is `error` what was to be expected, or a shortage that this test brings about? True: the operation was done. */
static bool outcome(struct model_tree *t, int error, int want, const char *what, const char *path)
{
	if ((error == -ENOSPC && t->lim.full_disk) || (error == -ENOMEM && t->lim.no_memory))
		return false;
	sim_check(error == want, "%s %s: %d, expected %d", what, path, error, want);
	return error == 0;
}

/* --- Operations --- */

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
	snprintf(path, sizeof(path), "%s/%s", path_of(t, dir), name);
	old = child(t, dir, name);
	if (!old && !make_room(t))
		return;
	if (outcome(t, env_create(path, mode), old ? -EEXIST : 0, "create", path))
		add(t, dir, name, file_new(mode));
}

static void op_mkdir(struct model_tree *t)
{
	struct mnode *dir = any_dir(t), *old;
	char name[NAME_MAX_K + 1], path[4300];

	make_name(t, name);
	snprintf(path, sizeof(path), "%s/%s", path_of(t, dir), name);
	old = child(t, dir, name);
	if (!old && !make_room(t))
		return;
	if (outcome(t, names_mkdir(NULL, path, 0755), old ? -EEXIST : 0, "mkdir", path))
		add(t, dir, name, file_new(S_IFDIR | 0755 | (dir->file->mode & S_ISGID)));
}

static void op_symlink(struct model_tree *t)
{
	struct mnode *dir = any_dir(t), *old;
	char name[NAME_MAX_K + 1], path[4300];
	struct mfile *f;
	u32 len = 1 + sim_rnd(sim_rnd(2) ? 70 : 290);

	make_name(t, name);
	snprintf(path, sizeof(path), "%s/%s", path_of(t, dir), name);
	old = child(t, dir, name);
	if (!old && !make_room(t))
		return;
	f = file_new(S_IFLNK | 0777);
	for (u32 i = 0; i < len; i++)
		f->target[i] = (char)('a' + sim_rnd(26));
	f->size = len;
	if (outcome(t, names_symlink(f->target, NULL, path), old ? -EEXIST : 0, "symlink", path))
		add(t, dir, name, f);
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
	snprintf(path, sizeof(path), "%s/%s", path_of(t, dir), name);
	old = child(t, dir, name);
	if (!old && !make_room(t))
		return;
	if (!outcome(t, namei(NULL, path_of(t, to), NI_NOFOLLOW, &vp), 0, "namei", path_of(t, to)))
		return;
	if (outcome(t, names_link(vp, NULL, path),
		    old			      ? -EEXIST
		    : S_ISDIR(to->file->mode) ? -EPERM
					      : 0,
		    "link", path)) {
		add(t, dir, name, to->file);
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
	if (outcome(t, names_unlink(NULL, path_of(t, n)), dir ? -EISDIR : 0, "unlink", path_of(t, n)))
		drop(t, n);
}

static void op_rmdir(struct model_tree *t)
{
	struct mnode *n = any(t, sim_rnd(8) ? S_IFDIR : 0, false);
	int want;

	if (!n)
		return;
	want = !S_ISDIR(n->file->mode) ? -ENOTDIR : n->nchildren ? -ENOTEMPTY : 0;
	if (outcome(t, names_rmdir(NULL, path_of(t, n)), want, "rmdir", path_of(t, n)))
		drop(t, n);
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
	to = child(t, dir, name);
	snprintf(path, sizeof(path), "%s/%s", path_of(t, dir), name);
	strcpy(fpath, path_of(t, from));
	if (!outcome(t, names_rename(NULL, fpath, NULL, path, 0), rename_wants(from, dir, to), "rename", path))
		return;
	if (to && to->file == from->file)
		return; /* two names of one file */
	if (to)
		drop(t, to);
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
		outcome(t, (int)n, 0, "write", path);
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
		write_to(t, n->file, NULL, path_of(t, n));
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
	    outcome(t, env_truncate(path_of(t, n), size), 0, "truncate", path_of(t, n)))
		model_truncate(n->file, size);
}

static void compare_range(struct model_tree *t, const struct mfile *f, struct vnode *vp,
			  const char *path, u64 off, u32 len)
{
	ssize_t n = vp ? vn_pread(vp, t->buf, len, (off_t)off) : env_pread(path, t->buf, len, (off_t)off);
	size_t want;

	if (n < 0) {
		outcome(t, (int)n, 0, "read", path);
		return;
	}
	want = model_read(f, off, t->buf2, len);
	if (n < (ssize_t)want && t->lim.no_memory)
		want = (size_t)n; /* as far as memory went */
	sim_check(n == (ssize_t)want, "read %s at %llu: %zd bytes, expected %zu", path,
		  (unsigned long long)off, n, want);
	if (n == (ssize_t)want && memcmp(t->buf, t->buf2, want)) {
		size_t i = 0;

		while (t->buf[i] == t->buf2[i])
			i++;
		sim_check(false, "read %s at %llu (size %llu): byte %llu is %02x, expected %02x",
			  path, (unsigned long long)off, (unsigned long long)f->size,
			  (unsigned long long)off + i, t->buf[i], t->buf2[i]);
	}
}

static void op_read(struct model_tree *t)
{
	struct mnode *n = any(t, S_IFREG, false);

	if (n)
		compare_range(t, n->file, NULL, path_of(t, n), any_offset(t, n->file),
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
	if (!outcome(t, namei(NULL, path_of(t, n), NI_NOFOLLOW, &vp), 0, "namei", path_of(t, n)))
		return;
	if (outcome(t, vn_setattr(vp, &va), 0, "chmod", path_of(t, n)))
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
		compare_range(t, f, vp, "(open file)", any_offset(t, f), 1 + sim_rnd(t->lim.max_write));
		if (sim_rnd(3))
			return;
		t->open[i].vp = NULL;
		vn_rele(vp);
		if (f->nlink == 0 && !is_open(t, f))
			file_put(f);
	} else if (n && namei(NULL, path_of(t, n), 0, &vp) == 0) {
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
		outcome(t, env_fsync(path_of(t, n)), 0, "fsync", path_of(t, n));
}

/* --- Comparing --- */

struct seen {
	struct model_tree *t;
	struct mnode *dir;
	u32 n;
};

static void seen_entry(void *arg, const char *name, ino_t ino)
{
	struct seen *s = arg;

	s->n++;
	sim_check(child(s->t, s->dir, name) != NULL, "%s has an entry %s", path_of(s->t, s->dir), name);
}

static void compare_dir(struct model_tree *t, struct mnode *dir)
{
	struct seen s = { t, dir, 0 };

	if (!outcome(t, env_readdir(path_of(t, dir), seen_entry, &s), 0, "readdir", path_of(t, dir)))
		return;
	sim_check(s.n == dir->nchildren, "%s has %u entries, expected %u", path_of(t, dir), s.n, dir->nchildren);
}

static void compare_data(struct model_tree *t, const struct mfile *f, const char *path)
{
	for (u32 i = 0; i < f->npages; i++) {
		if (i == 0 || f->page[i].idx != f->page[i - 1].idx + 1)
			compare_range(t, f, NULL, path, (u64)f->page[i].idx * PAGE_SIZE,
				      MIN(t->lim.max_write, 65536u));
		else if (f->page[i].idx % 16 == 0)
			compare_range(t, f, NULL, path, (u64)f->page[i].idx * PAGE_SIZE,
				      MIN(t->lim.max_write, 65536u));
	}
	if (f->size > 0)
		compare_range(t, f, NULL, path, f->size - 1, 10);
}

static void compare_node(struct model_tree *t, struct mnode *n)
{
	const struct mfile *f = n->file;
	const char *path = path_of(t, n);
	struct vattr va;

	if (!outcome(t, env_stat(path, &va), 0, "stat", path))
		return;
	sim_check(va.va_mode == f->mode, "%s: mode %o, expected %o", path, va.va_mode, f->mode);
	sim_check(va.va_nlink == f->nlink, "%s: %u links, expected %u", path, (u32)va.va_nlink, f->nlink);
	if (S_ISDIR(f->mode)) {
		compare_dir(t, n);
		return;
	}
	sim_check(va.va_size == f->size, "%s: size %llu, expected %llu", path,
		  (unsigned long long)va.va_size, (unsigned long long)f->size);
	if (S_ISLNK(f->mode)) {
		char text[300];
		int len = env_readlink(path, text, sizeof(text));

		if (outcome(t, len < 0 ? len : 0, 0, "readlink", path))
			sim_check(len == (int)f->size && memcmp(text, f->target, f->size) == 0,
				  "%s leads elsewhere", path);
	} else if (S_ISREG(f->mode)) {
		compare_data(t, f, path);
	}
}

void tree_compare(struct model_tree *t)
{
	for (u32 i = 0; i < t->n; i++)
		compare_node(t, t->node[i]);
}

static void compare_host_file(struct model_tree *t, struct mnode *n, u32 number)
{
	const struct mfile *f = n->file;
	char name[32];
	size_t len = 0;
	u8 *data;

	snprintf(name, sizeof(name), "host.%u", number);
	data = env_read_file(name, &len);
	sim_check(data && len == f->size, "%s by debugfs: %zu bytes, expected %llu", path_of(t, n),
		  len, (unsigned long long)f->size);
	for (size_t off = 0; data && len == f->size && off < len; off += 65536) {
		size_t part = model_read(f, off, t->buf2, 65536);

		if (!sim_check(memcmp(data + off, t->buf2, part) == 0,
			       "%s by debugfs differs after %zu", path_of(t, n), off))
			break;
	}
	free(data);
}

#define HOST_FILES 40u
#define HOST_BYTES (4u << 20) /* debugfs writes holes out: no larger files */

void tree_compare_host(struct model_tree *t, const char *image)
{
	u32 nodes[HOST_FILES], n = 0;
	char name[128];
	FILE *script;

	snprintf(name, sizeof(name), "%s/script", env_dir);
	script = fopen(name, "w");
	if (!CHECK(script != NULL))
		return;
	for (u32 i = 1; i < t->n && n < HOST_FILES; i++) {
		const struct mfile *f = t->node[i]->file;

		if (!S_ISREG(f->mode) || f->size > HOST_BYTES)
			continue;
		fprintf(script, "dump %s host.%u\n", path_of(t, t->node[i]) + strlen("/mnt"), n);
		nodes[n++] = i;
	}
	fclose(script);
	env_host("debugfs -f script %s >/dev/null 2>&1", image);
	for (u32 i = 0; i < n; i++)
		compare_host_file(t, t->node[nodes[i]], i);
	env_host("rm -f host.*");
}

/* --- The whole --- */

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

struct model_tree *tree_new(const char *path, const struct tree_limits *lim)
{
	struct model_tree *t = calloc(1, sizeof(*t));

	strcpy(t->path, path);
	t->lim = *lim;
	t->node = malloc(sizeof(t->node[0]));
	t->node[0] = calloc(1, sizeof(*t->node[0]));
	t->node[0]->file = file_new(S_IFDIR | 0755);
	t->n = 1;
	t->buf = malloc(MAX(lim->max_write, 65536u));
	t->buf2 = malloc(MAX(lim->max_write, 65536u));
	return t;
}

void tree_close(struct model_tree *t)
{
	for (u32 i = 0; i < MAXOPEN; i++) {
		struct mfile *f = t->open[i].file;

		if (!t->open[i].vp)
			continue;
		vn_rele(t->open[i].vp);
		t->open[i].vp = NULL;
		if (f->nlink == 0 && !is_open(t, f))
			file_put(f);
	}
}

void tree_remove_all(struct model_tree *t)
{
	while (t->n > 1) {
		struct mnode *n = t->node[1 + sim_rnd(t->n - 1)];
		int error;

		if (n->nchildren)
			continue;
		error = S_ISDIR(n->file->mode) ? names_rmdir(NULL, path_of(t, n))
					       : names_unlink(NULL, path_of(t, n));
		if (!sim_check(error == 0, "remove %s: %d", path_of(t, n), error))
			return;
		drop(t, n);
	}
}

void tree_free(struct model_tree *t)
{
	while (t->n > 1)
		drop(t, t->node[t->n - 1]);
	file_put(t->node[0]->file);
	free(t->node[0]);
	free(t->node);
	free(t->buf);
	free(t->buf2);
	free(t);
}
