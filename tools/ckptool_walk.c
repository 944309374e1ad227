/* SPDX-License-Identifier: MIT */
/* Every field of an image, by name, in one place: json and diff show the same things. */
#include "tools/ckptool.h"

#define U(name, value) k->k_unsigned(k, name, value)
#define S(name, value) k->k_number(k, name, value)
#define T(name, value) k->k_text(k, name, value)

static void walk_ident(struct sink *k, const struct img_ident *id)
{
	k->k_open(k, "ident", false);
	k->k_bytes(k, "image", id->id_image, sizeof(id->id_image));
	k->k_bytes(k, "parent", id->id_parent, sizeof(id->id_parent));
	T("node", id->id_node);
	T("system", id->id_system);
	U("real_ns", id->id_real_ns);
	U("mono_ns", id->id_mono_ns);
	k->k_close(k, false);
}

static void walk_layout(struct sink *k, const struct img_layout *lo)
{
	k->k_open(k, "layout", false);
	U("program_headers", lo->lo_phnum);
	U("notes_offset", lo->lo_notes_off);
	U("notes_size", lo->lo_notes_size);
	U("data_offset", lo->lo_data_off);
	U("pages", lo->lo_npages);
	U("sums_offset", lo->lo_sums_off);
	U("size", lo->lo_size);
	k->k_close(k, false);
}

static void walk_stamp(struct sink *k, const char *name, const char *name_ns, const struct img_stamp *t)
{
	S(name, t->ts_sec);
	U(name_ns, t->ts_ns);
}

static void walk_vnode_stats(struct sink *k, const struct img_vnode *v)
{
	char uuid[2 * sizeof(v->v_uuid) + 1];

	walk_stamp(k, "ctime", "ctime_ns", &v->v_ctime);
	if (v->v_flags & IMG_VF_COUNTED)
		U("changes", v->v_changes);
	if (v->v_flags & IMG_VF_REMOVED) {
		walk_stamp(k, "atime", "atime_ns", &v->v_atime);
		U("uid", v->v_uid);
		U("gid", v->v_gid);
	}
	for (u32 i = 0; i < sizeof(v->v_uuid); i++)
		snprintf(uuid + 2 * i, 3, "%02x", v->v_uuid[i]);
	T("fs", uuid);
}

static void walk_times(struct sink *k, const struct img_stamp *a, const struct img_stamp *m,
		       const struct img_stamp *c)
{
	walk_stamp(k, "atime", "atime_ns", a);
	walk_stamp(k, "mtime", "mtime_ns", m);
	walk_stamp(k, "ctime", "ctime_ns", c);
}

