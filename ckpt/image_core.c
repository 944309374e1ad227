/* SPDX-License-Identifier: MIT */
/*
 * What makes an image a core file: ELF header, program headers, and the notes that debuggers know.
 *
 * Of the standard notes, the registers, the FXSAVE area, the auxiliary vector and the start of the command line stand nowhere else and are
 * read back from here; the rest follows from our own notes and is only compared.
 *
 * Layouts: System V ABI; linux-libc-dev's linux/elfcore.h and asm/user.h seen from 32 bits; Intel SDM volume 1, 8.1.10 (FSAVE) and
 * 10.5.1 (FXSAVE), volume 3, 3.4.5 (descriptors).
 */
#include "ckpt/image_codec.h"
#include "ckpt/image_format.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/* ---- program headers ---- */

/* A cursor over the PT_LOADs of the first process: one for each run of stored pages, and one for the part of a seg before its first. */
struct load {
	u32 ld_seg, ld_run; /* next ones */
	u32 ld_next;	    /* next address in ld_seg, 0: at its base */
	u32 ld_va, ld_filesz, ld_memsz;
	u32 ld_page; /* index of the first stored page at or after ld_va */
};

static bool load_next(const struct img_proc *p, struct load *ld)
{
	const struct img_run *run = ld->ld_run < p->p_nrun ? &p->p_run[ld->ld_run] : NULL;
	const struct img_seg *s;
	u32 end, next;

	if (ld->ld_seg == p->p_nseg)
		return false;
	s = &p->p_seg[ld->ld_seg];
	end = s->s_base + s->s_size;
	ld->ld_va = ld->ld_next ? ld->ld_next : s->s_base;
	ld->ld_page += ld->ld_filesz / IMG_PAGE;
	ld->ld_filesz = 0;
	if (run && run->r_va == ld->ld_va) {
		ld->ld_filesz = run->r_npages * IMG_PAGE;
		ld->ld_run++;
		run = ld->ld_run < p->p_nrun ? run + 1 : NULL;
	}
	next = run && run->r_va < end ? run->r_va : end;
	ld->ld_memsz = next - ld->ld_va;
	ld->ld_next = next;
	if (next == end) {
		ld->ld_seg++;
		ld->ld_next = 0;
	}
	return true;
}

u32 img_npages(const struct img_image *img)
{
	u32 n = 0;

	for (u32 k = 0; k < img_nlists(img); k++) {
		struct img_runs rs = img_list(img, k);

		for (u32 i = 0; i < rs.rs_nrun; i++)
			n += rs.rs_run[i].r_npages;
	}
	return n;
}

u32 img_nblocks(const struct img_image *img)
{
	return ROUND_UP(img_npages(img), IMG_SUMS_PER_BLOCK) / IMG_SUMS_PER_BLOCK;
}

/* Bytes of the program headers, and of the section header that says how many there are if e_phnum cannot. */
static u32 headers_size(u32 phnum)
{
	return phnum * ELF_PHSIZE + (phnum >= PN_XNUM ? ELF_SHSIZE : 0);
}

/* Each run gets its place among all pages. Program headers that this takes, without PT_NOTE. */
static u32 number_runs(struct img_image *img)
{
	struct load ld = { 0 };
	u32 pages = 0, headers = 0;

	while (load_next(&img->i_proc[0], &ld))
		headers++;
	for (u32 k = 0; k < img_nlists(img); k++) {
		struct img_runs rs = img_list(img, k);

		headers += k ? rs.rs_nrun : 0;
		for (u32 i = 0; i < rs.rs_nrun; i++) {
			rs.rs_run[i].r_first = pages;
			pages += rs.rs_run[i].r_npages;
		}
	}
	return headers;
}

