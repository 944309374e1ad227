/* SPDX-License-Identifier: MIT */
/* The rules of an image as a whole: the tree of processes, the files that it names, and who uses what. */
#include "ckpt/image/image_check.h"
#include "ckpt/image/image_codec.h"
#include "ckpt/image/image_format.h"

static int check_ident(const struct img_image *img, struct img_err *err)
{
	const struct img_ident *id = &img->i_ident;

	REQUIRE(imgc_text_ok(id->id_node, sizeof(id->id_node)), "name of the system is not terminated", 0);
	REQUIRE(imgc_text_ok(id->id_system, sizeof(id->id_system)),
		"version of the system is not terminated", 0);
	return 0;
}

/* A decimal number without leading zeros, at the end or before a slash. 0: none, or out of range */
static s32 id_at(const char *s)
{
	s32 id = 0;

	while (*s >= (id ? '0' : '1') && *s <= '9' && id < IMG_PID_MAX)
		id = id * 10 + (*s++ - '0');
	return (*s == '\0' || *s == '/') && id < IMG_PID_MAX ? id : 0;
}

static int check_about(const struct img_image *img, u32 i, struct img_err *err)
{
	const struct img_vnode *v = &img->i_vnode[i];
	s32 id;

	REQUIRE(v->v_rdev && v->v_rdev < strlen(v->v_path) && v->v_path[v->v_rdev - 1] == '/',
		"path of a file about a process", i);
	id = id_at(v->v_path + v->v_rdev);
	REQUIRE(id && v->v_ino <= img->i_nproc &&
			(!v->v_ino || (img->i_proc[v->v_ino - 1].p_pid == id && !v->v_size)),
		"file about another process", i);
	REQUIRE((imgc_vnode_is(img, i, MODE_DIR) || imgc_vnode_is(img, i, MODE_REG)) &&
			!(v->v_mode & ~MODE_FMT) && !v->v_mtime && !v->v_mtime_ns && !v->v_dev && !v->v_gen,
		"file about a process that has what it has not", i);
	return 0;
}

static int check_removed(const struct img_image *img, u32 i, u64 *gone, struct img_err *err)
{
	const struct img_vnode *v = &img->i_vnode[i];

	REQUIRE((imgc_vnode_is(img, i, MODE_DIR) || imgc_vnode_is(img, i, MODE_FIFO) ||
		 imgc_vnode_is(img, i, MODE_CHR)) &&
			v->v_ino == ++*gone && !v->v_size && (img->i_stats || (!v->v_mtime && !v->v_mtime_ns)) &&
			!v->v_dev && (!v->v_rdev || imgc_vnode_is(img, i, MODE_CHR)) && !v->v_gen,
		"removed file that is none, or has what it has not", i);
	return 0;
}

static int check_vnodes(const struct img_image *img, struct img_err *err)
{
	u64 gone = 0;
	int error = 0;

	REQUIRE(img->i_nvnode <= IMG_MAX_VNODES, "too many files", img->i_nvnode);
	for (u32 i = 0; i < img->i_nvnode && !error; i++) {
		const struct img_vnode *v = &img->i_vnode[i];

		REQUIRE(v->v_path && v->v_path[0] == '/', "file without an absolute path", i);
		REQUIRE(strnlen(v->v_path, IMG_MAX_PATH) < IMG_MAX_PATH, "path is too long", i);
		REQUIRE(v->v_mtime_ns < 1000000000u, "file time has too many nanoseconds", v->v_mtime_ns);
		REQUIRE(!(v->v_mode & ~(MODE_FMT | 07777u)), "file mode has unknown bits", v->v_mode);
		REQUIRE(v->v_size < 1ull << 63 || v->v_flags == IMG_VF_PROCESS, "file size is negative", i);
		REQUIRE(!(v->v_flags & ~(IMG_VF_SPARE | IMG_VF_COUNTED)) ||
				v->v_flags == IMG_VF_REMOVED || v->v_flags == IMG_VF_PROCESS,
			"unknown file flags", v->v_flags);
		if (v->v_flags & IMG_VF_PROCESS)
			error = check_about(img, i, err);
		else if (v->v_flags & IMG_VF_REMOVED)
			error = check_removed(img, i, &gone, err);
	}
	return error;
}

/* What the uses have named so far. */
struct seen {
	u32 vnodes, data;
};

/* May s map d? Beside a file with a name, d is the contents of that. */
static bool data_mapped(const struct img_data *d, const struct img_seg *s)
{
	return s->s_vnode != IMG_NONE ? d->d_kind == IMG_DATA_FILE : d->d_kind != IMG_DATA_PIPE;
}

