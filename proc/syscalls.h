/* SPDX-License-Identifier: MIT */
/*
 * System calls on processes, signals, time and credentials. Each behaves like
 * Linux's manual page of its name, errors included.
 */
#ifndef PROC_SYSCALLS_H
#define PROC_SYSCALLS_H

#include "kernel/lib/types.h"

long sys_execve(uaddr_t upath, uaddr_t argv, uaddr_t envp);
long sys_fork(void);
long sys_vfork(void);
long sys_clone(u32 flags, u32 stack, uaddr_t ptid, uaddr_t tls, uaddr_t ctid);
long sys_set_tid_address(uaddr_t addr);
long sys_exit(int status);
long sys_exit_group(int status);
long sys_futex(uaddr_t addr, u32 op, u32 val, uaddr_t utime, uaddr_t addr2, u32 val3);
long sys_futex_time64(uaddr_t addr, u32 op, u32 val, uaddr_t utime, uaddr_t addr2, u32 val3);
long sys_set_robust_list(uaddr_t head, u32 len);
long sys_get_robust_list(pid_t tid, uaddr_t head, uaddr_t len);
long sys_getitimer(u32 which, uaddr_t dst);
long sys_setitimer(u32 which, uaddr_t new, uaddr_t old);
long sys_alarm(u32 seconds);
long sys_setpgid(pid_t pid, pid_t pgid);
long sys_getpgid(pid_t pid);
long sys_getpgrp(void);
long sys_getsid(pid_t pid);
long sys_setsid(void);
long sys_timer_create(u32 clock, uaddr_t uevent, uaddr_t uid);
long sys_timer_delete(s32 id);
long sys_timer_settime(s32 id, u32 flags, uaddr_t new, uaddr_t old);
long sys_timer_settime64(s32 id, u32 flags, uaddr_t new, uaddr_t old);
long sys_timer_gettime(s32 id, uaddr_t dst);
long sys_timer_gettime64(s32 id, uaddr_t dst);
long sys_timer_getoverrun(s32 id);
long sys_restart_syscall(void);
long sys_ugetrlimit(u32 which, uaddr_t dst);
long sys_getrlimit(u32 which, uaddr_t dst);
long sys_setrlimit(u32 which, uaddr_t src);
long sys_prlimit64(pid_t pid, u32 which, uaddr_t new, uaddr_t old);
long sys_getpriority(u32 which, pid_t who);
long sys_setpriority(u32 which, pid_t who, int nice);
long sys_nice(int inc);
long sys_sigreturn(void);
long sys_rt_sigreturn(void);
long sys_sigaltstack(uaddr_t new, uaddr_t old);
long sys_getuid32(void);
long sys_geteuid32(void);
long sys_getgid32(void);
long sys_getegid32(void);
long sys_getuid(void);
long sys_geteuid(void);
long sys_getgid(void);
long sys_getegid(void);
long sys_setresuid32(u32 r, u32 e, u32 s);
long sys_setresgid32(u32 r, u32 e, u32 s);
long sys_setuid32(u32 uid);
long sys_setgid32(u32 gid);
long sys_setreuid32(u32 r, u32 e);
long sys_setregid32(u32 r, u32 e);
long sys_getresuid32(uaddr_t r, uaddr_t e, uaddr_t s);
long sys_getresgid32(uaddr_t r, uaddr_t e, uaddr_t s);
long sys_setfsuid32(u32 uid);
long sys_setfsgid32(u32 gid);
long sys_getgroups32(int n, uaddr_t list);
long sys_setgroups32(u32 n, uaddr_t list);
long sys_getgroups(int n, uaddr_t list);
long sys_setgroups(u32 n, uaddr_t list);
long sys_setresuid(u32 r, u32 e, u32 s);
long sys_setresgid(u32 r, u32 e, u32 s);
long sys_getresuid(uaddr_t r, uaddr_t e, uaddr_t s);
long sys_getresgid(uaddr_t r, uaddr_t e, uaddr_t s);
long sys_setfsuid(u32 uid);
long sys_setfsgid(u32 gid);
long sys_setuid(u32 uid);
long sys_setgid(u32 gid);
long sys_setreuid(u32 r, u32 e);
long sys_setregid(u32 r, u32 e);
long sys_getpid(void);
long sys_gettid(void);
long sys_getppid(void);
long sys_uname(uaddr_t dst);
long sys_sethostname(uaddr_t src, int len);
long sys_setdomainname(uaddr_t src, int len);
long sys_sysinfo(uaddr_t dst);
long sys_prctl(u32 option, u32 arg2, u32 arg3, u32 arg4, u32 arg5);
long sys_sched_yield(void);
long sys_sched_getaffinity(pid_t pid, u32 len, uaddr_t dst);
long sys_sched_setaffinity(pid_t pid, u32 len, uaddr_t src);
long sys_sched_getscheduler(pid_t pid);
long sys_sched_setscheduler(pid_t pid, int policy, uaddr_t param);
long sys_sched_getparam(pid_t pid, uaddr_t param);
long sys_sched_setparam(pid_t pid, uaddr_t param);
long sys_sched_get_priority_max(int policy);
long sys_sched_get_priority_min(int policy);
long sys_sched_rr_get_interval(pid_t pid, uaddr_t dst);
long sys_getcpu(uaddr_t cpu, uaddr_t node);
long sys_personality(u32 p);
long sys_reboot(u32 magic1, u32 magic2, u32 cmd, uaddr_t arg);
long sys_rt_sigaction(int sig, uaddr_t new, uaddr_t old, u32 size);
long sys_sigaction(int sig, uaddr_t new, uaddr_t old);
long sys_signal(int sig, u32 handler);
long sys_rt_sigprocmask(int how, uaddr_t new, uaddr_t old, u32 size);
long sys_sigprocmask(int how, uaddr_t new, uaddr_t old);
long sys_rt_sigpending(uaddr_t set, u32 size);
long sys_rt_sigsuspend(uaddr_t set, u32 size);
long sys_sigsuspend(u32 a, u32 b, u32 mask);
long sys_pause(void);
long sys_rt_sigtimedwait(uaddr_t set, uaddr_t info, uaddr_t timeout, u32 size);
long sys_rt_sigtimedwait_time64(uaddr_t set, uaddr_t info, uaddr_t timeout, u32 size);
long sys_kill(pid_t pid, int sig);
long sys_tkill(pid_t tid, int sig);
long sys_tgkill(pid_t tgid, pid_t tid, int sig);
long sys_rt_sigqueueinfo(pid_t pid, int sig, uaddr_t uinfo);
long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t tid, int sig, uaddr_t uinfo);
long sys_clock_gettime(u32 clock, uaddr_t dst);
long sys_clock_gettime64(u32 clock, uaddr_t dst);
long sys_clock_getres(u32 clock, uaddr_t dst);
long sys_clock_getres_time64(u32 clock, uaddr_t dst);
long sys_clock_settime(u32 clock, uaddr_t src);
long sys_clock_settime64(u32 clock, uaddr_t src);
long sys_time(uaddr_t dst);
long sys_stime(uaddr_t src);
long sys_gettimeofday(uaddr_t tv, uaddr_t tz);
long sys_settimeofday(uaddr_t tv, uaddr_t tz);
long sys_nanosleep(uaddr_t req, uaddr_t rem);
long sys_clock_nanosleep(u32 clock, u32 flags, uaddr_t req, uaddr_t rem);
long sys_clock_nanosleep_time64(u32 clock, u32 flags, uaddr_t req, uaddr_t rem);
long sys_set_thread_area(uaddr_t udesc);
long sys_get_thread_area(uaddr_t udesc);
long sys_getrusage(int who, uaddr_t dst);
long sys_times(uaddr_t dst);
long sys_wait4(pid_t pid, uaddr_t status, u32 options, uaddr_t rusage);
long sys_waitpid(pid_t pid, uaddr_t status, u32 options);
long sys_waitid(u32 type, pid_t id, uaddr_t infop, u32 options, uaddr_t rusage);

/* Namespaces, which do not exist (proc/sys_ns.c). */
long sys_unshare(u32 flags);
long sys_setns(int fd, u32 type);
long sys_arch_prctl(u32 code, u32 arg);

#endif
