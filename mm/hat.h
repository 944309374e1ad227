/* SPDX-License-Identifier: MIT */
/*
 * hat: the hardware address translation layer (SVR4's name). All code that
 * knows x86 page tables.
 *
 * A hat belongs to one struct as. Two levels, 4 KiB user pages; the kernel's
 * upper quarter of the page directory is the same in all hats and global. For a
 * private page the PTE is the only record that the page exists, so dropping a
 * PTE loses the page.
 *
 *   PTE:  31..12 frame | 11 - | 10 SW_SHARED | 9 SW_NONE | 8 G
 *         | .. | 6 D | 5 A | .. | 2 U | 1 W | 0 P
 *   SW_NONE with P clear: a PROT_NONE page; frame and reference stay.
 *   SW_SHARED: only in what hat_foreach() shows: the page table is shared.
 *   D of a private page: written since it was entered, or since the last
 *   hat_harvest_dirty().
 *
 * A copy of large private memory begins with the same page tables, through
 * which no hat can write (mm/hat_share.c). A hat that has to change an entry
 * gets its own table first. hat_probe() and hat_getpage() show shared entries
 * without W.
 *
 * Locks: h_lock (LR_HAT, spin) guards the tables of one hat. With a_lock held
 *   for writing, page tables may be removed, and may become shared. With a_lock
 *   held for reading, they may be added, and a shared table may be replaced by
 *   a copy. So a holder of a_lock may read a PTE of an unshared table without
 *   h_lock.
 *
 * Invalidation: a change that takes rights away is followed by a shoot-down of
 * exactly those CPUs that have this hat loaded (h_cpus), after h_lock has been
 * dropped; pages are released only after it. The CPU that shoots waits, with
 * interrupts on and no spinlock held, until each of those CPUs has answered; a
 * CPU answers from its interrupt handler. This cannot deadlock: a CPU that
 * spins for a lock with interrupts off waits for a holder, which by this rule
 * does not shoot; and two CPUs that shoot at once answer each other. So
 * functions marked "Shoots" are called with no spinlock held and interrupts on.
 * A CPU that has a hat loaded only because it runs a kernel thread now
 * (hat_lazy) drops the hat at the first shoot-down. The MMU caches no
 * translation whose A bit is clear: such entries change without invalidation.
 */
#ifndef MM_HAT_H
#define MM_HAT_H

#include "kernel/lib/lock.h"
#include "kernel/lib/types.h"
#include "mm/page.h"

#define PTE_P 0x001u
#define PTE_W 0x002u
#define PTE_U 0x004u
#define PTE_PWT 0x008u
#define PTE_PCD 0x010u
#define PTE_A 0x020u
#define PTE_D 0x040u
#define PTE_PS 0x080u /* in a directory entry: 4 MiB page */
#define PTE_G 0x100u
#define PTE_SW_NONE 0x200u
#define PTE_SW_SHARED 0x400u
#define PTE_FRAME 0xfffff000u

#ifndef NPTE /* a test has smaller tables */
#define NPTE 1024u
#endif
/* Bytes that one page table maps; hat_dup() shares whole tables. */
#define HAT_TABLE_SPAN (NPTE << PAGE_SHIFT)

#define HAT_DUP_MAX 48u /* beyond so many pages, fork flushes the TLB */

struct hat {
	struct spinlock h_lock;
	u32 *h_pgdir; /* kernel address of the page directory */
	/*
	 * Bit per CPU that has the hat loaded. Atomic; each CPU changes its own
	 * bit.
	 */
	volatile u32 h_cpus;
	u32 h_resident; /* user pages present, PROT_NONE too (h_lock) */
	u32 h_ntables;	/* page-table pages (h_lock) */
	/*
	 * Between hat_dup() and hat_dup_done(): pages to invalidate (a_lock for
	 * writing).
	 */
	u32 h_dup_n;
	u32 h_dup_va[HAT_DUP_MAX];
	/*
	 * During hat_dup(): no lwp runs in the hat, so no MMU writes its tables
	 * (a_lock for writing).
	 */
	bool h_still;
};

/*
 * Builds the kernel's page directory: direct map, global; text and constants
 * read-only. Boot CPU, after page_init().
 */