int img_place(struct img_image *img, struct img_err *err)
{
	struct imgx x = { .x_mode = IMGX_SIZE, .x_img = img, .x_err = err };
	struct img_layout *lo = &img->i_lo;
	u32 nload = number_runs(img);

	*err = (struct img_err){ .e_what = "has too many separate runs of pages", .e_val = nload };
	if (nload > IMG_MAX_LOADS)
		return -E2BIG;
	lo->lo_phnum = 1 + nload;
	lo->lo_notes_off = ELF_EHSIZE + headers_size(lo->lo_phnum);
	lo->lo_check_off = lo->lo_notes_off + NOTE_HEADER + HEAD_SIZE + NOTE_HEADER + 4;
	x.x_off = lo->lo_notes_off;
	imgx_notes(&x);
	err->e_what = "has too much metadata";
	err->e_val = (u32)(x.x_off >> 10);
	if (x.x_off > IMG_META_MAX)
		return -E2BIG;
	lo->lo_notes_size = (u32)x.x_off - lo->lo_notes_off;
	lo->lo_data_off = ROUND_UP((u32)x.x_off, IMG_PAGE);
	lo->lo_npages = img_npages(img);
	err->e_what = "has too many pages";
	err->e_val = lo->lo_npages;
	if (lo->lo_npages > IMG_MAX_PAGES)
		return -E2BIG;
	lo->lo_sums_off = img_page_off(img, lo->lo_npages);
	lo->lo_size = lo->lo_sums_off + ROUND_UP((u64)lo->lo_npages * 4, (u64)IMG_PAGE);
	*err = (struct img_err){ 0 };
	return 0;
}

static u32 load_flags(u32 prot)
{
	/* PROT_READ, WRITE, EXEC are 1, 2, 4; PF_R, W, X are 4, 2, 1 */
	return (prot & 1 ? PF_R : 0) | (prot & 2 ? PF_W : 0) | (prot & 4 ? PF_X : 0);
}

static void put_phdr(struct imgx *x, const u32 field[ELF_PHSIZE / 4])
{
	for (u32 i = 0; i < ELF_PHSIZE / 4; i++)
		imgx_derived(x, field[i]);
}

/* Type, offset, virtual and physical address, size in the file and in memory, flags, alignment. */
static void put_phdrs(struct imgx *x)
{
	const struct img_image *img = x->x_img;
	const struct img_layout *lo = &img->i_lo;
	const struct img_proc *p = &img->i_proc[0];
	struct load ld = { 0 };

	put_phdr(x, (u32[]){ PT_NOTE, lo->lo_notes_off, 0, 0, lo->lo_notes_size, 0, 0, 4 });
	for (u32 seg = 0; load_next(p, &ld) && !x->x_error; seg = ld.ld_seg)
		put_phdr(x, (u32[]){ PT_LOAD, (u32)img_page_off(img, ld.ld_page), ld.ld_va, 0, ld.ld_filesz,
				     ld.ld_memsz, load_flags(p->p_seg[seg].s_prot), IMG_PAGE });
	for (u32 k = 1; k < img_nlists(img); k++) {
		struct img_runs rs = img_list(img, k);
		bool data = k >= img->i_nproc;

		for (u32 i = 0; i < rs.rs_nrun && !x->x_error; i++) {
			const struct img_run *r = &rs.rs_run[i];
			u32 size = r->r_npages * IMG_PAGE;

			put_phdr(x, (u32[]){ data ? PT_KCKPT_DATA : PT_KCKPT_MEM,
					     (u32)img_page_off(img, r->r_first), r->r_va,
					     data ? k - img->i_nproc : k, size, size, 0, IMG_PAGE });
		}
	}
}

/* Section header 0, as elf(5) has it for PN_XNUM: sh_info is the number of program headers. */
static void put_xnum(struct imgx *x, u32 phnum)
{
	imgx_zero(x, 28);
	imgx_derived(x, phnum);
	imgx_zero(x, 8);
}

