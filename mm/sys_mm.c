/* SPDX-License-Identifier: MIT */
/*
 * System calls that map memory, protect it, write it back. They check arguments
 * in Linux's order, and call
 * the functions of mm/as.h.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "mm/as_impl.h"
#include "mm/sys_impl.h"
#include "mm/syscalls.h"
#include "mm/usercopy.h"
#include "proc/cred.h"

bool mm_page_range(u32 addr, u32 *len)
{
	u32 n = PAGE_UP(*len);

	if ((addr & PAGE_MASK) || n < *len || (n && !range_ok(addr, n)))
		return false;
	*len = n;
	return true;
}

long sys_brk(u32 brk)
{
	struct as *as = cur_as();

	if (brk <= as->a_brk || !as_too_much(brk - as->a_brk))
		(void)!as_brk(as, brk);
	return as->a_brk;
}

bool as_lock_unlimited(void)
{
	return cred_super(cred_cur());
}

/* --- mmap --- */

/* Checks only the place. 0 or an error of mmap(2). */
static int check_place(struct as *as, u32 *addr, u32 len, u32 flags)
{
	if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
		*addr = PAGE_DOWN(*addr);
		if (*addr && *addr < USER_MIN)
			*addr = USER_MIN;
		return len > USER_MAX ? -ENOMEM : 0;
	}
	if (len > USER_MAX || *addr > USER_MAX - len)
		return -ENOMEM;
	if (*addr & PAGE_MASK)
		return -EINVAL;
	if (*addr < USER_MIN)
		return -EPERM;
	return (flags & MAP_FIXED_NOREPLACE) && as_any_mapped(as, *addr, len) ? -EEXIST : 0;
}

static int check_locks(const struct as *as, u32 len, u32 flags)
{
	if ((flags & MAP_LOCKED) && !may_lock(as))
		return -EPERM;
	return ((flags & MAP_LOCKED) || as->a_newflags) && !as_lock_ok(as, len) ? -EAGAIN : 0;
}

/*
 * Finds the vnode to map, with a reference, or NULL; f is NULL for
 * MAP_ANONYMOUS. *pgoff: the offset in the vnode.
 */
static int map_object(struct file *f, u32 len, u32 prot, u32 flags, struct vnode **vpp, u32 *maxprot, u32 *pgoff)
{
	u32 type = flags & MAP_TYPE;

	*vpp = NULL;
	*maxprot = PROT_ALL;
	if (f) {
		int error = vm_ops->vm_file_map(f, prot, flags, vpp, maxprot);

		if (error || *vpp)
			return error;
	} else if (type != MAP_PRIVATE && (type != MAP_SHARED || (flags & MAP_GROWSDOWN))) {
		return -EINVAL;
	}
	/* Memory that begins as zeros has no offset. */
	*pgoff = 0;
	if (type == MAP_PRIVATE)
		return 0;
	return shm_vnode_create ? shm_vnode_create(len, vpp) : -ENOMEM;
}

static u32 seg_flags(u32 flags)
{
	return ((flags & MAP_TYPE) == MAP_PRIVATE ? 0 : SEG_SHARED) |
	       (flags & MAP_GROWSDOWN ? SEG_STACK : 0) | (flags & MAP_LOCKED ? SEG_LOCKED : 0);
}

