/* SPDX-License-Identifier: MIT */
/*
 * System calls on mapped memory: advice, which pages are there, locks.
 * Arguments are checked in Linux's order.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "mm/sys_impl.h"
#include "mm/syscalls.h"
#include "mm/usercopy.h"
#include "proc/cred.h"

/* Linux frees the blocks of a file here; this kernel cannot punch holes. */
static long remove_range(struct as *as, u32 addr, u32 len)
{
	struct seg *s;
	long error = -ENOMEM;

	rw_read_lock(&as->a_lock);
	s = as_findseg_ge(as, addr);
	if (s && s->s_base < addr + len) {
		if ((s->s_flags & SEG_LOCKED) || !s->s_vp)
			error = -EINVAL;
		else if (seg_private(s) || !(s->s_prot & PROT_WRITE))
			error = -EACCES;
		else
			error = -EOPNOTSUPP;
	}
	rw_read_unlock(&as->a_lock);
	return error;
}

static long advise(struct as *as, u32 addr, u32 len, int advice)
{
	switch (advice) {
	case MADV_REMOVE: return remove_range(as, addr, len);
	case MADV_DONTNEED: return as_discard(as, addr, len, false, false);
	case MADV_DONTNEED_LOCKED: return as_discard(as, addr, len, false, true);
	case MADV_FREE: return as_discard(as, addr, len, true, false);
	case MADV_DONTFORK: return as_setflags(as, addr, len, SEG_DONTFORK, 0);
	case MADV_DOFORK: return as_setflags(as, addr, len, 0, SEG_DONTFORK);
	case MADV_WIPEONFORK: return as_setflags(as, addr, len, SEG_WIPEONFORK, 0);
	case MADV_KEEPONFORK: return as_setflags(as, addr, len, 0, SEG_WIPEONFORK);
	case MADV_POPULATE_READ: return as_fault_range(as, addr, len, FAULT_READ);
	case MADV_POPULATE_WRITE: return as_fault_range(as, addr, len, FAULT_WRITE);
	case MADV_WILLNEED: (void)!as_populate(as, addr, len); break;
	case MADV_COLD:
	case MADV_PAGEOUT:
		if (as_any_locked(as, addr, len))
			return -EINVAL;
		break;
	default: break; /* this kernel does not use the hint */
	}
	return as_incore(as, addr, len, NULL);
}

#define ADVICE(n) (1u << MADV_##n)
#define ADVICES                                                                                       \
	(ADVICE(NORMAL) | ADVICE(RANDOM) | ADVICE(SEQUENTIAL) | ADVICE(WILLNEED) | ADVICE(DONTNEED) | \
	 ADVICE(FREE) | ADVICE(REMOVE) | ADVICE(DONTFORK) | ADVICE(DOFORK) | ADVICE(MERGEABLE) |      \
	 ADVICE(UNMERGEABLE) | ADVICE(HUGEPAGE) | ADVICE(NOHUGEPAGE) | ADVICE(DONTDUMP) |             \
	 ADVICE(DODUMP) | ADVICE(WIPEONFORK) | ADVICE(KEEPONFORK) | ADVICE(COLD) | ADVICE(PAGEOUT) |  \
	 ADVICE(POPULATE_READ) | ADVICE(POPULATE_WRITE) | ADVICE(DONTNEED_LOCKED))

long sys_madvise(u32 addr, u32 len, int advice)
{
	u32 n = PAGE_UP(len);

	if (advice < 0 || advice >= 32 || !(ADVICES & (1u << advice)))
		return -EINVAL;
	if ((addr & PAGE_MASK) || n < len || addr + n < addr)
		return -EINVAL;
	if (!n)
		return 0;
	return range_ok(addr, n) ? advise(cur_as(), addr, n, advice) : -ENOMEM;
}

#define INCORE_BATCH 128u

long sys_mincore(u32 addr, u32 ulen, uaddr_t vec)
{
	u8 in[INCORE_BATCH];
	u32 done, n, len = PAGE_UP(ulen);
	int error;

	if (addr & PAGE_MASK)
		return -EINVAL;
	if (addr > USER_MAX || ulen > USER_MAX - addr)
		return -ENOMEM;
	if (vec > USER_MAX - (len >> PAGE_SHIFT))
		return -EFAULT;
	for (done = 0; done < len; done += n << PAGE_SHIFT) {
		n = MIN((len - done) >> PAGE_SHIFT, INCORE_BATCH);
		error = as_incore(cur_as(), addr + done, n << PAGE_SHIFT, in);
		if (!error)
			error = copyout(vec + (done >> PAGE_SHIFT), in, n);
		if (error)
			return error;
	}
	return 0;
}

/* --- locks --- */

static long lock_range(u32 addr, u32 len, u32 locks)
{
	u32 off = addr & PAGE_MASK;

	len = PAGE_UP(len + off);
	addr -= off;
	if (locks && !may_lock(cur_as()))
		return -EPERM;
	/* As on Linux, a length that rounding up makes 0 is accepted. */
	if (!len)
		return 0;
	if (addr + len < addr)
		return locks && !as_lock_ok(cur_as(), len) ? -ENOMEM : -EINVAL;
	return as_lock(cur_as(), addr, len, locks);
}

long sys_mlock(u32 addr, u32 len)
{
	return lock_range(addr, len, SEG_LOCKED);
}

long sys_mlock2(u32 addr, u32 len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return lock_range(addr, len, flags & MLOCK_ONFAULT ? SEG_LOCKS : SEG_LOCKED);
}

long sys_munlock(u32 addr, u32 len)
{
	return lock_range(addr, len, 0);
}

long sys_mlockall(int flags)
{
	u32 locks = flags & MCL_ONFAULT ? SEG_LOCKS : SEG_LOCKED;

	if (!flags || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
		return -EINVAL;
	if (!may_lock(cur_as()))
		return -EPERM;
	return as_lock_all(cur_as(), flags & MCL_CURRENT, locks, flags & MCL_FUTURE ? locks : 0);
}

long sys_munlockall(void)
{
	return as_lock_all(cur_as(), true, 0, 0);
}
