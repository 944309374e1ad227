/* SPDX-License-Identifier: MIT */
/*
 * What processes share: vnodes, open files, pipes, data objects, locks. Fields
 * and rules. Terminals: img_tty.c.
 */
#include "ckpt/image/img_check.h"

/*
 * What F_GETFL can show: no O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC, O_CLOEXEC,
 * O_TMPFILE (linux-libc-dev's asm-generic/fcntl.h).
 */
#define OPEN_KEPT 015776003u
#define OPEN_PATH 010000000u
#define TO_THE_END ((1ull << 63) - 1)

/* ---- vnodes ---- */

#define ITEM struct img_vnode
#define IS_LINKED (!(it->v_flags & (IMG_VF_REMOVED | IMG_VF_PROCESS)))
PRESENT(linked, IS_LINKED)
PRESENT(sized, !(it->v_flags & IMG_VF_REMOVED))
PRESENT(changed, IS_LINKED || (img->i_stats && !(it->v_flags & IMG_VF_PROCESS)))
PRESENT(changed_stats, img->i_stats && !(it->v_flags & IMG_VF_PROCESS))
PRESENT(linked_stats, img->i_stats &&IS_LINKED)
PRESENT(unlinked_stats, img->i_stats && (it->v_flags & IMG_VF_REMOVED))
PRESENT(counted, img->i_stats && (it->v_flags & IMG_VF_COUNTED))

static const struct img_field vnode_fields[] = {
	NOTE(VNODES),
	F(U64, v_ino, "ino"),
	F(U64, v_size, "size", WHEN(sized), SHOWN),
	F(S64, v_mtime, "mtime", WHEN(changed), SHOWN),
	F(U32, v_mtime_ns, "mtime_ns", NANOSECONDS, WHEN(changed), SHOWN),
	F(U32, v_dev, "dev", WHEN(linked), SHOWN),
	F(U32, v_rdev, "rdev"),
	F(U32, v_gen, "generation", WHEN(linked), SHOWN),
	F(U32, v_mode, "mode", BITS(MODE_FMT | MODE_PERM)),
	F(U32, v_flags, "flags", BITS(IMG_VF_SPARE | IMG_VF_REMOVED | IMG_VF_PROCESS | IMG_VF_COUNTED)),
	STRING(v_path, "path", RULE(PATH)),
	NOTE(STATS),
	STAMP(v_ctime, "ctime", WHEN(changed_stats), SHOWN),
	STAMP(v_atime, "atime", WHEN(unlinked_stats)),
	F(U32, v_uid, "uid", RULE(ID), WHEN(unlinked_stats)),
	F(U32, v_gid, "gid", RULE(ID), WHEN(unlinked_stats)),
	F(U32, v_changes, "changes", WHEN(counted)),
	BYTES(v_uuid, "fs", WHEN(linked_stats), SHOWN),
	END,
};

/*
 * A decimal number without leading zeros, at the end or before a slash. 0:
 * none, or out of range
 */
static s32 id_at(const char *s)
{
	s32 id = 0;

	while (*s >= (id ? '0' : '1') && *s <= '9' && id < IMG_PID_MAX)
		id = id * 10 + (*s++ - '0');
	return (*s == '\0' || *s == '/') && id < IMG_PID_MAX ? id : 0;
}

static int check_about(struct imgc *c, const struct img_vnode *v)
{
	const struct img_image *img = c->c_img;
	u32 fmt = v->v_mode & MODE_FMT;
	s32 id;

	REQUIRE(v->v_rdev && v->v_rdev < strlen(v->v_path) && v->v_path[v->v_rdev - 1] == '/',
		"rdev is no place in the path of a file about a process", v->v_rdev);
	id = id_at(v->v_path + v->v_rdev);
	REQUIRE(id, "the path of a file about a process has no id", v->v_rdev);
	REQUIRE(v->v_ino <= img->i_nproc && (!v->v_ino || (img->i_proc[v->v_ino - 1].p_pid == id && !v->v_size)),
		"a file about a process has the id of another in its path", id);
	REQUIRE((fmt == MODE_DIR || fmt == MODE_REG) && !(v->v_mode & ~MODE_FMT),
		"a file about a process is neither a directory nor a file, or has permissions", v->v_mode);
	return 0;
}

