/* SPDX-License-Identifier: MIT */
/* Signals: actions, masks, queues, restarts. Faults are in sigfault.c. */
#include "t.h"
#include <sys/resource.h>

static volatile sig_atomic_t hits, last, order[16], depth, max_depth;

static void count(int sig)
{
	if (hits < 16)
		order[hits] = sig;
	hits++;
	last = sig;
}

static void act(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };

	SYS(sigaction(sig, &sa, NULL));
}

static sigset_t set_of(int sig, ...)
{
	sigset_t s;
	va_list ap;

	sigemptyset(&s);
	va_start(ap, sig);
	for (; sig; sig = va_arg(ap, int))
		sigaddset(&s, sig);
	va_end(ap);
	return s;
}

TEST(handler_runs_and_returns)
{
	volatile int before = 0x1234;
	register int in_register __asm__("esi") = 77;

	act(SIGUSR1, count, 0);
	__asm__ volatile("" : "+r"(in_register));
	CHECK_EQ(raise(SIGUSR1), 0);
	__asm__ volatile("" : "+r"(in_register));
	CHECK_EQ(hits, 1);
	CHECK_EQ(last, SIGUSR1);
	CHECK_EQ(before, 0x1234);
	CHECK_EQ(in_register, 77);
}

TEST(every_signal_can_be_caught)
{
	int n = 0;

	for (int sig = 1; sig <= 64; sig++) {
		struct sigaction sa = { .sa_handler = count };

		if (sig == SIGKILL || sig == SIGSTOP) {
			CHECK_ERR(sigaction(sig, &sa, NULL), EINVAL);
			continue;
		}
		if (sigaction(sig, &sa, NULL) < 0)
			continue; /* the two or three that the C library keeps */
		SYS(kill(getpid(), sig));
		CHECK_EQ(last, sig);
		n++;
	}
	CHECK_EQ(hits, n);
	CHECK(n >= 59);
	CHECK_ERR(kill(getpid(), 65), EINVAL);
	CHECK_ERR(kill(getpid(), -1), EINVAL);
}

TEST(default_actions)
{
	static const char ignored[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT };
	static const char stops[] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGSTOP };
	struct rlimit none = { 0, 0 };

	SYS(setrlimit(RLIMIT_CORE, &none));
	for (int sig = 1; sig < 32; sig++) {
		int st;
		pid_t pid = t_fork();
		if (pid == 0) {
			SYS(kill(getpid(), sig));
			_exit(0);
		}
		CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
		if (memchr(ignored, sig, sizeof(ignored))) {
			CHECK_EQ(st, 0);
		} else if (memchr(stops, sig, sizeof(stops))) {
			CHECK(WIFSTOPPED(st) && WSTOPSIG(st) == sig);
			SYS(kill(pid, SIGCONT));
			t_join(pid);
		} else {
			CHECK(WIFSIGNALED(st) && WTERMSIG(st) == sig);
		}
	}
}

TEST(blocked_until_unblocked)
{
	sigset_t s = set_of(SIGUSR1, SIGUSR2, 0), old, pend;

	act(SIGUSR1, count, 0);
	act(SIGUSR2, count, 0);
	SYS(sigprocmask(SIG_BLOCK, &s, &old));
	CHECK(!sigismember(&old, SIGUSR1));
	for (int i = 0; i < 5; i++)
		SYS(kill(getpid(), SIGUSR2));
	SYS(kill(getpid(), SIGUSR1));
	CHECK_EQ(hits, 0);
	SYS(sigpending(&pend));
	CHECK(sigismember(&pend, SIGUSR1) && sigismember(&pend, SIGUSR2) && !sigismember(&pend, SIGTERM));
	SYS(sigprocmask(SIG_SETMASK, &old, NULL));
	/* Standard signals do not queue; the lower number is taken first, so the higher one's handler runs first on top. */
	CHECK_EQ(hits, 2);
	SYS(sigpending(&pend));
	CHECK(!sigismember(&pend, SIGUSR1));
	CHECK_ERR(sigprocmask(77, &s, NULL), EINVAL);
	s = set_of(SIGKILL, SIGSTOP, SIGHUP, 0);
	SYS(sigprocmask(SIG_BLOCK, &s, NULL));
	SYS(sigprocmask(SIG_BLOCK, NULL, &old));
	CHECK(!sigismember(&old, SIGKILL) && !sigismember(&old, SIGSTOP) && sigismember(&old, SIGHUP));
}

static void nested(int sig)
{
	depth++;
	if (depth > max_depth)
		max_depth = depth;
	if (hits++ < 4)
		raise(SIGUSR1);
	depth--;
}

TEST(own_signal_blocked_in_handler)
{
	act(SIGUSR1, nested, 0);
	raise(SIGUSR1);
	CHECK_EQ(hits, 5);
	CHECK_EQ(max_depth, 1);
}

TEST(nodefer_nests)
{
	act(SIGUSR1, nested, SA_NODEFER);
	raise(SIGUSR1);
	CHECK_EQ(hits, 5);
	CHECK_EQ(max_depth, 5);
}

