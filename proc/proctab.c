/* SPDX-License-Identifier: MIT */
/* The table of processes: see proc/proctab.h. */
#include "proc/proctab.h"

#include "kernel/lib/panic.h"

/*
 * The place of a process in a tree: the id by which the tree is sorted, then
 * its entry.
 */
struct place {
	u32 pl_id;
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

	return (struct place){ (u32)p->p_pgid, p->p_order };
}

static struct place place_session(const struct tree_node *n)
{
	const struct proc *p = container_of(n, struct proc, p_sessnode);

	return (struct place){ (u32)p->p_sid, p->p_order };
}

static struct place place_user(const struct tree_node *n)
{
	const struct proc *p = container_of(n, struct proc, p_usernode);

	return (struct place){ p->p_uid, p->p_order };
}

static u32 size_user(const struct tree_node *n)
{
	return n ? container_of(n, struct proc, p_usernode)->p_usersize : 0;
}

static void update_user(struct tree_node *n)
{
	container_of(n, struct proc, p_usernode)->p_usersize = 1 + size_user(n->t_left) + size_user(n->t_right);
}

/*
 * The trees: the order of each, and its search for the first process after a
 * place.
 */
#define PROC_TREE(name, update)                                                         \
	static bool before_##name(const struct tree_node *a, const struct tree_node *b) \
	{                                                                               \
		return comes_before(place_##name(a), place_##name(b));                  \
	}                                                                               \
	static bool behind_##name(const struct tree_node *n, const void *key)           \
	{                                                                               \
		return comes_before(*(const struct place *)key, place_##name(n));       \
	}                                                                               \
	static const struct tree_ops ops_##name = { before_##name, update };            \
	static struct tree tree_##name = TREE_INIT(&ops_##name);                        \
	static struct tree_node *seek_##name(struct place behind)                       \
	{                                                                               \
		return tree_seek(&tree_##name, behind_##name, &behind);                 \
	}

PROC_TREE(all, NULL)
PROC_TREE(group, NULL)
PROC_TREE(session, NULL)
PROC_TREE(user, update_user)

static u64 last_order;

void proctab_enter(struct proc *p)
{
	ASSERT(spin_held(&pidlock));
	p->p_order = ++last_order;
	list_push_back(&allproc, &p->p_all);
	tree_insert(&tree_all, &p->p_allnode);
	tree_insert(&tree_group, &p->p_groupnode);
	tree_insert(&tree_session, &p->p_sessnode);
	p->p_uid = cred_uid_of(p);
	tree_insert(&tree_user, &p->p_usernode);
}

void proctab_leave(struct proc *p)
{
	ASSERT(spin_held(&pidlock));
	list_remove(&p->p_all);
	tree_remove(&tree_all, &p->p_allnode);
	tree_remove(&tree_group, &p->p_groupnode);
	tree_remove(&tree_session, &p->p_sessnode);
	tree_remove(&tree_user, &p->p_usernode);
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

void proctab_renew_user(struct proc *p)
{
	ASSERT(spin_held(&pidlock));
	tree_remove(&tree_user, &p->p_usernode);
	p->p_uid = cred_uid_of(p);
	tree_insert(&tree_user, &p->p_usernode);
}

/* How many processes come before `end` in the tree of users. */
static u32 users_before(struct place end)
{
	const struct tree_node *n = tree_user.t_root;
	u32 count = 0;

	while (n) {
		bool before = comes_before(place_user(n), end);

		count += before ? size_user(n->t_left) + 1 : 0;
		n = before ? n->t_right : n->t_left;
	}
	return count;
}

u32 proctab_user_count(uid_t uid)
{
	ASSERT(spin_held(&pidlock));
	return users_before((struct place){ uid, ~0ull }) - users_before((struct place){ uid, 0 });
}

bool proctab_group(pid_t pgid)
{
	struct tree_node *n = seek_group((struct place){ (u32)pgid, 0 });

	ASSERT(spin_held(&pidlock));
	return n && place_group(n).pl_id == (u32)pgid;
}

bool proctab_session(pid_t sid)
{
	struct tree_node *n = seek_session((struct place){ (u32)sid, 0 });

	ASSERT(spin_held(&pidlock));
	return n && place_session(n).pl_id == (u32)sid;
}

struct proc *proctab_at(u64 order)
{
	struct proc *p = tree_entry(seek_all((struct place){ 0, order - 1 }), struct proc, p_allnode);

	ASSERT(spin_held(&pidlock));
	return p && p->p_order == order ? p : NULL;
}

static void begin(struct proc_walk *w, const struct tree *t, u32 id, u32 batch)
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
	begin(w, &tree_group, (u32)pgid, batch);
}

void walk_session(struct proc_walk *w, pid_t sid, u32 batch)
{
	begin(w, &tree_session, (u32)sid, batch);
}

void walk_user(struct proc_walk *w, uid_t uid, u32 batch)
{
	begin(w, &tree_user, uid, batch);
}

/*
 * The process after the last one visited, in the same tree, of any group,
 * session or user.
 */
#define BEHIND(w, name, node)                                                             \
	tree_entry((w)->pw_at ? tree_next(&(w)->pw_at->node)                              \
			      : seek_##name((struct place){ (w)->pw_id, (w)->pw_order }), \
		   struct proc, node)

static struct proc *behind(const struct proc_walk *w)
{
	if (w->pw_tree == &tree_all)
		return BEHIND(w, all, p_allnode);
	if (w->pw_tree == &tree_group)
		return BEHIND(w, group, p_groupnode);
	if (w->pw_tree == &tree_session)
		return BEHIND(w, session, p_sessnode);
	return BEHIND(w, user, p_usernode);
}

static bool in_set(const struct proc_walk *w, const struct proc *p)
{
	if (w->pw_tree == &tree_all)
		return true;
	if (w->pw_tree == &tree_group)
		return (u32)p->p_pgid == w->pw_id;
	if (w->pw_tree == &tree_session)
		return (u32)p->p_sid == w->pw_id;
	return p->p_uid == w->pw_id;
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
