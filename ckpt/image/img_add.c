/* SPDX-License-Identifier: MIT */
/* Building an image: lists that grow in its arena. */
#include "ckpt/image/img_codec.h"
#include "ckpt/image/img_field.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/*
 * The elements for which a new list has room; a full list is doubled, up to its
 * limit. One, if elements are large: most processes have one lwp.
 */
static u32 first_room(u32 size)
{
	return size > IMG_PIECE_ALONE / 4 ? 1 : 4;
}

/*
 * Makes room for one more element behind the n of the list.
 * Returns: the list, perhaps moved; NULL: out of memory, or n is at the limit.
 */
static void *room(struct img_image *img, void *list, u32 n, u32 max, u32 size)
{
	void *bigger;

	if (n >= max)
		return NULL;
	if (n && (n < first_room(size) || (n & (n - 1))))
		return list;
	bigger = img_alloc(img, (n ? MIN(n * 2, max) : first_room(size)) * size);
	if (!bigger)
		return NULL;
	if (list) {
		memcpy(bigger, list, n * size);
		img_give_back(img, list, n * size);
	}
	return bigger;
}

/* Appends to `list` of `n`; the new element, or NULL. */
#define GROW(img, list, n, max)                                         \
	({                                                              \
		void *_list = room(img, list, n, max, sizeof(*(list))); \
		_list ? ((list) = _list, &(list)[(n)++]) : NULL;        \
	})

int img_add_procs(struct img_image *img, u32 n)
{
	if (n == 0 || n > IMG_MAX_PROCS)
		return -E2BIG;
	img->i_proc = img_alloc(img, n * sizeof(*img->i_proc));
	if (!img->i_proc)
		return -ENOMEM;
	img->i_nproc = n;
	img_set_defaults(&img_proc_kind, img->i_proc, n);
	return 0;
}

struct img_lwp *img_add_lwp(struct img_image *img, struct img_proc *p)
{
	struct img_lwp *l = GROW(img, p->p_lwp, p->p_nlwp, IMG_MAX_LWPS);

	if (l)
		img_set_defaults(&img_lwp_kind, l, 1);
	return l;
}

struct img_seg *img_add_seg(struct img_image *img, struct img_proc *p)
{
	return GROW(img, p->p_seg, p->p_nseg, IMG_MAX_SEGS);
}

struct img_fd *img_add_fd(struct img_image *img, struct img_proc *p)
{
	return GROW(img, p->p_fd, p->p_nfd, IMG_MAX_FDS);
}

struct img_ptimer *img_add_ptimer(struct img_image *img, struct img_proc *p)
{
	return GROW(img, p->p_ptimer, p->p_nptimer, IMG_MAX_PTIMERS);
}

struct img_file *img_add_file(struct img_image *img)
{
	return GROW(img, img->i_file, img->i_nfile, IMG_MAX_FILES);
}

struct img_pipe *img_add_pipe(struct img_image *img)
{
	return GROW(img, img->i_pipe, img->i_npipe, IMG_MAX_PIPES);
}

struct img_tty *img_add_tty(struct img_image *img)
{
	return GROW(img, img->i_tty, img->i_ntty, IMG_MAX_TTYS);
}

struct img_pty *img_add_pty(struct img_image *img)
{
	return GROW(img, img->i_pty, img->i_npty, IMG_MAX_TTYS);
}

struct img_lock *img_add_lock(struct img_image *img)
{
	return GROW(img, img->i_lock, img->i_nlock, IMG_MAX_LOCKS);
}

struct img_siginfo *img_add_siginfo(struct img_image *img, struct img_sigqueue *q)
{
	return GROW(img, q->q_info, q->q_count, IMG_MAX_PENDING);
}

/* A copy of the string in the arena. NULL: out of memory, or too long */
static char *copy_path(struct img_image *img, const char *path)
{
	size_t len = strnlen(path, IMG_MAX_PATH);
	char *copy = len < IMG_MAX_PATH ? img_alloc(img, (u32)len + 1) : NULL;

	if (copy)
		memcpy(copy, path, len);
	return copy;
}

