/* SPDX-License-Identifier: MIT */
/*
 * Intrusive doubly linked circular list. A `struct list` is either a head or a
 * link inside an element. A link that is on no list points to itself after
 * list_init() or list_remove(), so list_empty(link) asks "is it on a list?". No
 * locking here: the owner's header names the lock.
 */
#ifndef KERNEL_LIB_LIST_H
#define KERNEL_LIB_LIST_H

#include "kernel/lib/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name)          \
	{                        \
		&(name), &(name) \
	}

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_insert_between(struct list *n, struct list *prev, struct list *next)
{
	n->prev = prev;
	n->next = next;
	prev->next = n;
	next->prev = n;
}

/* Inserts at the front of the list / after element `after`. */
static inline void list_push_front(struct list *head, struct list *n)
{
	list_insert_between(n, head, head->next);
}

/* Inserts at the end of the list / before element `before`. */
static inline void list_push_back(struct list *head, struct list *n)
{
	list_insert_between(n, head->prev, head);
}

static inline void list_remove(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

/* Moves all of `from` to the end of `to`; `from` is empty afterwards. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)
#define list_last(head, type, member) list_entry((head)->prev, type, member)
#define list_next(e, member) list_entry((e)->member.next, __typeof__(*(e)), member)
#define list_prev(e, member) list_entry((e)->member.prev, __typeof__(*(e)), member)

#define list_for_each(e, head, member)                                                 \
	for ((e) = list_first(head, __typeof__(*(e)), member); &(e)->member != (head); \
	     (e) = list_next(e, member))

/* The body may remove or free `e`; `tmp` is the next element. */
#define list_for_each_safe(e, tmp, head, member)                                             \
	for ((e) = list_first(head, __typeof__(*(e)), member), (tmp) = list_next(e, member); \
	     &(e)->member != (head); (e) = (tmp), (tmp) = list_next(e, member))

#endif
