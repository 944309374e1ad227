/* SPDX-License-Identifier: MIT */
/*
 * hat: the hardware address translation layer (SVR4's name). All that knows x86 page tables.
 *
 * A hat belongs to one struct as. Two levels, 4 KiB user pages; the kernel's upper quarter of the page
 * directory is the same in all hats and global. For private pages the PTE is the only record that
 * the page exists, so no PTE may be dropped lightly.
 *
 *   PTE:  31..12 frame | 11 - | 10 - | 9 SW_NONE | 8 G | .. | 6 D | 5 A | .. | 2 U | 1 W | 0 P
 *   SW_NONE with P clear: the page is there but PROT_NONE; frame and reference stay.
 *
 * Locks: h_lock (LR_HAT, spin) guards the tables of one hat. Invalidation: a change that takes rights
 * away is followed by hat's own shoot-down of exactly those CPUs that use this hat (h_cpus), after
 * h_lock has been dropped; pages are released only after it. Interrupts must be on (the other CPU may
 * be waiting for us), so no spinlock may be held when one of the functions marked "shoots" is called.
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
#define PTE_FRAME 0xfffff000u

struct hat {
	struct spinlock h_lock;
	u32 *h_pgdir;		/* kernel address of the page directory */
	volatile u32 h_cpus;	/* bit per CPU that has it loaded */
	u32 h_resident;		/* user pages present (h_lock) */
	u32 h_ntables;		/* page-table pages (h_lock) */
};

/* Boot CPU: builds the kernel's page directory (direct map, global, W^X where 4 MiB pages allow it). */
void hat_init(void);
/* Maps device registers; never unmapped. Panics if MMIO space runs out. Uncached. */
volatile void *mmio_map(paddr_t pa, size_t len);

int hat_create(struct hat *h); /* -ENOMEM */
/* All user pages must be gone (hat_unmap). Loads the kernel's directory on CPUs that still have it lazily. Shoots. */
void hat_destroy(struct hat *h);
/* Makes h (NULL: the kernel's own) the tables of this CPU; cheap when it already is. Interrupts off. */
void hat_switch(struct hat *h);

#define HAT_WRITE 1u
#define HAT_NONE 2u /* PROT_NONE: keep the frame, deny access */
#define HAT_DIRTY 4u /* enter with the dirty bit set */

/*
 * Enters a translation; takes over the caller's reference on pg. An old translation of va is replaced (and its
 * page put). -ENOMEM (reference not taken). May sleep for a page-table page. Shoots if it replaces.
 */
int hat_enter(struct hat *h, u32 va, struct page *pg, u32 flags) __must_check;
/* The same only if va's PTE is still `expect` (0: none): else -EAGAIN, reference not taken. For page faults that race. */
int hat_enter_if(struct hat *h, u32 va, u32 expect, struct page *pg, u32 flags) __must_check;
/* The PTE of va, 0 if none. */
u32 hat_probe(struct hat *h, u32 va);
/* The same, with a reference on the page (NULL if none). */
struct page *hat_getpage(struct hat *h, u32 va);
/* Drops [va, va+len): pages put. If dirty_fn, calls it for each page with PTE_D set before the put. Shoots. */
void hat_unmap(struct hat *h, u32 va, u32 len, void (*dirty_fn)(struct page *pg));
/* Sets protection of what is present in [va, va+len): HAT_NONE, 0 (read) or HAT_WRITE (only grants W to private pages
 * held once when `cow` is false; otherwise W is left for the write fault to grant). Shoots when rights shrink. */
void hat_protect(struct hat *h, u32 va, u32 len, u32 flags);
/* Copy-on-write copy for fork: every page of [va, va+len) shared, write rights taken from both. -ENOMEM. Shoots once: see hat_dup_done(). */
int hat_dup(struct hat *dst, struct hat *src, u32 va, u32 len, bool shared);
/* Ends a series of hat_dup() from src: one flush for all. */
void hat_dup_done(struct hat *src);
/* Moves translations (mremap). Ranges do not overlap. Shoots. -ENOMEM with nothing moved. */
int hat_move(struct hat *h, u32 from, u32 to, u32 len);
/* Reads and clears the dirty bits of [va, va+len), write-protecting when `wp`: fn for each dirty page. Shoots. */
void hat_harvest_dirty(struct hat *h, u32 va, u32 len, bool wp, void (*fn)(struct page *pg, u32 va, void *arg), void *arg);
/* Calls fn for each page present (PROT_NONE too) in [va, va+len), in order; stops when fn returns non-zero and returns that.
 * Called with h_lock not held; the range must be kept stable by the as lock. */
int hat_foreach(struct hat *h, u32 va, u32 len, int (*fn)(u32 va, u32 pte, struct page *pg, void *arg), void *arg);

/* The IPI's handler. */
void hat_shootdown_ipi(void);

#endif
