/* SPDX-License-Identifier: MIT */
/*
 * hat: the hardware address translation layer (SVR4's name). All that knows x86 page tables.
 *
 * A hat belongs to one struct as. Two levels, 4 KiB user pages; the kernel's upper quarter of the page
 * directory is the same in all hats and global. For private pages the PTE is the only record that
 * the page exists, so no PTE may be dropped lightly.
 *
 *   PTE:  31..12 frame | 11 - | 10 SW_SHARED | 9 SW_NONE | 8 G | .. | 6 D | 5 A | .. | 2 U | 1 W | 0 P
 *   SW_NONE with P clear: the page is there but PROT_NONE; frame and reference stay.
 *   SW_SHARED: only in what hat_foreach() shows: the page table is another hat's too.
 *   D of a private page: written since it was entered, or since the last hat_harvest_dirty().
 *
 * A copy of large private memory begins with the same page tables, which nobody can write through (mm/hat_share.c); whoever
 * has to change an entry gets a table of his own first. hat_probe() and hat_getpage() show such entries without W.
 *
 * Locks: h_lock (LR_HAT, spin) guards the tables of one hat. Page tables go, and begin to be shared, only under the as's a_lock
 * held for writing; with it held for reading they come, and shared ones are replaced by a copy. So whoever holds it may look at a
 * PTE of a table that is not shared without h_lock.
 *
 * Invalidation: a change that takes rights away is followed by a shoot-down of exactly those CPUs that have this hat
 * loaded (h_cpus), after h_lock has been dropped; pages are released only after it. The one who shoots waits, with
 * interrupts on and no spinlock held, until each of those CPUs has answered; a CPU answers from its interrupt handler.
 * This cannot deadlock: a CPU that spins for a lock with interrupts off waits for a holder, who by this rule does not shoot,
 * and two who shoot at once answer each other. So functions marked "shoots" want no spinlock held and interrupts on.
 * A CPU that has a hat loaded only because it has run a kernel thread since (hat_lazy) drops it at the first shoot-down.
 * The MMU keeps no translation whose A bit is clear: those are changed without invalidation.
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
#define HAT_TABLE_SPAN \
	(NPTE << PAGE_SHIFT) /* bytes that one page table maps; what hat_dup() shares whole */

#define HAT_DUP_MAX 48u /* beyond so many pages, fork flushes all of the TLB */

struct hat {
	struct spinlock h_lock;
	u32 *h_pgdir;	     /* kernel address of the page directory */
	volatile u32 h_cpus; /* bit per CPU that has it loaded (atomic; each bit by its CPU) */
	u32 h_resident;	     /* user pages present, PROT_NONE too (h_lock) */
	u32 h_ntables;	     /* page-table pages (h_lock) */
	u32 h_dup_n; /* between hat_dup() and hat_dup_done(): pages to invalidate (a_lock for writing) */
	u32 h_dup_va[HAT_DUP_MAX];
	bool h_still; /* during hat_dup(): no MMU writes to its tables, for no lwp runs in it (a_lock for writing) */
};

/* Boot CPU, after page_init(): builds the kernel's page directory (direct map, global; text and constants read-only). */
void hat_init(void);
/* Each other CPU, once: leaves the tables it was started with for the kernel's. */
void hat_init_cpu(void);
u32 hat_kernel_cr3(void);
/*
 * Debug builds: makes a page of RAM inaccessible to the kernel, or accessible again. Other CPUs may see the old state
 * for a while when access is taken away: good enough for a guard. From any context.
 */
void hat_guard(void *page, bool on);
/*
 * Maps device registers, uncached; never unmapped. Pages that are mapped already are shared. Panics if MMIO space runs
 * out. Any context that may take a spinlock.
 */
volatile void *mmio_map(paddr_t pa, size_t len);

int hat_create(struct hat *h); /* -ENOMEM */
/* No CPU has h loaded afterwards (nor loads it again: no process has it). Makes later unmapping free of invalidations. Shoots. */
void hat_leave(struct hat *h);
/* All user pages must be gone (hat_unmap), and hat_leave() done. */
void hat_destroy(struct hat *h);
/* Makes h (NULL: the kernel's own) the tables of this CPU; cheap when it already is. Interrupts off. */
void hat_switch(struct hat *h);
/* This CPU goes on with a kernel thread that touches no user memory: keeps what is loaded. Interrupts off. */
void hat_lazy(void);

#define HAT_WRITE 1u
#define HAT_NONE 2u  /* PROT_NONE: keep the frame, deny access */
#define HAT_DIRTY 4u /* enter with the dirty bit set */

/*
 * Enters a translation; takes over the caller's reference on pg. An old translation of va is replaced (and its
 * page put). -ENOMEM (reference not taken). May sleep for a page-table page. Shoots if it replaces.
 */
int hat_enter(struct hat *h, u32 va, struct page *pg, u32 flags) __must_check;
/*
 * The same only if va's PTE is still `expect` but for A and D (0: none): else -EAGAIN, reference not taken. For page
 * faults that race.
 */
int hat_enter_if(struct hat *h, u32 va, u32 expect, struct page *pg, u32 flags) __must_check;
/*
 * Enters pg[i] (NULL: none) at va + i pages, read-only and not accessed, where no translation is and a page table is;
 * n <= 32, all within one page table. Takes over the references of those entered and returns them as a bit mask.
 */
