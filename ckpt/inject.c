/* SPDX-License-Identifier: MIT */
/* CKPTCTL_FAULT: failures on request, for tests (kernel/lib/inject.h). */
#include "kernel/lib/inject.h"
#include "ckpt/ckpt.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"
#include "mm/usercopy.h"

#ifdef DEBUG

_Static_assert(INJECT_ALLOC == CKPT_FAULT_ALLOC && INJECT_READ == CKPT_FAULT_READ && INJECT_WRITE == CKPT_FAULT_WRITE,
	       "kinds of faults");

int ckpt_fault(uaddr_t buf)
{
	struct ckpt_fault cf;
	struct inject_state fs;
	int error;

	if (!cred_super(cred_cur()))
		return -EPERM;
	error = copyin(&cf, buf, sizeof(cf));
	if (error)
		return error;
	if (cf.cf_kind >= INJECT_NKIND)
		return -EINVAL;
	inject_arm((enum inject_kind)cf.cf_kind, cf.cf_nth, &fs);
	cf.cf_seen = fs.fs_seen;
	cf.cf_hit = fs.fs_hit;
	_Static_assert(sizeof(cf.cf_where) == sizeof(fs.fs_where), "copied whole");
	memcpy(cf.cf_where, fs.fs_where, sizeof(fs.fs_where));
	return copyout(buf, &cf, sizeof(cf));
}

#endif
