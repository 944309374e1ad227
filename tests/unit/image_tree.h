/* SPDX-License-Identifier: MIT */
/*
 * An image of several processes with all that they can share: see image_sample.h for the rest.
 *
 *   77 mat      two lwps; stored pages, timers
 *   `- 78 mat   one lwp, with its registers in our own notes
 *      `- 79    a zombie
 *
 *   file  0 the terminal   1 pipe 0, read end     2 removed file    3 memfd          4 FIFO with a name, pipe 1
 *         5 file whose contents are here as well  6 pipe 0, write end
 *   data  0 shared memory  1 /root/table          2 memfd, mapped   3 removed file   4 bytes in pipe 0
 */
#ifndef TESTS_UNIT_IMAGE_TREE_H
#define TESTS_UNIT_IMAGE_TREE_H

#include "tests/unit/image_sample.h"

static inline u32 sample_data(struct img_image *img, u32 kind, u64 size, const char *path)
{
	struct img_data *d = img_add_data(img, path);

	NEED(d);
	d->d_kind = kind;
	d->d_size = size;
	if (path[0]) {
		d->d_mode = 0640;
		d->d_uid = 1000;
		d->d_gid = 100;
	}
	return img->i_ndata - 1;
}

static inline void sample_data_page(struct img_image *img, u32 data, u32 off)
{
	NEED(img_add_data_page(img, &img->i_data[data], off) == 0);
}

static inline void sample_pipe(struct img_image *img, u32 size, u32 data)
{
	struct img_pipe *pi = img_add_pipe(img);

	NEED(pi);
	*pi = (struct img_pipe){ .pi_size = size, .pi_data = data };
}

static inline void sample_lock(struct img_image *img, struct img_lock lock)
{
	struct img_lock *l = img_add_lock(img);

	NEED(l);
	*l = lock;
}

static inline void sample_ptimer(struct img_image *img, struct img_proc *p, struct img_ptimer timer)
{
	struct img_ptimer *pt = img_add_ptimer(img, p);

	NEED(pt);
	*pt = timer;
}

static inline void sample_parent(struct img_image *img, u32 memory, u32 table, u32 contents)
{
	struct img_proc *p = sample_proc(img, 0, 77, IMG_NONE);

	sample_lwp(img, p, 77, true);
	sample_lwp(img, p, 80, false);
	p->p_lwp[0].l_regs.r_orig_eax = 4;
	p->p_lwp[0].l_done = 4096;
	sample_seg(img, p, 0x08048000, 2, 5, IMG_SEG_PRIVATE, 0, p->p_exe, 0);
	sample_seg(img, p, 0x0804a000, 2, 3, IMG_SEG_PRIVATE, 0, p->p_exe, 0x2000);
	sample_seg(img, p, 0x40000000, 4, 3, IMG_SEG_SHARED, 0, IMG_NONE, 0)->s_data = memory;
	sample_seg(img, p, 0x40010000, 2, 3, IMG_SEG_SHARED, 0, table, 0x1000)->s_data = contents;
	sample_seg(img, p, 0xbffe0000, 32, 3, IMG_SEG_ANON, IMG_SEGF_STACK, IMG_NONE, 0);
	sample_pages(img, p, 0x0804a000, 1);
	sample_pages(img, p, 0xbfffe000, 2);
	sample_ptimer(img, p,
		      (struct img_ptimer){ .pt_clock = 1,
					   .pt_value = 0x1234,
					   .pt_signo = 34,
					   .pt_notify = 4,
					   .pt_tid = 80,
					   .pt_overrun = 2,
					   .pt_interval = 1000000,
					   .pt_remain = 333 });
	sample_ptimer(img, p, (struct img_ptimer){ .pt_id = 3, .pt_notify = 1 });
}

