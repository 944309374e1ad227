/* SPDX-License-Identifier: MIT */
/*
 * The recovery. The same program has been started anew; its data, heap and
 * stack are replaced by those of the checkpoint. The code that does so runs on
 * a stack in an arena, at an address where the saved program had nothing; from
 * there on it uses no variable of the program, no C library and no thread-local
 * storage.
 */
#include "lc.h"

#include <string.h>
#include <sys/mman.h>

#define ARENA_STACK 65536u
#define ARENA_LOWEST 0x10000000u
#define ARENA_HIGHEST 0xb0000000u
#define ARENA_STEP 0x01000000u

struct arena {
	uint32_t a_size; /* first: save.c reads it there */
	int a_n;
	struct lc_context *a_context;
	uint32_t a_tls_entry, a_tls_base;
	uint32_t a_stack_low; /* the stack reaches down to here now */
	uint32_t a_nold;      /* segments that are given up */
	struct lc_seg a_old[LC_SEGS];
	struct lc_image a_images[LC_CHAIN + 1];
};

static void restore_from(struct arena *a) __attribute__((noreturn, used));

static bool is_free(const struct lc_image *newest, uint32_t start, uint32_t end)
{
	for (uint32_t i = 0; i < newest->i_head.h_nsegs; i++) {
		if (newest->i_segs[i].s_start < end && newest->i_segs[i].s_end > start)
			return false;
	}
	return true;
}

