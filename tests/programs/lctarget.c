/* SPDX-License-Identifier: MIT */
/*
 * A program that is linked with libckpt, for tests/programs/libckpt.c.
 *
 *   lctarget KIND [kernel]  sets up a kind of state and saves itself, by the
 *                           library or by ckpt() under the name `k`; prints
 *                           "saved" and ends with 3, or ends with 4 if it was
 *                           refused; recovered, it looks whether all is as it
 *                           was, prints "recovered" and ends with 0
 *   lctarget =recover       brings it back
 */
#include "lctarget/lctarget.h"

#include "libckpt.h"

#include <fenv.h>
#include <reprise/ckpt.h>

#define MIB (1u << 20)

bool by_kernel;
volatile sig_atomic_t hits;

/*
 * Returns in the recovered program, and after a checkpoint that is not the
 * last.
 */
static void save_and(bool end)
{
	int result = by_kernel ? ckpt("k", 0) : checkpoint_here();

	if (result < 0)
		_exit(REFUSED);
	if (result == 0 && end) {
		if (!by_kernel && libckpt_wait(NULL) != 0)
			_exit(REFUSED);
		printf("saved\n");
		fflush(stdout);
		_exit(SAVED);
	}
}

void save(void)
{
	save_and(true);
}

static __thread int tls_value = 5;

static void registers(void)
{
	double x = 1.0 / 3;
	long double st = 3.0L / 7;
	volatile int deep[5000];

	tls_value = 77;
	deep[4999] = 9;
	fesetround(FE_TOWARDZERO);
	save();
	CHECK(x == 1.0 / 3 && st == 3.0L / 7);
	CHECK_EQ(fegetround(), FE_TOWARDZERO);
	CHECK_EQ(tls_value, 77);
	CHECK_EQ(deep[4999], 9);
	/* raise() uses the thread's id, which is the new process's. */
	signal(SIGUSR1, SIG_IGN);
	CHECK_EQ(raise(SIGUSR1), 0);
}

static int in_data = 4;
static char in_bss[3 * 4096];

static char *map(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void fill(char *p, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (char)t_rand(&seed);
}

static void check(const char *p, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++)
		CHECK_EQ(p[i], (char)t_rand(&seed));
}

static void memory(void)
{
	char *small = malloc(100), *large = malloc(MIB), *mapped = map(MIB), *moved = map(8192),
	     *hidden = map(4096), *ro = map(4096);

	in_data = 44;
	fill(in_bss, sizeof(in_bss), 1);
	fill(small, 100, 2);
	fill(large, MIB, 3);
	fill(mapped, MIB, 4);
	fill(moved, 8192, 5);
	fill(hidden, 4096, 6);
	fill(ro, 4096, 7);
	SYS(munmap(mapped + MIB / 2, 4096));
	moved = mremap(moved, 8192, 2 * MIB, MREMAP_MAYMOVE);
	SYS(mprotect(hidden, 4096, PROT_NONE));
	SYS(mprotect(ro, 4096, PROT_READ));
	save();
	CHECK_EQ(in_data, 44);
	check(in_bss, sizeof(in_bss), 1);
	check(small, 100, 2);
	check(large, MIB, 3);
	check(mapped, MIB / 2, 4);
	check(moved, 8192, 5);
	check(ro, 4096, 7);
	CHECK_EQ(moved[2 * MIB - 1], 0);
	SYS(mprotect(hidden, 4096, PROT_READ));
	check(hidden, 4096, 6);
	CHECK_ERR(mprotect(mapped + MIB / 2, 4096, PROT_READ), ENOMEM);
	/* And it can go on: free, and allocate, from the heap and beside it. */
	free(large);
	for (int i = 1; i < 1000; i++)
		CHECK(malloc((size_t)i * 10) != NULL);
}

