/* SPDX-License-Identifier: MIT */
/* Radix tree from 32-bit index to pointer; see fs/radix.h for the picture. */
#include "fs/radix.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"

struct radix_node {
	u8 n_shift; /* of the index bits that choose the slot */
	u8 n_count; /* slots in use */
	u8 n_pslot; /* our slot in n_parent */
	struct radix_node *n_parent;
	u64 n_tags[RADIX_NTAG];
	void *n_slot[RADIX_SLOTS]; /* nodes, or items where n_shift is 0 */
};

static struct kmem_cache *node_cache;

void radix_module_init(void)
{
	if (!node_cache)
		node_cache = kmem_cache_create("radix_node", sizeof(struct radix_node), 0);
}

int radix_spare_fill(struct radix_spare *sp)
{
	while (sp->sp_n < RADIX_MAXHEIGHT) {
		struct radix_node *n = kmem_alloc(node_cache, 0);

		if (!n) {
			radix_spare_drop(sp);
			return -ENOMEM;
		}
		sp->sp_node[sp->sp_n++] = n;
	}
	return 0;
}

void radix_spare_drop(struct radix_spare *sp)
{
	while (sp->sp_n > 0)
		kmem_free(node_cache, sp->sp_node[--sp->sp_n]);
}

static struct radix_node *node_new(struct radix_spare *sp, u32 shift)
{
	struct radix_node *n;

	if (sp && sp->sp_n > 0)
		n = sp->sp_node[--sp->sp_n];
	else
		n = kmem_alloc(node_cache, KM_NOWAIT);
	if (!n)
		return NULL;
	*n = (struct radix_node){ .n_shift = (u8)shift };
	return n;
}

static inline u32 slot_of(const struct radix_node *n, u32 idx)
{
	return (idx >> n->n_shift) & (RADIX_SLOTS - 1);
}

/* Does idx lie under a tree whose root is n? */
static inline bool covers(const struct radix_node *n, u32 idx)
{
	return ((u64)idx >> n->n_shift) < RADIX_SLOTS;
}

static struct radix_node *leaf_of(const struct radix *r, u32 idx)
{
	struct radix_node *n = r->r_root;

	if (!n || !covers(n, idx))
		return NULL;
	while (n && n->n_shift > 0)
		n = n->n_slot[slot_of(n, idx)];
	return n;
}

void *radix_lookup(const struct radix *r, u32 idx)
{
	struct radix_node *n = leaf_of(r, idx);

	return n ? n->n_slot[idx & (RADIX_SLOTS - 1)] : NULL;
}

/* Puts a new root above the old one. */
static int grow(struct radix *r, struct radix_spare *sp)
{
	struct radix_node *old = r->r_root;
	struct radix_node *n = node_new(sp, old->n_shift + RADIX_BITS);

	if (!n)
		return -ENOMEM;
	n->n_slot[0] = old;
	n->n_count = 1;
	for (u32 t = 0; t < RADIX_NTAG; t++)
		n->n_tags[t] = old->n_tags[t] != 0;
	old->n_parent = n;
	old->n_pslot = 0;
	r->r_root = n;
	return 0;
}

/* Frees n and its ancestors as far as they are empty. */
static void prune(struct radix *r, struct radix_node *n)
{
	while (n && n->n_count == 0) {
		struct radix_node *parent = n->n_parent;

		if (parent) {
			parent->n_slot[n->n_pslot] = NULL;
			parent->n_count--;
		} else {
			r->r_root = NULL;
		}
		kmem_free(node_cache, n);
		n = parent;
	}
}

