/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks, with a guard in debug builds:
 *
 *   +0     unused page: the stack is aligned to two pages
 *   +4096  guard
 *   +8192  stack, two pages
 */
#include "mm/kstack.h"
#include "kernel/lib/cpu.h"
#include "mm/hat.h"
#include "mm/page.h"

_Static_assert(KSTACK_SIZE == 2 * PAGE_SIZE, "orders below");

#ifdef DEBUG
#define ORDER 2
#define OFFSET KSTACK_SIZE
#else
#define ORDER 1
#define OFFSET 0
#endif

static void set_guard(u8 *block, bool on)
{
	if (OFFSET)
		hat_guard(block + PAGE_SIZE, on);
}

void *kstack_alloc(void)
{
	struct page *pg = page_alloc_order(ORDER, 0);
	u8 *block;

	assert_may_sleep("kstack_alloc");
	if (!pg)
		return NULL;
	block = page_kva(pg);
	set_guard(block, true);
	return block + OFFSET;
}

void kstack_free(void *stack)
{
	u8 *block = (u8 *)stack - OFFSET;

	set_guard(block, false);
	page_free_order(pa_page(PA(block)), ORDER);
}

#ifdef DEBUG
/*
 * Fills up to the stack pointer. An interrupt may use the room below, but
 * returns before the filling goes on.
 */
void kstack_soil(void)
{
	u8 *from = (u8 *)(kstack_info() + 1);
	u32 n;

	__asm__ volatile("movl %%esp, %%ecx\n\tsubl %%edi, %%ecx\n\trep stosb"
			 : "=D"(from), "=c"(n)
			 : "0"(from), "a"(mem_soil)
			 : "memory", "cc");
}
#endif
