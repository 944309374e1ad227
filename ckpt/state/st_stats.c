/* SPDX-License-Identifier: MIT */
/*
 * Owners and times of files that have no name, and are made anew: unlinked
 * files, directories and FIFOs, memory files, pipes. They are set once all
 * contents have been written, because a write changes the times.
 *
 * Inode and device numbers are not restored: other files may have them by now.
 */
#include "ckpt/state/state.h"
#include "fs/names.h"
#include "fs/vnode.h"
#include "kernel/abi/stat.h"

/* ---- save ---- */

static struct img_stamp stamp(struct timespec_k t)
{
	return (struct img_stamp){ .ts_sec = t.tv_sec, .ts_ns = t.tv_nsec };
}

void st_stats_removed(struct img_vnode *v, const struct vattr *va)
{
	v->v_uid = va->va_uid;
	v->v_gid = va->va_gid;
	v->v_mtime = va->va_mtime.tv_sec;
	v->v_mtime_ns = va->va_mtime.tv_nsec;
	v->v_atime = stamp(va->va_atime);
	v->v_ctime = stamp(va->va_ctime);
}

void st_stats_data(struct img_data *d, const struct vattr *va)
{
	d->d_atime = stamp(va->va_atime);
	d->d_mtime = stamp(va->va_mtime);
	d->d_ctime = stamp(va->va_ctime);
}

void st_stats_pipe(struct img_pipe *pi, const struct vattr *va)
{
	pi->pi_atime = stamp(va->va_atime);
	pi->pi_mtime = stamp(va->va_mtime);
	pi->pi_ctime = stamp(va->va_ctime);
}

/* ---- restore ---- */

static struct timespec_k time_of(const struct img_stamp *t)
{
	return (struct timespec_k){ .tv_sec = t->ts_sec, .tv_nsec = t->ts_ns };
}

static int set_times(struct vnode *vp, u32 mask, const struct img_stamp *atime,
		     const struct img_stamp *mtime, const struct img_stamp *ctime)
{
	struct vattr va = { .va_mask = mask,
			    .va_atime = time_of(atime),
			    .va_mtime = time_of(mtime),
			    .va_ctime = time_of(ctime) };

	return vn_setattr(vp, &va);
}

#define ALL_TIMES (VA_ATIME | VA_MTIME | VA_CTIME)

int st_stats_removed_restore(struct ckpt_restore *cr, u32 index)
{
	const struct img_vnode *v = &cr->cr_img.i_vnode[index];
	const struct img_stamp mtime = { .ts_sec = v->v_mtime, .ts_ns = v->v_mtime_ns };
	struct vattr va = { .va_mask = VA_UID | VA_GID, .va_uid = v->v_uid, .va_gid = v->v_gid };
	int error = 0;

	/* Only the superuser can restore another user's file. */
	if (cred_super(cred_cur()))
		error = vn_setattr(cr->cr_anew[index], &va);
	return error ? error : set_times(cr->cr_anew[index], ALL_TIMES, &v->v_atime, &mtime, &v->v_ctime);
}

/*
 * A file that was made again under its name has its contents there. Its ctime
 * is the time when it was made.
 */
static int made(struct ckpt_restore *cr, u32 index)
{
	u32 data = st_ref_contents(cr, index);
	const struct img_data *d = &cr->cr_img.i_data[data];

	return set_times(cr->cr_anew[index], VA_ATIME | VA_MTIME, &d->d_atime, &d->d_mtime, &d->d_ctime);
}

static int vnodes(struct ckpt_restore *cr)
{
	int error = 0;

	for (u32 i = 0; i < cr->cr_img.i_nvnode && !error; i++) {
		if (!cr->cr_anew[i])
			continue;
		if (cr->cr_img.i_vnode[i].v_flags & IMG_VF_REMOVED)
			error = st_stats_removed_restore(cr, i);
		else if (cr->cr_made[i])
			error = made(cr, i);
	}
	return error;
}

static int contents(struct ckpt_restore *cr)
{
	int error = 0;

	for (u32 i = 0; i < cr->cr_img.i_ndata && !error; i++) {
		const struct img_data *d = &cr->cr_img.i_data[i];

		if (d->d_kind == IMG_DATA_FILE || d->d_kind == IMG_DATA_MEMFD)
			error = set_times(cr->cr_datav[i], ALL_TIMES, &d->d_atime, &d->d_mtime, &d->d_ctime);
	}
	return error;
}

static int pipes(struct ckpt_restore *cr)
{
	int error = 0;

	for (u32 i = 0; i < cr->cr_img.i_npipe && !error; i++) {
		const struct img_pipe *pi = &cr->cr_img.i_pipe[i];

		if (st_ref_pipe_name(cr, i) != IMG_NONE)
			continue;
		error = set_times(cr->cr_pipev[i]->f_vnode, ALL_TIMES, &pi->pi_atime, &pi->pi_mtime,
				  &pi->pi_ctime);
	}
	return error;
}

static int st_stats_restore_shared(struct ckpt_restore *cr)
{
	int error = 0;

	if (!cr->cr_img.i_stats)
		return 0;
	error = vnodes(cr);
	if (!error)
		error = contents(cr);
	return error ? error : pipes(cr);
}

const struct ckpt_kind st_stats_kind = {
	.k_name = "owners and times",
	.k_outside = true,
	.k_restore_shared = st_stats_restore_shared,
};
