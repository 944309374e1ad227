/* SPDX-License-Identifier: MIT */
/* x86 instructions that C cannot express. Numbers: Intel SDM vol. 3. */
#ifndef KERNEL_LIB_X86_H
#define KERNEL_LIB_X86_H

#include "kernel/lib/types.h"

#define CR0_MP (1u << 1)
#define CR0_TS (1u << 3)
#define CR0_NE (1u << 5)
#define CR0_WP (1u << 16)
#define CR0_PG (1u << 31)
#define CR4_PSE (1u << 4)
#define CR4_PGE (1u << 7)
#define CR4_OSFXSR (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)
#define CR4_SMEP (1u << 20)
#define CR4_SMAP (1u << 21)

#define EFLAGS_CF (1u << 0)
#define EFLAGS_TF (1u << 8)
#define EFLAGS_IF (1u << 9)
#define EFLAGS_DF (1u << 10)
#define EFLAGS_IOPL (3u << 12)
#define EFLAGS_NT (1u << 14)
#define EFLAGS_RF (1u << 16)
#define EFLAGS_VM (1u << 17)
#define EFLAGS_AC (1u << 18)
/* Flags that a user program may set: CF PF AF ZF SF TF DF OF AC ID. */
#define EFLAGS_USER 0x00240dd5u

static inline u8 inb(u16 port)
{
	u8 v;
	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline u16 inw(u16 port)
{
	u16 v;
	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline u32 inl(u16 port)
{
	u32 v;
	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline void outb(u16 port, u8 v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}
static inline void outw(u16 port, u16 v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}
static inline void outl(u16 port, u32 v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline void x86_cli(void)
{
	__asm__ volatile("cli" : : : "memory");
}
static inline void x86_sti(void)
{
	__asm__ volatile("sti" : : : "memory");
}
/* Enables interrupts and waits for one, with no window in between. */
static inline void x86_sti_hlt(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}
static inline void x86_hlt(void)
{
	__asm__ volatile("hlt" : : : "memory");
}
static inline void x86_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}
static inline u32 x86_eflags(void)
{
	u32 v;
	__asm__ volatile("pushfl; popl %0" : "=r"(v) : : "memory");
	return v;
}
static inline bool x86_intr_enabled(void)
{
	return (x86_eflags() & EFLAGS_IF) != 0;
}
static inline u64 x86_rdtsc(void)
{
	u64 v;
	__asm__ volatile("rdtsc" : "=A"(v));
	return v;
}
static inline void x86_cpuid(u32 leaf, u32 sub, u32 r[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(sub));
}
static inline u64 x86_rdmsr(u32 msr)
{
	u64 v;
	__asm__ volatile("rdmsr" : "=A"(v) : "c"(msr));
	return v;
}
static inline void x86_wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "A"(v));
}

#define X86_CR(n)                                                               \
	static inline u32 x86_cr##n(void)                                       \
	{                                                                       \
		u32 v;                                                          \
		__asm__ volatile("movl %%cr" #n ", %0" : "=r"(v) : : "memory"); \
		return v;                                                       \
	}                                                                       \
	static inline void x86_set_cr##n(u32 v)                                 \
	{                                                                       \
		__asm__ volatile("movl %0, %%cr" #n : : "r"(v) : "memory");     \
	}
X86_CR(0)
X86_CR(2)
X86_CR(3)
X86_CR(4)
#undef X86_CR

static inline void x86_invlpg(u32 va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

#endif
