/* SPDX-License-Identifier: MIT */
/*
 * The locks that are set on one vnode: finding conflicts, setting, cutting,
 * removing.
 */
#include "fs/flock_impl.h"

#include "kernel/abi/fcntl.h"
#include "kernel/lib/panic.h"

static const char several[1];
#define SEVERAL_OWNERS ((const void *)several)

static struct filelock *by_range(const struct tree_node *n)
{
	return tree_entry(n, struct filelock, fl_range);
}

static struct filelock *by_owner(const struct tree_node *n)
{
	return tree_entry(n, struct filelock, fl_owned);
}

/* ---- the two orders ---- */

static bool range_before(const struct tree_node *a, const struct tree_node *b)
{
	return by_range(a)->fl_start < by_range(b)->fl_start;
}

static bool owned_before(const struct tree_node *a, const struct tree_node *b)
{
	const struct filelock *x = by_owner(a), *y = by_owner(b);

	if (x->fl_owner != y->fl_owner)
		return (uintptr_t)x->fl_owner < (uintptr_t)y->fl_owner;
	return x->fl_start < y->fl_start;
}

static void add_sum(struct lock_sum *sum, const struct lock_sum *more)
{
	if (!more->ls_owner)
		return;
	if (!sum->ls_owner) {
		*sum = *more;
		return;
	}
	sum->ls_end = MAX(sum->ls_end, more->ls_end);
	if (sum->ls_owner != more->ls_owner)
		sum->ls_owner = SEVERAL_OWNERS;
}

static void update_sums(struct tree_node *n)
{
	const struct filelock *below[] = { by_range(n->t_left), by_range(n->t_right) };
	struct filelock *l = by_range(n);

	l->fl_all = (struct lock_sum){ l->fl_end, l->fl_owner };
	l->fl_write = (struct lock_sum){ l->fl_end, l->fl_type == F_WRLCK ? l->fl_owner : NULL };
	for (u32 i = 0; i < ARRAY_SIZE(below); i++) {
		if (below[i]) {
			add_sum(&l->fl_all, &below[i]->fl_all);
			add_sum(&l->fl_write, &below[i]->fl_write);
		}
	}
}

static const struct tree_ops range_ops = { .before = range_before, .update = update_sums };
static const struct tree_ops owned_ops = { .before = owned_before };

static void put_in(struct flock_table *ft, struct filelock *l)
{
	/* A vnode's table begins as zeros. */
	ft->ft_range.t_ops = &range_ops;
	ft->ft_owned.t_ops = &owned_ops;
	tree_insert(&ft->ft_range, &l->fl_range);
	tree_insert(&ft->ft_owned, &l->fl_owned);
}

static void flock_take_out(struct flock_table *ft, struct filelock *l, struct list *freed)
{
	tree_remove(&ft->ft_range, &l->fl_range);
	tree_remove(&ft->ft_owned, &l->fl_owned);
	list_push_back(freed, &l->fl_freed);
}

/* ---- conflicts ---- */

static bool overlaps(const struct filelock *a, const struct filelock *b)
{
	return a->fl_start <= b->fl_end && b->fl_start <= a->fl_end;
}

static bool conflicts(const struct filelock *a, const struct filelock *b)
{
	return a->fl_owner != b->fl_owner && (a->fl_type == F_WRLCK || b->fl_type == F_WRLCK) &&
	       overlaps(a, b);
}

/* Can the subtree of n have a lock that conflicts with `want`? */
static bool worth_a_look(const struct tree_node *n, const struct filelock *want)
{
	const struct filelock *top = by_range(n);
	const struct lock_sum *sum;

	if (!top)
		return false;
	sum = want->fl_type == F_WRLCK ? &top->fl_all : &top->fl_write;
	return sum->ls_owner && sum->ls_owner != want->fl_owner && sum->ls_end >= want->fl_start;
}

/*
 * The node to visit after n's subtree: the parent of the lowest subtree around
 * n in which n is on the left.
 */
static const struct tree_node *after_subtree(const struct tree_node *n)
{
	while (n->t_up && n->t_up->t_right == n)
		n = n->t_up;
	return n->t_up;
}

struct filelock *locks_conflict(const struct flock_table *ft, const struct filelock *want)
{
	const struct tree_node *n = worth_a_look(ft->ft_range.t_root, want) ? ft->ft_range.t_root : NULL;
	bool down = true; /* n's subtree is new: its left part first */

