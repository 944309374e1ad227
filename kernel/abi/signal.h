/* SPDX-License-Identifier: MIT */
/* Signal numbers and structures of the i386 ABI (facts: linux-libc-dev asm/signal.h, asm/siginfo.h, asm/sigcontext.h, asm/ucontext.h). */
#ifndef KERNEL_ABI_SIGNAL_H
#define KERNEL_ABI_SIGNAL_H

#include "kernel/abi/whole.h"
#include "kernel/lib/types.h"

#define K_SIGHUP 1
#define K_SIGINT 2
#define K_SIGQUIT 3
#define K_SIGILL 4
#define K_SIGTRAP 5
#define K_SIGABRT 6
#define K_SIGBUS 7
#define K_SIGFPE 8
#define K_SIGKILL 9
#define K_SIGUSR1 10
#define K_SIGSEGV 11
#define K_SIGUSR2 12
#define K_SIGPIPE 13
#define K_SIGALRM 14
#define K_SIGTERM 15
#define K_SIGSTKFLT 16
#define K_SIGCHLD 17
#define K_SIGCONT 18
#define K_SIGSTOP 19
#define K_SIGTSTP 20
#define K_SIGTTIN 21
#define K_SIGTTOU 22
#define K_SIGURG 23
#define K_SIGXCPU 24
#define K_SIGXFSZ 25
#define K_SIGVTALRM 26
#define K_SIGPROF 27
#define K_SIGWINCH 28
#define K_SIGIO 29
#define K_SIGPWR 30
#define K_SIGSYS 31
#define K_SIGRTMIN 32
#define K_NSIG 64

#define K_SIG_DFL 0u
#define K_SIG_IGN 1u

#define K_SA_NOCLDSTOP 0x00000001u
#define K_SA_NOCLDWAIT 0x00000002u
#define K_SA_SIGINFO 0x00000004u
#define K_SA_RESTORER 0x04000000u
#define K_SA_ONSTACK 0x08000000u
#define K_SA_RESTART 0x10000000u
#define K_SA_NODEFER 0x40000000u
#define K_SA_RESETHAND 0x80000000u

#define K_SI_USER 0
#define K_SI_KERNEL 0x80
#define K_SI_QUEUE (-1)
#define K_SI_TIMER (-2)
#define K_SI_TKILL (-6)
#define K_CLD_EXITED 1
#define K_CLD_KILLED 2
#define K_CLD_DUMPED 3
#define K_CLD_STOPPED 5
#define K_CLD_CONTINUED 6

ABI_WHOLE

/* siginfo_t: 128 bytes; the fields that we fill. */
struct abi_siginfo {
	s32 si_signo, si_errno, si_code;
	union {
		s32 pad[29];
		struct {
			s32 pid;
			u32 uid;
			u32 value;
		} kill; /* also rt: pid, uid, sigval */
		struct {
			s32 tid;
			s32 overrun;
			u32 value;
		} timer;
		struct {
			s32 pid;
			u32 uid;
			s32 status;
			s32 utime, stime;
		} chld;
		struct {
			u32 addr;
		} fault;
	};
};
_Static_assert(sizeof(struct abi_siginfo) == 128, "siginfo_t");

/* The kernel's struct sigaction as rt_sigaction(2) passes it. */
struct abi_sigaction {
	u32 sa_handler;
	u32 sa_flags;
	u32 sa_restorer;
	u64 sa_mask;
} __packed;
_Static_assert(sizeof(struct abi_sigaction) == 20, "rt_sigaction");

struct abi_stack {
	u32 ss_sp;
	s32 ss_flags;
	u32 ss_size;
};
#define K_SS_ONSTACK 1
#define K_SS_DISABLE 2
#define K_MINSIGSTKSZ 2048

ABI_WHOLE_END

#endif
