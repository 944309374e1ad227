/* SPDX-License-Identifier: MIT */
/*
 * Pages of an address space: faults, growth of the stack, and access from other
 * processes.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/as_impl.h"

/* --- faults --- */

/*
 * May the stack seg s grow down to addr? Its guard must stay free of usable
 * memory. a_lock held.
 */
static bool may_grow(struct as *as, struct seg *s, u32 addr)
{
	u32 base = PAGE_DOWN(addr), grow = s->s_base - base;
	const struct seg *below;

	ASSERT(rw_any_held(&as->a_lock));
	if (!(s->s_flags & SEG_STACK) || seg_end(s) - base > as->a_stack_limit ||
	    !as_limit_ok(as, grow, s->s_prot, s->s_flags))
		return false;
	if ((s->s_flags & SEG_LOCKED) && !as_lock_ok(as, grow))
		return false;
	below = as_prev(as, s);
	if (!below)
		return base >= USER_MIN;
	return base >= USER_MIN && seg_end(below) <= base &&
	       ((below->s_prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) == 0 ||
		(below->s_flags & SEG_STACK) || base - seg_end(below) >= STACK_GUARD);
}

/*
 * addr lies in no seg: grows the stack to it. Errors: -EFAULT. a_lock not held.
 */
static int grow_stack(struct as *as, u32 addr)
{
	struct seg *s;
	int error = -EFAULT;

	rw_write_lock(&as->a_lock);
	s = as_findseg_ge(as, addr);
	if (s && s->s_base <= addr) {
		error = 0; /* another lwp was here first */
	} else if (s && may_grow(as, s, addr)) {
		u32 base = PAGE_DOWN(addr);

		as_account(as, s, s->s_base - base, 1);
		s->s_size += s->s_base - base;
		s->s_base = base;
		as_seg_moved(as, s);
		error = 0;
	}
	rw_write_unlock(&as->a_lock);
	return error;
}

/*
 * Finds the seg that addr lies in, growing the stack if necessary; NULL: none.
 * Returns with a_lock held for reading.
 */
static struct seg *seg_for_fault(struct as *as, u32 addr)
{
	struct seg *s;

	rw_read_lock(&as->a_lock);
	while ((s = as_findseg_ge(as, addr)) && s->s_base > addr) {
		int error = -EFAULT;

		if (s->s_flags & SEG_STACK) {
			rw_read_unlock(&as->a_lock);
			error = grow_stack(as, addr);
			rw_read_lock(&as->a_lock);
		}
		if (error)
			return NULL;
	}
	return s;
}

int as_fault(struct as *as, u32 addr, enum fault_access acc, bool *maperr)
{
	struct seg *s = seg_for_fault(as, addr);
	struct vnode *busy = NULL;
	int error = -EFAULT;

	assert_may_sleep("as_fault");
	*maperr = !s;
	if (s && prot_allows(s->s_prot, acc))
		error = s->s_ops->fault(s, PAGE_DOWN(addr), acc);
	if (error == -EBUSY) {
		busy = s->s_vp;
		vm_ops->vm_hold(busy);
	}
	rw_read_unlock(&as->a_lock);
	if (busy) {
		/*
		 * May take long, so a_lock is not held: other lwps can map and
		 * fault.
		 */
		vm_ops->vm_commit(busy);
		vm_ops->vm_rele(busy);
		error = 0;
	}
	return error;
}

/*
 * The access of a first use of va: private writable memory is written.
 * Errors: -EFAULT (not mapped, or PROT_NONE)
 */
static int first_use(struct as *as, u32 va, enum fault_access *acc)
{
	struct seg *s;
	int error = 0;

	rw_read_lock(&as->a_lock);
	s = as_findseg(as, va);
	if (!s || !prot_allows(s->s_prot, FAULT_READ))
		error = -EFAULT;
	else if (seg_private(s) && prot_allows(s->s_prot, FAULT_WRITE))
		*acc = FAULT_WRITE;
	else
		*acc = FAULT_READ;
	rw_read_unlock(&as->a_lock);
	return error;
}

int as_populate(struct as *as, u32 addr, u32 len)
{
	enum fault_access acc = FAULT_READ;
	bool maperr;
	int error = 0;

	for (u32 off = 0; off < len && !error; off += PAGE_SIZE) {
		error = first_use(as, addr + off, &acc);
		if (!error)
			error = as_fault(as, addr + off, acc, &maperr);
	}
	return error;
}

int as_fault_range(struct as *as, u32 addr, u32 len, enum fault_access acc)
{
	bool maperr = false;
	int error = 0;

	for (u32 off = 0; off < len && !error; off += PAGE_SIZE) {
		error = as_fault(as, addr + off, acc, &maperr);
		if (error == -EFAULT)
			return maperr ? -ENOMEM : -EINVAL;
	}
	return error && error != -ENOMEM ? -EFAULT : error;
}

/* --- access from outside --- */

int as_getpage(struct as *as, u32 va, bool write, struct page **pgp)
{
	bool maperr;
	u32 pte;
	int error;

	assert_may_sleep("as_getpage");
	for (;;) {
		rw_read_lock(&as->a_lock);
		*pgp = write ? hat_getpage_write(&as->a_hat, va) : hat_getpage(&as->a_hat, va, &pte);
		rw_read_unlock(&as->a_lock);
		if (*pgp && !write && !(pte & PTE_P)) {
			/* PROT_NONE: the fault returns the error */
			page_put(*pgp);
			*pgp = NULL;
		}
		if (*pgp)
			return 0;
		error = as_fault(as, va, write ? FAULT_WRITE : FAULT_READ, &maperr);
		if (error)
			return error;
	}
}

