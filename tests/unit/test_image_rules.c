/* SPDX-License-Identifier: MIT */
/*
 * The rules of a checkpoint image, one by one: what no program could have made itself is neither written nor read; what is
 * merely odd is kept as it is.
 *
 * UNIT-SOURCES: ckpt/image/?*.c
 */
#include "tests/unit/image_cases.h"

/* X(is it legal, what is done to the small or large sample) */
#define SMALL_CASES(X)                                                                          \
	X(1, (void)img)                                                                         \
	X(0, PROC.p_pid = 0)                                                                    \
	X(0, PROC.p_pid = 32768)                                                                \
	X(0, PROC.p_pid = -1)                                                                   \
	X(0, PROC.p_ppid = -5)                                                                  \
	X(1, PROC.p_ppid = 0)                                                                   \
	X(0, PROC.p_pgid = 99999)                                                               \
	X(0, PROC.p_sid = -1)                                                                   \
	X(1, PROC.p_flags = IMG_PF_SUGID)                                                       \
	X(0, PROC.p_flags = 256)                                                                \
	X(1, PROC.p_flags = IMG_PF_FORKNOEXEC)                                                  \
	X(0, PROC.p_exitsig = 65)                                                               \
	X(1, PROC.p_options = IMG_PO_SUBREAPER)                                                 \
	X(0, PROC.p_options = IMG_PO_OLDEXIT)                                                   \
	X(0, PROC.p_options = 4)                                                                \
	X(0, PROC.p_maker = 1)                                                                  \
	X(1, LWP.l_opt.o_pdeathsig = 64)                                                        \
	X(0, LWP.l_opt.o_pdeathsig = 65)                                                        \
	X(1, LWP.l_opt.o_slack = 1)                                                             \
	X(0, LWP.l_opt.o_slack = 0)                                                             \
	X(0, LWP.l_opt.o_slackdef = 0)                                                          \
	X(1, LWP.l_opt.o_personality = IMG_PERSONALITY)                                         \
	X(0, LWP.l_opt.o_personality = 8)                                                       \
	X(1, LWP.l_opt.o_flags = IMG_OPT_NONEWPRIVS | IMG_OPT_KEEPCAPS)                         \
	X(0, LWP.l_opt.o_flags = 4)                                                             \
	X(0, PROC.p_stopsig = 65)                                                               \
	X(1, PROC.p_stopsig = 20)                                                               \
	X(0, PROC.p_umask = 01000)                                                              \
	X(0, PROC.p_nice = 20)                                                                  \
	X(0, PROC.p_nice = -21)                                                                 \
	X(0, PROC.p_ngroups = 33)                                                               \
	X(0, PROC.p_euid = ~0u)                                                                 \
	X(0, PROC.p_fsgid = ~0u)                                                                \
	X(1, PROC.p_euid = 0)                                                                   \
	X(0, memset(PROC.p_comm, 'x', 16))                                                      \
	X(0, PROC.p_comm[15] = 'x')                                                             \
	X(0, memset(PROC.p_args, 'x', 80))                                                      \
	X(1, memset(PROC.p_args, '\xff', 79))                                                   \
	X(0, PROC.p_rlimit[7].rl_cur = 2; PROC.p_rlimit[7].rl_max = 1)                          \
	X(0, PROC.p_exe = 1)                                                                    \
	X(0, PROC.p_exe = 99)                                                                   \
	X(0, PROC.p_cwd = IMG_NONE)                                                             \
	X(0, PROC.p_cwd = 0)                                                                    \
	X(1, PROC.p_act[4].sa_handler = 0xffffffff; PROC.p_act[4].sa_flags = ~0u)               \
	X(0, PROC.p_act[8].sa_handler = 1)                                                      \
	X(0, PROC.p_act[18].sa_flags = 4)                                                       \
	X(0, PROC.p_act[13].sa_mask = 0x100)                                                    \
	X(0, PROC.p_act[13].sa_mask = 0x40000)                                                  \
	X(1, PROC.p_act[13].sa_mask = ~0x40100ull)                                              \
	X(1, PROC.p_pending.q_set = ~0ull)                                                      \
	X(0, sample_signal(img, &PROC.p_pending, 10); PROC.p_pending.q_set = 0)                 \
	X(0, sample_signal(img, &PROC.p_pending, 10); sample_signal(img, &PROC.p_pending, 10))  \
	X(1, sample_signal(img, &PROC.p_pending, 10); sample_signal(img, &PROC.p_pending, 10);  \
	  PROC.p_pending.q_info[1].si_word[2] = (u32)-2)                                        \
	X(1, sample_signal(img, &PROC.p_pending, 64); sample_signal(img, &PROC.p_pending, 64))  \
	X(0, sample_signal(img, &PROC.p_pending, 10); PROC.p_pending.q_info[0].si_word[0] = 0)  \
	X(0, sample_signal(img, &PROC.p_pending, 10); PROC.p_pending.q_info[0].si_word[0] = 65) \
	X(0, MM.m_brk = MM.m_brk_start - 1)                                                     \
	X(0, MM.m_brk = 0xc0000001)                                                             \
	X(0, MM.m_mmap_top = 0xc0001000)                                                        \
	X(1, MM.m_newflags = IMG_SEGF_LOCKED | IMG_SEGF_ONFAULT)                                \
	X(1, SEG(3).s_flags |= IMG_SEGF_LOCKED | IMG_SEGF_WIPEONFORK)                           \
	X(0, MM.m_newflags = IMG_SEGF_ONFAULT)                                                  \
	X(0, MM.m_newflags = IMG_SEGF_DONTFORK)                                                 \
	X(0, SEG(0).s_flags = IMG_SEGF_ONFAULT)                                                 \
	X(0, SEG(0).s_flags = IMG_SEGF_WIPEONFORK)                                              \
	X(0, MM.m_mmap_top = 0x1001)                                                            \
	X(0, MM.m_stack_start = 0xc0000004)                                                     \
	X(0, MM.m_nauxv = 0)                                                                    \
	X(0, MM.m_nauxv = 7)                                                                    \
	X(0, MM.m_nauxv = 66)                                                                   \
	X(0, MM.m_nauxv = 6)                                                                    \
	X(0, MM.m_auxv[2] = 0)                                                                  \
	X(0, LWP.l_tid = 0)                                                                     \
	X(0, LWP.l_tid = 32768)                                                                 \
	X(0, memset(LWP.l_name, 'x', 16))                                                       \
	X(0, LWP.l_sigmask = 0x100)                                                             \
	X(1, LWP.l_sigmask = ~0x40100ull)                                                       \
	X(0, LWP.l_altflags = 3)                                                                \
	X(0, LWP.l_altflags = 0x100)                                                            \
	X(1, LWP.l_altflags = 0x80000000; LWP.l_altsp = 0xfffffff0; LWP.l_altsize = ~0u)        \
	X(0, LWP.l_robust_len = 11)                                                             \
	X(1, LWP.l_robust_len = 12; LWP.l_robust = 0xffffffff; LWP.l_clear_tid = 0xffffffff)    \
	X(0, REGS.r_cs = 0x60)                                                                  \
	X(0, REGS.r_cs = 0x70)                                                                  \
	X(0, REGS.r_cs = 0)                                                                     \
	X(0, REGS.r_cs = 0x7b)                                                                  \
	X(0, REGS.r_ss = 0)                                                                     \
	X(0, REGS.r_ss = 0x68)                                                                  \
	X(0, REGS.r_ss = 0x78)                                                                  \
	X(0, REGS.r_ss = 0x73)                                                                  \
	X(1, REGS.r_ss = 0x33)                                                                  \
	X(0, REGS.r_ss = 0x30)                                                                  \
	X(0, REGS.r_ss = 0x3b)                                                                  \
	X(0, REGS.r_ds = 0x68)                                                                  \
	X(0, REGS.r_ds = 0x60)                                                                  \
	X(0, REGS.r_ds = 0x80)                                                                  \
	X(0, REGS.r_ds = 0x7f)                                                                  \
	X(0, REGS.r_ds = 0x1007b)                                                               \
	X(1, REGS.r_ds = 0x73)                                                                  \
	X(1, REGS.r_es = 3)                                                                     \
	X(0, REGS.r_es = 4)                                                                     \
	X(0, REGS.r_fs = 0x3b)                                                                  \
	X(0, REGS.r_fs = 0x2b)                                                                  \
	X(0, REGS.r_gs = 0x4b)                                                                  \
	X(1, REGS.r_gs = 0)                                                                     \
	X(0, REGS.r_gs = 0x33; LWP.l_tls[0] = 0)                                                \
	X(1, REGS.r_gs = 0; LWP.l_tls[0] = 0)                                                   \
	X(0, REGS.r_eflags = 0x46)                                                              \
	X(0, REGS.r_eflags = 0x244)                                                             \
	X(0, REGS.r_eflags |= 0x3000)                                                           \
	X(0, REGS.r_eflags |= 0x1000)                                                           \
	X(0, REGS.r_eflags |= 0x20000)                                                          \
	X(0, REGS.r_eflags |= 0x80000)                                                          \
	X(0, REGS.r_eflags |= 0x80000000)                                                       \
	X(1, REGS.r_eflags |= 0x254dd5)                                                         \
	X(1, REGS.r_eip = 0xc0100000; REGS.r_esp = 0xffffffff)                                  \
	X(0, LWP.l_tls[0] &= ~(1ull << 47))                                                     \
	X(0, LWP.l_tls[0] &= ~(1ull << 45))                                                     \
	X(0, LWP.l_tls[0] &= ~(1ull << 44))                                                     \
	X(0, LWP.l_tls[0] |= 1ull << 43)                                                        \
	X(0, LWP.l_tls[0] |= 1ull << 53)                                                        \
	X(0, LWP.l_tls[0] &= ~(1ull << 54))                                                     \
	X(1, LWP.l_tls[0] = 0x00c0f00000000000ull | 0xff0f00ffffffffffull)                      \
	X(0, LWP.l_tls[0] &= ~(1ull << 41); REGS.r_ss = 0x33)                                   \
	X(0, LWP.l_fpvalid = 0)                                                                 \
	X(0, LWP.l_fpvalid = 2)                                                                 \
	X(1, LWP.l_fpvalid = 0; memset(LWP.l_fx, 0, 512))                                       \
	X(0, LWP.l_fx[26] = 1)                                                                  \
	X(1, LWP.l_fx[25] = 0xff)                                                               \
	X(0, LWP.l_fx[288] = 1)                                                                 \
	X(0, LWP.l_fx[511] = 1)                                                                 \
	X(0, LWP.l_restart.rs_remain = 1)                                                       \
	X(0, LWP.l_restart.rs_arg[4] = 1)                                                       \
	X(0, LWP.l_restart.rs_active = 2)                                                       \
	X(0, LWP.l_restart.rs_active = 1; LWP.l_restart.rs_sysno = 1024)                        \
	X(1, LWP.l_restart.rs_active = 1; LWP.l_restart.rs_sysno = 162)                         \
	X(0, SEG(0).s_base++)                                                                   \
	X(0, SEG(0).s_size++)                                                                   \
	X(0, SEG(0).s_size = 0)                                                                 \
	X(0, SEG(0).s_base = 0xf000)                                                            \
	X(0, SEG(0).s_base = 0)                                                                 \
	X(1, SEG(0).s_base = 0x10000)                                                           \
	X(0, SEG(0).s_size = 0x3000)                                                            \
	X(0, SEG(0).s_size = 0xfffff000)                                                        \
	X(0, SEG(3).s_size += 0x1000)                                                           \
	X(0, SEG(3).s_base = 0xc0000000)                                                        \
	X(0, SEG(0).s_base = 0x10000000)                                                        \
	X(0, SEG(0).s_prot = 8)                                                                 \
	X(0, SEG(0).s_prot = 7; SEG(0).s_maxprot = 5)                                           \
	X(0, SEG(0).s_maxprot = 15)                                                             \
	X(0, SEG(0).s_flags = 64)                                                               \
	X(0, SEG(0).s_flags = IMG_SEGF_BRK)                                                     \
	X(0, SEG(0).s_kind = 0)                                                                 \
	X(0, SEG(0).s_kind = 4)                                                                 \
	X(0, SEG(0).s_vnode = 1)                                                                \
	X(0, SEG(0).s_vnode = IMG_NONE)                                                         \
	X(0, SEG(0).s_off = 1)                                                                  \
	X(0, SEG(0).s_off = 1ull << 44)                                                         \
	X(1, SEG(0).s_off = (1ull << 44) - 4096)                                                \
	X(0, SEG(2).s_vnode = 0)                                                                \
	X(0, SEG(2).s_off = 4096)                                                               \
	X(0, SEG(1).s_kind = IMG_SEG_SHARED)                                                    \
	X(1, PROC.p_run[0].r_va -= 4096)                                                        \
	X(0, PROC.p_run[0].r_va += 1)                                                           \
	X(0, PROC.p_run[0].r_npages = 0)                                                        \
	X(0, PROC.p_run[0].r_npages = 3)                                                        \
	X(0, PROC.p_run[2].r_npages = 2)                                                        \
	X(0, PROC.p_run[2].r_npages = 0x100001)                                                 \
	X(0, PROC.p_run[1].r_va = 0x0804a000)                                                   \
	X(0, PROC.p_run[1].r_va = 0x0804b000)                                                   \
	X(0, PROC.p_run[2].r_va = 0x0804e000)                                                   \
	X(1, PROC.p_run[2].r_va = 0x0804f000)                                                   \
	X(0, PROC.p_nlwp = 0)                                                                   \
	X(0, img->i_vnode[0].v_path = "bin/mat")                                                \
	X(0, img->i_vnode[0].v_path = "")                                                       \
	X(0, img->i_vnode[0].v_path = NULL)                                                     \
	X(0, img->i_vnode[0].v_mtime_ns = 1000000000)                                           \
	X(0, img->i_vnode[0].v_mode |= 0200000)                                                 \
	X(0, img->i_vnode[0].v_mode = 0040755)                                                  \
	X(0, img->i_vnode[0].v_size = 1ull << 63)                                               \
	X(1, img->i_vnode[0].v_mtime = -1)                                                      \
	X(0, sample_vnode(img, "/unused", 0100644, 99))                                         \
	X(0, img->i_file[0].f_kind = 5)                                                         \
	X(0, img->i_file[0].f_kind = IMG_FILE_REG)                                              \
	X(0, img->i_file[0].f_kind = IMG_FILE_CHR)                                              \
	X(0, img->i_file[0].f_obj = 1)                                                          \
	X(0, img->i_file[0].f_obj = IMG_NONE)                                                   \
	X(0, img->i_file[0].f_vnode = 2)                                                        \
	X(0, img->i_file[0].f_vnode = 4)                                                        \
	X(0, img->i_file[0].f_flags = 0100)                                                     \
	X(0, img->i_file[0].f_flags = 01000)                                                    \
	X(0, img->i_file[0].f_flags = 02000000)                                                 \
	X(1, img->i_file[0].f_flags = 015776003)                                                \
	X(0, img->i_file[0].f_offset = 1ull << 63)                                              \
	X(0, PROC.p_fd[1].fd_num = 0)                                                           \
	X(0, PROC.p_fd[2].fd_num = 1024)                                                        \
	X(1, PROC.p_fd[2].fd_num = 1023)                                                        \
	X(0, PROC.p_fd[0].fd_file = 1)                                                          \
	X(0, PROC.p_fd[0].fd_cloexec = 2)                                                       \
	X(0, PROC.p_nfd = 0)                                                                    \
	X(0, img->i_tty[0].t_pgrp = -1)                                                         \
	X(0, img->i_tty[0].t_vnode = 2)                                                         \
	X(0, PROC.p_ctty = 1)                                                                   \
	X(1, PROC.p_ctty = IMG_NONE)                                                            \
	X(0, img->i_ntty = 2)                                                                   \
	X(0, memset(img->i_ident.id_node, 'x', 64))                                             \
	X(0, img->i_ident.id_system[63] = 'x')

