/* SPDX-License-Identifier: MIT */
/*
 * Refusals; memory for images and lists, and the limit on messages, for the
 * whole facility.
 */
#include "ckpt/sink.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

static void *mem_alloc(void *ctx, u32 size)
{
	return kmalloc(size, 0);
}

static void mem_free(void *ctx, void *p)
{
	kfree(p);
}

struct ratelimit ckpt_limit = RATELIMIT_INIT("ckpt", "");
const struct img_mem ckpt_mem = { .m_alloc = mem_alloc, .m_free = mem_free };

static int refuse_by(const char *name, int error, const char *fmt, va_list ap)
{
	char text[256];

	vsnprintf_visible(text, sizeof(text), fmt, ap);
	if (curlwp()->l_ckptsink) {
		ckpt_sink_line(curlwp()->l_ckptsink, name, text);
		return 0;
	}
	printk_limited(&ckpt_limit, "ckpt: %s: %s\n", name, text);
	return error;
}

int ckpt_refuse(const char *name, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error = refuse_by(name, error, fmt, ap);
	va_end(ap);
	return error;
}

int ckpt_lacks(const struct ckpt_save *cs, const char *name, const char *fmt, ...)
{
	va_list ap;
	int error;

	if (cs_in_place(cs))
		return 0;
	va_start(ap, fmt);
	error = refuse_by(name, -EOPNOTSUPP, fmt, ap);
	va_end(ap);
	return error;
}

void *ckpt_room(void *list, u32 n, u32 size)
{
	void *more;

	/* The list was full at n = 0, 4, 8, 16... */
	if (n && (n < 4 || (n & (n - 1))))
		return list;
	more = kmalloc((n ? 2 * n : 4) * size, 0);
	if (more && n) {
		memcpy(more, list, n * size);
		kfree(list);
	}
	return more;
}
