/* SPDX-License-Identifier: MIT */
/* Faults as signals, alternate stacks, both kinds of frames, and what a handler may change. */
#include "t.h"
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>

static siginfo_t info;
static volatile sig_atomic_t hits;
static sigjmp_buf back;

static void catch (int sig, siginfo_t *si, void *uc)
{
	info = *si;
	hits++;
	siglongjmp(back, sig);
}

static void on(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags };

	SYS(sigaction(sig, &sa, NULL));
}

#define CATCH(statement)                        \
	({                                      \
		int c_sig = sigsetjmp(back, 1); \
		if (c_sig == 0) {               \
			statement;              \
		}                               \
		c_sig;                          \
	})

TEST(segv_unmapped)
{
	volatile int *p = (int *)0x10;

	on(SIGSEGV, catch, 0);
	CHECK_EQ(CATCH(*p = 1), SIGSEGV);
	CHECK_EQ(info.si_code, SEGV_MAPERR);
	CHECK_EQ((long)info.si_addr, 0x10);
	p = (int *)0xc0001000u;
	CHECK_EQ(CATCH((void)*p), SIGSEGV);
	p = (int *)0xfffffffcu;
	CHECK_EQ(CATCH((void)*p), SIGSEGV);
	CHECK_EQ(hits, 3);
}

TEST(segv_protection)
{
	volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	on(SIGSEGV, catch, 0);
	CHECK_EQ(CATCH(p[100] = 1), SIGSEGV);
	CHECK_EQ(info.si_code, SEGV_ACCERR);
	CHECK(info.si_addr == p + 100);
	SYS(mprotect((void *)p, 4096, PROT_NONE));
	CHECK_EQ(CATCH((void)p[7]), SIGSEGV);
	CHECK_EQ(info.si_code, SEGV_ACCERR);
	CHECK(info.si_addr == p + 7);
	/* Code is not writable. */
	CHECK_EQ(CATCH(*(volatile char *)(uintptr_t) catch = 0), SIGSEGV);
	CHECK_EQ(info.si_code, SEGV_ACCERR);
}

static char *repair_page;

static void repair(int sig, siginfo_t *si, void *uc)
{
	hits++;
	if (mprotect(repair_page, 4096, PROT_READ | PROT_WRITE) < 0)
		_exit(50);
}

TEST(handler_repairs_and_retries)
{
	repair_page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	on(SIGSEGV, repair, 0);
	for (int i = 0; i < 100; i++) {
		SYS(mprotect(repair_page, 4096, i & 1 ? PROT_NONE : PROT_READ));
		*(volatile char *)repair_page = i;
		CHECK_EQ(repair_page[0], i);
	}
	CHECK_EQ(hits, 100);
}

TEST(bus_beyond_file)
{
	int fd = SYS(open("short", O_RDWR | O_CREAT, 0600));

	SYS(ftruncate(fd, 100));
	volatile char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	on(SIGBUS, catch, 0);
	CHECK_EQ(p[99], 0);
	CHECK_EQ(p[4095], 0);
	CHECK_EQ(CATCH((void)p[4096]), SIGBUS);
	CHECK_EQ(info.si_code, BUS_ADRERR);
	CHECK(info.si_addr == p + 4096);
	CHECK_EQ(CATCH(p[8191] = 1), SIGBUS);
	SYS(ftruncate(fd, 8192));
	p[8191] = 3;
	CHECK_EQ(p[8191], 3);
	SYS(ftruncate(fd, 4096));
	CHECK_EQ(CATCH((void)p[8191]), SIGBUS);
	SYS(ftruncate(fd, 8192));
	CHECK_EQ(p[8191], 0);
}

/* The instruction itself: the compiler knows better ways to divide. */
static int divide(int a, int b)
{
	int q, r;

	__asm__ volatile("cltd; idivl %3" : "=a"(q), "=&d"(r) : "0"(a), "r"(b));
	return q;
}

TEST(integer_division)
{
	on(SIGFPE, catch, 0);
	CHECK_EQ(CATCH(divide(1, 0)), SIGFPE);
	CHECK_EQ(info.si_code, FPE_INTDIV);
	CHECK(info.si_addr != NULL);
	CHECK_EQ(CATCH(divide(-2147483647 - 1, -1)), SIGFPE);
	CHECK_EQ(info.si_code, FPE_INTDIV);
	CHECK_EQ(divide(42, 6), 7);
}

