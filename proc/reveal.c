/* SPDX-License-Identifier: MIT */
/* proc_reveal(): a hidden process becomes one that others see, with the ids it remembers. */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "proc/lwp_impl.h"

/* The ids that a process wants, and what it got: one pair for each that differs goes into a pidspace. */
struct wanted_ids {
	struct pidpair *pairs;
	u32 npairs;
};

static int want_id(struct wanted_ids *w, pid_t want, pid_t *got)
{
	int error = pid_alloc(want, got);

	if (error != -EEXIST)
		return error;
	error = pid_alloc(0, got);
	if (!error)
		w->pairs[w->npairs++] = (struct pidpair){ .pp_seen = want, .pp_real = *got };
	return error;
}

/* Real ids for the process and its n lwps; l_tid is set. All or none. */
static int want_ids(struct wanted_ids *w, struct lwp **lwps, const pid_t *tids, u32 n, pid_t want, pid_t *pid)
{
	u32 i;
	int error = want_id(w, want, pid);

	if (error)
		return error;
	for (i = 0; i < n && !error; i++) {
		lwps[i]->l_tid = *pid;
		if (tids[i] != want)
			error = want_id(w, tids[i], &lwps[i]->l_tid);
	}
	if (!error)
		return 0;
	for (i--; i-- > 0;) {
		if (lwps[i]->l_tid != *pid)
			pid_free(lwps[i]->l_tid);
	}
	pid_free(*pid);
	return error;
}

int proc_reveal(struct proc *parent, pid_t want, struct lwp **lwps, const pid_t *tids, u32 n)
{
	struct wanted_ids w = { .pairs = kmalloc((n + 1) * sizeof(struct pidpair), 0) };
	struct proc *p = curproc();
	struct pidspace *ps = NULL;
	pid_t pid;
	int error;

	ASSERT((p->p_flags & P_KERNEL) && !p->p_pid && p->p_nlwp == 1 && lwps[0] == curlwp());
	if (!w.pairs)
		return -ENOMEM;
	error = want_ids(&w, lwps, tids, n, want, &pid);
	if (!error && w.npairs) {
		ps = pidspace_create(w.pairs, w.npairs);
		error = ps ? 0 : -ENOMEM;
		for (u32 i = 0; error && i < n; i++) {
			if (lwps[i]->l_tid != pid)
				pid_free(lwps[i]->l_tid);
		}
		if (error)
			pid_free(pid);
	}
	kfree(w.pairs);
	if (error)
		return error;
	pidspace_rele(p->p_pidspace);
	p->p_pidspace = ps;
	p->p_pid = pid;
	p->p_lwp0 = NULL;
	spin_lock(&pidlock);
	for (u32 i = 0; i < n; i++)
		pid_bind(lwps[i]->l_tid, p);
	spin_unlock(&pidlock);
	spin_lock(&p->p_lock);
	p->p_flags &= ~P_KERNEL;
	for (u32 i = 0; i < n; i++) {
		if (lwps[i]->l_tid == pid)
			p->p_lwp0 = lwps[i];
		if (i)
			list_push_back(&p->p_lwps, &lwps[i]->l_plink);
	}
	p->p_nlwp = n;
	spin_unlock(&p->p_lock);
	proc_enter_tree(p, parent);
	return pid;
}
