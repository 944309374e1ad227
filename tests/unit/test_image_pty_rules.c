/* SPDX-License-Identifier: MIT */
/*
 * The rules of pseudo terminals in a checkpoint image: see test_image_rules.c.
 *
 * UNIT-SOURCES: ckpt/image/?*.c
 */
#include "tests/unit/image_cases.h"
#include "tests/unit/image_ptys.h"

#define PTY(n) (img->i_pty[n])
#define TTY(n) (img->i_tty[n])
#define FILE(n) (img->i_file[n])
#define VNODE(n) (img->i_vnode[n])

static u8 many[IMG_MAX_TTY_OUT + 4];

#define BYTES(field, n) ((field) = (struct img_bytes){ many, n })
#define MARK(i) (PTY(0).y_mark.b_ptr[(i) / 8] |= (u8)(1 << (i) % 8))

#define PTY_CASES(X)                                                                                \
	X(1, (void)img)                                                                             \
	X(0, PTY(0).y_tty = 1)                                                                      \
	X(0, PTY(1).y_tty = 0)                                                                      \
	X(0, PTY(1).y_tty = 2)                                                                      \
	X(0, PTY(1).y_tty = IMG_NONE)                                                               \
	X(0, PTY(0).y_flags |= 512)                                                                 \
	X(1, PTY(0).y_flags |= 511)                                                                 \
	X(0, PTY(0).y_flags &= ~IMG_PTY_MASTER)                                                     \
	X(0, PTY(1).y_flags |= IMG_PTY_MASTER)                                                      \
	X(1, PTY(0).y_sid = 0)                                                                      \
	X(0, PTY(0).y_sid = -1)                                                                     \
	X(0, PTY(0).y_sid = IMG_PID_MAX)                                                            \
	X(0, PTY(1).y_sid = 77)                                                                     \
	X(1, PTY(0).y_mode = 07777)                                                                 \
	X(0, PTY(0).y_mode = 0100620)                                                               \
	X(0, PTY(0).y_uid = ~0u)                                                                    \
	X(0, PTY(0).y_gid = ~0u)                                                                    \
	X(1, PTY(0).y_linecol = PTY(0).y_column = ~0u)                                              \
	X(1, PTY(0).y_xchar = 255)                                                                  \
	X(0, PTY(0).y_xchar = 256)                                                                  \
	X(0, PTY(0).y_canon = 8)                                                                    \
	X(0, PTY(0).y_canon = 10)                                                                   \
	X(0, PTY(0).y_canon = 14)                                                                   \
	X(0, PTY(0).y_canon = IMG_NONE)                                                             \
	X(0, PTY(0).y_canon = 4)                                                                    \
	X(0, MARK(12))                                                                              \
	X(1, MARK(2))                                                                               \
	X(0, MARK(15))                                                                              \
	X(1, MARK(12); PTY(0).y_canon = 13)                                                         \
	X(0, PTY(0).y_mark.b_len = 1)                                                               \
	X(0, BYTES(PTY(0).y_mark, 3))                                                               \
	X(0, BYTES(PTY(0).y_mark, 2))                                                               \
	X(1, BYTES(PTY(0).y_mark, 2); PTY(0).y_canon = 0)                                           \
	X(1, BYTES(PTY(0).y_in, 4096); BYTES(PTY(0).y_mark, 512); PTY(0).y_canon = 0)               \
	X(0, BYTES(PTY(0).y_in, 4097); BYTES(PTY(0).y_mark, 513); PTY(0).y_canon = 0)               \
	X(1, BYTES(PTY(0).y_out, IMG_MAX_TTY_OUT))                                                  \
	X(0, BYTES(PTY(0).y_out, IMG_MAX_TTY_OUT + 1))                                              \
	X(1, BYTES(PTY(0).y_sent, IMG_MAX_PTY_SENT))                                                \
	X(0, BYTES(PTY(0).y_sent, IMG_MAX_PTY_SENT + 1))                                            \
	X(0, BYTES(PTY(1).y_in, 1); BYTES(PTY(1).y_mark, 1))                                        \
	X(0, BYTES(PTY(1).y_out, 1))                                                                \
	X(0, BYTES(PTY(1).y_sent, 1))                                                               \
	X(0, VNODE(4).v_rdev = 0x440)                                                               \
	X(1, VNODE(5).v_rdev = 0x8803)                                                              \
	X(0, VNODE(5).v_rdev = 0x103)                                                               \
	X(0, VNODE(5).v_rdev = 0x502)                                                               \
	X(0, VNODE(3).v_rdev = 0x500)                                                               \
	X(0, VNODE(3).v_rdev = 0x8805)                                                              \
	X(1, VNODE(5).v_rdev = 0x500)                                                               \
	X(0, TTY(0).t_pgrp = -1)                                                                    \
	X(0, TTY(0).t_pgrp = IMG_PID_MAX)                                                           \
	X(0, FILE(0).f_kind = IMG_FILE_TTY)                                                         \
	X(0, FILE(0).f_kind = 9)                                                                    \
	X(0, FILE(0).f_kind = IMG_FILE_NAME)                                                        \
	X(0, FILE(0).f_vnode = IMG_NONE)                                                            \
	X(0, FILE(0).f_vnode = 0)                                                                   \
	X(0, FILE(0).f_obj = 2)                                                                     \
	X(0, FILE(0).f_obj = IMG_NONE)                                                              \
	X(0, FILE(1).f_kind = IMG_FILE_PTMX)                                                        \
	X(0, FILE(2).f_kind = IMG_FILE_PTMX)                                                        \
	X(0, FILE(2).f_kind = IMG_FILE_PTMX; FILE(2).f_vnode = 3;                                   \
	  PTY(1).y_flags |= IMG_PTY_MASTER; VNODE(5).v_rdev = 0x8803)                               \
	X(1, FILE(2).f_kind = IMG_FILE_PTMX; FILE(2).f_vnode = 3; PTY(1).y_flags |= IMG_PTY_MASTER) \
	X(1, img->i_npty = 1)                                                                       \
	X(0, img->i_npty = 0)                                                                       \
	X(1, img->i_npty = 0; FILE(0).f_kind = IMG_FILE_TTY)                                        \
	X(0, img->i_npty = IMG_MAX_TTYS + 1)                                                        \
	X(0, sample_pty(img, 1, 0))

CASES(pty_case, PTY_CASES)

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_cases("pseudo terminals", sample_ptys, pty_case);
	check(mem_live == 0, "nothing leaks at all");
	return failed;
}
