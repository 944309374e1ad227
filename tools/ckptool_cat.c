/* SPDX-License-Identifier: MIT */
/* ckptool cat: memory as the process had it, from its own pages and from the contents that it maps. */
#include "tools/ckptool.h"

#include <string.h>

/* What is mapped at va, where s stores nothing of its own. False: a message was printed. */
static bool mapped_page(const struct tool_image *ti, const struct img_seg *s, u32 va, u8 page[IMG_PAGE])
{
	const struct img_image *img = &ti->ti_img;
	u64 off = s->s_off + (va - s->s_base);

	if (s->s_data == IMG_NONE) {
		fprintf(stderr, "%s: %#x is not stored: it is byte %#llx of ", ti->ti_name, va,
			(unsigned long long)off);
		tool_print_text(stderr, img->i_vnode[s->s_vnode].v_path);
		fputc('\n', stderr);
		return false;
	}
	if (off >= img->i_data[s->s_data].d_size) {
		fprintf(stderr, "%s: %#x is behind the end of what is mapped there\n", ti->ti_name, va);
		return false;
	}
	tool_page(ti, img->i_nproc + s->s_data, (u32)off, page);
	return true;
}

static bool page_at(const struct tool_image *ti, u32 proc, u32 va, u8 page[IMG_PAGE])
{
	const struct img_seg *s = img_seg_find(&ti->ti_img.i_proc[proc], va);

	if (!s) {
		fprintf(stderr, "%s: nothing is mapped at %#x\n", ti->ti_name, va);
		return false;
	}
	memset(page, 0, IMG_PAGE);
	return tool_page(ti, proc, va, page) || s->s_kind == IMG_SEG_ANON || mapped_page(ti, s, va, page);
}

int tool_cat(const struct tool_image *ti, u32 proc, u32 va, u32 len)
{
	u8 page[IMG_PAGE];

	proc = ti->ti_img.i_proc[proc].p_mem;
	while (len) {
		u32 at = va % IMG_PAGE, n = MIN(len, IMG_PAGE - at);

		if (!page_at(ti, proc, va - at, page) || fwrite(page + at, 1, n, stdout) != n)
			return TROUBLE;
		va += n;
		len -= n;
	}
	return 0;
}
