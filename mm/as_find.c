/* SPDX-License-Identifier: MIT */
/*
 * Finding segs and free room. The tree orders segs by address. Each seg knows
 * the free room right below it, and the largest such room in its subtree, so
 * that one way down finds the highest room of a given size:
 *
 *         |    room of b    [ b ]   room of c   [ c ]
 *   ------'----------------------'-----------------------> address
 */
#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "mm/as_impl.h"

static struct seg *seg_at(const struct tree_node *n)
{
	return tree_entry(n, struct seg, s_node);
}

struct seg *as_prev(const struct as *as, const struct seg *s)
{
	ASSERT(rw_any_held(&as->a_lock) || as_is_new(as));
	return s->s_link.prev == &as->a_segs ? NULL : list_entry(s->s_link.prev, struct seg, s_link);
}

struct seg *as_next(const struct as *as, const struct seg *s)
{
	ASSERT(rw_any_held(&as->a_lock) || as_is_new(as));
	return s->s_link.next == &as->a_segs ? NULL : list_entry(s->s_link.next, struct seg, s_link);
}

/* Where free room above must end: a stack keeps its guard. */
static u32 guarded_base(const struct seg *s)
{
	if (!(s->s_flags & SEG_STACK))
		return s->s_base;
	return s->s_base > STACK_GUARD ? s->s_base - STACK_GUARD : 0;
}

/* Where the room below s begins. */
static u32 room_start(const struct seg *s)
{
	const struct seg *below = as_prev(s->s_as, s);

	return below ? MAX(seg_end(below), USER_MIN) : USER_MIN;
}

/* --- the tree --- */

static bool is_lower(const struct tree_node *a, const struct tree_node *b)
{
	return seg_at(a)->s_base < seg_at(b)->s_base;
}

static u32 maxgap(const struct tree_node *n)
{
	return n ? seg_at(n)->s_maxgap : 0;
}

static void update_gap(struct tree_node *n)
{
	struct seg *s = seg_at(n);
	u32 start = room_start(s), end = guarded_base(s);

	s->s_gap = end > start ? end - start : 0;
	s->s_maxgap = MAX(s->s_gap, MAX(maxgap(n->t_left), maxgap(n->t_right)));
}

const struct tree_ops as_tree_ops = { is_lower, update_gap };

static bool ends_above(const struct tree_node *n, const void *addr)
{
	return seg_end(seg_at(n)) > *(const u32 *)addr;
}

struct seg *as_findseg_ge(struct as *as, u32 addr)
{
	struct seg *s = as->a_hint;

	if (s && addr - s->s_base < s->s_size)
		return s;
	s = seg_at(tree_seek(&as->a_tree, ends_above, &addr));
	if (s)
		as->a_hint = s;
	return s;
}

struct seg *as_findseg(struct as *as, u32 addr)
{
	struct seg *s = as_findseg_ge(as, addr);

	ASSERT(rw_any_held(&as->a_lock));
	return s && s->s_base <= addr ? s : NULL;
}

/* Updates the tree after a change of the room above s. */
static void room_changed(struct as *as, struct seg *next)
{
	if (next)
		tree_changed(&as->a_tree, &next->s_node);
}

void as_enter_seg(struct as *as, struct seg *s)
{
	struct seg *next = as_findseg_ge(as, s->s_base);

	ASSERT(!next || seg_end(s) <= next->s_base);
	list_push_back(next ? &next->s_link : &as->a_segs, &s->s_link);
	tree_insert(&as->a_tree, &s->s_node);
	room_changed(as, next);
	as->a_nseg++;
}

void as_leave_seg(struct as *as, struct seg *s)
{
	struct seg *next = as_next(as, s);

	list_remove(&s->s_link);
	tree_remove(&as->a_tree, &s->s_node);
	room_changed(as, next);
	as->a_nseg--;
}

void as_seg_moved(struct as *as, struct seg *s)
{
	tree_changed(&as->a_tree, &s->s_node);
	room_changed(as, as_next(as, s));
}