static inline void sample_child(struct img_image *img, u32 memory, u32 memfd)
{
	struct img_proc *p = sample_proc(img, 1, 78, 0);

	sample_lwp(img, p, 78, true);
	p->p_lwp[0].l_regs.r_eip = 0x08048456;
	p->p_lwp[0].l_pending.q_set = 0x200;
	p->p_flags = IMG_PF_FORKNOEXEC | IMG_PF_WAITSTOP | IMG_PF_STOPTOLD;
	p->p_stopsig = 20;
	sample_seg(img, p, 0x08048000, 2, 5, IMG_SEG_PRIVATE, 0, p->p_exe, 0);
	sample_seg(img, p, 0x0804a000, 2, 3, IMG_SEG_PRIVATE, 0, p->p_exe, 0x2000);
	sample_seg(img, p, 0x50000000, 2, 3, IMG_SEG_SHARED, 0, IMG_NONE, 0x1000)->s_data = memory;
	sample_seg(img, p, 0x50010000, 1, 1, IMG_SEG_PRIVATE, 0, IMG_NONE, 0)->s_data = memfd;
	sample_seg(img, p, 0xbffe0000, 32, 3, IMG_SEG_ANON, IMG_SEGF_STACK, IMG_NONE, 0);
	sample_pages(img, p, 0x0804a000, 1);
	sample_pages(img, p, 0x50010000, 1);
	sample_pages(img, p, 0xbffff000, 1);
}

static inline void sample_zombie(struct img_image *img)
{
	struct img_proc *p = sample_proc(img, 2, 79, 1);

	p->p_flags = IMG_PF_ZOMBIE;
	p->p_xstat = 3 << 8;
	p->p_exe = p->p_cwd = p->p_root = IMG_NONE;
	memset(&p->p_mm, 0, sizeof(p->p_mm));
	memset(p->p_act, 0, sizeof(p->p_act));
}

/* Made by clone(2): with the child's memory, and the parent's descriptors. */
static inline void sample_sharer(struct img_image *img)
{
	struct img_proc *p = sample_proc(img, 3, 90, 0);

	sample_lwp(img, p, 90, true);
	p->p_mem = 1;
	p->p_fds = 0;
	memset(&p->p_mm, 0, sizeof(p->p_mm));
}