TEST(illegal_and_privileged_instructions)
{
	on(SIGILL, catch, 0);
	on(SIGSEGV, catch, 0);
	CHECK_EQ(CATCH(__asm__ volatile("ud2")), SIGILL);
	CHECK_EQ(info.si_code, ILL_ILLOPN);
	CHECK_EQ(CATCH(__asm__ volatile("cli")), SIGSEGV);
	CHECK_EQ(CATCH(__asm__ volatile("hlt")), SIGSEGV);
	CHECK_EQ(CATCH(__asm__ volatile("mov %%cr0, %%eax" ::: "eax")), SIGSEGV);
	CHECK_EQ(CATCH(__asm__ volatile("inb $0x60, %%al" ::: "eax")), SIGSEGV);
	CHECK_EQ(CATCH(__asm__ volatile("lgdt (%%esp)" :::)), SIGSEGV);
	CHECK_EQ(CATCH(__asm__ volatile("mov %0, %%fs" ::"r"(0x68))), SIGSEGV);
	CHECK_EQ(CATCH(__asm__ volatile("int $0x20")), SIGSEGV);
	CHECK_EQ(hits, 8);
}

static volatile sig_atomic_t traps;
static void on_trap(int sig, siginfo_t *si, void *uc)
{
	traps++;
	info = *si;
	((ucontext_t *)uc)->uc_mcontext.gregs[REG_EFL] &= ~0x100;
}

TEST(breakpoint_and_single_step)
{
	on(SIGTRAP, on_trap, 0);
	__asm__ volatile("int3");
	CHECK_EQ(traps, 1);
	__asm__ volatile("pushfl; orl $0x100, (%%esp); popfl; nop; nop" ::: "cc", "memory");
	CHECK_EQ(traps, 2);
	CHECK_EQ(info.si_code, TRAP_TRACE);
}

TEST(ignored_or_blocked_fault_kills)
{
	struct rlimit none = { 0, 0 };

	SYS(setrlimit(RLIMIT_CORE, &none));
	pid_t pid = t_fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_IGN);
		*(volatile int *)0 = 1;
		_exit(0);
	}
	CHECK_EQ(WTERMSIG(t_wait(pid)), SIGSEGV);
	pid = t_fork();
	if (pid == 0) {
		sigset_t s;
		on(SIGSEGV, catch, 0);
		sigfillset(&s);
		SYS(sigprocmask(SIG_BLOCK, &s, NULL));
		*(volatile int *)0 = 1;
		_exit(0);
	}
	CHECK_EQ(WTERMSIG(t_wait(pid)), SIGSEGV);
	/* kill() with SIGSEGV is not a fault: ignored is ignored. */
	signal(SIGSEGV, SIG_IGN);
	raise(SIGSEGV);
}

static char alt[32768];
static volatile int on_alt, recursed;

static int inside(const void *p)
{
	return (const char *)p >= alt && (const char *)p < alt + sizeof(alt);
}

static void alt_handler(int sig, siginfo_t *si, void *uc)
{
	char here;
	stack_t ss;

	on_alt = inside(&here);
	sigaltstack(NULL, &ss);
	recursed = ss.ss_flags & SS_ONSTACK;
	ss.ss_flags = SS_DISABLE;
	if (sigaltstack(&ss, NULL) != -1 || errno != EPERM)
		_exit(51);
	hits++;
}

TEST(alternate_stack)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, old;

	on(SIGUSR1, alt_handler, SA_ONSTACK);
	SYS(sigaltstack(&ss, &old));
	CHECK(old.ss_flags & SS_DISABLE);
	raise(SIGUSR1);
	CHECK(on_alt && recursed && hits == 1);
	SYS(sigaltstack(NULL, &old));
	CHECK(old.ss_sp == alt && old.ss_size == sizeof(alt) && old.ss_flags == 0);
	ss.ss_size = 100;
	CHECK_ERR(sigaltstack(&ss, NULL), ENOMEM);
	ss.ss_size = sizeof(alt);
	ss.ss_flags = 0x123;
	CHECK_ERR(sigaltstack(&ss, NULL), EINVAL);
	ss.ss_flags = SS_DISABLE;
	SYS(sigaltstack(&ss, NULL));
	SYS(sigaltstack(NULL, &old));
	CHECK(old.ss_flags & SS_DISABLE);
}

static void overflowed(int sig, siginfo_t *si, void *uc)
{
	char here;

	_exit(inside(&here) ? 60 : 61);
}

static int recurse(int n)
{
	volatile char frame[4096];

	frame[n & 4095] = n;
	return n == 0x7fffffff ? frame[7] : recurse(n + 1) + frame[n & 4095];
}

