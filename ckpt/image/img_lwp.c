/* SPDX-License-Identifier: MIT */
/*
 * Lwps: fields and rules. Registers and descriptors are loaded as they are, so
 * all of them must be user mode's.
 */
#include "ckpt/image/img_check.h"

/* Offsets in the FXSAVE area (Intel SDM volume 1, table 10-2). */
#define FX_RESERVED_BYTE 5
/* behind XMM7: registers of 64-bit mode, reserved bytes, 48 for software */
#define FX_XMM_END 288

void img_fx_canon(u8 fx[IMG_FX_SIZE])
{
	fx[FX_RESERVED_BYTE] = 0;
	memset(fx + FX_XMM_END, 0, IMG_FX_SIZE - FX_XMM_END);
	/* each x87 register is 10 bytes in a slot of 16 */
	for (u32 reg = 0; reg < 8; reg++)
		memset(fx + 32 + reg * 16 + 10, 0, 6);
}

#define ALT_DISABLE 2u
#define ALT_AUTODISARM 0x80000000u
#define ROBUST_LEN 12u

/* Selectors of user mode: those of 32-bit Linux, and GDT slots 6 to 8. */
#define SEL_USER_CODE 0x73u
#define SEL_USER_DATA 0x7bu
#define SEL_RPL 3u
#define SLOT(sel) ((sel) >> 3)

/*
 * EFLAGS: bit 1 and IF are always set in user mode; the program may set CF PF
 * AF ZF SF TF DF OF NT RF AC ID.
 */
#define EFLAGS_ALWAYS 0x00000202u
#define EFLAGS_USER 0x00254dd5u

/*
 * A segment descriptor: present, privilege 3, not a system one, data, 32-bit.
 * Base, limit, granularity and the rest are free.
 */
#define DESC_MASK 0x0060f80000000000ull
#define DESC_DATA 0x0040f00000000000ull
#define DESC_WRITABLE 0x0000020000000000ull

#define MXCSR_OFF 24
#define MXCSR_RESERVED 0xffff0000u
#define FX_FREE_OFF 288 /* nothing of a 32-bit program from here on */

#define ITEM struct img_regs
static const struct img_field regs_fields[] = {
	F(U32, r_ebx, "ebx"), F(U32, r_ecx, "ecx"), F(U32, r_edx, "edx"),
	F(U32, r_esi, "esi"), F(U32, r_edi, "edi"), F(U32, r_ebp, "ebp"),
	F(U32, r_eax, "eax"), F(U32, r_ds, "ds"),   F(U32, r_es, "es"),
	F(U32, r_fs, "fs"),   F(U32, r_gs, "gs"),   F(U32, r_orig_eax, "orig_eax"),
	F(U32, r_eip, "eip"), F(U32, r_cs, "cs"),   F(U32, r_eflags, "eflags"),
	F(U32, r_esp, "esp"), F(U32, r_ss, "ss"),   END,
};
const struct img_kind img_regs_kind = KIND(regs_fields, NULL);
#undef ITEM

#define ITEM struct img_restart
PRESENT(goes_on, it->rs_active)

static const struct img_field restart_fields[] = {
	NOTE(LWP),
	F(U32, rs_active, "active", FLAG, HIDDEN),
	F(U32, rs_sysno, "call", MAX_OF(1023), WHEN(goes_on)),
	ARRAY(U32, rs_arg, "args", WHEN(goes_on)),
	NOTE(TIME),
	F(U64, rs_remain, "remain_ns", WHEN(goes_on)),
	END,
};
static const struct img_kind restart_kind = KIND(restart_fields, NULL);
#undef ITEM

#define ITEM struct img_lwp
PRESENT(has_fpu, it->l_fpvalid)

/*
 * What REGS holds stands in notes that debuggers know for the first process:
 * img_core.c.
 */
