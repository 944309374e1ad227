/* SPDX-License-Identifier: MIT */
/* TLS descriptors: struct user_desc into what the CPU reads, and back. */
#include "proc/sched/tls.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/whole.h"
#include "mm/usercopy.h"
#include "proc/sched/lwp_impl.h"
#include "proc/syscalls.h"

ABI_WHOLE

struct user_desc {
	s32 entry_number;
	u32 base_addr;
	u32 limit;
	u32 seg_32bit : 1;
	u32 contents : 2;
	u32 read_exec_only : 1;
	u32 limit_in_pages : 1;
	u32 seg_not_present : 1;
	u32 useable : 1;
	u32 unused : 25;
};

ABI_WHOLE_END

/* Bits of a descriptor (Intel SDM vol. 3, 3.4.5). */
#define DESC_S (1ull << 44)
#define DESC_DPL3 (3ull << 45)
#define DESC_P (1ull << 47)
#define DESC_AVL (1ull << 52)
#define DESC_L (1ull << 53)
#define DESC_D (1ull << 54)
#define DESC_G (1ull << 55)
#define TAKEN (DESC_S | DESC_DPL3 | DESC_P | DESC_D)

/* All zeros, or an empty entry as user_desc(2) describes it. */
static bool is_empty(const struct user_desc *u)
{
	return u->read_exec_only == u->seg_not_present && !u->base_addr && !u->limit &&
	       !u->contents && !u->seg_32bit && !u->limit_in_pages && !u->useable;
}

/*
 * A present 32-bit data segment. Code (contents 2 and 3) would be of no use to
 * TLS. With a 16-bit stack segment the CPU would leave the upper half of the
 * kernel's stack pointer in the user's.
 */
static bool is_taken(const struct user_desc *u)
{
	return is_empty(u) || (u->contents <= 1 && u->seg_32bit && !u->seg_not_present);
}

static u64 desc_make(const struct user_desc *u)
{
	u64 d;

	d = (u64)(u->limit & 0xffff) | (u64)(u->base_addr & 0xffffff) << 16;
	d |= (u64)((u->read_exec_only ? 0 : 2) | u->contents << 2) << 40;
	d |= (u64)(u->limit >> 16 & 0xf) << 48 | (u64)(u->base_addr >> 24) << 56;
	d |= TAKEN;
	/* Accessed bit: otherwise the CPU would write it into the table. */
	d |= 1ull << 40;
	if (u->useable)
		d |= DESC_AVL;
	if (u->limit_in_pages)
		d |= DESC_G;
	return d;
}

bool tls_desc_valid(u64 desc)
{
	if (!desc)
		return true;
	/*
	 * As is_taken(), with user privilege: no system segment, no gate, no
	 * 64-bit bit.
	 */
	return (desc & TAKEN) == TAKEN && !(desc & DESC_L) && !(desc >> 43 & 1);
}

int tls_set_from_user(struct lwp *l, uaddr_t udesc, bool tell)
{
	struct user_desc u;
	u32 slot;

	if (copyin(&u, udesc, sizeof(u)) != 0)
		return -EFAULT;
	if (!is_taken(&u))
		return -EINVAL;
	if (u.entry_number == -1) {
		if (!tell)
			return -EINVAL;
		for (slot = 0; slot < SEL_TLS_COUNT && l->l_tls[slot]; slot++)
			;
		if (slot == SEL_TLS_COUNT)
			return -ESRCH;
		u.entry_number = (s32)(slot + SEL_TLS_FIRST);
		if (copyout(udesc, &u.entry_number, sizeof(u.entry_number)) != 0)
			return -EFAULT;
	}
	if (u.entry_number < SEL_TLS_FIRST || u.entry_number >= SEL_TLS_FIRST + SEL_TLS_COUNT)
		return -EINVAL;
	slot = (u32)u.entry_number - SEL_TLS_FIRST;
	l->l_tls[slot] = is_empty(&u) ? 0 : desc_make(&u);
	if (l == curlwp()) {
		intr_push_off();
		lwp_save_segs(l);
		lwp_load_tls(l);
		lwp_load_segs(l);
		intr_pop_off();
	}
	return 0;
}

long sys_set_thread_area(uaddr_t udesc)
{
	return tls_set_from_user(curlwp(), udesc, true);
}

long sys_get_thread_area(uaddr_t udesc)
{
	struct user_desc u;
	u64 d;

	if (copyin(&u.entry_number, udesc, sizeof(u.entry_number)) != 0)
		return -EFAULT;
	if (u.entry_number < SEL_TLS_FIRST || u.entry_number >= SEL_TLS_FIRST + SEL_TLS_COUNT)
		return -EINVAL;
	d = curlwp()->l_tls[u.entry_number - SEL_TLS_FIRST];
	u = (struct user_desc){
		.entry_number = u.entry_number,
		.base_addr = (u32)(d >> 16 & 0xffffff) | (u32)(d >> 56 << 24),
		.limit = (u32)(d & 0xffff) | (u32)(d >> 32 & 0xf0000),
		.seg_32bit = d & DESC_D ? 1 : 0,
		.contents = d >> 42 & 3,
		.read_exec_only = d >> 41 & 1 ? 0 : 1,
		.limit_in_pages = d & DESC_G ? 1 : 0,
		.seg_not_present = d & DESC_P ? 0 : 1,
		.useable = d & DESC_AVL ? 1 : 0,
	};
	return copyout(udesc, &u, sizeof(u));
}
