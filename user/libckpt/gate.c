/* SPDX-License-Identifier: MIT */
/*
 * The gate: every system call of the C library passes here. On i386 the library
 * calls the address at %gs:16, where it keeps the entry that the kernel gave it
 * (AT_SYSINFO), or an int $0x80 of its own. So open files and segments are seen
 * whoever asks for them: stdio, malloc or the program itself.
 *
 * The C library's code expects that a system call changes no register but eax,
 * the vector registers included: so what runs here is compiled without them.
 */
#pragma GCC target("general-regs-only")
#include "lc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#define AGAIN (-600) /* of lc_gate_leave(): make the call once more */
#define ANSWERED 1   /* of lc_gate_enter(): there is a result, no call */
#define FLOCK_UN 8

struct lc_call {
	long c_nr;
	long c_a[6];
};

int lc_gate_enter(struct lc_call *c);
long lc_gate_leave(struct lc_call *c, long result);
void lc_gate(void);

/*
 * The stack, downward: the caller's registers; a copy of them, the struct
 * lc_call, which may be changed; arguments of the two C functions.
 */
__asm__(".text\n.globl lc_gate\n.type lc_gate, @function\nlc_gate:\n"
	"	push %ebp; push %edi; push %esi; push %edx; push %ecx; push %ebx; push %eax\n"
	"	push %ebp; push %edi; push %esi; push %edx; push %ecx; push %ebx; push %eax\n"
	"	mov %esp, %eax; push %eax; cld; call lc_gate_enter; add $4, %esp\n"
	"	test %eax, %eax; jz 1f; mov (%esp), %eax; jmp 2f\n"
	"1:	mov (%esp), %eax; mov 4(%esp), %ebx; mov 8(%esp), %ecx; mov 12(%esp), %edx\n"
	"	mov 16(%esp), %esi; mov 20(%esp), %edi; mov 24(%esp), %ebp\n"
	"	call *lc\n"
	"	mov %esp, %ecx; push %eax; push %ecx; call lc_gate_leave; add $8, %esp\n"
	"	cmp $-600, %eax; je 1b\n"
	"2:	add $32, %esp\n" /* the copy, and the caller's eax */
	"	pop %ebx; pop %ecx; pop %edx; pop %esi; pop %edi; pop %ebp\n"
	"	ret\n.size lc_gate, .-lc_gate\n");

/*
 * Calls after which the list or the table is changed: no checkpoint in between.
 */
static bool changes_lists(long nr)
{
	switch (nr) {
	case SYS_open:
	case SYS_openat:
	case SYS_creat:
	case SYS_close:
	case SYS_dup:
	case SYS_dup2:
	case SYS_dup3:
	case SYS_mmap:
	case SYS_mmap2:
	case SYS_munmap:
	case SYS_mremap:
	case SYS_mprotect:
	case SYS_brk: return true;
	default: return false;
	}
}

/* The bit of SIGSEGV in the first word of a set of signals. */
#define SEGV_BIT (1u << (SIGSEGV - 1))

/*
 * The program sets its handler of SIGSEGV, which gets the faults that are not
 * ours.
 */
static int answer_sigaction(struct lc_call *c)
{
	struct lc_action *new = (struct lc_action *)c->c_a[1], *old = (struct lc_action *)c->c_a[2];
	struct lc_action was = lc.program_segv;

	if (new)
		lc.program_segv = *new;
	if (old)
		*old = was;
	c->c_nr = 0;
	return ANSWERED;
}

/*
 * SIGSEGV stays unblocked: a fault on a protected page while it is blocked
 * would kill the program.
 */
static void unblock_segv(long set)
{
	if (set)
		*(uint32_t *)set &= ~SEGV_BIT;
}

/* The copy of a set of signals that is passed on without SIGSEGV. */
static void pass_mask(struct lc_call *c)
{
	static uint32_t copy[2];
	const uint32_t *set = (const uint32_t *)c->c_a[1];

	if (!set || c->c_a[0] == SIG_UNBLOCK)
		return;
	copy[0] = set[0] & ~SEGV_BIT;
	copy[1] = set[1];
	c->c_a[1] = (long)copy;
}

static void touch_vector(const struct iovec *v, long n)
{
	for (long i = 0; i < n && i < 1024; i++)
		lc_touch((uint32_t)v[i].iov_base, (uint32_t)v[i].iov_base + v[i].iov_len);
}

/*
 * The kernel writes to memory without a signal: the pages are unprotected
 * first.
 */
static int enter_tracked(struct lc_call *c)
{
	switch (c->c_nr) {
	case SYS_rt_sigaction:
		if (c->c_a[0] == SIGSEGV)
			return answer_sigaction(c);
		return 0;
	case SYS_rt_sigprocmask: pass_mask(c); return 0;
	case SYS_read:
	case SYS_pread64:
		lc_touch((uint32_t)c->c_a[1], (uint32_t)(c->c_a[1] + c->c_a[2]));
		return 0;
	case SYS_readv:
	case SYS_preadv: touch_vector((const struct iovec *)c->c_a[1], c->c_a[2]); return 0;
	default: return 0;
	}
}

int lc_gate_enter(struct lc_call *c)
{
	if (changes_lists(c->c_nr))
		lc.g_inside++;
	return lc.tracking ? enter_tracked(c) : 0;
}

static void mapped(uint32_t at, uint32_t len, uint32_t prot, uint32_t flags)
{
	struct lc_seg seg = { .s_start = at, .s_end = LC_UP(at + len), .s_prot = prot, .s_kind = LC_MAP };

	seg.s_shared = (flags & MAP_TYPE) != MAP_PRIVATE;
	lc_seg_add(seg);
}

