/* SPDX-License-Identifier: MIT */
/*
 * The stack frames of signal handlers, and the return from them. Layouts of the
 * i386 ABI (asm/sigcontext.h, asm/ucontext.h and what musl and glibc expect):
 *
 *   without SA_SIGINFO              with SA_SIGINFO
 *   esp -> restorer                 esp -> restorer
 *      +4  signal number               +4  signal number
 *      +8  abi_sigcontext (88)         +8  pointer to siginfo
 *          unused FPU room (624)       +12 pointer to ucontext
 *          mask bits 32..63            +16 siginfo (128)
 *          trampoline                      ucontext: flags, link, stack,
 *                                            sigcontext, mask
 *                                          trampoline
 *
 * The FPU state is above; sigcontext points to it: the 108-byte FSAVE image
 * that old programs read, then status and magic, then the FXSAVE image of 512
 * bytes, which the return uses.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "mm/usercopy.h"
#include "proc/sched/fpu.h"
#include "proc/sched/lwp_impl.h"
#include "proc/proc.h"
#include "proc/syscalls.h"

#define SYS_sigreturn_nr 119
#define SYS_rt_sigreturn_nr 173

struct abi_sigcontext {
	u32 gs, fs, es, ds;
	u32 edi, esi, ebp, esp, ebx, edx, ecx, eax;
	u32 trapno, err, eip, cs, eflags, esp_at_signal, ss;
	u32 fpstate;
	u32 oldmask, cr2;
};
_Static_assert(sizeof(struct abi_sigcontext) == 88, "sigcontext");

struct abi_fpstate {
	u32 cw, sw, tag, ipoff, cssel, dataoff, datasel;
	u8 st[8][10];
	u16 status, magic; /* magic 0: the FXSAVE image follows */
	u8 fx[FPU_SIZE];
};
_Static_assert(offsetof(struct abi_fpstate, fx) == 112 && sizeof(struct abi_fpstate) == 624, "_fpstate");

struct sigframe {
	u32 pretcode;
	u32 sig;
	struct abi_sigcontext sc;
	u8 unused[sizeof(struct abi_fpstate)];
	u32 extramask;
	u8 retcode[8];
};

struct abi_ucontext {
	u32 uc_flags, uc_link;
	struct abi_stack uc_stack;
	struct abi_sigcontext uc_mcontext;
	u32 uc_sigmask[2]; /* low word first */
};

struct rt_sigframe {
	u32 pretcode;
	u32 sig;
	u32 pinfo, puc;
	struct abi_siginfo info;
	struct abi_ucontext uc;
	u8 retcode[8];
};
_Static_assert(sizeof(struct rt_sigframe) == 16 + 128 + 116 + 8, "rt_sigframe has no holes");

/*
 * The tag word of FSAVE has two bits per register, that of FXSAVE one: used or
 * empty. A used register is valid, zero or special.
 */
static u32 fsave_tags(const u8 *fx)
{
	u32 tags = 0, abridged = fx[4], top = (fx[3] >> 3) & 7;

	for (u32 i = 0; i < 8; i++) {
		const u8 *st = fx + 32 + 16 * ((i - top) & 7);
		u32 exp, tag = 3;
		u64 mant;

		if (abridged & (1u << i)) {
			memcpy(&mant, st, sizeof(mant));
			exp = (st[8] | st[9] << 8) & 0x7fff;
			if (exp == 0x7fff || (exp != 0 && !(mant >> 63)))
				tag = 2;
			else if (exp == 0)
				tag = mant ? 2 : 1;
			else
				tag = 0;
		}
		tags |= tag << (2 * i);
	}
	return tags | 0xffff0000u;
}

static void fpstate_fill(struct abi_fpstate *fp, const u8 *fx)
{
	u16 cw, sw, op;

	memset(fp, 0, sizeof(*fp));
	memcpy(&cw, fx, 2);
	memcpy(&sw, fx + 2, 2);
	memcpy(&op, fx + 6, 2);
	fp->cw = cw | 0xffff0000u;
	fp->sw = sw | 0xffff0000u;
	fp->tag = fsave_tags(fx);
	memcpy(&fp->ipoff, fx + 8, 4);
	memcpy(&fp->cssel, fx + 12, 2);
	fp->cssel |= (u32)op << 16;
	memcpy(&fp->dataoff, fx + 16, 4);
	memcpy(&fp->datasel, fx + 20, 2);
	fp->datasel |= 0xffff0000u;
	for (u32 i = 0; i < 8; i++)
		memcpy(fp->st[i], fx + 32 + 16 * i, 10);
	fp->status = sw;
	memcpy(fp->fx, fx, FPU_SIZE);
}

