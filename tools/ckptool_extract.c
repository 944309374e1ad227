/* SPDX-License-Identifier: MIT */
/*
 * ckptool extract: one process as an image of its own, so that a debugger, which sees the first process only, sees this one.
 *
 * What the process uses comes with it: files, contents, pipes, terminals, locks. In the new image each gets the
 * number of its first use there, as image.h says; the maps below go from old numbers to new ones.
 */
#include "tools/ckptool.h"

#include "ckpt/image/img_field.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

struct map {
	u32 *m_new; /* by old number; IMG_NONE: not used yet */
	u32 *m_old; /* by new number */
	u32 m_count;
};

struct extract {
	const struct tool_image *x_from;
	const struct img_image *x_old;
	struct img_image x_img;
	struct map x_map[LIST_COUNT];
	u32 x_proc;
	int x_fd;
};

static void no_memory(void)
{
	fprintf(stderr, "ckptool: %s\n", strerror(ENOMEM));
	exit(TROUBLE);
}

static void *need(void *p)
{
	if (!p)
		no_memory();
	return p;
}

static void map_init(struct map *m, u32 n)
{
	m->m_new = need(malloc((n + 1) * sizeof(u32)));
	m->m_old = need(malloc((n + 1) * sizeof(u32)));
	m->m_count = 0;
	for (u32 i = 0; i < n; i++)
		m->m_new[i] = IMG_NONE;
}

static void map_free(struct map *m)
{
	free(m->m_new);
	free(m->m_old);
}

/* The new number of something, given now if this is the first use. */
static u32 map_use(struct map *m, u32 old)
{
	if (old == IMG_NONE)
		return IMG_NONE;
	if (m->m_new[old] == IMG_NONE) {
		m->m_old[m->m_count] = old;
		m->m_new[old] = m->m_count++;
	}
	return m->m_new[old];
}

/* The fields of an item that name others get new numbers, in the order of use. */
static void renumber(struct extract *x, const struct img_kind *k, void *item)
{
	for (const struct img_field *f = k->k_fields; f->f_type != T_END; f++) {
		u32 *index = (u32 *)((u8 *)item + f->f_off);

		if (f->f_type == T_INDEX && f->f_use && img_present(x->x_old, f, item))
			*index = map_use(&x->x_map[f->f_arg], *index);
	}
}

/* ---- the process, and what it uses ---- */

static void copy_runs(struct img_image *img, struct img_run **runs, u32 n)
{
	struct img_run *copy = need(img_alloc(img, n * sizeof(*copy)));

	if (n)
		memcpy(copy, *runs, n * sizeof(*copy));
	*runs = copy;
}

static void take_run(struct extract *x, struct img_proc *p, u32 va, u32 n)
{
	for (u32 i = 0; i < n; i++)
		need(img_add_page(&x->x_img, p, va + i * IMG_PAGE) == 0 ? p : NULL);
}

/* What it stores, and what stands with others, in order of address. */
static void take_pages(struct extract *x, struct img_proc *p, const struct img_proc *memory)
{
	const struct img_run *run = memory->p_run, *run_end = run + memory->p_nrun;
	const struct img_cow *cow = memory->p_cow, *cow_end = cow + memory->p_ncow;

	p->p_run = NULL;
	p->p_cow = NULL;
	p->p_nrun = p->p_ncow = p->p_runseg = 0;
	while (run < run_end || cow < cow_end) {
		if (cow == cow_end || (run < run_end && run->r_va < cow->c_va)) {
			take_run(x, p, run->r_va, run->r_npages);
			run++;
		} else {
			take_run(x, p, cow->c_va, cow->c_npages);
			cow++;
		}
	}
}

static void take_proc(struct extract *x)
{
	struct img_proc *p = x->x_img.i_proc;
	const struct img_proc *old = &x->x_old->i_proc[x->x_proc];
	const struct img_proc *memory = img_mem_of(x->x_old, old), *files = img_fds_of(x->x_old, old);

	/* The lists that hold no numbers of other things are shared with the old image. */
	*p = *old;
	p->p_parent = IMG_NONE;
	/* What it had together with others is its own. */
	p->p_mem = p->p_fds = 0;
	p->p_waiter = IMG_NONE;
	p->p_waiterlwp = 0;
	p->p_mm = memory->p_mm;
	renumber(x, &img_proc_kind, p);
	p->p_seg = NULL;
	p->p_fd = NULL;
	p->p_nseg = p->p_nfd = 0;
	for (u32 i = 0; i < memory->p_nseg; i++) {
		struct img_seg *s = need(img_add_seg(&x->x_img, p));

		*s = memory->p_seg[i];
		renumber(x, &img_seg_kind, s);
	}
	take_pages(x, p, memory);
	for (u32 i = 0; i < files->p_nfd; i++) {
		struct img_fd *fd = need(img_add_fd(&x->x_img, p));

		*fd = files->p_fd[i];
		renumber(x, &img_fd_kind, fd);
	}
}

