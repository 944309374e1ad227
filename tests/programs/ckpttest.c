/* SPDX-License-Identifier: MIT */
/*
 * A process that checkpoints itself in the middle of everything, and afterwards looks whether all is as it was.
 *
 *   ckpttest KIND NAME   sets up a kind of state, calls ckpt(NAME); prints "saved" (and ends) or, recovered, checks and prints
 *                        "recovered KIND"
 *   ckpttest -k          lists the kinds; without arguments: cases of what must be refused
 */
#include "t.h"
#include <fenv.h>
#include <pthread.h>
#include <reprise/ckpt.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <termios.h>

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

static int just_waits(void *arg)
{
	for (;;)
		pause();
	return 0;
}

/* What must be refused, with nothing left behind; all in one process that never recovers. */
static int obstacles(pid_t pid)
{
	static struct ckpt_obstacles ob;

	return SYS(ckptctl(CKPTCTL_CAN, pid, &ob));
}

TEST(refused)
{
	char longname[300];
	int p[2];

	CHECK_ERR(ckpt(NULL, 0), EFAULT);
	CHECK_ERR(ckpt((char *)0xc0000000, 0), EFAULT);
	CHECK_ERR(ckpt("", 0), ENOENT);
	CHECK_ERR(ckpt("no/such/place", 0), ENOENT);
	CHECK_ERR(ckpt("x", 0x80000000), EINVAL);
	memset(longname, 'n', 299);
	longname[299] = 0;
	CHECK_ERR(ckpt(longname, 0), ENAMETOOLONG);
	longname[253] = 0; /* with the suffix it is too long */
	CHECK_ERR(ckpt(longname, 0), ENAMETOOLONG);
	CHECK_ERR(recover("nothing", 0), ENOENT);
	CHECK_ERR(recover(NULL, 0), EFAULT);
	CHECK_ERR(recover("x", 0x80000000), EINVAL);
	t_put("junk_ckpt", "this is no image", 16);
	CHECK(recover("junk", 0) == -1 && (errno == ENOEXEC || errno == EBADMSG));
	t_put("empty_ckpt", "", 0);
	CHECK(recover("empty", 0) == -1 && (errno == ENOEXEC || errno == EBADMSG));
	SYS(mkdir("dir_ckpt", 0755));
	CHECK(recover("dir", 0) == -1);
	CHECK_ERR(tckpt(99999, "x", 0), ESRCH);
	SYS(pipe(p));
	(void)p;
	/* A lock of what is no file. */
	p[0] = SYS(open("/dev/null", O_RDWR));
	SYS(flock(p[0], LOCK_EX));
	CHECK_EQ(obstacles(getpid()), 1);
	CHECK_ERR(ckpt("x", 0), EOPNOTSUPP);
	SYS(close(p[0]));
	SYS(pipe(p));
	SYS(flock(p[1], LOCK_SH));
	CHECK_ERR(ckpt("x", 0), EOPNOTSUPP);
	SYS(close(p[0]));
	SYS(close(p[1]));
}

