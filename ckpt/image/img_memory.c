/* SPDX-License-Identifier: MIT */
/*
 * The address space of a process: its map, segs, and runs of pages. Fields and
 * rules.
 */
#include "ckpt/image/img_check.h"

#define PROT_ALL 7u		/* linux-libc-dev's asm-generic/mman-common.h */
#define OFFSET_END (1ull << 44) /* mmap2's offset is 32 bits of pages */

#define SEG_FLAGS (IMG_SEGF_STACK | IMG_SEGF_BRK | IMG_SEGF_DONTFORK | IMG_SEGF_NEW)

/* ---- the map ---- */

#define ITEM struct img_mm
static const struct img_field mm_fields[] = {
	NOTE(MM),
	F(U32, m_brk_start, "brk_start"),
	F(U32, m_brk, "brk"),
	F(U32, m_mmap_top, "mmap_top", PAGES_TO(IMG_USER_MAX)),
	F(U32, m_stack_limit, "stack_limit"),
	F(U32, m_arg_start, "arg_start"),
	F(U32, m_arg_end, "arg_end"),
	F(U32, m_env_start, "env_start"),
	F(U32, m_env_end, "env_end"),
	F(U32, m_stack_start, "stack_start"),
	F(U32, m_code_start, "code_start"),
	F(U32, m_code_end, "code_end"),
	F(U32, m_data_start, "data_start"),
	F(U32, m_data_end, "data_end"),
	F(U32, m_newflags, "new_mappings", BITS(IMG_SEGF_LOCKED | IMG_SEGF_ONFAULT), WITH(LOCKED), NONZERO),
	NOTE(PSINFO),
	ARRAY(U32, m_auxv, "auxv", USED(m_nauxv), REST),
	END,
};

/* To be locked as it is used, memory must be locked. */
static bool locks_ok(u32 flags)
{
	return !(flags & IMG_SEGF_ONFAULT) || (flags & IMG_SEGF_LOCKED);
}

static int check_mm(struct imgc *c, const void *item, u32 index)
{
	const struct img_mm *m = item;
	const struct {
		u32 start, end;
		const char *bad;
	} range[] = { { m->m_brk_start, m->m_brk, "brk is below brk_start, or no address of a program" },
		      { m->m_arg_start, m->m_arg_end, "arg_end is below arg_start, or no address of a program" },
		      { m->m_env_start, m->m_env_end, "env_end is below env_start, or no address of a program" },
		      { m->m_code_start, m->m_code_end, "code_end is below code_start, or no address of a program" },
		      { m->m_data_start, m->m_data_end, "data_end is below data_start, or no address of a program" },
		      { m->m_stack_start, IMG_USER_MAX, "stack_start is no address of a program" } };

	for (u32 i = 0; i < ARRAY_SIZE(range); i++)
		REQUIRE(range[i].start <= range[i].end && range[i].end <= IMG_USER_MAX,
			range[i].bad, range[i].end);
	REQUIRE(locks_ok(m->m_newflags), "new_mappings are locked as they are used, but not locked", m->m_newflags);
	return 0;
}

const struct img_kind img_mm_kind = KIND(mm_fields, NULL, CHECK(check_mm));
#undef ITEM

/* ---- segs ---- */

static const char *const seg_kinds[] = {
	[IMG_SEG_ANON] = "anonymous", [IMG_SEG_PRIVATE] = "private", [IMG_SEG_SHARED] = "shared"
};

#define ITEM struct img_seg
PRESENT(maps, it->s_kind != IMG_SEG_ANON)

static const struct img_field seg_fields[] = {
	NOTE(SEGS),
	F(U32, s_base, "base", LABEL, IN_HEX),
	F(U32, s_size, "size"),
	F(U32, s_prot, "prot"),
	F(U32, s_maxprot, "maxprot", BITS(PROT_ALL)),
	F(WORD, s_kind, "kind", WORDS(seg_kinds)),
	F(U32, s_flags, "flags", BITS(SEG_FLAGS)),
	F(INDEX, s_vnode, "vnode", OF(VNODE), USE, OPT, WHEN(maps)),
	F(INDEX, s_data, "data", OF(DATA), USE, OPT, WHEN(maps)),
	F(U64, s_off, "offset", WHEN(maps)),
	END,
};