/* The runs are all that is taken from the program headers. Whose they are is settled when the lists of processes and objects are there. */
static void get_phdrs(struct imgx *x, u32 phnum)
{
	u32 room = phnum - 1, pages = 0;

	imgx_zero(x, ELF_PHSIZE); /* PT_NOTE: img_read() looked at it */
	x->x_run = imgx_list(x, NULL, &room, IMG_MAX_LOADS, ELF_PHSIZE, sizeof(*x->x_run));
	for (u32 i = 0; i < room && !x->x_error; i++) {
		u32 field[ELF_PHSIZE / 4] = { 0 };
		u32 n;

		for (u32 k = 0; k < ARRAY_SIZE(field); k++)
			imgx_u32(x, &field[k]);
		n = field[4] / IMG_PAGE;
		if (n == 0)
			continue;
		x->x_run[x->x_nrun++] =
			(struct imgx_run){ .xr_run = { .r_va = field[2], .r_npages = n, .r_first = pages },
					   .xr_type = field[0],
					   .xr_owner = field[3] };
		pages += n;
		if (n > IMG_MAX_PAGES || pages > IMG_MAX_PAGES)
			imgx_fail(x, -EBADMSG, "stores more pages than there can be", pages);
	}
}

/* The runs of list k, which begin at *next. */
static void take_runs(struct imgx *x, u32 k, u32 *next, struct img_run **runs, u32 *nruns)
{
	const struct img_image *img = x->x_img;
	u32 type = k == 0 ? PT_LOAD : k < img->i_nproc ? PT_KCKPT_MEM : PT_KCKPT_DATA;
	u32 owner = k < img->i_nproc ? k : k - img->i_nproc;
	u32 n = 0;

	while (*next + n < x->x_nrun && x->x_run[*next + n].xr_type == type && x->x_run[*next + n].xr_owner == owner)
		n++;
	*runs = imgx_list(x, NULL, &n, IMG_MAX_LOADS, 0, sizeof(**runs));
	*nruns = n;
	for (u32 i = 0; i < n; i++)
		(*runs)[i] = x->x_run[(*next)++].xr_run;
}

void imgx_share_runs(struct imgx *x)
{
	struct img_image *img = x->x_img;
	u32 next = 0;

	for (u32 k = 0; k < img->i_nproc; k++)
		take_runs(x, k, &next, &img->i_proc[k].p_run, &img->i_proc[k].p_nrun);
	for (u32 k = 0; k < img->i_ndata; k++)
		take_runs(x, img->i_nproc + k, &next, &img->i_data[k].d_run, &img->i_data[k].d_nrun);
	if (next != x->x_nrun)
		imgx_fail(x, -EBADMSG, "has pages that belong to nothing, or are out of order", next);
}

void imgx_headers(struct imgx *x)
{
	static const u8 magic[16] = { 0x7f, 'E', 'L', 'F', 1 /* 32-bit */, 1 /* little-endian */, 1 };
	u32 phnum = x->x_img->i_lo.lo_phnum;
	bool xnum = phnum >= PN_XNUM;
	u8 id[16];
	u16 half[] = { ELF_EHSIZE, ELF_PHSIZE, xnum ? PN_XNUM : (u16)phnum, ELF_SHSIZE, xnum, 0 };

	memcpy(id, magic, sizeof(id));
	imgx_raw(x, id, sizeof(id));
	imgx_derived(x, ET_CORE | EM_386 << 16);
	imgx_derived(x, 1);
	imgx_derived(x, 0); /* entry */
	imgx_derived(x, ELF_EHSIZE);
	imgx_derived(x, xnum ? ELF_EHSIZE + phnum * ELF_PHSIZE : 0);
	imgx_derived(x, 0); /* flags */
	for (u32 i = 0; i < ARRAY_SIZE(half); i++)
		imgx_u16(x, &half[i]);
	if (imgx_getting(x))
		get_phdrs(x, phnum);
	else
		put_phdrs(x);
	if (xnum)
		put_xnum(x, phnum);
}

