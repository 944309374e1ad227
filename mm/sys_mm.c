/* SPDX-License-Identifier: MIT */
/* System calls on memory: they check arguments as Linux does and call what mm/as.h offers. */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "mm/as_impl.h"
#include "mm/syscalls.h"
#include "mm/usercopy.h"
#include "proc/proc.h"

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

static struct as *cur_as(void)
{
	return curproc()->p_as;
}

/* *len becomes a length in whole pages (0 stays 0). False: addr is not page-aligned, or no address space could hold that. */
static bool page_range(u32 addr, u32 *len)
{
	u32 n = PAGE_UP(*len);

	if ((addr & PAGE_MASK) || n < *len || (n && !range_ok(addr, n)))
		return false;
	*len = n;
	return true;
}

/* More private memory at once than the machine has will never be there to be written. */
static bool too_much(u32 len)
{
	struct page_stats st;

	page_stats(&st);
	return len >> PAGE_SHIFT > st.ps_total;
}

long sys_brk(u32 brk)
{
	struct as *as = cur_as();

	if (brk <= as->a_brk || !too_much(brk - as->a_brk))
		(void)!as_brk(as, brk);
	return as->a_brk;
}

/* --- mmap --- */

/* What is to be mapped: a vnode with a reference, or NULL. */
static int map_object(u32 len, u32 prot, u32 flags, int fd, struct vnode **vpp, u32 *maxprot)
{
	bool shared = (flags & MAP_SHARED) != 0;

	*vpp = NULL;
	*maxprot = PROT_ALL;
	if (!(flags & MAP_ANONYMOUS))
		return vm_ops ? vm_ops->vm_from_fd(fd, prot, shared, vpp, maxprot) : -ENODEV;
	if (!shared)
		return 0;
	return shm_vnode_create ? shm_vnode_create(len, vpp) : -ENOMEM;
}

static int check_place(u32 *addr, u32 len, u32 flags)
{
	if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
		*addr = PAGE_DOWN(*addr);
		return 0;
	}
	if (*addr & PAGE_MASK)
		return -EINVAL;
	if (!range_ok(*addr, len))
		return -ENOMEM;
	return *addr < USER_MIN ? -EPERM : 0;
}

/* Maps at *addr and nowhere else, if nothing is there. */
static int map_noreplace(struct as *as, u32 *addr, u32 len, u32 prot, u32 maxprot, u32 flags,
			 struct vnode *vp, u64 off)
{
	u32 want = *addr;
	int error = as_map(as, addr, len, prot, maxprot, flags, vp, off, false);

	if (error || *addr == want)
		return error;
	error = as_unmap(as, *addr, len);
	return error ? error : -EEXIST;
}

