/* SPDX-License-Identifier: MIT */
/* A model of a tree of few names: what each call must answer, and what the tree must look like. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/errno.h"
#include "kernel/lib/types.h"
#include "sim.h"

#define NNAMES 4 /* a .. d */
#define DEPTH 3

struct mnode {
	bool dir;
	u32 nlink;
	struct mnode *child[NNAMES], *parent;
};

static struct mnode *top;

static struct mnode *new_node(bool dir, struct mnode *parent)
{
	struct mnode *n = calloc(1, sizeof(*n));

	n->dir = dir;
	n->parent = parent;
	return n;
}

static void drop(struct mnode *n)
{
	if (n->dir || --n->nlink == 0)
		free(n);
}

static bool empty(const struct mnode *n)
{
	for (u32 i = 0; i < NNAMES; i++) {
		if (n->child[i])
			return false;
	}
	return true;
}

static void free_tree(struct mnode *n)
{
	for (u32 i = 0; i < NNAMES; i++) {
		if (n->child[i] && n->child[i]->dir)
			free_tree(n->child[i]);
		else if (n->child[i])
			drop(n->child[i]);
	}
	free(n);
}

/* A path: one to DEPTH names. */
struct path {
	u32 n;
	u8 name[DEPTH];
	char text[DEPTH * 2 + 2];
};

static struct path random_path(void)
{
	struct path p = { .n = 1 + sim_rnd(DEPTH) };

	for (u32 i = 0; i < p.n; i++) {
		p.name[i] = (u8)sim_rnd(NNAMES);
		sprintf(p.text + strlen(p.text), "/%c", 'a' + p.name[i]);
	}
	return p;
}

/* The directory of p's last name, as the walk finds it. */
static int find_parent(const struct path *p, struct mnode **dir)
{
	struct mnode *n = top;

	for (u32 i = 0; i + 1 < p->n; i++) {
		n = n->child[p->name[i]];
		if (!n)
			return -ENOENT;
		if (!n->dir)
			return -ENOTDIR;
	}
	*dir = n;
	return 0;
}

static struct mnode **slot(struct mnode *dir, const struct path *p)
{
	return &dir->child[p->name[p->n - 1]];
}

static int model_make(const struct path *p, bool dir)
{
	struct mnode *d;
	int error = find_parent(p, &d);

	if (error)
		return error;
	if (*slot(d, p))
		return -EEXIST;
	*slot(d, p) = new_node(dir, d);
	(*slot(d, p))->nlink = 1;
	return 0;
}

static int model_remove(const struct path *p, bool dir)
{
	struct mnode *d, *n;
	int error = find_parent(p, &d);

	if (error)
		return error;
	n = *slot(d, p);
	if (!n)
		return -ENOENT;
	if (n->dir != dir)
		return dir ? -ENOTDIR : -EISDIR;
	if (dir && !empty(n))
		return -ENOTEMPTY;
	*slot(d, p) = NULL;
	drop(n);
	return 0;
}

static int model_link(const struct path *from, const struct path *to)
{
	struct mnode *fd, *td, *n;
	int error = find_parent(from, &fd);

	if (error)
		return error;
	n = *slot(fd, from);
	if (!n)
		return -ENOENT;
	error = find_parent(to, &td);
	if (error)
		return error;
	if (*slot(td, to))
		return -EEXIST;
	if (n->dir)
		return -EPERM;
	*slot(td, to) = n;
	n->nlink++;
	return 0;
}

static bool is_above(const struct mnode *n, const struct mnode *below)
{
	for (; below; below = below->parent) {
		if (below == n)
			return true;
	}
	return false;
}

static int model_rename(const struct path *from, const struct path *to, bool noreplace)
{
	struct mnode *fd, *td, *f, *t;
	int error = find_parent(from, &fd);

	if (!error)
		error = find_parent(to, &td);
	if (error)
		return error;
	f = *slot(fd, from);
	t = *slot(td, to);
	if (!f)
		return -ENOENT;
	if (t && noreplace)
		return -EEXIST;
	if (f->dir && fd != td && is_above(f, td))
		return -EINVAL;
	if (t && t->dir && fd != td && is_above(t, fd))
		return -ENOTEMPTY;
	if (t && f->dir != t->dir)
		return f->dir ? -ENOTDIR : -EISDIR;
	if (t == f)
		return 0;
	if (t && t->dir && !empty(t))
		return -ENOTEMPTY;
	*slot(fd, from) = NULL;
	*slot(td, to) = f;
	if (f->dir)
		f->parent = td;
	if (t)
		drop(t);
	return 0;
}