static int check_proc_uses(const struct img_image *img, const struct img_proc *p, struct seen *seen,
			   struct img_err *err)
{
	u32 n = img->i_nvnode;

	if (p->p_exe != IMG_NONE)
		REQUIRE(imgc_use(p->p_exe, &seen->vnodes, n) && imgc_vnode_lasts(img, p->p_exe) &&
				imgc_vnode_is(img, p->p_exe, MODE_REG),
			"executable is no file", p->p_exe);
	REQUIRE(imgc_use(p->p_cwd, &seen->vnodes, n) && imgc_vnode_is(img, p->p_cwd, MODE_DIR),
		"working directory is none", p->p_cwd);
	REQUIRE(imgc_use(p->p_root, &seen->vnodes, n) && imgc_vnode_is(img, p->p_root, MODE_DIR) &&
			imgc_vnode_lasts(img, p->p_root),
		"root directory is none", p->p_root);
	for (u32 i = 0; i < p->p_nseg; i++) {
		const struct img_seg *s = &p->p_seg[i];

		if (s->s_vnode != IMG_NONE)
			REQUIRE(imgc_use(s->s_vnode, &seen->vnodes, n) && imgc_vnode_lasts(img, s->s_vnode) &&
					imgc_vnode_is(img, s->s_vnode, MODE_REG),
				"seg maps no file", i);
		if (s->s_data != IMG_NONE)
			REQUIRE(imgc_use(s->s_data, &seen->data, img->i_ndata) &&
					data_mapped(&img->i_data[s->s_data], s),
				"seg maps no contents", i);
	}
	return 0;
}

/* Every file and every object is named, first in order: by processes, then open files, then terminals and pipes. */
static int check_uses(const struct img_image *img, struct img_err *err)
{
	struct seen seen = { 0 };

	for (u32 i = 0; i < img->i_nproc; i++) {
		int error = 0;

		if (!imgc_is_zombie(&img->i_proc[i]))
			error = check_proc_uses(img, &img->i_proc[i], &seen, err);
		if (error)
			return error;
	}
	for (u32 i = 0; i < img->i_nfile; i++) {
		const struct img_file *f = &img->i_file[i];

		if (f->f_vnode != IMG_NONE)
			REQUIRE(imgc_use(f->f_vnode, &seen.vnodes, img->i_nvnode),
				"open file's vnode is out of order", i);
		if ((f->f_kind == IMG_FILE_DATA || f->f_kind == IMG_FILE_REG) && f->f_obj != IMG_NONE)
			REQUIRE(imgc_use(f->f_obj, &seen.data, img->i_ndata),
				"open file's contents are out of order", i);
	}
	for (u32 i = 0; i < img->i_ntty; i++)
		REQUIRE(imgc_use(img->i_tty[i].t_vnode, &seen.vnodes, img->i_nvnode) &&
				imgc_vnode_is(img, img->i_tty[i].t_vnode, MODE_CHR),
			"terminal is no device", i);
	for (u32 i = 0; i < img->i_npipe; i++) {
		const struct img_pipe *pi = &img->i_pipe[i];

		if (pi->pi_data != IMG_NONE)
			REQUIRE(pi->pi_data == seen.data && imgc_use(pi->pi_data, &seen.data, img->i_ndata),
				"pipe's contents are out of order", i);
	}
	REQUIRE(seen.vnodes == img->i_nvnode, "file that nothing uses", seen.vnodes);
	REQUIRE(seen.data == img->i_ndata, "contents that nothing uses", seen.data);
	return 0;
}

/* A zombie has nothing but how it ended. */
static int check_zombie(const struct img_proc *p, u32 i, struct img_err *err)
{
	REQUIRE(!p->p_nlwp && !p->p_nseg && !p->p_nrun && !p->p_nfd && !p->p_nptimer && !p->p_stopsig &&
			!p->p_pending.q_set && !p->p_pending.q_count && !p->p_mm.m_nauxv,
		"zombie that has something", i);
	REQUIRE(p->p_exe == IMG_NONE && p->p_cwd == IMG_NONE && p->p_root == IMG_NONE && p->p_ctty == IMG_NONE,
		"zombie with files", i);
	return 0;
}

/* May process i have what stands with process `with`? */
static bool may_share(const struct img_image *img, u32 i, u32 with)
{
	return with == i ||
	       (with < i && !imgc_is_zombie(&img->i_proc[with]) && !imgc_is_zombie(&img->i_proc[i]));
}

