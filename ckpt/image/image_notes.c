/* SPDX-License-Identifier: MIT */
/*
 * What each of our notes holds, field by field, and the order of all notes. docs/ckpt.5 says the same in words:
 * whoever changes a line changes it there, and NK_VERSION.
 *
 *   image_notes.c       the order; the notes about the image as a whole
 *   image_notes_proc.c  about one process
 *   image_notes_file.c  about what processes share: files, contents, pipes, terminals, locks
 */
#include "ckpt/image/image_codec.h"
#include "ckpt/image/image_format.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/*
 * The least that one item takes in the file, in all notes together: bounds what a forged count can ask for. The largest in
 * memory for its size here is an lwp of which debuggers are not told: 268 bytes for about 730.
 */
#define LEAST_PROC 600u
#define LEAST_LWP 268u
#define LEAST_SEG 40u
#define LEAST_FD 12u
#define LEAST_PTIMER 44u
/* The same, in TREE and TIME alone. */
#define MIN_PROC 24u
#define MIN_LWPTIME 24u
#define MIN_PTIMERTIME 8u

/* The counts come first, as in the paper: they bound all the rest. */
static void head(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;
	struct img_layout *lo = &img->i_lo;
	char magic[8] = NK_MAGIC;

	imgx_version(x, IMG_VERSION);
	imgx_raw(x, magic, sizeof(magic));
	imgx_u32(x, &img->i_features);
	if (img->i_features & ~IMG_FEATURES)
		imgx_fail(x, -EOPNOTSUPP, "uses features that are not known here", img->i_features);
	imgx_u64(x, &lo->lo_size);
	imgx_u32(x, &lo->lo_data_off);
	if (imgx_getting(x) && lo->lo_data_off != x->x_end)
		imgx_fail(x, -EBADMSG, "says that its metadata end elsewhere", lo->lo_data_off);
	imgx_u32(x, &lo->lo_npages);
	imgx_u32(x, &img->i_nproc);
	imgx_u32(x, &img->i_nvnode);
	imgx_u32(x, &img->i_nfile);
	imgx_u32(x, &img->i_npipe);
	imgx_u32(x, &img->i_ntty);
	imgx_u32(x, &img->i_ndata);
	imgx_u32(x, &img->i_nlock);
}

static void ident(struct imgx *x, u32 arg)
{
	struct img_ident *id = &x->x_img->i_ident;

	imgx_version(x, NK_VERSION);
	imgx_u32(x, &x->x_check);
	imgx_raw(x, id->id_image, sizeof(id->id_image));
	imgx_raw(x, id->id_parent, sizeof(id->id_parent));
	imgx_raw(x, id->id_node, sizeof(id->id_node));
	imgx_raw(x, id->id_system, sizeof(id->id_system));
	imgx_u64(x, &id->id_real_ns);
	imgx_u64(x, &id->id_mono_ns);
}

/* What is counted must have room in the metadata that is left. */
static void need_room(struct imgx *x, u64 bytes)
{
	if (imgx_getting(x) && !x->x_error && bytes > x->x_end - x->x_off)
		imgx_fail(x, -EBADMSG, "counts more of what processes have than there is room for", (u32)bytes);
}

/* The processes, and how many of each kind of thing they have. */
static void tree(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;
	u64 bytes = (u64)img->i_nproc * LEAST_PROC;

	imgx_version(x, NK_VERSION);
	if (imgx_getting(x) && img->i_nproc == 0)
		imgx_fail(x, -EBADMSG, "has no process", 0);
	need_room(x, bytes);
	img->i_proc = imgx_list(x, img->i_proc, &img->i_nproc, IMG_MAX_PROCS, MIN_PROC, sizeof(*img->i_proc));
	for (u32 i = 0; i < img->i_nproc; i++) {
		struct img_proc *p = &img->i_proc[i];

		if (imgx_getting(x))
			p->p_mem = p->p_fds = i, p->p_waiter = IMG_NONE;
		imgx_u32(x, &p->p_parent);
		imgx_u32(x, &p->p_flags);
		imgx_u32(x, &p->p_nlwp);
		imgx_u32(x, &p->p_nseg);
		imgx_u32(x, &p->p_nfd);
		imgx_u32(x, &p->p_nptimer);
		bytes += (u64)p->p_nlwp * LEAST_LWP + (u64)p->p_nseg * LEAST_SEG +
			 (u64)p->p_nfd * LEAST_FD + (u64)p->p_nptimer * LEAST_PTIMER;
	}
	need_room(x, bytes);
}

/* With whom the memory and the descriptors of each stand. */
static void shares(struct imgx *x, u32 arg)
{
	imgx_version(x, NK_VERSION);
	for (u32 i = 0; i < x->x_img->i_nproc; i++) {
		imgx_u32(x, &x->x_img->i_proc[i].p_mem);
		imgx_u32(x, &x->x_img->i_proc[i].p_fds);
	}
}

/* Which child of a vfork is waited for, and by which lwp. */
static void vforks(struct imgx *x, u32 arg)
{
	imgx_version(x, NK_VERSION);
	for (u32 i = 0; i < x->x_img->i_nproc; i++) {
		imgx_u32(x, &x->x_img->i_proc[i].p_waiter);
		imgx_u32(x, &x->x_img->i_proc[i].p_waiterlwp);
	}
}