/* Not one of two who have memory, or descriptors, together: and the other is the parent, who would not be in the image. */
TEST(not_without_the_other)
{
	static const int flags[] = { CLONE_VM, CLONE_FILES };

	for (int i = 0; i < 2; i++) {
		char *stack = SYS((char *)mmap(NULL, 16384, PROT_READ | PROT_WRITE,
					       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		pid_t pid = SYS(clone(just_waits, stack + 16384, flags[i] | SIGCHLD, NULL));

		CHECK_ERR(tckpt(pid, "x", CKPT_WAIT), EOPNOTSUPP);
		CHECK_ERR(tckpt(pid, "x", CKPT_WAIT | CKPT_TREE), EOPNOTSUPP);
		CHECK_ERR(ckpt("x", 0), EOPNOTSUPP);
		CHECK_EQ(ckpt("x", CKPT_TREE), 0);
		SYS(kill(pid, SIGKILL));
		CHECK_EQ(t_wait(pid), SIGKILL);
		SYS(munmap(stack, 16384));
		SYS(unlink("x_ckpt"));
	}
}

/* A vfork ends when the child executes an image, too. */
TEST(vfork_and_image)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		if (ckpt("v", 0) == 1)
			just_waits(NULL);
		_exit(0);
	}
	t_join(pid);
	SYS(chmod("v_ckpt", 0700));
	pid = vfork();
	if (pid == 0) {
		execl("v_ckpt", "v", (char *)NULL);
		_exit(9);
	}
	CHECK(pid > 0);
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

/* A file that is made again has the mode that it had, whatever the caller's umask is. */
TEST(made_again)
{
	struct stat st;
	pid_t pid = t_fork();

	if (pid == 0) {
		umask(0);
		int fd = SYS(open("made", O_RDWR | O_CREAT, 0666));
		CHECK_EQ(write(fd, "text", 4), 4);
		if (ckpt("x", CKPT_SELF) == 0)
			_exit(0);
		CHECK_EQ(write(fd, " more", 5), 5);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
	SYS(unlink("made"));
	umask(077);
	CHECK_EQ(t_wait(SYS(recover("x", 0))), 0);
	SYS(stat("made", &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0666);
	CHECK_EQ(st.st_size, 9);
}

/* Who reads what another description writes has one file with it, also where it has grown since, or was made again. */
static void append_and_read(unsigned flags, int gone)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		int in = SYS(open("grows", O_RDONLY | O_CREAT, 0600)),
		    out = SYS(open("grows", O_WRONLY | O_APPEND)), other = SYS(open("grows", O_RDWR));
		struct stat a, b;
		char buf[8];
		int r;

		CHECK_EQ(write(out, "one", 3), 3);
		CHECK_EQ(read(in, buf, 3), 3);
		r = ckpt("x", flags);
		if (r == 0) {
			CHECK_EQ(write(out, "two", 3), 3);
			_exit(0);
		}
		CHECK_EQ(r, 1);
		SYS(fstat(in, &a));
		SYS(fstat(other, &b));
		CHECK(a.st_ino == b.st_ino);
		SYS(stat("grows", &b));
		CHECK(a.st_ino == b.st_ino);
		CHECK_EQ(pwrite(other, "xyz", 3, 3), 3);
		CHECK_EQ(read(in, buf, sizeof(buf)), 3);
		CHECK(memcmp(buf, "xyz", 3) == 0);
		_exit(0);
	}
	t_join(pid);
	if (gone)
		SYS(unlink("grows"));
	t_join(SYS(recover("x", 0)));
	SYS(unlink("grows"));
}

TEST(read_and_written)
{
	append_and_read(0, 0);
	append_and_read(CKPT_SELF, 0);
	append_and_read(CKPT_SELF, 1);
}

/* What others write to a file, while it is being saved, is in the image before or after: never half. */
TEST(written_meanwhile)
{
	enum { PAGES = 200 };
	char block[4096];
	int fd = SYS(open("log", O_RDWR | O_CREAT, 0600));
	pid_t writer, pid;

	memset(block, 'a', sizeof(block));
	for (int i = 0; i < PAGES; i++)
		CHECK_EQ(pwrite(fd, block, sizeof(block), i * 4096), 4096);
	writer = t_fork();
	if (writer == 0) {
		for (unsigned n = 0;; n++) {
			memset(block, n, sizeof(block));
			pwrite(fd, block, sizeof(block), n % PAGES * 4096);
		}
	}
	pid = t_fork();
	if (pid == 0) {
		for (;;)
			pause();
	}
	for (int i = 0; i < 30; i++) {
		pid_t copy;

		SYS(tckpt(pid, "x", CKPT_SELF | CKPT_WAIT));
		copy = SYS(recover("x", RECOVER_NEWPID));
		SYS(kill(copy, SIGKILL));
		CHECK_EQ(t_wait(copy), SIGKILL);
	}
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
	SYS(kill(writer, SIGKILL));
	CHECK_EQ(t_wait(writer), SIGKILL);
	SYS(close(fd));
}

static volatile int go;

static void *execute(void *tid)
{
	*(volatile pid_t *)tid = syscall(SYS_gettid);
	while (!go)
		usleep(1000);
	execl("image_ckpt", "image", (char *)NULL);
	_exit(9);
}

/* An image that a thread executes: the thread's id is free afterwards. */
TEST(exec_by_thread)
{
	int fd = SYS(open("tid", O_RDWR | O_CREAT, 0600));
	volatile pid_t *tid = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char path[64];
	pid_t pid, copy;

	SYS(truncate("tid", 4096));
	pid = t_fork();
	if (pid == 0) {
		/* What is in "tid" changes meanwhile. */
		SYS(munmap((void *)tid, 4096));
		SYS(close(fd));
		if (ckpt("image", 0) == 0)
			SYS(chmod("image_ckpt", 0700));
		_exit(0);
	}
	t_join(pid);
	pid = t_fork();
	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, execute, (void *)tid);
		while (!*tid)
			usleep(1000);
		go = ckpt("two", 0) == 0;
		pthread_join(t, NULL);
		_exit(9);
	}
	t_join(pid);
	/* Another one with both ids. */
	copy = SYS(recover("two", 0));
	CHECK_EQ(copy, pid);
	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)pid, (int)*tid);
	SYS(access(path, F_OK));
	SYS(kill(copy, SIGKILL));
	CHECK_EQ(t_wait(copy), SIGKILL);
}