/* ---- standard notes ---- */

/* struct elf_prstatus */
void imgx_prstatus(struct imgx *x, u32 arg)
{
	struct img_proc *p = x->x_proc;
	struct img_lwp *l = &p->p_lwp[arg];
	u32 *reg = (u32 *)&l->l_regs;

	imgx_zero(x, 16); /* pr_info, pr_cursig: no signal ended it */
	imgx_derived(x, (u32)(l->l_pending.q_set | p->p_pending.q_set));
	imgx_derived(x, (u32)l->l_sigmask);
	imgx_s32(x, &l->l_tid);
	imgx_derived(x, (u32)p->p_ppid);
	imgx_derived(x, (u32)p->p_pgid);
	imgx_derived(x, (u32)p->p_sid);
	imgx_zero(x, 32); /* times: they are in TIME, so that equal states are equal here */
	for (u32 i = 0; i < sizeof(l->l_regs) / 4; i++)
		imgx_u32(x, &reg[i]);
	imgx_derived(x, l->l_fpvalid);
}

static u32 id16(u32 id)
{
	return id > 0xffff ? 65534 : id; /* what does not fit is "nobody" */
}

/* struct elf_prpsinfo */
void imgx_prpsinfo(struct imgx *x, u32 arg)
{
	struct img_proc *p = x->x_proc;
	char comm[16];

	if (p->p_stopsig)
		imgx_derived(x, 3 | 'T' << 8 | (u32)(u8)p->p_nice << 24);
	else
		imgx_derived(x, 0 | 'R' << 8 | (u32)(u8)p->p_nice << 24);
	imgx_derived(x, 0); /* pr_flag */
	imgx_derived(x, id16(p->p_uid) | id16(p->p_gid) << 16);
	imgx_derived(x, (u32)p->p_pid);
	imgx_derived(x, (u32)p->p_ppid);
	imgx_derived(x, (u32)p->p_pgid);
	imgx_derived(x, (u32)p->p_sid);
	memcpy(comm, p->p_comm, sizeof(comm));
	imgx_raw(x, comm, sizeof(comm));
	imgx_raw(x, p->p_args, sizeof(p->p_args));
}

void imgx_auxv(struct imgx *x, u32 arg)
{
	struct img_mm *m = &x->x_proc->p_mm;

	if (imgx_getting(x))
		m->m_nauxv = imgx_left(x) / 4;
	if (m->m_nauxv > IMG_MAX_AUXV)
		imgx_fail(x, -E2BIG, "has too long an auxiliary vector", m->m_nauxv);
	for (u32 i = 0; i < m->m_nauxv && !x->x_error; i++)
		imgx_u32(x, &m->m_auxv[i]);
}

/* A mapping of a file that a debugger could open. */
static bool names_file(const struct img_seg *s)
{
	return s->s_kind != IMG_SEG_ANON && s->s_vnode != IMG_NONE;
}

u32 img_mapped_files(const struct img_proc *p)
{
	u32 n = 0;

	for (u32 i = 0; i < p->p_nseg; i++)
		n += names_file(&p->p_seg[i]);
	return n;
}

/* Count, page size; start, end and offset in pages of each; then the names. */
void imgx_ntfile(struct imgx *x, u32 arg)
{
	const struct img_proc *p = x->x_proc;

	if (imgx_skip(x))
		return;
	imgx_derived(x, img_mapped_files(p));
	imgx_derived(x, IMG_PAGE);
	for (u32 i = 0; i < p->p_nseg; i++) {
		const struct img_seg *s = &p->p_seg[i];

		if (!names_file(s))
			continue;
		imgx_derived(x, s->s_base);
		imgx_derived(x, s->s_base + s->s_size);
		imgx_derived(x, (u32)(s->s_off / IMG_PAGE));
	}
	for (u32 i = 0; i < p->p_nseg; i++) {
		const struct img_seg *s = &p->p_seg[i];
		const char *path;

		if (!names_file(s))
			continue;
		path = x->x_img->i_vnode[s->s_vnode].v_path;
		imgx_raw(x, (char *)path, (u32)strlen(path) + 1);
	}
}

