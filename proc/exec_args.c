/* SPDX-License-Identifier: MIT */
/*
 * The strings of an exec, from the old program's memory into pages that become
 * the top of the new stack.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/exec_impl.h"

#define STRING_MAX (32u * PAGE_SIZE)

int xa_init(struct exec_args *xa, u32 limit_bytes)
{
	u32 max = (XA_MAXPAGES - 2) * PAGE_SIZE;

	memset(xa, 0, sizeof(*xa));
	xa->xa_page = kzalloc(XA_MAXPAGES * sizeof(xa->xa_page[0]), 0);
	if (!xa->xa_page)
		return -ENOMEM;
	xa->xa_start = xa->xa_end = XA_HEADROOM;
	xa->xa_limit = XA_HEADROOM + MIN(limit_bytes, max);
	return 0;
}

void xa_free(struct exec_args *xa)
{
	if (!xa->xa_page)
		return;
	for (u32 i = 0; i < XA_MAXPAGES; i++) {
		if (xa->xa_page[i])
			page_put(xa->xa_page[i]);
	}
	kfree(xa->xa_page);
	xa->xa_page = NULL;
}

/*
 * Returns: the kernel address of offset off, whose page is made if needed;
 *   NULL: out of memory.
 */
static u8 *xa_at(struct exec_args *xa, u32 off)
{
	struct page **pg = &xa->xa_page[off / PAGE_SIZE];

	if (!*pg)
		*pg = page_alloc(PGA_ZERO);
	return *pg ? (u8 *)page_kva(*pg) + off % PAGE_SIZE : NULL;
}

u32 xa_strsize(const struct exec_args *xa, u32 off)
{
	u32 n = 0;

	for (;;) {
		const u8 *p = (const u8 *)page_kva(xa->xa_page[(off + n) / PAGE_SIZE]) + (off + n) % PAGE_SIZE;

		n++;
		if (!*p)
			return n;
	}
}

/* Copies one string from user memory page by page. */
static int append_user(struct exec_args *xa, uaddr_t s)
{
	u32 len = 0;

	for (;;) {
		u32 room = PAGE_SIZE - xa->xa_end % PAGE_SIZE;
		u8 *dst;
		ssize_t n;

		if (xa->xa_end >= xa->xa_limit || len >= STRING_MAX)
			return -E2BIG;
		dst = xa_at(xa, xa->xa_end);
		if (!dst)
			return -ENOMEM;
		n = copyinstr((char *)dst, s + len, room);
		if (n >= 0) {
			xa->xa_end += (u32)n + 1;
			return xa->xa_end > xa->xa_limit ? -E2BIG : 0;
		}
		if (n != -ENAMETOOLONG)
			return (int)n;
		xa->xa_end += room;
		len += room;
	}
}

static int append_user_array(struct exec_args *xa, uaddr_t array, u32 *count)
{
	uaddr_t s;

	if (!array)
		return 0;
	for (u32 i = 0;; i++) {
		int error = user_load32(array + 4 * i, &s);

		if (error)
			return error;
		if (!s)
			return 0;
		error = append_user(xa, s);
		if (error)
			return error;
		/* The pointers need room on the stack too. */
		xa->xa_limit -= xa->xa_limit >= XA_HEADROOM + 4 ? 4 : 0;
		(*count)++;
	}
}

int xa_user_argv(struct exec_args *xa, uaddr_t argv)
{
	return append_user_array(xa, argv, &xa->xa_argc);
}

int xa_user_envp(struct exec_args *xa, uaddr_t envp)
{
	return append_user_array(xa, envp, &xa->xa_envc);
}

static int append_bytes(struct exec_args *xa, u32 off, const char *s, u32 n)
{
	while (n) {
		u32 part = MIN(n, PAGE_SIZE - off % PAGE_SIZE);
		u8 *dst = xa_at(xa, off);

		if (!dst)
			return -ENOMEM;
		memcpy(dst, s, part);
		off += part;
		s += part;
		n -= part;
	}
	return 0;
}

int xa_kernel_strings(struct exec_args *xa, char *const strings[], u32 *count)
{
	for (; strings && *strings; strings++) {
		u32 n = (u32)strlen(*strings) + 1;
		int error;

		if (xa->xa_end + n > xa->xa_limit)
			return -E2BIG;
		error = append_bytes(xa, xa->xa_end, *strings, n);
		if (error)
			return error;
		xa->xa_end += n;
		(*count)++;
	}
	return 0;
}

void xa_begin_env(struct exec_args *xa)
{
	xa->xa_env = xa->xa_end;
}

int xa_prepend(struct exec_args *xa, const char *s)
{
	u32 n = (u32)strlen(s) + 1;

	if (n > xa->xa_start)
		return -E2BIG;
	xa->xa_start -= n;
	xa->xa_argc++;
	return append_bytes(xa, xa->xa_start, s, n);
}

void xa_drop_first(struct exec_args *xa)
{
	if (!xa->xa_argc)
		return;
	xa->xa_start += xa_strsize(xa, xa->xa_start);
	xa->xa_argc--;
}

int xa_install(struct exec_args *xa, struct as *as, u32 *base)
{
	u32 first = xa->xa_start / PAGE_SIZE, end = PAGE_UP(xa->xa_end) / PAGE_SIZE;

	/*
	 * One page above the strings is for the kernel's own data: file name,
	 * platform, random bytes.
	 */
	*base = STACK_TOP - PAGE_SIZE - end * PAGE_SIZE;
	for (u32 i = first; i < end; i++) {
		int error;

		if (!xa->xa_page[i])
			continue;
		error = as_install_page(as, *base + i * PAGE_SIZE, xa->xa_page[i]);
		if (error)
			return error;
		xa->xa_page[i] = NULL;
	}
	return 0;
}