#define LARGE_CASES(X)                             \
	X(1, (void)img)                            \
	X(0, PROC.p_lwp[1].l_tid = 78)             \
	X(0, PROC.p_lwp[2].l_tid = 77)             \
	X(0, PROC.p_lwp[2].l_tid = 78)             \
	X(0, PROC.p_lwp[2].l_tid = 5)              \
	X(0, PROC.p_fd[1].fd_file = 2)             \
	X(0, PROC.p_fd[3].fd_file = 1)             \
	X(0, img->i_file[1].f_obj = 0)             \
	X(0, img->i_file[2].f_kind = IMG_FILE_REG) \
	X(0, PROC.p_run[3].r_va -= 3 * IMG_PAGE)   \
	X(0, PROC.p_run[3].r_va -= 4 * IMG_PAGE)

CASES(small_case, SMALL_CASES)
CASES(large_case, LARGE_CASES)

static void test_limits(void)
{
	struct img_image img;
	struct img_proc *p;
	u32 n;

	p = sample_begin(&img, 1);
	for (n = 0; img_add_fd(&img, p); n++)
		;
	check(n == IMG_MAX_FDS, "no more descriptors than the limit");
	for (n = 0; img_add_lwp(&img, p); n++)
		;
	check(n == IMG_MAX_LWPS, "no more lwps");
	for (n = 0; img_add_siginfo(&img, &p->p_pending); n++)
		;
	check(n == IMG_MAX_PENDING, "no more queued signals");
	for (n = 0; img_add_ptimer(&img, p); n++)
		;
	check(n == IMG_MAX_PTIMERS, "no more timers");
	for (n = 0; img_add_file(&img); n++)
		;
	check(n == IMG_MAX_FILES, "no more open files");
	for (n = 0; img_add_pipe(&img); n++)
		;
	check(n == IMG_MAX_PIPES, "no more pipes");
	for (n = 0; img_add_data(&img, ""); n++)
		;
	check(n == IMG_MAX_DATA, "no more data objects");
	for (n = 0; img_add_lock(&img); n++)
		;
	check(n == IMG_MAX_LOCKS, "no more locks");
	for (n = 0; img_add_tty(&img); n++)
		;
	check(n == IMG_MAX_TTYS, "no more terminals");
	img_free(&img);

	img_init(&img, &sample_mem);
	check(img_add_procs(&img, 0) == -E2BIG && img_add_procs(&img, IMG_MAX_PROCS + 1) == -E2BIG &&
		      img_add_procs(&img, IMG_MAX_PROCS) == 0,
	      "no more processes");
	img_free(&img);

	p = sample_begin(&img, 1);
	sample_seg(&img, p, 0x10000000, IMG_MAX_LOADS * 2 + 2, 3, IMG_SEG_ANON, 0, IMG_NONE, 0);
	for (n = 0; img_add_page(&img, p, 0x10000000 + n * 2 * IMG_PAGE) == 0; n++)
		;
	check(n == IMG_MAX_LOADS && img_add_page(&img, p, 0x10000000 + n * 2 * IMG_PAGE) == -E2BIG, "no more runs");
	img_free(&img);
	check(mem_live == 0, "nothing leaks");
}

