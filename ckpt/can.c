/* SPDX-License-Identifier: MIT */
/*
 * CKPTCTL_CAN: what keeps a process, or a tree, from being saved, without stopping it. The functions that save look at what could be refused, on
 * processes that go on meanwhile: so everything they follow is held by references first, and what they fill is thrown away. Each refusal becomes a
 * line, and the look goes on (ckpt_refuse()).
 *
 * What it says is true of the moment, like anything that is said about a running process.
 */
#include "ckpt/ckpt.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/fsctx.h"

struct ckpt_sink {
	struct ckpt_obstacles s_out;
	u32 s_count;
	bool s_volatile; /* lists files that a restart of the machine takes away, and no obstacles */
};

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
 * The contents of file systems in memory end with the machine's run. Their roots are there again, and so are devices; with CKPT_SELF the image holds
 * regular files itself, and does without a directory.
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
	snprintf(text, sizeof(text), "%s lies in memory, and is gone after a restart of the machine%s",
		 path, vp->v_type == VREG ? "; CKPT_SELF (-S) puts it in the image" : "");
	add_line(s, cs_name(cs), text);
}

/* What of a process that goes on is looked at; all by references. */
struct look {
	struct vnode *lo_exe, *lo_cwd, *lo_root;
	char *lo_exepath, *lo_cwdpath;
	struct vnode **lo_map; /* what its segs map */
	u32 lo_nmap;
};

static struct vnode *held(struct vnode *vp)
{
	if (vp)
		vn_hold(vp);
	return vp;
}

static void let_go(struct look *lo)
{
	struct vnode *places[] = { lo->lo_exe, lo->lo_cwd, lo->lo_root };

	for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
		if (places[i])
			vn_rele(places[i]);
	}
	for (u32 i = 0; i < lo->lo_nmap; i++)
		vn_rele(lo->lo_map[i]);
	kfree(lo->lo_map);
	kfree(lo->lo_exepath);
	kfree(lo->lo_cwdpath);
}

/* False: no memory for the path. */
static bool look_at_fs(struct fsctx *fc, struct look *lo)
{
	bool complete;

	spin_lock(&fc->fc_lock);
	lo->lo_cwd = held(fc->fc_cwd);
	lo->lo_root = held(fc->fc_root);
	lo->lo_cwdpath = fc->fc_cwdpath ? kstrdup(fc->fc_cwdpath, KM_NOWAIT) : NULL;
	complete = !fc->fc_cwdpath || lo->lo_cwdpath;
	spin_unlock(&fc->fc_lock);
	return complete;
}

/* Where it is, and its descriptors, which cm_fdtab then holds. */
static int look_at_places(struct ckpt_member *cm, struct look *lo)
{
	struct proc *p = cm->cm_proc;
	bool complete;

	spin_lock(&p->p_lock);
	lo->lo_exe = held(p->p_exe);
	lo->lo_exepath = p->p_exepath ? kstrdup(p->p_exepath, KM_NOWAIT) : NULL;
	complete = (!p->p_exepath || lo->lo_exepath) && (!p->p_fs || look_at_fs(p->p_fs, lo));
	cm->cm_fdtab = p->p_fdtab;
	if (cm->cm_fdtab)
		fdtab_hold(cm->cm_fdtab);
	spin_unlock(&p->p_lock);
	return complete ? 0 : -ENOMEM;
}

/* What its segs map. a_lock comes after the locks of files: so these are only collected here. */
static int look_at_maps(struct as *as, struct look *lo)
{
	struct seg *s;
	int error = 0;

	rw_read_lock(&as->a_lock);
	as_for_each_seg(s, as) {
		struct vnode **slot;

		if (!s->s_vp)
			continue;
		slot = CKPT_GROW(lo->lo_map, lo->lo_nmap);
		if (!slot) {
			error = -ENOMEM;
			break;
		}
		*slot = held(s->s_vp);
	}
	rw_read_unlock(&as->a_lock);
	return error;
}

static int check_maps(struct ckpt_save *cs, const struct look *lo)
{
	int error = 0;

	for (u32 i = 0; i < lo->lo_nmap && !error; i++) {
		char *path = NULL;
		u32 index;

		if (st_vnode_nameless(lo->lo_map[i])) {
			error = st_data_save(cs, lo->lo_map[i], NULL, &index);
			continue;
		}
		error = vn_get_path(lo->lo_map[i], &path);
		if (!error)
			error = st_vnode_save(cs, lo->lo_map[i], path, &index);
		kfree(path);
	}
	return error;
}