static void take_files(struct extract *x)
{
	for (u32 i = 0; i < x->x_map[LIST_FILE].m_count; i++) {
		struct img_file *f = need(img_add_file(&x->x_img));

		*f = x->x_old->i_file[x->x_map[LIST_FILE].m_old[i]];
		renumber(x, &img_file_kind, f);
	}
}

/* A file about one of the others is about one that is not there. */
static void take_vnode(struct extract *x, struct img_vnode *v, const struct img_vnode *old)
{
	*v = *old;
	if (v->v_flags & IMG_VF_PROCESS)
		v->v_ino = v->v_ino == x->x_proc + 1;
}

static void take_objects(struct extract *x)
{
	struct img_proc *p = x->x_img.i_proc;

	p->p_ctty = map_use(&x->x_map[LIST_TTY], p->p_ctty);
	for (u32 i = 0; i < x->x_map[LIST_TTY].m_count; i++) {
		struct img_tty *t = need(img_add_tty(&x->x_img));

		*t = x->x_old->i_tty[x->x_map[LIST_TTY].m_old[i]];
		renumber(x, &img_tty_kind, t);
	}
	for (u32 i = 0; i < x->x_map[LIST_PIPE].m_count; i++) {
		struct img_pipe *pi = need(img_add_pipe(&x->x_img));

		*pi = x->x_old->i_pipe[x->x_map[LIST_PIPE].m_old[i]];
		renumber(x, &img_pipe_kind, pi);
	}
	for (u32 i = 0; i < x->x_map[LIST_DATA].m_count; i++) {
		const struct img_data *old = &x->x_old->i_data[x->x_map[LIST_DATA].m_old[i]];
		struct img_data *d = need(img_add_data(&x->x_img, old->d_path));
		const char *path = d->d_path;

		*d = *old;
		d->d_path = path;
		copy_runs(&x->x_img, &d->d_run, d->d_nrun);
	}
	x->x_img.i_vnode = need(img_alloc(&x->x_img, x->x_map[LIST_VNODE].m_count * sizeof(*x->x_img.i_vnode)));
	x->x_img.i_nvnode = x->x_map[LIST_VNODE].m_count;
	for (u32 i = 0; i < x->x_map[LIST_VNODE].m_count; i++)
		take_vnode(x, &x->x_img.i_vnode[i], &x->x_old->i_vnode[x->x_map[LIST_VNODE].m_old[i]]);
}

static int compare_locks(const void *a, const void *b)
{
	const struct img_lock *l = a, *m = b;

	if (l->l_file != m->l_file)
		return l->l_file < m->l_file ? -1 : 1;
	if (l->l_kind != m->l_kind)
		return l->l_kind < m->l_kind ? -1 : 1;
	return l->l_start < m->l_start ? -1 : l->l_start > m->l_start;
}

/* Without its master, a pseudo terminal is one whose other end is somebody else's. */
static bool keeps_master(const struct extract *x, const struct img_pty *y)
{
	const struct img_image *old = x->x_old;

	for (u32 i = 0; i < old->i_nfile; i++)
		if (old->i_file[i].f_kind == IMG_FILE_PTMX && old->i_file[i].f_obj == y->y_tty)
			return x->x_map[LIST_FILE].m_new[i] != IMG_NONE;
	return true; /* hung up */
}

static void take_ptys(struct extract *x)
{
	for (u32 i = 0; i < x->x_map[LIST_TTY].m_count; i++) {
		const struct img_pty *old = img_pty_of(x->x_old, x->x_map[LIST_TTY].m_old[i]);
		struct img_pty *y;

		if (!old || !keeps_master(x, old))
			continue;
		y = need(img_add_pty(&x->x_img));
		*y = *old;
		y->y_tty = i;
	}
}

