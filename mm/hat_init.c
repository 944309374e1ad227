/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own part of the address space: the direct map of RAM, the window
 * for device registers, and which page directory each CPU has loaded.
 *
 * Every hat's directory gets a copy of the kernel's upper quarter when it is
 * created. So that quarter never changes after hat_init(): the page tables of
 * the device window exist from the start. Where RAM is mapped with 4 KiB pages
 * (the kernel's image; in debug builds all RAM), entries of those tables may
 * change.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "mm/hat_impl.h"

#define MMIO_TABLES ((MMIO_END - MMIO_BASE) / TABLE_SPAN)
#define MMIO_PTES (MMIO_TABLES * NPTE)

/*
 * Debug builds map all RAM with 4 KiB pages, so that any page can become a
 * guard.
 */
#ifdef DEBUG
#define SMALL_PAGES true
#else
#define SMALL_PAGES false
#endif

static u32 kernel_pgdir[NPTE] __aligned(PAGE_SIZE);

static struct {
	struct spinlock mm_lock; /* guards the rest */
	u32 mm_next;		 /* first unused page of the window */
	u32 *mm_table[MMIO_TABLES];
} mmio = { .mm_lock = SPINLOCK_INIT("mmio", LR_HAT) };

extern char __text_start[], __rodata_end[];

static u32 *new_table(void)
{
	struct page *pg = page_alloc(PGA_ZERO | PGA_NOWAIT);

	if (!pg)
		panic("hat_init: expected a frame for a page table, found none");
	return page_kva(pg);
}

/*
 * Maps 4 MiB of RAM at va with 4 KiB pages; text and constants are read-only.
 */
static u32 *small_table(u32 va)
{
	u32 *t = new_table();
	u32 i;

	for (i = 0; i < NPTE; i++, va += PAGE_SIZE) {
		bool ro = va >= (u32)__text_start && va < (u32)__rodata_end;

		t[i] = PA(va) | PTE_P | (ro ? 0 : PTE_W) | PTE_G | PTE_A | PTE_D;
	}
	return t;
}

void hat_guard(void *page, bool on)
{
	u32 va = (u32)page;
	u32 *table = KVA(kernel_pgdir[PDX(va)] & PTE_FRAME);

	ASSERT(SMALL_PAGES && !(kernel_pgdir[PDX(va)] & PTE_PS));
	if (on)
		table[PTX(va)] &= ~PTE_P;
	else
		table[PTX(va)] |= PTE_P;
	x86_invlpg(va);
}

static void map_ram(void)
{
	u32 va, end = KERNEL_BASE + ROUND_UP(npages << PAGE_SHIFT, TABLE_SPAN);

	for (va = KERNEL_BASE; va < end; va += TABLE_SPAN) {
		if (SMALL_PAGES || (va < (u32)__rodata_end && va + TABLE_SPAN > (u32)__text_start))
			kernel_pgdir[PDX(va)] = PA(small_table(va)) | PTE_P | PTE_W;
		else
			kernel_pgdir[PDX(va)] = PA(va) | PTE_P | PTE_W | PTE_PS | PTE_G;
	}
}

void hat_init(void)
{
	u32 i;

	map_ram();
	for (i = 0; i < MMIO_TABLES; i++) {
		mmio.mm_table[i] = new_table();
		kernel_pgdir[PDX(MMIO_BASE) + i] = PA(mmio.mm_table[i]) | PTE_P | PTE_W;
	}
	hat_init_cpu();
}

u32 hat_kernel_cr3(void)
{
	return PA(kernel_pgdir);
}

void hat_init_cpu(void)
{
	u32 cr4 = x86_cr4();

	/* Global entries of the start-up tables would stay in the TLB. */
	x86_set_cr4(cr4 & ~CR4_PGE);
	x86_set_cr3(hat_kernel_cr3());
	x86_set_cr4(cr4);
}

/* --- device registers --- */

static u32 *mmio_pte(u32 i)
{
	return &mmio.mm_table[i / NPTE][i % NPTE];
}

/*
 * Finds n consecutive used pages of the window that map frames from `pa` on;
 * MMIO_PTES: none.
 */
static u32 mmio_find(paddr_t pa, u32 n)
{
	u32 i, run;

	for (i = 0; i + n <= mmio.mm_next; i++) {
		for (run = 0; run < n; run++)
			if ((*mmio_pte(i + run) & PTE_FRAME) != pa + (run << PAGE_SHIFT))
				break;
		if (run == n)
			return i;
	}
	return MMIO_PTES;
}

volatile void *mmio_map(paddr_t pa, size_t len)
{
	u32 off = pa & PAGE_MASK, i, k;
	u32 n = (u32)((off + (u64)len + PAGE_MASK) >> PAGE_SHIFT);

	pa -= off;
	spin_lock(&mmio.mm_lock);
	i = mmio_find(pa, n);
	if (i == MMIO_PTES) {
		if (n > MMIO_PTES - mmio.mm_next)
			panic("mmio_map: expected room for %u pages at %x, found %u", n, pa,
			      MMIO_PTES - mmio.mm_next);
		i = mmio.mm_next;
		mmio.mm_next += n;
		for (k = 0; k < n; k++)
			*mmio_pte(i + k) = (pa + (k << PAGE_SHIFT)) | PTE_P | PTE_W | PTE_PWT |
					   PTE_PCD | PTE_G | PTE_A | PTE_D;
	}
	spin_unlock(&mmio.mm_lock);
	return (volatile void *)(MMIO_BASE + (i << PAGE_SHIFT) + off);
}

/* --- directories of processes --- */

int hat_create(struct hat *h)
{
	struct page *pg = page_alloc(PGA_ZERO);

	if (!pg)
		return -ENOMEM;
	memset(h, 0, sizeof(*h));
	spin_init(&h->h_lock, "hat", LR_HAT);
	h->h_pgdir = page_kva(pg);
	memcpy(&h->h_pgdir[PDX(KERNEL_BASE)], &kernel_pgdir[PDX(KERNEL_BASE)],
	       (NPTE - PDX(KERNEL_BASE)) * sizeof(u32));
	return 0;
}

void hat_destroy(struct hat *h)
{
	u32 i;

	VERIFY(h->h_cpus == 0 && h->h_resident == 0);
	for (i = 0; i < PDX(KERNEL_BASE); i++)
		if (h->h_pgdir[i] & PTE_P)
			table_put(pte_page(h->h_pgdir[i]));
	page_put(kva_page(h->h_pgdir));
	h->h_pgdir = NULL;
}
