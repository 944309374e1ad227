/* SPDX-License-Identifier: MIT */
/*
 * The notes of an image in their order, and what they hold of the image as a
 * whole. What they hold of its items stands in the tables of these: img_proc.c,
 * img_lwp.c, img_memory.c, img_file.c, img_tty.c.
 */
#include "ckpt/image/img_check.h"
#include "ckpt/image/img_codec.h"
#include "ckpt/image/img_field.h"

/* ---- the image ---- */

static void magic(struct imgx *x, void *item)
{
	char text[8] = HEAD_MAGIC;

	imgx_raw(x, text, sizeof(text));
}

static void known_features(struct imgx *x, void *item)
{
	u32 features = x->x_img->i_features;

	if (features & ~IMG_FEATURES)
		imgx_fail(x, -EOPNOTSUPP, "uses features that are not known here", features);
}

static void data_begins(struct imgx *x, void *item)
{
	u32 off = x->x_img->i_lo.lo_data_off;

	if (imgx_getting(x) && off != x->x_end)
		imgx_fail(x, -EBADMSG, "says that its metadata end elsewhere", off);
}

static void checksum(struct imgx *x, void *item)
{
	imgx_u32(x, &x->x_check);
}

/* What is counted must have room in the metadata that is left. */
static void need_room(struct imgx *x, u64 bytes)
{
	if (imgx_getting(x) && !x->x_error && bytes > x->x_end - x->x_off)
		imgx_fail(x, -EBADMSG, "counts more of what processes have than there is room for", (u32)bytes);
}

/*
 * Before TREE has made the list of processes, and when their own lists are
 * counted.
 */
static void room_for_procs(struct imgx *x, void *item)
{
	if (imgx_getting(x) && x->x_img->i_nproc == 0)
		imgx_fail(x, -EBADMSG, "has no process", 0);
	need_room(x, (u64)x->x_img->i_nproc * img_least_all(&img_proc_kind));
}

static void room_for_lists(struct imgx *x, void *item)
{
	const struct img_image *img = x->x_img;
	u64 bytes = (u64)img->i_nproc * (img_least_all(&img_proc_kind) - img_least(&img_proc_kind, N_TREE));

	for (const struct img_field *f = img_proc_kind.k_fields; imgx_getting(x) && f->f_type != T_END; f++) {
		u32 least = f->f_type == T_LIST && !f->f_hidden ? img_least_all(f->f_u.kind) : 0;

		for (u32 i = 0; i < img->i_nproc && least; i++)
			bytes += (u64)img_count(f, &img->i_proc[i]) * least;
	}
	need_room(x, bytes);
}

static void has_stats(struct imgx *x, void *item)
{
	x->x_img->i_stats = 1;
}

static void sums(struct imgx *x, void *item)
{
	struct img_image *img = x->x_img;
	u32 n = img_nblocks(img);

	img->i_blocksum = imgx_list(x, img->i_blocksum, &n, n, sizeof(u32), sizeof(u32));
	for (u32 i = 0; i < n && !x->x_error; i++)
		imgx_u32(x, &img->i_blocksum[i]);
}

#define ITEM struct img_ident
static const struct img_field ident_fields[] = {
	NOTE(IDENT),
	CALL(checksum, 4, "checksum"),
	BYTES(id_image, "image"),
	BYTES(id_parent, "parent"),
	TEXT(id_node, "node"),
	TEXT(id_system, "system"),
	F(U64, id_real_ns, "real_ns"),
	F(U64, id_mono_ns, "mono_ns"),
	END,
};
static const struct img_kind ident_kind = KIND(ident_fields, NULL);
#undef ITEM

