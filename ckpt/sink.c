/* SPDX-License-Identifier: MIT */
/* The sink of refusals: see sink.h. */
#include "ckpt/sink.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

static void add_line(struct ckpt_sink *s, const char *name, const char *text)
{
	struct ckpt_obstacles *o = &s->s_out;
	u32 room = o->ob_length < sizeof(o->ob_text) ? (u32)sizeof(o->ob_text) - o->ob_length : 0;
	char line[512];

	snprintf_visible(line, sizeof(line), "%s: %s\n", name, text);
	if (room)
		strlcpy_k(o->ob_text + o->ob_length, line, room);
	o->ob_length += (u32)strlen(line);
	s->s_count++;
}

void ckpt_sink_line(struct ckpt_sink *s, const char *name, const char *text)
{
	if (!s->s_volatile)
		add_line(s, name, text);
}

/*
 * Is the file lost when the machine restarts? Contents of file systems in
 * memory are lost, but for their roots and their devices. With CKPT_SELF the
 * image holds regular files itself, and can do without a directory.
 */
static bool is_volatile(const struct ckpt_save *cs, const struct vnode *vp)
{
	bool held = cs_self(cs) && (vp->v_type == VREG || vp->v_type == VDIR);

	return (vp->v_flags & V_MEMORY) && !(vp->v_flags & (V_DYNAMIC | V_ROOT)) && vp->v_type != VCHR && !held;
}

void ckpt_sink_file(const struct ckpt_save *cs, const struct vnode *vp, const char *path)
{
	struct ckpt_sink *s = curlwp()->l_ckptsink;
	char text[160];

	if (!s || !s->s_volatile || !is_volatile(cs, vp))
		return;
	snprintf(text, sizeof(text), "%s lies in memory, and is lost when the machine restarts%s",
		 path, vp->v_type == VREG ? "; CKPT_SELF (-S) puts it in the image" : "");
	add_line(s, cs_name(cs), text);
}
