/* SPDX-License-Identifier: MIT */
/*
 * Files of a process that show its memory: statm, maps, smaps, cmdline,
 * environ, auxv.
 */
#include "fs/procfs/procfs.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/proc.h"

#define NAME_COLUMN 49 /* of maps, as Linux pads on 32-bit machines */
#define STRINGS_MAX (2u << 20)

struct resident {
	u32 all, shared, dirty;
};

static int count_page(u32 va, u32 pte, struct page *pg, void *arg)
{
	struct resident *r = arg;

	r->all++;
	if (pg->pg_ref > 1 || (pte & PTE_SW_SHARED))
		r->shared++;
	if (pte & PTE_D)
		r->dirty++;
	return 0;
}

/*
 * statm, in pages: size, resident, shared, text, library (0), data and stack,
 * dirty (0).
 */
int pf_show_statm(struct text *t, const struct pf_ctx *c)
{
	struct as *as = pf_as(c->c_proc);
	u32 shared = 0, data = 0;
	struct seg *s;

	if (!as) {
		text_add(t, "0 0 0 0 0 0 0\n");
		return 0;
	}
	rw_read_lock(&as->a_lock);
	as_for_each_seg(s, as) {
		struct resident r = { 0 };

		if (s->s_vp) {
			hat_foreach(&as->a_hat, s->s_base, s->s_size, count_page, &r);
			shared += s->s_flags & SEG_SHARED ? r.all : r.shared;
		} else {
			data += s->s_size;
		}
	}
	rw_read_unlock(&as->a_lock);
	text_add(t, "%u %u %u %u 0 %u 0\n", as->a_size / PAGE_SIZE, as->a_hat.h_resident, shared,
		 (PAGE_UP(as->a_code_end) - PAGE_DOWN(as->a_code_start)) / PAGE_SIZE, data / PAGE_SIZE);
	as_rele(as);
	return 0;
}

/* A seg as it was at one moment: lines are written with no lock held. */
struct segcopy {
	u32 base, end, prot, flags;
	u64 off;
	struct vnode *vp; /* a reference */
	struct resident res;
};

struct segcopies {
	struct segcopy *sc;
	u32 n;
};

static void copy_one(struct as *as, const struct seg *s, bool count, struct segcopy *sc)
{
	*sc = (struct segcopy){
		s->s_base, s->s_base + s->s_size, s->s_prot, s->s_flags, s->s_off, s->s_vp, { 0 }
	};
	if (sc->vp)
		vn_hold(sc->vp);
	if (count)
		hat_foreach(&as->a_hat, s->s_base, s->s_size, count_page, &sc->res);
}

static int copy_segs(struct as *as, bool count, struct segcopies *out)
{
	struct segcopy *sc = NULL;
	struct seg *s;
	u32 room = 0;

	for (;;) {
		rw_read_lock(&as->a_lock);
		if (as->a_nseg <= room)
			break;
		room = as->a_nseg + 8;
		rw_read_unlock(&as->a_lock);
		kfree(sc);
		sc = kmalloc(room * sizeof(*sc), 0);
		if (!sc)
			return -ENOMEM;
	}
	out->sc = sc;
	out->n = 0;
	as_for_each_seg(s, as)
		copy_one(as, s, count, &sc[out->n++]);
	rw_read_unlock(&as->a_lock);
	return 0;
}

static void free_segs(struct segcopies *all)
{
	for (u32 i = 0; i < all->n; i++) {
		if (all->sc[i].vp)
			vn_rele(all->sc[i].vp);
	}
	kfree(all->sc);
}

/*
 * The file that the segment before maps: many segments in a row map one file.
 */
struct mapped {
	const struct vnode *mp_vp; /* NULL: none */
	char *mp_path;		   /* NULL: it has none, or there was no memory for it */
	struct vattr mp_attr;
};

static void look_at_file(struct mapped *mp, struct vnode *vp)
{
	if (mp->mp_vp == vp)
		return;
	kfree(mp->mp_path);
	*mp = (struct mapped){ .mp_vp = vp };
	if (!vp)
		return;
	(void)vn_get_path(vp, &mp->mp_path);
	if (vn_getattr(vp, &mp->mp_attr) != 0)
		mp->mp_attr = (struct vattr){ 0 };
}

static void add_name(struct text *t, const struct segcopy *sc, const char *path, size_t line)
{
	const char *name = path;

	if (!sc->vp && (sc->flags & SEG_STACK))
		name = "[stack]";
	else if (!sc->vp && (sc->flags & SEG_BRK))
		name = "[heap]";
	else if (sc->vp && !path)
		name = "/dev/zero (deleted)"; /* memory without a name: what Linux shows for shared anonymous maps */
	if (name) {
		text_pad(t, line, NAME_COLUMN);
		text_add(t, "%s%s", name, sc->vp && path && (sc->vp->v_flags & V_UNLINKED) ? " (deleted)" : "");
	}
	text_add(t, "\n");
}

