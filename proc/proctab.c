/* SPDX-License-Identifier: MIT */
/* The table of processes: see proc/proctab.h. */
#include "proc/proctab.h"

#include "kernel/lib/panic.h"

/* Where a process stands in a tree: by the id that the tree is about, then by its entry. */
struct place {
	pid_t pl_id;
	u64 pl_order;
};

static bool comes_before(struct place a, struct place b)
{
	return a.pl_id != b.pl_id ? a.pl_id < b.pl_id : a.pl_order < b.pl_order;
}

static struct place place_all(const struct tree_node *n)
{
	return (struct place){ 0, container_of(n, struct proc, p_allnode)->p_order };
}

static struct place place_group(const struct tree_node *n)
{
	const struct proc *p = container_of(n, struct proc, p_groupnode);

	return (struct place){ p->p_pgid, p->p_order };
}

static struct place place_session(const struct tree_node *n)
{
	const struct proc *p = container_of(n, struct proc, p_sessnode);

	return (struct place){ p->p_sid, p->p_order };
}

/* The trees: each with its order, and its search for the first process behind a place. */
#define PROC_TREE(name)                                                                 \
	static bool before_##name(const struct tree_node *a, const struct tree_node *b) \
	{                                                                               \
		return comes_before(place_##name(a), place_##name(b));                  \
	}                                                                               \
	static bool behind_##name(const struct tree_node *n, const void *key)           \
	{                                                                               \
		return comes_before(*(const struct place *)key, place_##name(n));       \
	}                                                                               \
	static const struct tree_ops ops_##name = { before_##name, NULL };              \
	static struct tree tree_##name = TREE_INIT(&ops_##name);                        \
	static struct tree_node *seek_##name(struct place behind)                       \
	{                                                                               \
		return tree_seek(&tree_##name, behind_##name, &behind);                 \
	}

PROC_TREE(all)
PROC_TREE(group)
PROC_TREE(session)

static u64 last_order;

void proctab_enter(struct proc *p)
{
	ASSERT(spin_held(&pidlock));
	p->p_order = ++last_order;
	list_push_back(&allproc, &p->p_all);
	tree_insert(&tree_all, &p->p_allnode);
	tree_insert(&tree_group, &p->p_groupnode);
	tree_insert(&tree_session, &p->p_sessnode);
}

void proctab_leave(struct proc *p)
{
	ASSERT(spin_held(&pidlock));
	list_remove(&p->p_all);
	tree_remove(&tree_all, &p->p_allnode);
	tree_remove(&tree_group, &p->p_groupnode);
	tree_remove(&tree_session, &p->p_sessnode);
}

void proctab_move(struct proc *p, pid_t pgid, pid_t sid)
{
	ASSERT(spin_held(&pidlock));
	tree_remove(&tree_group, &p->p_groupnode);
	tree_remove(&tree_session, &p->p_sessnode);
	p->p_pgid = pgid;
	p->p_sid = sid;
	tree_insert(&tree_group, &p->p_groupnode);
	tree_insert(&tree_session, &p->p_sessnode);
}

bool proctab_group(pid_t pgid)
{
	struct tree_node *n = seek_group((struct place){ pgid, 0 });

	return n && place_group(n).pl_id == pgid;
}

bool proctab_session(pid_t sid)
{
	struct tree_node *n = seek_session((struct place){ sid, 0 });

	return n && place_session(n).pl_id == sid;
}

struct proc *proctab_at(u64 order)
{
	struct proc *p = tree_entry(seek_all((struct place){ 0, order - 1 }), struct proc, p_allnode);

	return p && p->p_order == order ? p : NULL;
}

static void begin(struct proc_walk *w, const struct tree *t, pid_t id, u32 batch)
{
	ASSERT(spin_held(&pidlock));
	*w = (struct proc_walk){ .pw_tree = t, .pw_id = id, .pw_batch = batch, .pw_left = batch };
}

void walk_all(struct proc_walk *w, u32 batch)
{
	begin(w, &tree_all, 0, batch);
}

void walk_group(struct proc_walk *w, pid_t pgid, u32 batch)
{
	begin(w, &tree_group, pgid, batch);
}

void walk_session(struct proc_walk *w, pid_t sid, u32 batch)
{
	begin(w, &tree_session, sid, batch);
}

/* The process behind the one visited last, of whatever group or session. */
static struct proc *behind(const struct proc_walk *w)
{
	struct place last = { w->pw_id, w->pw_order };

	if (w->pw_tree == &tree_all)
		return tree_entry(w->pw_at ? tree_next(&w->pw_at->p_allnode) : seek_all(last),
				  struct proc, p_allnode);
	if (w->pw_tree == &tree_group)
		return tree_entry(w->pw_at ? tree_next(&w->pw_at->p_groupnode) : seek_group(last),
				  struct proc, p_groupnode);
	return tree_entry(w->pw_at ? tree_next(&w->pw_at->p_sessnode) : seek_session(last), struct proc, p_sessnode);
}

static bool in_set(const struct proc_walk *w, const struct proc *p)
{
	if (w->pw_tree == &tree_all)
		return true;
	return (w->pw_tree == &tree_group ? p->p_pgid : p->p_sid) == w->pw_id;
}

struct proc *walk_next(struct proc_walk *w)
{
	struct proc *p;

	ASSERT(spin_held(&pidlock) && curcpu()->c_nheld <= 1);
	if (w->pw_left-- == 0) {
		spin_unlock(&pidlock);
		spin_lock(&pidlock);
		w->pw_at = NULL;
		w->pw_left = w->pw_batch - 1;
	}
	p = behind(w);
	if (!p || !in_set(w, p))
		return NULL;
	w->pw_at = p;
	w->pw_order = p->p_order;
	return p;
}
