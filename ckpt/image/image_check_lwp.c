/* SPDX-License-Identifier: MIT */
/* The rules of one lwp: its registers and descriptors are loaded as they are, so all of them must be user mode's. */
#include "ckpt/image/image_check.h"

#define ALT_DISABLE 2u
#define ALT_AUTODISARM 0x80000000u
#define ROBUST_LEN 12u

/* Selectors of user mode: those of 32-bit Linux, and GDT slots 6 to 8. */
#define SEL_USER_CODE 0x73u
#define SEL_USER_DATA 0x7bu
#define SEL_RPL 3u
#define SLOT(sel) ((sel) >> 3)
#define TLS_FIRST 6u

/* EFLAGS: bit 1 and IF are always set in user mode; the program may set CF PF AF ZF SF TF DF OF NT RF AC ID. */
#define EFLAGS_ALWAYS 0x00000202u
#define EFLAGS_USER 0x00254dd5u

/* A segment descriptor: present, privilege 3, not a system one, data, 32-bit. Base, limit, granularity and the rest are free. */
#define DESC_MASK 0x0060f80000000000ull
#define DESC_DATA 0x0040f00000000000ull
#define DESC_WRITABLE 0x0000020000000000ull

#define MXCSR_OFF 24
#define MXCSR_RESERVED 0xffff0000u
#define FX_FREE_OFF 288 /* nothing of a 32-bit program from here on */

static bool tls_usable(const struct img_lwp *l, u32 sel)
{
	return SLOT(sel) >= TLS_FIRST && SLOT(sel) < TLS_FIRST + IMG_NTLS && l->l_tls[SLOT(sel) - TLS_FIRST];
}

/* What mov to DS, ES, FS or GS takes in user mode. */
static bool data_selector_ok(const struct img_lwp *l, u32 sel)
{
	if (sel > 0xffff || sel & 4)
		return false;
	return sel <= SEL_RPL || SLOT(sel) == SLOT(SEL_USER_CODE) ||
	       SLOT(sel) == SLOT(SEL_USER_DATA) || tls_usable(l, sel);
}

static bool stack_selector_ok(const struct img_lwp *l, u32 sel)
{
	if (sel == SEL_USER_DATA)
		return true;
	return sel <= 0xffff && (sel & 7) == SEL_RPL && tls_usable(l, sel) &&
	       l->l_tls[SLOT(sel) - TLS_FIRST] & DESC_WRITABLE;
}

static int check_regs(const struct img_lwp *l, struct img_err *err)
{
	const struct img_regs *r = &l->l_regs;

	for (u32 i = 0; i < IMG_NTLS; i++)
		REQUIRE(!l->l_tls[i] || (l->l_tls[i] & DESC_MASK) == DESC_DATA,
			"descriptor is no user data segment", i);
	REQUIRE(r->r_cs == SEL_USER_CODE, "CS is not user mode's", r->r_cs);
	REQUIRE(stack_selector_ok(l, r->r_ss), "SS is not user mode's", r->r_ss);
	REQUIRE(data_selector_ok(l, r->r_ds), "DS is not user mode's", r->r_ds);
	REQUIRE(data_selector_ok(l, r->r_es), "ES is not user mode's", r->r_es);
	REQUIRE(data_selector_ok(l, r->r_fs), "FS is not user mode's", r->r_fs);
	REQUIRE(data_selector_ok(l, r->r_gs), "GS is not user mode's", r->r_gs);
	REQUIRE((r->r_eflags & ~EFLAGS_USER) == EFLAGS_ALWAYS, "EFLAGS has privileged bits", r->r_eflags);
	return 0;
}

#define SIG_MAX 64u

static int check_options(const struct img_options *o, struct img_err *err)
{
	REQUIRE(o->o_pdeathsig <= SIG_MAX, "death signal", o->o_pdeathsig);
	REQUIRE(o->o_slack && o->o_slackdef, "timer slack", o->o_slack);
	REQUIRE(!(o->o_personality & ~IMG_PERSONALITY), "unknown personality", o->o_personality);
	REQUIRE(!(o->o_flags & ~(IMG_OPT_NONEWPRIVS | IMG_OPT_KEEPCAPS)), "unknown options of an lwp", o->o_flags);
	return 0;
}

