/* SPDX-License-Identifier: MIT */
/*
 * The notes that debuggers know, of the first process.
 *
 * The registers, the FXSAVE area, the auxiliary vector and the start of the
 * command line stand nowhere else and are read back from here; the rest follows
 * from our own notes and is only compared.
 *
 * Layouts: linux-libc-dev's linux/elfcore.h and asm/user.h seen from 32 bits;
 * Intel SDM volume 1, 8.1.10 (FSAVE) and 10.5.1 (FXSAVE), volume 3, 3.4.5
 * (descriptors).
 */
#include "ckpt/image/img_codec.h"
#include "ckpt/image/img_field.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/* struct elf_prstatus */
void imgx_prstatus(struct imgx *x, u32 arg)
{
	struct img_proc *p = x->x_proc;
	struct img_lwp *l = &p->p_lwp[arg];

	imgx_zero(x, 16); /* pr_info, pr_cursig: no signal ended it */
	imgx_derived(x, (u32)(l->l_pending.q_set | p->p_pending.q_set));
	imgx_derived(x, (u32)l->l_sigmask);
	imgx_u32(x, (u32 *)&l->l_tid);
	imgx_derived(x, (u32)p->p_ppid);
	imgx_derived(x, (u32)p->p_pgid);
	imgx_derived(x, (u32)p->p_sid);
	/* times: they are in TIME, so that equal states are equal here */
	imgx_zero(x, 32);
	imgx_fields(x, &img_regs_kind, N_REGS, &l->l_regs);
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
	imgx_fields(x, &img_mm_kind, N_PSINFO, &x->x_proc->p_mm);
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

/*
 * FXSAVE keeps one bit for each register; FSAVE two: 0 valid, 1 zero, 2
 * special, 3 empty.
 */
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
	/* instruction pointer */
	imgx_derived(x, fx_u32(fx, 8));
	/* its selector, opcode */
	imgx_derived(x, fx_u16(fx, 12) | (fx_u16(fx, 6) & 0x7ff) << 16);
	/* operand pointer */
	imgx_derived(x, fx_u32(fx, 16));
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
