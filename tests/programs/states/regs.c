/* SPDX-License-Identifier: MIT */
/* Registers: general ones, flags, x87, MMX, SSE, thread-local storage. All waiting is done with the values in the registers. */
#include "states.h"
#include <fenv.h>
#include <math.h>

/* Asks for the file "go" until it is there; ebx and ecx hold the arguments, all other registers are the caller's. */
#define SPIN "77: movl $33, %%eax; int $0x80; testl %%eax, %%eax; jnz 77b;"
#define SPIN_IN "b"(st_go_path), "c"(0)

STATE(general)
{
	static volatile uint32_t got[4];

	st_ready("");
	__asm__ volatile("pushl %%ebp;"
			 "movl $0x11223344, %%edx; movl $0x55667788, %%esi; movl $0x99aabbcc, %%edi;"
			 "movl $0xddeeff01, %%ebp;" SPIN "movl %%edx, %0; movl %%esi, %1; movl %%edi, %2; movl %%ebp, %3;"
			 "popl %%ebp;"
			 : "=m"(got[0]), "=m"(got[1]), "=m"(got[2]), "=m"(got[3])
			 : SPIN_IN
			 : "eax", "edx", "esi", "edi", "memory", "cc");
	CHECK_EQ(got[0], 0x11223344);
	CHECK_EQ(got[1], 0x55667788);
	CHECK_EQ(got[2], 0x99aabbccu);
	CHECK_EQ(got[3], 0xddeeff01u);
}

#define FLAGS 0x240000u /* AC and ID: any program may set them */

STATE(flags)
{
	uint32_t before, got;

	st_ready("");
	__asm__ volatile("pushfl; popl %0; movl %0, %%edx; orl $0x240000, %%edx; pushl %%edx; popfl; std;" SPIN
			 "pushfl; popl %1; cld; pushl %0; popfl"
			 : "=&S"(before), "=&D"(got)
			 : SPIN_IN
			 : "eax", "edx", "memory", "cc");
	CHECK_EQ(got & FLAGS, FLAGS);
	CHECK(got & 0x400);
}

STATE(x87)
{
	static const long double want[8] = { 1.0L / 3, 2.0L / 7, -0.0L,	 1e4000L,
					     3.0L,     1e-4940L, -7.25L, 0.1L };
	static long double got[8];

	_Static_assert(sizeof(long double) == 12, "offsets below");
	st_ready("");
	__asm__ volatile("fninit; fldt 84(%%esi); fldt 72(%%esi); fldt 60(%%esi); fldt 48(%%esi);"
			 "fldt 36(%%esi); fldt 24(%%esi); fldt 12(%%esi); fldt (%%esi);" SPIN
			 "fstpt (%%edi); fstpt 12(%%edi); fstpt 24(%%edi); fstpt 36(%%edi);"
			 "fstpt 48(%%edi); fstpt 60(%%edi); fstpt 72(%%edi); fstpt 84(%%edi)"
			 :
			 : SPIN_IN, "S"(want), "D"(got)
			 : "eax", "memory", "cc", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)",
			   "st(6)", "st(7)");
	for (int i = 0; i < 8; i++)
		CHECK(memcmp(&want[i], &got[i], 10) == 0);
}

STATE(x87_control)
{
	uint16_t set = 0x0e7f - 0x0200, cw = 0, sw = 0; /* towards zero, double precision */
	double big = 1e308;

	__asm__ volatile("fninit; fldcw %0; fldl %1; fmul %%st(0), %%st; fstp %%st(0)"
			 :
			 : "m"(set), "m"(big)
			 : "st");
	st_wait();
	__asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(cw), "=m"(sw));
	CHECK_EQ(cw & 0xf3f, set & 0xf3f);
	CHECK(sw & 0x28); /* inexact or overflow: sticky */
	__asm__ volatile("fninit");
}

STATE(mmx)
{
	static const uint64_t want[8] = { 1, 0x123456789abcdef0, 3, ~0ull, 5,
					  6, 0x8000000000000000, 8 };
	static uint64_t got[8];

	st_ready("");
	__asm__ volatile("movq (%%esi), %%mm0; movq 8(%%esi), %%mm1; movq 16(%%esi), %%mm2; movq 24(%%esi), %%mm3;"
			 "movq 32(%%esi), %%mm4; movq 40(%%esi), %%mm5; movq 48(%%esi), %%mm6; movq 56(%%esi), %%mm7;" SPIN
			 "movq %%mm0, (%%edi); movq %%mm1, 8(%%edi); movq %%mm2, 16(%%edi); movq %%mm3, 24(%%edi);"
			 "movq %%mm4, 32(%%edi); movq %%mm5, 40(%%edi); movq %%mm6, 48(%%edi); movq %%mm7, 56(%%edi); emms"
			 :
			 : SPIN_IN, "S"(want), "D"(got)
			 : "eax", "memory", "cc", "mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7");
	CHECK(memcmp(want, got, sizeof(got)) == 0);
}