static int check_shares(const struct img_image *img, u32 i, struct img_err *err)
{
	const struct img_proc *p = &img->i_proc[i];

	REQUIRE(may_share(img, i, p->p_mem) && img_mem_of(img, p)->p_mem == p->p_mem,
		"memory that stands with nobody", i);
	REQUIRE(p->p_mem == i || (!p->p_nseg && !p->p_nrun && !p->p_mm.m_nauxv),
		"memory that stands with two processes", i);
	REQUIRE(may_share(img, i, p->p_fds) && img_fds_of(img, p)->p_fds == p->p_fds,
		"descriptors that stand with nobody", i);
	REQUIRE(p->p_fds == i || !p->p_nfd, "descriptors that stand with two processes", i);
	return 0;
}

static bool has_options(const struct img_proc *p)
{
	bool has = p->p_options || p->p_maker;

	for (u32 i = 0; i < p->p_nlwp; i++) {
		const struct img_options *o = &p->p_lwp[i].l_opt;

		has |= o->o_pdeathsig || o->o_slack != IMG_TIMER_SLACK ||
		       o->o_slackdef != IMG_TIMER_SLACK || o->o_personality || o->o_flags;
	}
	return has;
}

/* Is memory of p locked, or wiped at a fork? */
static bool has_locks(const struct img_proc *p)
{
	u32 flags = p->p_mm.m_newflags;

	for (u32 i = 0; i < p->p_nseg; i++)
		flags |= p->p_seg[i].s_flags & IMG_SEGF_NEW;
	return flags != 0;
}

/* Of files and contents. */
static u32 object_features(const struct img_image *img)
{
	u32 features = 0;

	for (u32 i = 0; i < img->i_nvnode; i++) {
		u32 flags = img->i_vnode[i].v_flags;

		features |= flags & IMG_VF_REMOVED   ? IMG_FEATURE_REMOVED
			    : flags & IMG_VF_PROCESS ? IMG_FEATURE_PROCESS
						     : 0;
		features |= (flags & IMG_VF_REMOVED) && imgc_vnode_is(img, i, MODE_CHR) ? IMG_FEATURE_NAMES : 0;
	}
	for (u32 i = 0; i < img->i_nfile; i++)
		features |= img->i_file[i].f_kind == IMG_FILE_NAME ? IMG_FEATURE_NAMES : 0;
	for (u32 i = 0; i < img->i_ndata; i++)
		features |= img->i_data[i].d_size > IMG_MAX_DATA_SIZE ? IMG_FEATURE_SPARSE : 0;
	return features;
}

u32 img_features(const struct img_image *img)
{
	u32 features = (img->i_npty ? IMG_FEATURE_PTYS : 0) | (img->i_stats ? IMG_FEATURE_STATS : 0);

	for (u32 i = 1; i < img->i_nproc; i++)
		features |= img->i_proc[i].p_parent == IMG_NONE ? IMG_FEATURE_JOB : 0;
	for (u32 i = 0; i < img->i_nproc; i++)
		features |= img->i_proc[i].p_waiter != IMG_NONE ? IMG_FEATURE_VFORKS : 0;
	for (u32 i = 0; i < img->i_nproc; i++)
		features |= img->i_proc[i].p_mem != i || img->i_proc[i].p_fds != i ? IMG_FEATURE_SHARES : 0;
	for (u32 i = 0; i < img->i_nproc; i++)
		features |= img->i_proc[i].p_ncow ? IMG_FEATURE_COWS : 0;
	for (u32 i = 0; i < img->i_nproc; i++)
		features |= has_options(&img->i_proc[i]) ? IMG_FEATURE_OPTIONS : 0;
	for (u32 i = 0; i < img->i_nproc; i++)
		features |= has_locks(&img->i_proc[i]) ? IMG_FEATURE_LOCKED : 0;
	return features | object_features(img);
}

static bool has_lwp(const struct img_proc *p, s32 tid)
{
	for (u32 i = 0; i < p->p_nlwp; i++) {
		if (p->p_lwp[i].l_tid == tid)
			return true;
	}
	return false;
}

/* What a process and its parent have agreed on; without a parent here, nothing. */
static int check_parting(const struct img_image *img, const struct img_proc *p, struct img_err *err)
{
	REQUIRE(!(p->p_options & ~(IMG_PO_SUBREAPER | IMG_PO_OLDEXIT)),
		"unknown options of a process", p->p_options);
	REQUIRE(!imgc_is_zombie(p) || (!(p->p_options & IMG_PO_SUBREAPER) && !p->p_maker),
		"options of a zombie", p->p_options);
	if (p->p_parent == IMG_NONE)
		REQUIRE(!(p->p_options & IMG_PO_OLDEXIT) && !p->p_maker, "maker without a parent", p->p_maker);
	else
		REQUIRE(!p->p_maker || has_lwp(&img->i_proc[p->p_parent], p->p_maker),
			"maker is no lwp of the parent", p->p_maker);
	return 0;
}