int radix_insert(struct radix *r, u32 idx, void *item, struct radix_spare *sp)
{
	struct radix_node *n;

	if (!r->r_root) {
		u32 shift = 0;

		while (((u64)idx >> shift) >= RADIX_SLOTS)
			shift += RADIX_BITS;
		r->r_root = node_new(sp, shift);
		if (!r->r_root)
			return -ENOMEM;
	}
	while (!covers(r->r_root, idx)) {
		if (grow(r, sp) < 0)
			return -ENOMEM;
	}
	n = r->r_root;
	while (n->n_shift > 0) {
		u32 s = slot_of(n, idx);

		if (!n->n_slot[s]) {
			struct radix_node *child = node_new(sp, n->n_shift - RADIX_BITS);

			if (!child) {
				prune(r, n);
				return -ENOMEM;
			}
			child->n_parent = n;
			child->n_pslot = (u8)s;
			n->n_slot[s] = child;
			n->n_count++;
		}
		n = n->n_slot[s];
	}
	if (n->n_slot[idx & (RADIX_SLOTS - 1)])
		return -EEXIST;
	n->n_slot[idx & (RADIX_SLOTS - 1)] = item;
	n->n_count++;
	r->r_count++;
	return 0;
}

void radix_tag(struct radix *r, u32 idx, u32 tag)
{
	struct radix_node *n = leaf_of(r, idx);

	for (u32 s = idx & (RADIX_SLOTS - 1); n; s = n->n_pslot, n = n->n_parent) {
		if (n->n_tags[tag] & (1ull << s))
			return;
		n->n_tags[tag] |= 1ull << s;
	}
}

static void untag_node(struct radix_node *n, u32 s, u32 tag)
{
	while (n) {
		n->n_tags[tag] &= ~(1ull << s);
		if (n->n_tags[tag])
			return;
		s = n->n_pslot;
		n = n->n_parent;
	}
}

void radix_untag(struct radix *r, u32 idx, u32 tag)
{
	untag_node(leaf_of(r, idx), idx & (RADIX_SLOTS - 1), tag);
}

bool radix_tagged(const struct radix *r, u32 idx, u32 tag)
{
	struct radix_node *n = leaf_of(r, idx);

	return n && (n->n_tags[tag] & (1ull << (idx & (RADIX_SLOTS - 1))));
}

void *radix_delete(struct radix *r, u32 idx)
{
	struct radix_node *n = leaf_of(r, idx);
	u32 s = idx & (RADIX_SLOTS - 1);
	void *item = n ? n->n_slot[s] : NULL;

	if (!item)
		return NULL;
	for (u32 t = 0; t < RADIX_NTAG; t++)
		untag_node(n, s, t);
	n->n_slot[s] = NULL;
	n->n_count--;
	r->r_count--;
	prune(r, n);
	return item;
}

/* The first slot >= s of n that has the tag; RADIX_SLOTS: none. */
static u32 next_slot(const struct radix_node *n, u32 s, u32 tag)
{
	if (tag == RADIX_ANY) {
		while (s < RADIX_SLOTS && !n->n_slot[s])
			s++;
		return s;
	}
	if (s >= RADIX_SLOTS || !(n->n_tags[tag] >> s))
		return RADIX_SLOTS;
	return s + (u32)__builtin_ctzll(n->n_tags[tag] >> s);
}

void *radix_next(const struct radix *r, u32 from, u32 to, u32 tag, u32 *idx)
{
	struct radix_node *n = r->r_root;
	u64 at = from;

	if (!n || from >= to || !covers(n, from))
		return NULL;
	for (;;) {
		u32 s = next_slot(n, slot_of(n, (u32)at), tag);
		u64 span = 1ull << n->n_shift;

		if (s == RADIX_SLOTS) {
			/*
			 * No more entries below n: go on behind it, from its
			 * parent.
			 */
			at = (at | (span * RADIX_SLOTS - 1)) + 1;
			do {
				n = n->n_parent;
			} while (n && slot_of(n, (u32)at) == 0);
			if (!n || at >= to)
				return NULL;
			continue;
		}
		if (s != slot_of(n, (u32)at))
			at = (at & ~(span * RADIX_SLOTS - 1)) | (s * span);
		if (at >= to)
			return NULL;
		if (n->n_shift == 0) {
			*idx = (u32)at;
			return n->n_slot[s];
		}
		n = n->n_slot[s];
	}
}
