/* SPDX-License-Identifier: MIT */
/* Signals: actions, masks, what is pending, handlers in progress, and calls that wait for signals. */
#include "states.h"
#include <setjmp.h>
#include <poll.h>

static volatile sig_atomic_t hits, last_sig, last_value, last_code;

static void count(int sig)
{
	hits++;
	last_sig = sig;
}

static void count_info(int sig, siginfo_t *si, void *uc)
{
	hits++;
	last_sig = sig;
	last_value = si->si_value.sival_int;
	last_code = si->si_code;
}

static void handle(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };

	SYS(sigaction(sig, &sa, NULL));
}

static void handle_info(int sig, int flags)
{
	struct sigaction sa = { .sa_sigaction = count_info, .sa_flags = SA_SIGINFO | flags };

	SYS(sigaction(sig, &sa, NULL));
}

static void mask(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	SYS(sigprocmask(how, &set, NULL));
}

STATE(actions)
{
	static const int flags[] = {
		0, SA_RESTART, SA_NODEFER, SA_RESETHAND, SA_NOCLDSTOP, SA_NOCLDWAIT, SA_ONSTACK
	};
	struct sigaction sa, back;

	for (int sig = 1; sig < 65; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP || (sig >= 32 && sig < 35))
			continue;
		memset(&sa, 0, sizeof(sa));
		sa.sa_handler = sig % 4 == 1 ? SIG_IGN : sig % 4 == 2 ? SIG_DFL : count;
		sa.sa_flags = flags[sig % 7];
		sigemptyset(&sa.sa_mask);
		sigaddset(&sa.sa_mask, sig % 31 + 1);
		SYS(sigaction(sig, &sa, NULL));
	}
	st_wait();
	for (int sig = 1; sig < 65; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP || (sig >= 32 && sig < 35))
			continue;
		SYS(sigaction(sig, NULL, &back));
		CHECK(back.sa_handler == (sig % 4 == 1 ? SIG_IGN : sig % 4 == 2 ? SIG_DFL : count));
		CHECK_EQ(back.sa_flags & ~0x04000000, flags[sig % 7]);
		for (int s = 1; s < 32; s++) {
			if (s != SIGKILL && s != SIGSTOP)
				CHECK_EQ(sigismember(&back.sa_mask, s), s == sig % 31 + 1);
		}
	}
}

STATE(mask)
{
	sigset_t set, now;

	sigemptyset(&set);
	for (int sig = 1; sig < 65; sig += 3)
		sigaddset(&set, sig);
	SYS(sigprocmask(SIG_SETMASK, &set, NULL));
	SYS(sigprocmask(SIG_SETMASK, NULL, &set));
	st_wait();
	SYS(sigprocmask(SIG_SETMASK, NULL, &now));
	for (int sig = 1; sig < 65; sig++)
		CHECK_EQ(sigismember(&now, sig), sigismember(&set, sig));
}

STATE(pending)
{
	sigset_t pend;

	handle_info(SIGUSR1, 0);
	handle_info(SIGTERM, 0);
	mask(SIG_BLOCK, SIGUSR1);
	mask(SIG_BLOCK, SIGTERM);
	raise(SIGUSR1);
	SYS(kill(getpid(), SIGTERM));
	SYS(kill(getpid(), SIGTERM));
	st_wait();
	SYS(sigpending(&pend));
	CHECK(sigismember(&pend, SIGUSR1) && sigismember(&pend, SIGTERM) && !sigismember(&pend, SIGUSR2));
	CHECK_EQ(hits, 0);
	mask(SIG_UNBLOCK, SIGUSR1);
	CHECK_EQ(hits, 1);
	CHECK_EQ(last_code, SI_TKILL);
	mask(SIG_UNBLOCK, SIGTERM);
	CHECK_EQ(hits, 2);
	CHECK_EQ(last_code, SI_USER);
}