void hat_init(void);
/*
 * Each other CPU, once: switches from the tables it was started with to the
 * kernel's.
 */
void hat_init_cpu(void);
u32 hat_kernel_cr3(void);
/*
 * Debug builds: makes a page of RAM inaccessible to the kernel, or accessible
 * again. Other CPUs may see the page accessible a little longer: good enough
 * for a guard. Any context.
 */
void hat_guard(void *page, bool on);
/*
 * Maps device registers, uncached; never unmapped. Pages that are mapped
 * already are shared. Panics if MMIO space runs out. Any context that may take
 * a spinlock.
 */
volatile void *mmio_map(paddr_t pa, size_t len);

int hat_create(struct hat *h); /* -ENOMEM */
/*
 * Unloads h from every CPU. No process has h, so no CPU loads it again. Later
 * unmapping then needs no invalidations. Shoots.
 */
void hat_leave(struct hat *h);
/*
 * Frees h. All user pages have been unmapped (hat_unmap), and hat_leave()
 * called.
 */
void hat_destroy(struct hat *h);
/*
 * Loads the tables of h (NULL: the kernel's own) on this CPU; cheap if they are
 * loaded already. Interrupts off.
 */
void hat_switch(struct hat *h);
/*
 * This CPU goes on with a kernel thread, which touches no user memory: keeps
 * the loaded tables. Interrupts off.
 */
void hat_lazy(void);

#define HAT_WRITE 1u
#define HAT_NONE 2u  /* PROT_NONE: keep the frame, deny access */
#define HAT_DIRTY 4u /* enter with the dirty bit set */

/*
 * Enters a translation and takes over the caller's reference on pg. Replaces an
 * old translation of va, and puts its page.
 * Errors: -ENOMEM (reference not taken)
 * Sleeps: for a page-table page. Shoots if it replaces.
 */
int hat_enter(struct hat *h, u32 va, struct page *pg, u32 flags) __must_check;
/*
 * hat_enter() for page faults that race: only if va's PTE, apart from A and D,
 * is still `expect` (0: no translation).
 * Errors: -EAGAIN (the PTE has changed; reference not taken), and those of
 *   hat_enter()
 */
int hat_enter_if(struct hat *h, u32 va, u32 expect, struct page *pg, u32 flags) __must_check;
/*
 * Enters each pg[i] that is not NULL at va + i pages, read-only and not
 * accessed, if there is a page table and no translation. n <= 32, all within
 * one page table. Takes over the references of the entered pages.
 * Returns: a bit mask of the entered pages.
 */
u32 hat_enter_around(struct hat *h, u32 va, struct page *const *pg, u32 n);
/*
 * A write fault on a private page: makes the PTE writable if, apart from A and
 * D, it is still `expect`, and no other owner has the page.
 * Returns: true if it did.
 */
bool hat_grant_write(struct hat *h, u32 va, u32 expect);
/* The PTE of va, 0 if none. a_lock held. */
u32 hat_probe(struct hat *h, u32 va);
/*
 * The page of va, with a reference; NULL: none. Sets *pte, if pte is not NULL,
 * to the PTE.
 */
struct page *hat_getpage(struct hat *h, u32 va, u32 *pte);
/*
 * If the PTE of va allows writing, marks it dirty.
 * Returns: its page with a reference; else NULL.
 */
struct page *hat_getpage_write(struct hat *h, u32 va);
/* Drops va's translation if it still leads to pg. Shoots. */
void hat_drop_if(struct hat *h, u32 va, const struct page *pg);
/*
 * Drops [va, va+len) and puts the pages. Calls dirty_fn, if not NULL, for each
 * page with PTE_D before the put; it may take spinlocks. Frees page tables
 * whose whole range is dropped. A shared table must be dropped whole (hat_cut).
 * Locks: a_lock for writing.
 * Sleeps: no. Shoots.
 */
void hat_unmap(struct hat *h, u32 va, u32 len, void (*dirty_fn)(struct page *pg));
/*
 * Sets the protection of the pages in [va, va+len): HAT_NONE, 0 (read) or
 * HAT_WRITE. HAT_WRITE sets W only for private pages with one reference; for
 * others the write fault grants W. Shoots if rights shrink.
 */