static int check_vnode(struct imgc *c, const void *item, u32 index)
{
	const struct img_vnode *v = item;
	u32 fmt = v->v_mode & MODE_FMT;

	REQUIRE(linked(c->c_img, v) || v->v_flags == IMG_VF_REMOVED || v->v_flags == IMG_VF_PROCESS,
		"flags exclude each other", v->v_flags);
	if (v->v_flags == IMG_VF_PROCESS)
		return check_about(c, v);
	REQUIRE(v->v_size < 1ull << 63, "size is negative", index);
	if (v->v_flags == IMG_VF_REMOVED) {
		REQUIRE(fmt == MODE_DIR || fmt == MODE_FIFO || fmt == MODE_CHR,
			"an unlinked vnode is neither directory, FIFO nor device", v->v_mode);
		REQUIRE(v->v_ino == ++c->c_unlinked, "ino does not number the unlinked vnodes", v->v_ino);
		REQUIRE(!v->v_rdev || fmt == MODE_CHR,
			"an unlinked vnode that is no device has an rdev", v->v_rdev);
	}
	REQUIRE(!(v->v_flags & IMG_VF_COUNTED) || (c->c_img->i_stats && fmt == MODE_REG),
		"flags say that changes are counted, of what is no regular file", v->v_flags);
	return 0;
}

const struct img_kind img_vnode_kind = KIND(vnode_fields, "vnode", CHECK(check_vnode));
#undef ITEM

/* ---- data objects ---- */

static const char *const data_kinds[] = {
	[IMG_DATA_MEMORY] = "memory", [IMG_DATA_FILE] = "file", [IMG_DATA_MEMFD] = "memfd", [IMG_DATA_PIPE] = "pipe"
};

#define ITEM struct img_data
#define IS_FILE (it->d_kind == IMG_DATA_FILE || it->d_kind == IMG_DATA_MEMFD)
PRESENT(is_file, IS_FILE)
PRESENT(file_stats, img->i_stats &&IS_FILE)

static const struct img_field data_fields[] = {
	NOTE(DATA),
	F(WORD, d_kind, "kind", WORDS(data_kinds)),
	F(U32, d_mode, "mode", BITS(MODE_PERM), WHEN(is_file)),
	F(U32, d_uid, "uid", RULE(ID), WHEN(is_file)),
	F(U32, d_gid, "gid", RULE(ID), WHEN(is_file)),
	F(U64, d_size, "size"),
	STRING(d_path, "path", RULE(PATH), WHEN(is_file)),
	NOTE(STATS),
	STAMP(d_atime, "atime", WHEN(file_stats)),
	STAMP(d_mtime, "mtime", WHEN(file_stats)),
	STAMP(d_ctime, "ctime", WHEN(file_stats)),
	NOTE(NONE), /* the program headers say it */
	LIST(d_run, d_nrun, "runs", img_run_kind, IMG_MAX_LOADS, PLACE),
	END,
};

static int check_data(struct imgc *c, const void *item, u32 index)
{
	const struct img_data *d = item;
	u32 end = 0, size = ROUND_UP((u32)d->d_size, IMG_PAGE);
	u64 stored = 0;

	REQUIRE(d->d_size <= IMG_MAX_DATA_END, "size is out of range", index);
	for (u32 i = 0; i < d->d_nrun; i++) {
		const struct img_run *r = &d->d_run[i];

		REQUIRE(r->r_va % IMG_PAGE == 0 && r->r_npages, "stores a run that is not whole pages", r->r_va);
		REQUIRE(i == 0 || r->r_va > end, "stores runs that touch or overlap", r->r_va);
		REQUIRE(r->r_va < size && r->r_npages <= (size - r->r_va) / IMG_PAGE,
			"stores a run that goes beyond its size", r->r_va);
		end = r->r_va + r->r_npages * IMG_PAGE;
		stored += r->r_npages;
	}
	REQUIRE(stored * IMG_PAGE <= IMG_MAX_DATA_SIZE, "stores too much", stored);
	return 0;
}

const struct img_kind img_data_kind = KIND(data_fields, "data object", CHECK(check_data));
#undef ITEM

/* ---- pipes ---- */

#define ITEM struct img_pipe
PRESENT(has_stats, img->i_stats)

static const struct img_field pipe_fields[] = {
	NOTE(PIPES),
	F(U32, pi_size, "size"),
	F(INDEX, pi_data, "data", OF(DATA), USE, ONCE, OPT),
	F(U32, pi_mode, "mode", BITS(MODE_PERM)),
	F(U32, pi_uid, "uid", RULE(ID)),
	F(U32, pi_gid, "gid", RULE(ID)),
	NOTE(STATS),
	STAMP(pi_atime, "atime", WHEN(has_stats)),
	STAMP(pi_mtime, "mtime", WHEN(has_stats)),
	STAMP(pi_ctime, "ctime", WHEN(has_stats)),
	END,
};