/* --- ranges --- */

bool as_range_free(struct as *as, u32 start, u32 end)
{
	struct seg *s = as_findseg_ge(as, start);

	ASSERT(rw_any_held(&as->a_lock));
	return !s || guarded_base(s) >= end;
}

u32 as_mapped_reach(struct as *as, u32 start, u32 end)
{
	struct seg *s = as_findseg(as, start);

	ASSERT(rw_any_held(&as->a_lock));
	for (; s && s->s_base <= start && start < end; s = as_next(as, s))
		start = MIN(seg_end(s), end);
	return start;
}

bool as_range_mapped(struct as *as, u32 start, u32 end)
{
	ASSERT(rw_any_held(&as->a_lock));
	return as_mapped_reach(as, start, end) == end;
}

bool as_any_mapped(struct as *as, u32 addr, u32 len)
{
	bool any;

	rw_read_lock(&as->a_lock);
	any = as_range_size(as, addr, addr + len) != 0;
	rw_read_unlock(&as->a_lock);
	return any;
}

u32 as_range_size(struct as *as, u32 start, u32 end)
{
	struct seg *s = as_findseg_ge(as, start);
	u32 n = 0;

	ASSERT(rw_any_held(&as->a_lock));
	for (; s && s->s_base < end; s = as_next(as, s))
		n += MIN(end, seg_end(s)) - MAX(start, s->s_base);
	return n;
}

/* --- room --- */

/* Where mmap starts downward: below the stack at its largest. */
static u32 mmap_top(const struct as *as)
{
	u32 stack = MIN(as->a_stack_limit, USER_MAX / 2) + STACK_GUARD;

	return MIN(as->a_mmap_top, PAGE_DOWN(STACK_TOP - stack));
}

/*
 * The highest place for len bytes in [low, high). A large range begins where a
 * page table does, if the hole that this leaves is small beside it: a fork
 * shares the page tables that one seg fills.
 * Returns: its start; 0: no room.
 */
static u32 place_in(u32 low, u32 high, u32 len)
{
	u32 at = high >= len ? high - len : 0, hole = at % HAT_TABLE_SPAN;

	if (at < low)
		return 0;
	return hole <= len / 8 && at - hole >= low ? at - hole : at;
}

/*
 * The highest seg of n's subtree with room for len bytes below it; NULL: none.
 */
static struct seg *highest_room(const struct tree_node *n, u32 len)
{
	while (n && maxgap(n) >= len) {
		if (maxgap(n->t_right) >= len)
			n = n->t_right;
		else if (seg_at(n)->s_gap >= len)
			return seg_at(n);
		else
			n = n->t_left;
	}
	return NULL;
}

/* highest_room() for all segs before s. */
static struct seg *room_before(const struct seg *s, u32 len)
{
	const struct tree_node *n = &s->s_node, *up;
	struct seg *found = highest_room(n->t_left, len);

	for (; !found && (up = n->t_up) != NULL; n = up) {
		if (up->t_right != n)
			continue;
		found = seg_at(up)->s_gap >= len ? seg_at(up) : highest_room(up->t_left, len);
	}
	return found;
}

u32 as_find_gap(struct as *as, u32 len)
{
	u32 top = mmap_top(as), at, low = USER_MIN;
	struct seg *s = as_findseg_ge(as, top), *last;

	ASSERT(rw_any_held(&as->a_lock));
	/* The room that top lies in, or begins above. */
	if (s) {
		low = room_start(s);
	} else if (!list_empty(&as->a_segs)) {
		last = list_last(&as->a_segs, struct seg, s_link);
		low = MAX(seg_end(last), USER_MIN);
	}
	at = place_in(low, s ? MIN(top, guarded_base(s)) : top, len);
	if (at)
		return at;
	s = s ? room_before(s, len) : highest_room(as->a_tree.t_root, len);
	return s ? place_in(room_start(s), guarded_base(s), len) : 0;
}
