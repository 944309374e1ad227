/* SPDX-License-Identifier: MIT */
/*
 * A process that checkpoints itself in the middle of everything, and afterwards looks whether all is as it was.
 *
 *   ckpttest KIND NAME   sets up a kind of state, calls ckpt(NAME); prints "saved" (and ends) or, recovered, checks and prints
 *                        "recovered KIND"
 *   ckpttest -k          lists the kinds; without arguments: cases of what must be refused
 */
#include "ckpttest/ckpttest.h"
#include <fenv.h>
#include <reprise/ckpt.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>

static const char *image;
static volatile sig_atomic_t hits;

static void on_signal(int sig)
{
	hits++;
}

static void on_signal_altstack(int sig)
{
	stack_t ss;

	sigaltstack(NULL, &ss);
	hits += ss.ss_flags & SS_ONSTACK ? 10 : 1;
}

/* 1: this is the recovered process. The first one ends here. */
static void save(void)
{
	fflush(stdout);
	switch (ckpt(image, 0)) {
	case 0:
		printf("saved\n");
		fflush(stdout);
		_exit(0);
	case 1: return;
	default: FAIL("ckpt: %s", strerror(errno));
	}
}

static __thread int tls_value = 5;

static void registers(void)
{
	double x[4] = { 1.0 / 3, 2.0 / 7, 1e300, -0.0 }, y[4];
	long double st = 3.0L / 7, back;
	unsigned regs[3];
	int r;

	tls_value = 77;
	fesetround(FE_TOWARDZERO);
	/* The call itself, with values in registers all around it. */
	__asm__ volatile(
		"fldt %[st]; movups %[x0], %%xmm3; movups %[x1], %%xmm7; movl $0x1111, %%esi; movl $0x2222, %%edi;"
		"int $0x80;"
		"movl %%esi, %[r0]; movl %%edi, %[r1]; movups %%xmm3, %[y0]; movups %%xmm7, %[y1]; fstpt %[back]"
		: "=a"(r), [r0] "=m"(regs[0]), [r1] "=m"(regs[1]), [y0] "=m"(y[0]), [y1] "=m"(y[2]), [back] "=m"(back)
		: "0"(SYS_ckpt), "b"(image), "c"(0), [st] "m"(st), [x0] "m"(x[0]), [x1] "m"(x[2])
		: "esi", "edi", "xmm3", "xmm7", "memory");
	if (r == 0) {
		printf("saved\n");
		fflush(stdout);
		_exit(0);
	}
	CHECK_EQ(r, 1);
	CHECK(regs[0] == 0x1111 && regs[1] == 0x2222);
	CHECK(memcmp(x, y, sizeof(x)) == 0);
	CHECK(st == back);
	CHECK_EQ(fegetround(), FE_TOWARDZERO);
	CHECK_EQ(tls_value, 77);
}

