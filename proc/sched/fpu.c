/* SPDX-License-Identifier: MIT */
/*
 * x87/SSE state. It is written to l_fpu whenever an lwp leaves a CPU, and
 * loaded when the CPU's registers may hold another state. The registers of CPU
 * c are those of l when c->c_fpu_owner == l and l->l_fpu_cpu == c. Both are
 * needed: l may have run elsewhere meanwhile, and another lwp here.
 */
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "proc/sched/lwp.h"
#include "proc/sched/lwp_impl.h"

static u8 fpu_clean[FPU_SIZE] __aligned(16);
u32 fpu_mxcsr_mask;

static void fxsave(u8 *area)
{
	__asm__ volatile("fxsave %0" : "=m"(*(u8(*)[FPU_SIZE])area));
}

static void fxrstor(const u8 *area)
{
	__asm__ volatile("fxrstor %0" : : "m"(*(const u8(*)[FPU_SIZE])area));
}

void fpu_init_cpu(void)
{
	u32 mxcsr = 0x1f80, mask;

	__asm__ volatile("fninit");
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	if (fpu_mxcsr_mask)
		return;
	fxsave(fpu_clean);
	/*
	 * FXSAVE image, offset 28: the MXCSR bits of this CPU; 0: those of the
	 * first generation (Intel SDM vol. 1, 11.6.6).
	 */
	memcpy(&mask, fpu_clean + 28, sizeof(mask));
	fpu_mxcsr_mask = mask ? mask : 0xffbf;
	memset(fpu_clean + 32, 0, FPU_SIZE - 32);
}

void fpu_save(struct lwp *l)
{
	struct cpu *c;

	intr_push_off();
	c = curcpu();
	if (c->c_fpu_owner == l && l->l_fpu_cpu == c)
		fxsave(l->l_fpu);
	intr_pop_off();
}

void fpu_load(struct lwp *l)
{
	struct cpu *c;

	intr_push_off();
	c = curcpu();
	if (c->c_fpu_owner != l || l->l_fpu_cpu != c) {
		fxrstor(l->l_fpu);
		c->c_fpu_owner = l;
		l->l_fpu_cpu = c;
	}
	intr_pop_off();
}

void fpu_drop(struct lwp *l)
{
	l->l_fpu_cpu = NULL;
	if (l == curlwp())
		fpu_load(l);
}

void fpu_reset(struct lwp *l)
{
	memcpy(l->l_fpu, fpu_clean, FPU_SIZE);
	fpu_drop(l);
}