static void walk_vnodes(struct sink *k, const struct img_image *img)
{
	k->k_open(k, "vnodes", true);
	for (u32 i = 0; i < img->i_nvnode; i++) {
		const struct img_vnode *v = &img->i_vnode[i];

		k->k_open(k, NULL, false);
		T("path", v->v_path);
		U("dev", v->v_dev);
		U("ino", v->v_ino);
		U("generation", v->v_gen);
		U("mode", v->v_mode);
		U("rdev", v->v_rdev);
		U("size", v->v_size);
		S("mtime", v->v_mtime);
		U("mtime_ns", v->v_mtime_ns);
		U("flags", v->v_flags);
		if (img->i_stats)
			walk_vnode_stats(k, v);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_files(struct sink *k, const struct img_image *img)
{
	static const char *const kind[] = {
		[IMG_FILE_REG] = "file",    [IMG_FILE_DIR] = "directory",
		[IMG_FILE_CHR] = "device",  [IMG_FILE_TTY] = "terminal",
		[IMG_FILE_PIPE] = "pipe",   [IMG_FILE_DATA] = "contents",
		[IMG_FILE_PTMX] = "master", [IMG_FILE_NAME] = "name"
	};
	static const char *const object[] = {
		[IMG_FILE_REG] = "data", [IMG_FILE_TTY] = "tty", [IMG_FILE_PIPE] = "pipe", [IMG_FILE_DATA] = "data", [IMG_FILE_PTMX] = "tty"
	};

	k->k_open(k, "files", true);
	for (u32 i = 0; i < img->i_nfile; i++) {
		const struct img_file *f = &img->i_file[i];

		k->k_open(k, NULL, false);
		T("kind", kind[f->f_kind]);
		U("flags", f->f_flags);
		U("offset", f->f_offset);
		if (f->f_vnode != IMG_NONE)
			U("vnode", f->f_vnode);
		if (f->f_obj != IMG_NONE)
			U(object[f->f_kind], f->f_obj);
		S("owner", f->f_owner);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_pty(struct sink *k, const struct img_pty *y)
{
	k->k_open(k, "pty", false);
	U("flags", y->y_flags);
	S("session", y->y_sid);
	U("mode", y->y_mode);
	U("uid", y->y_uid);
	U("gid", y->y_gid);
	U("line_column", y->y_linecol);
	U("column", y->y_column);
	U("xchar", y->y_xchar);
	U("ended", y->y_canon);
	k->k_bytes(k, "typed", y->y_in.b_ptr, y->y_in.b_len);
	k->k_bytes(k, "marks", y->y_mark.b_ptr, y->y_mark.b_len);
	k->k_bytes(k, "written", y->y_out.b_ptr, y->y_out.b_len);
	k->k_bytes(k, "printed", y->y_sent.b_ptr, y->y_sent.b_len);
	k->k_close(k, false);
}

static void walk_ttys(struct sink *k, const struct img_image *img)
{
	k->k_open(k, "ttys", true);
	for (u32 i = 0; i < img->i_ntty; i++) {
		const struct img_tty *t = &img->i_tty[i];
		const struct img_pty *y = img_pty_of(img, i);

		k->k_open(k, NULL, false);
		U("vnode", t->t_vnode);
		U("iflag", t->t_iflag);
		U("oflag", t->t_oflag);
		U("cflag", t->t_cflag);
		U("lflag", t->t_lflag);
		U("line", t->t_line);
		k->k_bytes(k, "cc", t->t_cc, sizeof(t->t_cc));
		U("ispeed", t->t_ispeed);
		U("ospeed", t->t_ospeed);
		U("rows", t->t_row);
		U("columns", t->t_col);
		U("xpixel", t->t_xpixel);
		U("ypixel", t->t_ypixel);
		S("foreground", t->t_pgrp);
		if (y)
			walk_pty(k, y);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_pipes(struct sink *k, const struct img_image *img)
{
	k->k_open(k, "pipes", true);
	for (u32 i = 0; i < img->i_npipe; i++) {
		k->k_open(k, NULL, false);
		U("size", img->i_pipe[i].pi_size);
		if (img->i_pipe[i].pi_data != IMG_NONE)
			U("data", img->i_pipe[i].pi_data);
		U("mode", img->i_pipe[i].pi_mode);
		U("uid", img->i_pipe[i].pi_uid);
		U("gid", img->i_pipe[i].pi_gid);
		if (img->i_stats)
			walk_times(k, &img->i_pipe[i].pi_atime, &img->i_pipe[i].pi_mtime,
				   &img->i_pipe[i].pi_ctime);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_data(struct sink *k, const struct img_image *img, bool places)
{
	static const char *const kind[] = {
		[IMG_DATA_MEMORY] = "memory", [IMG_DATA_FILE] = "file", [IMG_DATA_MEMFD] = "memfd", [IMG_DATA_PIPE] = "pipe"
	};

	k->k_open(k, "data", true);
	for (u32 i = 0; i < img->i_ndata; i++) {
		const struct img_data *d = &img->i_data[i];

		k->k_open(k, NULL, false);
		T("kind", kind[d->d_kind]);
		U("size", d->d_size);
		if (d->d_path[0]) {
			T("path", d->d_path);
			U("mode", d->d_mode);
			U("uid", d->d_uid);
			U("gid", d->d_gid);
			if (img->i_stats)
				walk_times(k, &d->d_atime, &d->d_mtime, &d->d_ctime);
		}
		tool_walk_runs(img, img_list(img, img->i_nproc + i), k, places);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

static void walk_locks(struct sink *k, const struct img_image *img)
{
	static const char *const kind[] = { [IMG_LOCK_POSIX] = "posix", [IMG_LOCK_OFD] = "ofd", [IMG_LOCK_FLOCK] = "flock" };

	k->k_open(k, "locks", true);
	for (u32 i = 0; i < img->i_nlock; i++) {
		const struct img_lock *l = &img->i_lock[i];

		k->k_open(k, NULL, false);
		T("kind", kind[l->l_kind]);
		U("file", l->l_file);
		if (l->l_kind == IMG_LOCK_POSIX)
			S("pid", img->i_proc[l->l_proc].p_pid);
		U("exclusive", l->l_write);
		U("start", l->l_start);
		U("end", l->l_end);
		k->k_close(k, false);
	}
	k->k_close(k, true);
}

void tool_walk(const struct tool_image *ti, struct sink *k, bool places)
{
	const struct img_image *img = &ti->ti_img;

	k->k_open(k, NULL, false);
	U("version", IMG_VERSION);
	walk_ident(k, &img->i_ident);
	if (places)
		walk_layout(k, &img->i_lo);
	k->k_open(k, "procs", true);
	for (u32 i = 0; i < img->i_nproc; i++)
		tool_walk_proc(img, &img->i_proc[i], k, places);
	k->k_close(k, true);
	walk_files(k, img);
	walk_pipes(k, img);
	walk_ttys(k, img);
	walk_data(k, img, places);
	walk_locks(k, img);
	walk_vnodes(k, img);
	k->k_close(k, false);
}