static void files(void)
{
	int in, copy, out, other;
	char buf[16] = "";
	FILE *f;

	t_put("in", "0123456789", 10);
	t_put("out", "", 0);
	in = SYS(open("in", O_RDONLY | O_CLOEXEC));
	CHECK_EQ(read(in, buf, 3), 3);
	copy = SYS(dup(in));
	other = SYS(open("./in", O_RDONLY));
	SYS(mkdir("sub", 0777));
	out = SYS(open("out", O_WRONLY | O_APPEND));
	CHECK_EQ(write(out, "before ", 7), 7);
	SYS(chdir("sub"));
	umask(027);
	f = fopen("../in", "r");
	CHECK_EQ(getc(f), '0');
	save();
	CHECK_EQ(umask(022), 027);
	CHECK_EQ(write(out, "after", 5), 5);
	CHECK_EQ(getc(f), '1');
	CHECK_EQ(read(in, buf, 1), 1);
	CHECK_EQ(buf[0], '3');
	/* One offset for both. */
	CHECK_EQ(read(copy, buf, 1), 1);
	CHECK_EQ(buf[0], '4');
	CHECK_EQ(read(other, buf, 1), 1);
	CHECK_EQ(buf[0], '0');
	CHECK_EQ(fcntl(in, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(copy, F_GETFD), 0);
	CHECK_EQ(fcntl(out, F_GETFL) & (O_ACCMODE | O_APPEND), O_WRONLY | O_APPEND);
	SYS(chdir(".."));
	CHECK_EQ(pread(SYS(open("out", O_RDONLY)), buf, 13, 0), 12);
	CHECK_STR(buf, "before after");
}

void on_signal(int sig)
{
	stack_t ss;

	sigaltstack(NULL, &ss);
	hits += ss.ss_flags & SS_ONSTACK ? 10 : 1;
}

static void signals(void)
{
	static char stack[16384];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	sigset_t set;

	SYS(sigaltstack(&ss, NULL));
	SYS(sigaction(SIGUSR1, &act, NULL));
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	save();
	raise(SIGUSR1);
	CHECK_EQ(hits, 10);
	raise(SIGUSR2);
	raise(SIGHUP);
	SYS(sigpending(&set));
	CHECK(sigismember(&set, SIGHUP));
}

/* In a handler: the interrupted code goes on as it was. */
static void save_in_handler(int sig)
{
	save();
}

static void handler(void)
{
	volatile double x[4] = { 0.1, 0.2, 0.3, 0.4 };
	double sum = 0;

	signal(SIGUSR1, save_in_handler);
	for (int i = 0; i < 4; i++) {
		sum += x[i];
		if (i == 1)
			raise(SIGUSR1);
	}
	CHECK(sum == 0.1 + 0.2 + 0.3 + 0.4);
}

/* The program goes on while the copy is written, and sees nothing of it. */
static void forked(void)
{
	char *p = map(4 * MIB);

	libckpt_set("fork on");
	signal(SIGCHLD, on_signal);
	fill(p, 4 * MIB, 1);
	switch (checkpoint_here()) {
	case 0:
		memset(p, 0, 4 * MIB);
		CHECK_ERR(wait(NULL), ECHILD);
		if (libckpt_wait(NULL) != 0)
			_exit(REFUSED);
		CHECK_EQ(hits, 0);
		printf("saved\n");
		fflush(stdout);
		_exit(SAVED);
	case 1: break;
	default: _exit(REFUSED);
	}
	check(p, 4 * MIB, 1);
}

/* The bytes of the last checkpoint, which must lie between. */
static void check_size(unsigned least, unsigned most)
{
	struct libckpt_stats st;

	CHECK_EQ(libckpt_wait(&st), 0);
	if (st.ls_bytes < least || st.ls_bytes > most)
		FAIL("expected %u to %u bytes, found %llu", least, most, st.ls_bytes);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	hits++;
	SYS(mprotect((void *)((uintptr_t)info->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE));
}

/*
 * What the kernel writes into protected memory, by calls that the library knows
 * and others.
 */
static void kernel_writes(char *p)
{
	struct timespec *t = (struct timespec *)(p + 8192);
	int fd = SYS(open("/proc/self/exe", O_RDONLY));
	FILE *f = fopen("in", "r");

	CHECK_EQ(read(fd, p, 4), 4);
	CHECK(memcmp(p, "\177ELF", 4) == 0);
	CHECK_EQ(getc(f), 'x');
	SYS(clock_getres(CLOCK_MONOTONIC, t));
	CHECK(t->tv_nsec > 0);
	SYS(stat("in", (struct stat *)(p + 3 * 4096)));
	fclose(f);
	SYS(close(fd));
}

/* Its own faults are the program's own, also while pages are protected. */
static void own_fault(void)
{
	struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	char *guarded = map(4096);

	SYS(mprotect(guarded, 4096, PROT_READ));
	SYS(sigaction(SIGSEGV, &act, NULL));
	guarded[0] = 1;
	CHECK_EQ(hits, 1);
	hits = 0;
}

static void increments(bool end)
{
	char *p = map(4 * MIB);

	t_put("in", "xyz", 3);
	fill(p, 4 * MIB, 1);
	save_and(false);
	check_size(4 * MIB, 5 * MIB);
	/*
	 * Nothing has changed but the library's own memory, the stack and what
	 * the call itself writes.
	 */
	save_and(false);
	check_size(4096, MIB / 4);
	p[5 * 4096] ^= 1;
	p[900 * 4096] ^= 1;
	save_and(false);
	check_size(2 * 4096, MIB / 4);
	own_fault();
	kernel_writes(p + MIB);
	SYS(munmap(p + 2 * MIB, 4096));
	memset(p + 3 * MIB, 0, 4096);
	save_and(end);
	p[5 * 4096] ^= 1;
	p[900 * 4096] ^= 1;
	check(p, MIB, 1);
	CHECK(memcmp(p + MIB, "\177ELF", 4) == 0);
	for (int i = 0; i < 4096; i++)
		CHECK_EQ(p[3 * MIB + i], 0);
	CHECK_ERR(mprotect(p + 2 * MIB, 4096, PROT_READ), ENOMEM);
	own_fault();
}

static void incremental(void)
{
	libckpt_set("incremental on");
	increments(true);
}

static void incremental_forked(void)
{
	libckpt_set("incremental on");
	libckpt_set("fork on");
	increments(true);
}

/* Files are at most maxfiles: then one that is whole takes the place of all. */
static void coalesced(void)
{
	char *p = map(MIB);

	libckpt_set("incremental on");
	libckpt_set("maxfiles 4");
	for (int i = 1; i <= 11; i++) {
		p[i * 4096] = (char)i;
		save_and(i == 11);
	}
	for (int i = 1; i <= 11; i++)
		CHECK_EQ(p[i * 4096], i);
}

/* Ranges that are left out, and taken in again. */
static void excluded(void)
{
	char *dead = map(4 * MIB), *constant = map(4 * MIB), *back = map(4 * MIB);

	fill(dead, 4 * MIB, 1);
	fill(constant, 4 * MIB, 2);
	fill(back, 4 * MIB, 3);
	CHECK_EQ(exclude_bytes(dead, 4 * MIB, CKPT_DEAD), 0);
	CHECK_EQ(exclude_bytes(constant, 4 * MIB, CKPT_READONLY), 0);
	CHECK_EQ(exclude_bytes(back, 4 * MIB, CKPT_DEAD), 0);
	CHECK_EQ(exclude_bytes(back, 4 * MIB, 77), -1);
	save_and(false);
	check_size(4 * MIB, 5 * MIB);
	save_and(false);
	check_size(4096, MIB);
	CHECK_EQ(include_bytes(back, 4 * MIB), 0);
	save();
	check(constant, 4 * MIB, 2);
	check(back, 4 * MIB, 3);
	dead[0] = 1;
}

/* Saved by the alarm of the option maxtime, in the middle of a loop. */
static void transparent(void)
{
	volatile uint32_t round = 0, sum = 0;
	uint32_t seed = 1;
	int saved = 0;

	while (!saved && round < 4000000000u) {
		if (round++ % 65536 == 0)
			saved = access("lctarget.ckpt.1", F_OK) == 0 && hits++ == 0;
		sum += t_rand(&seed);
	}
	printf("saved\n");
	fflush(stdout);
	if (access("second", F_OK) != 0)
		_exit(SAVED);
}

static const struct kind {
	const char *k_name;
	void (*k_run)(void);
} kinds[] = {
	{ "registers", registers },
	{ "memory", memory },
	{ "files", files },
	{ "signals", signals },
	{ "handler", handler },
	{ "forked", forked },
	{ "incremental", incremental },
	{ "incremental-forked", incremental_forked },
	{ "coalesced", coalesced },
	{ "excluded", excluded },
	{ "transparent", transparent },
	{ "pending", lc_pending_signal },
	{ "pipe", lc_pipes },
	{ "timer", lc_timer },
	{ "shared", lc_shared },
	{ "unlinked", lc_unlinked },
	{ "lock", lc_lock },
	{ "child", lc_child },
};

int main(int argc, char **argv)
{
	by_kernel = argc > 2 && strcmp(argv[2], "kernel") == 0;
	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].k_name, argv[1]) == 0) {
			kinds[i].k_run();
			printf("recovered\n");
			return 0;
		}
	}
	return 2;
}