static void test_add_page(void)
{
	struct img_image img;
	struct img_proc *p = sample_begin(&img, 1);

	check(img_add_page(&img, p, 0x10000000) == -EINVAL, "no page without a seg");
	sample_seg(&img, p, 0x10000000, 4, 3, IMG_SEG_ANON, 0, IMG_NONE, 0);
	sample_seg(&img, p, 0x10004000, 4, 3, IMG_SEG_ANON, 0, IMG_NONE, 0);
	sample_seg(&img, p, 0x20000000, 4, 3, IMG_SEG_ANON, 0, IMG_NONE, 0);
	check(img_add_page(&img, p, 0x0ffff000) == -EINVAL, "nor before the first");
	sample_pages(&img, p, 0x10002000, 4);
	check(p->p_nrun == 2 && p->p_run[0].r_npages == 2 && p->p_run[1].r_va == 0x10004000,
	      "a run ends with its seg");
	check(img_add_page(&img, p, 0x10005000) == -EINVAL && img_add_page(&img, p, 0x10001000) == -EINVAL,
	      "no page twice, or out of order");
	check(img_add_page(&img, p, 0x10008000) == -EINVAL && img_add_page(&img, p, 0x10007001) == -EINVAL,
	      "nor between the segs, or a part of one");
	check(img_add_page(&img, p, 0x20000000) == 0 && img_add_page(&img, p, 0x20004000) == -EINVAL,
	      "nor behind the last");
	img_free(&img);
}