STATE(sse)
{
	static uint32_t want[32], got[32];
	uint32_t mxcsr = 0x1f80 | 0x6000 | 0x8000, now; /* towards zero, flush to zero */

	st_fill(want, sizeof(want), 77);
	st_ready("");
	__asm__ volatile("ldmxcsr %0; movups (%%esi), %%xmm0; movups 16(%%esi), %%xmm1; movups 32(%%esi), %%xmm2;"
			 "movups 48(%%esi), %%xmm3; movups 64(%%esi), %%xmm4; movups 80(%%esi), %%xmm5;"
			 "movups 96(%%esi), %%xmm6; movups 112(%%esi), %%xmm7;" SPIN
			 "stmxcsr %1; movups %%xmm0, (%%edi); movups %%xmm1, 16(%%edi); movups %%xmm2, 32(%%edi);"
			 "movups %%xmm3, 48(%%edi); movups %%xmm4, 64(%%edi); movups %%xmm5, 80(%%edi);"
			 "movups %%xmm6, 96(%%edi); movups %%xmm7, 112(%%edi)"
			 : "+m"(mxcsr), "=m"(now)
			 : SPIN_IN, "S"(want), "D"(got)
			 : "eax", "memory", "cc");
	CHECK_EQ(now, mxcsr);
	CHECK(memcmp(want, got, sizeof(got)) == 0);
}

STATE(rounding)
{
	volatile double one = 1.0, three = 3.0, up, down;

	fesetround(FE_UPWARD);
	up = one / three;
	fesetround(FE_DOWNWARD);
	down = one / three;
	CHECK(up > down);
	st_wait();
	CHECK_EQ(fegetround(), FE_DOWNWARD);
	CHECK(one / three == down);
	fesetround(FE_UPWARD);
	CHECK(one / three == up);
}

/* At work all the time: the same sum again and again. */
static double work(uint32_t seed, uint32_t *hash)
{
	double sum = 0;

	for (int i = 0; i < 3000; i++) {
		double x = t_rand(&seed) / 4294967296.0;

		sum += sqrt(x) / (1 + x * x);
		*hash = *hash * 31 + (uint32_t)(sum * 1e6);
	}
	return sum;
}

STATE(computing)
{
	uint32_t hash = 0, h;
	double sum = work(99, &hash);

	st_ready("");
	do {
		h = 0;
		CHECK(work(99, &h) == sum);
		CHECK_EQ(h, hash);
	} while (!st_may_go());
}

static __thread int initialised = 5, zeroed;
static __thread char block[5000];

STATE(tls)
{
	int *where = &initialised;

	initialised = 77;
	zeroed = 78;
	st_fill(block, sizeof(block), 3);
	st_wait();
	CHECK(where == &initialised);
	CHECK_EQ(initialised, 77);
	CHECK_EQ(zeroed, 78);
	CHECK(st_filled(block, sizeof(block), 3));
	CHECK(errno || !errno);
}

struct desc { /* struct user_desc of <asm/ldt.h> */
	uint32_t entry, base, limit, flags;
};

STATE(tls_slots)
{
	static uint32_t data[2] = { 0x600dcafe, 0xbeefbeef };
	struct desc d = { .entry = -1u, .base = (uint32_t)&data[0], .limit = 0xfffff, .flags = 0x51 },
		    back = { 0 };
	uint32_t got;

	SYS(syscall(SYS_set_thread_area, &d));
	__asm__ volatile("movl %0, %%fs" : : "r"(d.entry * 8 + 3));
	st_wait();
	__asm__ volatile("movl %%fs:4, %0" : "=r"(got));
	CHECK_EQ(got, 0xbeefbeefu);
	back.entry = d.entry;
	SYS(syscall(SYS_get_thread_area, &back));
	CHECK_EQ(back.base, d.base);
	CHECK_EQ(back.limit, d.limit);
	__asm__ volatile("movl %0, %%fs" : : "r"(0));
}