/* A file with a name; the object beside it is what that holds. */
static int check_mapped(struct imgc *c, const struct img_seg *s)
{
	const struct img_image *img = c->c_img;
	u32 kind = s->s_data == IMG_NONE ? 0 : img->i_data[s->s_data].d_kind;

	REQUIRE(s->s_vnode != IMG_NONE || kind, "maps nothing", s->s_base);
	REQUIRE(s->s_vnode == IMG_NONE ||
			(imgc_vnode_lasts(img, s->s_vnode) && imgc_vnode_is(img, s->s_vnode, MODE_REG)),
		"vnode is no regular file with a name", s->s_vnode);
	REQUIRE(!kind || (s->s_vnode != IMG_NONE ? kind == IMG_DATA_FILE : kind != IMG_DATA_PIPE),
		"data is of another kind", s->s_data);
	REQUIRE(!(s->s_flags & (IMG_SEGF_STACK | IMG_SEGF_BRK)),
		"flags are those of a stack or heap, but it maps a file", s->s_base);
	REQUIRE(!(s->s_flags & IMG_SEGF_WIPEONFORK), "is wiped at a fork, but maps a file", s->s_base);
	REQUIRE(s->s_off % IMG_PAGE == 0 && s->s_off < OFFSET_END,
		"offset is out of range, or not whole pages", s->s_base);
	return 0;
}

static int check_seg(struct imgc *c, const void *item, u32 index)
{
	const struct img_seg *s = item;

	REQUIRE(s->s_base % IMG_PAGE == 0 && s->s_size % IMG_PAGE == 0 && s->s_size,
		"base or size is not whole pages", s->s_base);
	REQUIRE(s->s_base >= IMG_USER_MIN && s->s_base < IMG_USER_MAX && s->s_size <= IMG_USER_MAX - s->s_base,
		"is outside user space", s->s_base);
	REQUIRE(index == 0 || s->s_base >= s[-1].s_base + s[-1].s_size,
		"overlaps the one before, or is out of order", s->s_base);
	REQUIRE(!(s->s_prot & ~s->s_maxprot), "prot is more than maxprot allows", s->s_prot);
	REQUIRE(locks_ok(s->s_flags), "is locked as it is used, but not locked", s->s_flags);
	return s->s_kind == IMG_SEG_ANON ? 0 : check_mapped(c, s);
}

const struct img_kind img_seg_kind = KIND(seg_fields, "seg", CHECK(check_seg));
#undef ITEM

/* ---- runs of stored pages ---- */

#define ITEM struct img_run
static const struct img_field run_fields[] = {
	NOTE(NONE), /* the program headers say it */
	F(U32, r_va, "address"),
	F(U32, r_npages, "pages"),
	F(U32, r_first, "offset", AS_OFFSET),
	END,
};
const struct img_kind img_run_kind = KIND(run_fields, "run");
#undef ITEM

/*
 * Each run lies in one seg that keeps pages, behind the one before, with a page
 * between them if that is in the same seg.
 */
static int check_runs(struct imgc *c, const struct img_proc *p)
{
	u32 seg = 0, end = 0;

	for (u32 i = 0; i < p->p_nrun; i++) {
		const struct img_run *r = &p->p_run[i];
		const struct img_seg *s;

		while (seg < p->p_nseg && r->r_va - p->p_seg[seg].s_base >= p->p_seg[seg].s_size) {
			seg++;
			end = 0;
		}
		REQUIRE(seg < p->p_nseg, "stores pages outside every seg, or out of order", r->r_va);
		s = &p->p_seg[seg];
		REQUIRE(r->r_va % IMG_PAGE == 0 && r->r_npages, "stores a run that is not whole pages", r->r_va);
		REQUIRE(r->r_npages <= (s->s_size - (r->r_va - s->s_base)) / IMG_PAGE,
			"stores a run that goes beyond its seg", r->r_va);
		REQUIRE(s->s_kind != IMG_SEG_SHARED, "stores pages of a shared seg", r->r_va);
		REQUIRE(!end || r->r_va > end, "stores runs that touch or overlap", r->r_va);
		end = r->r_va + r->r_npages * IMG_PAGE;
	}
	return 0;
}

static int check_auxv(struct imgc *c, const struct img_mm *m)
{
	REQUIRE(m->m_nauxv >= 2 && m->m_nauxv % 2 == 0, "auxv is not whole pairs", m->m_nauxv);
	for (u32 i = 0; i < m->m_nauxv; i += 2)
		REQUIRE((m->m_auxv[i] == 0) == (i == m->m_nauxv - 2), "auxv does not end with AT_NULL", i);
	return 0;
}

int imgc_memory(struct imgc *c, const struct img_proc *p, u32 index)
{
	int error = 0;

	if (p->p_mem == index)
		error = check_auxv(c, &p->p_mm);
	if (!error && p->p_mem == index)
		error = check_runs(c, p);
	return error ? error : imgc_cows(c, p, index);
}
