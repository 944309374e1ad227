/* SPDX-License-Identifier: MIT */
/* x87 and SSE state: each process and thread has its own, across switches, forks and signal handlers. */
#include "t.h"
#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/time.h>

struct sse {
	double d[16]; /* xmm0..7 */
} __attribute__((aligned(16)));

/* Fills all xmm registers from one block, lets the kernel do something, stores them in another. */
static void through_registers(const struct sse *in, struct sse *out, void (*between)(void))
{
	__asm__ volatile("movaps 0(%0), %%xmm0; movaps 16(%0), %%xmm1; movaps 32(%0), %%xmm2; movaps 48(%0), %%xmm3;"
			 "movaps 64(%0), %%xmm4; movaps 80(%0), %%xmm5; movaps 96(%0), %%xmm6; movaps 112(%0), %%xmm7;"
			 "call *%2;"
			 "movaps %%xmm0, 0(%1); movaps %%xmm1, 16(%1); movaps %%xmm2, 32(%1); movaps %%xmm3, 48(%1);"
			 "movaps %%xmm4, 64(%1); movaps %%xmm5, 80(%1); movaps %%xmm6, 96(%1); movaps %%xmm7, 112(%1);"
			 :
			 : "S"(in), "D"(out), "b"(between)
			 : "eax", "ecx", "edx", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
			   "xmm6", "xmm7", "memory", "cc");
}

/* sched_yield, without a library function that might use a register. */
static void yield(void)
{
	int r;

	__asm__ volatile("int $0x80" : "=a"(r) : "0"(158) : "memory");
}

static void spin(void)
{
	for (volatile int i = 0; i < 20000; i++)
		;
}

static void fill(struct sse *s, int seed)
{
	for (int i = 0; i < 16; i++)
		s->d[i] = seed * 1000.0 + i + 0.125;
}

static void keep_registers(int seed, int rounds, void (*between)(void))
{
	struct sse in, out;

	for (int i = 0; i < rounds; i++) {
		fill(&in, seed + i);
		through_registers(&in, &out, between);
		CHECK(memcmp(&in, &out, sizeof(in)) == 0);
	}
}

TEST(initial_state)
{
	unsigned short cw;
	unsigned mxcsr;

	__asm__ volatile("fnstcw %0" : "=m"(cw));
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	CHECK_EQ(cw, 0x37f);
	CHECK_EQ(mxcsr & 0xffc0, 0x1f80);
}

TEST(registers_across_switches)
{
	pid_t pids[4];

	for (int i = 0; i < 4; i++) {
		pids[i] = t_fork();
		if (pids[i] == 0) {
			keep_registers(i * 7777, 1000, yield);
			keep_registers(i * 7777, 300, spin);
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++)
		t_join(pids[i]);
}

static void *thread_body(void *arg)
{
	keep_registers((int)(intptr_t)arg * 5555, 1000, yield);
	return NULL;
}

TEST(registers_of_threads)
{
	pthread_t th[4];

	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&th[i], NULL, thread_body, (void *)(intptr_t)i), 0);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(th[i], NULL), 0);
}

static volatile sig_atomic_t hits;
static volatile double dirt;

static void clobber(int sig)
{
	struct sse junk, out;

	fill(&junk, 99);
	through_registers(&junk, &out, spin);
	__asm__ volatile("fninit; fldpi; fldpi; fldl2e");
	dirt = sqrt(hits + 2.0);
	hits++;
}

static void send_self(void)
{
	int r;

	/* kill(getpid(), SIGUSR1) */
	__asm__ volatile("int $0x80" : "=a"(r) : "0"(20) : "memory");
	__asm__ volatile("int $0x80" : "=a"(r) : "0"(37), "b"(r), "c"(SIGUSR1) : "memory");
}

TEST(registers_across_handlers)
{
	signal(SIGUSR1, clobber);
	keep_registers(1, 200, send_self);
	CHECK_EQ(hits, 200);
	long double x = 1.0L / 3.0L, y;
	__asm__ volatile("fldt %1; push %%ebx; call *%2; pop %%ebx; fstpt %0"
			 : "=m"(y)
			 : "m"(x), "S"(send_self)
			 : "eax", "ecx", "edx", "memory", "cc");
	CHECK(x == y);
}

