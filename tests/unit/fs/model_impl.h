/* SPDX-License-Identifier: MIT */
/* What the parts of the model know of each other; model.h is for its users. */
#ifndef TESTS_FS_MODEL_IMPL_H
#define TESTS_FS_MODEL_IMPL_H

#include "env.h"
#include "fs/namei.h"
#include "model.h"

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

/* What a file holds. */
void model_write(struct mfile *f, u64 off, const u8 *buf, size_t len);
size_t model_read(const struct mfile *f, u64 off, u8 *buf, size_t len);
void model_truncate(struct mfile *f, u64 size);

/* The path of a node; eight of them stay valid at a time. */
const char *model_path(struct model_tree *t, const struct mnode *n);

/* The node of that name in a directory, or NULL. */
struct mnode *model_child(struct model_tree *t, struct mnode *dir, const char *name);

/* Files and nodes. A file is freed with its last name, unless it is open. */
struct mfile *model_file_new(mode_t mode);
void model_file_put(struct mfile *f);
void model_add(struct model_tree *t, struct mnode *dir, const char *name, struct mfile *f);
void model_drop(struct model_tree *t, struct mnode *n);
bool model_is_open(struct model_tree *t, const struct mfile *f);

/* Is `error` what was to be expected, or a shortage that this test brings about? True: the operation was done. */
bool model_outcome(struct model_tree *t, int error, int want, const char *what, const char *path);

/* Compares a part of a file: of vp, or if that is NULL of `path`. */
void model_compare_range(struct model_tree *t, const struct mfile *f, struct vnode *vp,
			 const char *path, u64 off, u32 len);

#endif