void hat_protect(struct hat *h, u32 va, u32 len, u32 flags);
/*
 * fork: shares every page of [va, va+len) of src with dst, which no process
 * uses yet.
 * Errors: -ENOMEM
 * Locks: a_lock of src for writing, until hat_dup_done(), also after an error.
 */
enum hat_dup_how {
	/* src stays unchanged; dst gets the pages read-only and clean */
	HAT_DUP_SHARED,
	HAT_DUP_COPY, /* copy-on-write: write rights are taken from both */
	HAT_DUP_OWN,  /* as COPY, without the pages that belong to a file */
	/*
	 * As COPY, for a whole seg without pages of a file: page tables that
	 * the seg fills are shared.
	 */
	HAT_DUP_ANON,
};
int hat_dup(struct hat *dst, struct hat *src, u32 va, u32 len, enum hat_dup_how how) __must_check;
/* Ends a series of hat_dup() from src with one flush for all. Shoots. */
void hat_dup_done(struct hat *src);
/*
 * Replaces shared page tables of [va, va+len) by copies of h's own. Callers
 * that change entries need it first: hat_grant_write, hat_protect, hat_move,
 * and hat_unmap of less than whole segs. hat_enter does it itself.
 * Errors: -ENOMEM
 * Sleeps: yes. Shoots.
 */
int hat_own(struct hat *h, u32 va, u32 len) __must_check;
/* hat_own() for the table that a new border of segs at va cuts. */
int hat_cut(struct hat *h, u32 va) __must_check;
/*
 * Is the page table of va shared with other hats, or was it? Then its entries
 * must not be changed.
 */
static inline bool hat_shared(const struct hat *h, u32 va)
{
	return (h->h_pgdir[va / HAT_TABLE_SPAN] & (PTE_P | PTE_W)) == PTE_P;
}
/*
 * Makes page tables of h's own for all of [va, va+len).
 * Errors: -ENOMEM
 * Locks: a_lock for writing.
 * Sleeps: yes. Shoots.
 */
int hat_reserve(struct hat *h, u32 va, u32 len) __must_check;
/*
 * Moves translations (mremap) between ranges that do not overlap, after
 * hat_reserve() of the new range. Takes only h_lock.
 * Returns: the CPUs for hat_shoot().
 * Locks: a_lock for writing.
 */
u32 hat_move(struct hat *h, u32 from, u32 to, u32 len) __must_check;

/*
 * For walks over all mappings of a vnode, with its vs_lock held.
 * Returns: the CPUs that must be shot down (hat_shoot) before the change
 *   counts.
 *
 * hat_drop_file: drops translations of vp's own pages in [va, va+len). The page
 * cache still holds each of them.
 *
 * hat_age_file: drops the clean ones whose A bit is clear, and clears the A bit
 * of the others; adds the drops to *dropped.
 *
 * hat_harvest_dirty: clears the dirty bits, and write-protects with `wp`. Calls
 * fn for each page that was dirty, with a reference held and h_lock not held.
 */
u32 hat_drop_file(struct hat *h, u32 va, u32 len, const struct vnode *vp) __must_check;
u32 hat_age_file(struct hat *h, u32 va, u32 len, const struct vnode *vp, u32 *dropped) __must_check;
u32 hat_harvest_dirty(struct hat *h, u32 va, u32 len, bool wp,
		      void (*fn)(struct page *pg, u32 va, void *arg), void *arg) __must_check;
/*
 * Empties the TLB, except global entries, of the CPUs in the mask, which may
 * include this CPU. Shoots.
 */
void hat_shoot(u32 cpu_mask);

/*
 * Calls fn for each page, PROT_NONE too, in [va, va+len), in order, until fn
 * returns non-zero; fn may use the struct page only during the call, because
 * the frame may get another owner afterwards. Faults may change the range
 * during the walk if a_lock is held for reading.
 * Returns: the last result of fn.
 * Locks: a_lock held, or the process is held. h_lock not held.
 */
int hat_foreach(struct hat *h, u32 va, u32 len,
		int (*fn)(u32 va, u32 pte, struct page *pg, void *arg), void *arg);

/*
 * The handler of the IPI (T_IPI_TLB). Interrupts off; the caller ends the
 * interrupt.
 */
void hat_shootdown_ipi(void);

#endif