static void memory(void)
{
	char *heap = malloc(300000),
	     *map = mmap(NULL, 10 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *ro = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile char stack[50000];
	uint32_t seed = 9;

	CHECK(heap && map != MAP_FAILED && ro != MAP_FAILED);
	memset(heap, 'h', 300000);
	for (int i = 0; i < 10 << 20; i += 4096)
		map[i + i / 4096] = i % 3 ? t_rand(&seed) : 0;
	memset((char *)stack, 's', sizeof(stack));
	strcpy(ro, "read only");
	SYS(mprotect(ro, 4096, PROT_READ));
	SYS(munmap(map + (5 << 20), 4096));
	int fd = SYS(open("/proc/self/exe", O_RDONLY));
	char *file = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(file != MAP_FAILED);
	file[5000] ^= 0x55;
	char changed = file[5000];
	SYS(close(fd));
	save();
	for (int i = 0; i < 300000; i++)
		CHECK_EQ(heap[i], 'h');
	seed = 9;
	for (int i = 0; i < 10 << 20; i += 4096) {
		char want = i % 3 ? t_rand(&seed) : 0;
		if (i != 5 << 20)
			CHECK_EQ(map[i + i / 4096], want);
	}
	for (unsigned i = 0; i < sizeof(stack); i++)
		CHECK_EQ(stack[i], 's');
	CHECK_STR(ro, "read only");
	CHECK(memcmp(file, "\177ELF", 4) == 0);
	CHECK_EQ(file[5000], changed);
	CHECK_ERR(mprotect(map + (5 << 20), 4096, PROT_READ), ENOMEM);
	/* And it can go on: allocate, grow the stack. */
	free(heap);
	for (int i = 0; i < 100; i++)
		CHECK((heap = malloc(10000)) != NULL);
}

static void signals(void)
{
	static char alt[16384];
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, now;
	struct sigaction sa = { .sa_handler = on_signal },
			 al = { .sa_handler = on_signal_altstack, .sa_flags = SA_ONSTACK };
	sigset_t block, pend;

	SYS(sigaction(SIGUSR1, &sa, NULL));
	SYS(sigaltstack(&ss, NULL));
	SYS(sigaction(SIGUSR2, &al, NULL));
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigaddset(&block, SIGRTMIN);
	SYS(sigprocmask(SIG_BLOCK, &block, NULL));
	raise(SIGUSR1);
	for (int i = 0; i < 3; i++) {
		union sigval v = { .sival_int = 100 + i };
		SYS(sigqueue(getpid(), SIGRTMIN, v));
	}
	save();
	SYS(sigpending(&pend));
	CHECK(sigismember(&pend, SIGUSR1) && sigismember(&pend, SIGRTMIN) && !sigismember(&pend, SIGTERM));
	for (int i = 0; i < 3; i++) {
		siginfo_t si;
		sigset_t rt;
		sigemptyset(&rt);
		sigaddset(&rt, SIGRTMIN);
		CHECK_EQ(sigwaitinfo(&rt, &si), SIGRTMIN);
		CHECK_EQ(si.si_value.sival_int, 100 + i);
	}
	CHECK_EQ(hits, 0);
	SYS(sigprocmask(SIG_UNBLOCK, &block, NULL));
	CHECK_EQ(hits, 1);
	SYS(sigaltstack(NULL, &now));
	CHECK(now.ss_sp == alt && now.ss_size == sizeof(alt));
	raise(SIGUSR2);
	CHECK_EQ(hits, 11);
	raise(SIGHUP);
}

static void files(void)
{
	char buf[64], cwd[256], now[256];
	struct stat st;

	SYS(mkdir("ckpt-files", 0755));
	SYS(chdir("ckpt-files"));
	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	umask(031);
	int a = SYS(open("a", O_RDWR | O_CREAT, 0640)),
	    b = SYS(open("b", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
	CHECK_EQ(write(a, "0123456789", 10), 10);
	CHECK_EQ(lseek(a, 4, SEEK_SET), 4);
	CHECK_EQ(write(b, "first\n", 6), 6);
	int shared = SYS(dup2(a, 60)), dir = SYS(open("..", O_RDONLY | O_DIRECTORY)),
	    null = SYS(open("/dev/null", O_RDWR));
	save();
	CHECK_EQ(lseek(a, 0, SEEK_CUR), 4);
	CHECK_EQ(read(shared, buf, 3), 3);
	CHECK(memcmp(buf, "456", 3) == 0);
	CHECK_EQ(lseek(a, 0, SEEK_CUR), 7);
	CHECK_EQ(fcntl(a, F_GETFD), 0);
	CHECK_EQ(fcntl(b, F_GETFD), FD_CLOEXEC);
	CHECK(fcntl(b, F_GETFL) & O_APPEND);
	CHECK_EQ(write(b, "second\n", 7), 7);
	SYS(stat("b", &st));
	CHECK_EQ(st.st_size, 13);
	SYS(fstatat(dir, "ckpt-files", &st, 0));
	CHECK_EQ(write(null, "x", 1), 1);
	CHECK(getcwd(now, sizeof(now)) && strcmp(cwd, now) == 0);
	CHECK_EQ(umask(0), 031);
	CHECK_ERR(fcntl(61, F_GETFD), EBADF);
	CHECK(open("new", O_CREAT | O_WRONLY, 0600) >= 0);
}

static void identity(void)
{
	pid_t pid = getpid(), tid = syscall(SYS_gettid);
	struct rlimit rl = { 77, 99 }, back;
	struct itimerval it = { { 0, 0 }, { 500, 0 } };

	SYS(setrlimit(RLIMIT_NOFILE, &rl));
	SYS(nice(4) == -1 ? -1 : 0);
	SYS(setitimer(ITIMER_REAL, &it, NULL));
	if (geteuid() == 0) {
		SYS(setgid(55));
		SYS(setresuid(0, 0, 66));
	}
	save();
	CHECK_EQ(getpid(), pid);
	CHECK_EQ(syscall(SYS_gettid), tid);
	CHECK_EQ(kill(pid, 0), 0);
	SYS(getrlimit(RLIMIT_NOFILE, &back));
	CHECK(back.rlim_cur == 77 && back.rlim_max == 99);
	errno = 0;
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 4);
	SYS(getitimer(ITIMER_REAL, &it));
	CHECK(it.it_value.tv_sec > 400 && it.it_value.tv_sec <= 500);
	if (geteuid() == 0) {
		uid_t r, e, s;
		SYS(getresuid(&r, &e, &s));
		CHECK(r == 0 && e == 0 && s == 66 && getgid() == 55);
	}
	/* Its children are ordinary ones. */
	pid_t kid = t_fork();
	if (kid == 0)
		_exit(getppid() == pid ? 9 : 1);
	CHECK_EQ(WEXITSTATUS(t_wait(kid)), 9);
}

static void twice(void)
{
	char name[300];
	static int generation;

	generation = 1;
	snprintf(name, sizeof(name), "%s2", image);
	int r = ckpt(name, 0);
	CHECK(r == 0);
	generation = 2;
	save();
	CHECK_EQ(generation, 2);
	/* A recovered process can be saved again. */
	r = ckpt(name, 0);
	CHECK(r == 0 || r == 1);
	if (r == 0)
		printf("saved again\n");
}

static void in_handler_now(int sig)
{
	save();
	hits = 42;
}

static void in_handler(void)
{
	signal(SIGUSR1, in_handler_now);
	raise(SIGUSR1);
	CHECK_EQ(hits, 42);
}

static const struct {
	const char *name;
	void (*fn)(void);
} kinds[] = {
	{ "registers", registers },   { "memory", memory },	{ "signals", signals },
	{ "files", files },	      { "identity", identity }, { "twice", twice },
	{ "in-handler", in_handler },
};

static int t_hook(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "-k") == 0) {
		for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			printf("%s\n", kinds[i].name);
		return 0;
	}
	if (argc != 3)
		return -1;
	image = argv[2];
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(argv[1], kinds[i].name) == 0) {
			kinds[i].fn();
			printf("recovered %s\n", argv[1]);
			return 0;
		}
	}
	return 2;
}
