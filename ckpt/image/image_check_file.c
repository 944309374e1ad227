/* SPDX-License-Identifier: MIT */
/* The rules of open files and what they hold: contents, pipes; of descriptors and locks. */
#include "ckpt/image/image_check.h"

/* What F_GETFL can show: no O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC, O_CLOEXEC, O_TMPFILE (linux-libc-dev's asm-generic/fcntl.h). */
#define OPEN_KEPT 015776003u
#define OPEN_PATH 010000000u
#define TO_THE_END ((1ull << 63) - 1)

static int check_data_runs(const struct img_data *d, struct img_err *err)
{
	u32 end = 0, size = ROUND_UP((u32)d->d_size, IMG_PAGE);

	u64 stored = 0;

	REQUIRE(d->d_nrun <= IMG_MAX_LOADS, "too many runs of pages", d->d_nrun);
	for (u32 i = 0; i < d->d_nrun; i++) {
		const struct img_run *r = &d->d_run[i];

		REQUIRE(r->r_va % IMG_PAGE == 0 && r->r_npages, "run is not whole pages", r->r_va);
		REQUIRE(i == 0 || r->r_va > end, "runs touch or overlap", r->r_va);
		REQUIRE(r->r_va < size && r->r_npages <= (size - r->r_va) / IMG_PAGE,
			"run goes beyond its object", r->r_va);
		end = r->r_va + r->r_npages * IMG_PAGE;
		stored += r->r_npages;
	}
	REQUIRE(stored * IMG_PAGE <= IMG_MAX_DATA_SIZE, "too much is stored of one object", (u32)stored);
	return 0;
}

int imgc_data(const struct img_image *img, struct img_err *err)
{
	REQUIRE(img->i_ndata <= IMG_MAX_DATA, "too many objects of contents", img->i_ndata);
	for (u32 i = 0; i < img->i_ndata; i++) {
		const struct img_data *d = &img->i_data[i];
		bool file = d->d_kind == IMG_DATA_FILE || d->d_kind == IMG_DATA_MEMFD;
		int error;

		REQUIRE(d->d_kind >= IMG_DATA_MEMORY && d->d_kind <= IMG_DATA_PIPE,
			"unknown kind of contents", d->d_kind);
		REQUIRE(d->d_size <= IMG_MAX_DATA_END, "contents are too large", i);
		REQUIRE(!(d->d_mode & ~07777u) && d->d_uid != ~0u && d->d_gid != ~0u,
			"attributes of contents", i);
		REQUIRE(d->d_path && (file ? d->d_path[0] == '/' : d->d_path[0] == 0) &&
				strnlen(d->d_path, IMG_MAX_PATH) < IMG_MAX_PATH,
			"name of contents", i);
		REQUIRE(file || (d->d_mode == 0 && d->d_uid == 0 && d->d_gid == 0),
			"attributes of what has none", i);
		error = check_data_runs(d, err);
		if (error)
			return error;
	}
	return 0;
}

static int check_pipes(const struct img_image *img, struct img_err *err)
{
	REQUIRE(img->i_npipe <= IMG_MAX_PIPES, "too many pipes", img->i_npipe);
	for (u32 i = 0; i < img->i_npipe; i++) {
		const struct img_pipe *pi = &img->i_pipe[i];

		REQUIRE(pi->pi_size >= IMG_PAGE && pi->pi_size <= IMG_MAX_PIPE_SIZE &&
				!(pi->pi_size & (pi->pi_size - 1)),
			"pipe's size", pi->pi_size);
		REQUIRE(pi->pi_mode <= 07777 && pi->pi_uid != ~0u && pi->pi_gid != ~0u,
			"mode or owner of a pipe", i);
		if (pi->pi_data == IMG_NONE)
			continue;
		REQUIRE(pi->pi_data < img->i_ndata && img->i_data[pi->pi_data].d_kind == IMG_DATA_PIPE &&
				img->i_data[pi->pi_data].d_size <= pi->pi_size &&
				img->i_data[pi->pi_data].d_size,
			"pipe's contents", i);
	}
	return 0;
}