static int check_mmap(struct as *as, u32 *addr, u32 ulen, u32 flags, u32 pgoff)
{
	u32 len = PAGE_UP(ulen);
	int error;

	if (!ulen)
		return -EINVAL;
	if (!len)
		return -ENOMEM;
	if (pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	if (as->a_nseg > SEG_MAX)
		return -ENOMEM;
	error = check_place(as, addr, len, flags);
	return error ? error : check_locks(as, len, flags);
}

/* mmap after the checks of all arguments but the file. */
static long map_file(struct as *as, struct file *f, u32 addr, u32 len, u32 prot, u32 flags, u32 pgoff)
{
	enum as_place place = flags & MAP_FIXED_NOREPLACE ? AS_NOREPLACE
			      : flags & MAP_FIXED	  ? AS_FIXED
							  : AS_HINT;
	struct vnode *vp;
	u32 maxprot;
	int error = map_object(f, len, prot, flags, &vp, &maxprot, &pgoff);

	if (error)
		return error;
	if (!(seg_flags(flags) & SEG_SHARED) && !(flags & MAP_NORESERVE) && (prot & PROT_WRITE) &&
	    as_too_much(len))
		error = -ENOMEM;
	if (!error)
		error = as_map(as, &addr, len, prot, maxprot, seg_flags(flags), vp,
			       (u64)pgoff << PAGE_SHIFT, place);
	if (vp)
		vm_ops->vm_rele(vp);
	if (error)
		return error;
	/* Pages that cannot be had now are not an error. */
	if ((flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE || (flags & MAP_LOCKED) ||
	    as->a_newflags == SEG_LOCKED)
		(void)!as_populate(as, addr, len);
	return (long)addr;
}

static long do_mmap(u32 addr, u32 ulen, u32 prot, u32 flags, int fd, u32 pgoff)
{
	struct as *as = cur_as();
	struct file *f = NULL;
	long result;

	if (!(flags & MAP_ANONYMOUS)) {
		result = vm_ops->vm_file(fd, &f);
		if (result)
			return result;
	}
	/* As on a machine without reserved huge pages. */
	if (flags & MAP_HUGETLB)
		result = f ? -EINVAL : -ENOMEM;
	else
		result = check_mmap(as, &addr, ulen, flags, pgoff);
	if (!result)
		result = map_file(as, f, addr, PAGE_UP(ulen), prot & PROT_ALL, flags, pgoff);
	if (f)
		vm_ops->vm_file_rele(f);
	return result;
}

long sys_mmap2(u32 addr, u32 len, u32 prot, u32 flags, int fd, u32 pgoff)
{
	return do_mmap(addr, len, prot, flags, fd, pgoff);
}

/* The oldest mmap: its six arguments are in memory, the offset in bytes. */
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
	if (!mm_page_range(addr, &len) || !len)
		return -EINVAL;
	return as_unmap(cur_as(), addr, len);
}

long sys_mremap(u32 addr, u32 oldlen, u32 newlen, u32 flags, u32 fixed)
{
	u32 out;
	int error;

	error = as_remap(cur_as(), addr, oldlen, newlen, flags, fixed, &out);
	return error ? error : (long)out;
}

/* --- protection, write-back --- */

/* PROT_GROWSDOWN: extends the range to the start of addr's stack. */
static int stack_start(struct as *as, u32 *addr, u32 *len)
{
	struct seg *s;
	int error = 0;

	rw_read_lock(&as->a_lock);
	s = as_findseg_ge(as, *addr);
	if (!s || s->s_base >= *addr + *len) {
		error = -ENOMEM;
	} else if (!(s->s_flags & SEG_STACK)) {
		error = -EINVAL;
	} else {
		*len += *addr - s->s_base;
		*addr = s->s_base;
	}
	rw_read_unlock(&as->a_lock);
	return error;
}

long sys_mprotect(u32 addr, u32 ulen, u32 prot)
{
	u32 grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP), len = PAGE_UP(ulen);
	struct as *as = cur_as();
	int error = 0;

	prot &= ~grows;
	if ((addr & PAGE_MASK) || grows == (PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	if (!ulen)
		return 0;
	if (addr + len <= addr)
		return -ENOMEM;
	if (prot & ~(PROT_ALL | PROT_SEM))
		return -EINVAL;
	if (grows & PROT_GROWSUP)
		return as_any_mapped(as, addr, PAGE_SIZE) ? -EINVAL : -ENOMEM;
	if (grows)
		error = stack_start(as, &addr, &len);
	return error ? error : as_setprot(as, addr, len, prot & PROT_ALL);
}

long sys_msync(u32 addr, u32 ulen, int flags)
{
	u32 len = PAGE_UP(ulen);
	struct as *as = cur_as();

	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (addr & PAGE_MASK) ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	if (addr + len < addr)
		return -ENOMEM;
	if (!len)
		return 0;
	if (!range_ok(addr, len))
		return -ENOMEM;
	if ((flags & MS_INVALIDATE) && as_any_locked(as, addr, len))
		return -EBUSY;
	/*
	 * The write-back that MS_ASYNC asks for starts some seconds after a
	 * store anyway.
	 */
	return flags & MS_SYNC ? as_sync(as, addr, len, true) : as_incore(as, addr, len, NULL);
}
