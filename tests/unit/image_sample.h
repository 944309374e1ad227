/* SPDX-License-Identifier: MIT */
/* Checkpoint images made from nothing, for the tests of ckpt/image/ and for the fuzzer's corpus: see sample_build(). */
#ifndef TESTS_UNIT_IMAGE_SAMPLE_H
#define TESTS_UNIT_IMAGE_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ckpt/image/image.h"
#include "kernel/abi/errno.h"

/* ---- memory and files ---- */

static u32 mem_live;
static u32 mem_fail_at; /* the Nth allocation fails; 0: none does */
static u32 mem_count;

#define MEM_LARGEST (4u << 20) /* as the kernel's allocator: a longer piece is never contiguous */

static void *mem_alloc(void *ctx, u32 size)
{
	void *p;

	if (++mem_count == mem_fail_at || size > MEM_LARGEST)
		return NULL;
	p = malloc(size);
	if (p)
		memset(p, 0xa5, size);
	mem_live += p != NULL;
	return p;
}

static void mem_free(void *ctx, void *p)
{
	mem_live--;
	free(p);
}

static const struct img_mem sample_mem = { mem_alloc, mem_free, NULL };

struct memfile {
	u8 *data;
	u64 size;
	u32 fail_at, count; /* the Nth call fails with -EIO */
	u8 *written;	    /* a mark for each page */
};

static int file_read(void *ctx, u64 off, void *buf, u32 len)
{
	struct memfile *f = ctx;

	if (++f->count == f->fail_at)
		return -EIO;
	if (off > f->size || len > f->size - off) {
		printf("FAIL a read behind the end: %llu + %u\n", (unsigned long long)off, len);
		exit(1);
	}
	memcpy(buf, f->data + off, len);
	return 0;
}

static int file_write(void *ctx, u64 off, const void *buf, u32 len)
{
	struct memfile *f = ctx;

	if (++f->count == f->fail_at)
		return -EIO;
	if (len != IMG_PAGE || off % IMG_PAGE || off + len > f->size || f->written[off / IMG_PAGE]++) {
		printf("FAIL a write that is no page, or twice: %llu + %u\n", (unsigned long long)off, len);
		exit(1);
	}
	memcpy(f->data + off, buf, len);
	return 0;
}

static inline struct img_io memfile_io(struct memfile *f)
{
	return (struct img_io){ .io_read = file_read, .io_write = file_write, .io_ctx = f };
}

/* ---- a state ---- */

