/* SPDX-License-Identifier: MIT */
/* The rules of what note STATS holds: times, owners and counts of files, contents and pipes. */
#include "ckpt/image/image_check.h"

static bool stamp_ok(const struct img_stamp *t, bool there)
{
	return t->ts_ns < 1000000000u && (there || (!t->ts_sec && !t->ts_ns));
}

static bool no_uuid(const u8 uuid[16])
{
	for (u32 i = 0; i < 16; i++) {
		if (uuid[i])
			return false;
	}
	return true;
}

/* A file about a process has none of it; a removed one nothing of its file system's. */
static int check_vnode(const struct img_image *img, u32 i, struct img_err *err)
{
	const struct img_vnode *v = &img->i_vnode[i];
	bool removed = v->v_flags & IMG_VF_REMOVED, about = v->v_flags & IMG_VF_PROCESS;
	bool counted = v->v_flags & IMG_VF_COUNTED;

	REQUIRE(stamp_ok(&v->v_ctime, img->i_stats && !about) && stamp_ok(&v->v_atime, img->i_stats && removed),
		"time of a file", i);
	REQUIRE((img->i_stats && removed) ? v->v_uid != ~0u && v->v_gid != ~0u : !v->v_uid && !v->v_gid,
		"owner of a file", i);
	REQUIRE(!counted || (img->i_stats && imgc_vnode_is(img, i, MODE_REG)), "count of what nobody counts", i);
	REQUIRE(counted || !v->v_changes, "count of changes", i);
	REQUIRE((img->i_stats && !removed && !about) || no_uuid(v->v_uuid), "file system of a file", i);
	return 0;
}

int imgc_stats(const struct img_image *img, struct img_err *err)
{
	for (u32 i = 0; i < img->i_nvnode; i++) {
		int error = check_vnode(img, i, err);

		if (error)
			return error;
	}
	for (u32 i = 0; i < img->i_ndata; i++) {
		const struct img_data *d = &img->i_data[i];
		bool there = img->i_stats && (d->d_kind == IMG_DATA_FILE || d->d_kind == IMG_DATA_MEMFD);

		REQUIRE(stamp_ok(&d->d_atime, there) && stamp_ok(&d->d_mtime, there) &&
				stamp_ok(&d->d_ctime, there),
			"time of contents", i);
	}
	for (u32 i = 0; i < img->i_npipe; i++) {
		const struct img_pipe *pi = &img->i_pipe[i];

		REQUIRE(stamp_ok(&pi->pi_atime, img->i_stats) && stamp_ok(&pi->pi_mtime, img->i_stats) &&
				stamp_ok(&pi->pi_ctime, img->i_stats),
			"time of a pipe", i);
	}
	return 0;
}