/* Who was brought back under other ids is saved for itself, and not with one who knows it by those. */
TEST(under_other_ids)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		setpgid(0, 0);
		pid = t_fork();
		if (pid == 0) {
			t_on_its_own();
			int r = ckpt("mine", 0);

			if (r == 0)
				_exit(0);
			CHECK_EQ(r, 1);
			pause();
			_exit(3);
		}
		t_join(pid);
		pid = SYS(recover("mine", RECOVER_NEWPID));
		t_await_state(pid, "S");
		CHECK_ERR(ckpt("both", CKPT_TREE), EOPNOTSUPP);
		CHECK_ERR(ckpt("both", CKPT_JOB), EOPNOTSUPP);
		SYS(tckpt(pid, "job", CKPT_JOB | CKPT_WAIT));
		SYS(kill(pid, SIGKILL));
		CHECK_EQ(t_wait(pid), SIGKILL);
		pid = SYS(recover("job", 0));
		SYS(kill(pid, SIGKILL));
		CHECK_EQ(t_wait(pid), SIGKILL);
		_exit(0);
	}
	t_join(pid);
}

/* A job whose leader has ended, under other ids: both ends of its pipe are in it. */
TEST(job_without_leader)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		pid_t leader = t_fork(), part[2];
		int p[2];

		if (leader == 0)
			pause();
		setpgid(leader, leader);
		SYS(pipe(p));
		for (int i = 0; i < 2; i++) {
			part[i] = t_fork();
			if (part[i] == 0) {
				t_on_its_own();
				close(p[!i]);
				for (;;)
					pause();
			}
			setpgid(part[i], leader);
		}
		SYS(close(p[0]));
		SYS(close(p[1]));
		t_await_state(part[0], "S");
		t_await_state(part[1], "S");
		SYS(kill(leader, SIGKILL));
		CHECK_EQ(t_wait(leader), SIGKILL);
		SYS(tckpt(part[0], "parts", CKPT_JOB | CKPT_WAIT));
		pid = SYS(recover("parts", RECOVER_NEWPID));
		t_await_state(pid, "S");
		SYS(tckpt(pid, "again", CKPT_JOB | CKPT_WAIT));
		_exit(0);
	}
	t_join(pid);
}