static void sigcontext_fill(struct abi_sigcontext *sc, struct lwp *l, u32 fpstate, sigset_k mask)
{
	const struct trapframe *tf = l->l_tf;

	lwp_save_segs(l);
	*sc = (struct abi_sigcontext){
		.gs = l->l_gs,
		.fs = l->l_fs,
		.es = tf->tf_es & 0xffff,
		.ds = tf->tf_ds & 0xffff,
		.edi = tf->tf_edi,
		.esi = tf->tf_esi,
		.ebp = tf->tf_ebp,
		.esp = tf->tf_esp,
		.ebx = tf->tf_ebx,
		.edx = tf->tf_edx,
		.ecx = tf->tf_ecx,
		.eax = tf->tf_eax,
		.trapno = tf->tf_trapno == T_SYSCALL ? 0 : tf->tf_trapno,
		.err = tf->tf_trapno == T_SYSCALL ? 0 : tf->tf_err,
		.eip = tf->tf_eip,
		.cs = tf->tf_cs & 0xffff,
		.eflags = tf->tf_eflags,
		.esp_at_signal = tf->tf_esp,
		.ss = tf->tf_ss & 0xffff,
		.fpstate = fpstate,
		.oldmask = (u32)mask,
		.cr2 = l->l_cr2,
	};
}

/* Is sp on the alternate stack? */
static bool on_altstack(const struct lwp *l, u32 sp)
{
	return !(l->l_altflags & K_SS_DISABLE) && sp > l->l_altsp && sp - l->l_altsp <= l->l_altsize;
}

/*
 * The stack on which a handler begins.
 * Returns: 0: the alternate stack would overflow.
 */
static u32 frame_base(struct lwp *l, const struct abi_sigaction *act, u32 size)
{
	u32 sp = l->l_tf->tf_esp;
	bool nested = on_altstack(l, sp);

	if ((act->sa_flags & K_SA_ONSTACK) && !nested && !(l->l_altflags & K_SS_DISABLE))
		sp = l->l_altsp + l->l_altsize;
	if (sp < size + 4096)
		return 0;
	if (nested && !on_altstack(l, sp - size - sizeof(struct abi_fpstate) - 64))
		return 0;
	return sp;
}

/* Code for programs that pass no restorer: [pop eax;] mov eax, nr; int 0x80. */
static void trampoline(u8 code[8], u32 nr, bool pop)
{
	const u8 text[8] = { 0x58, 0xb8, (u8)nr, 0, 0, 0, 0xcd, 0x80 };

	memcpy(code, pop ? text : text + 1, pop ? 8 : 7);
}

static u32 put_fpstate(struct lwp *l, u32 sp)
{
	struct abi_fpstate fp;
	/*
	 * The FXSAVE image is 16-byte aligned for programs that use it in
	 * place.
	 */
	u32 at = ((sp - (u32)sizeof(fp)) & ~15u);

	fpu_save(l);
	fpstate_fill(&fp, l->l_fpu);
	return copyout(at, &fp, sizeof(fp)) == 0 ? at : 0;
}

static int push_plain(struct lwp *l, int sig, const struct abi_sigaction *act, sigset_k mask, u32 at, u32 fpstate)
{
	struct sigframe fr;

	memset(&fr, 0, sizeof(fr));
	fr.sig = (u32)sig;
	sigcontext_fill(&fr.sc, l, fpstate, mask);
	fr.extramask = (u32)(mask >> 32);
	trampoline(fr.retcode, SYS_sigreturn_nr, true);
	fr.pretcode = act->sa_flags & K_SA_RESTORER ? act->sa_restorer
						    : at + (u32)offsetof(struct sigframe, retcode);
	return copyout(at, &fr, sizeof(fr));
}