/* The first has no parent in the image; every other one has a living one before it, or, in a job, none either. */
static int check_tree(const struct img_image *img, struct img_err *err)
{
	REQUIRE(img->i_nproc >= 1 && img->i_nproc <= IMG_MAX_PROCS, "number of processes", img->i_nproc);
	for (u32 i = 0; i < img->i_nproc; i++) {
		const struct img_proc *p = &img->i_proc[i];
		int error = 0;

		if (i == 0 || p->p_parent == IMG_NONE)
			REQUIRE(p->p_parent == IMG_NONE && !imgc_is_zombie(p), "first process", p->p_parent);
		else
			REQUIRE(p->p_parent < i && !imgc_is_zombie(&img->i_proc[p->p_parent]) &&
					img->i_proc[p->p_parent].p_pid == p->p_ppid,
				"parent of a process", i);
		if (imgc_is_zombie(p))
			error = check_zombie(p, i, err);
		if (!error)
			error = check_shares(img, i, err);
		if (!error)
			error = check_parting(img, p, err);
		if (error)
			return error;
	}
	return 0;
}

/* Takes the id in such a map. False: it was taken. */
static bool take_id(u8 map[IMG_PID_MAX / 8], s32 id)
{
	u8 *byte = &map[(u32)id / 8], bit = (u8)(1 << id % 8);
	bool free = !(*byte & bit);

	*byte |= bit;
	return free;
}

/* An id is one process's, or one lwp's; an lwp may have that of its process. All are in range here. */
static int check_ids(const struct img_image *img, struct imgc_notes *n, struct img_err *err)
{
	for (u32 i = 0; i < img->i_nproc; i++)
		REQUIRE(take_id(n->n_id, img->i_proc[i].p_pid), "process id twice", img->i_proc[i].p_pid);
	for (u32 i = 0; i < img->i_nproc; i++) {
		const struct img_proc *p = &img->i_proc[i];

		for (u32 k = 0; k < p->p_nlwp; k++)
			REQUIRE(p->p_lwp[k].l_tid == p->p_pid || take_id(n->n_id, p->p_lwp[k].l_tid),
				"lwp id is another's", p->p_lwp[k].l_tid);
	}
	return 0;
}

/* A living process waits, with one lwp for one child, which lives too. */
static int check_vforks(const struct img_image *img, struct imgc_notes *n, struct img_err *err)
{
	for (u32 i = 0; i < img->i_nproc; i++) {
		const struct img_proc *p = &img->i_proc[i], *with;

		if (p->p_waiter == IMG_NONE) {
			REQUIRE(p->p_waiterlwp == 0, "lwp of no process waits for a process", i);
			continue;
		}
		REQUIRE(p->p_waiter < img->i_nproc && p->p_waiter != i && !imgc_is_zombie(p),
			"process that waits for a vfork", i);
		with = &img->i_proc[p->p_waiter];
		REQUIRE(p->p_waiterlwp < with->p_nlwp, "lwp that waits for a vfork", i);
		REQUIRE(take_id(n->n_waits, with->p_lwp[p->p_waiterlwp].l_tid),
			"lwp waits for two processes", i);
	}
	return 0;
}

int img_check(struct img_image *img, struct img_err *err)
{
	struct imgc_notes *n = img_alloc(img, sizeof(*n));
	int error;

	if (!n) {
		*err = (struct img_err){ .e_what = "needs more memory than there is" };
		return -ENOMEM;
	}
	error = check_ident(img, err);
	if (!error)
		error = check_tree(img, err);
	for (u32 i = 0; i < img->i_nproc && !error; i++)
		error = imgc_proc(&img->i_proc[i], img->i_proc[i].p_mem == i, err);
	if (!error)
		error = imgc_cows(img, err);
	if (!error)
		error = check_ids(img, n, err);
	if (!error)
		error = check_vforks(img, n, err);
	if (!error)
		error = check_vnodes(img, err);
	if (!error)
		error = imgc_stats(img, err);
	if (!error)
		error = imgc_data(img, err);
	if (!error)
		error = imgc_files(img, n, err);
	if (!error)
		error = imgc_locks(img, err);
	if (!error)
		error = check_uses(img, err);
	if (!error)
		error = imgc_ttys(img, err);
	if (!error)
		*err = (struct img_err){ 0 };
	return error;
}
