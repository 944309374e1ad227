/* SPDX-License-Identifier: MIT */
/*
 * A scope in which the current lwp acts for another process: it looks names up
 * from another root, or has other credentials. Scopes nest: the end of a scope
 * restores what its begin replaced.
 *
 *	struct acting ac;
 *
 *	acting_begin(&ac, root, NULL);
 *	error = file_open(...);
 *	acting_end(&ac);
 *
 * Locks: none; only the lwp itself reads and writes l_root and l_cred.
 */
#ifndef PROC_ACTING_H
#define PROC_ACTING_H

#include "proc/sched/lwp.h"

struct acting {
	struct vnode *ac_root; /* the previous l_root and l_cred */
	struct cred *ac_cred;
};

/*
 * root, cred: NULL: unchanged. The caller has a reference on both until the
 * end.
 */
static inline void acting_begin(struct acting *ac, struct vnode *root, struct cred *cred)
{
	struct lwp *l = curlwp();

	*ac = (struct acting){ .ac_root = l->l_root, .ac_cred = l->l_cred };
	if (root)
		l->l_root = root;
	if (cred)
		l->l_cred = cred;
}

static inline void acting_end(const struct acting *ac)
{
	struct lwp *l = curlwp();

	l->l_root = ac->ac_root;
	l->l_cred = ac->ac_cred;
}

#endif
