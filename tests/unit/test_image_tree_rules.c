/* SPDX-License-Identifier: MIT */
/*
 * The rules of a checkpoint image of several processes, and of what they share: see test_image_rules.c.
 *
 * UNIT-SOURCES: ckpt/image/?*.c
 */
#include "tests/unit/image_cases.h"

#define FILE(n) (img->i_file[n])
#define DATA(n) (img->i_data[n])
#define LOCK(n) (img->i_lock[n])
#define PIPE(n) (img->i_pipe[n])
#define TIMER(n) (P(0).p_ptimer[n])
#define REMOVED(n, ino)                        \
	(img->i_vnode[n] = (struct img_vnode){ \
		 .v_path = img->i_vnode[n].v_path, .v_mode = 0040700, .v_ino = ino, .v_flags = IMG_VF_REMOVED })
#define ABOUT(path, at, who) \
	(img->i_vnode[1].v_path = (path), img->i_vnode[1].v_rdev = (at), img->i_vnode[1].v_ino = (who))
#define MAX_OFF ((1ull << 63) - 1)

#define PROC_CASES(X)                                                             \
	X(1, (void)img)                                                           \
	X(0, img->i_nproc = 0)                                                    \
	X(0, img->i_nproc = IMG_MAX_PROCS + 1)                                    \
	X(0, P(0).p_parent = 0)                                                   \
	X(0, P(0).p_parent = 1)                                                   \
	X(1, P(1).p_parent = IMG_NONE)                                            \
	X(1, P(1).p_parent = IMG_NONE; P(1).p_ppid = 1)                           \
	X(0, P(2).p_parent = IMG_NONE)                                            \
	X(0, P(1).p_parent = 1)                                                   \
	X(0, P(1).p_parent = 2)                                                   \
	X(0, P(1).p_ppid = 1)                                                     \
	X(0, P(2).p_parent = 0)                                                   \
	X(1, P(2).p_parent = 0; P(2).p_ppid = 77)                                 \
	X(1, P(1).p_maker = P(0).p_lwp[1].l_tid)                                  \
	X(0, P(1).p_maker = 4711)                                                 \
	X(1, P(1).p_options = IMG_PO_OLDEXIT)                                     \
	X(0, P(2).p_options = IMG_PO_SUBREAPER)                                   \
	X(0, P(1).p_pid = 77)                                                     \
	X(0, P(2).p_pid = 78)                                                     \
	X(0, P(2).p_pid = 80)                                                     \
	X(0, P(0).p_lwp[1].l_tid = 78)                                            \
	X(0, P(0).p_lwp[1].l_tid = 79)                                            \
	X(0, P(1).p_lwp[0].l_tid = 80)                                            \
	X(0, P(1).p_lwp[0].l_tid = 77)                                            \
	X(1, P(1).p_lwp[0].l_tid = 81)                                            \
	X(1, P(0).p_lwp[1].l_tid = 1)                                             \
	X(0, P(1).p_lwp[0].l_regs.r_cs = 0x60)                                    \
	X(0, P(1).p_lwp[0].l_fpvalid = 0)                                         \
	X(0, P(1).p_nlwp = 0)                                                     \
	X(0, P(1).p_cwd = IMG_NONE)                                               \
	X(1, P(1).p_exe = IMG_NONE)                                               \
	X(0, P(1).p_exe = 4)                                                      \
	X(0, P(1).p_cwd = 0)                                                      \
	X(0, P(1).p_root = 99)                                                    \
	X(0, P(1).p_ctty = 1)                                                     \
	X(0, P(1).p_xstat = 256)                                                  \
	X(0, P(1).p_stopsig = 0)                                                  \
	X(0, P(1).p_stopsig = 0; P(1).p_flags = IMG_PF_WAITSTOP)                  \
	X(0, P(1).p_stopsig = 0; P(1).p_flags = IMG_PF_STOPTOLD)                  \
	X(0, P(1).p_flags = IMG_PF_WAITCONT)                                      \
	X(1, P(1).p_stopsig = 0; P(1).p_flags = IMG_PF_WAITCONT)                  \
	X(1, P(1).p_flags = 0)                                                    \
	X(1, P(1).p_flags |= 64 | 128)                                            \
	X(0, P(1).p_flags |= 256)                                                 \
	X(1, P(1).p_itimer[0].it_interval = ~0ull >> 1)                           \
	X(0, P(1).p_itimer[0].it_interval = 1ull << 63)                           \
	X(0, P(1).p_itimer[2].it_remain = 1ull << 63)                             \
	X(1, P(0).p_lwp[0].l_done = 0x7fffffff)                                   \
	X(0, P(0).p_lwp[0].l_done = 0x80000000)                                   \
	X(0, P(0).p_lwp[1].l_done = 1)                                            \
	X(0, P(0).p_flags = IMG_PF_ZOMBIE)                                        \
	X(0, P(1).p_flags = IMG_PF_ZOMBIE)                                        \
	X(0, P(2).p_flags = 0)                                                    \
	X(1, P(2).p_xstat = 0)                                                    \
	X(1, P(2).p_xstat = 0xff00)                                               \
	X(1, P(2).p_xstat = 9)                                                    \
	X(1, P(2).p_xstat = 0x8b)                                                 \
	X(1, P(2).p_xstat = 64)                                                   \
	X(0, P(2).p_xstat = 65)                                                   \
	X(0, P(2).p_xstat = 0x137f)                                               \
	X(0, P(2).p_xstat = 0xffff)                                               \
	X(0, P(2).p_xstat = 0x80)                                                 \
	X(0, P(2).p_xstat = 0x109)                                                \
	X(0, P(2).p_xstat = 0x10000)                                              \
	X(0, P(2).p_exe = 0)                                                      \
	X(0, P(2).p_cwd = 1)                                                      \
	X(0, P(2).p_root = 2)                                                     \
	X(0, P(2).p_ctty = 0)                                                     \
	X(0, P(2).p_stopsig = 19)                                                 \
	X(0, P(2).p_pending.q_set = 1)                                            \
	X(0, sample_signal(img, &P(2).p_pending, 10))                             \
	X(0, P(2).p_mm.m_nauxv = 2)                                               \
	X(0, P(2).p_nlwp = 1)                                                     \
	X(0, P(2).p_nseg = 1)                                                     \
	X(0, P(2).p_nrun = 1)                                                     \
	X(0, P(2).p_nfd = 1)                                                      \
	X(0, P(2).p_nptimer = 1)                                                  \
	X(0, sample_lwp(img, &P(2), 79, false))                                   \
	X(0, sample_fd(img, &P(2), (struct img_fd){ 0 }))                         \
	X(0, sample_ptimer(img, &P(2), (struct img_ptimer){ .pt_notify = 1 }))    \
	X(0, sample_seg(img, &P(2), 0x10000, 1, 3, IMG_SEG_ANON, 0, IMG_NONE, 0)) \
	X(1, TIMER(0).pt_id = 2)                                                  \
	X(0, TIMER(0).pt_id = 3)                                                  \
	X(0, TIMER(0).pt_id = -1)                                                 \
	X(0, TIMER(0).pt_clock = 16)                                              \
	X(1, TIMER(0).pt_clock = 2)                                               \
	X(1, TIMER(0).pt_clock = 0xfffffff9)                                      \
	X(1, TIMER(0).pt_clock = ~77u << 3 | 6)                                   \
	X(1, TIMER(0).pt_clock = ~77u << 3 | 5)                                   \
	X(0, TIMER(0).pt_clock = ~77u << 3 | 2)                                   \
	X(0, TIMER(0).pt_clock = ~77u << 3 | 7)                                   \
	X(0, TIMER(0).pt_clock = ~0u << 3 | 6)                                    \
	X(0, TIMER(0).pt_clock = ~32768u << 3 | 6)                                \
	X(0, TIMER(0).pt_signo = 0)                                               \
	X(0, TIMER(0).pt_signo = 65)                                              \
	X(0, TIMER(0).pt_notify = 2)                                              \
	X(0, TIMER(0).pt_notify = 3)                                              \
	X(1, TIMER(0).pt_notify = 0; TIMER(0).pt_tid = -1)                        \
	X(1, TIMER(0).pt_notify = 1; TIMER(0).pt_signo = 0)                       \
	X(0, TIMER(0).pt_tid = 0)                                                 \
	X(0, TIMER(0).pt_tid = 32768)                                             \
	X(0, TIMER(0).pt_interval = 1ull << 63)                                   \
	X(0, TIMER(0).pt_remain = 1ull << 63)                                     \
	X(0, P(0).p_nptimer = IMG_MAX_PTIMERS + 1)