static int check_fds(const struct img_image *img, const struct img_proc *p, u32 *files, struct img_err *err)
{
	u32 next = 0;

	REQUIRE(p->p_nfd <= IMG_MAX_FDS, "too many descriptors", p->p_nfd);
	for (u32 i = 0; i < p->p_nfd; i++) {
		const struct img_fd *fd = &p->p_fd[i];

		REQUIRE(fd->fd_num >= next && fd->fd_num < IMG_MAX_FDS,
			"descriptor out of range or order", fd->fd_num);
		REQUIRE(imgc_use(fd->fd_file, files, img->i_nfile), "descriptor's file", fd->fd_num);
		REQUIRE(fd->fd_cloexec <= 1, "descriptor's flags", fd->fd_cloexec);
		next = fd->fd_num + 1;
	}
	return 0;
}

/* A pipe is a FIFO with a name for all files that it is open as, or for none. */
static int check_pipe_use(const struct img_image *img, const struct img_file *f, u32 *pipes,
			  struct imgc_notes *n, struct img_err *err)
{
	const struct img_pipe *pi;
	u32 before = *pipes;

	REQUIRE(imgc_use(f->f_obj, pipes, img->i_npipe) && f->f_obj < IMG_MAX_PIPES,
		"open file's pipe", f->f_obj);
	if (*pipes != before)
		n->n_fifo[f->f_obj] = f->f_vnode;
	REQUIRE(n->n_fifo[f->f_obj] == f->f_vnode, "pipe of two names", f->f_obj);
	pi = &img->i_pipe[f->f_obj];
	REQUIRE(f->f_vnode == IMG_NONE || !(pi->pi_mode | pi->pi_uid | pi->pi_gid), "owner of a FIFO", f->f_obj);
	REQUIRE(f->f_offset <= 1, "offset of a pipe", f->f_obj);
	return 0;
}

static int check_file(const struct img_image *img, u32 i, u32 *ttys, u32 *pipes,
		      struct imgc_notes *n, struct img_err *err)
{
	static const u32 fmt[] = {
		[IMG_FILE_REG] = MODE_REG, [IMG_FILE_DIR] = MODE_DIR,	[IMG_FILE_CHR] = MODE_CHR,
		[IMG_FILE_TTY] = MODE_CHR, [IMG_FILE_PIPE] = MODE_FIFO, [IMG_FILE_PTMX] = MODE_CHR,
		[IMG_FILE_NAME] = MODE_LNK
	};
	const struct img_file *f = &img->i_file[i];
	bool named = f->f_vnode != IMG_NONE;

	REQUIRE(f->f_kind >= IMG_FILE_REG && f->f_kind <= IMG_FILE_NAME, "unknown kind of open file", f->f_kind);
	REQUIRE(!named || (f->f_kind != IMG_FILE_DATA && f->f_vnode < img->i_nvnode &&
			   (imgc_vnode_is(img, f->f_vnode, fmt[f->f_kind]) ||
			    (f->f_kind == IMG_FILE_NAME && imgc_vnode_is(img, f->f_vnode, MODE_FIFO)))),
		"open file of another kind", i);
	REQUIRE(named || f->f_kind == IMG_FILE_PIPE || f->f_kind == IMG_FILE_DATA,
		"open file without a name", i);
	REQUIRE(!(f->f_flags & ~OPEN_KEPT), "open file's flags", f->f_flags);
	REQUIRE(f->f_offset < 1ull << 63, "open file's offset", i);
	REQUIRE(f->f_kind != IMG_FILE_NAME || ((f->f_flags & OPEN_PATH) && !f->f_offset),
		"name that is open", i);
	switch (f->f_kind) {
	case IMG_FILE_TTY:
	case IMG_FILE_PTMX:
		REQUIRE(imgc_use(f->f_obj, ttys, img->i_ntty), "open file's terminal", f->f_obj);
		break;
	case IMG_FILE_PIPE: return check_pipe_use(img, f, pipes, n, err);
	case IMG_FILE_DATA:
		REQUIRE(f->f_obj < img->i_ndata && (img->i_data[f->f_obj].d_kind == IMG_DATA_FILE ||
						    img->i_data[f->f_obj].d_kind == IMG_DATA_MEMFD),
			"open file's contents", f->f_obj);
		break;
	case IMG_FILE_REG:
		REQUIRE(f->f_obj == IMG_NONE || (f->f_obj < img->i_ndata && imgc_vnode_lasts(img, f->f_vnode) &&
						 img->i_data[f->f_obj].d_kind == IMG_DATA_FILE),
			"open file's contents", f->f_obj);
		break;
	default: REQUIRE(f->f_obj == IMG_NONE, "open file has an object", i);
	}
	return 0;
}

