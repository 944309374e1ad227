/* SPDX-License-Identifier: MIT */
/* A tree of files as it should be; see model.h. What files hold, and the nodes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/names.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"
#include "model_impl.h"

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

void model_write(struct mfile *f, u64 off, const u8 *buf, size_t len)
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

size_t model_read(const struct mfile *f, u64 off, u8 *buf, size_t len)
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

void model_truncate(struct mfile *f, u64 size)
{
	u32 keep = find_page(f, (u32)((size + PAGE_SIZE - 1) / PAGE_SIZE));

	while (f->npages > keep)
		free(f->page[--f->npages].data);
	if (size % PAGE_SIZE && f->npages > 0 && f->page[f->npages - 1].idx == size / PAGE_SIZE)
		memset(f->page[f->npages - 1].data + size % PAGE_SIZE, 0, PAGE_SIZE - size % PAGE_SIZE);
	f->size = size;
}

void model_file_put(struct mfile *f)
{
	model_truncate(f, 0);
	free(f->page);
	free(f);
}

/* --- The tree --- */

const char *model_path(struct model_tree *t, const struct mnode *n)
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

struct mnode *model_child(struct model_tree *t, struct mnode *dir, const char *name)
{
	for (u32 i = 1; i < t->n; i++) {
		if (t->node[i]->parent == dir && strcmp(t->node[i]->name, name) == 0)
			return t->node[i];
	}
	return NULL;
}

struct mfile *model_file_new(mode_t mode)
{
	struct mfile *f = calloc(1, sizeof(*f));

	f->mode = mode;
	f->nlink = S_ISDIR(mode) ? 2 : 1;
	return f;
}

void model_add(struct model_tree *t, struct mnode *dir, const char *name, struct mfile *f)
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
bool model_is_open(struct model_tree *t, const struct mfile *f)
{
	for (u32 i = 0; i < MAXOPEN; i++) {
		if (t->open[i].vp && t->open[i].file == f)
			return true;
	}
	return false;
}

void model_drop(struct model_tree *t, struct mnode *n)
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
	if (f->nlink == 0 && !model_is_open(t, f))
		model_file_put(f);
	free(n);
}

/* Is `error` what was to be expected, or a shortage that this test brings about? True: the operation was done. */
bool model_outcome(struct model_tree *t, int error, int want, const char *what, const char *path)
{
	if ((error == -ENOSPC && t->lim.full_disk) || (error == -ENOMEM && t->lim.no_memory))
		return false;
	sim_check(error == want, "%s %s: %d, expected %d", what, path, error, want);
	return error == 0;
}

/* --- The whole --- */

struct model_tree *tree_new(const char *path, const struct tree_limits *lim)
{
	struct model_tree *t = calloc(1, sizeof(*t));

	strcpy(t->path, path);
	t->lim = *lim;
	t->node = malloc(sizeof(t->node[0]));
	t->node[0] = calloc(1, sizeof(*t->node[0]));
	t->node[0]->file = model_file_new(S_IFDIR | 0755);
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
		if (f->nlink == 0 && !model_is_open(t, f))
			model_file_put(f);
	}
}

void tree_remove_all(struct model_tree *t)
{
	while (t->n > 1) {
		struct mnode *n = t->node[1 + sim_rnd(t->n - 1)];
		int error;

		if (n->nchildren)
			continue;
		error = S_ISDIR(n->file->mode) ? names_rmdir(NULL, model_path(t, n))
					       : names_unlink(NULL, model_path(t, n));
		if (!sim_check(error == 0, "remove %s: %d", model_path(t, n), error))
			return;
		model_drop(t, n);
	}
}

void tree_free(struct model_tree *t)
{
	while (t->n > 1)
		model_drop(t, t->node[t->n - 1]);
	model_file_put(t->node[0]->file);
	free(t->node[0]);
	free(t->node);
	free(t->buf);
	free(t->buf2);
	free(t);
}