/* The fourth has the memory of the second, and the descriptors of the first. */
#define SHARER_CASES(X)                                                           \
	X(1, (void)img)                                                           \
	X(1, P(3).p_parent = 1; P(3).p_ppid = 78)                                 \
	X(0, P(3).p_mem = 3)                                                      \
	X(0, P(3).p_mem = 2)                                                      \
	X(1, P(3).p_mem = 0)                                                      \
	X(0, P(3).p_mem = 4)                                                      \
	X(0, P(3).p_mem = IMG_NONE)                                               \
	X(0, P(1).p_mem = 0)                                                      \
	X(0, P(1).p_mem = 3)                                                      \
	X(0, P(0).p_mem = 1)                                                      \
	X(0, P(2).p_mem = 0)                                                      \
	X(0, P(3).p_mm.m_nauxv = 2)                                               \
	X(0, P(3).p_nseg = 1)                                                     \
	X(0, P(3).p_nrun = 1)                                                     \
	X(0, sample_seg(img, &P(3), 0x10000, 1, 3, IMG_SEG_ANON, 0, IMG_NONE, 0)) \
	X(1, P(3).p_fds = 3)                                                      \
	X(1, P(3).p_fds = 1)                                                      \
	X(0, P(3).p_fds = 2)                                                      \
	X(0, P(3).p_fds = 4)                                                      \
	X(0, P(2).p_fds = 0)                                                      \
	X(0, P(1).p_fds = 0)                                                      \
	X(0, P(3).p_nfd = 1)                                                      \
	X(0, sample_fd(img, &P(3), (struct img_fd){ 0 }))                         \
	X(0, P(3).p_nlwp = 0)                                                     \
	X(0, P(3).p_lwp[0].l_regs.r_cs = 0x60)                                    \
	X(0, LOCK(2).l_proc = 3)                                                  \
	X(0, LOCK(2).l_proc = 4)                                                  \
	X(1, ABOUT("/proc/78", 6, 2))                                             \
	X(1, ABOUT("/proc/79/fd", 6, 3))                                          \
	X(1, ABOUT("/90/stat", 1, 4))                                             \
	X(0, ABOUT("/proc/90/stat", 6, 5))                                        \
	X(0, ABOUT("/proc/77/task", 6, 2))                                        \
	X(0, ABOUT("/proc/77/task", 0, 1))                                        \
	X(0, ABOUT("/proc/77/task", 5, 1))                                        \
	X(0, ABOUT("/proc/77/task", 7, 1))                                        \
	X(0, ABOUT("/proc/77/task", 9, 1))                                        \
	X(0, ABOUT("/proc/77/task", 13, 1))                                       \
	X(0, ABOUT("/proc/77/task", 0xffffffff, 1))                               \
	X(0, ABOUT("/proc/077/task", 6, 1))                                       \
	X(0, ABOUT("/proc/77a", 6, 1))                                            \
	X(0, ABOUT("/proc/self", 6, 1))                                           \
	X(1, ABOUT("/proc/32767/task", 6, 0); img->i_vnode[1].v_size = 5)         \
	X(1, ABOUT("/proc/1", 6, 0); img->i_vnode[1].v_size = ~0ull)              \
	X(0, ABOUT("/proc/32768/task", 6, 0))                                     \
	X(0, ABOUT("/proc/4294967373", 6, 0))                                     \
	X(0, img->i_vnode[1].v_size = 5)                                          \
	X(0, img->i_vnode[1].v_gen = 5)                                           \
	X(0, img->i_vnode[1].v_dev = 5)                                           \
	X(0, img->i_vnode[1].v_mtime = 5)                                         \
	X(0, img->i_vnode[1].v_mtime_ns = 5)                                      \
	X(0, img->i_vnode[1].v_mode = 0040700)                                    \
	X(0, img->i_vnode[1].v_mode = 0020000)                                    \
	X(0, img->i_vnode[1].v_flags = 5)                                         \
	X(0, img->i_vnode[1].v_flags = 6)                                         \
	X(0, img->i_vnode[1].v_flags = 8)                                         \
	X(0, img->i_vnode[2] = img->i_vnode[1])                                   \
	X(0, img->i_vnode[0] = img->i_vnode[1]; img->i_vnode[0].v_mode = 0100000) \
	X(0, img->i_vnode[3] = img->i_vnode[1]; img->i_vnode[3].v_mode = 0100000)