int imgc_files(const struct img_image *img, struct imgc_notes *n, struct img_err *err)
{
	u32 ttys = 0, pipes = 0, files = 0;

	REQUIRE(img->i_nfile <= IMG_MAX_FILES, "too many open files", img->i_nfile);
	REQUIRE(img->i_ntty <= IMG_MAX_TTYS, "too many terminals", img->i_ntty);
	for (u32 i = 0; i < img->i_nfile; i++) {
		int error = check_file(img, i, &ttys, &pipes, n, err);

		if (error)
			return error;
	}
	for (u32 i = 0; i < img->i_nproc; i++) {
		const struct img_proc *p = &img->i_proc[i];
		int error = check_fds(img, p, &files, err);

		if (error)
			return error;
		if (p->p_ctty != IMG_NONE)
			REQUIRE(imgc_use(p->p_ctty, &ttys, img->i_ntty), "controlling terminal", p->p_ctty);
	}
	REQUIRE(ttys == img->i_ntty, "terminal that nothing uses", ttys);
	REQUIRE(pipes == img->i_npipe, "pipe that nothing uses", pipes);
	REQUIRE(files == img->i_nfile, "open file without a descriptor", files);
	return check_pipes(img, err);
}

/* In order; those of one owner do not overlap. */
static bool lock_before(const struct img_lock *a, const struct img_lock *b)
{
	if (a->l_file != b->l_file)
		return a->l_file < b->l_file;
	if (a->l_kind != b->l_kind)
		return a->l_kind < b->l_kind;
	if (a->l_proc != b->l_proc)
		return a->l_proc < b->l_proc;
	return a->l_end < b->l_start;
}

static bool has_file(const struct img_proc *p, u32 file)
{
	for (u32 i = 0; i < p->p_nfd; i++) {
		if (p->p_fd[i].fd_file == file)
			return true;
	}
	return false;
}

static bool owner_ok(const struct img_image *img, const struct img_lock *l)
{
	if (l->l_kind != IMG_LOCK_POSIX)
		return l->l_proc == IMG_NONE;
	/* Those who have descriptors together own their locks together; they go when one of the file is closed. */
	return l->l_proc < img->i_nproc && !imgc_is_zombie(&img->i_proc[l->l_proc]) &&
	       img->i_proc[l->l_proc].p_fds == l->l_proc && has_file(&img->i_proc[l->l_proc], l->l_file);
}

static bool same_owner(const struct img_lock *a, const struct img_lock *b)
{
	return a->l_file == b->l_file && a->l_kind == b->l_kind && a->l_proc == b->l_proc;
}

int imgc_locks(const struct img_image *img, struct img_err *err)
{
	REQUIRE(img->i_nlock <= IMG_MAX_LOCKS, "too many locks", img->i_nlock);
	for (u32 i = 0; i < img->i_nlock; i++) {
		const struct img_lock *l = &img->i_lock[i];

		REQUIRE(l->l_kind >= IMG_LOCK_POSIX && l->l_kind <= IMG_LOCK_FLOCK,
			"unknown kind of lock", l->l_kind);
		REQUIRE(l->l_write <= 1, "lock is neither shared nor exclusive", i);
		REQUIRE(l->l_start <= l->l_end && l->l_end <= TO_THE_END, "range of a lock", i);
		REQUIRE(l->l_kind != IMG_LOCK_FLOCK || (l->l_start == 0 && l->l_end == TO_THE_END),
			"lock of a part where it is of all", i);
		REQUIRE(l->l_file < img->i_nfile, "lock on no open file", l->l_file);
		REQUIRE(img->i_file[l->l_file].f_kind == IMG_FILE_REG ||
				img->i_file[l->l_file].f_kind == IMG_FILE_DATA ||
				(l->l_kind == IMG_LOCK_FLOCK && img->i_file[l->l_file].f_kind == IMG_FILE_DIR),
			"lock on what is no file", i);
		REQUIRE(img->i_file[l->l_file].f_vnode == IMG_NONE ||
				!(img->i_vnode[img->i_file[l->l_file].f_vnode].v_flags & IMG_VF_PROCESS),
			"lock on a file about a process", i);
		REQUIRE((i > 0 && same_owner(l - 1, l)) || owner_ok(img, l), "lock's owner", i);
		REQUIRE(i == 0 || lock_before(l - 1, l), "locks overlap, or are out of order", i);
	}
	return 0;
}
