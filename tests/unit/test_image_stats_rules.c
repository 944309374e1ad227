/* SPDX-License-Identifier: MIT */
/*
 * The rules of what note STATS says of files, contents and pipes: see test_image_rules.c.
 *
 * UNIT-SOURCES: ckpt/image/?*.c
 */
#include "tests/unit/image_cases.h"
#include "tests/unit/image_tree.h"

#define VNODE(n) (img->i_vnode[n])
#define DATA(n) (img->i_data[n])
#define PIPE(n) (img->i_pipe[n])
/* Vnode 0 is the program, 1 a directory about a process, 2 the root; it becomes one that was removed. */
#define REMOVED \
	(VNODE(1) = (struct img_vnode){ .v_path = "/gone", .v_ino = 1, .v_mode = 0040700, .v_flags = IMG_VF_REMOVED })

#define STATS_CASES(X)                                               \
	X(1, (void)img)                                              \
	X(1, VNODE(0).v_ctime.ts_sec = -1)                           \
	X(0, VNODE(0).v_ctime.ts_ns = 1000000000)                    \
	X(0, VNODE(0).v_atime.ts_sec = 1)                            \
	X(0, VNODE(0).v_atime.ts_ns = 1)                             \
	X(0, VNODE(0).v_uid = 1)                                     \
	X(0, VNODE(0).v_gid = 1)                                     \
	X(1, VNODE(0).v_changes = ~0u)                               \
	X(0, VNODE(0).v_flags = 0; VNODE(0).v_changes = 1)           \
	X(1, VNODE(0).v_flags = 0; VNODE(0).v_changes = 0)           \
	X(1, VNODE(0).v_flags |= IMG_VF_SPARE)                       \
	X(1, memset(VNODE(0).v_uuid, 0, 16))                         \
	X(0, VNODE(1).v_uuid[15] = 1)                                \
	X(0, VNODE(1).v_ctime.ts_sec = 1)                            \
	X(0, VNODE(1).v_atime.ts_sec = 1)                            \
	X(0, VNODE(1).v_uid = 1)                                     \
	X(0, VNODE(1).v_flags |= IMG_VF_COUNTED)                     \
	X(0, VNODE(2).v_flags |= IMG_VF_COUNTED)                     \
	X(0, VNODE(2).v_changes = 1)                                 \
	X(1, REMOVED)                                                \
	X(1, REMOVED; VNODE(1).v_uid = VNODE(1).v_gid = 1000)        \
	X(0, REMOVED; VNODE(1).v_uid = ~0u)                          \
	X(0, REMOVED; VNODE(1).v_gid = ~0u)                          \
	X(1, REMOVED; VNODE(1).v_mtime = 5; VNODE(1).v_mtime_ns = 7) \
	X(1, REMOVED; VNODE(1).v_atime.ts_sec = 5)                   \
	X(1, REMOVED; VNODE(1).v_ctime.ts_ns = 5)                    \
	X(0, REMOVED; VNODE(1).v_atime.ts_ns = 1000000000)           \
	X(0, REMOVED; VNODE(1).v_uuid[0] = 1)                        \
	X(0, REMOVED; VNODE(1).v_flags |= IMG_VF_COUNTED)            \
	X(0, DATA(0).d_atime.ts_ns = 1000000000)                     \
	X(0, DATA(0).d_mtime.ts_ns = 1000000000)                     \
	X(0, DATA(0).d_ctime.ts_ns = 1000000000)                     \
	X(0, PIPE(0).pi_atime.ts_ns = 1000000000)                    \
	X(0, PIPE(0).pi_mtime.ts_ns = 1000000000)                    \
	X(0, PIPE(0).pi_ctime.ts_ns = 1000000000)                    \
	X(1, PIPE(0).pi_atime.ts_sec = 0)                            \
	X(1, REMOVED; VNODE(1).v_uid = 1)                            \
	X(0, REMOVED; VNODE(1).v_rdev = 1)                           \
	X(0, img->i_stats = 0)

CASES(stats_case, STATS_CASES)

/* What an older image has not. */
#define OLDER_CASES(X)                           \
	X(1, (void)img)                          \
	X(0, VNODE(0).v_ctime.ts_sec = 1)        \
	X(0, VNODE(0).v_uuid[3] = 1)             \
	X(0, VNODE(0).v_flags |= IMG_VF_COUNTED) \
	X(0, REMOVED; VNODE(1).v_mtime = 5)      \
	X(0, REMOVED; VNODE(1).v_uid = 5)        \
	X(0, DATA(0).d_mtime.ts_sec = 1)         \
	X(0, PIPE(0).pi_mtime.ts_sec = 1)

CASES(older_case, OLDER_CASES)

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_cases("times, owners and counts", sample_stats, stats_case);
	test_cases("an older image has none", sample_shares, older_case);
	check(mem_live == 0, "nothing leaks at all");
	return failed;
}