static bool zero_bytes(const u8 *p, u32 n)
{
	while (n && !*p)
		p++, n--;
	return n == 0;
}

static int check_fpu(const struct img_lwp *l, struct img_err *err)
{
	u32 mxcsr;

	REQUIRE(l->l_fpvalid <= 1, "FPU state's flag", l->l_fpvalid);
	if (!l->l_fpvalid) {
		REQUIRE(zero_bytes(l->l_fx, sizeof(l->l_fx)), "FPU state of an lwp that has none", 0);
		return 0;
	}
	memcpy(&mxcsr, l->l_fx + MXCSR_OFF, sizeof(mxcsr));
	REQUIRE(!(mxcsr & MXCSR_RESERVED), "MXCSR has reserved bits", mxcsr);
	REQUIRE(zero_bytes(l->l_fx + FX_FREE_OFF, IMG_FX_SIZE - FX_FREE_OFF),
		"FPU state where there is none", 0);
	return 0;
}

static int check_restart(const struct img_restart *rs, struct img_err *err)
{
	static const struct img_restart none;

	REQUIRE(rs->rs_active <= 1, "restart's flag", rs->rs_active);
	REQUIRE(rs->rs_sysno < 1024, "restart of an unknown call", rs->rs_sysno);
	if (!rs->rs_active)
		REQUIRE(rs->rs_sysno == none.rs_sysno && rs->rs_remain == 0 &&
				memcmp(rs->rs_arg, none.rs_arg, sizeof(rs->rs_arg)) == 0,
			"arguments of no restart", rs->rs_sysno);
	return 0;
}

static int check_lwp(const struct img_lwp *l, struct img_err *err)
{
	u32 alt = l->l_altflags & ~ALT_AUTODISARM;
	int error;

	REQUIRE(imgc_pid_ok(l->l_tid), "lwp id out of range", l->l_tid);
	REQUIRE(imgc_text_ok(l->l_name, sizeof(l->l_name)), "lwp name is not terminated", l->l_tid);
	REQUIRE(!(l->l_sigmask & SIG_UNBLOCKABLE), "mask blocks SIGKILL or SIGSTOP", l->l_tid);
	REQUIRE(alt <= ALT_DISABLE, "alternate stack's flags", l->l_altflags);
	REQUIRE(l->l_robust_len == 0 || l->l_robust_len == ROBUST_LEN, "robust list's length", l->l_robust_len);
	REQUIRE(l->l_done <= 0x7fffffffu && (l->l_done == 0 || l->l_regs.r_orig_eax != ~0u),
		"bytes moved by no call", l->l_done);
	error = check_regs(l, err);
	if (!error)
		error = check_fpu(l, err);
	if (!error)
		error = check_options(&l->l_opt, err);
	if (!error)
		error = check_restart(&l->l_restart, err);
	if (!error)
		error = imgc_queue(&l->l_pending, err);
	return error;
}

/* The first is the one that asked; the others follow in order of their ids. */
int imgc_lwps(const struct img_proc *p, struct img_err *err)
{
	REQUIRE(p->p_nlwp >= 1 && p->p_nlwp <= IMG_MAX_LWPS, "number of lwps", p->p_nlwp);
	for (u32 i = 0; i < p->p_nlwp; i++) {
		int error = check_lwp(&p->p_lwp[i], err);

		if (error)
			return error;
		REQUIRE(i == 0 || p->p_lwp[i].l_tid != p->p_lwp[0].l_tid, "lwp id twice",
			p->p_lwp[i].l_tid);
		REQUIRE(i < 2 || p->p_lwp[i].l_tid > p->p_lwp[i - 1].l_tid, "lwps out of order",
			p->p_lwp[i].l_tid);
	}
	return 0;
}