static const struct img_field lwp_fields[] = {
	NOTE(REGS),
	F(S32, l_tid, "tid", RULE(PID), LABEL),
	SUB(l_regs, "regs", img_regs_kind),
	F(U32, l_fpvalid, "fpu", HIDDEN),
	BYTES(l_fx, "fxsave", WHEN(has_fpu), GONE),
	NOTE(LWP),
	TEXT(l_name, "name"),
	ARRAY(U64, l_tls, "tls"),
	F(U32, l_fpvalid, "fpu", FLAG, HIDDEN),
	F(U64, l_sigmask, "sigmask", RULE(BLOCKS)),
	F(U32, l_altsp, "altstack"),
	F(U32, l_altsize, "altstack_size"),
	F(U32, l_altflags, "altstack_flags"),
	F(U32, l_clear_tid, "clear_tid"),
	F(U32, l_robust, "robust_list"),
	F(U32, l_robust_len, "robust_len"),
	SUB(l_restart, "restart", restart_kind, NONZERO),
	F(U32, l_affinity, "affinity"),
	F(U32, l_done, "done", MAX_OF(0x7fffffff), NONZERO),
	SUB(l_pending, "pending", img_queue_kind),
	NOTE(OPTIONS),
	F(U32, l_opt.o_pdeathsig, "death_signal", MAX_OF(IMG_NSIG), NONZERO),
	F(U32, l_opt.o_slack, "timer_slack", RULE(SOME), DEFAULT(IMG_TIMER_SLACK)),
	F(U32, l_opt.o_slackdef, "timer_slack_default", RULE(SOME), DEFAULT(IMG_TIMER_SLACK)),
	F(U32, l_opt.o_personality, "personality", BITS(IMG_PERSONALITY), NONZERO),
	F(U32, l_opt.o_flags, "options", BITS(IMG_OPT_NONEWPRIVS | IMG_OPT_KEEPCAPS), NONZERO),
	NOTE(TIME),
	F(U64, l_utime, "utime_ns"),
	F(U64, l_stime, "stime_ns"),
	SUB(l_restart, "restart", restart_kind, HIDDEN),
	END,
};

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

static int check_regs(struct imgc *c, const struct img_lwp *l)
{
	const struct img_regs *r = &l->l_regs;

	for (u32 i = 0; i < IMG_NTLS; i++)
		REQUIRE(!l->l_tls[i] || (l->l_tls[i] & DESC_MASK) == DESC_DATA,
			"tls holds no user data segment", i);
	REQUIRE(r->r_cs == SEL_USER_CODE, "cs is not user mode's", r->r_cs);
	REQUIRE(stack_selector_ok(l, r->r_ss), "ss is not user mode's", r->r_ss);
	REQUIRE(data_selector_ok(l, r->r_ds), "ds is not user mode's", r->r_ds);
	REQUIRE(data_selector_ok(l, r->r_es), "es is not user mode's", r->r_es);
	REQUIRE(data_selector_ok(l, r->r_fs), "fs is not user mode's", r->r_fs);
	REQUIRE(data_selector_ok(l, r->r_gs), "gs is not user mode's", r->r_gs);
	REQUIRE((r->r_eflags & ~EFLAGS_USER) == EFLAGS_ALWAYS, "eflags has privileged bits", r->r_eflags);
	return 0;
}

static int check_fpu(struct imgc *c, const struct img_lwp *l)
{
	u32 mxcsr;

	memcpy(&mxcsr, l->l_fx + MXCSR_OFF, sizeof(mxcsr));
	REQUIRE(!(mxcsr & MXCSR_RESERVED), "fxsave: MXCSR has reserved bits", mxcsr);
	REQUIRE(img_zero(l->l_fx + FX_FREE_OFF, IMG_FX_SIZE - FX_FREE_OFF),
		"fxsave has something that a 32-bit processor does not write", 0);
	return 0;
}

/* The first is the one that asked; the others follow in order of their ids. */
static int check_lwp(struct imgc *c, const void *item, u32 index)
{
	const struct img_lwp *l = item;
	int error;

	REQUIRE(index == 0 || l->l_tid != l[-(s32)index].l_tid, "tid is that of the first", l->l_tid);
	REQUIRE(index < 2 || l->l_tid > l[-1].l_tid, "is out of the order of ids", l->l_tid);
	REQUIRE((l->l_altflags & ~ALT_AUTODISARM) <= ALT_DISABLE, "altstack_flags has unknown bits", l->l_altflags);
	REQUIRE(l->l_robust_len == 0 || l->l_robust_len == ROBUST_LEN, "robust_len is out of range",
		l->l_robust_len);
	REQUIRE(l->l_done == 0 || l->l_regs.r_orig_eax != ~0u, "bytes are done of no call", l->l_done);
	error = check_regs(c, l);
	return error ? error : check_fpu(c, l);
}

const struct img_kind img_lwp_kind = KIND(lwp_fields, "lwp", CHECK(check_lwp));
#undef ITEM
