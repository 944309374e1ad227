/* SPDX-License-Identifier: MIT */
/*
 * The errors of the calls that name processes, and their order: waiting,
 * signals, groups and sessions, execution, user and group ids.
 *
 * Source: wait(2), waitid(2), kill(2), tkill(2), setpgid(2), execve(2),
 * clone(2), credentials(7) and the pages that these name.
 */
#include "t_rows.h"
#include <sched.h>

#define USER 4321
#define NO_PID 32001 /* of no process of a test machine, nor of a fresh Linux */

static char buf[512];
static long two_groups[] = { 5, 6 };
static int info_user[32] = { SIGUSR1, 0, SI_QUEUE }, info_kill[32] = { SIGUSR1, 0, SI_USER };
static int info_tkill[32] = { SIGUSR1, 0, SI_TKILL };

static void become_user(void)
{
	SYS(setgid(USER));
	SYS(setuid(USER));
}

TEST(waits_without_children)
{
	static const struct row rows[] = {
		ROW(wait4, EINVAL, -1, BAD, 0x1000, BAD),
		ROW(wait4, EINVAL, INT32_MIN, BAD, 0x1000, BAD),
		ROW(wait4, EINVAL, -1, BAD, 0x01000000, BAD), /* WNOWAIT is waitid's */
		ROW(wait4, EINVAL, -1, BAD, WEXITED, BAD),
		ROW(wait4, ESRCH, INT32_MIN, BAD, 0, BAD),
		ROW(wait4, ECHILD, -1, BAD, 0, BAD),
		ROW(wait4, ECHILD, NO_PID, BAD, WNOHANG, BAD),
		ROW(wait4, ECHILD, 0, BAD, WNOHANG, BAD),
		ROW(wait4, ECHILD, -NO_PID, BAD, WNOHANG, BAD),
		ROW(waitpid, EINVAL, -1, BAD, 0x1000),
		ROW(waitpid, ECHILD, -1, BAD, 0),
		ROW(waitid, EFAULT, 99, 0, BAD, 0, 0),
		ROW(waitid, EFAULT, P_ALL, 0, BAD, WEXITED, 0),
		ROW(waitid, EINVAL, 99, 0, 0, WEXITED, 0),
		ROW(waitid, EINVAL, P_ALL, 0, S(buf), 0, 0),
		ROW(waitid, EINVAL, P_ALL, 0, S(buf), WNOHANG, 0),
		ROW(waitid, EINVAL, P_ALL, 0, S(buf), 0x1000 | WEXITED, 0),
		ROW(waitid, EINVAL, P_PID, 0, S(buf), WEXITED, 0),
		ROW(waitid, EINVAL, P_PID, -1, S(buf), WEXITED, 0),
		ROW(waitid, EINVAL, P_PGID, -1, S(buf), WEXITED, 0),
		ROW(waitid, EINVAL, 3, -1, S(buf), WEXITED, 0),
		ROW(waitid, EBADF, 3, 99, S(buf), WEXITED, 0),
		ROW(waitid, EBADF, 3, 1, S(buf), WEXITED, 0), /* not a descriptor of a process */
		ROW(waitid, ECHILD, P_ALL, 0, S(buf), WEXITED, BAD),
		ROW(waitid, ECHILD, P_PGID, 0, S(buf), WEXITED, 0),
		ROW(waitid, ECHILD, P_PID, NO_PID, S(buf), WEXITED, 0),
	};

	ROWS(rows);
}

