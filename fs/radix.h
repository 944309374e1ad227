/* SPDX-License-Identifier: MIT */
/*
 * Radix tree: 32-bit index to pointer, 64 slots per node. Each entry has two
 * tags that searches can follow (for pages: dirty, being written). It does not
 * depend on pages.
 *
 *   r_root -> node (n_shift 6) -> node (n_shift 0) -> item
 *             bits 11..6 of idx    bits 5..0
 *
 * A tag bit of an inner slot means that an entry below has the tag. The tree is
 * as high as its largest index needs.
 * Locks: the owner's (page cache: v_pclock).
 * Sleeps: nothing here; radix_insert() takes nodes from `spare`, or allocates
 *   without waiting.
 */
#ifndef FS_RADIX_H
#define FS_RADIX_H

#include "kernel/lib/types.h"

#define RADIX_BITS 6u
#define RADIX_SLOTS (1u << RADIX_BITS)
#define RADIX_MAXHEIGHT 6u /* ceil(32 / 6) */
#define RADIX_NTAG 2u
#define RADIX_ANY RADIX_NTAG /* as a tag in searches: all entries */

struct radix_node;

struct radix {
	struct radix_node *r_root;
	u32 r_count; /* entries */
};

/*
 * Nodes allocated in advance, so that an insertion under a spinlock cannot
 * fail.
 */
struct radix_spare {
	u32 sp_n;
	struct radix_node *sp_node[RADIX_MAXHEIGHT];
};

void radix_module_init(void);
static inline void radix_init(struct radix *r)
{
	r->r_root = NULL;
	r->r_count = 0;
}

/* Fills spare for one insertion. -ENOMEM. Sleeps. */
int radix_spare_fill(struct radix_spare *sp);
void radix_spare_drop(struct radix_spare *sp);

void *radix_lookup(const struct radix *r, u32 idx);
/*
 * Inserts an entry without tags. spare may be NULL.
 * Errors: -EEXIST, -ENOMEM
 */
int radix_insert(struct radix *r, u32 idx, void *item, struct radix_spare *spare);
/* Removes the entry and returns it; NULL: none. Frees empty nodes. */
void *radix_delete(struct radix *r, u32 idx);

/* Sets, clears, tests a tag of an existing entry. */
void radix_tag(struct radix *r, u32 idx, u32 tag);
void radix_untag(struct radix *r, u32 idx, u32 tag);
bool radix_tagged(const struct radix *r, u32 idx, u32 tag);

/*
 * The first entry with the tag (RADIX_ANY: any) at an index in [from, to),
 * which *idx receives; NULL: none.
 */
void *radix_next(const struct radix *r, u32 from, u32 to, u32 tag, u32 *idx);

#endif
