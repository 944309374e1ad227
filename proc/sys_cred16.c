/* SPDX-License-Identifier: MIT */
/*
 * The oldest calls on user and group ids, of 16 bits: arguments are widened,
 * results narrowed (kernel/abi/id16.h). Otherwise as with 32 bits.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/id16.h"
#include "mm/usercopy.h"
#include "proc/cred.h"
#include "proc/cred_impl.h"
#include "proc/syscalls.h"

long sys_getuid(void)
{
	return id16_narrow(cred_cur()->cr_uid);
}

long sys_geteuid(void)
{
	return id16_narrow(cred_cur()->cr_euid);
}

long sys_getgid(void)
{
	return id16_narrow(cred_cur()->cr_gid);
}

long sys_getegid(void)
{
	return id16_narrow(cred_cur()->cr_egid);
}

long sys_setuid(u32 uid)
{
	return sys_setuid32(id16_widen(uid));
}

long sys_setgid(u32 gid)
{
	return sys_setgid32(id16_widen(gid));
}

long sys_setreuid(u32 r, u32 e)
{
	return sys_setreuid32(id16_widen(r), id16_widen(e));
}

long sys_setregid(u32 r, u32 e)
{
	return sys_setregid32(id16_widen(r), id16_widen(e));
}

long sys_setresuid(u32 r, u32 e, u32 s)
{
	return sys_setresuid32(id16_widen(r), id16_widen(e), id16_widen(s));
}

long sys_setresgid(u32 r, u32 e, u32 s)
{
	return sys_setresgid32(id16_widen(r), id16_widen(e), id16_widen(s));
}

static int put16(uaddr_t dst, u32 id)
{
	u16 low = id16_narrow(id);

	return copyout(dst, &low, sizeof(low));
}

static long get3(uaddr_t r, uaddr_t e, uaddr_t s, u32 a, u32 b, u32 c)
{
	return put16(r, a) || put16(e, b) || put16(s, c) ? -EFAULT : 0;
}

long sys_getresuid(uaddr_t r, uaddr_t e, uaddr_t s)
{
	const struct cred *cr = cred_cur();

	return get3(r, e, s, cr->cr_uid, cr->cr_euid, cr->cr_suid);
}

long sys_getresgid(uaddr_t r, uaddr_t e, uaddr_t s)
{
	const struct cred *cr = cred_cur();

	return get3(r, e, s, cr->cr_gid, cr->cr_egid, cr->cr_sgid);
}

/* The old id is returned with all 32 bits. */
long sys_setfsuid(u32 uid)
{
	return sys_setfsuid32(id16_widen(uid));
}

long sys_setfsgid(u32 gid)
{
	return sys_setfsgid32(id16_widen(gid));
}

long sys_getgroups(int n, uaddr_t list)
{
	return cred_getgroups(n, list, 2);
}

long sys_setgroups(u32 n, uaddr_t list)
{
	return cred_setgroups(n, list, 2);
}