static void test_add_data_page(void)
{
	struct img_image img;
	struct img_data *d;

	sample_begin(&img, 1);
	sample_data(&img, IMG_DATA_MEMORY, 0x3001, "");
	d = &img.i_data[0];
	check(img_add_data_page(&img, d, 0x1000) == 0 && img_add_data_page(&img, d, 0x2000) == 0 &&
		      d->d_nrun == 1 && d->d_run[0].r_npages == 2,
	      "pages of contents make runs");
	check(img_add_data_page(&img, d, 0x2000) == -EINVAL && img_add_data_page(&img, d, 0) == -EINVAL &&
		      img_add_data_page(&img, d, 0x3001) == -EINVAL &&
		      img_add_data_page(&img, d, 0x4000) == -EINVAL,
	      "no page of contents twice, out of order, or behind the end");
	check(img_add_data_page(&img, d, 0x3000) == 0 && d->d_nrun == 1 && d->d_run[0].r_npages == 3,
	      "the last page may be a part of one");
	img_free(&img);
}

static void test_vnodes(void)
{
	static char path[IMG_MAX_PATH + 1];
	struct img_vnode v = { .v_path = path };
	struct img_image img;
	int n = 0;

	img_init(&img, &sample_mem);
	memset(path, 'x', IMG_MAX_PATH);
	path[0] = '/';
	check(img_add_vnode(&img, &v) == -ENAMETOOLONG, "a path that is too long");
	path[IMG_MAX_PATH - 1] = 0;
	check(img_add_vnode(&img, &v) == 0 && img_add_vnode(&img, &v) == 0, "the longest path, once");
	v.v_path = "/x";
	do {
		v.v_ino = (u32)n;
		n = img_add_vnode(&img, &v);
	} while (n >= 0 && n < (int)IMG_MAX_VNODES);
	check(n == -E2BIG && img.i_nvnode == IMG_MAX_VNODES, "no more files than the limit");
	img_free(&img);
	check(mem_live == 0, "nothing leaks");
}

