/* SPDX-License-Identifier: MIT */
/* User and group ids. Calls with 16-bit ids: proc/sys_cred16.c. */
#include "kernel/abi/errno.h"
#include "kernel/abi/id16.h"
#include "kernel/lib/panic.h"
#include "mm/usercopy.h"
#include "proc/cred_impl.h"
#include "proc/proctab.h"
#include "proc/sched/lwp_impl.h"
#include "proc/syscalls.h"

#define KEEP 0xffffffffu

long sys_getuid32(void)
{
	return (long)cred_cur()->cr_uid;
}
long sys_geteuid32(void)
{
	return (long)cred_cur()->cr_euid;
}
long sys_getgid32(void)
{
	return (long)cred_cur()->cr_gid;
}
long sys_getegid32(void)
{
	return (long)cred_cur()->cr_egid;
}
/* Installs a changed copy. */
static void cred_set(struct cred *new)
{
	struct proc *p = curproc();
	struct cred *old;

	spin_lock(&p->p_lock);
	old = p->p_cred;
	if (new->cr_euid != old->cr_euid || new->cr_egid != old->cr_egid)
		p->p_flags |= P_SUGID;
	if (cred_differs(old, new)) {
		p->p_flags |= P_NODUMP;
		curlwp()->l_opt.lo_pdeathsig = 0;
	}
	if (new->cr_uid == new->cr_euid &&new->cr_uid == new->cr_suid &&new->cr_gid ==
	    new->cr_egid &&new->cr_gid == new->cr_sgid)
		p->p_flags &= ~P_SUGID;
	p->p_cred = new;
	spin_unlock(&p->p_lock);
	if (new->cr_uid != old->cr_uid) {
		spin_lock(&pidlock);
		proctab_renew_user(p);
		spin_unlock(&pidlock);
	}
	cred_rele(old);
	cred_renew(curlwp());
}

/* May an unprivileged process set this id? It must be one of its three ids. */
static bool may(u32 id, u32 a, u32 b, u32 c)
{
	return id == KEEP || id == a || id == b || id == c;
}

long sys_setresuid32(u32 r, u32 e, u32 s)
{
	const struct cred *old = cred_cur();
	struct cred *n;

	if (!cred_super(old) && (!may(r, old->cr_uid, old->cr_euid, old->cr_suid) ||
				 !may(e, old->cr_uid, old->cr_euid, old->cr_suid) ||
				 !may(s, old->cr_uid, old->cr_euid, old->cr_suid)))
		return -EPERM;
	n = cred_dup(old);
	if (!n)
		return -ENOMEM;
	n->cr_uid = r == KEEP ? n->cr_uid : r;
	n->cr_euid = e == KEEP ? n->cr_euid : e;
	n->cr_suid = s == KEEP ? n->cr_suid : s;
	n->cr_fsuid = n->cr_euid;
	cred_set(n);
	return 0;
}

long sys_setresgid32(u32 r, u32 e, u32 s)
{
	const struct cred *old = cred_cur();
	struct cred *n;

	if (!cred_super(old) && (!may(r, old->cr_gid, old->cr_egid, old->cr_sgid) ||
				 !may(e, old->cr_gid, old->cr_egid, old->cr_sgid) ||
				 !may(s, old->cr_gid, old->cr_egid, old->cr_sgid)))
		return -EPERM;
	n = cred_dup(old);
	if (!n)
		return -ENOMEM;
	n->cr_gid = r == KEEP ? n->cr_gid : r;
	n->cr_egid = e == KEEP ? n->cr_egid : e;
	n->cr_sgid = s == KEEP ? n->cr_sgid : s;
	n->cr_fsgid = n->cr_egid;
	cred_set(n);
	return 0;
}

long sys_setuid32(u32 uid)
{
	if (uid == KEEP)
		return -EINVAL;
	if (cred_super(cred_cur()))
		return sys_setresuid32(uid, uid, uid);
	if (!may(uid, cred_cur()->cr_uid, cred_cur()->cr_suid, cred_cur()->cr_suid))
		return -EPERM;
	return sys_setresuid32(KEEP, uid, KEEP);
}

long sys_setgid32(u32 gid)
{
	if (gid == KEEP)
		return -EINVAL;
	if (cred_super(cred_cur()))
		return sys_setresgid32(gid, gid, gid);
	if (!may(gid, cred_cur()->cr_gid, cred_cur()->cr_sgid, cred_cur()->cr_sgid))
		return -EPERM;
	return sys_setresgid32(KEEP, gid, KEEP);
}

/*
 * The saved id follows the effective id if the real id is set, or if the
 * effective id becomes different from the real id.
 */