STATE(queued)
{
	sigset_t set;
	siginfo_t si;

	sigemptyset(&set);
	for (int sig = SIGRTMIN; sig < SIGRTMIN + 3; sig++)
		sigaddset(&set, sig);
	sigaddset(&set, SIGUSR2);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < 30; i++) {
		union sigval v = { .sival_int = 1000 + i };

		SYS(sigqueue(getpid(), SIGRTMIN + i % 3, v));
	}
	SYS(sigqueue(getpid(), SIGUSR2, (union sigval){ .sival_ptr = &set }));
	st_wait();
	CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR2);
	CHECK(si.si_value.sival_ptr == &set);
	CHECK_EQ(si.si_pid, getpid());
	CHECK_EQ(si.si_code, SI_QUEUE);
	for (int i = 0; i < 30; i++) {
		CHECK_EQ(sigwaitinfo(&set, &si), SIGRTMIN + i / 10);
		CHECK_EQ(si.si_value.sival_int, 1000 + i % 10 * 3 + i / 10);
		CHECK_EQ(si.si_pid, getpid());
		CHECK_EQ(si.si_uid, getuid());
	}
	struct timespec none = { 0, 0 };
	CHECK_ERR(sigtimedwait(&set, &si, &none), EAGAIN);
}

STATE(ignored)
{
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	st_wait();
	raise(SIGHUP);
	SYS(kill(getpid(), SIGTERM));
	CHECK(signal(SIGHUP, SIG_DFL) == SIG_IGN);
}

static char alt[32768];

static void on_alt(int sig)
{
	char here;
	stack_t now;

	SYS(sigaltstack(NULL, &now));
	hits += (now.ss_flags & SS_ONSTACK) && &here > alt && &here < alt + sizeof(alt) ? 10 : 1;
}

static void wait_on_alt(int sig)
{
	on_alt(sig);
	st_wait();
	on_alt(sig);
}

STATE(alt_stack)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, now;

	SYS(sigaltstack(&ss, NULL));
	handle(SIGUSR1, on_alt, SA_ONSTACK);
	handle(SIGUSR2, on_alt, 0);
	st_wait();
	SYS(sigaltstack(NULL, &now));
	CHECK(now.ss_sp == alt && now.ss_size == sizeof(alt) && now.ss_flags == 0);
	raise(SIGUSR1);
	CHECK_EQ(hits, 10);
	raise(SIGUSR2);
	CHECK_EQ(hits, 11);
}

STATE(on_alt_stack)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, now;

	SYS(sigaltstack(&ss, NULL));
	handle(SIGUSR1, wait_on_alt, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK_EQ(hits, 20);
	SYS(sigaltstack(NULL, &now));
	CHECK_EQ(now.ss_flags, 0);
}