/* What waitid writes of no child, and that it writes nothing of its use. */
TEST(waitid_of_nothing)
{
	int info[32], use[32];
	pid_t pid = t_fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	memset(info, 1, sizeof(info));
	memset(use, 1, sizeof(use));
	CHECK_EQ(syscall(SYS_waitid, P_PID, pid, info, WEXITED | WNOHANG, use), 0);
	CHECK(info[0] == 0 && info[1] == 0 && info[2] == 0 && info[3] == 0 && info[4] == 0 && info[5] == 0);
	CHECK_EQ(use[0], 0x01010101);
	CHECK_EQ(info[6], 0x01010101);
	CHECK_EQ(syscall(SYS_waitid, P_PID, pid, info, WEXITED | WNOHANG, BAD), 0);
	CHECK_ERR(syscall(SYS_waitid, P_PID, pid, BAD, WEXITED | WNOHANG, 0), EFAULT);
	CHECK_EQ(syscall(SYS_wait4, pid, BAD, WNOHANG, BAD), 0);
	memset(info, 1, sizeof(info));
	CHECK_ERR(syscall(SYS_waitid, P_PID, NO_PID, info, WEXITED, NULL), ECHILD);
	CHECK(info[0] == 0 && info[3] == 0);
	kill(pid, SIGKILL);
	/* The child is gone although its status found no place. */
	CHECK_ERR(syscall(SYS_wait4, pid, BAD, 0, NULL), EFAULT);
	CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);
}

TEST_ROOT(signals_to_others)
{
	static const struct row rows[] = {
		ROW(kill, ESRCH, NO_PID, 99),
		ROW(kill, ESRCH, NO_PID, -1),
		ROW(kill, ESRCH, -NO_PID, 99),
		ROW(kill, ESRCH, INT32_MIN, 99),
		ROW(kill, EINVAL, 1, 65),
		ROW(kill, EINVAL, 0, -1),
		ROW(kill, 0, 0, 0),
		ROW(tkill, EINVAL, 0, 99),
		ROW(tkill, EINVAL, -1, 0),
		ROW(tkill, ESRCH, NO_PID, 99),
		ROW(tkill, EINVAL, 1, 65),
		ROW(tgkill, EINVAL, 0, 1, 99),
		ROW(tgkill, EINVAL, 1, 0, 99),
		ROW(tgkill, ESRCH, NO_PID, 1, 99),
		ROW(tgkill, ESRCH, 1, NO_PID, 99),
		ROW(tgkill, EINVAL, 1, 1, 65),
		ROW(rt_sigqueueinfo, EFAULT, NO_PID, 99, BAD),
		ROW(rt_sigqueueinfo, EPERM, NO_PID, 99, S(info_kill)),
		ROW(rt_sigqueueinfo, EPERM, 1, 0, S(info_tkill)),
		ROW(rt_sigqueueinfo, ESRCH, NO_PID, 99, S(info_user)),
		ROW(rt_sigqueueinfo, ESRCH, -1, 99, S(info_user)),
		ROW(rt_sigqueueinfo, EINVAL, 1, 65, S(info_user)),
		ROW(rt_tgsigqueueinfo, EFAULT, 0, 0, 99, BAD),
		ROW(rt_tgsigqueueinfo, EINVAL, 0, 1, 99, S(info_kill)),
		ROW(rt_tgsigqueueinfo, EINVAL, 1, 0, 99, S(info_kill)),
		ROW(rt_tgsigqueueinfo, EPERM, NO_PID, NO_PID, 99, S(info_kill)),
		ROW(rt_tgsigqueueinfo, ESRCH, NO_PID, NO_PID, 99, S(info_user)),
		ROW(rt_tgsigqueueinfo, ESRCH, 1, NO_PID, 99, S(info_user)),
		ROW(rt_tgsigqueueinfo, EINVAL, 1, 1, 65, S(info_user)),
	};

	ROWS(rows);
}

TEST_ROOT(signals_of_a_user)
{
	static const struct row rows[] = {
		ROW(kill, EPERM, 1, 0),
		ROW(kill, EINVAL, 1, 65),
		ROW(tkill, EPERM, 1, 0),
		ROW(tgkill, EPERM, 1, 1, SIGKILL),
		ROW(rt_sigqueueinfo, EPERM, 1, 0, S(info_user)),
		ROW(rt_tgsigqueueinfo, EPERM, 1, 1, 0, S(info_user)),
		ROW(get_robust_list, EPERM, 1, BAD, BAD),
	};

	become_user();
	ROWS(rows);
}