	while (n) {
		struct filelock *l = by_range(n);

		while (down && worth_a_look(n->t_left, want)) {
			n = n->t_left;
			l = by_range(n);
		}
		if (conflicts(l, want))
			return l;
		if (l->fl_start > want->fl_end)
			return NULL;
		down = worth_a_look(n->t_right, want);
		n = down ? n->t_right : after_subtree(n);
	}
	return NULL;
}

/* ---- the locks of one owner ---- */

struct place {
	const void *pl_owner;
	s64 pl_start;
};

/* Does it end at pl_start or behind it, or belong to a later owner? */
static bool ends_behind(const struct tree_node *n, const void *key)
{
	const struct filelock *l = by_owner(n);
	const struct place *pl = key;

	if (l->fl_owner != pl->pl_owner)
		return (uintptr_t)l->fl_owner > (uintptr_t)pl->pl_owner;
	return l->fl_end >= pl->pl_start;
}

static bool starts_behind(const struct tree_node *n, const void *key)
{
	const struct filelock *l = by_owner(n);
	const struct place *pl = key;

	if (l->fl_owner != pl->pl_owner)
		return (uintptr_t)l->fl_owner > (uintptr_t)pl->pl_owner;
	return l->fl_start > pl->pl_start;
}

struct filelock *locks_behind(const struct flock_table *ft, const void *owner, s64 start)
{
	const struct place pl = { owner, start };

	return by_owner(tree_seek(&ft->ft_owned, starts_behind, &pl));
}

/* The owner's first lock that ends at `start` or behind it; NULL: none. */
static struct filelock *first_of(const struct flock_table *ft, const void *owner, s64 start)
{
	const struct place pl = { owner, start };
	struct filelock *l = by_owner(tree_seek(&ft->ft_owned, ends_behind, &pl));

	return l && l->fl_owner == owner ? l : NULL;
}

static struct filelock *next_of(const struct filelock *l)
{
	struct filelock *next = by_owner(tree_next(&l->fl_owned));

	return next && next->fl_owner == l->fl_owner ? next : NULL;
}

/*
 * Sets a later start of l. Its place among the owner's locks stays; its place
 * among all locks may change.
 */
static void begin_at(struct flock_table *ft, struct filelock *l, s64 start)
{
	tree_remove(&ft->ft_range, &l->fl_range);
	l->fl_start = start;
	tree_insert(&ft->ft_range, &l->fl_range);
}

static void end_at(struct flock_table *ft, struct filelock *l, s64 end)
{
	l->fl_end = end;
	tree_changed(&ft->ft_range, &l->fl_range);
}

/* Cuts the range of `set` out of l, a lock of the same owner. */
static void cut(struct flock_table *ft, struct filelock *l, const struct filelock *set,
		struct filelock **spare, struct list *freed)
{
	bool before = l->fl_start<set->fl_start, behind = l->fl_end> set->fl_end;

	if (before && behind) {
		struct filelock *right = *spare;

		*spare = NULL;
		*right = *l;
		tree_node_init(&right->fl_range);
		tree_node_init(&right->fl_owned);
		right->fl_start = set->fl_end + 1;
		end_at(ft, l, set->fl_start - 1);
		put_in(ft, right);
	} else if (before) {
		end_at(ft, l, set->fl_start - 1);
	} else if (behind) {
		begin_at(ft, l, set->fl_end + 1);
	} else {
		flock_take_out(ft, l, freed);
	}
}

void locks_apply(struct flock_table *ft, struct filelock *set, struct filelock **spare, struct list *freed)
{
	s64 touch = set->fl_end == END_OF_FILE ? END_OF_FILE : set->fl_end + 1;
	struct filelock *l, *next;

	for (l = first_of(ft, set->fl_owner, set->fl_start > 0 ? set->fl_start - 1 : 0);
	     l && l->fl_start <= touch; l = next) {
		next = next_of(l);
		if (l->fl_type == set->fl_type) {
			set->fl_start = MIN(set->fl_start, l->fl_start);
			set->fl_end = MAX(set->fl_end, l->fl_end);
			flock_take_out(ft, l, freed);
		} else if (overlaps(l, set)) {
			cut(ft, l, set, spare, freed);
		}
	}
	if (set->fl_type == F_UNLCK)
		list_push_back(freed, &set->fl_freed);
	else
		put_in(ft, set);
}

bool locks_take_out(struct flock_table *ft, const void *owner, u32 max, struct list *freed)
{
	struct filelock *l = first_of(ft, owner, 0), *next;

	for (; l && max > 0; l = next, max--) {
		next = next_of(l);
		flock_take_out(ft, l, freed);
	}
	return !l;
}