static ssize_t as_copy(struct as *as, u32 addr, u8 *buf, size_t len, bool write)
{
	size_t done = 0;
	struct page *pg;

	if (addr >= USER_MAX)
		return -EFAULT;
	len = MIN(len, (size_t)(USER_MAX - addr));
	while (done < len) {
		u32 va = addr + (u32)done, off = va & PAGE_MASK;
		u32 n = (u32)MIN(len - done, (size_t)(PAGE_SIZE - off));

		if (as_getpage(as, PAGE_DOWN(va), write, &pg) != 0)
			break;
		if (write)
			memcpy((u8 *)page_kva(pg) + off, buf + done, n);
		else
			memcpy(buf + done, (u8 *)page_kva(pg) + off, n);
		page_put(pg);
		done += n;
	}
	return done || !len ? (ssize_t)done : -EFAULT;
}

ssize_t as_read(struct as *as, u32 addr, void *buf, size_t len)
{
	assert_may_sleep("as_read");
	return as_copy(as, addr, buf, len, false);
}

ssize_t as_write(struct as *as, u32 addr, const void *buf, size_t len)
{
	return as_copy(as, addr, (u8 *)buf, len, true);
}

int as_install_page(struct as *as, u32 va, struct page *pg)
{
	struct seg *s;
	u32 flags = HAT_DIRTY;
	int error;

	rw_read_lock(&as->a_lock);
	s = as_findseg(as, va);
	if (!s || !seg_private(s) || (va & PAGE_MASK)) {
		error = -EFAULT;
	} else {
		if (!prot_allows(s->s_prot, FAULT_READ))
			flags |= HAT_NONE;
		else if (prot_allows(s->s_prot, FAULT_WRITE) && pg->pg_ref == 1)
			flags |= HAT_WRITE;
		seg_text(s, pg);
		error = hat_enter(&as->a_hat, va, pg, flags);
	}
	rw_read_unlock(&as->a_lock);
	return error;
}

static bool in_core(struct as *as, const struct seg *s, u32 va)
{
	struct page *pg = NULL;

	if (hat_probe(&as->a_hat, va) & (PTE_P | PTE_SW_NONE))
		return true;
	if (s->s_vp)
		vm_ops->vm_lookup(s->s_vp, seg_index(s, va), 1, &pg);
	if (pg)
		page_put(pg);
	return pg != NULL;
}

int as_incore(struct as *as, u32 addr, u32 len, u8 *vec)
{
	struct seg *s;
	u32 va;
	int error = 0;

	if (!range_ok(addr, len))
		return -ENOMEM;
	rw_read_lock(&as->a_lock);
	if (!as_range_mapped(as, addr, addr + len))
		error = -ENOMEM;
	for (va = addr; vec && !error && va < addr + len; va += PAGE_SIZE) {
		s = as_findseg(as, va);
		vec[(va - addr) >> PAGE_SHIFT] = in_core(as, s, va);
	}
	rw_read_unlock(&as->a_lock);
	return error;
}

/* --- msync --- */

/* A part of a range that maps a file shared. */
struct shared_part {
	struct vnode *sh_vp; /* with a reference; NULL: none */
	u32 sh_from, sh_to;  /* pages of the file */
};

/* Finds the first such part of [*addr, end), and moves *addr behind it. */
static struct shared_part next_shared(struct as *as, u32 *addr, u32 end)
{
	struct shared_part part = { 0 };
	struct seg *s;

	rw_read_lock(&as->a_lock);
	s = *addr < end ? as_findseg_ge(as, *addr) : NULL;
	for (; s && s->s_base < end; s = as_next(as, s)) {
		u32 start = MAX(*addr, s->s_base), stop = MIN(end, seg_end(s)), from;

		if (!s->s_vp || seg_private(s))
			continue;
		vm_ops->vm_hold(s->s_vp);
		from = seg_index(s, start);
		part = (struct shared_part){ s->s_vp, from, from + ((stop - start) >> PAGE_SHIFT) };
		*addr = stop;
		break;
	}
	rw_read_unlock(&as->a_lock);
	return part;
}

/*
 * Writes the pages of a part. Waits for the medium if it is the last part of
 * its file.
 */
static int sync_part(const struct shared_part *part, const struct shared_part *next, bool wait)
{
	int error = vm_ops->vm_sync(part->sh_vp, part->sh_from, part->sh_to, wait, part->sh_vp != next->sh_vp);

	vm_ops->vm_rele(part->sh_vp);
	return error;
}

int as_sync(struct as *as, u32 addr, u32 len, bool wait)
{
	struct shared_part part, next;
	u32 end = addr + len;
	int error, first;

	if (!range_ok(addr, len))
		return -ENOMEM;
	first = as_incore(as, addr, len, NULL);
	/* a_lock is not held during the writes: other lwps can fault. */
	for (part = next_shared(as, &addr, end); part.sh_vp; part = next) {
		next = next_shared(as, &addr, end);
		error = sync_part(&part, &next, wait);
		if (error && !first)
			first = error;
	}
	return first;
}
