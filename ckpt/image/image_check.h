/* SPDX-License-Identifier: MIT */
/*
 * The rules that every image keeps, one function for each kind of state. What a program can give itself by
 * ordinary means is allowed, however odd (a handler at any address, any stack pointer); what only the kernel could have
 * given it is not.
 *
 *   image_check.c       the whole: the tree of processes, files, and who uses what
 *   image_check_file.c  open files and what they hold: contents, pipes, terminals, descriptors, locks
 *   image_cow.c         pages that stand with another process
 *   image_check_proc.c  one process, but for its lwps
 *   image_check_lwp.c   one lwp: what the CPU and the boundary will be given
 *
 * A check relies on those before it: img_check() has the order. 0 or -EINVAL, *err set.
 */
#ifndef CKPT_IMAGE_CHECK_H
#define CKPT_IMAGE_CHECK_H

#include "ckpt/image/image.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/* ABI values: linux-libc-dev's asm-generic/signal.h, asm/stat.h. */
#define MODE_FMT 0170000u
#define MODE_REG 0100000u
#define MODE_DIR 0040000u
#define MODE_CHR 0020000u
#define MODE_FIFO 0010000u
#define MODE_LNK 0120000u
#define SIG_KILL 9u
#define SIG_STOP 19u
#define SIG_RTMIN 32u
#define SIG_BIT(n) (1ull << ((n)-1))
#define SIG_UNBLOCKABLE (SIG_BIT(SIG_KILL) | SIG_BIT(SIG_STOP))

#define REQUIRE(condition, what, val)                           \
	do {                                                    \
		if (!(condition))                               \
			return imgc_bad(err, what, (u32)(val)); \
	} while (0)

static inline int imgc_bad(struct img_err *err, const char *what, u32 val)
{
	*err = (struct img_err){ .e_what = what, .e_val = val };
	return -EINVAL;
}

/* A fixed array that holds a string: a 0 within, only zeros behind. */
static inline bool imgc_text_ok(const char *s, u32 size)
{
	u32 len = (u32)strnlen(s, size);

	if (len == size)
		return false;
	while (len < size && s[len] == 0)
		len++;
	return len == size;
}

static inline bool imgc_pid_ok(s32 pid)
{
	return pid > 0 && pid < IMG_PID_MAX;
}

/* Uses of vnodes (or files, or ttys) must name each index first in order: 0, 1, 2... */
static inline bool imgc_use(u32 index, u32 *seen, u32 count)
{
	if (index == *seen && index < count)
		++*seen;
	return index < *seen;
}

static inline bool imgc_vnode_is(const struct img_image *img, u32 index, u32 fmt)
{
	return (img->i_vnode[index].v_mode & MODE_FMT) == fmt;
}

/* It has a name by which it can be opened again. */
static inline bool imgc_vnode_lasts(const struct img_image *img, u32 index)
{
	return !(img->i_vnode[index].v_flags & (IMG_VF_REMOVED | IMG_VF_PROCESS));
}

static inline bool imgc_is_zombie(const struct img_proc *p)
{
	return p->p_flags & IMG_PF_ZOMBIE;
}

/* Room for what a check has to remember; img_check() takes it from the arena. */
struct imgc_notes {
	u8 n_id[IMG_PID_MAX / 8]; /* a bit for each id that is taken */
	u8 n_waits[IMG_PID_MAX / 8]; /* a bit for each id of an lwp that waits for the child of its vfork */
	u32 n_fifo[IMG_MAX_PIPES]; /* f_vnode of the first file of each pipe */
};

int imgc_proc(const struct img_proc *p, bool memory, struct img_err *err); /* its memory stands with it */
int imgc_lwps(const struct img_proc *p, struct img_err *err);
int imgc_queue(const struct img_sigqueue *q, struct img_err *err);
int imgc_data(const struct img_image *img, struct img_err *err);
int imgc_files(const struct img_image *img, struct imgc_notes *n, struct img_err *err);
int imgc_ttys(const struct img_image *img, struct img_err *err); /* after imgc_files() */
int imgc_stats(const struct img_image *img, struct img_err *err);
int imgc_cows(const struct img_image *img, struct img_err *err); /* after imgc_proc() of all */
int imgc_locks(const struct img_image *img, struct img_err *err);

#endif