static void moved(const struct lc_call *c, uint32_t to)
{
	uint32_t from = (uint32_t)c->c_a[0];
	struct lc_seg *s = lc_seg_find(from), seg;

	if (!s)
		return;
	seg = *s;
	lc_seg_remove(from, LC_UP(from + c->c_a[1]));
	seg.s_start = to;
	seg.s_end = LC_UP(to + c->c_a[2]);
	lc_seg_add(seg);
}

static void broke(uint32_t end)
{
	struct lc_seg seg = { .s_prot = PROT_READ | PROT_WRITE, .s_kind = LC_HEAP };

	seg.s_start = LC_UP(lc.heap_end);
	seg.s_end = LC_UP(end);
	if (seg.s_end > seg.s_start)
		lc_seg_add(seg);
	else
		lc_seg_remove(seg.s_end, seg.s_start);
	lc.heap_end = end;
}

/* A call on memory has succeeded. */
static void leave_memory(const struct lc_call *c, long result)
{
	const long *a = c->c_a, *old = (const long *)a[0];

	switch (c->c_nr) {
	case SYS_mmap:
		mapped((uint32_t)result, (uint32_t)old[1], (uint32_t)old[2], (uint32_t)old[3]);
		break;
	case SYS_mmap2:
		mapped((uint32_t)result, (uint32_t)a[1], (uint32_t)a[2], (uint32_t)a[3]);
		break;
	case SYS_munmap: lc_seg_remove((uint32_t)a[0], LC_UP(a[0] + a[1])); break;
	case SYS_mremap: moved(c, (uint32_t)result); break;
	case SYS_mprotect:
		lc_seg_protect((uint32_t)a[0], LC_UP(a[0] + a[1]), (uint32_t)a[2]);
		break;
	case SYS_madvise: lc_mark((uint32_t)a[0], LC_UP(a[0] + a[1]), true); break;
	case SYS_brk: broke((uint32_t)result); break;
	default: break;
	}
}

static void leave_fcntl(const struct lc_call *c, long result)
{
	switch (c->c_a[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC: lc_file_copied((int)c->c_a[0], (int)result); break;
	case F_SETLK:
	case F_SETLKW:
	case 6: /* F_SETLK and F_SETLKW of 32-bit offsets */
	case 7:
		if (c->c_a[0] < LC_FDS)
			lc.files[c->c_a[0]].f_locked = 1;
		break;
	default: break;
	}
}

/* A call on descriptors has succeeded. */
static void leave_files(const struct lc_call *c, long result)
{
	const long *a = c->c_a;

	switch (c->c_nr) {
	case SYS_open:
	case SYS_creat: lc_file_opened((int)result, AT_FDCWD, (const char *)a[0]); break;
	case SYS_openat: lc_file_opened((int)result, (int)a[0], (const char *)a[1]); break;
	case SYS_close: lc_file_closed((int)a[0]); break;
	case SYS_dup:
	case SYS_dup2:
	case SYS_dup3: lc_file_copied((int)a[0], (int)result); break;
	case SYS_fcntl64: leave_fcntl(c, result); break;
	case SYS_flock:
		if (a[0] < LC_FDS)
			lc.files[a[0]].f_locked = !(a[1] & FLOCK_UN);
		break;
	case SYS_timer_create: lc.g_timers++; break;
	case SYS_timer_delete: lc.g_timers--; break;
	case SYS_shmat:
	case SYS_ipc: lc.g_segments++; break;
	default: break;
	}
}

static long leave_tracked(struct lc_call *c, long result)
{
	struct lc_action *act = (struct lc_action *)c->c_a[1];

	if (result == -EFAULT) {
		/*
		 * Some call that writes where enter_tracked() does not know.
		 * Once: then nothing is protected.
		 */
		lc_touch_all();
		return AGAIN;
	}
	if (c->c_nr == SYS_rt_sigaction && result == 0 && act && (act->a_mask[0] & SEGV_BIT)) {
		struct lc_action open = *act;

		unblock_segv((long)open.a_mask);
		lc_call5(SYS_rt_sigaction, c->c_a[0], (long)&open, 0, 8, 0);
	}
	return result;
}

long lc_gate_leave(struct lc_call *c, long result)
{
	if (lc.tracking) {
		result = leave_tracked(c, result);
		if (result == AGAIN)
			return AGAIN;
	}
	if (!LC_FAILED(result)) {
		leave_memory(c, result);
		leave_files(c, result);
	}
	if (changes_lists(c->c_nr))
		lc.g_inside--;
	return result;
}

/*
 * In a program that is linked with threads, calls at which a thread may be
 * cancelled pass by the gate: the linker puts this function in the place of
 * musl's (-Wl,--wrap=__syscall_cp_asm).
 */
long __real___syscall_cp_asm(volatile void *cancel, long nr, long a, long b, long c, long d, long e,
			     long f) __attribute__((weak));
long __wrap___syscall_cp_asm(volatile void *cancel, long nr, long a, long b, long c, long d, long e, long f);

long __wrap___syscall_cp_asm(volatile void *cancel, long nr, long a, long b, long c, long d, long e, long f)
{
	struct lc_call call = { nr, { a, b, c, d, e, f } };
	const long *arg = call.c_a;
	long result;

	if (lc_gate_enter(&call) == ANSWERED)
		return call.c_nr;
	do {
		result = __real___syscall_cp_asm(cancel, call.c_nr, arg[0], arg[1], arg[2], arg[3],
						 arg[4], arg[5]);
		result = lc_gate_leave(&call, result);
	} while (result == AGAIN);
	return result;
}

void lc_gate_open(void)
{
	uint32_t entry;

	__asm__("mov %%gs:16, %0" : "=r"(entry));
	lc.g_entry = entry;
	__asm__ volatile("mov %0, %%gs:16" : : "r"(lc_gate) : "memory");
}