TEST_ROOT(groups_and_sessions)
{
	static const struct row rows[] = {
		ROW(setpgid, EINVAL, NO_PID, -1),
		ROW(setpgid, EINVAL, -1, 0),
		ROW(setpgid, ESRCH, NO_PID, 0),
		ROW(setpgid, ESRCH, NO_PID, NO_PID),
		ROW(setpgid, ESRCH, 1, 0),
		ROW(setpgid, EPERM, 0, NO_PID),
		ROW(setpgid, EPERM, 0, 1),
		ROW(getpgid, ESRCH, NO_PID),
		ROW(getpgid, ESRCH, -1),
		ROW(getsid, ESRCH, NO_PID),
		ROW(getsid, ESRCH, -1),
		ROW(setsid, EPERM), /* the leader of a group */
		ROW(set_robust_list, EINVAL, BAD, 0),
		ROW(set_robust_list, EINVAL, BAD, 11),
		ROW(get_robust_list, ESRCH, NO_PID, BAD, BAD),
		ROW(get_robust_list, EFAULT, 0, BAD, BAD),
		ROW(unshare, EINVAL, 1),
		ROW(setns, EBADF, 99, 0),
		ROW(setns, EINVAL, 1, 1),
	};

	ROWS(rows);
}

TEST(groups_of_children)
{
	struct t_gate g = t_gate();
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(setpgid(0, 0));
		t_open_gate(g);
		for (;;)
			pause();
	}
	t_pass_gate(g);
	CHECK_ERR(setpgid(pid, 1), EPERM);
	SYS(setpgid(pid, getpgrp()));
	SYS(setpgid(pid, 0));
	kill(pid, SIGKILL);
	t_await_state(pid, "Z");
	SYS(setpgid(pid, getpgrp())); /* a zombie is there still */
	t_wait(pid);
	CHECK_ERR(setpgid(pid, 0), ESRCH);
	pid = t_fork();
	if (pid == 0) {
		SYS(setsid());
		t_open_gate(g);
		for (;;)
			pause();
	}
	t_pass_gate(g);
	CHECK_ERR(setpgid(pid, 0), EPERM);
	CHECK_ERR(setpgid(pid, pid), EPERM);
	kill(pid, SIGKILL);
	t_wait(pid);
}

static char *one_arg[] = { "x", NULL }, *bad_args[] = { (char *)BAD, NULL };
static char *huge_args[2], *huge;

TEST_ROOT(executions)
{
	static const struct row rows[] = {
		ROW(execve, EFAULT, BAD, S(one_arg), 0),
		ROW(execve, ENOENT, S(""), S(one_arg), 0),
		ROW(execve, ENOENT, S("none"), S(one_arg), 0),
		ROW(execve, ENOTDIR, S("f/x"), S(one_arg), 0),
		ROW(execve, ENOTDIR, S("sh/"), S(one_arg), 0),
		ROW(execve, ELOOP, S("loop"), S(one_arg), 0),
		ROW(execve, EACCES, S("."), S(one_arg), 0),
		ROW(execve, EACCES, S("f"), S(one_arg), 0),
		ROW(execve, EACCES, S("fifo"), S(one_arg), 0),
		ROW(execve, EACCES, S("/dev/null"), S(one_arg), 0),
		ROW(execve, ETXTBSY, S("busy"), S(one_arg), 0),
		ROW(execve, EFAULT, S("text"), BAD, 0),
		ROW(execve, EFAULT, S("text"), S(bad_args), 0),
		ROW(execve, EFAULT, S("text"), S(one_arg), S(bad_args)),
		ROW(execve, E2BIG, S("text"), S(huge_args), 0),
		ROW(execve, E2BIG, S("text"), S(one_arg), S(huge_args)),
		ROW(execve, ENOEXEC, S("text"), S(one_arg), 0),
		ROW(execve, ENOEXEC, S("empty"), S(one_arg), 0),
		ROW(execve, ENOENT, S("script"), S(one_arg), 0),
		ROW(execve, EACCES, S("script2"), S(one_arg), 0),
		ROW(execve, ELOOP, S("script3"), S(one_arg), 0),
		ROW(execve, ENOEXEC, S("script4"), S(one_arg), 0),
	};

	huge = SYS((char *)malloc(200000));
	memset(huge, 'a', 199999);
	huge[199999] = 0;
	huge_args[0] = huge;
	t_put("f", "x", 1);
	t_put("text", "hello, hello, hello\n", 20);
	t_put("empty", "", 0);
	t_put("busy", "x", 1);
	t_put("sh", "x", 1);
	t_put("script", "#!/none/x\n", 10);
	t_put("script2", "#!f\n", 4);
	t_put("script3", "#!script3\n", 10);
	t_put("script4", "#!   \n", 6);
	for (const char *const *p = (const char *const[]){ "text", "empty", "busy", "sh", "script",
							   "script2", "script3", "script4", NULL };
	     *p; p++)
		SYS(chmod(*p, 0755));
	SYS(open("busy", O_WRONLY));
	SYS(symlink("loop", "loop"));
	SYS(mkfifo("fifo", 0755));
	ROWS(rows);
}