static inline void sample_tree_files(struct img_image *img, u32 table)
{
	const struct img_file files[] = {
		{ .f_kind = IMG_FILE_PIPE, .f_vnode = IMG_NONE, .f_obj = 0 },
		{ .f_kind = IMG_FILE_DATA, .f_flags = 2, .f_offset = 5000, .f_vnode = IMG_NONE, .f_obj = 3 },
		{ .f_kind = IMG_FILE_DATA, .f_flags = 2, .f_vnode = IMG_NONE, .f_obj = 2 },
		{ .f_kind = IMG_FILE_PIPE, .f_flags = 2, .f_vnode = sample_vnode(img, "/root/fifo", 0010600, 54), .f_obj = 1 },
		{ .f_kind = IMG_FILE_REG, .f_flags = 2, .f_vnode = table, .f_obj = 1 },
		{ .f_kind = IMG_FILE_PIPE, .f_flags = 04001, .f_vnode = IMG_NONE, .f_obj = 0, .f_owner = 78 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(files); i++)
		sample_file(img, files[i]);
	for (u32 i = 0; i < 6; i++)
		sample_fd(img, &img->i_proc[0], (struct img_fd){ i, i, 0 });
	sample_fd(img, &img->i_proc[1], (struct img_fd){ 0, 0, 0 });
	sample_fd(img, &img->i_proc[1], (struct img_fd){ 1, 6, 0 });
	sample_fd(img, &img->i_proc[1], (struct img_fd){ 3, 2, 1 });
	sample_pipe(img, 65536, 4);
	sample_pipe(img, 4096, IMG_NONE);
	sample_lock(img, (struct img_lock){ IMG_LOCK_POSIX, 1, 2, 0, 0, 99 });
	sample_lock(img, (struct img_lock){ IMG_LOCK_POSIX, 0, 2, 0, 100, 199 });
	sample_lock(img, (struct img_lock){ IMG_LOCK_POSIX, 0, 2, 1, 150, (1ull << 63) - 1 });
	sample_lock(img, (struct img_lock){ IMG_LOCK_OFD, 1, 5, IMG_NONE, 10, 10 });
	sample_lock(img, (struct img_lock){ IMG_LOCK_FLOCK, 1, 5, IMG_NONE, 0, (1ull << 63) - 1 });
}

static inline void sample_procs(struct img_image *img, u32 n)
{
	u32 memory, contents, memfd, removed, bytes, table;

	sample_begin(img, n);
	memory = sample_data(img, IMG_DATA_MEMORY, 0x4000, "");
	contents = sample_data(img, IMG_DATA_FILE, 0x2345, "/root/table");
	memfd = sample_data(img, IMG_DATA_MEMFD, 100, "/memfd:cache (deleted)");
	removed = sample_data(img, IMG_DATA_FILE, 0x5001, "/root/gone (deleted)");
	bytes = sample_data(img, IMG_DATA_PIPE, 17, "");
	sample_data_page(img, memory, 0);
	sample_data_page(img, memory, 0x1000);
	sample_data_page(img, memory, 0x3000);
	sample_data_page(img, contents, 0x2000);
	sample_data_page(img, memfd, 0);
	sample_data_page(img, removed, 0x1000);
	sample_data_page(img, removed, 0x5000);
	sample_data_page(img, bytes, 0);
	sample_vnode(img, "/bin/mat", 0100755, 12);
	sample_vnode(img, "/root", 0040700, 13);
	sample_vnode(img, "/", 0040755, 2);
	table = sample_vnode(img, "/root/table", 0100644, 55);
	img->i_vnode[table].v_flags = IMG_VF_SPARE;
	sample_parent(img, memory, table, contents);
	sample_child(img, memory, memfd);
	sample_zombie(img);
	if (n > 3)
		sample_sharer(img);
	sample_tty(img);
	sample_tree_files(img, table);
	img->i_proc[0].p_ctty = img->i_proc[1].p_ctty = 0;
}

static inline void sample_tree(struct img_image *img)
{
	sample_procs(img, 3);
}

/* As little as can be, twice: memory and descriptors are one. */
static inline void sample_twins(struct img_image *img)
{
	sample_begin(img, 2);
	for (u32 i = 0; i < 2; i++) {
		struct img_proc *p = sample_proc(img, i, 77 + (s32)i, i ? 0 : IMG_NONE);

		p->p_ngroups = 0;
		sample_lwp(img, p, p->p_pid, false);
	}
	memset(&img->i_proc[1].p_mm, 0, sizeof(img->i_proc[1].p_mm));
	img->i_proc[1].p_mem = img->i_proc[1].p_fds = 0;
}

/* As sample_tree, and one more that shares what two of them have; all are in a directory about the first. */
static inline void sample_shares(struct img_image *img)
{
	sample_procs(img, 4);
	img->i_vnode[1] = (struct img_vnode){
		.v_path = "/proc/77/task", .v_rdev = 6, .v_ino = 1, .v_mode = 0040000, .v_flags = IMG_VF_PROCESS
	};
}

/* The same, and the first waits in vfork for the one that shares. */
static inline void sample_vfork(struct img_image *img)
{
	sample_shares(img);
	img->i_proc[3].p_waiter = 0;
}

/* As sample_shares, with what note STATS has. */
static inline void sample_stats(struct img_image *img)
{
	const struct img_stamp some = { 1700000000, 987654321 };

	sample_shares(img);
	img->i_stats = 1;
	for (u32 i = 0; i < img->i_nvnode; i++) {
		struct img_vnode *v = &img->i_vnode[i];

		if (v->v_flags & IMG_VF_PROCESS)
			continue;
		memset(v->v_uuid, 0x55, sizeof(v->v_uuid));
		v->v_ctime = some;
		if ((v->v_mode & 0170000) == 0100000) {
			v->v_flags |= IMG_VF_COUNTED;
			v->v_changes = i;
		}
	}
	for (u32 i = 0; i < img->i_ndata; i++) {
		struct img_data *d = &img->i_data[i];

		if (d->d_kind == IMG_DATA_FILE || d->d_kind == IMG_DATA_MEMFD)
			d->d_atime = d->d_mtime = d->d_ctime = some;
	}
	for (u32 i = 0; i < img->i_npipe; i++)
		img->i_pipe[i].pi_atime = img->i_pipe[i].pi_mtime = img->i_pipe[i].pi_ctime = some;
}

static inline void sample_cow_pages(struct img_image *img, struct img_proc *p, u32 va, u32 n, u32 from)
{
	for (u32 i = 0; i < n; i++)
		NEED(img_add_cow(img, p, va + i * IMG_PAGE, 0, from + i * IMG_PAGE) == 0);
}

/* As sample_shares, and the child has pages of the first copy-on-write, some of them at other addresses. */
static inline void sample_cow(struct img_image *img)
{
	struct img_proc *p;

	sample_shares(img);
	p = &img->i_proc[1];
	p->p_runseg = 0;
	sample_cow_pages(img, p, 0x0804b000, 1, 0x0804a000);
	sample_cow_pages(img, p, 0xbfff0000, 2, 0xbfffe000);
	sample_cow_pages(img, p, 0xbfffe000, 1, 0xbfffe000);
}

#endif