#define SHARED_CASES(X)                                                                                  \
	X(0, SEG(2).s_data = IMG_NONE)                                                                   \
	X(0, SEG(2).s_data = 1)                                                                          \
	X(0, SEG(2).s_data = 5)                                                                          \
	X(0, SEG(2).s_kind = IMG_SEG_ANON)                                                               \
	X(1, SEG(2).s_kind = IMG_SEG_PRIVATE)                                                            \
	X(1, SEG(3).s_data = IMG_NONE; P(1).p_seg[3].s_data = 1; FILE(3).f_obj = 1; FILE(2).f_obj = 2;   \
	  FILE(5).f_obj = 3; DATA(1).d_kind = IMG_DATA_MEMFD; DATA(2).d_kind = IMG_DATA_FILE)            \
	X(0, SEG(3).s_data = 0)                                                                          \
	X(0, SEG(3).s_vnode = 1)                                                                         \
	X(0, DATA(1).d_kind = IMG_DATA_MEMFD)                                                            \
	X(1, SEG(3).s_vnode = IMG_NONE; img->i_vnode[3].v_path = "/x"; img->i_vnode[3].v_mode = 0020620; \
	  img->i_vnode[4] = (struct img_vnode){ .v_path = "/f", .v_mode = 0010600 };                     \
	  img->i_vnode[5] = (struct img_vnode){ .v_path = "/t", .v_mode = 0100600 };                     \
	  FILE(0).f_vnode = img->i_tty[0].t_vnode = 3; FILE(4).f_vnode = 4; FILE(5).f_vnode = 5)         \
	X(0, P(1).p_run[1].r_va = 0x50000000)                                                            \
	X(0, P(0).p_run[0].r_va = 0x40000000)                                                            \
	X(0, P(1).p_run[0].r_va = 0x0804c000)                                                            \
	X(0, P(1).p_seg[0].s_base = 0xc0000000)                                                          \
	X(0, P(1).p_nseg = IMG_MAX_SEGS + 1)                                                             \
	X(0, DATA(0).d_kind = 0)                                                                         \
	X(0, DATA(0).d_kind = 5)                                                                         \
	X(0, DATA(0).d_kind = IMG_DATA_PIPE)                                                             \
	X(0, DATA(0).d_mode = 0600)                                                                      \
	X(0, DATA(0).d_uid = 1)                                                                          \
	X(0, DATA(0).d_gid = 1)                                                                          \
	X(0, DATA(0).d_path = "/x")                                                                      \
	X(0, DATA(0).d_path = NULL)                                                                      \
	X(0, DATA(0).d_size = 0x3000)                                                                    \
	X(1, DATA(0).d_size = 0x3001)                                                                    \
	X(1, DATA(0).d_size = IMG_MAX_DATA_SIZE)                                                         \
	X(1, DATA(0).d_size = IMG_MAX_DATA_SIZE + 1)                                                     \
	X(1, DATA(0).d_size = IMG_MAX_DATA_END)                                                          \
	X(0, DATA(0).d_size = IMG_MAX_DATA_END + 1ull)                                                   \
	X(0, DATA(0).d_size = 1ull << 32)                                                                \
	X(0, DATA(0).d_size = ~0ull)                                                                     \
	X(0, DATA(0).d_run[0].r_npages = 0)                                                              \
	X(0, DATA(0).d_run[0].r_npages = 3)                                                              \
	X(0, DATA(0).d_run[0].r_npages = 4)                                                              \
	X(0, DATA(0).d_run[0].r_va = 1)                                                                  \
	X(0, DATA(0).d_run[0].r_va = 0xfffff000)                                                         \
	X(0, DATA(0).d_run[1].r_va = 0x2000)                                                             \
	X(0, DATA(0).d_run[1].r_va = 0x4000)                                                             \
	X(0, DATA(0).d_run[1].r_npages = 2)                                                              \
	X(0, DATA(0).d_run[1].r_npages = 0x100001)                                                       \
	X(0, DATA(0).d_nrun = IMG_MAX_LOADS + 1)                                                         \
	X(0, DATA(1).d_mode = 010000)                                                                    \
	X(1, DATA(1).d_mode = 07777)                                                                     \
	X(0, DATA(1).d_uid = ~0u)                                                                        \
	X(0, DATA(1).d_gid = ~0u)                                                                        \
	X(0, DATA(1).d_path = "")                                                                        \
	X(0, DATA(1).d_path = "root/table")                                                              \
	X(0, DATA(1).d_path = long_path())                                                               \
	X(0, DATA(3).d_kind = IMG_DATA_MEMORY)                                                           \
	X(1, DATA(3).d_kind = IMG_DATA_MEMFD)                                                            \
	X(0, DATA(4).d_kind = IMG_DATA_FILE)                                                             \
	X(0, DATA(4).d_size = 0)                                                                         \
	X(1, DATA(4).d_size = 4096)                                                                      \
	X(0, DATA(4).d_size = 65537)                                                                     \
	X(1, FILE(1).f_offset = 1)                                                                       \
	X(0, FILE(1).f_offset = 2)                                                                       \
	X(0, PIPE(1).pi_mode = 0600)                                                                     \
	X(0, PIPE(1).pi_uid = 1)                                                                         \
	X(1, PIPE(0).pi_mode = 0640; PIPE(0).pi_uid = 7)                                                 \
	X(0, PIPE(0).pi_mode = 010000)                                                                   \
	X(0, PIPE(0).pi_gid = ~0u)                                                                       \
	X(0, PIPE(0).pi_size = 4095)                                                                     \
	X(0, PIPE(0).pi_size = 0)                                                                        \
	X(0, PIPE(0).pi_size = 12288)                                                                    \
	X(0, PIPE(0).pi_size = 2048)                                                                     \
	X(0, PIPE(0).pi_size = 0x200000)                                                                 \
	X(1, PIPE(0).pi_size = 0x100000)                                                                 \
	X(0, PIPE(0).pi_data = IMG_NONE)                                                                 \
	X(0, PIPE(0).pi_data = 3)                                                                        \
	X(0, PIPE(0).pi_data = 5)                                                                        \
	X(0, PIPE(1).pi_data = 4)                                                                        \
	X(0, PIPE(0).pi_data = IMG_NONE; img->i_ndata = 4; PIPE(1).pi_data = 4)                          \
	X(1, PIPE(0).pi_data = IMG_NONE; PIPE(1).pi_data = 4)                                            \
	X(1, PIPE(0).pi_data = IMG_NONE; img->i_ndata = 4)                                               \
	X(0, sample_pipe(img, 4096, IMG_NONE))                                                           \
	X(0, sample_data(img, IMG_DATA_MEMORY, 1, ""))                                                   \
	X(0, img->i_npipe = IMG_MAX_PIPES + 1)                                                           \
	X(0, img->i_ndata = IMG_MAX_DATA + 1)                                                            \
	X(0, img->i_nvnode = IMG_MAX_VNODES + 1)                                                         \
	X(0, img->i_vnode[3].v_flags = 2)                                                                \
	X(0, img->i_vnode[3].v_flags = 4)                                                                \
	X(0, img->i_vnode[1].v_flags = 2)                                                                \
	X(1, REMOVED(1, 1))                                                                              \
	X(0, REMOVED(1, 2))                                                                              \
	X(0, REMOVED(1, 1); img->i_vnode[1].v_gen = 1)                                                   \
	X(0, REMOVED(1, 1); img->i_vnode[1].v_dev = 1)                                                   \
	X(0, REMOVED(1, 1); img->i_vnode[1].v_flags = 3)                                                 \
	X(0, REMOVED(1, 1); img->i_vnode[1].v_mode = 0100600)                                            \
	X(0, REMOVED(2, 1))                                                                              \
	X(1, img->i_vnode[3].v_flags = 0)