static int check_pipe(struct imgc *c, const void *item, u32 index)
{
	const struct img_pipe *pi = item;
	const struct img_data *d;

	REQUIRE(pi->pi_size >= IMG_PAGE && pi->pi_size <= IMG_MAX_PIPE_SIZE &&
			!(pi->pi_size & (pi->pi_size - 1)),
		"size is out of range, or no power of two", pi->pi_size);
	if (pi->pi_data == IMG_NONE)
		return 0;
	d = &c->c_img->i_data[pi->pi_data];
	REQUIRE(d->d_kind == IMG_DATA_PIPE, "data are not those of a pipe", pi->pi_data);
	REQUIRE(d->d_size && d->d_size <= pi->pi_size, "data are none, or more than it can hold", pi->pi_data);
	return 0;
}

const struct img_kind img_pipe_kind = KIND(pipe_fields, "pipe", CHECK(check_pipe));
#undef ITEM

/* ---- open files ---- */

static const char *const file_kinds[] = {
	[IMG_FILE_REG] = "file",     [IMG_FILE_DIR] = "directory", [IMG_FILE_CHR] = "device",
	[IMG_FILE_TTY] = "terminal", [IMG_FILE_PIPE] = "pipe",	   [IMG_FILE_DATA] = "contents",
	[IMG_FILE_PTMX] = "master",  [IMG_FILE_NAME] = "name"
};

#define ITEM struct img_file
#define HAS_TTY (it->f_kind == IMG_FILE_TTY || it->f_kind == IMG_FILE_PTMX)
PRESENT(of_tty, HAS_TTY)
PRESENT(of_pipe, it->f_kind == IMG_FILE_PIPE)
PRESENT(of_data, !HAS_TTY && it->f_kind != IMG_FILE_PIPE)

static const struct img_field file_fields[] = {
	NOTE(FILES),
	F(WORD, f_kind, "kind", WORDS(file_kinds)),
	F(U32, f_flags, "flags", BITS(OPEN_KEPT)),
	F(U64, f_offset, "offset", RULE(POS)),
	F(INDEX, f_vnode, "vnode", OF(VNODE), USE, OPT),
	F(INDEX, f_obj, "data", OF(DATA), USE, OPT, WHEN(of_data), ANY),
	F(INDEX, f_obj, "tty", OF(TTY), USE, WHEN(of_tty), ANY, AGAIN),
	F(INDEX, f_obj, "pipe", OF(PIPE), USE, WHEN(of_pipe), ANY, AGAIN),
	F(S32, f_owner, "owner"),
	END,
};

/*
 * A pipe is a FIFO with a name for all files that it is open as, or for none.
 */
static int check_pipe_use(struct imgc *c, const struct img_file *f)
{
	const struct img_pipe *pi = &c->c_img->i_pipe[f->f_obj];
	/* 1 + the vnode; 0: this is the first file */
	u32 *fifo = &c->c_fifo[f->f_obj];

	if (!*fifo)
		*fifo = f->f_vnode == IMG_NONE ? IMG_NONE : f->f_vnode + 1;
	REQUIRE(*fifo == (f->f_vnode == IMG_NONE ? IMG_NONE : f->f_vnode + 1),
		"pipe is that of another vnode, too", f->f_obj);
	REQUIRE(f->f_vnode == IMG_NONE || !(pi->pi_mode | pi->pi_uid | pi->pi_gid),
		"pipe of a FIFO has a mode or an owner", f->f_obj);
	REQUIRE(f->f_offset <= 1, "offset of a pipe is out of range", f->f_obj);
	return 0;
}

/* What the kind says of the vnode. */
static int check_file_vnode(struct imgc *c, const struct img_file *f)
{
	static const u32 fmt[] = {
		[IMG_FILE_REG] = MODE_REG, [IMG_FILE_DIR] = MODE_DIR,	[IMG_FILE_CHR] = MODE_CHR,
		[IMG_FILE_TTY] = MODE_CHR, [IMG_FILE_PIPE] = MODE_FIFO, [IMG_FILE_PTMX] = MODE_CHR,
		[IMG_FILE_NAME] = MODE_LNK
	};
	const struct img_image *img = c->c_img;

	if (f->f_vnode == IMG_NONE) {
		REQUIRE(f->f_kind == IMG_FILE_PIPE || f->f_kind == IMG_FILE_DATA, "has no vnode", f->f_kind);
		return 0;
	}
	REQUIRE(f->f_kind != IMG_FILE_DATA, "vnode of contents without a name", f->f_vnode);
	REQUIRE(imgc_vnode_is(img, f->f_vnode, fmt[f->f_kind]) ||
			(f->f_kind == IMG_FILE_NAME && imgc_vnode_is(img, f->f_vnode, MODE_FIFO)),
		"vnode is of another type than kind says", f->f_vnode);
	return 0;
}

