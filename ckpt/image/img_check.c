/* SPDX-License-Identifier: MIT */
/*
 * The rules at work: see img_check.h. Those of the image as a whole, and what
 * features it needs.
 */
#include "ckpt/image/img_check.h"
#include "ckpt/image/img_codec.h"

/* ---- messages ---- */

/* ---- ranges ---- */

/* NULL: it keeps the rule. */
static const char *range_fault(const struct img_field *f, u64 v)
{
	switch (f->f_rule) {
	case R_MAX: return v <= f->f_arg ? NULL : "is out of range";
	case R_RANGE:
		return (s64)v >= (s16)f->f_arg && (s64)v <= (s16)(f->f_arg >> 16) ? NULL : "is out of range";
	case R_BITS: return v & ~(u64)f->f_arg ? "has unknown bits" : NULL;
	case R_SOME: return v ? NULL : "is 0";
	case R_ID: return v != ~0u ? NULL : "is -1";
	case R_PID: return v && v < IMG_PID_MAX ? NULL : "is no id of a process";
	case R_PID0: return v < IMG_PID_MAX ? NULL : "is no id of a process";
	case R_PAGES: return v <= f->f_arg && v % IMG_PAGE == 0 ? NULL : "is no address of a page";
	case R_POS: return v < 1ull << 63 ? NULL : "is negative";
	case R_BLOCKS: return v & SIG_UNBLOCKABLE ? "blocks SIGKILL or SIGSTOP" : NULL;
	default: return NULL;
	}
}

#define COUNT_AT(name, count, unused) offsetof(struct img_image, count),
static const u32 list_count[] = { IMG_LISTS(COUNT_AT) };

u32 img_list_count(const struct img_image *img, enum img_listid list)
{
	return *(const u32 *)((const u8 *)img + list_count[list]);
}

static const char *number_fault(const struct imgc *c, const struct img_field *f, u64 v)
{
	if (f->f_type == T_WORD)
		return v >= 1 && v <= f->f_arg ? NULL : "is unknown";
	if (f->f_type != T_INDEX)
		return range_fault(f, v);
	if (v < img_list_count(c->c_img, f->f_arg) || (f->f_opt && v == IMG_NONE))
		return NULL;
	return "is none of the image's";
}

static const char *text_fault(const char *s, u32 size)
{
	u32 len = (u32)strnlen(s, size);

	return len < size && img_zero(s + len, size - len) ? NULL : "is not terminated, or has something behind its end";
}

static const char *path_fault(const struct img_field *f, const char *path)
{
	if (!path || strnlen(path, IMG_MAX_PATH) == IMG_MAX_PATH)
		return "is too long";
	return f->f_rule == R_PATH && path[0] != '/' ? "is not absolute" : NULL;
}

/* What is absent is 0, or names nothing. */
static bool is_none(const struct img_field *f, const void *item)
{
	if (f->f_type == T_STRING)
		return *(const char *const *)((const u8 *)item + f->f_off) &&
		       !**(const char *const *)((const u8 *)item + f->f_off);
	if (f->f_type == T_SUB)
		return img_zero(img_items(f, item), f->f_n * f->f_u.kind->k_size);
	if (f->f_type > T_LAST)
		return img_zero(img_items(f, item), f->f_n);
	for (u32 i = 0; i < f->f_n; i++) {
		if (img_value(f, item, i) != (f->f_type == T_INDEX ? IMG_NONE : 0))
			return false;
	}
	return true;
}

static int check_field(struct imgc *c, const struct img_field *f, const void *item)
{
	const u8 *p = (const u8 *)item + f->f_off;
	const char *fault = NULL;
	u32 i = 0, val = 0;

	if (f->f_type == T_LIST && img_count(f, item) > f->f_arg)
		return imgc_bad_field(c, f->f_name, "are too many", img_count(f, item));
	if (f->f_type == T_LIST && img_count(f, item) && !img_items(f, item))
		return imgc_bad_field(c, f->f_name, "are counted, but of a process that has none",
				      img_count(f, item));
	if (!img_present(c->c_img, f, item))
		return f->f_any || is_none(f, item)
			       ? 0
			       : imgc_bad_field(c, f->f_name, "is there, of what has none", 0);
	if (f->f_type == T_TEXT)
		fault = text_fault((const char *)p, f->f_n);
	else if (f->f_type == T_STRING)
		fault = path_fault(f, *(const char *const *)p);
	else if (f->f_type == T_QUEUE && ((const struct img_bytes *)p)->b_len > f->f_arg)
		fault = "is too long";
	if (f->f_type <= T_LAST && f->f_count && img_count(f, item) > f->f_n)
		return imgc_bad_field(c, f->f_name, "are too many", img_count(f, item));
	for (; f->f_type <= T_LAST && !fault && i < img_count(f, item); i++) {
		val = (u32)img_value(f, item, i);
		fault = number_fault(c, f, img_value(f, item, i));
	}
	return fault ? imgc_bad_field(c, f->f_name, fault, val) : 0;
}

