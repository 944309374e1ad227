/* SPDX-License-Identifier: MIT */
/*
 * The parts that make an image a core file: ELF header and program headers; and
 * the offsets of all parts of the file.
 *
 * Layouts: System V ABI (ELF).
 */
#include "ckpt/image/img_codec.h"
#include "ckpt/image/img_format.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/* ---- program headers ---- */

/*
 * A cursor over the PT_LOADs of the first process. A PT_LOAD begins where a seg
 * begins, where stored pages follow pages that are not stored, and where the
 * owner of the stored pages changes (the process, or a data object that the seg
 * maps). An object's pages are stored once, however many processes map it; such
 * a PT_LOAD only shows them to debuggers.
 */
struct load {
	u32 ld_seg;  /* the next one is of this seg */
	u32 ld_next; /* and at this address; 0: at its base */
	u32 ld_run;  /* next run of the process */
	u32 ld_own;  /* stored pages of the process before ld_va */
	u32 ld_va, ld_filesz, ld_memsz;
	/* index of its first stored page, or of the next one of the process */
	u32 ld_page;
	/* 1 + the data object that owns the pages; 0: the process */
	u32 ld_data;
};

/* First run of d that ends behind `at`; d_nrun: there is none. */
static u32 run_from(const struct img_data *d, u64 at)
{
	u32 low = 0, high = d->d_nrun;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (d->d_run[mid].r_va + d->d_run[mid].r_npages * IMG_PAGE <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * The first stored pages in [va, end) of the data object that s maps.
 * Returns: their address; end: there are none.
 */
static u32 data_from(const struct img_image *img, const struct img_seg *s, u32 va, u32 end, u32 *size, u32 *page)
{
	const struct img_data *d = &img->i_data[s->s_data];
	u64 off = s->s_off + (va - s->s_base), off_end = off + (end - va), first, stop;
	u32 n = run_from(d, off);

	if (n == d->d_nrun || d->d_run[n].r_va >= off_end)
		return end;
	first = MAX((u64)d->d_run[n].r_va, off);
	stop = MIN((u64)d->d_run[n].r_va + d->d_run[n].r_npages * IMG_PAGE, off_end);
	*size = (u32)(stop - first);
	*page = d->d_run[n].r_first + (u32)(first - d->d_run[n].r_va) / IMG_PAGE;
	return va + (u32)(first - off);
}

/*
 * For a seg that maps a data object: takes the object's stored pages from ld_va
 * on, if the process itself stores none there.
 * Returns: where the next PT_LOAD begins.
 */
static u32 load_data(const struct img_image *img, const struct img_seg *s, u32 end, struct load *ld)
{
	u32 size = 0, page = 0;

	if (!ld->ld_filesz && data_from(img, s, ld->ld_va, end, &size, &page) == ld->ld_va) {
		ld->ld_filesz = size;
		ld->ld_page = page;
		ld->ld_data = 1 + s->s_data;
	}
	return data_from(img, s, ld->ld_va + ld->ld_filesz, end, &size, &page);
}

static bool load_next(const struct img_image *img, struct load *ld)
{
	const struct img_proc *p = &img->i_proc[0];
	const struct img_run *run = ld->ld_run < p->p_nrun ? &p->p_run[ld->ld_run] : NULL;
	const struct img_seg *s;
	u32 end, next;

	if (ld->ld_seg == p->p_nseg)
		return false;
	s = &p->p_seg[ld->ld_seg];
	end = s->s_base + s->s_size;
	ld->ld_va = ld->ld_next ? ld->ld_next : s->s_base;
	ld->ld_page = ld->ld_own;
	ld->ld_filesz = ld->ld_data = 0;
	if (run && run->r_va == ld->ld_va) {
		ld->ld_filesz = run->r_npages * IMG_PAGE;
		ld->ld_own += run->r_npages;
		ld->ld_run++;
		run = ld->ld_run < p->p_nrun ? run + 1 : NULL;
	}
	next = run && run->r_va < end ? run->r_va : end;
	if (s->s_data != IMG_NONE)
		next = load_data(img, s, next, ld);
	ld->ld_memsz = next - ld->ld_va;
	ld->ld_next = next;
	if (next == end) {
		ld->ld_seg++;
		ld->ld_next = 0;
	}
	return true;
}

/*
 * Bytes of the program headers, and of the section header that holds their
 * number if e_phnum cannot.
 */
static u32 headers_size(u32 phnum)
{
	return phnum * ELF_PHSIZE + (phnum >= PN_XNUM ? ELF_SHSIZE : 0);
}

/*
 * Gives each run its place among all stored pages.
 * Returns: the number of program headers that the runs need, without PT_NOTE.
 */
static u32 number_runs(struct img_image *img)
{
	struct load ld = { 0 };
	u32 pages = 0, headers = 0;

	for (u32 k = 0; k < img_nlists(img); k++) {
		struct img_runs rs = img_list(img, k);

		headers += k ? rs.rs_nrun : 0;
		for (u32 i = 0; i < rs.rs_nrun; i++) {
			rs.rs_run[i].r_first = pages;
			pages += rs.rs_run[i].r_npages;
		}
	}
	/* A forged image can map one object of many runs over and over. */
	while (headers <= IMG_MAX_LOADS && load_next(img, &ld))
		headers++;
	return headers;
}

int img_place_headers(struct img_image *img, struct img_err *err)
{
	struct img_layout *lo = &img->i_lo;
	u32 nload = number_runs(img);

	*err = (struct img_err){ .e_what = "has too many separate runs of pages", .e_val = nload };
	if (nload > IMG_MAX_LOADS)
		return -E2BIG;
	lo->lo_phnum = 1 + nload;
	lo->lo_notes_off = ELF_EHSIZE + headers_size(lo->lo_phnum);
	lo->lo_check_off = lo->lo_notes_off + NOTE_HEADER + HEAD_SIZE + NOTE_HEADER + 4;
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

/*
 * Type, offset, virtual and physical address, size in the file and in memory,
 * flags, alignment.
 */
static void put_phdrs(struct imgx *x)
{
	const struct img_image *img = x->x_img;
	const struct img_layout *lo = &img->i_lo;
	const struct img_proc *p = &img->i_proc[0];
	struct load ld = { 0 };
	u32 seg = 0;

	put_phdr(x, (u32[]){ PT_NOTE, lo->lo_notes_off, 0, 0, lo->lo_notes_size, 0, 0, 4 });
	for (; load_next(img, &ld) && !x->x_error; seg = ld.ld_seg)
		put_phdr(x, (u32[]){ PT_LOAD, (u32)img_page_off(img, ld.ld_page), ld.ld_va, ld.ld_data,
				     ld.ld_filesz, ld.ld_memsz, load_flags(p->p_seg[seg].s_prot), IMG_PAGE });
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

/*
 * Section header 0, as elf(5) has it for PN_XNUM: sh_info is the number of
 * program headers.
 */
static void put_xnum(struct imgx *x, u32 phnum)
{
	imgx_zero(x, 28);
	imgx_derived(x, phnum);
	imgx_zero(x, 8);
}

/*
 * Takes the runs from the program headers, and nothing else. imgx_share_runs()
 * gives them to processes and objects, once these lists are read.
 */
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
		if (n == 0 || (field[0] == PT_LOAD && field[3]))
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