static long do_mmap(u32 addr, u32 ulen, u32 prot, u32 flags, int fd, u32 pgoff)
{
	u32 len = PAGE_UP(ulen), maxprot, sflags = flags & MAP_SHARED ? SEG_SHARED : 0;
	struct as *as = cur_as();
	struct vnode *vp;
	int error;

	if (!ulen || !(flags & MAP_SHARED_VALIDATE))
		return -EINVAL;
	if (!len || len > USER_MAX)
		return -ENOMEM;
	if (pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	prot &= PROT_ALL;
	error = check_place(&addr, len, flags);
	if (error)
		return error;
	if (!(flags & (MAP_SHARED | MAP_NORESERVE)) && (prot & PROT_WRITE) && too_much(len))
		return -ENOMEM;
	error = map_object(len, prot, flags, fd, &vp, &maxprot);
	if (error)
		return error;
	if (flags & MAP_ANONYMOUS)
		pgoff = 0;
	if (flags & MAP_FIXED_NOREPLACE)
		error = map_noreplace(as, &addr, len, prot, maxprot, sflags, vp, (u64)pgoff << PAGE_SHIFT);
	else
		error = as_map(as, &addr, len, prot, maxprot, sflags, vp, (u64)pgoff << PAGE_SHIFT,
			       flags & MAP_FIXED);
	if (vp)
		vm_ops->vm_rele(vp);
	if (error)
		return error;
	if (flags & (MAP_POPULATE | MAP_LOCKED))
		as_populate(as, addr, len);
	return (long)addr;
}

long sys_mmap2(u32 addr, u32 len, u32 prot, u32 flags, int fd, u32 pgoff)
{
	return do_mmap(addr, len, prot, flags, fd, pgoff);
}

/* mmap of the first days: its six arguments in memory, the offset in bytes. */
long sys_old_mmap(uaddr_t uargs)
{
	u32 a[6];

	if (copyin(a, uargs, sizeof(a)))
		return -EFAULT;
	if (a[5] & PAGE_MASK)
		return -EINVAL;
	return do_mmap(a[0], a[1], a[2], a[3], (int)a[4], a[5] >> PAGE_SHIFT);
}

long sys_munmap(u32 addr, u32 len)
{
	if (!page_range(addr, &len) || !len)
		return -EINVAL;
	return as_unmap(cur_as(), addr, len);
}

long sys_mremap(u32 addr, u32 oldlen, u32 newlen, u32 flags, u32 fixed)
{
	u32 out;
	int error;

	if (newlen > oldlen && too_much(newlen - oldlen))
		return -ENOMEM;
	error = as_remap(cur_as(), addr, oldlen, newlen, flags, fixed, &out);
	return error ? error : (long)out;
}

/* --- protection and advice --- */

/* PROT_GROWSDOWN: from the beginning of the stack that addr lies in. */
static int stack_start(struct as *as, u32 *addr, u32 *len)
{
	struct seg *s;
	int error = -EINVAL;

	rw_read_lock(&as->a_lock);
	s = as_findseg(as, *addr);
	if (s && (s->s_flags & SEG_STACK)) {
		*len += *addr - s->s_base;
		*addr = s->s_base;
		error = 0;
	}
	rw_read_unlock(&as->a_lock);
	return error;
}

long sys_mprotect(u32 addr, u32 len, u32 prot)
{
	struct as *as = cur_as();
	u32 grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	int error = 0;

	prot &= ~grows;
	if ((addr & PAGE_MASK) || grows == (PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	if (!len)
		return 0;
	if (!page_range(addr, &len))
		return -ENOMEM;
	if ((prot & ~(PROT_ALL | PROT_SEM)) || (grows & PROT_GROWSUP))
		return -EINVAL;
	if (grows)
		error = stack_start(as, &addr, &len);
	return error ? error : as_setprot(as, addr, len, prot & PROT_ALL);
}

static long advise(struct as *as, u32 addr, u32 len, int advice)
{
	switch (advice) {
	case MADV_DONTNEED: return as_discard(as, addr, len, false);
	case MADV_FREE: return as_discard(as, addr, len, true);
	case MADV_DONTFORK: return as_setflags(as, addr, len, SEG_DONTFORK, 0);
	case MADV_DOFORK: return as_setflags(as, addr, len, 0, SEG_DONTFORK);
	case MADV_WILLNEED:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE: as_populate(as, addr, len); break;
	default: break; /* a hint that this kernel has no use for */
	}
	return as_incore(as, addr, len, NULL);
}

#define ADVICE(n) (1u << MADV_##n)
#define ADVICES                                                                                       \
	(ADVICE(NORMAL) | ADVICE(RANDOM) | ADVICE(SEQUENTIAL) | ADVICE(WILLNEED) | ADVICE(DONTNEED) | \
	 ADVICE(FREE) | ADVICE(DONTFORK) | ADVICE(DOFORK) | ADVICE(MERGEABLE) | ADVICE(UNMERGEABLE) | \
	 ADVICE(HUGEPAGE) | ADVICE(NOHUGEPAGE) | ADVICE(DONTDUMP) | ADVICE(DODUMP) |                  \
	 ADVICE(COLD) | ADVICE(PAGEOUT) | ADVICE(POPULATE_READ) | ADVICE(POPULATE_WRITE))

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

long sys_msync(u32 addr, u32 len, int flags)
{
	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC) || (addr & PAGE_MASK))
		return -EINVAL;
	if (!page_range(addr, &len))
		return -ENOMEM;
	return len ? as_sync(cur_as(), addr, len, flags & MS_SYNC) : 0;
}

#define INCORE_BATCH 128u

long sys_mincore(u32 addr, u32 len, uaddr_t vec)
{
	u8 in[INCORE_BATCH];
	u32 done, n;
	int error;

	if (addr & PAGE_MASK)
		return -EINVAL;
	if (!page_range(addr, &len))
		return -ENOMEM;
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

/* --- locking in memory: nothing is ever taken out of it but what is in a file --- */

static long check_mapped(u32 addr, u32 len)
{
	u32 off = addr & PAGE_MASK;

	addr -= off;
	if (len + off < len)
		return -EINVAL;
	len += off;
	if (!page_range(addr, &len))
		return -ENOMEM;
	return len ? as_incore(cur_as(), addr, len, NULL) : 0;
}

long sys_mlock(u32 addr, u32 len)
{
	return check_mapped(addr, len);
}

long sys_mlock2(u32 addr, u32 len, int flags)
{
	return flags & ~MLOCK_ONFAULT ? -EINVAL : check_mapped(addr, len);
}

long sys_munlock(u32 addr, u32 len)
{
	return check_mapped(addr, len);
}

long sys_mlockall(int flags)
{
	return !flags || flags == MCL_ONFAULT || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) ? -EINVAL : 0;
}

long sys_munlockall(void)
{
	return 0;
}