TEST(timer_interrupts_the_computation)
{
	struct itimerval it = { { 0, 2000 }, { 0, 2000 } }, off = { { 0, 0 }, { 0, 0 } };
	double sum = 0, again = 0;

	signal(SIGALRM, clobber);
	SYS(setitimer(ITIMER_REAL, &it, NULL));
	while (hits < 20) {
		sum = 0;
		for (int i = 1; i < 20000; i++)
			sum += 1.0 / i * sqrt(i);
		if (again == 0)
			again = sum;
		CHECK(sum == again);
	}
	SYS(setitimer(ITIMER_REAL, &off, NULL));
	printf("sum %.12f\n", sum);
}

TEST(control_words_belong_to_the_process)
{
	unsigned mxcsr = 0x7f80, got; /* round to zero */
	unsigned short cw = 0x0f7f, cwgot;

	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(cw));
	pid_t pid = t_fork();
	if (pid == 0) {
		__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(got), "=m"(cwgot));
		CHECK_EQ(got, 0x7f80);
		CHECK_EQ(cwgot, 0x0f7f);
		unsigned other = 0x3f80;
		__asm__ volatile("ldmxcsr %0" : : "m"(other));
		yield();
		_exit(0);
	}
	t_join(pid);
	yield();
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(got), "=m"(cwgot));
	CHECK_EQ(got, 0x7f80);
	CHECK_EQ(cwgot, 0x0f7f);
}

TEST(fork_copies_registers)
{
	struct sse in, out;
	pid_t pid;

	fill(&in, 31);
	/* fork in the middle of through_registers: both sides find their registers again. */
	__asm__ volatile("movaps 16(%2), %%xmm1; movaps 112(%2), %%xmm7; int $0x80; movaps %%xmm1, 16(%3); movaps %%xmm7, 112(%3)"
			 : "=a"(pid)
			 : "0"(2), "S"(&in), "D"(&out)
			 : "xmm1", "xmm7", "memory");
	CHECK(pid >= 0);
	CHECK(memcmp(&in.d[2], &out.d[2], 16) == 0 && memcmp(&in.d[14], &out.d[14], 16) == 0);
	if (pid == 0)
		_exit(0);
	t_join(pid);
}

static siginfo_t info;
static sigjmp_buf back;

static void on_fpe(int sig, siginfo_t *si, void *uc)
{
	info = *si;
	siglongjmp(back, 1);
}

/* In a child: an unmasked exception leaves the unit in a state that nobody wants. */
static int exception_code(int sse, int mask_bit)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		struct sigaction sa = { .sa_sigaction = on_fpe, .sa_flags = SA_SIGINFO };
		SYS(sigaction(SIGFPE, &sa, NULL));
		if (sigsetjmp(back, 1) != 0)
			_exit(info.si_code);
		volatile double zero = 0, one = 1, big = 1e300, r;
		if (sse) {
			unsigned mxcsr = 0x1f80 & ~(1u << (7 + mask_bit));
			__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
			r = mask_bit == 2 ? one / zero : mask_bit == 0 ? zero / zero : big * big;
		} else {
			unsigned short cw = 0x37f & ~(1u << mask_bit);
			double a = mask_bit == 2   ? 1
				   : mask_bit == 0 ? 0
						   : 1e300,
			       b = mask_bit == 3 ? 1e-300 : 0;
			__asm__ volatile("fldcw %0; fldl %1; fldl %2; fdivrp; fstpl %2; fwait"
					 :
					 : "m"(cw), "m"(a), "m"(b));
		}
		(void)r;
		_exit(99);
	}
	return WEXITSTATUS(t_wait(pid));
}

TEST(exceptions)
{
	static const int bits[] = { 2, 0, 3 }, codes[] = { FPE_FLTDIV, FPE_FLTINV, FPE_FLTOVF };

	CHECK_EQ(exception_code(0, 0), FPE_FLTINV);
	for (int i = 0; i < 3; i++) {
		int code = exception_code(1, bits[i]);
		/* QEMU's emulation sets the flags of SSE but raises nothing. */
		CHECK(code == codes[i] || code == 99);
	}
}

/* `fpu CHECK`: the state that a new program sees. */
static int t_hook(int argc, char **argv)
{
	unsigned short cw;
	unsigned mxcsr;

	if (argc != 2 || strcmp(argv[1], "CHECK") != 0)
		return -1;
	__asm__ volatile("fnstcw %0" : "=m"(cw));
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return !(cw == 0x37f && mxcsr == 0x1f80);
}

TEST(exec_starts_afresh)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		unsigned mxcsr = 0x7f80;
		unsigned short cw = 0x0f7f;
		__asm__ volatile("ldmxcsr %0; fldcw %1; fldpi; fldpi" : : "m"(mxcsr), "m"(cw));
		execl("/proc/self/exe", "fpu", "CHECK", NULL);
		_exit(99);
	}
	t_join(pid);
}