/* No value of it is wrong. */
static bool is_free(const struct img_field *f)
{
	return f->f_type == T_NOTE || f->f_type == T_CALL ||
	       (f->f_type <= T_LAST && !f->f_rule && !f->f_when && !f->f_count &&
		f->f_type != T_INDEX && f->f_type != T_WORD);
}

static int check_ranges(struct imgc *c, const struct img_kind *k, const void *item, u32 index)
{
	int error = 0;

	for (const struct img_field *f = k->k_fields; f->f_type != T_END && !error; f++) {
		if (!is_free(f))
			error = check_field(c, f, item);
	}
	return error;
}

/* ---- uses ---- */

/*
 * An index names an item of a list; the first uses of the items come in order:
 * 0, 1, 2...
 */
static bool use(struct imgc *c, enum img_listid list, u32 index)
{
	u32 *seen = &c->c_seen[list];

	if (index == *seen && index < img_list_count(c->c_img, list))
		++*seen;
	return index < *seen;
}

static int check_uses(struct imgc *c, const struct img_kind *k, const void *item, u32 index)
{
	for (const struct img_field *f = k->k_fields; f->f_type != T_END; f++) {
		u32 named = f->f_type == T_INDEX && f->f_use ? (u32)img_value(f, item, 0) : IMG_NONE;
		u32 before;

		if (named == IMG_NONE || !img_present(c->c_img, f, item))
			continue;
		before = c->c_seen[f->f_arg];
		if (!use(c, f->f_arg, named))
			return imgc_bad_field(c, f->f_name, "is out of the order of first use", named);
		if (f->f_once && c->c_seen[f->f_arg] == before)
			return imgc_bad_field(c, f->f_name, "is another's, too", named);
	}
	return 0;
}

/* ---- all items ---- */

typedef int (*visit_fn)(struct imgc *c, const struct img_kind *k, const void *item, u32 index);

static int visit(struct imgc *c, const struct img_kind *k, const void *item, u32 index, visit_fn fn);

static bool has_items(const struct img_field *f)
{
	return (f->f_type == T_SUB || f->f_type == T_LIST || f->f_type == T_SPARSE) && !f->f_hidden;
}

/* The items of this kind have items within them. */
static bool is_deep(const struct img_kind *k)
{
	const struct img_field *f = k->k_fields;

	while (f->f_type != T_END && !has_items(f))
		f++;
	return f->f_type != T_END;
}

/* The items that a field holds. */
static int visit_items(struct imgc *c, const struct img_field *f, const void *item, visit_fn fn)
{
	const struct img_kind *k = f->f_u.kind;
	const u8 *p = img_items(f, item);
	u32 n = img_count(f, item);
	bool deep = is_deep(k);
	int error = 0;

	if (k->k_name)
		c->c_path[c->c_depth++].name = k->k_name;
	for (u32 i = 0; i < n && !error; i++, p += k->k_size) {
		if (k->k_name)
			c->c_path[c->c_depth - 1].index = i + (f->f_type == T_SPARSE);
		error = deep ? visit(c, k, p, i, fn) : fn(c, k, p, i);
	}
	if (k->k_name)
		c->c_depth--;
	return error;
}

static int check_rules(struct imgc *c, const struct img_kind *k, const void *item, u32 index)
{
	return k->k_check ? k->k_check(c, item, index) : 0;
}

/*
 * The item and those within it, which come first for the rules: so a message is
 * about the item whose fault it is. As deep as the tables are (image, process,
 * lwp, signals).
 */
static int visit(struct imgc *c, const struct img_kind *k, const void *item, u32 index, visit_fn fn)
{
	int error = fn == check_rules ? 0 : fn(c, k, item, index);

	for (const struct img_field *f = k->k_fields; f->f_type != T_END && !error; f++) {
		if (has_items(f) && img_present(c->c_img, f, item))
			error = visit_items(c, f, item, fn);
	}
	return !error && fn == check_rules ? fn(c, k, item, index) : error;
}

/* ---- the image ---- */