#define FILE_CASES(X)                                             \
	X(0, FILE(1).f_kind = 0)                                  \
	X(0, FILE(1).f_kind = 9)                                  \
	X(0, FILE(1).f_kind = IMG_FILE_NAME)                      \
	X(0, FILE(1).f_obj = 1)                                   \
	X(0, FILE(1).f_obj = IMG_NONE)                            \
	X(0, FILE(6).f_obj = 2)                                   \
	X(0, FILE(6).f_obj = 1)                                   \
	X(1, FILE(6).f_obj = 1; FILE(6).f_vnode = 5)              \
	X(0, FILE(6).f_vnode = 5)                                 \
	X(0, FILE(4).f_vnode = IMG_NONE)                          \
	X(0, FILE(4).f_vnode = 3)                                 \
	X(0, FILE(4).f_vnode = 4)                                 \
	X(0, FILE(4).f_obj = 0)                                   \
	X(0, FILE(2).f_obj = 0)                                   \
	X(0, FILE(2).f_obj = 4)                                   \
	X(0, FILE(2).f_obj = 5)                                   \
	X(0, FILE(2).f_obj = IMG_NONE)                            \
	X(0, FILE(2).f_vnode = 3)                                 \
	X(0, FILE(3).f_obj = 3; FILE(2).f_obj = 4)                \
	X(1, FILE(5).f_obj = IMG_NONE)                            \
	X(0, FILE(5).f_obj = 2)                                   \
	X(0, FILE(5).f_obj = 5)                                   \
	X(0, FILE(5).f_vnode = IMG_NONE)                          \
	X(0, FILE(5).f_vnode = 99)                                \
	X(0, FILE(5).f_flags = 0100)                              \
	X(0, P(1).p_fd[1].fd_file = 7)                            \
	X(0, P(1).p_fd[1].fd_file = 0)                            \
	X(0, P(0).p_fd[1].fd_file = 2)                            \
	X(0, P(1).p_nfd = 1)                                      \
	X(0, P(1).p_nfd = IMG_MAX_FDS + 1)                        \
	X(0, P(1).p_fd[0].fd_num = 1)                             \
	X(0, img->i_nfile = IMG_MAX_FILES + 1)                    \
	X(0, img->i_ntty = IMG_MAX_TTYS + 1)                      \
	X(0, LOCK(0).l_kind = 0)                                  \
	X(0, LOCK(0).l_kind = 4)                                  \
	X(0, LOCK(0).l_write = 2)                                 \
	X(0, LOCK(0).l_file = 7)                                  \
	X(0, LOCK(0).l_file = IMG_NONE)                           \
	X(0, LOCK(0).l_file = 0)                                  \
	X(0, LOCK(0).l_file = 1)                                  \
	X(1, LOCK(3).l_file = 3)                                  \
	X(0, LOCK(3).l_file = 4)                                  \
	X(0, LOCK(4).l_file = 4)                                  \
	X(0, LOCK(0).l_proc = IMG_NONE)                           \
	X(0, LOCK(2).l_proc = 2)                                  \
	X(0, LOCK(2).l_proc = 3)                                  \
	X(0, LOCK(3).l_proc = 0)                                  \
	X(0, LOCK(4).l_proc = 1)                                  \
	X(0, LOCK(0).l_end = 100)                                 \
	X(1, LOCK(0).l_end = 98)                                  \
	X(0, LOCK(1).l_start = 200)                               \
	X(0, LOCK(1).l_start = 99)                                \
	X(1, LOCK(2).l_start = 0)                                 \
	X(0, LOCK(2).l_end = MAX_OFF + 1)                         \
	X(0, LOCK(2).l_proc = 0)                                  \
	X(0, P(1).p_fd[2].fd_file = 3)                            \
	X(0, LOCK(4).l_start = 1)                                 \
	X(0, LOCK(4).l_end = MAX_OFF - 1)                         \
	X(0, LOCK(4).l_kind = IMG_LOCK_OFD)                       \
	X(1, LOCK(4).l_kind = IMG_LOCK_OFD; LOCK(4).l_start = 11) \
	X(0, LOCK(3).l_kind = IMG_LOCK_FLOCK)                     \
	X(0, sample_lock(img, LOCK(0)))                           \
	X(0, img->i_nlock = IMG_MAX_LOCKS + 1)

