/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of the address-space layer: making, cutting and freeing
 * segs.
 */
#ifndef MM_AS_IMPL_H
#define MM_AS_IMPL_H

#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "mm/as.h"
#include "mm/page.h"

#define STACK_GUARD (1u << 20) /* kept free below a stack */

extern const struct vnode_mm_ops *vm_ops;

static inline u32 seg_end(const struct seg *s)
{
	return s->s_base + s->s_size;
}

/* The index in s_vp of the page at va. */
static inline u32 seg_index(const struct seg *s, u32 va)
{
	return (u32)((s->s_off + (va - s->s_base)) >> PAGE_SHIFT);
}

static inline bool seg_private(const struct seg *s)
{
	return !(s->s_flags & SEG_SHARED);
}

/*
 * Does prot allow the access? To the MMU, reading and executing are the same,
 * and writing implies reading.
 */
static inline bool prot_allows(u32 prot, enum fault_access acc)
{
	return acc == FAULT_WRITE ? (prot & 2u) != 0 : (prot & 7u) != 0;
}

/*
 * Marks pg PG_TEXT if it may be executed in s. The stack is left out: programs
 * hardly ever execute it, and its frames begin as zeros.
 */
static inline void seg_text(const struct seg *s, struct page *pg)
{
	if ((s->s_prot & PROT_EXEC) && !(s->s_flags & SEG_STACK) && !(pg->pg_flags & PG_TEXT))
		__atomic_or_fetch(&pg->pg_flags, PG_TEXT, __ATOMIC_RELAXED);
}

/*
 * Makes a seg on no list, with its own reference on vp; range and offset as
 * given.
 * Returns: NULL: out of memory.
 * Sleeps: yes.
 */
struct seg *seg_create(struct as *as, u32 base, u32 size, u32 prot, u32 maxprot, u32 flags,
		       struct vnode *vp, u64 off);
/*
 * For assertions: is the as new, so that no CPU has it and no other lwp can
 * find it?
 */
static inline bool as_is_new(const struct as *as)
{
	return as->a_ref == 1 && as->a_hat.h_cpus == 0;
}
/*
 * seg_link(): puts s into the lists of its as and its vnode. seg_unlink():
 * takes it out.
 * Locks: a_lock for writing, or the as is new: no other lwp can find it.
 */
void seg_link(struct seg *s);
void seg_unlink(struct seg *s);
/* Only the vnode's tree: puts s in, or takes it out. */
void seg_vlink(struct seg *s, bool in);
/*
 * Frees the segs that seg_unlink() put on a list by s_link.
 * Locks: a_lock not held.
 * Sleeps: yes.
 */
void seg_free_list(struct list *dead);

void seg_vnode_init(void);

/* --- Where segs and free room are (as_find.c). a_lock for writing. --- */
extern const struct tree_ops as_tree_ops;
/*
 * as_enter_seg(): puts s into the list and the tree of as, where its range is
 * free. as_leave_seg(): takes it out.
 */
void as_enter_seg(struct as *as, struct seg *s);
void as_leave_seg(struct as *as, struct seg *s);
/*
 * Updates the tree after a change of the range of s; its neighbours stay the
 * same.
 */
void as_seg_moved(struct as *as, struct seg *s);
/* The neighbours of s by address; NULL: none. a_lock held, or the as is new. */
struct seg *as_prev(const struct as *as, const struct seg *s);
struct seg *as_next(const struct as *as, const struct seg *s);

/* Is [start, end) free of segs and of stack guards? a_lock held. */
bool as_range_free(struct as *as, u32 start, u32 end);
/* Is every page of [start, end) in a seg? a_lock held. */
bool as_range_mapped(struct as *as, u32 start, u32 end);
/* Bytes of segs inside [start, end). a_lock held. */
u32 as_range_size(struct as *as, u32 start, u32 end);
/*
 * Finds room for len bytes, the highest below a_mmap_top (for the exception see
 * place_in()).
 * Returns: its start; 0: no room.
 * Locks: a_lock.
 */
u32 as_find_gap(struct as *as, u32 len);
static inline bool within(u32 used, u32 more, u32 limit)
{
	return more <= limit && used <= limit - more;
}

/* Is it memory that RLIMIT_DATA counts? */
static inline bool seg_is_data(u32 prot, u32 flags)
{
	return (prot & PROT_WRITE) && !(flags & (SEG_SHARED | SEG_STACK));
}

/*
 * May `more` bytes of such memory be added under RLIMIT_AS and RLIMIT_DATA?
 * a_lock held.
 */
static inline bool as_limit_ok(const struct as *as, u32 more, u32 prot, u32 flags)
{
	ASSERT(rw_any_held(&as->a_lock));
	return within(as->a_size, more, as->a_as_limit) &&
	       (!seg_is_data(prot, flags) || within(as->a_data, more, as->a_data_limit));
}

/*
 * Is it more private memory than the machine has? Then it could never all be
 * written.
 */
static inline bool as_too_much(u32 len)
{
	struct page_stats st;

	page_stats(&st);
	return len >> PAGE_SHIFT > st.ps_total;
}

/*
 * Adds (sign 1) or subtracts (sign -1) `bytes` of memory like s. a_lock for
 * writing.
 */
static inline void as_account(struct as *as, const struct seg *s, u32 bytes, int sign)
{
	u32 n = sign < 0 ? -bytes : bytes;

	as->a_size += n;
	if (seg_is_data(s->s_prot, s->s_flags))
		as->a_data += n;
	if (s->s_flags & SEG_LOCKED)
		as->a_locked += n;
}

/*
 * If addr lies inside a seg, splits the seg there, even beyond SEG_MAX.
 * Errors: -ENOMEM
 * Locks: a_lock for writing.
 */
int as_split(struct as *as, u32 addr);
/* What a system call changes in the segs of a range. */
struct seg_change {
	bool sc_setprot;
	u32 sc_prot;
	u32 sc_set, sc_clear; /* flags */
};
/*
 * Splits segs at both ends of [start, end), or at neither, for the change c.
 * Errors: -ENOMEM, also if more than SEG_MAX segs would exist after the change
 * Locks: a_lock for writing.
 */
int as_split_for(struct as *as, u32 start, u32 end, const struct seg_change *c);
/*
 * Sets and clears flags of the segs in a range, passing over holes.
 * Errors: -ENOMEM
 * Locks: a_lock for writing.
 */
int as_change_flags(struct as *as, u32 start, u32 end, u32 set, u32 clear);
/*
 * The end of the mapped range that begins at start, at most `end`. a_lock held.
 */
u32 as_mapped_reach(struct as *as, u32 start, u32 end);
/*
 * Unmaps [start, end). Each end is a border of a seg (as_split) or outside all
 * segs. The segs move to `dead`. Cannot fail.
 * Locks: a_lock for writing.
 */
void as_clear(struct as *as, u32 start, u32 end, struct list *dead);

/* Page-aligned, not empty, inside user space? */
static inline bool range_ok(u32 addr, u32 len)
{
	return len && !((addr | len) & PAGE_MASK) && addr < USER_MAX && len <= USER_MAX - addr;
}

#endif