static void wait_here(int sig)
{
	sigset_t now;

	st_wait();
	SYS(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK(sigismember(&now, SIGUSR1) && sigismember(&now, SIGHUP) && !sigismember(&now, SIGUSR2));
	hits = 42;
}

STATE(in_handler)
{
	struct sigaction sa = { .sa_handler = wait_here };
	sigset_t now;
	volatile double x = 1.0 / 3;

	sigaddset(&sa.sa_mask, SIGHUP);
	SYS(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	CHECK_EQ(hits, 42);
	CHECK(x == 1.0 / 3);
	SYS(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK(!sigismember(&now, SIGUSR1) && !sigismember(&now, SIGHUP));
}

static int depth;

static void nest(int sig)
{
	if (++depth < 5)
		raise(sig);
	else
		st_wait();
	hits++;
}

STATE(nested_handlers)
{
	handle(SIGUSR1, nest, SA_NODEFER);
	raise(SIGUSR1);
	CHECK_EQ(hits, 5);
}

static sigjmp_buf out;

static void jump(int sig)
{
	st_wait();
	siglongjmp(out, 7);
}

STATE(jump_from_handler)
{
	volatile int n = 5;
	sigset_t now;

	handle(SIGUSR1, jump, 0);
	if (sigsetjmp(out, 1) == 0) {
		n = 6;
		raise(SIGUSR1);
		FAIL("no jump");
	}
	CHECK_EQ(n, 6);
	SYS(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK(!sigismember(&now, SIGUSR1));
}

static void wait_in_fault(int sig, siginfo_t *si, void *uc)
{
	CHECK_EQ((long)si->si_addr, 16);
	st_wait();
	siglongjmp(out, 1);
}

STATE(in_fault_handler)
{
	struct sigaction sa = { .sa_sigaction = wait_in_fault, .sa_flags = SA_SIGINFO };

	SYS(sigaction(SIGSEGV, &sa, NULL));
	if (sigsetjmp(out, 1) == 0) {
		volatile int *volatile p = (int *)16;

		*p = 1;
		FAIL("no fault");
	}
}

STATE(paused)
{
	handle(SIGUSR1, count, 0);
	st_ready("asleep signal");
	CHECK_ERR(pause(), EINTR);
	CHECK_EQ(hits, 1);
}

STATE(suspended)
{
	sigset_t set, now;

	handle(SIGUSR1, count, 0);
	mask(SIG_BLOCK, SIGUSR1);
	mask(SIG_BLOCK, SIGUSR2);
	sigfillset(&set);
	sigdelset(&set, SIGUSR1);
	st_ready("asleep signal");
	CHECK_ERR(sigsuspend(&set), EINTR);
	CHECK_EQ(hits, 1);
	SYS(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK(sigismember(&now, SIGUSR1) && sigismember(&now, SIGUSR2) && !sigismember(&now, SIGTERM));
}

STATE(waiting)
{
	sigset_t set;
	siginfo_t si;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	st_ready("asleep signal");
	do
		r = sigwaitinfo(&set, &si);
	while (r < 0 && errno == EINTR && st_stops);
	CHECK_EQ(r, SIGUSR1);
	CHECK_EQ(si.si_code, SI_USER);
}

STATE(timed_waiting)
{
	struct timespec ts = { 1, 300000000 };
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	st_ready("asleep");
	do {
		errno = 0;
		r = sigtimedwait(&set, NULL, &ts);
	} while (r < 0 && errno == EINTR && st_stops);
	CHECK(r == -1 && errno == EAGAIN);
}

/* A read that the signal interrupts, with and without SA_RESTART; the child of its own fills the pipe afterwards. */
static int own_pipe[2];

static void count_and_write(int sig)
{
	hits++;
	CHECK_EQ(write(own_pipe[1], "w", 1), 1);
}

STATE(restarted_read)
{
	char c = 0;

	SYS(pipe(own_pipe));
	handle(SIGUSR1, count_and_write, SA_RESTART);
	st_ready("asleep signal");
	CHECK_EQ(read(own_pipe[0], &c, 1), 1);
	CHECK_EQ(c, 'w');
	CHECK_EQ(hits, 1);
}

STATE(interrupted_read)
{
	char c;

	SYS(pipe(own_pipe));
	handle(SIGUSR1, count_and_write, 0);
	st_ready("asleep signal");
	CHECK_ERR(read(own_pipe[0], &c, 1), EINTR);
	CHECK_EQ(hits, 1);
	CHECK_EQ(read(own_pipe[0], &c, 1), 1);
}

STATE(interrupted_poll)
{
	struct pollfd pf = { .events = POLLIN };

	SYS(pipe(own_pipe));
	pf.fd = own_pipe[0];
	handle(SIGUSR1, count_and_write, SA_RESTART);
	st_ready("asleep signal");
	CHECK_ERR(poll(&pf, 1, -1), EINTR); /* never restarted behind a handler */
	CHECK_EQ(poll(&pf, 1, -1), 1);
}

STATE(ppoll)
{
	struct timespec ts = { 1000, 0 };
	sigset_t none, now;

	handle(SIGUSR1, count, 0);
	mask(SIG_BLOCK, SIGUSR1);
	sigemptyset(&none);
	st_ready("asleep signal");
	CHECK_ERR(ppoll(NULL, 0, &ts, &none), EINTR);
	CHECK_EQ(hits, 1);
	SYS(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK(sigismember(&now, SIGUSR1));
}

STATE(one_shot)
{
	handle(SIGUSR1, count, SA_RESETHAND);
	raise(SIGUSR1);
	st_wait();
	struct sigaction now;
	SYS(sigaction(SIGUSR1, NULL, &now));
	CHECK(now.sa_handler == SIG_DFL);
	CHECK_EQ(hits, 1);
}