static int push_rt(struct lwp *l, int sig, const struct abi_siginfo *info,
		   const struct abi_sigaction *act, sigset_k mask, u32 at, u32 fpstate)
{
	struct rt_sigframe fr;

	memset(&fr, 0, sizeof(fr));
	fr.sig = (u32)sig;
	fr.pinfo = at + (u32)offsetof(struct rt_sigframe, info);
	fr.puc = at + (u32)offsetof(struct rt_sigframe, uc);
	fr.info = *info;
	fr.uc.uc_stack.ss_sp = l->l_altsp;
	fr.uc.uc_stack.ss_size = l->l_altsize;
	fr.uc.uc_stack.ss_flags = l->l_altflags & K_SS_DISABLE	    ? K_SS_DISABLE
				  : on_altstack(l, l->l_tf->tf_esp) ? K_SS_ONSTACK
								    : 0;
	sigcontext_fill(&fr.uc.uc_mcontext, l, fpstate, mask);
	fr.uc.uc_sigmask[0] = (u32)mask;
	fr.uc.uc_sigmask[1] = (u32)(mask >> 32);
	trampoline(fr.retcode, SYS_rt_sigreturn_nr, false);
	fr.pretcode = act->sa_flags & K_SA_RESTORER ? act->sa_restorer
						    : at + (u32)offsetof(struct rt_sigframe, retcode);
	return copyout(at, &fr, sizeof(fr));
}

int sigframe_push(struct lwp *l, int sig, const struct abi_siginfo *info,
		  const struct abi_sigaction *act, sigset_k mask)
{
	struct trapframe *tf = l->l_tf;
	bool rt = act->sa_flags & K_SA_SIGINFO;
	u32 size = rt ? sizeof(struct rt_sigframe) : sizeof(struct sigframe);
	u32 sp = frame_base(l, act, size), fpstate, at;
	int error;

	if (!sp)
		return -EFAULT;
	fpstate = put_fpstate(l, sp);
	if (!fpstate)
		return -EFAULT;
	/*
	 * At the handler's first instruction esp + 4 is 16-byte aligned, as
	 * after a call.
	 */
	at = ((fpstate - size + 4) & ~15u) - 4;
	error = rt ? push_rt(l, sig, info, act, mask, at, fpstate) : push_plain(l, sig, act, mask, at, fpstate);
	if (error)
		return error;
	tf->tf_esp = at;
	tf->tf_eip = act->sa_handler;
	tf->tf_eax = (u32)sig;
	tf->tf_edx = rt ? at + (u32)offsetof(struct rt_sigframe, info) : 0;
	tf->tf_ecx = rt ? at + (u32)offsetof(struct rt_sigframe, uc) : 0;
	tf->tf_cs = SEL_UCODE;
	tf->tf_ds = tf->tf_es = tf->tf_ss = SEL_UDATA;
	tf->tf_eflags &= ~(EFLAGS_DF | EFLAGS_TF | EFLAGS_RF);
	return 0;
}

bool fpu_image_valid(u8 *fx)
{
	u32 mxcsr;

	memcpy(&mxcsr, fx + 24, sizeof(mxcsr));
	if (mxcsr & ~fpu_mxcsr_mask)
		return false;
	return true;
}

static int restore_fpu(struct lwp *l, u32 fpstate)
{
	u8 fx[FPU_SIZE];
	u32 mxcsr;

	if (!fpstate) {
		fpu_reset(l);
		return 0;
	}
	if (copyin(fx, fpstate + (u32)offsetof(struct abi_fpstate, fx), sizeof(fx)) != 0)
		return -EFAULT;
	/* FXRSTOR faults on MXCSR bits that the CPU does not have. */
	memcpy(&mxcsr, fx + 24, sizeof(mxcsr));
	mxcsr &= fpu_mxcsr_mask;
	memcpy(fx + 24, &mxcsr, sizeof(mxcsr));
	memcpy(l->l_fpu, fx, FPU_SIZE);
	fpu_drop(l);
	return 0;
}

/*
 * A data selector that user mode may hold: null, the flat one, or a TLS slot.
 */
u32 user_selector(u32 sel)
{
	u32 index = (sel & 0xffff) >> 3;

	if ((sel & 0xfffc) == 0)
		return 0;
	if ((sel & 4) == 0 && index >= SEL_TLS_FIRST && index < SEL_TLS_FIRST + SEL_TLS_COUNT)
		return (sel & 0xfff8) | 3;
	return SEL_UDATA;
}

