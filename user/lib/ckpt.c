/* SPDX-License-Identifier: MIT */
/* The wrappers of <reprise/ckpt.h>: one system call each. */
#include <reprise/ckpt.h>
#include <sys/syscall.h>
#include <unistd.h>

int ckpt(const char *name, unsigned flags)
{
	return (int)syscall(SYS_ckpt, name, flags);
}

pid_t recover(const char *name, unsigned flags)
{
	return (pid_t)syscall(SYS_recover, name, flags);
}

int tckpt(pid_t pid, const char *name, unsigned flags)
{
	return (int)syscall(SYS_tckpt, pid, name, flags);
}

int ckptctl(int cmd, pid_t pid, void *buf)
{
	return (int)syscall(SYS_ckptctl, cmd, pid, buf);
}