static void look_at_mask(int sig)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	hits = sigismember(&now, SIGUSR1) | sigismember(&now, SIGHUP) << 1 | sigismember(&now, SIGTERM) << 2;
}

TEST(mask_during_handler)
{
	struct sigaction sa = { .sa_handler = look_at_mask, .sa_mask = set_of(SIGHUP, 0) };
	sigset_t s = set_of(SIGTERM, 0), now;

	SYS(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	CHECK_EQ(hits, 3);
	SYS(sigprocmask(SIG_BLOCK, &s, NULL));
	raise(SIGUSR1);
	CHECK_EQ(hits, 7);
	SYS(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK(!sigismember(&now, SIGUSR1) && !sigismember(&now, SIGHUP) && sigismember(&now, SIGTERM));
}

TEST(one_shot)
{
	struct sigaction sa;

	act(SIGUSR1, count, SA_RESETHAND);
	raise(SIGUSR1);
	CHECK_EQ(hits, 1);
	SYS(sigaction(SIGUSR1, NULL, &sa));
	CHECK(sa.sa_handler == SIG_DFL);
	pid_t pid = t_fork();
	if (pid == 0) {
		raise(SIGUSR1);
		_exit(0);
	}
	CHECK_EQ(WTERMSIG(t_wait(pid)), SIGUSR1);
}

static siginfo_t info;
static void take_info(int sig, siginfo_t *si, void *uc)
{
	info = *si;
	hits++;
}

TEST(info_of_kill_and_queue)
{
	struct sigaction sa = { .sa_sigaction = take_info, .sa_flags = SA_SIGINFO };
	union sigval v = { .sival_int = 0x1234567 };

	SYS(sigaction(SIGUSR1, &sa, NULL));
	SYS(sigaction(SIGRTMIN, &sa, NULL));
	SYS(kill(getpid(), SIGUSR1));
	CHECK_EQ(info.si_signo, SIGUSR1);
	CHECK_EQ(info.si_code, SI_USER);
	CHECK_EQ(info.si_pid, getpid());
	CHECK_EQ(info.si_uid, getuid());
	SYS(raise(SIGUSR1));
	CHECK_EQ(info.si_code, SI_TKILL);
	SYS(sigqueue(getpid(), SIGRTMIN, v));
	CHECK_EQ(info.si_code, SI_QUEUE);
	CHECK_EQ(info.si_value.sival_int, 0x1234567);
	CHECK_EQ(info.si_pid, getpid());
	CHECK_EQ(hits, 3);
	CHECK_ERR(sigqueue(99999, SIGRTMIN, v), ESRCH);
}

TEST(realtime_queue_in_order)
{
	sigset_t s = set_of(SIGRTMIN, SIGRTMIN + 1, SIGUSR1, 0);
	siginfo_t si;
	struct timespec none = { 0, 0 };

	SYS(sigprocmask(SIG_BLOCK, &s, NULL));
	for (int i = 0; i < 10; i++) {
		union sigval v = { .sival_int = i };
		SYS(sigqueue(getpid(), SIGRTMIN + (i & 1), v));
	}
	SYS(kill(getpid(), SIGUSR1));
	CHECK_EQ(sigwaitinfo(&s, &si), SIGUSR1);
	for (int i = 0; i < 10; i += 2) {
		CHECK_EQ(sigwaitinfo(&s, &si), SIGRTMIN);
		CHECK_EQ(si.si_value.sival_int, i);
	}
	for (int i = 1; i < 10; i += 2) {
		CHECK_EQ(sigtimedwait(&s, &si, &none), SIGRTMIN + 1);
		CHECK_EQ(si.si_value.sival_int, i);
	}
	CHECK_ERR(sigtimedwait(&s, &si, &none), EAGAIN);
	struct timespec some = { 0, 20000000 };
	long long began = t_now_ns();
	CHECK_ERR(sigtimedwait(&s, &si, &some), EAGAIN);
	CHECK(t_now_ns() - began >= 20000000);
}

TEST(sigsuspend_and_mask)
{
	sigset_t block = set_of(SIGUSR1, SIGUSR2, 0), now, wait = set_of(SIGUSR2, 0);
	pid_t me = getpid();

	act(SIGUSR1, count, 0);
	SYS(sigprocmask(SIG_BLOCK, &block, NULL));
	pid_t pid = t_fork();
	if (pid == 0) {
		t_await_state(me, "S");
		SYS(kill(me, SIGUSR2));
		SYS(kill(me, SIGUSR1));
		_exit(0);
	}
	CHECK_ERR(sigsuspend(&wait), EINTR);
	CHECK_EQ(hits, 1);
	SYS(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK(sigismember(&now, SIGUSR1) && sigismember(&now, SIGUSR2));
	t_join(pid);
}

TEST(pause_and_ignored_signal)
{
	pid_t me = getpid();

	act(SIGUSR1, count, 0);
	signal(SIGUSR2, SIG_IGN);
	pid_t pid = t_fork();
	if (pid == 0) {
		t_await_state(me, "S");
		SYS(kill(me, SIGUSR2));
		t_await_state(me, "S");
		SYS(kill(me, SIGUSR1));
		_exit(0);
	}
	CHECK_ERR(pause(), EINTR);
	CHECK_EQ(hits, 1);
	t_join(pid);
}

TEST(wait_is_restarted)
{
	pid_t me = getpid();

	for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
		struct t_gate g = t_gate();
		act(SIGUSR1, count, flags);
		pid_t pid = t_fork();
		if (pid == 0) {
			t_await_state(me, "S");
			SYS(kill(me, SIGUSR1));
			if (flags)
				t_await_state(me, "S");
			else
				t_pass_gate(g);
			_exit(0);
		}
		int st;
		if (flags) {
			CHECK_EQ(waitpid(pid, &st, 0), pid);
		} else {
			CHECK_ERR(waitpid(pid, &st, 0), EINTR);
			t_open_gate(g);
			t_join(pid);
		}
	}
	CHECK_EQ(hits, 2);
}

TEST(continued_sleep_is_not_interrupted)
{
	/* Stop and continue without a handler: the call goes on, with its time. */
	struct timespec ts = { 0, 200000000 };
	long long began = t_now_ns();
	pid_t me = getpid(), pid = t_fork();

	if (pid == 0) {
		t_await_state(me, "S");
		SYS(kill(me, SIGSTOP));
		t_await_state(me, "T");
		SYS(kill(me, SIGCONT));
		_exit(0);
	}
	CHECK_EQ(nanosleep(&ts, NULL), 0);
	CHECK(t_now_ns() - began >= 200000000);
	t_join(pid);
}

TEST(inherited_by_fork)
{
	sigset_t s = set_of(SIGUSR2, 0), now;

	act(SIGUSR1, count, 0);
	SYS(sigprocmask(SIG_BLOCK, &s, NULL));
	raise(SIGUSR2);
	pid_t pid = t_fork();
	if (pid == 0) {
		raise(SIGUSR1);
		CHECK_EQ(hits, 1);
		SYS(sigprocmask(SIG_BLOCK, NULL, &now));
		CHECK(sigismember(&now, SIGUSR2));
		SYS(sigpending(&now));
		CHECK(!sigismember(&now, SIGUSR2));
		_exit(0);
	}
	t_join(pid);
}

TEST(permission_and_existence)
{
	CHECK_ERR(kill(99999, 0), ESRCH);
	CHECK_ERR(kill(99999, SIGKILL), ESRCH);
	SYS(kill(getpid(), 0));
	CHECK_ERR(syscall(SYS_tkill, -1, SIGTERM), EINVAL);
	CHECK_ERR(syscall(SYS_tgkill, getpid(), 99999, SIGTERM), ESRCH);
	if (geteuid() == 0) {
		struct t_gate g = t_gate();
		pid_t pid = t_fork();
		if (pid == 0) {
			t_pass_gate(g);
			_exit(0);
		}
		pid_t other = t_fork();
		if (other == 0) {
			SYS(setuid(12345));
			CHECK_ERR(kill(pid, SIGTERM), EPERM);
			CHECK_ERR(kill(pid, 0), EPERM);
			CHECK_ERR(kill(1, 0), EPERM);
			_exit(0);
		}
		t_join(other);
		t_open_gate(g);
		t_join(pid);
	}
}

TEST(storm_between_processes)
{
	/* A few thousand signals in both directions, none lost that is waited for. */
	sigset_t block = set_of(SIGUSR1, SIGALRM, 0), none = set_of(0);
	pid_t peer;

	act(SIGUSR1, count, 0);
	block = set_of(SIGUSR1, 0);
	SYS(sigprocmask(SIG_BLOCK, &block, NULL));
	pid_t me = getpid();
	peer = t_fork();
	pid_t to = peer == 0 ? me : peer;
	if (peer == 0)
		SYS(kill(to, SIGUSR1));
	while (hits < 1000) {
		CHECK_ERR(sigsuspend(&none), EINTR);
		SYS(kill(to, SIGUSR1));
	}
	if (peer == 0)
		_exit(0);
	int st;
	while (waitpid(peer, &st, 0) < 0)
		CHECK_EQ(errno, EINTR);
	CHECK_EQ(st, 0);
}

TEST(queue_limit)
{
	sigset_t s = set_of(SIGRTMIN + 3, 0);
	struct rlimit rl = { 10, 10 };
	union sigval v = { 0 };
	int n = 0;

	if (geteuid() == 0)
		SYS(setuid(23456));
	SYS(sigprocmask(SIG_BLOCK, &s, NULL));
	SYS(setrlimit(RLIMIT_SIGPENDING, &rl));
	/* By the resource limit, or by one of the kernel's own. */
	while (n < 100000 && sigqueue(getpid(), SIGRTMIN + 3, v) == 0)
		n++;
	CHECK(n >= 5 && n < 100000);
	CHECK_EQ(errno, EAGAIN);
}

T_NO_HOOK