void imgx_prxfpreg(struct imgx *x, u32 arg)
{
	struct img_lwp *l = &x->x_proc->p_lwp[arg];

	imgx_raw(x, l->l_fx, sizeof(l->l_fx));
}

static u32 fx_u16(const u8 *fx, u32 off)
{
	return fx[off] | (u32)fx[off + 1] << 8;
}

static u32 fx_u32(const u8 *fx, u32 off)
{
	return fx_u16(fx, off) | fx_u16(fx, off + 2) << 16;
}

/* FXSAVE keeps one bit for each register; FSAVE two: 0 valid, 1 zero, 2 special, 3 empty. */
static u32 full_tags(const u8 *fx)
{
	u32 top = fx_u16(fx, 2) >> 11 & 7, tags = 0;

	for (u32 i = 0; i < 8; i++) {
		const u8 *st = fx + 32 + ((i - top) & 7) * 16;
		u32 exponent = fx_u16(st, 8) & 0x7fff, tag = 2;

		if (!(fx[4] >> i & 1))
			tag = 3;
		else if (exponent == 0 && !fx_u32(st, 0) && !fx_u32(st, 4))
			tag = 1;
		else if (exponent != 0 && exponent != 0x7fff && st[7] & 0x80)
			tag = 0;
		tags |= tag << i * 2;
	}
	return tags;
}

/* The FSAVE image that an older debugger looks at. */
void imgx_fpregset(struct imgx *x, u32 arg)
{
	const u8 *fx = x->x_proc->p_lwp[arg].l_fx;

	if (imgx_skip(x))
		return;
	imgx_derived(x, 0xffff0000u | fx_u16(fx, 0)); /* control */
	imgx_derived(x, 0xffff0000u | fx_u16(fx, 2)); /* status */
	imgx_derived(x, 0xffff0000u | full_tags(fx));
	imgx_derived(x, fx_u32(fx, 8));					 /* instruction pointer */
	imgx_derived(x, fx_u16(fx, 12) | (fx_u16(fx, 6) & 0x7ff) << 16); /* its selector, opcode */
	imgx_derived(x, fx_u32(fx, 16));				 /* operand pointer */
	imgx_derived(x, 0xffff0000u | fx_u16(fx, 20));
	for (u32 i = 0; i < 8; i++) {
		u8 st[10];

		memcpy(st, fx + 32 + i * 16, sizeof(st));
		imgx_raw(x, st, sizeof(st));
	}
}

u32 img_tls_used(const struct img_lwp *l)
{
	u32 n = IMG_NTLS;

	while (n && !l->l_tls[n - 1])
		n--;
	return n;
}

/* struct user_desc of set_thread_area(2), from the descriptor. */
void imgx_tls(struct imgx *x, u32 arg)
{
	const struct img_lwp *l = &x->x_proc->p_lwp[arg];

	if (imgx_skip(x))
		return;
	for (u32 i = 0; i < img_tls_used(l); i++) {
		u32 low = (u32)l->l_tls[i], high = (u32)(l->l_tls[i] >> 32);
		u32 writable = high >> 9 & 1, contents = high >> 10 & 3;

		imgx_derived(x, TLS_FIRST + i);
		imgx_derived(x, low >> 16 | (high & 0xff) << 16 | (high & 0xff000000u));
		imgx_derived(x, (low & 0xffff) | (high & 0xf0000));
		imgx_derived(x, (high >> 22 & 1) | contents << 1 | !writable << 3 | (high >> 23 & 1) << 4 |
					!(high >> 15 & 1) << 5 | (high >> 20 & 1) << 6);
	}
}
