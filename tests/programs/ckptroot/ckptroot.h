/* SPDX-License-Identifier: MIT */
/* What the parts of ckptroot share: a jail, and a process that lives in it. */
#ifndef TESTS_CKPTROOT_CKPTROOT_H
#define TESTS_CKPTROOT_CKPTROOT_H

#include "../t.h"

__attribute__((unused)) static void build_jail(void)
{
	SYS(mkdir("jail", 0777));
	SYS(mkdir("jail/in", 0777));
	t_put("jail/in/f", "inside", 6);
	SYS(chmod("jail", 0777));
	SYS(chmod("jail/in", 0777));
}

__attribute__((unused)) static void enter_jail(void)
{
	SYS(chroot("jail"));
	SYS(chdir("/in"));
}

__attribute__((unused)) static void end_it(pid_t pid)
{
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

__attribute__((unused)) static void close_gate(struct t_gate g)
{
	SYS(close(g.g_fd[0]));
	SYS(close(g.g_fd[1]));
}

/* One that lives in the jail: settles there, waits for SIGUSR1, looks whether all is as it was, and ends with 0. */
__attribute__((unused)) static pid_t inmate(uid_t uid, void (*settle)(void), void (*look)(void))
{
	struct t_gate g = t_gate();
	pid_t pid = t_fork();
	sigset_t set;
	int sig;

	if (pid != 0) {
		t_pass_gate(g);
		close_gate(g);
		t_await_state(pid, "S");
		return pid;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	enter_jail();
	t_on_its_own();
	settle();
	if (uid)
		SYS(setresuid(uid, uid, uid));
	t_open_gate(g);
	close_gate(g);
	CHECK_EQ(sigwait(&set, &sig), 0);
	look();
	_exit(0);
}

__attribute__((unused)) static int kept;

__attribute__((unused)) static void open_f(void)
{
	char buf[2];

	kept = SYS(open("f", O_RDONLY));
	CHECK_EQ(read(kept, buf, 2), 2);
}

__attribute__((unused)) static void see_f(void)
{
	char buf[7] = "";

	CHECK_EQ(read(kept, buf, 4), 4);
	CHECK_STR(buf, "side");
	CHECK(getcwd(buf, sizeof(buf)) != NULL);
	CHECK_STR(buf, "/in");
	SYS(access("/in/f", F_OK));
	CHECK_ERR(access("/../jail", F_OK), ENOENT);
	CHECK_ERR(access("/jail", F_OK), ENOENT);
}

__attribute__((unused)) static pid_t prisoner(uid_t uid)
{
	return inmate(uid, open_f, see_f);
}

/* What came back as pid is the prisoner. */
__attribute__((unused)) static void release(pid_t pid)
{
	SYS(kill(pid, SIGUSR1));
	CHECK_EQ(t_wait(pid), 0);
}

#endif
