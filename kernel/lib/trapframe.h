/* SPDX-License-Identifier: MIT */
/*
 * The frame that an entry into the kernel leaves on the kernel stack.
 * kernel/entry.asm pushes it from the bottom up and uses these offsets.
 */
#ifndef KERNEL_LIB_TRAPFRAME_H
#define KERNEL_LIB_TRAPFRAME_H

#include "kernel/lib/types.h"

struct trapframe {
	u32 tf_edi;    /* 0   pusha */
	u32 tf_esi;    /* 4 */
	u32 tf_ebp;    /* 8 */
	u32 tf_oesp;   /* 12  pusha's useless esp */
	u32 tf_ebx;    /* 16 */
	u32 tf_edx;    /* 20 */
	u32 tf_ecx;    /* 24 */
	u32 tf_eax;    /* 28 */
	u32 tf_es;     /* 32 */
	u32 tf_ds;     /* 36 */
	u32 tf_trapno; /* 40 */
	/*
	 * 44: error code; for int 0x80 the number of the call (orig_eax), -1 if
	 * it must not be restarted
	 */
	u32 tf_err;
	u32 tf_eip;    /* 48 */
	u32 tf_cs;     /* 52 */
	u32 tf_eflags; /* 56 */
	/* 60; esp and ss: only when the entry came from user mode */
	u32 tf_esp;
	u32 tf_ss; /* 64 */
};

_Static_assert(sizeof(struct trapframe) == 68, "entry.asm knows these offsets");

/*
 * Selectors. The user selectors are those of 32-bit Linux, because programs and
 * core files contain them.
 */
#define SEL_KCODE 0x60
#define SEL_KDATA 0x68
#define SEL_UCODE 0x73
#define SEL_UDATA 0x7b
/* GDT slots 6, 7, 8: struct user_desc of set_thread_area */
#define SEL_TLS_FIRST 6
#define SEL_TLS_COUNT 3
#define SEL_TSS 0x80

#define T_DIVIDE 0
#define T_DEBUG 1
#define T_NMI 2
#define T_BREAK 3
#define T_OVERFLOW 4
#define T_BOUND 5
#define T_ILLOP 6
#define T_NODEV 7
#define T_DBLFLT 8
#define T_TSS 10
#define T_SEGNP 11
#define T_STACK 12
#define T_GPFLT 13
#define T_PGFLT 14
#define T_FPERR 16
#define T_ALIGN 17
#define T_SIMDERR 19
#define T_IRQ0 32 /* vectors 32..: device interrupts through the I/O APIC */
#define T_SYSCALL 0x80
#define T_LAPIC_TIMER 0xf0
#define T_IPI_RESCHED 0xf1
#define T_IPI_TLB 0xf2
#define T_IPI_STOP 0xf3 /* stop forever; a panic sends an NMI instead */
#define T_SPURIOUS 0xff

static inline bool tf_from_user(const struct trapframe *tf)
{
	return (tf->tf_cs & 3) == 3;
}

#endif
