/* SPDX-License-Identifier: MIT */
/*
 * A tree of files as it should be, kept in memory, and random operations that are done to it and to the file system alike.
 *
 * Each tree has one lwp, which works below its own directory, so that it always knows what must come out; several trees share a
 * file system.
 */
#ifndef TESTS_FS_MODEL_H
#define TESTS_FS_MODEL_H

#include "kernel/lib/types.h"

struct model_tree;

struct tree_limits {
	u32 max_nodes;
	u32 max_write;	/* bytes of one write */
	u64 max_size;	/* of a file, holes and all */
	bool full_disk; /* -ENOSPC is to be expected */
	bool no_memory; /* -ENOMEM too */
	bool big_dirs;	/* one directory gets most names */
};

/* An empty tree at `path`, which exists. */
struct model_tree *tree_new(const char *path, const struct tree_limits *lim);
void tree_free(struct model_tree *t);
/* One random operation. In an lwp. */
void tree_step(struct model_tree *t);
/* Is the file system below the path as the model says? */
void tree_compare(struct model_tree *t);
/* The same of some of its files, as debugfs finds them in an image in the scratch directory. */
void tree_compare_host(struct model_tree *t, const char *image);
/* Gives up the unlinked files that are still open. */
void tree_close(struct model_tree *t);
/* Removes everything. */
void tree_remove_all(struct model_tree *t);

#endif