/* A program in memory that was removed while it runs. */
TEST(program_removed)
{
	static char buf[65536];
	int in = SYS(open("/bin/busybox", O_RDONLY)),
	    out = SYS(open("/tmp/busybox", O_WRONLY | O_CREAT, 0755));
	ssize_t n;
	pid_t pid;

	while ((n = SYS(read(in, buf, sizeof(buf)))) > 0)
		CHECK_EQ(write(out, buf, n), n);
	SYS(close(in));
	SYS(close(out));
	pid = t_fork();
	if (pid == 0) {
		t_on_its_own();
		execl("/tmp/busybox", "sleep", "1000", (char *)NULL);
		_exit(9);
	}
	t_await_state(pid, "S");
	SYS(unlink("/tmp/busybox"));
	for (int i = 0; i < 2; i++) {
		SYS(tckpt(pid, "x", CKPT_WAIT));
		SYS(kill(pid, SIGKILL));
		CHECK_EQ(t_wait(pid), SIGKILL);
		pid = SYS(recover("x", 0));
		t_await_state(pid, "S");
	}
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

static int cut_pipe[2];

static void *write_too_much(void *arg)
{
	static char block[200000];
	int fd;

	CHECK_EQ(write(cut_pipe[1], block, sizeof(block)), 65536);
	fd = SYS(open("whole", O_RDWR | O_CREAT, 0600));
	CHECK_EQ(write(fd, block, 100), 100);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 100);
	return NULL;
}

/* A write that a checkpoint cuts short, and that cannot go on: it tells what it has written, and the next one is whole. */
TEST(write_cut)
{
	pthread_t t;
	int n = 0;

	SYS(pipe(cut_pipe));
	pthread_create(&t, NULL, write_too_much, NULL);
	while (n < 65536) {
		usleep(1000);
		SYS(ioctl(cut_pipe[0], FIONREAD, &n));
	}
	SYS(close(cut_pipe[1]));
	CHECK_EQ(ckpt("x", 0), 0);
	pthread_join(t, NULL);
}

static void *write_for_long(void *arg)
{
	static char block[65536];
	int fd = open("long", O_RDWR | O_CREAT, 0600);

	for (;;) {
		pwrite(fd, block, sizeof(block), 0);
		fsync(fd);
	}
	return NULL;
}

/* One lwp of the child is in execve(), and waits for the end of another, which comes to the boundary late, when the checkpoint holds it there. */
TEST(exec_meanwhile)
{
	for (int i = 0; i < 5; i++) {
		pid_t pid = t_fork();
		int status, r;

		if (pid == 0) {
			pthread_t t;

			pthread_create(&t, NULL, write_for_long, NULL);
			usleep(2000 * i);
			execl("/bin/true", "true", (char *)NULL);
			_exit(1);
		}
		do {
			r = ckpt("x", CKPT_TREE);
			CHECK(r == 0);
		} while (waitpid(pid, &status, WNOHANG) == 0);
		CHECK_EQ(status, 0);
	}
}

static int pty_master, pty_slave;