/* Of the files that it has open: its own, and those of the descriptions. */
static void take_locks(struct extract *x)
{
	struct img_image *img = &x->x_img;

	for (u32 i = 0; i < x->x_old->i_nlock; i++) {
		const struct img_lock *old = &x->x_old->i_lock[i];
		struct img_lock *l;

		if (x->x_map[LIST_FILE].m_new[old->l_file] == IMG_NONE ||
		    (old->l_kind == IMG_LOCK_POSIX && old->l_proc != x->x_old->i_proc[x->x_proc].p_fds))
			continue;
		l = need(img_add_lock(img));
		*l = *old;
		l->l_file = x->x_map[LIST_FILE].m_new[old->l_file];
		l->l_proc = old->l_kind == IMG_LOCK_POSIX ? 0 : IMG_NONE;
	}
	if (img->i_nlock)
		qsort(img->i_lock, img->i_nlock, sizeof(*img->i_lock), compare_locks);
}

/* ---- the file ---- */

static int host_write(void *ctx, u64 off, const void *buf, u32 len)
{
	const struct extract *x = ctx;
	const u8 *p = buf;

	while (len) {
		ssize_t n = pwrite(x->x_fd, p, len, (off_t)off);

		if (n < 0)
			return -errno;
		p += n;
		off += (u64)n;
		len -= (u32)n;
	}
	return 0;
}

/* The pages of list k, which was list `from` of the old image. */
static int write_list(struct extract *x, struct img_writer *w, u32 k, u32 from)
{
	struct img_runs rs = img_list(&x->x_img, k);
	u8 page[IMG_PAGE];
	int error = 0;

	for (u32 r = 0; r < rs.rs_nrun && !error; r++)
		for (u32 i = 0; i < rs.rs_run[r].r_npages && !error; i++) {
			tool_page(x->x_from, from, rs.rs_run[r].r_va + i * IMG_PAGE, page);
			error = host_write(x, img_page_off(&x->x_img, rs.rs_run[r].r_first + i), page, IMG_PAGE);
			if (!error)
				error = img_write_page(w, page);
		}
	return error;
}

static int write_image(struct extract *x, struct img_err *err)
{
	struct img_io io = { .io_write = host_write, .io_ctx = x };
	struct img_image *img = &x->x_img;
	struct img_writer w;
	int error = img_layout(img, err);

	if (!error)
		error = img_write_begin(&w, img, &io);
	if (!error)
		error = write_list(x, &w, 0, x->x_old->i_proc[x->x_proc].p_mem);
	for (u32 i = 0; i < img->i_ndata && !error; i++)
		error = write_list(x, &w, 1 + i, x->x_old->i_nproc + x->x_map[LIST_DATA].m_old[i]);
	return error ? error : img_write_end(&w);
}

static int save(struct extract *x, const char *out)
{
	struct img_err err = { 0 };
	int error;

	x->x_fd = open(out, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (x->x_fd < 0) {
		fprintf(stderr, "%s: %s\n", out, strerror(errno));
		return TROUBLE;
	}
	error = write_image(x, &err);
	if (close(x->x_fd) < 0 && !error)
		error = -errno;
	if (!error)
		return 0;
	unlink(out);
	tool_complain(&(const struct tool_image){ .ti_name = out }, error, &err);
	return TROUBLE;
}

int tool_extract(const struct tool_image *ti, u32 proc, const char *out)
{
	struct extract x = { .x_from = ti, .x_old = &ti->ti_img, .x_proc = proc };
	struct img_ident *id = &x.x_img.i_ident;
	int status;

	if (x.x_old->i_proc[proc].p_flags & IMG_PF_ZOMBIE) {
		fprintf(stderr, "%s: process %d has ended: there is nothing to extract\n",
			ti->ti_name, x.x_old->i_proc[proc].p_pid);
		return TROUBLE;
	}
	img_init(&x.x_img, &x.x_old->i_mem);
	if (img_add_procs(&x.x_img, 1))
		no_memory();
	for (u32 i = 0; i < LIST_COUNT; i++)
		map_init(&x.x_map[i], img_list_count(x.x_old, i));
	*id = x.x_old->i_ident;
	x.x_img.i_stats = x.x_old->i_stats;
	memset(id->id_parent, 0, sizeof(id->id_parent));
	if (getrandom(id->id_image, sizeof(id->id_image), 0) != (ssize_t)sizeof(id->id_image)) {
		fprintf(stderr, "ckptool: %s\n", strerror(errno));
		exit(TROUBLE);
	}
	take_proc(&x);
	take_files(&x);
	take_objects(&x);
	take_ptys(&x);
	take_locks(&x);
	status = save(&x, out);
	for (u32 i = 0; i < LIST_COUNT; i++)
		map_free(&x.x_map[i]);
	img_free(&x.x_img);
	return status;
}
