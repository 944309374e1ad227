/* SPDX-License-Identifier: MIT */
/*
 * The rules that every image keeps. What a program can give itself by ordinary
 * means is allowed, however odd (a handler at any address, any stack pointer);
 * what only the kernel could have given it is not.
 *
 * img_check() goes through the tables three times, and each time trusts what
 * the times before have shown:
 *
 *   ranges  each field is in its range, each index below the count of its
 *           list, each count below its limit
 *   uses    the items of a list are named first in their order, all of them
 *   rules   between fields and between items: the k_check of each kind
 *
 * A message says which item: "process 1, lwp 0: sigmask blocks SIGKILL or
 * SIGSTOP".
 */
#ifndef CKPT_IMG_CHECK_H
#define CKPT_IMG_CHECK_H

#include "ckpt/image/img_field.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/* ABI values: linux-libc-dev's asm-generic/signal.h, asm/stat.h. */
#define MODE_FMT 0170000u
#define MODE_REG 0100000u
#define MODE_DIR 0040000u
#define MODE_CHR 0020000u
#define MODE_FIFO 0010000u
#define MODE_LNK 0120000u
#define MODE_PERM 07777u
#define SIG_KILL 9u
#define SIG_STOP 19u
#define SIG_RTMIN 32u
#define SIG_BIT(n) (1ull << ((n)-1))
#define SIG_UNBLOCKABLE (SIG_BIT(SIG_KILL) | SIG_BIT(SIG_STOP))

#define IMGC_DEPTH 4 /* of items within items */

/* A check under way. */
struct imgc {
	struct img_image *c_img;
	struct img_err *c_err;
	struct {
		const char *name;
		u32 index;
	} c_path[IMGC_DEPTH]; /* the item: of which kind, and its place */
	u32 c_depth;
	u32 c_seen[LIST_COUNT];	   /* items named so far */
	u32 c_unlinked;		   /* vnodes without a name so far */
	u32 c_fifo[IMG_MAX_PIPES]; /* f_vnode of the first file of each pipe */
	u8 c_id[IMG_PID_MAX / 8];  /* a bit for each id that is taken */
	/* a bit for the id of each lwp that waits in vfork */
	u8 c_waits[IMG_PID_MAX / 8];
};

#define REQUIRE(condition, what, val)                         \
	do {                                                  \
		if (!(condition))                             \
			return imgc_bad(c, what, (u32)(val)); \
	} while (0)

/*
 * The item breaks a rule: *c_err gets the message, which lasts as long as the
 * image. Returns: -EINVAL
 */
int imgc_bad(struct imgc *c, const char *what, u32 val);
/* The same of a field; NULL: of the item. */
int imgc_bad_field(struct imgc *c, const char *field, const char *what, u32 val);

/* Takes the id in such a map. False: it was taken. */
bool imgc_take_id(u8 map[IMG_PID_MAX / 8], s32 id);

static inline bool imgc_pid_ok(s32 pid)
{
	return pid > 0 && pid < IMG_PID_MAX;
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

/* The rules of its memory, and of the pages that other processes store. */
int imgc_memory(struct imgc *c, const struct img_proc *p, u32 index);
int imgc_cows(struct imgc *c, const struct img_proc *p, u32 index);

#endif