u32 hat_enter_around(struct hat *h, u32 va, struct page *const *pg, u32 n);
/*
 * A write fault on a private page: if va's PTE is still `expect` but for A and D, and its page belongs to nobody else, the
 * PTE becomes writable: true.
 */
bool hat_grant_write(struct hat *h, u32 va, u32 expect);
/* The PTE of va, 0 if none. a_lock held. */
u32 hat_probe(struct hat *h, u32 va);
/* The same, with a reference on the page; NULL: none. *pte (if not NULL) as it was. */
struct page *hat_getpage(struct hat *h, u32 va, u32 *pte);
/* The page of a PTE that allows writing, which is marked dirty, with a reference; NULL: none. */
struct page *hat_getpage_write(struct hat *h, u32 va);
/* Drops va's translation if it still is one to pg. Shoots. */
void hat_drop_if(struct hat *h, u32 va, const struct page *pg);
/*
 * Drops [va, va+len): pages put. If dirty_fn, calls it for each page with PTE_D set before the put (may take spinlocks).
 * Page tables whose whole range is dropped are freed. One that is shared must be dropped whole (hat_cut). a_lock held for writing.
 * Shoots.
 */
void hat_unmap(struct hat *h, u32 va, u32 len, void (*dirty_fn)(struct page *pg));
/*
 * Sets protection of what is present in [va, va+len): HAT_NONE, 0 (read) or HAT_WRITE (W at once for private pages held
 * once; otherwise W is left for the write fault to grant). Shoots when rights shrink.
 */
void hat_protect(struct hat *h, u32 va, u32 len, u32 flags);
/*
 * Copy for fork: every page of [va, va+len) of src shared with dst (which nobody uses yet).
 * -ENOMEM. a_lock of src held for writing until hat_dup_done(), also after an error.
 */
enum hat_dup_how {
	HAT_DUP_SHARED, /* src stays as it is, dst gets the same pages read-only and clean */
	HAT_DUP_COPY,	/* copy-on-write: write rights are taken from both */
	HAT_DUP_OWN,	/* the same without the pages that belong to a file */
	HAT_DUP_ANON, /* the same for a whole seg that has no page of a file: page tables that it fills are shared */
};
int hat_dup(struct hat *dst, struct hat *src, u32 va, u32 len, enum hat_dup_how how) __must_check;
/* Ends a series of hat_dup() from src: one flush for all. Shoots. */
void hat_dup_done(struct hat *src);
/*
 * Makes the page tables of [va, va+len) h's own, as far as there are any: what changes entries that are there needs that first
 * (hat_grant_write, hat_protect, hat_move, hat_unmap of less than whole segs; hat_enter does it itself). -ENOMEM. May sleep. Shoots.
 */
int hat_own(struct hat *h, u32 va, u32 len) __must_check;
/* hat_own() for the table that a new border of segs at va would cut. */
int hat_cut(struct hat *h, u32 va) __must_check;
/* Is the page table of va one that other hats have, or had, too? Then its entries must not be changed. */
static inline bool hat_shared(const struct hat *h, u32 va)
{
	return (h->h_pgdir[va / HAT_TABLE_SPAN] & (PTE_P | PTE_W)) == PTE_P;
}
/* Makes sure that page tables for [va, va+len) are there, h's own. -ENOMEM. May sleep. a_lock held for writing. Shoots. */
int hat_reserve(struct hat *h, u32 va, u32 len) __must_check;
/*
 * Moves translations (mremap) between ranges that do not overlap; hat_reserve(to) has been called. Takes only h_lock.
 * Returns the CPUs for hat_shoot(). a_lock held for writing.
 */
u32 hat_move(struct hat *h, u32 from, u32 to, u32 len) __must_check;

/*
 * For walks over all mappings of a vnode, with its vs_lock held. All return the CPUs that must be shot down
 * (hat_shoot) before the change counts.
 *
 * hat_drop_file: drops translations of vp's own pages in [va, va+len). The page cache still holds each of them.
 * hat_age_file: drops those of them that are clean and whose A bit is clear, and clears it in the others; adds to *dropped.
 * hat_harvest_dirty: clears the dirty bits, write-protecting when `wp`; calls fn for each page that had one, with a
 * reference held and no h_lock.
 */
u32 hat_drop_file(struct hat *h, u32 va, u32 len, const struct vnode *vp) __must_check;
u32 hat_age_file(struct hat *h, u32 va, u32 len, const struct vnode *vp, u32 *dropped) __must_check;
u32 hat_harvest_dirty(struct hat *h, u32 va, u32 len, bool wp,
		      void (*fn)(struct page *pg, u32 va, void *arg), void *arg) __must_check;
/* Empties the TLB (but for global entries) of the CPUs in the mask, this one too if it is in it. Shoots. */
void hat_shoot(u32 cpu_mask);

/*
 * Calls fn for each page present (PROT_NONE too) in [va, va+len), in order; stops when fn returns non-zero and returns that.
 * Called with h_lock not held; a_lock held, or the process is. Faults may change the range meanwhile if a_lock is held for reading. fn
 * may look at the struct page only then: the frame may be another's by now.
 */
int hat_foreach(struct hat *h, u32 va, u32 len,
		int (*fn)(u32 va, u32 pte, struct page *pg, void *arg), void *arg);

/* The IPI's handler (T_IPI_TLB). Interrupts off; the caller ends the interrupt. */
void hat_shootdown_ipi(void);

#endif