static int open_pty(char name[32])
{
	int n, zero = 0;

	pty_master = SYS(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	SYS(ioctl(pty_master, TIOCSPTLCK, &zero));
	SYS(ioctl(pty_master, TIOCGPTN, &n));
	snprintf(name, 32, "/dev/pts/%d", n);
	pty_slave = SYS(open(name, O_RDWR | O_NOCTTY));
	return n;
}

static void say(int fd, const char *text)
{
	CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void hear(int fd, const char *text)
{
	char buf[64] = "";

	CHECK_EQ(read(fd, buf, sizeof(buf) - 1), (ssize_t)strlen(text));
	CHECK_STR(buf, text);
}

static void end_it(pid_t pid)
{
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

/* One end of a pseudo terminal is somebody else's: of the slave it is a terminal like another, of the master it cannot be saved. */
TEST(terminal_of_others)
{
	char name[32];
	pid_t pid;

	open_pty(name);
	pid = t_fork();
	if (pid == 0) {
		SYS(close(pty_master));
		hear(pty_slave, "go on\n");
		say(pty_slave, "done");
		_exit(0);
	}
	t_await_state(pid, "S");
	SYS(tckpt(pid, "slave", CKPT_WAIT));
	end_it(pid);
	pid = SYS(recover("slave", 0));
	say(pty_master, "go on\n");
	CHECK_EQ(t_wait(pid), 0);
	hear(pty_master, "go on\r\ndone");

	pid = t_fork();
	if (pid == 0) {
		SYS(close(pty_slave));
		for (;;)
			pause();
	}
	t_await_state(pid, "S");
	CHECK_ERR(tckpt(pid, "master", CKPT_WAIT), EOPNOTSUPP);
	CHECK_EQ(obstacles(pid), 1);
	end_it(pid);
}

#define TIOCVHANGUP_L 0x5437 /* linux-libc-dev's asm-generic/ioctls.h */

/* A description that was hung up, of a line that is alive: no image has that. */
/* The modes of a line that is nobody's terminal are those of who has it open. */
TEST_ROOT(line_of_nobody)
{
	struct termios cooked, raw;
	pid_t pid = t_fork();
	int fd;

	if (pid == 0) {
		fd = SYS(open("/dev/tty1", O_RDWR | O_NOCTTY | O_NONBLOCK));
		SYS(tcgetattr(fd, &raw));
		cfmakeraw(&raw);
		SYS(tcsetattr(fd, TCSANOW, &raw));
		if (ckpt("x", 0) == 0)
			_exit(0);
		SYS(tcgetattr(fd, &cooked));
		CHECK_EQ(cooked.c_lflag, raw.c_lflag);
		CHECK_EQ(cooked.c_iflag, raw.c_iflag);
		_exit(0);
	}
	fd = SYS(open("/dev/tty1", O_RDWR | O_NOCTTY | O_NONBLOCK));
	SYS(tcgetattr(fd, &cooked));
	t_join(pid);
	SYS(tcsetattr(fd, TCSANOW, &cooked)); /* as after a reboot */
	t_join(SYS(recover("x", 0)));
	SYS(tcsetattr(fd, TCSANOW, &cooked));
	SYS(close(fd));
}

TEST_ROOT(terminal_hung_up)
{
	char name[32];

	open_pty(name);
	CHECK_EQ(ckpt("alive", 0), 0);
	SYS(ioctl(pty_slave, TIOCVHANGUP_L));
	CHECK_EQ(obstacles(0), 1);
	CHECK_ERR(ckpt("hung", 0), EOPNOTSUPP);
	SYS(close(pty_slave));
	CHECK_EQ(ckpt("closed", 0), 0);
}

static void know_number(int n)
{
	char name[32];
	struct stat a, b;
	int now;

	SYS(ioctl(pty_master, TIOCGPTN, &now));
	snprintf(name, sizeof(name), "/dev/pts/%d", now);
	SYS(stat(name, &a));
	SYS(fstat(pty_slave, &b));
	CHECK(a.st_rdev == b.st_rdev && a.st_ino == b.st_ino);
	say(pty_slave, "here");
	hear(pty_master, "here");
	_exit(now == n ? 0 : 7);
}

/* Its number is in use when it comes back. */
TEST(terminal_number_taken)
{
	char name[32];
	pid_t pid = t_fork();
	int n;

	if (pid == 0) {
		n = open_pty(name);
		CHECK_EQ(obstacles(0), 0);
		if (ckpt("number", 0) == 0)
			_exit(0);
		know_number(n);
	}
	CHECK_EQ(t_wait(pid), 0);
	CHECK_EQ(t_wait(SYS(recover("number", 0))), 0);
	open_pty(name);
	CHECK_ERR(recover("number", 0), EBUSY);
	CHECK_EQ(t_wait(SYS(recover("number", RECOVER_CHANGED))), 7 << 8);
	SYS(close(pty_master));
	SYS(close(pty_slave));
	CHECK_EQ(t_wait(SYS(recover("number", 0))), 0);
}

static void pass_on(int in, int out, int times)
{
	char c;

	while (read(in, &c, 1) == 1) {
		c += times;
		CHECK_EQ(write(out, &c, 1), 1);
	}
}

/* Part i of a job: reads from pipe i, writes into pipe i + 1. The one in the middle does so by a child. */
static void part(int i, int (*p)[2], pid_t group)
{
	int st;

	SYS(setpgid(0, group));
	for (int k = 0; k < 4; k++) {
		if (k != i)
			SYS(close(p[k][0]));
		if (k != i + 1)
			SYS(close(p[k][1]));
	}
	if (i == 1) {
		pid_t pid = t_fork();

		if (pid == 0) {
			pass_on(p[i][0], p[i + 1][1], 1);
			_exit(0);
		}
		SYS(close(p[i + 1][1]));
		CHECK_EQ(waitpid(pid, &st, 0), pid);
	}
	pass_on(p[i][0], p[i + 1][1], 1);
	_exit(10 + i);
}

/* Three processes, one group, pipes between them: not one descends from another. */
TEST(job)
{
	int p[4][2], st, left = 0;
	pid_t pid[3];
	char text[30] = "";

	/* Both ends of the job: files by name, so that all of it is in the image. */
	SYS(mkfifo("in", 0600));
	SYS(mkfifo("out", 0600));
	for (int i = 1; i < 3; i++)
		SYS(pipe(p[i]));
	p[0][0] = p[0][1] = p[3][0] = p[3][1] = -1;
	for (int i = 0; i < 3; i++) {
		pid[i] = t_fork();
		if (pid[i] == 0) {
			p[0][0] = dup(0);
			p[0][1] = dup(0);
			p[3][0] = dup(0);
			p[3][1] = dup(0);
			if (i == 0)
				dup2(SYS(open("in", O_RDONLY)), p[0][0]);
			if (i == 2)
				dup2(SYS(open("out", O_RDWR)), p[3][1]);
			part(i, p, i ? pid[0] : 0);
		}
		SYS(setpgid(pid[i], pid[0]));
	}
	for (int i = 1; i < 3; i++) {
		SYS(close(p[i][0]));
		SYS(close(p[i][1]));
	}
	/* The last one has its end of "out". */
	while ((st = open("out", O_WRONLY | O_NONBLOCK)) < 0)
		sched_yield();
	SYS(close(st));
	CHECK_ERR(tckpt(pid[0], "part", CKPT_WAIT | CKPT_TREE), EOPNOTSUPP);
	SYS(tckpt(pid[0], "job", CKPT_WAIT | CKPT_JOB));
	SYS(kill(-pid[0], SIGKILL));
	for (int i = 0; i < 3; i++)
		CHECK_EQ(t_wait(pid[i]), SIGKILL);
	/* The child of the one in the middle is init's, and in the group until that has waited for it: so long nobody has the group's number. */
	while (kill(-pid[0], 0) == 0)
		sched_yield();
	CHECK_EQ(recover("job", 0), pid[0]);
	CHECK_ERR(recover("job", 0), EBUSY); /* the named pipes are theirs now */
	for (int i = 0; i < 3; i++)
		CHECK_EQ(getpgid(pid[i]), pid[0]);
	st = SYS(open("in", O_WRONLY));
	CHECK_EQ(write(st, "abc", 3), 3);
	left = SYS(open("out", O_RDONLY));
	for (int n = 0; n < 3;)
		n += SYS(read(left, text + n, 3 - n));
	CHECK_STR(text, "def");
	SYS(close(st));
	for (int i = 0; i < 3; i++)
		CHECK_EQ(t_wait(pid[i]), (10 + i) << 8);
}

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