#define NEED(x)                                          \
	do {                                             \
		if (!(x)) {                              \
			printf("FAIL sample: %s\n", #x); \
			exit(1);                         \
		}                                        \
	} while (0)

static u32 sample_vnode(struct img_image *img, const char *path, u32 mode, u32 ino)
{
	struct img_vnode v = { .v_path = path,
			       .v_ino = ino,
			       .v_size = (mode & 0170000) == 0100000 ? 70000 : 4096,
			       .v_mtime = 1700000000 + ino,
			       .v_mtime_ns = 123456789,
			       .v_dev = 0xfd00,
			       .v_rdev = (mode & 0170000) == 0020000 ? 0x440 : 0,
			       .v_gen = ino * 7,
			       .v_mode = mode };
	int index = img_add_vnode(img, &v);

	NEED(index >= 0);
	return (u32)index;
}

/* A seg of p. It maps no data object until the caller says so; the pointer is good until the next one is added. */
static struct img_seg *sample_seg(struct img_image *img, struct img_proc *p, u32 base, u32 npages,
				  u32 prot, u32 kind, u32 flags, u32 vnode, u64 off)
{
	struct img_seg *s = img_add_seg(img, p);

	NEED(s);
	*s = (struct img_seg){ .s_base = base,
			       .s_size = npages * IMG_PAGE,
			       .s_prot = prot,
			       .s_maxprot = 7,
			       .s_kind = kind,
			       .s_flags = flags,
			       .s_vnode = vnode,
			       .s_data = IMG_NONE,
			       .s_off = off };
	return s;
}

static inline void sample_lwp(struct img_image *img, struct img_proc *p, s32 tid, bool fpu)
{
	struct img_lwp *l = img_add_lwp(img, p);
	static const u8 fx_start[32] = { 0x7f, 0x03, 0x00, 0x38, 0x80, 0,    0, 0, 1,	 2,
					 3,    4,    0,	   0,	 0,    0,    5, 6, 7,	 8,
					 0,    0,    0,	   0,	 0x80, 0x1f, 0, 0, 0xff, 0xff };

	NEED(l);
	l->l_tid = tid;
	strcpy(l->l_name, "worker");
	l->l_regs = (struct img_regs){ .r_ebx = 0x11111111,
				       .r_ecx = 0x22222222,
				       .r_edx = 0x33333333,
				       .r_esi = 0x44444444,
				       .r_edi = 0x55555555,
				       .r_ebp = 0xbffff010,
				       .r_eax = (u32)tid,
				       .r_ds = 0x7b,
				       .r_es = 0x7b,
				       .r_gs = 0x33,
				       .r_orig_eax = ~0u,
				       .r_eip = 0x08048123,
				       .r_cs = 0x73,
				       .r_eflags = 0x246,
				       .r_esp = 0xbffff000,
				       .r_ss = 0x7b };
	l->l_tls[0] = 0x08dff3040960ffffull; /* base 0x08040960, limit 0xfffff pages */
	l->l_sigmask = 0x10000;
	l->l_clear_tid = 0x0804a000;
	l->l_utime = 1234567;
	l->l_stime = 7654321;
	l->l_altflags = 2;
	l->l_affinity = 5;
	if (!fpu)
		return;
	l->l_fpvalid = 1;
	memcpy(l->l_fx, fx_start, sizeof(fx_start));
	memcpy(l->l_fx + 32, "\0\0\0\0\0\0\0\x80\xff\x3f", 10); /* ST0 is 1.0: register 7, TOP is 7 */
	memset(l->l_fx + 160, 0x42, 128);
	img_fx_canon(l->l_fx);
}

/* An empty image with an identity and n processes, which sample_proc() fills. */
static inline struct img_proc *sample_begin(struct img_image *img, u32 n)
{
	img_init(img, &sample_mem);
	NEED(img_add_procs(img, n) == 0);
	for (u32 i = 0; i < 16; i++)
		img->i_ident.id_image[i] = (u8)(i * 17);
	strcpy(img->i_ident.id_node, "reprise");
	strcpy(img->i_ident.id_system, "Reprise 0.1");
	img->i_ident.id_real_ns = 1700000000123456789ull;
	img->i_ident.id_mono_ns = 42000000000ull;
	return img->i_proc;
}

/* Process n; parent: its parent in the image, or IMG_NONE. */
static inline struct img_proc *sample_proc(struct img_image *img, u32 n, s32 pid, u32 parent)
{
	struct img_proc *p = &img->i_proc[n];
	struct img_mm *m = &p->p_mm;
	static const u32 auxv[] = { 6, 4096, 25, 0xbfffff80, 31, 0xbfffffe0, 0, 0 };

	p->p_parent = parent;
	p->p_pid = pid;
	p->p_ppid = parent == IMG_NONE ? 1 : img->i_proc[parent].p_pid;
	p->p_pgid = p->p_sid = 77;
	p->p_exitsig = 17;
	p->p_umask = 022;
	p->p_nice = -3;
	p->p_uid = p->p_euid = p->p_suid = p->p_fsuid = 1000;
	p->p_gid = p->p_egid = p->p_sgid = p->p_fsgid = 100;
	p->p_ngroups = 2;
	p->p_groups[0] = 100;
	p->p_groups[1] = 27;
	for (u32 i = 0; i < IMG_NRLIMIT; i++)
		p->p_rlimit[i].rl_cur = p->p_rlimit[i].rl_max = i == 3 ? 8u << 20 : ~0ull;
	strcpy(p->p_comm, "mat");
	strcpy(p->p_args, "mat 500 out.txt");
	p->p_exe = sample_vnode(img, "/bin/mat", 0100755, 12);
	p->p_cwd = sample_vnode(img, "/root", 0040700, 13);
	p->p_root = sample_vnode(img, "/", 0040755, 2);
	p->p_ctty = IMG_NONE;
	p->p_act[1].sa_handler = 1;
	p->p_act[13].sa_handler = 0x08048200;
	p->p_act[13].sa_flags = 0x14000004;
	p->p_act[13].sa_restorer = 0x08048300;
	p->p_act[13].sa_mask = 0x2000;
	p->p_itimer[0].it_remain = 500000000;
	p->p_itimer[0].it_interval = 1000000000;
	p->p_age = 99;
	p->p_mono = 0x123456789ull;
	p->p_utime = 5000000000ull;
	p->p_minflt = 300;
	m->m_brk_start = 0x0804c000;
	m->m_brk = 0x08050000;
	m->m_mmap_top = 0xbf800000;
	m->m_stack_limit = 8 << 20;
	m->m_stack_start = 0xbffff100;
	m->m_code_start = 0x08048000;
	m->m_code_end = 0x08049000;
	m->m_nauxv = ARRAY_SIZE(auxv);
	memcpy(m->m_auxv, auxv, sizeof(auxv));
	return p;
}

static void sample_pages(struct img_image *img, struct img_proc *p, u32 va, u32 n)
{
	for (u32 i = 0; i < n; i++)
		NEED(img_add_page(img, p, va + i * IMG_PAGE) == 0);
}

static inline u32 sample_file(struct img_image *img, struct img_file file)
{
	struct img_file *f = img_add_file(img);

	NEED(f);
	*f = file;
	return img->i_nfile - 1;
}

static inline void sample_fd(struct img_image *img, struct img_proc *p, struct img_fd fd)
{
	struct img_fd *new = img_add_fd(img, p);

	NEED(new);
	*new = fd;
}

/* The terminal, and a description of it: the first of the image. */
static inline void sample_tty(struct img_image *img)
{
	u32 vnode = sample_vnode(img, "/dev/ttyS0", 0020620, 20);
	struct img_tty *t = img_add_tty(img);

	NEED(t);
	*t = (struct img_tty){
		.t_vnode = vnode, .t_lflag = 0x8a3b, .t_cc = { 3, 28, 127 }, .t_row = 25, .t_col = 80, .t_pgrp = 77
	};
	sample_file(img, (struct img_file){ .f_kind = IMG_FILE_TTY, .f_flags = 2, .f_vnode = vnode });
}

/* Little of everything: one lwp, three stored pages, standard descriptors on a terminal. */
static inline void sample_small(struct img_image *img)
{
	struct img_proc *p = sample_begin(img, 1);

	sample_proc(img, 0, 77, IMG_NONE);
	sample_lwp(img, p, 77, true);
	sample_seg(img, p, 0x08048000, 2, 5, IMG_SEG_PRIVATE, 0, p->p_exe, 0);
	sample_seg(img, p, 0x0804a000, 2, 3, IMG_SEG_PRIVATE, 0, p->p_exe, 0x2000);
	sample_seg(img, p, 0x0804c000, 4, 3, IMG_SEG_ANON, IMG_SEGF_BRK, IMG_NONE, 0);
	sample_seg(img, p, 0xbffe0000, 32, 3, IMG_SEG_ANON, IMG_SEGF_STACK, IMG_NONE, 0);
	sample_pages(img, p, 0x0804a000, 1);
	sample_pages(img, p, 0x0804d000, 1);
	sample_pages(img, p, 0xbffff000, 1);
	sample_tty(img);
	for (u32 i = 0; i < 3; i++)
		sample_fd(img, p, (struct img_fd){ .fd_num = i });
	p->p_ctty = 0;
}

static inline void sample_signal(struct img_image *img, struct img_sigqueue *q, u32 sig)
{
	struct img_siginfo *si = img_add_siginfo(img, q);

	NEED(si);
	si->si_word[0] = sig;
	si->si_word[3] = 99;
	q->q_set |= 1ull << (sig - 1);
}

/* Three lwps, queues, files with shared descriptions, segs with many runs, more than one block of sums. */
static inline void sample_large(struct img_image *img)
{
	struct img_proc *p = sample_begin(img, 1);
	u32 null, log, dir;

	sample_proc(img, 0, 77, IMG_NONE);
	sample_lwp(img, p, 78, true);
	sample_lwp(img, p, 77, false);
	sample_lwp(img, p, 79, true);
	p->p_lwp[1].l_restart = (struct img_restart){
		.rs_active = 1, .rs_sysno = 162, .rs_arg = { 1, 2, 3, 4, 5 }, .rs_remain = 77
	};
	p->p_lwp[1].l_tls[0] = 0;
	p->p_lwp[1].l_tls[2] = 0x08dff3040960ffffull;
	p->p_lwp[1].l_regs.r_gs = 0x43;
	sample_signal(img, &p->p_lwp[2].l_pending, 10);
	sample_signal(img, &p->p_pending, 34);
	sample_signal(img, &p->p_pending, 34);
	p->p_pending.q_set |= 1;
	sample_seg(img, p, 0x08048000, 8, 5, IMG_SEG_PRIVATE, 0, p->p_exe, 0);
	sample_seg(img, p, 0x08050000, 8, 3, IMG_SEG_PRIVATE, 0, p->p_exe, 0x8000);
	sample_seg(img, p, 0x40000000, 16, 3, IMG_SEG_SHARED, 0,
		   sample_vnode(img, "/root/data", 0100644, 50), 0x10000);
	sample_seg(img, p, 0x40010000, 1, 0, IMG_SEG_ANON, IMG_SEGF_DONTFORK, IMG_NONE, 0);
	sample_seg(img, p, 0x40011000, 3000, 3, IMG_SEG_ANON, 0, IMG_NONE, 0);
	sample_seg(img, p, 0xbffe0000, 32, 3, IMG_SEG_ANON, IMG_SEGF_STACK, IMG_NONE, 0);
	sample_pages(img, p, 0x08050000, 8);
	for (u32 va = 0x40011000; va < 0x40011000 + 3000 * IMG_PAGE; va += 5 * IMG_PAGE)
		sample_pages(img, p, va, 2);
	sample_pages(img, p, 0xbfffe000, 2);
	null = sample_vnode(img, "/dev/null", 0020666, 53);
	log = sample_vnode(img, "/root/log with a blank\n", 0100600, 51);
	dir = sample_vnode(img, "/root/dir", 0040755, 52);
	sample_file(img, (struct img_file){ .f_kind = IMG_FILE_CHR, .f_vnode = null, .f_obj = IMG_NONE });
	sample_file(img, (struct img_file){ .f_kind = IMG_FILE_REG,
					    .f_flags = 0102001,
					    .f_offset = 123456789012ull,
					    .f_vnode = log,
					    .f_obj = IMG_NONE });
	sample_file(img, (struct img_file){ .f_kind = IMG_FILE_DIR,
					    .f_flags = 0200000,
					    .f_offset = 48,
					    .f_vnode = dir,
					    .f_obj = IMG_NONE,
					    .f_owner = -77 });
	const struct img_fd fds[] = { { 0, 0, 0 }, { 1, 1, 0 }, { 2, 1, 0 }, { 10, 2, 1 }, { 11, 0, 1 } };

	for (u32 i = 0; i < ARRAY_SIZE(fds); i++)
		sample_fd(img, p, fds[i]);
}

/* The contents of a page: not zero, different for each address. */
static inline void sample_page(u32 va, u8 page[IMG_PAGE])
{
	u32 x = va | 1;

	for (u32 i = 0; i < IMG_PAGE; i++) {
		x = x * 1664525 + 1013904223;
		page[i] = (u8)(x >> 24);
	}
}

/* The page at r_va `at` of run list k: different for each list; zeros behind the end of a data object. */
static inline void sample_contents(const struct img_image *img, u32 k, u32 at, u8 page[IMG_PAGE])
{
	sample_page(at ^ k << 4, page);
	if (k >= img->i_nproc) {
		u64 size = img->i_data[k - img->i_nproc].d_size;

		if (size < at + (u64)IMG_PAGE)
			memset(page + size - at, 0, (size_t)(at + IMG_PAGE - size));
	}
}

static inline int sample_write_list(struct img_image *img, struct memfile *f, struct img_writer *w, u32 k)
{
	struct img_runs rs = img_list(img, k);
	int error = 0;

	for (u32 r = 0; r < rs.rs_nrun && !error; r++)
		for (u32 i = 0; i < rs.rs_run[r].r_npages && !error; i++) {
			u8 page[IMG_PAGE];

			sample_contents(img, k, rs.rs_run[r].r_va + i * IMG_PAGE, page);
			memcpy(f->data + img_page_off(img, rs.rs_run[r].r_first + i), page, IMG_PAGE);
			error = img_write_page(w, page);
		}
	return error;
}

/* Lays img out and writes it into *f. 0 or the error of the step that failed. */
static inline int sample_write(struct img_image *img, struct memfile *f, struct img_err *err)
{
	struct img_io io = memfile_io(f);
	struct img_writer w;
	int error = img_layout(img, err);

	if (error)
		return error;
	if (!f->data) {
		f->size = img->i_lo.lo_size;
		f->data = calloc(1, f->size);
		f->written = calloc(1, f->size / IMG_PAGE);
	}
	error = img_write_begin(&w, img, &io);
	for (u32 k = 0; k < img_nlists(img) && !error; k++)
		error = sample_write_list(img, f, &w, k);
	return error ? error : img_write_end(&w);
}

static inline void memfile_free(struct memfile *f)
{
	free(f->data);
	free(f->written);
	*f = (struct memfile){ 0 };
}

/* As sample_large, with memory that is locked, and memory that is wiped at a fork. */
static inline void sample_locked(struct img_image *img)
{
	struct img_proc *p;

	sample_large(img);
	p = &img->i_proc[0];
	p->p_seg[3].s_flags |= IMG_SEGF_WIPEONFORK;
	p->p_seg[4].s_flags = IMG_SEGF_LOCKED | IMG_SEGF_ONFAULT;
	p->p_mm.m_newflags = IMG_SEGF_LOCKED;
}

#endif