long sys_setreuid32(u32 r, u32 e)
{
	const struct cred *old = cred_cur();
	u32 euid = e == KEEP ? old->cr_euid : e;
	bool save = r != KEEP || (e != KEEP && e != old->cr_uid);

	if (!cred_super(old) && (!may(r, old->cr_uid, old->cr_euid, old->cr_euid) ||
				 !may(e, old->cr_uid, old->cr_euid, old->cr_suid)))
		return -EPERM;
	if (cred_super(old) || !save || may(euid, old->cr_uid, old->cr_euid, old->cr_suid))
		return sys_setresuid32(r, e, save ? euid : KEEP);
	return -EPERM;
}

long sys_setregid32(u32 r, u32 e)
{
	const struct cred *old = cred_cur();
	u32 egid = e == KEEP ? old->cr_egid : e;
	bool save = r != KEEP || (e != KEEP && e != old->cr_gid);

	if (!cred_super(old) && (!may(r, old->cr_gid, old->cr_egid, old->cr_egid) ||
				 !may(e, old->cr_gid, old->cr_egid, old->cr_sgid)))
		return -EPERM;
	return sys_setresgid32(r, e, save ? egid : KEEP);
}

static long get3(uaddr_t r, uaddr_t e, uaddr_t s, u32 a, u32 b, u32 c)
{
	if (copyout(r, &a, 4) != 0 || copyout(e, &b, 4) != 0 || copyout(s, &c, 4) != 0)
		return -EFAULT;
	return 0;
}

long sys_getresuid32(uaddr_t r, uaddr_t e, uaddr_t s)
{
	const struct cred *cr = cred_cur();

	return get3(r, e, s, cr->cr_uid, cr->cr_euid, cr->cr_suid);
}

long sys_getresgid32(uaddr_t r, uaddr_t e, uaddr_t s)
{
	const struct cred *cr = cred_cur();

	return get3(r, e, s, cr->cr_gid, cr->cr_egid, cr->cr_sgid);
}

/* Returns: the old id, whether or not the new one was accepted. */
static long set_fsid(u32 id, bool group)
{
	const struct cred *cr = cred_cur();
	u32 old = group ? cr->cr_fsgid : cr->cr_fsuid;
	bool ok = cred_super(cr) || (group ? may(id, cr->cr_gid, cr->cr_egid, cr->cr_sgid)
					   : may(id, cr->cr_uid, cr->cr_euid, cr->cr_suid));
	struct cred *n;

	if (id == KEEP || id == old || !ok)
		return (long)old;
	n = cred_dup(cr);
	if (!n)
		return (long)old;
	if (group)
		n->cr_fsgid = id;
	else
		n->cr_fsuid = id;
	cred_set(n);
	return (long)old;
}

long sys_setfsuid32(u32 uid)
{
	return set_fsid(uid, false);
}

long sys_setfsgid32(u32 gid)
{
	return set_fsid(gid, true);
}

long cred_getgroups(int n, uaddr_t list, u32 size)
{
	const struct cred *cr = cred_cur();

	if (n < 0)
		return -EINVAL;
	if (n == 0)
		return (long)cr->cr_ngroups;
	if ((u32)n < cr->cr_ngroups)
		return -EINVAL;
	for (u32 i = 0; i < cr->cr_ngroups; i++) {
		u32 g = size == 2 ? id16_narrow(cr->cr_groups[i]) : cr->cr_groups[i];

		if (copyout(list + i * size, &g, size) != 0)
			return -EFAULT;
	}
	return (long)cr->cr_ngroups;
}

static int read_groups(struct cred *cr, u32 n, uaddr_t list, u32 size)
{
	cr->cr_ngroups = n;
	for (u32 i = 0; i < n; i++) {
		u32 g = 0;

		if (copyin(&g, list + i * size, size) != 0)
			return -EFAULT;
		if (size == 2)
			g = id16_widen(g);
		if (g == KEEP)
			return -EINVAL;
		cr->cr_groups[i] = g;
	}
	return 0;
}

long cred_setgroups(u32 n, uaddr_t list, u32 size)
{
	struct cred *cr;
	int error;

	if (!cred_super(cred_cur()))
		return -EPERM;
	if (n > NGROUPS)
		return -EINVAL;
	cr = cred_dup(cred_cur());
	if (!cr)
		return -ENOMEM;
	error = read_groups(cr, n, list, size);
	if (error)
		cred_rele(cr);
	else
		cred_set(cr);
	return error;
}

long sys_getgroups32(int n, uaddr_t list)
{
	return cred_getgroups(n, list, 4);
}

long sys_setgroups32(u32 n, uaddr_t list)
{
	return cred_setgroups(n, list, 4);
}