/* A refusal names the item, the field and what is wrong with it. */
#define MESSAGE_CASES(X)                                                                          \
	X("process 0: umask is out of range", PROC.p_umask = 01000)                               \
	X("process 0: nice is out of range", PROC.p_nice = -21)                                   \
	X("process 0: flags has unknown bits", PROC.p_flags = 256)                                \
	X("process 0: exe is out of the order of first use", PROC.p_exe = 1)                      \
	X("process 0: cwd is none of the image's", PROC.p_cwd = IMG_NONE)                         \
	X("process 0: descriptors are too many", PROC.p_nfd = IMG_MAX_FDS + 1)                    \
	X("process 0, signal 14: mask blocks SIGKILL or SIGSTOP", PROC.p_act[13].sa_mask = 0x100) \
	X("process 0, soft limit 7: is above the hard one", PROC.p_rlimit[7].rl_cur = 2;          \
	  PROC.p_rlimit[7].rl_max = 1)                                                            \
	X("process 0, lwp 0: eflags has privileged bits", LWP.l_regs.r_eflags |= 0x3000)          \
	X("process 0, seg 0: base or size is not whole pages", SEG(0).s_base++)                   \
	X("vnode 3: mode has unknown bits", img->i_vnode[3].v_mode |= 1u << 20)

#define DO_MESSAGE(text, ...)                                                             \
	{                                                                                 \
		struct img_image image, *img = &image;                                    \
		struct img_err err = { 0 };                                               \
		bool right;                                                               \
                                                                                          \
		sample_small(img);                                                        \
		__VA_ARGS__;                                                              \
		right = img_check(img, &err) == -EINVAL && strcmp(err.e_what, text) == 0; \
		if (!right)                                                               \
			printf("  %s\n", err.e_what ? err.e_what : "-");                  \
		check(right, text);                                                       \
		img_free(img);                                                            \
	}

static void test_messages(void)
{
	MESSAGE_CASES(DO_MESSAGE)
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_cases("states with one lwp", sample_small, small_case);
	test_cases("states with three lwps", sample_large, large_case);
	test_add_page();
	test_add_data_page();
	test_vnodes();
	test_limits();
	test_messages();
	check(mem_live == 0, "nothing leaks at all");
	return failed;
}
