/* SPDX-License-Identifier: MIT */
/* ckptool: what its parts share. An image is walked once, field by field, and a sink makes text of that. */
#ifndef TOOLS_CKPTOOL_H
#define TOOLS_CKPTOOL_H

#include <stdio.h>

#include "ckpt/image/image.h"

struct tool_image {
	const char *ti_name;
	int ti_fd;
	u64 ti_size;
	struct img_image ti_img;
	struct img_io ti_io;
};

/* Exit statuses: the image is damaged, forged or none at all; wrong usage, or a file cannot be read. */
enum { BAD_IMAGE = 1, TROUBLE = 2 };

/* ckptool_open.c. Open: 0, or a message was printed and the exit status is returned; close may follow in any case. */
int tool_open(struct tool_image *ti, const char *name);
void tool_close(struct tool_image *ti);
/* Prints what the reader found wrong; the exit status. */
int tool_complain(const struct tool_image *ti, int error, const struct img_err *err);
/* Index of the process with that id; with pid 0 that of the first. IMG_NONE: a message was printed. */
u32 tool_find(const struct tool_image *ti, s32 pid);
/* The stored page at `at` of run list k; false: it is not stored. Ends the program if it cannot be read. */
bool tool_page(const struct tool_image *ti, u32 k, u32 at, u8 page[IMG_PAGE]);

/*
 * Where a walk's names and values go. A key is NULL inside a list; an item is an element of a list that is known by a label of its own
 * (a process by its id, a seg by its address).
 */
struct sink {
	void (*k_open)(struct sink *k, const char *key, bool list);
	void (*k_item)(struct sink *k, const char *label);
	void (*k_close)(struct sink *k, bool list);
	void (*k_number)(struct sink *k, const char *key, s64 value);
	void (*k_unsigned)(struct sink *k, const char *key, u64 value);
	void (*k_text)(struct sink *k, const char *key, const char *value);
	void (*k_bytes)(struct sink *k, const char *key, const u8 *p, u32 n);
};

/* ckptool_walk.c: everything but the contents of the pages. With `places`, also where in the file things are. */
void tool_walk(const struct tool_image *ti, struct sink *k, bool places);

/* ckptool_*.c: the commands. Exit statuses, but for tool_diff(): 0 no difference, 1 some were printed. */
void tool_info(const struct tool_image *ti, bool verbose);
void tool_json(const struct tool_image *ti);
int tool_diff(const struct tool_image *a, const struct tool_image *b);
int tool_cat(const struct tool_image *ti, u32 proc, u32 va, u32 len);
int tool_extract(const struct tool_image *ti, u32 proc, const char *out);
void tool_format(void);

/* Prints a string with everything that could disturb a terminal escaped. */
void tool_print_text(FILE *out, const char *s);

#endif