/* An id is one process's, or one lwp's; an lwp may have that of its process. */
static int check_ids(struct imgc *c)
{
	const struct img_image *img = c->c_img;

	for (u32 i = 0; i < img->i_nproc; i++)
		REQUIRE(imgc_take_id(c->c_id, img->i_proc[i].p_pid), "two processes have one id",
			img->i_proc[i].p_pid);
	for (u32 i = 0; i < img->i_nproc; i++) {
		const struct img_proc *p = &img->i_proc[i];

		for (u32 k = 0; k < p->p_nlwp; k++)
			REQUIRE(p->p_lwp[k].l_tid == p->p_pid || imgc_take_id(c->c_id, p->p_lwp[k].l_tid),
				"the id of an lwp is another's, too", p->p_lwp[k].l_tid);
	}
	return 0;
}

/* The controlling terminals, behind those that are open. */
static int check_terminals(struct imgc *c)
{
	for (u32 i = 0; i < c->c_img->i_nproc; i++) {
		u32 tty = c->c_img->i_proc[i].p_ctty;

		REQUIRE(tty == IMG_NONE || use(c, LIST_TTY, tty),
			"a controlling terminal is out of the order of first use", tty);
	}
	return 0;
}

#define UNUSED(name, count, unused) unused,

/*
 * The items that field by field name others: those of processes, of open files,
 * of terminals, of pipes.
 */
static int check_order(struct imgc *c)
{
	static const char *const unused[] = { IMG_LISTS(UNUSED) };
	static const struct img_kind *const order[] = { &img_proc_kind, &img_file_kind,
							&img_tty_kind, &img_pipe_kind };
	int error = 0;

	for (u32 i = 0; i < ARRAY_SIZE(order) && !error; i++) {
		const struct img_field *f = img_image_kind.k_fields;

		while (f->f_type != T_LIST || f->f_hidden || f->f_u.kind != order[i])
			f++;
		error = order[i] == &img_tty_kind ? check_terminals(c) : 0;
		if (!error)
			error = visit_items(c, f, c->c_img, check_uses);
	}
	for (u32 list = LIST_VNODE; list < LIST_COUNT && !error; list++)
		REQUIRE(c->c_seen[list] == img_list_count(c->c_img, list), unused[list], c->c_seen[list]);
	return error;
}

int img_check(struct img_image *img, struct img_err *err)
{
	struct imgc *c = img_alloc(img, sizeof(*c));
	int error;

	*err = (struct img_err){ .e_what = "needs more memory than there is" };
	if (!c)
		return -ENOMEM;
	c->c_img = img;
	c->c_err = err;
	error = visit(c, &img_image_kind, img, 0, check_ranges);
	if (!error)
		error = check_order(c);
	if (!error)
		error = check_ids(c);
	if (!error)
		error = visit(c, &img_image_kind, img, 0, check_rules);
	if (!error)
		*err = (struct img_err){ 0 };
	return error;
}

/* ---- features ---- */

static u32 seg_features(const struct img_proc *p)
{
	u32 flags = p->p_mm.m_newflags;

	for (u32 i = 0; i < p->p_nseg; i++)
		flags |= p->p_seg[i].s_flags;
	return flags & IMG_SEGF_NEW ? IMG_FEATURE_LOCKED : 0;
}

static u32 vnode_features(const struct img_vnode *v)
{
	if (v->v_flags & IMG_VF_REMOVED)
		return IMG_FEATURE_REMOVED | ((v->v_mode & MODE_FMT) == MODE_CHR ? IMG_FEATURE_NAMES : 0);
	return v->v_flags & IMG_VF_PROCESS ? IMG_FEATURE_PROCESS : 0;
}

u32 img_features(const struct img_image *img)
{
	u32 features = img_noted_features(img) | (img->i_stats ? IMG_FEATURE_STATS : 0);

	for (u32 i = 0; i < img->i_nproc; i++)
		features |= seg_features(&img->i_proc[i]) |
			    (i && img->i_proc[i].p_parent == IMG_NONE ? IMG_FEATURE_JOB : 0);
	for (u32 i = 0; i < img->i_nvnode; i++)
		features |= vnode_features(&img->i_vnode[i]);
	for (u32 i = 0; i < img->i_nfile; i++)
		features |= img->i_file[i].f_kind == IMG_FILE_NAME ? IMG_FEATURE_NAMES : 0;
	for (u32 i = 0; i < img->i_ndata; i++)
		features |= img->i_data[i].d_size > IMG_MAX_DATA_SIZE ? IMG_FEATURE_SPARSE : 0;
	return features;
}