static void add_line(struct text *t, const struct segcopy *sc, struct mapped *mp)
{
	const struct vattr *va = &mp->mp_attr;
	size_t line = t->t_len;

	look_at_file(mp, sc->vp);
	text_add(t, "%08x-%08x %c%c%c%c %08x %02x:%02x %llu ", sc->base, sc->end,
		 sc->prot & PROT_READ ? 'r' : '-', sc->prot & PROT_WRITE ? 'w' : '-',
		 sc->prot & PROT_EXEC ? 'x' : '-', sc->flags & SEG_SHARED ? 's' : 'p',
		 sc->vp ? (u32)sc->off : 0, DEVMAJOR(va->va_dev), DEVMINOR(va->va_dev),
		 sc->vp ? (u64)va->va_ino : 0);
	add_name(t, sc, mp->mp_path, line);
}

static void add_details(struct text *t, const struct segcopy *sc)
{
	const u32 kib = PAGE_SIZE / 1024;
	const struct resident *r = &sc->res;
	u32 private = r->all - r->shared;
	u32 dirty = sc->vp ? MIN(r->dirty, r->all) : private;

	text_add(t, "Size:           %8u kB\nKernelPageSize: %8u kB\nMMUPageSize:    %8u kB\n",
		 (sc->end - sc->base) / 1024, kib, kib);
	text_add(t, "Rss:            %8u kB\nPss:            %8u kB\n", r->all * kib,
		 (private + r->shared / 2) * kib);
	text_add(t, "Shared_Clean:   %8u kB\nShared_Dirty:   %8u kB\n", r->shared * kib, 0);
	text_add(t, "Private_Clean:  %8u kB\nPrivate_Dirty:  %8u kB\n",
		 (private - MIN(dirty, private)) * kib, MIN(dirty, private) * kib);
	text_add(t, "Referenced:     %8u kB\nAnonymous:      %8u kB\n", r->all * kib, sc->vp ? 0 : r->all * kib);
	text_add(t, "Swap:           %8u kB\nLocked:         %8u kB\n", 0, 0);
}

static int show_segs(struct text *t, const struct pf_ctx *c, bool details)
{
	struct as *as = pf_as(c->c_proc);
	struct mapped mp = { 0 };
	struct segcopies all;
	int error;

	if (!as)
		return 0;
	error = copy_segs(as, details, &all);
	if (!error) {
		for (u32 i = 0; i < all.n; i++) {
			add_line(t, &all.sc[i], &mp);
			if (details)
				add_details(t, &all.sc[i]);
		}
		kfree(mp.mp_path);
		free_segs(&all);
	}
	as_rele(as);
	return error;
}

int pf_show_maps(struct text *t, const struct pf_ctx *c)
{
	return show_segs(t, c, false);
}

int pf_show_smaps(struct text *t, const struct pf_ctx *c)
{
	return show_segs(t, c, true);
}

/* [from, to) of the process's memory, as far as it can be had. */
static int add_memory(struct text *t, struct as *as, u32 from, u32 to)
{
	char *buf;

	if (to < from || to - from > STRINGS_MAX)
		return 0;
	buf = kmalloc(PAGE_SIZE, 0);
	if (!buf)
		return -ENOMEM;
	while (from < to) {
		ssize_t n = as_read(as, from, buf, MIN(to - from, PAGE_SIZE));

		if (n <= 0)
			break;
		text_add_bytes(t, buf, (size_t)n);
		from += (u32)n;
	}
	kfree(buf);
	return 0;
}

int pf_show_cmdline(struct text *t, const struct pf_ctx *c)
{
	struct as *as = pf_as(c->c_proc);
	int error;

	if (!as)
		return 0;
	error = add_memory(t, as, as->a_arg_start, as->a_arg_end);
	as_rele(as);
	return error;
}

int pf_show_environ(struct text *t, const struct pf_ctx *c)
{
	struct as *as = pf_as(c->c_proc);
	int error;

	if (!as)
		return 0;
	error = add_memory(t, as, as->a_env_start, as->a_env_end);
	as_rele(as);
	return error;
}

int pf_show_auxv(struct text *t, const struct pf_ctx *c)
{
	struct as *as = pf_as(c->c_proc);
	u32 n = 0;

	if (!as)
		return 0;
	while (n + 2 < ARRAY_SIZE(as->a_auxv) && as->a_auxv[n])
		n += 2;
	/* with the end mark */
	text_add_bytes(t, as->a_auxv, (n + 2) * sizeof(u32));
	as_rele(as);
	return 0;
}