#define ITEM struct img_layout
static const struct img_field layout_fields[] = {
	F(U32, lo_phnum, "program_headers"),
	F(U32, lo_notes_off, "notes_offset"),
	F(U32, lo_notes_size, "notes_size"),
	F(U32, lo_data_off, "data_offset"),
	F(U32, lo_npages, "pages"),
	F(U64, lo_sums_off, "sums_offset"),
	F(U64, lo_size, "size"),
	END,
};
static const struct img_kind layout_kind = KIND(layout_fields, NULL);
#undef ITEM

/* HEAD has the counts before all else: they bound the rest. */
#define ITEM struct img_image
static const struct img_field image_fields[] = {
	NOTE(IDENT),
	SUB(i_ident, "ident", ident_kind),
	NOTE(NONE),
	SUB(i_lo, "layout", layout_kind, PLACE),
	NOTE(HEAD),
	CALL(magic, 8, "magic"),
	F(U32, i_features, "features", HIDDEN),
	CALL(known_features, 0, NULL),
	F(U64, i_lo.lo_size, "size", HIDDEN),
	F(U32, i_lo.lo_data_off, "data_offset", HIDDEN),
	CALL(data_begins, 0, NULL),
	F(U32, i_lo.lo_npages, "pages", HIDDEN),
	F(U32, i_nproc, "procs", HIDDEN),
	F(U32, i_nvnode, "vnodes", HIDDEN),
	F(U32, i_nfile, "files", HIDDEN),
	F(U32, i_npipe, "pipes", HIDDEN),
	F(U32, i_ntty, "ttys", HIDDEN),
	F(U32, i_ndata, "data", HIDDEN),
	F(U32, i_nlock, "locks", HIDDEN),
	NOTE(TREE),
	CALL(room_for_procs, 0, NULL),
	LIST(i_proc, i_nproc, "procs", img_proc_kind, IMG_MAX_PROCS),
	CALL(room_for_lists, 0, NULL),
	NOTE(SHARES),
	LIST(i_proc, i_nproc, "procs", img_proc_kind, IMG_MAX_PROCS, HIDDEN),
	NOTE(VFORKS),
	LIST(i_proc, i_nproc, "procs", img_proc_kind, IMG_MAX_PROCS, HIDDEN),
	NOTE(COWS),
	LIST(i_proc, i_nproc, "procs", img_proc_kind, IMG_MAX_PROCS, HIDDEN),
	NOTE(TIME),
	LIST(i_proc, i_nproc, "procs", img_proc_kind, IMG_MAX_PROCS, HIDDEN),
	NOTE(OPTIONS),
	LIST(i_proc, i_nproc, "procs", img_proc_kind, IMG_MAX_PROCS, HIDDEN),
	NOTE(FILES),
	LIST(i_file, i_nfile, "files", img_file_kind, IMG_MAX_FILES),
	NOTE(PIPES),
	LIST(i_pipe, i_npipe, "pipes", img_pipe_kind, IMG_MAX_PIPES),
	NOTE(TTYS),
	LIST(i_tty, i_ntty, "ttys", img_tty_kind, IMG_MAX_TTYS),
	NOTE(PTYS),
	F(U32, i_npty, "ptys", HIDDEN),
	LIST(i_pty, i_npty, "ptys", img_pty_kind, IMG_MAX_TTYS),
	NOTE(DATA),
	LIST(i_data, i_ndata, "data", img_data_kind, IMG_MAX_DATA),
	NOTE(LOCKS),
	LIST(i_lock, i_nlock, "locks", img_lock_kind, IMG_MAX_LOCKS),
	NOTE(VNODES),
	LIST(i_vnode, i_nvnode, "vnodes", img_vnode_kind, IMG_MAX_VNODES),
	NOTE(STATS),
	CALL(has_stats, 0, NULL),
	LIST(i_vnode, i_nvnode, "vnodes", img_vnode_kind, IMG_MAX_VNODES, HIDDEN),
	LIST(i_data, i_ndata, "data", img_data_kind, IMG_MAX_DATA, HIDDEN),
	LIST(i_pipe, i_npipe, "pipes", img_pipe_kind, IMG_MAX_PIPES, HIDDEN),
	NOTE(SUMS),
	CALL(sums, 0, NULL),
	END,
};
const struct img_kind img_image_kind = KIND(image_fields, NULL);
#undef ITEM