static int check_places(struct ckpt_save *cs, const struct look *lo)
{
	u32 index;
	int error = 0;

	if (lo->lo_exe && !st_vnode_nameless(lo->lo_exe))
		error = st_vnode_save(cs, lo->lo_exe, lo->lo_exepath, &index);
	if (!error && lo->lo_cwd)
		error = st_vnode_save(cs, lo->lo_cwd, lo->lo_cwdpath, &index);
	if (!error && lo->lo_root)
		error = st_vnode_save(cs, lo->lo_root, lo->lo_root == rootvp ? "/" : NULL, &index);
	return error;
}

/* One that is just ending has nothing that could be refused. */
static int check_member(struct ckpt_save *cs, struct ckpt_member *cm)
{
	struct proc *p = cm->cm_proc;
	struct look lo = { 0 };
	struct as *as;
	int error;

	mutex_lock(&p->p_execlock);
	as = p->p_as;
	if (as)
		as_hold(as);
	mutex_unlock(&p->p_execlock);
	if (!as)
		return 0;
	cm->cm_as = as;
	error = look_at_places(cm, &lo);
	if (!error)
		error = look_at_maps(as, &lo);
	if (!error && cm->cm_fdtab)
		error = ckpt_check_sharing(cs, cm);
	if (!error)
		error = check_places(cs, &lo);
	if (!error)
		error = check_maps(cs, &lo);
	let_go(&lo);
	as_rele(as);
	return error;
}

static int check_all(struct ckpt_save *cs)
{
	int error = img_add_procs(&cs->cs_img, cs->cs_nmember);

	if (!error)
		error = st_root_save(cs);
	for (u32 i = 0; i < cs->cs_nmember && !error; i++) {
		struct ckpt_member *cm = &cs->cs_member[i];

		cm->cm_img = &cs->cs_img.i_proc[i];
		if (!cm->cm_zombie && !cm->cm_barred)
			error = check_member(cs, cm);
	}
	if (!error)
		error = st_pty_find(cs);
	for (u32 i = 0; i < cs->cs_nmember && !error; i++) {
		if (cs->cs_member[i].cm_fdtab)
			error = st_file_save(cs, &cs->cs_member[i]);
	}
	if (!error)
		error = st_pipe_finish(cs);
	if (!error)
		error = st_pty_finish(cs);
	if (!error)
		error = st_data_finish(cs, false);
	if (!error)
		error = st_lock_save(cs);
	ckpt_drop_objects(cs);
	for (u32 i = 0; i < cs->cs_nmember; i++) {
		if (cs->cs_member[i].cm_fdtab)
			fdtab_rele(cs->cs_member[i].cm_fdtab);
	}
	return error;
}

static int look_for_obstacles(struct proc *p, struct ckpt_sink *s)
{
	struct lwp *l = curlwp();
	struct ckpt_request *rq;
	struct ckpt_save *cs;
	int error = ckpt_request_make(NULL, s->s_out.ob_flags | CKPT_LOOK, &rq);

	if (error)
		return error;
	cs = ckpt_save_make(rq, NULL);
	error = cs ? 0 : -ENOMEM;
	if (!error) {
		l->l_ckptsink = s;
		error = ckpt_find(cs, p);
		if (!error)
			error = check_all(cs);
		l->l_ckptsink = NULL;
		ckpt_save_free(cs);
	}
	ckpt_request_rele(rq);
	return error;
}

long ckpt_can(struct proc *p, uaddr_t buf, bool volatiles)
{
	struct ckpt_sink *s = kzalloc(sizeof(*s), 0);
	long result;

	if (!s)
		return -ENOMEM;
	s->s_volatile = volatiles;
	result = copyin(&s->s_out.ob_flags, buf, sizeof(s->s_out.ob_flags));
	if (!result && (s->s_out.ob_flags & ~(CKPT_TREE | CKPT_SELF | CKPT_JOB | CKPT_SESSION)))
		result = -EINVAL;
	if (!result)
		result = look_for_obstacles(p, s);
	if (!result)
		result = copyout(buf, &s->s_out, sizeof(s->s_out));
	if (!result)
		result = (long)s->s_count;
	kfree(s);
	return result;
}