static int restore_sigcontext(struct lwp *l, const struct abi_sigcontext *sc)
{
	struct trapframe *tf = l->l_tf;

	tf->tf_edi = sc->edi;
	tf->tf_esi = sc->esi;
	tf->tf_ebp = sc->ebp;
	tf->tf_esp = sc->esp;
	tf->tf_ebx = sc->ebx;
	tf->tf_edx = sc->edx;
	tf->tf_ecx = sc->ecx;
	tf->tf_eax = sc->eax;
	tf->tf_eip = sc->eip;
	tf->tf_cs = SEL_UCODE;
	tf->tf_ss = SEL_UDATA;
	tf->tf_ds = user_selector(sc->ds);
	tf->tf_es = user_selector(sc->es);
	tf->tf_eflags = (tf->tf_eflags & ~EFLAGS_USER) | (sc->eflags & EFLAGS_USER) | EFLAGS_IF;
	tf->tf_err = (u32)-1; /* eax is not the result of a call to restart */
	l->l_fs = user_selector(sc->fs);
	l->l_gs = user_selector(sc->gs);
	lwp_load_segs(l);
	return restore_fpu(l, sc->fpstate);
}

static long bad_frame(void)
{
	signal_fault(K_SIGSEGV, K_SI_KERNEL, 0);
	return 0;
}

long sys_sigreturn(void)
{
	struct lwp *l = curlwp();
	/*
	 * The restorer popped the signal number, the handler's ret the return
	 * address.
	 */
	u32 at = l->l_tf->tf_esp - 8;
	struct abi_sigcontext sc;
	u32 extramask;

	if (copyin(&sc, at + (u32)offsetof(struct sigframe, sc), sizeof(sc)) != 0 ||
	    copyin(&extramask, at + (u32)offsetof(struct sigframe, extramask), sizeof(extramask)) != 0)
		return bad_frame();
	signal_setmask(sc.oldmask | (u64)extramask << 32);
	if (restore_sigcontext(l, &sc) != 0)
		return bad_frame();
	return (s32)l->l_tf->tf_eax;
}

long sys_rt_sigreturn(void)
{
	struct lwp *l = curlwp();
	u32 at = l->l_tf->tf_esp - 4;
	struct abi_ucontext uc;

	if (copyin(&uc, at + (u32)offsetof(struct rt_sigframe, uc), sizeof(uc)) != 0)
		return bad_frame();
	signal_setmask(uc.uc_sigmask[0] | (u64)uc.uc_sigmask[1] << 32);
	if (restore_sigcontext(l, &uc.uc_mcontext) != 0)
		return bad_frame();
	if (!on_altstack(l, l->l_tf->tf_esp))
		(void)sigaltstack_set(l, &uc.uc_stack);
	return (s32)l->l_tf->tf_eax;
}

int sigaltstack_set(struct lwp *l, const struct abi_stack *ss)
{
	/* SS_AUTODISARM is not offered */
	u32 flags = (u32)ss->ss_flags & ~0x80000000u;

	if (flags != 0 && flags != K_SS_DISABLE && flags != K_SS_ONSTACK)
		return -EINVAL;
	if (flags == K_SS_DISABLE) {
		l->l_altsp = l->l_altsize = 0;
		l->l_altflags = K_SS_DISABLE;
		return 0;
	}
	if (ss->ss_size < K_MINSIGSTKSZ)
		return -ENOMEM;
	l->l_altsp = ss->ss_sp;
	l->l_altsize = ss->ss_size;
	l->l_altflags = 0;
	return 0;
}

long sys_sigaltstack(uaddr_t new, uaddr_t old)
{
	struct lwp *l = curlwp();
	bool inside = on_altstack(l, l->l_tf->tf_esp);
	struct abi_stack ss = {
		.ss_sp = l->l_altsp,
		.ss_size = l->l_altsize,
		.ss_flags = l->l_altflags & K_SS_DISABLE ? K_SS_DISABLE : inside ? K_SS_ONSTACK : 0,
	}, set;
	int error = 0;

	if (new &&copyin(&set, new, sizeof(set)) != 0)
		return -EFAULT;
	if (new)
		error = inside ? -EPERM : sigaltstack_set(l, &set);
	if (!error && old && copyout(old, &ss, sizeof(ss)) != 0)
		return -EFAULT;
	return error;
}