TEST(stack_overflow_caught_on_alternate_stack)
{
	struct rlimit small = { 1 << 20, 1 << 20 }, none = { 0, 0 };

	SYS(setrlimit(RLIMIT_STACK, &small));
	SYS(setrlimit(RLIMIT_CORE, &none));
	pid_t pid = t_fork();
	if (pid == 0) {
		stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
		SYS(sigaltstack(&ss, NULL));
		on(SIGSEGV, overflowed, SA_ONSTACK);
		_exit(recurse(0) & 1);
	}
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 60);
	/* Without one there is no room for the frame: the process dies of SIGSEGV. */
	pid = t_fork();
	if (pid == 0) {
		on(SIGSEGV, overflowed, 0);
		_exit(recurse(0) & 1);
	}
	CHECK_EQ(WTERMSIG(t_wait(pid)), SIGSEGV);
}

static void change_registers(int sig, siginfo_t *si, void *ucp)
{
	ucontext_t *uc = ucp;

	uc->uc_mcontext.gregs[REG_EBX] = 0x5eed;
	uc->uc_mcontext.gregs[REG_EIP] += 2; /* over the ud2 */
	sigaddset(&uc->uc_sigmask, SIGHUP);
}

TEST(handler_changes_context)
{
	unsigned ebx = 1;
	sigset_t now;

	on(SIGILL, change_registers, 0);
	__asm__ volatile("ud2" : "+b"(ebx));
	CHECK_EQ(ebx, 0x5eed);
	SYS(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK(sigismember(&now, SIGHUP));
}

static void look_at_context(int sig, siginfo_t *si, void *ucp)
{
	ucontext_t *uc = ucp;
	greg_t *g = uc->uc_mcontext.gregs;

	hits = g[REG_CS] == 0x73 && g[REG_SS] == 0x7b && g[REG_DS] == 0x7b && g[REG_ES] == 0x7b &&
	       g[REG_TRAPNO] == 14 && (g[REG_ERR] & 7) == 6 && uc->uc_mcontext.cr2 == 0x24;
	siglongjmp(back, 1);
}

TEST(context_of_a_fault)
{
	volatile int *volatile p = (int *)0x24;

	on(SIGSEGV, look_at_context, 0);
	CATCH(*p = 1);
	/* Selectors are those of a 32-bit system; a 64-bit host that runs this program has others in part. */
	unsigned cs;
	__asm__("mov %%cs, %0" : "=r"(cs));
	if (cs == 0x73)
		CHECK_EQ(hits, 1);
}

/* sigreturn with a forged frame: whatever it says, no more rights than before. */
static void forge(int sig, siginfo_t *si, void *ucp)
{
	ucontext_t *uc = ucp;
	greg_t *g = uc->uc_mcontext.gregs;

	switch (hits) {
	case 0:
		g[REG_CS] = 0x60; /* the kernel's code */
		break;
	case 1: g[REG_SS] = 0x68; break;
	case 2:
		g[REG_EIP] = 0xc0100000; /* in the kernel */
		break;
	case 3: g[REG_DS] = 0x1234; break;
	case 4:
		g[REG_EFL] |= 0x3000 | 0x20000 | 0x4000; /* IOPL, VM, NT */
		break;
	case 5: g[REG_CS] = 0; break;
	case 6: g[REG_ESP] = 0xfffffff0; break;
	default: uc->uc_mcontext.fpregs = (void *)0xc0100000; break;
	}
}

TEST(forged_frames_give_no_rights)
{
	struct rlimit none = { 0, 0 };

	SYS(setrlimit(RLIMIT_CORE, &none));
	for (int i = 0; i < 8; i++) {
		pid_t pid = t_fork();
		if (pid == 0) {
			on(SIGUSR1, forge, 0);
			hits = i;
			raise(SIGUSR1);
			if (i == 4) {
				unsigned f;
				__asm__ volatile("pushfl; popl %0" : "=r"(f));
				_exit((f & 0x23000) != 0);
			}
			_exit(0);
		}
		int st = t_wait(pid);
		CHECK(st == 0 || WTERMSIG(st) == SIGSEGV || WTERMSIG(st) == SIGBUS || WTERMSIG(st) == SIGILL);
		if (i == 4)
			CHECK_EQ(st, 0);
		if (i == 2 || i == 6 || i == 7)
			CHECK_EQ(WTERMSIG(st), SIGSEGV);
	}
}

TEST(sigreturn_without_frame)
{
	struct rlimit none = { 0, 0 };

	SYS(setrlimit(RLIMIT_CORE, &none));
	for (int i = 0; i < 2; i++) {
		pid_t pid = t_fork();
		if (pid == 0) {
			/* With the stack pointer where nothing is mapped. */
			__asm__ volatile("mov $8, %%esp; int $0x80" ::"a"(i ? 173 : 119)
					 : "memory");
			_exit(0);
		}
		CHECK_EQ(WTERMSIG(t_wait(pid)), SIGSEGV);
	}
}

T_NO_HOOK
