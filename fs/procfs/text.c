/* SPDX-License-Identifier: MIT */
/* Texts that grow. */
#include "fs/procfs/text.h"

#include <stdarg.h>

#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

#define TEXT_FIRST 1024u
#define TEXT_MAX (4u << 20) /* what one kmalloc() can give */

struct text *text_create(void)
{
	struct text *t = kzalloc(sizeof(*t), 0);

	if (t)
		t->t_ref = 1;
	return t;
}

void text_hold(struct text *t)
{
	__atomic_add_fetch(&t->t_ref, 1, __ATOMIC_RELAXED);
}

void text_rele(struct text *t)
{
	if (__atomic_sub_fetch(&t->t_ref, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	kfree(t->t_buf);
	kfree(t);
}

/* Room for n more bytes. */
static bool reserve(struct text *t, size_t n)
{
	size_t size = MAX(t->t_size, (size_t)TEXT_FIRST);
	char *buf;

	if (t->t_failed || t->t_len + n <= t->t_size)
		return !t->t_failed;
	while (size < t->t_len + n && size < TEXT_MAX)
		size *= 2;
	buf = size >= t->t_len + n ? kmalloc(size, 0) : NULL;
	if (!buf) {
		t->t_failed = true;
		return false;
	}
	if (t->t_len > 0)
		memcpy(buf, t->t_buf, t->t_len);
	kfree(t->t_buf);
	t->t_buf = buf;
	t->t_size = size;
	return true;
}

void text_add_bytes(struct text *t, const void *p, size_t n)
{
	if (!reserve(t, n))
		return;
	memcpy(t->t_buf + t->t_len, p, n);
	t->t_len += n;
}

void text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	if (!reserve(t, 1))
		return;
	va_start(ap, fmt);
	n = (size_t)vsnprintf(t->t_buf + t->t_len, t->t_size - t->t_len, fmt, ap);
	va_end(ap);
	if (n >= t->t_size - t->t_len) { /* cut: again, with room */
		if (!reserve(t, n + 1))
			return;
		va_start(ap, fmt);
		vsnprintf(t->t_buf + t->t_len, t->t_size - t->t_len, fmt, ap);
		va_end(ap);
	}
	t->t_len += n;
}

void text_pad(struct text *t, size_t from, size_t column)
{
	while (!t->t_failed && t->t_len - from < column)
		text_add_bytes(t, " ", 1);
}