struct img_data *img_add_data(struct img_image *img, const char *path)
{
	char *copy = copy_path(img, path);
	struct img_data *d = copy ? GROW(img, img->i_data, img->i_ndata, IMG_MAX_DATA) : NULL;

	if (d)
		d->d_path = copy;
	return d;
}

int img_name_data(struct img_image *img, struct img_data *d, const char *path)
{
	char *copy = copy_path(img, path);

	if (!copy)
		return -ENOMEM;
	d->d_path = copy;
	return 0;
}

int img_add_vnode(struct img_image *img, const struct img_vnode *v)
{
	struct img_vnode *new;
	char *path;

	if (strnlen(v->v_path, IMG_MAX_PATH) == IMG_MAX_PATH)
		return -ENAMETOOLONG;
	for (u32 i = 0; i < img->i_nvnode; i++)
		if (img_equal(&img_vnode_kind, &img->i_vnode[i], v))
			return (int)i;
	if (img->i_nvnode == IMG_MAX_VNODES)
		return -E2BIG;
	path = copy_path(img, v->v_path);
	if (!path)
		return -ENOMEM;
	new = GROW(img, img->i_vnode, img->i_nvnode, IMG_MAX_VNODES);
	if (!new)
		return -ENOMEM;
	*new = *v;
	new->v_path = path;
	return (int)img->i_nvnode - 1;
}

/*
 * Adds one page to a list of runs. fresh: in a new run. img_place() sets
 * r_first of the runs later.
 */
static int add_to_runs(struct img_image *img, struct img_run **runs, u32 *n, u32 at, bool fresh)
{
	struct img_run *last = *n ? &(*runs)[*n - 1] : NULL, *run;

	if (at % IMG_PAGE || (last && at < last->r_va + last->r_npages * IMG_PAGE))
		return -EINVAL;
	if (last && at == last->r_va + last->r_npages * IMG_PAGE && !fresh) {
		last->r_npages++;
		return 0;
	}
	if (*n == IMG_MAX_LOADS)
		return -E2BIG;
	run = GROW(img, *runs, *n, IMG_MAX_LOADS);
	if (!run)
		return -ENOMEM;
	*run = (struct img_run){ .r_va = at, .r_npages = 1 };
	return 0;
}

static const struct img_seg *run_seg(struct img_proc *p, u32 va)
{
	const struct img_seg *s = p->p_runseg < p->p_nseg ? &p->p_seg[p->p_runseg] : NULL;

	while (s && va - s->s_base >= s->s_size) {
		if (va < s->s_base)
			return NULL;
		s = ++p->p_runseg < p->p_nseg ? s + 1 : NULL;
	}
	return s;
}

int img_add_page(struct img_image *img, struct img_proc *p, u32 va)
{
	const struct img_seg *s = run_seg(p, va);

	return s ? add_to_runs(img, &p->p_run, &p->p_nrun, va, va == s->s_base) : -EINVAL;
}

int img_add_data_page(struct img_image *img, struct img_data *d, u32 off)
{
	return off < d->d_size ? add_to_runs(img, &d->d_run, &d->d_nrun, off, false) : -EINVAL;
}

int img_add_cow(struct img_image *img, struct img_proc *p, u32 va, u32 with, u32 from)
{
	struct img_cow *last = p->p_ncow ? &p->p_cow[p->p_ncow - 1] : NULL, *c;
	const struct img_seg *s = run_seg(p, va);

	if (!s || va % IMG_PAGE || (last && va < last->c_va + last->c_npages * IMG_PAGE))
		return -EINVAL;
	if (last && img_cow_goes_on(img, last, s, va, with, from)) {
		last->c_npages++;
		return 0;
	}
	c = GROW(img, p->p_cow, p->p_ncow, IMG_MAX_LOADS);
	if (!c)
		return p->p_ncow == IMG_MAX_LOADS ? -E2BIG : -ENOMEM;
	*c = (struct img_cow){ .c_va = va, .c_npages = 1, .c_proc = with, .c_from = from };
	return 0;
}