/* ---- the order ---- */

/* Which processes or lwps have a note; of SUMS, whether it is there. */
#define IF_ANY(name, condition)                                                                          \
	static bool name(const struct img_image *img, const struct img_proc *p, const struct img_lwp *l) \
	{                                                                                                \
		return condition;                                                                        \
	}
IF_ANY(first, p == img->i_proc)
IF_ANY(others, p != img->i_proc)
IF_ANY(alive, !imgc_is_zombie(p))
IF_ANY(with_memory, !imgc_is_zombie(p) && img_mem_of(img, p) == p)
IF_ANY(with_files, p == img->i_proc && img_mapped_files(p))
IF_ANY(with_fpu, p == img->i_proc && l->l_fpvalid)
IF_ANY(with_tls, p == img->i_proc && img_tls_used(l))
IF_ANY(with_pages, img_nblocks(img))

#define OURS(id, version, of, ...)                                                           \
	{                                                                                    \
		.n_owner = OWNER_KCKPT, .n_name = #id, .n_type = NK(N_##id), .n_id = N_##id, \
		.n_version = version, .n_of = &img_##of##_kind, ##__VA_ARGS__                \
	}
#define THEIRS(owner, type, of, write, when)                                        \
	{                                                                           \
		.n_owner = OWNER_##owner, .n_type = type, .n_of = &img_##of##_kind, \
		.n_write = write, .n_when = when                                    \
	}
#define ALL .n_all = true
#define FILLED .n_filled = true
#define IF(when) .n_when = when
#define FEATURE(name) .n_feature = IMG_FEATURE_##name

/*
 * A note that depends on what is in another comes behind it: a reader knows
 * what to expect.
 */
const struct img_note img_notes[] = {
	OURS(HEAD, IMG_VERSION, image),
	OURS(IDENT, 2, image),
	OURS(TREE, 2, image, ALL),
	OURS(SHARES, 2, image, FEATURE(SHARES)),
	OURS(VFORKS, 2, image, FEATURE(VFORKS)),
	OURS(COWS, 2, image, FEATURE(COWS)),
	OURS(TIME, 2, image, ALL),
	OURS(OPTIONS, 2, image, FEATURE(OPTIONS)),
	OURS(VNODES, 2, image, ALL),
	OURS(DATA, 2, image, FILLED, ALL),
	OURS(PROC, 2, proc, ALL),
	THEIRS(CORE, NT_PRPSINFO, proc, imgx_prpsinfo, first),
	OURS(PSINFO, 2, proc, IF(others), ALL),
	OURS(SIGNALS, 2, proc, IF(alive)),
	THEIRS(CORE, NT_PRSTATUS, lwp, imgx_prstatus, first),
	OURS(REGS, 2, lwp, IF(others), ALL),
	OURS(LWP, 2, lwp, ALL),
	THEIRS(CORE, NT_FPREGSET, lwp, imgx_fpregset, with_fpu),
	THEIRS(LINUX, NT_PRXFPREG, lwp, imgx_prxfpreg, with_fpu),
	THEIRS(LINUX, NT_386_TLS, lwp, imgx_tls, with_tls),
	OURS(MM, 2, proc, IF(with_memory)),
	THEIRS(CORE, NT_AUXV, proc, imgx_auxv, first),
	OURS(SEGS, 2, proc, IF(with_memory), ALL),
	THEIRS(CORE, NT_FILE, proc, imgx_ntfile, with_files),
	OURS(FDS, 2, proc, FILLED, ALL),
	OURS(PTIMERS, 2, proc, FILLED, ALL),
	OURS(FILES, 2, image, FILLED, ALL),
	OURS(PIPES, 3, image, FILLED, ALL),
	OURS(STATS, 2, image, FEATURE(STATS)),
	OURS(TTYS, 2, image, FILLED, ALL),
	OURS(PTYS, 2, image, FEATURE(PTYS)),
	OURS(LOCKS, 2, image, FILLED, ALL),
	OURS(SUMS, 2, image, IF(with_pages)),
};
const u32 img_nnotes = ARRAY_SIZE(img_notes);
#define NOTES_END (img_notes + ARRAY_SIZE(img_notes))

