/* SPDX-License-Identifier: MIT */
/*
 * Address spaces under random operations, and shortage of memory, against a model that knows for each page what a program
 * would see.
 */
#include "tests/unit/mm_ops.h"

/* A program with room for brk in the middle, and a stack. */
static void first_space(void)
{
	struct space *sp = &space[0];
	u32 addr = STACK_TOP - 2 * PAGE_SIZE;

	sp->as = as_create();
	load(0, &sp->as->a_hat);
	sp->as->a_mmap_top = WIN + NP * PAGE_SIZE;
	sp->as->a_stack_limit = STK * PAGE_SIZE;
	sp->brk_start = sp->brk = NP / 2;
	sp->as->a_brk_start = sp->as->a_brk = page_va(sp->brk_start);
	CHECK(as_map(sp->as, &addr, 2 * PAGE_SIZE, 3, 7, SEG_STACK, NULL, 0, true) == 0);
	sp->m[NALL - 1] = sp->m[NALL - 2] = (struct mpage){ true, 3, 7, SEG_STACK, -1, 0, false, 0 };
}

static u32 frames_free(void)
{
	struct page_stats st;

	kmem_trim();
	page_stats(&st);
	return st.ps_free;
}

static void run(u32 first_seed, u32 steps)
{
	u32 before = frames_free(), i, n;

	seed = first_seed;
	for (i = 0; i < NFILE; i++) {
		memset(&files[i], 0, sizeof(files[i]));
		files[i].v_ref = 1;
		files[i].v_npages = FPAGES;
		vsegs_init(&files[i].v_segs);
	}
	memset(tlbs, 0, sizeof(tlbs));
	first_space();
	for (step = 0; step < steps; step++) {
		bool scarce = rnd(8) == 0;

		if (rnd(50) == 0)
			disk_full = !disk_full;
		if (rnd(10) == 0)
			disk_busy = true;
		if (scarce)
			shortage(true);
		one_step();
		if (scarce)
			shortage(false);
		check_all();
		if (!space[0].as && !space[1].as && !space[2].as)
			first_space();
	}
	drop_snapshot();
	for (i = 0; i < 3 * NFILE; i++)
		op_clean();
	for (i = 0; i < NSPACE; i++)
		if (space[i].as)
			drop_space(&space[i]);
	check_all();
	for (i = 0; i < NFILE; i++)
		for (n = 0; n < FPAGES; n++) {
			CHECK(files[i].v_dirty[n] || !files[i].v_written[n]);
			if (files[i].v_page[n])
				page_put(files[i].v_page[n]);
		}
	CHECK(frames_free() == before);
}

/* --- not at random --- */

static struct as *one_table(void)
{
	struct as *as = as_create();
	u32 addr = WIN;

	CHECK(as && as_map(as, &addr, TABLE_SPAN, 3, 7, 0, NULL, 0, true) == 0);
	CHECK(as_write(as, WIN, "old", 4) == 4);
	return as;
}

/* A page that one lwp holds for I/O while another one of its process unmaps it is not the other process's to write. */
static void test_held_pages(void)
{
	struct as *parent = one_table(), *child = as_dup(parent, true);
	struct page *pg;
	char buf[8];

	CHECK(as_getpage(child, WIN, false, &pg) == 0); /* is being written to a disk */
	CHECK(as_unmap(child, WIN, TABLE_SPAN) == 0);
	CHECK(as_write(parent, WIN, "secret", 7) == 7);
	CHECK(strcmp(page_kva(pg), "old") == 0);
	page_put(pg);
	as_rele(child);
	as_rele(parent);

	parent = one_table();
	CHECK(as_getpage(parent, WIN, true, &pg) == 0); /* is being read from a disk */
	child = as_dup(parent, false);
	CHECK(as_unmap(parent, WIN, TABLE_SPAN) == 0);
	CHECK(as_write(child, WIN, "child", 6) == 6);
	strcpy(page_kva(pg), "disk");
	CHECK(as_read(child, WIN, buf, 6) == 6 && strcmp(buf, "child") == 0);
	page_put(pg);
	as_rele(child);
	as_rele(parent);
}

/* What is large begins where a page table does; what is not leaves no hole. */
static void test_places(void)
{
	struct as *as = as_create();
	u32 top = WIN + NP * PAGE_SIZE, at[3] = { 0 },
	    len[3] = { PAGE_SIZE, 8 * TABLE_SPAN + PAGE_SIZE, TABLE_SPAN };

	as->a_mmap_top = top;
	for (u32 i = 0; i < 3; i++)
		CHECK(as_map(as, &at[i], len[i], 3, 7, 0, NULL, 0, false) == 0);
	CHECK(at[0] == top - PAGE_SIZE);
	CHECK(at[1] == top - 9 * TABLE_SPAN);
	CHECK(at[2] == at[1] - TABLE_SPAN);
	as_rele(as);
}

int main(int argc, char **argv)
{
	static const struct mem_range ram = { 0x1000, RAM_BYTES };
	u32 i, from = argc > 1 ? (u32)atoi(argv[1]) : 1, n = argc > 2 ? (u32)atoi(argv[2]) : 12;

	host_ram = aligned_alloc(PAGE_SIZE, RAM_BYTES);
	page_init(&ram, 1, NULL, 0);
	kmem_init();
	as_init();
	vnode_mm_register(&file_ops);
	test_held_pages();
	test_places();
	for (i = from; i < from + n; i++)
		run(i, 4000);
	CHECK(tables_shared > 1000 * n);
	printf("ok address spaces against the model\n");
	return 0;
}