/* Memory that neither this program nor the saved one uses. */
static uint32_t find_arena(const struct lc_image *newest, uint32_t size)
{
	for (uint32_t at = ARENA_LOWEST; at < ARENA_HIGHEST; at += ARENA_STEP) {
		long got;

		if (!is_free(newest, at, at + size))
			continue;
		got = lc_map(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
		if ((uint32_t)got == at)
			return at;
		if (!LC_FAILED(got))
			lc_call3(SYS_munmap, got, (long)size, 0);
	}
	return 0;
}

static uint32_t tables_of(const struct lc_image *i)
{
	return i->i_head.h_size - i->i_head.h_tables;
}

/* The arena: the struct, the tables of all files, the stack. */
static uint32_t arena_size(const struct lc_image *images, int n)
{
	uint32_t size = sizeof(struct arena) + ARENA_STACK;

	for (int i = 0; i < n; i++)
		size += tables_of(&images[i]);
	return LC_UP(size);
}

static void fill_arena(struct arena *a, const struct lc_image *images, int n)
{
	char *table = (char *)(a + 1);

	a->a_n = n;
	a->a_context = &lc.context;
	a->a_tls_entry = lc.tls_entry;
	a->a_tls_base = lc.tls_base;
	a->a_stack_low = LC_DOWN(__builtin_frame_address(0));
	a->a_nold = (uint32_t)lc.nsegs;
	memcpy(a->a_old, lc.segs, sizeof(lc.segs[0]) * (size_t)lc.nsegs);
	memcpy(a->a_images, images, sizeof(*images) * (size_t)n);
	for (int i = 0; i < n; i++) {
		memcpy(table, images[i].i_segs, tables_of(&images[i]));
		a->a_images[i].i_segs = (struct lc_seg *)table;
		a->a_images[i].i_runs = (struct lc_run *)(table + images[i].i_head.h_nsegs * sizeof(struct lc_seg));
		table += tables_of(&images[i]);
		lc_call3(SYS_munmap, (long)images[i].i_segs, (long)LC_UP(tables_of(&images[i])), 0);
	}
}

void lc_restore(struct lc_image *images, int n)
{
	uint32_t size = arena_size(images, n);
	struct arena *a = (struct arena *)find_arena(&images[n - 1], size);

	if (!a) {
		lc_say("not recovered: there is no room for %u KiB beside it", size / 1024);
		lc_call3(SYS_exit_group, 1, 0, 0);
	}
	a->a_size = size;
	fill_arena(a, images, n);
	__asm__ volatile("mov %0, %%esp; push %1; push $0; jmp restore_from"
			 :
			 : "r"((uint32_t)a + size - 64), "r"(a)
			 : "memory");
	__builtin_unreachable();
}

static void fail(const char *text, long len)
{
	lc_call3(SYS_write, 2, (long)text, len);
	lc_call3(SYS_exit_group, 1, 0, 0);
}

#define FAIL(text) \
	fail("libckpt: not recovered: " text "\n", sizeof("libckpt: not recovered: " text "\n") - 1)

/* Everything that the new program had but code, data and stack. */
static void give_up_memory(const struct arena *a)
{
	const struct lc_head *h = &a->a_images[a->a_n - 1].i_head;

	for (uint32_t i = 0; i < a->a_nold; i++) {
		const struct lc_seg *s = &a->a_old[i];

		if (s->s_kind == LC_MAP)
			lc_call3(SYS_munmap, (long)s->s_start, (long)(s->s_end - s->s_start), 0);
	}
	lc_call3(SYS_brk, (long)h->h_heap_start, 0, 0);
	if ((uint32_t)lc_call3(SYS_brk, (long)h->h_heap_end, 0, 0) != h->h_heap_end)
		FAIL("the heap cannot be as large as it was");
}

/* Touches the pages of the stack one by one, downward, so that it grows. */
static void grow_stack(const struct arena *a, uint32_t start)
{
	for (uint32_t page = a->a_stack_low; page > start; page -= LC_PAGE)
		*(volatile uint32_t *)(page - LC_PAGE) = 0;
}

static void make_segments(const struct arena *a)
{
	const struct lc_image *newest = &a->a_images[a->a_n - 1];

	for (uint32_t i = 0; i < newest->i_head.h_nsegs; i++) {
		const struct lc_seg *s = &newest->i_segs[i];

		if (s->s_kind == LC_STACK)
			grow_stack(a, s->s_start);
		else if (s->s_kind != LC_HEAP &&
			 LC_FAILED(lc_map(s->s_start, s->s_end - s->s_start, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)))
			FAIL("there is not enough memory");
	}
}

static void read_part(int fd, uint32_t start, uint32_t end, uint32_t offset)
{
	while (start < end) {
		long n = lc_call5(SYS_pread64, fd, (long)start, (long)(end - start), (long)offset, 0);

		if (n <= 0)
			FAIL("a file could be read before, and cannot now");
		start += (uint32_t)n;
		offset += (uint32_t)n;
	}
}

/* The part of a run that lies in a segment. */
static void fill_part(int fd, const struct lc_run *r, const struct lc_seg *s)
{
	uint32_t start = r->r_addr, end = r->r_addr + r->r_pages * LC_PAGE;

	if (start < s->s_start)
		start = s->s_start;
	if (end > s->s_end)
		end = s->s_end;
	if (start >= end)
		return;
	if (r->r_offset)
		read_part(fd, start, end, r->r_offset + (start - r->r_addr));
	else
		memset((void *)start, 0, end - start);
}

/*
 * The files from the oldest to the newest: later contents replace earlier ones.
 */
static void fill_segments(const struct arena *a)
{
	const struct lc_image *newest = &a->a_images[a->a_n - 1];

	for (int n = 0; n < a->a_n; n++) {
		const struct lc_image *i = &a->a_images[n];

		for (uint32_t r = 0; r < i->i_head.h_nruns; r++) {
			for (uint32_t s = 0; s < newest->i_head.h_nsegs; s++)
				fill_part(i->i_fd, &i->i_runs[r], &newest->i_segs[s]);
		}
		lc_call3(SYS_close, i->i_fd, 0, 0);
	}
}

static void protect_segments(const struct arena *a)
{
	const struct lc_image *newest = &a->a_images[a->a_n - 1];

	for (uint32_t i = 0; i < newest->i_head.h_nsegs; i++) {
		const struct lc_seg *s = &newest->i_segs[i];

		if (s->s_kind != LC_STACK)
			lc_call3(SYS_mprotect, (long)s->s_start, (long)(s->s_end - s->s_start), (long)s->s_prot);
	}
}

/*
 * Linux: struct user_desc; the segment of thread-local storage, all of memory
 * from its base on.
 */
static void set_tls(const struct arena *a)
{
	uint32_t desc[4] = { a->a_tls_entry, a->a_tls_base, 0xfffff, 0x51 };
	uint32_t selector = a->a_tls_entry << 3 | 3;

	lc_call3(SYS_set_thread_area, (long)desc, 0, 0);
	__asm__ volatile("mov %0, %%gs" : : "r"(selector));
}

static void restore_from(struct arena *a)
{
	give_up_memory(a);
	make_segments(a);
	fill_segments(a);
	protect_segments(a);
	set_tls(a);
	lc_load_context(a->a_context, (uint32_t)a);
}