u32 img_least_all(const struct img_kind *k)
{
	u32 size = 0;

	for (const struct img_note *n = img_notes; n < NOTES_END; n++)
		size += n->n_all ? img_least(k, n->n_id) + (n->n_of == k ? NOTE_HEADER + 4 : 0) : 0;
	return size;
}

u32 img_noted_features(const struct img_image *img)
{
	u32 features = 0;

	for (const struct img_note *n = img_notes; n < NOTES_END; n++)
		if (n->n_feature && !img_is_default(&img_image_kind, n->n_id, img, 0))
			features |= n->n_feature;
	return features;
}

/* The note of an item, which x_item is. */
static void contents(struct imgx *x, u32 arg)
{
	const struct img_note *n = &img_notes[arg];

	imgx_version(x, n->n_version);
	imgx_fields(x, n->n_of, n->n_id, x->x_item);
}

static bool there(const struct imgx *x, const struct img_note *n, u32 lwp, const void *item)
{
	const struct img_lwp *l = n->n_of == &img_lwp_kind ? &x->x_proc->p_lwp[lwp] : NULL;

	if (n->n_feature)
		return x->x_img->i_features & n->n_feature;
	if (n->n_filled)
		return img_count(img_section(n->n_of, n->n_id), item) != 0;
	return !n->n_when || n->n_when(x->x_img, x->x_proc, l);
}

/* Of the image, of x_proc, or of its lwp. */
static void note(struct imgx *x, const struct img_note *n, u32 lwp)
{
	void *item = x->x_img;

	if (n->n_of != &img_image_kind)
		item = n->n_of == &img_proc_kind ? (void *)x->x_proc : &x->x_proc->p_lwp[lwp];
	if (x->x_error || !there(x, n, lwp, item))
		return;
	x->x_item = item;
	if (n->n_write)
		imgx_note(x, n->n_owner, n->n_type, n->n_write, lwp);
	else
		imgx_note(x, n->n_owner, n->n_type, contents, (u32)(n - img_notes));
}

/*
 * All notes from n on that are about lwps, of each lwp of x_proc; those behind
 * them.
 */
static const struct img_note *lwp_notes(struct imgx *x, const struct img_note *first)
{
	const struct img_note *n = first;

	for (u32 i = 0; i < x->x_proc->p_nlwp && !x->x_error; i++)
		for (n = first; n->n_of == &img_lwp_kind; n++)
			note(x, n, i);
	while (n->n_of == &img_lwp_kind)
		n++;
	return n;
}

static const struct img_note *proc_notes(struct imgx *x, const struct img_note *first)
{
	const struct img_note *n = first;

	for (u32 i = 0; i < x->x_img->i_nproc && !x->x_error; i++) {
		x->x_proc = &x->x_img->i_proc[i];
		for (n = first; n->n_of != &img_image_kind;) {
			if (n->n_of == &img_lwp_kind)
				n = lwp_notes(x, n);
			else
				note(x, n++, 0);
		}
	}
	return n;
}

void imgx_notes(struct imgx *x)
{
	for (const struct img_note *n = img_notes; n < NOTES_END && !x->x_error;) {
		if (n->n_of == &img_image_kind) {
			note(x, n++, 0);
			continue;
		}
		if (imgx_getting(x))
			imgx_share_runs(x);
		n = proc_notes(x, n);
	}
}