static int check_file(struct imgc *c, const void *item, u32 index)
{
	const struct img_file *f = item;
	const struct img_image *img = c->c_img;
	int error = check_file_vnode(c, f);
	u32 held = of_data(img, f) && f->f_obj != IMG_NONE ? img->i_data[f->f_obj].d_kind : 0;

	if (error)
		return error;
	switch (f->f_kind) {
	case IMG_FILE_NAME:
		REQUIRE((f->f_flags & OPEN_PATH) && !f->f_offset && !held, "is only a name, but open", index);
		return 0;
	case IMG_FILE_TTY: return 0;
	case IMG_FILE_PTMX:
		REQUIRE(img_pty_of(img, f->f_obj), "tty is not that of a pseudo terminal", f->f_obj);
		return 0;
	case IMG_FILE_PIPE: return check_pipe_use(c, f);
	case IMG_FILE_DATA:
		REQUIRE(held == IMG_DATA_FILE || held == IMG_DATA_MEMFD,
			"data are not those of a file", f->f_obj);
		return 0;
	case IMG_FILE_REG:
		REQUIRE(!held || (held == IMG_DATA_FILE && imgc_vnode_lasts(img, f->f_vnode)),
			"data are not those of a file", f->f_obj);
		return 0;
	default: REQUIRE(!held, "has data, but is no file", f->f_obj); return 0;
	}
}

const struct img_kind img_file_kind = KIND(file_fields, "open file", CHECK(check_file));
#undef ITEM

/* ---- locks ---- */

static const char *const lock_kinds[] = { [IMG_LOCK_POSIX] = "posix", [IMG_LOCK_OFD] = "ofd", [IMG_LOCK_FLOCK] = "flock" };

#define ITEM struct img_lock
PRESENT(of_process, it->l_kind == IMG_LOCK_POSIX)

static const struct img_field lock_fields[] = {
	NOTE(LOCKS),
	F(WORD, l_kind, "kind", WORDS(lock_kinds)),
	F(U32, l_write, "exclusive", FLAG),
	F(INDEX, l_file, "file", OF(FILE)),
	F(INDEX, l_proc, "pid", OF(PROC), WHEN(of_process), AS_PID),
	F(U64, l_start, "start"),
	F(U64, l_end, "end", RULE(POS)),
	END,
};

static bool same_owner(const struct img_lock *a, const struct img_lock *b)
{
	return a->l_file == b->l_file && a->l_kind == b->l_kind && a->l_proc == b->l_proc;
}

/* In order; those of one owner do not overlap. */
static bool lock_before(const struct img_lock *a, const struct img_lock *b)
{
	if (a->l_file != b->l_file)
		return a->l_file < b->l_file;
	if (a->l_kind != b->l_kind)
		return a->l_kind < b->l_kind;
	return a->l_proc != b->l_proc ? a->l_proc < b->l_proc : a->l_end < b->l_start;
}

/*
 * Those who have descriptors together own their locks together; they go when
 * one of the file is closed.
 */
static bool can_own(const struct img_proc *p, const struct img_image *img, u32 file)
{
	for (u32 i = 0; i < p->p_nfd && img_fds_of(img, p) == p; i++) {
		if (p->p_fd[i].fd_file == file)
			return !imgc_is_zombie(p);
	}
	return false;
}

static int check_lock(struct imgc *c, const void *item, u32 index)
{
	const struct img_lock *l = item;
	const struct img_image *img = c->c_img;
	const struct img_file *f = &img->i_file[l->l_file];

	REQUIRE(l->l_start <= l->l_end, "ends before it starts", index);
	REQUIRE(l->l_kind != IMG_LOCK_FLOCK || (l->l_start == 0 && l->l_end == TO_THE_END),
		"is of a part, but its kind is of all the file", index);
	REQUIRE(f->f_kind == IMG_FILE_REG || f->f_kind == IMG_FILE_DATA ||
			(l->l_kind == IMG_LOCK_FLOCK && f->f_kind == IMG_FILE_DIR),
		"file is none that can be locked", l->l_file);
	REQUIRE(f->f_vnode == IMG_NONE || !(img->i_vnode[f->f_vnode].v_flags & IMG_VF_PROCESS),
		"file is one about a process", l->l_file);
	REQUIRE(index == 0 || lock_before(l - 1, l), "overlaps the one before, or is out of order", index);
	REQUIRE((index > 0 && same_owner(l - 1, l)) || l->l_kind != IMG_LOCK_POSIX ||
			can_own(&img->i_proc[l->l_proc], img, l->l_file),
		"its process has not opened the file", l->l_file);
	return 0;
}

const struct img_kind img_lock_kind = KIND(lock_fields, "lock", CHECK(check_lock));
#undef ITEM