TEST_ROOT(ids)
{
	static const struct row rows[] = {
		ROW(setuid, EINVAL, 0xffff),
		ROW(setuid32, EINVAL, -1),
		ROW(setgid, EINVAL, 0xffff),
		ROW(setgid32, EINVAL, -1),
		ROW(setreuid, 0, 0xffff, 0xffff),
		ROW(setresuid32, 0, -1, -1, -1),
		ROW(getresuid, EFAULT, S(buf), BAD, S(buf)),
		ROW(getresgid, EFAULT, S(buf), S(buf), BAD),
		ROW(getresuid32, EFAULT, BAD, S(buf), S(buf)),
		ROW(getresgid32, EFAULT, S(buf), S(buf), BAD),
		ROW(setgroups, EINVAL, 65537, BAD),
		ROW(setgroups, EINVAL, -1, BAD),
		ROW(setgroups, EFAULT, 1, BAD),
		ROW(setgroups32, EINVAL, 65537, BAD),
		ROW(setgroups32, EFAULT, 2, BAD),
		ROW(setgroups32, 0, 2, S(two_groups)),
		ROW(getgroups, EINVAL, -1, BAD),
		ROW(getgroups, EINVAL, 1, BAD),
		ROW(getgroups, EFAULT, 2, BAD),
		ROW(getgroups32, EINVAL, -1, BAD),
		ROW(getgroups32, EINVAL, 1, BAD),
		ROW(getgroups32, EFAULT, 3, BAD),
		ROW(getgroups32, 0, 0, BAD),
		ROW(setgroups, 0, 0, BAD),
	};

	ROWS(rows);
}

TEST_ROOT(ids_of_a_user)
{
	static const struct row rows[] = {
		ROW(setuid, EPERM, 1),
		ROW(setuid, EINVAL, 0xffff),
		ROW(setuid32, EPERM, 0),
		ROW(setgid, EPERM, 1),
		ROW(setgid32, EPERM, 0),
		ROW(setreuid, EPERM, 1, 0xffff),
		ROW(setreuid, EPERM, 0xffff, 1),
		ROW(setreuid32, EPERM, -1, 0),
		ROW(setregid, EPERM, 1, 0xffff),
		ROW(setregid32, EPERM, -1, 0),
		ROW(setresuid, EPERM, 0xffff, 0xffff, 1),
		ROW(setresuid32, EPERM, -1, 0, -1),
		ROW(setresgid, EPERM, 1, 0xffff, 0xffff),
		ROW(setresgid32, EPERM, -1, -1, 0),
		ROW(setresgid32, 0, USER, USER, USER),
		ROW(setgroups, EPERM, 65537, BAD),
		ROW(setgroups32, EPERM, 0, BAD),
		ROW(unshare, EPERM, CLONE_NEWNS),
	};

	become_user();
	ROWS(rows);
}

T_NO_HOOK