/* The first waits in vfork for the fourth; the third is a zombie. */
#define VFORK_CASES(X)                                       \
	X(1, (void)img)                                      \
	X(1, P(3).p_waiter = IMG_NONE)                       \
	X(1, P(3).p_waiter = 1)                              \
	X(0, P(3).p_waiter = 2)                              \
	X(0, P(3).p_waiter = 3)                              \
	X(0, P(3).p_waiter = 4)                              \
	X(0, P(3).p_waiterlwp = P(0).p_nlwp)                 \
	X(0, P(3).p_waiter = IMG_NONE; P(3).p_waiterlwp = 1) \
	X(0, P(1).p_waiter = 0)                              \
	X(1, P(0).p_waiter = 1)                              \
	X(0, P(2).p_waiter = 1)

/* The second has four pages of the first, in three runs; the fourth has its memory together with the second. */
#define COW(n) (P(1).p_cow[n])
#define COW_CASES(X)                                                                    \
	X(1, (void)img)                                                                 \
	X(1, P(1).p_ncow = 0)                                                           \
	X(1, P(1).p_ncow = 1)                                                           \
	X(0, P(1).p_ncow = IMG_MAX_LOADS + 1)                                           \
	X(0, COW(0).c_va += 1)                                                          \
	X(0, COW(0).c_from += 1)                                                        \
	X(0, COW(0).c_npages = 0)                                                       \
	X(0, COW(0).c_va = 0x0804a000)                                                  \
	X(0, COW(0).c_va = 0x0804c000)                                                  \
	X(0, COW(0).c_va = 0x50000000)                                                  \
	X(1, COW(0).c_va = 0x08048000)                                                  \
	X(0, COW(0).c_proc = 1)                                                         \
	X(0, COW(0).c_proc = 2)                                                         \
	X(0, COW(0).c_proc = IMG_NONE)                                                  \
	X(0, COW(0).c_from = 0x0804b000)                                                \
	X(1, COW(0).c_from = 0xbffff000)                                                \
	X(0, COW(0).c_npages = 2)                                                       \
	X(0, COW(1).c_npages = 3)                                                       \
	X(0, COW(1).c_npages = 0x100001)                                                \
	X(0, COW(1).c_va = 0x0804b000)                                                  \
	X(0, COW(2).c_va = 0xbfff1000)                                                  \
	X(1, COW(2).c_va = 0xbfff2000)                                                  \
	X(0, COW(2).c_va = 0xbffff000)                                                  \
	X(0, COW(2).c_npages = 2)                                                       \
	X(0, COW(2).c_va = 0xbffef000)                                                  \
	X(0, COW(1).c_npages = 1; COW(2).c_va = 0xbfff1000; COW(2).c_from = 0xbffff000) \
	X(1, COW(1).c_npages = 1; COW(2).c_va = 0xbfff1000)                             \
	X(0, P(0).p_ncow = 1; P(0).p_cow = P(1).p_cow)                                  \
	X(0, P(2).p_ncow = 1; P(2).p_cow = P(1).p_cow)                                  \
	X(0, P(3).p_ncow = 1; P(3).p_cow = P(1).p_cow)

static const char *long_path(void)
{
	static char path[IMG_MAX_PATH + 1];

	memset(path, 'x', IMG_MAX_PATH);
	path[0] = '/';
	return path;
}

CASES(proc_case, PROC_CASES)
CASES(sharer_case, SHARER_CASES)
CASES(vfork_case, VFORK_CASES)
CASES(cow_case, COW_CASES)
CASES(shared_case, SHARED_CASES)
CASES(file_case, FILE_CASES)

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_cases("processes", sample_tree, proc_case);
	test_cases("memory and descriptors of several processes", sample_shares, sharer_case);
	test_cases("a vfork under way", sample_vfork, vfork_case);
	test_cases("pages that stand with another process", sample_cow, cow_case);
	test_cases("what processes share", sample_tree, shared_case);
	test_cases("open files and locks", sample_tree, file_case);
	check(mem_live == 0, "nothing leaks at all");
	return failed;
}
