/* SPDX-License-Identifier: MIT */
/*
 * A text that grows: the contents of a file of /proc at one moment. If memory
 * runs out it stops growing, and t_failed is set.
 */
#ifndef FS_PROCFS_TEXT_H
#define FS_PROCFS_TEXT_H

#include "kernel/lib/types.h"

struct text {
	volatile u32 t_ref;
	char *t_buf;
	size_t t_len, t_size;
	bool t_failed;
};

struct text *text_create(void); /* one reference; NULL: out of memory */
void text_hold(struct text *t);
void text_rele(struct text *t);
void text_add(struct text *t, const char *fmt, ...) __printf(2, 3);
void text_add_bytes(struct text *t, const void *p, size_t n);
/* Adds spaces until the line that begins at byte `from` has `column` bytes. */
void text_pad(struct text *t, size_t from, size_t column);

#endif
