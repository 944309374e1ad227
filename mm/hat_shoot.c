/* SPDX-License-Identifier: MIT */
/*
 * Invalidation of translations, on this CPU and on others.
 *
 * One shoot-down runs at a time. The CPU that owns sh_busy fills in the
 * request, sends the interrupt and waits until sh_pending is 0. CPUs that wait
 * for sh_busy have interrupts on, so they answer requests.
 *
 * A waiting CPU spins for a moment, then halts: a CPU that is a thread of a
 * host would otherwise keep the CPU whose answer it needs from running. It sets
 * its bit in sh_halted before it halts. The CPU that makes one of the two words
 * 0 clears sh_halted and wakes those CPUs.
 *
 * h_cpus and the tables: a CPU sets its bit before it loads CR3; a CPU that
 * changed a PTE reads h_cpus after a full barrier. So either it sees the bit
 * and shoots, or the other CPU loads CR3 after the change and cannot have the
 * old translation.
 */
#include "kernel/dev/irq.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/trapframe.h"
#include "kernel/lib/x86.h"
#include "mm/hat_impl.h"

#define SHOOT_ANY ((struct hat *)1) /* the hat that the CPU has loaded */

static struct {
	volatile u32 sh_busy;
	volatile u32 sh_pending; /* CPUs that have not answered */
	volatile u32 sh_halted;	 /* CPUs that halted to wait for those two */
	/*
	 * The request: written by the owner of sh_busy while sh_pending is 0.
	 */
	struct hat *sh_hat;
	const u32 *sh_va;
	u32 sh_n;      /* pages at sh_va; more than GATHER_VA: all */
	bool sh_leave; /* load the kernel's own tables */
} shoot;

static volatile bool lazy[MAXCPU]; /* each by its CPU, interrupts off */

static void load(const struct hat *h)
{
	x86_set_cr3(h ? PA(h->h_pgdir) : hat_kernel_cr3());
}

static void flush_all_here(void)
{
	x86_set_cr3(x86_cr3());
}

static void flush_here(const u32 *va, u32 n)
{
	u32 i;

	if (n > GATHER_VA) {
		flush_all_here();
		return;
	}
	for (i = 0; i < n; i++)
		x86_invlpg(va[i]);
}

void hat_switch(struct hat *h)
{
	struct cpu *c = curcpu();
	struct hat *old = c->c_hat;
	u32 bit = 1u << c->c_id;

	ASSERT(intr_off());
	lazy[c->c_id] = false;
	if (old == h)
		return;
	if (h)
		__atomic_or_fetch(&h->h_cpus, bit, __ATOMIC_SEQ_CST);
	c->c_hat = h;
	load(h);
	if (old)
		__atomic_and_fetch(&old->h_cpus, ~bit, __ATOMIC_SEQ_CST);
}

void hat_lazy(void)
{
	ASSERT(intr_off());
	lazy[curcpu()->c_id] = true;
}

/* --- asking other CPUs --- */

#define SPINS 2000u

static bool shoot_turn(void)
{
	return !__atomic_exchange_n(&shoot.sh_busy, 1, __ATOMIC_SEQ_CST);
}

static bool shoot_answered(void)
{
	return __atomic_load_n(&shoot.sh_pending, __ATOMIC_SEQ_CST) == 0;
}

static void wait_until(bool (*done)(void))
{
	u32 bit = 1u << curcpu()->c_id, n;

	for (n = 1; n <= SPINS; n++) {
		if (done())
			return;
		/* Seldom, because an emulator leaves its fast path for it. */
		if (n % 64 == 0)
			x86_pause();
	}
	for (;;) {
		x86_cli();
		__atomic_or_fetch(&shoot.sh_halted, bit, __ATOMIC_SEQ_CST);
		if (done())
			break;
		x86_sti_hlt();
	}
	__atomic_and_fetch(&shoot.sh_halted, ~bit, __ATOMIC_RELAXED);
	x86_sti();
}

/* Wakes the halted CPUs: a word that they wait for has become 0. */
static void wake_halted(void)
{
	u32 mask = __atomic_load_n(&shoot.sh_halted, __ATOMIC_SEQ_CST);

	if (mask)
		mask = __atomic_exchange_n(&shoot.sh_halted, 0, __ATOMIC_SEQ_CST) & ~(1u << curcpu()->c_id);
	if (mask)
		ipi_send_mask(mask, T_IPI_TLB);
}

static void shoot_others(u32 mask, struct hat *h, const u32 *va, u32 n, bool leave)
{
	assert_may_sleep("TLB shoot-down");
	ASSERT(x86_intr_enabled());
	wait_until(shoot_turn);
	shoot.sh_hat = h;
	shoot.sh_va = va;
	shoot.sh_n = n;
	shoot.sh_leave = leave;
	__atomic_store_n(&shoot.sh_pending, mask, __ATOMIC_SEQ_CST);
	ipi_send_mask(mask, T_IPI_TLB);
	wait_until(shoot_answered);
	__atomic_store_n(&shoot.sh_busy, 0, __ATOMIC_SEQ_CST);
	wake_halted();
}

void hat_shootdown_ipi(void)
{
	struct cpu *c = curcpu();
	u32 bit = 1u << c->c_id;

	ASSERT(intr_off());
	if (!(__atomic_load_n(&shoot.sh_pending, __ATOMIC_ACQUIRE) & bit))
		return;
	if (c->c_hat && (shoot.sh_hat == SHOOT_ANY || shoot.sh_hat == c->c_hat)) {
		if (shoot.sh_leave || lazy[c->c_id])
			hat_switch(NULL);
		else
			flush_here(shoot.sh_va, shoot.sh_n);
	}
	if (__atomic_and_fetch(&shoot.sh_pending, ~bit, __ATOMIC_SEQ_CST) == 0)
		wake_halted();
}

static u32 cpus_of(const struct hat *h)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&h->h_cpus, __ATOMIC_RELAXED);
}

/*
 * The kernel is not preempted, so this stays the same CPU through each of
 * these.
 */

void hat_invalidate(struct hat *h, const u32 *va, u32 n)
{
	u32 cpus, me;

	if (n == 0)
		return;
	cpus = cpus_of(h);
	me = 1u << curcpu()->c_id;
	if (cpus & me)
		flush_here(va, n);
	if (cpus & ~me)
		shoot_others(cpus & ~me, h, va, n, false);
}

void hat_shoot(u32 cpu_mask)
{
	u32 me = 1u << curcpu()->c_id;

	if (cpu_mask & me)
		flush_all_here();
	if (cpu_mask & ~me)
		shoot_others(cpu_mask & ~me, SHOOT_ANY, NULL, GATHER_VA + 1, false);
}

void hat_leave(struct hat *h)
{
	struct cpu *c;
	u32 cpus;

	intr_push_off();
	c = curcpu();
	if (c->c_hat == h)
		hat_switch(NULL);
	intr_pop_off();
	cpus = cpus_of(h);
	if (cpus)
		shoot_others(cpus, h, NULL, 0, true);
	VERIFY(h->h_cpus == 0);
}
