/* SPDX-License-Identifier: MIT */
/*
 * libckpt: checkpoints by a library, in the spirit of Libckpt (J. S. Plank,
 * M. Beck, G. Kingsley, K. Li: Libckpt: Transparent Checkpointing under Unix,
 * USENIX 1995), written from its description. It asks nothing of the kernel
 * but the ordinary system calls, so the same program runs on Linux.
 *
 * A program is linked with libckpt.a and -Wl,--wrap=main. `PROGRAM =recover`
 * brings it back. docs/libckpt.md has the options and the limits.
 */
#ifndef LIBCKPT_H
#define LIBCKPT_H

#include <stddef.h>

/*
 * Saves the calling program, unless the last checkpoint is younger than the
 * option mintime.
 * Returns: 0: it is saved (option fork: being saved), or it was too soon;
 * 1: this is the recovered program; -1: it is not saved, and a line on standard
 * error says why.
 */
int checkpoint_here(void);

/* How a range of memory is left out of checkpoints. */
/* Its contents do not count any more: zero, or older, after recovery. */
#define CKPT_DEAD 1
/* It does not change: the next checkpoint has it, later ones need not. */
#define CKPT_READONLY 2

/*
 * Leaves out the whole pages of [addr, addr + len), or takes them in again.
 * Returns: 0; -1: there are too many ranges, or the usage is none.
 */
int exclude_bytes(void *addr, size_t len, int usage);
int include_bytes(void *addr, size_t len);

/*
 * Sets one option, as a line of the option file does: "fork on".
 * Returns: 0; -1: there is no such option or value, and a line says so.
 */
int libckpt_set(const char *line);

/*
 * Sets the options dir and name to the two parts of DIR/NAME; to name alone if
 * there is no slash. Returns: as libckpt_set().
 */
int libckpt_set_image(const char *name);

/* Of the last checkpoint that was asked for. */
struct libckpt_stats {
	/* The program did not run for so long. */
	unsigned long long ls_stop_ns;
	/* From the call until the file was on the disk. */
	unsigned long long ls_durable_ns;
	unsigned long long ls_bytes; /* of the file */
	unsigned long long ls_pages; /* pages of contents in it */
};

/*
 * Waits until no checkpoint is being written any more.
 * Returns: 0: the last one is durable; -1: it failed, or there was none.
 */
int libckpt_wait(struct libckpt_stats *st);

#endif
