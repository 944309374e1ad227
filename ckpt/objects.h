/* SPDX-License-Identifier: MIT */
/*
 * The objects that the members of a save refer to. Each stands once in the list
 * of its class, and counts the references to it that the save has met so far.
 *
 * The closure rule: an object is saved only if no process outside of the image
 * refers to it. A reference that was not met may also be that of a process that
 * reads the object through /proc just now. So for such objects ckpt_outsider()
 * searches the processes outside of the image.
 *
 * Only the save itself uses the table: no lock.
 */
#ifndef CKPT_OBJECTS_H
#define CKPT_OBJECTS_H

#include "kernel/lib/types.h"

struct ckpt_save;

enum ckpt_class {
	CO_AS,	  /* struct as; ob_index: the member that has it first */
	CO_FDTAB, /* struct fdtab; the same */
	CO_FILE,  /* struct file, by place in i_file; a reference */
	CO_PIPE,  /* struct vnode, by place in i_pipe */
	CO_PTY,	  /* struct tty; ob_index: in i_tty; IMG_NONE: none yet */
	/*
	 * struct vnode, by place in i_data, a reference; NULL: a pipe's bytes
	 */
	CO_DATA,
	/* struct vnode, by v_ino - 1: unlinked, not a regular file */
	CO_REMOVED,
	CO_NCLASS,
};

struct ckpt_object {
	const void *ob_ptr;
	u32 ob_index;
	u32 ob_met;  /* references that the save has met */
	u32 ob_next; /* chain of its hash: 1 + place; 0: the last */
	/*
	 * The object was refused, in a search for obstacles: one line is
	 * enough.
	 */
	bool ob_refused;
};

#define OBJECT_BUCKETS 64u

struct ckpt_objects {
	struct ckpt_object *os_list;
	u32 os_n;
	u32 os_bucket[OBJECT_BUCKETS];
};

/* Returns: NULL: the object was not met. */
struct ckpt_object *ckpt_object(struct ckpt_save *cs, enum ckpt_class class, const void *ptr);
/*
 * Enters an object that was not met, with its place in the list as ob_index.
 * Returns: NULL: no memory.
 */
struct ckpt_object *ckpt_object_add(struct ckpt_save *cs, enum ckpt_class class, const void *ptr);
/* How many objects of a class there are, and the one at a place. */
u32 ckpt_nobjects(const struct ckpt_save *cs, enum ckpt_class class);
struct ckpt_object *ckpt_object_at(const struct ckpt_save *cs, enum ckpt_class class, u32 place);

/*
 * The closure rule: do members hold all `refs` references to the object? In
 * place they need not: objects that are shared with other processes still
 * exist.
 */
bool ckpt_closed(const struct ckpt_save *cs, const struct ckpt_object *ob, u32 refs);
/*
 * Finds a process outside of the image that refers to an object of class CO_AS,
 * CO_FDTAB or CO_FILE.
 * Returns: its pid; 0: there is none. Locks: takes pidlock, p_lock.
 */
pid_t ckpt_outsider(struct ckpt_save *cs, enum ckpt_class class, const void *ptr);

/* Drops the references that the table holds; then frees the table. */
void ckpt_objects_drop(struct ckpt_save *cs);
void ckpt_objects_free(struct ckpt_save *cs);

#endif