static void proc_times(struct imgx *x, struct img_proc *p)
{
	imgx_u64(x, &p->p_age);
	imgx_u64(x, &p->p_mono);
	imgx_u64(x, &p->p_utime);
	imgx_u64(x, &p->p_stime);
	imgx_u64(x, &p->p_cutime);
	imgx_u64(x, &p->p_cstime);
	imgx_u32(x, &p->p_minflt);
	imgx_u32(x, &p->p_majflt);
	imgx_u32(x, &p->p_nvcsw);
	imgx_u32(x, &p->p_nivcsw);
	imgx_u32(x, &p->p_maxrss);
	for (u32 i = 0; i < ARRAY_SIZE(p->p_itimer); i++)
		imgx_u64(x, &p->p_itimer[i].it_remain);
	p->p_ptimer = imgx_list(x, p->p_ptimer, &p->p_nptimer, IMG_MAX_PTIMERS, MIN_PTIMERTIME,
				sizeof(*p->p_ptimer));
	for (u32 i = 0; i < p->p_nptimer; i++)
		imgx_u64(x, &p->p_ptimer[i].pt_remain);
	p->p_lwp = imgx_list(x, p->p_lwp, &p->p_nlwp, IMG_MAX_LWPS, MIN_LWPTIME, sizeof(*p->p_lwp));
	for (u32 i = 0; i < p->p_nlwp; i++) {
		if (imgx_getting(x))
			p->p_lwp[i].l_opt.o_slack = p->p_lwp[i].l_opt.o_slackdef = IMG_TIMER_SLACK;
		imgx_u64(x, &p->p_lwp[i].l_utime);
		imgx_u64(x, &p->p_lwp[i].l_stime);
		imgx_u64(x, &p->p_lwp[i].l_restart.rs_remain);
	}
}

static void lwp_options(struct imgx *x, struct img_options *o)
{
	imgx_u32(x, &o->o_pdeathsig);
	imgx_u32(x, &o->o_slack);
	imgx_u32(x, &o->o_slackdef);
	imgx_u32(x, &o->o_personality);
	imgx_u32(x, &o->o_flags);
}

static void options(struct imgx *x, u32 arg)
{
	imgx_version(x, NK_VERSION);
	for (u32 i = 0; i < x->x_img->i_nproc && !x->x_error; i++) {
		struct img_proc *p = &x->x_img->i_proc[i];

		imgx_u32(x, &p->p_options);
		imgx_s32(x, &p->p_maker);
		for (u32 k = 0; k < p->p_nlwp && !x->x_error; k++)
			lwp_options(x, &p->p_lwp[k].l_opt);
	}
}

static void time_note(struct imgx *x, u32 arg)
{
	imgx_version(x, NK_VERSION);
	for (u32 i = 0; i < x->x_img->i_nproc; i++)
		proc_times(x, &x->x_img->i_proc[i]);
}

static void sums(struct imgx *x, u32 arg)
{
	struct img_image *img = x->x_img;
	u32 n = img_nblocks(img);

	imgx_version(x, NK_VERSION);
	img->i_blocksum = imgx_list(x, img->i_blocksum, &n, n, sizeof(u32), sizeof(u32));
	for (u32 i = 0; i < n && !x->x_error; i++)
		imgx_u32(x, &img->i_blocksum[i]);
}

/* A note that depends on what is in another comes behind it: a reader knows what to expect. */
void imgx_notes(struct imgx *x)
{
	struct img_image *img = x->x_img;

	imgx_note(x, OWNER_KCKPT, NK_HEAD, head, 0);
	imgx_note(x, OWNER_KCKPT, NK_IDENT, ident, 0);
	imgx_note(x, OWNER_KCKPT, NK_TREE, tree, 0);
	if (img->i_features & IMG_FEATURE_SHARES)
		imgx_note(x, OWNER_KCKPT, NK_SHARES, shares, 0);
	if (img->i_features & IMG_FEATURE_VFORKS)
		imgx_note(x, OWNER_KCKPT, NK_VFORKS, vforks, 0);
	if (img->i_features & IMG_FEATURE_COWS)
		imgx_note(x, OWNER_KCKPT, NK_COWS, imgx_cows, 0);
	imgx_note(x, OWNER_KCKPT, NK_TIME, time_note, 0);
	if (img->i_features & IMG_FEATURE_OPTIONS)
		imgx_note(x, OWNER_KCKPT, NK_OPTIONS, options, 0);
	imgx_note(x, OWNER_KCKPT, NK_VNODES, imgx_vnodes, 0);
	if (img->i_ndata)
		imgx_note(x, OWNER_KCKPT, NK_DATA, imgx_data, 0);
	if (imgx_getting(x))
		imgx_share_runs(x);
	for (u32 i = 0; i < img->i_nproc && !x->x_error; i++)
		imgx_proc_notes(x, i);
	if (img->i_nfile)
		imgx_note(x, OWNER_KCKPT, NK_FILES, imgx_files, 0);
	if (img->i_npipe)
		imgx_note(x, OWNER_KCKPT, NK_PIPES, imgx_pipes, 0);
	if (img->i_features & IMG_FEATURE_STATS)
		imgx_note(x, OWNER_KCKPT, NK_STATS, imgx_stats, 0);
	if (img->i_ntty)
		imgx_note(x, OWNER_KCKPT, NK_TTYS, imgx_ttys, 0);
	if (img->i_features & IMG_FEATURE_PTYS)
		imgx_note(x, OWNER_KCKPT, NK_PTYS, imgx_ptys, 0);
	if (img->i_nlock)
		imgx_note(x, OWNER_KCKPT, NK_LOCKS, imgx_locks, 0);
	if (img_nblocks(img))
		imgx_note(x, OWNER_KCKPT, NK_SUMS, sums, 0);
}
