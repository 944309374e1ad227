/* SPDX-License-Identifier: MIT */
/*
 * The system calls on files. Arguments come as in the registers: a 64-bit
 * argument is two, low half first. Results are those of the ABI, errors
 * negative errno values. The manual pages document them; the functions say what
 * is particular here.
 * Sleeps: all functions.
 */
#ifndef FS_SYSCALLS_H
#define FS_SYSCALLS_H

#include "kernel/lib/types.h"

#define SYS_POLL_NR 168 /* restart_syscall(2) continues it */

void sys_poll_init(void);

/* Descriptors (fs/sys_open.c) */
long sys_openat(int dirfd, uaddr_t upath, u32 flags, u32 mode);
long sys_open(uaddr_t upath, u32 flags, u32 mode);
long sys_creat(uaddr_t upath, u32 mode);
long sys_close(int fd);
long sys_close_range(u32 first, u32 last, u32 flags);
long sys_dup(int fd);
long sys_dup2(int fd, int newfd);
long sys_dup3(int fd, int newfd, u32 flags);

/* Reading, writing, seeking (fs/sys_rw.c) */
long sys_read(int fd, uaddr_t buf, u32 len);
long sys_write(int fd, uaddr_t buf, u32 len);
long sys_readv(int fd, uaddr_t iov, u32 cnt);
long sys_writev(int fd, uaddr_t iov, u32 cnt);
long sys_pread64(int fd, uaddr_t buf, u32 len, u32 lo, u32 hi);
long sys_pwrite64(int fd, uaddr_t buf, u32 len, u32 lo, u32 hi);
long sys_preadv(int fd, uaddr_t iov, u32 cnt, u32 lo, u32 hi);
long sys_pwritev(int fd, uaddr_t iov, u32 cnt, u32 lo, u32 hi);
long sys_preadv2(int fd, uaddr_t iov, u32 cnt, u32 lo, u32 hi, u32 flags);
long sys_pwritev2(int fd, uaddr_t iov, u32 cnt, u32 lo, u32 hi, u32 flags);
long sys_lseek(int fd, s32 off, u32 whence);
long sys_llseek(int fd, u32 hi, u32 lo, uaddr_t uresult, u32 whence);

/* Open files (fs/sys_fcntl.c) */
long sys_fcntl64(int fd, u32 cmd, u32 arg);
long sys_fcntl(int fd, u32 cmd, u32 arg);
long sys_ioctl(int fd, u32 cmd, u32 arg);
long sys_flock(int fd, u32 op);

/* Waiting (fs/sys_poll.c) */
long sys_poll(uaddr_t ufds, u32 n, s32 msec);
long sys_ppoll(uaddr_t ufds, u32 n, uaddr_t utime, uaddr_t umask, u32 size);
long sys_ppoll_time64(uaddr_t ufds, u32 n, uaddr_t utime, uaddr_t umask, u32 size);
long sys_select(s32 n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t utime);
long sys_old_select(uaddr_t uarg);
long sys_pselect6(s32 n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t utime, uaddr_t umaskarg);
long sys_pselect6_time64(s32 n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t utime, uaddr_t umaskarg);

/* Asking about files (fs/sys_stat.c) */
long sys_newstat(uaddr_t upath, uaddr_t ubuf);
long sys_newlstat(uaddr_t upath, uaddr_t ubuf);
long sys_newfstat(int fd, uaddr_t ubuf);
long sys_stat64(uaddr_t upath, uaddr_t ubuf);
long sys_lstat64(uaddr_t upath, uaddr_t ubuf);
long sys_fstat64(int fd, uaddr_t ubuf);
long sys_fstatat64(int dirfd, uaddr_t upath, uaddr_t ubuf, u32 flags);
long sys_statx(int dirfd, uaddr_t upath, u32 flags, u32 mask, uaddr_t ubuf);
long sys_faccessat2(int dirfd, uaddr_t upath, int mode, u32 flags);
long sys_faccessat(int dirfd, uaddr_t upath, int mode);
long sys_access(uaddr_t upath, int mode);
long sys_readlinkat(int dirfd, uaddr_t upath, uaddr_t ubuf, s32 size);
long sys_readlink(uaddr_t upath, uaddr_t ubuf, s32 size);
long sys_statfs(uaddr_t upath, uaddr_t ubuf);
long sys_fstatfs(int fd, uaddr_t ubuf);
long sys_statfs64(uaddr_t upath, u32 size, uaddr_t ubuf);
long sys_fstatfs64(int fd, u32 size, uaddr_t ubuf);

/* Names and directories (fs/sys_dir.c) */
long sys_mkdirat(int dirfd, uaddr_t upath, u32 mode);
long sys_mkdir(uaddr_t upath, u32 mode);
long sys_mknodat(int dirfd, uaddr_t upath, u32 mode, u32 dev);
long sys_mknod(uaddr_t upath, u32 mode, u32 dev);
long sys_unlinkat(int dirfd, uaddr_t upath, u32 flags);
long sys_unlink(uaddr_t upath);
long sys_rmdir(uaddr_t upath);
long sys_renameat2(int fromfd, uaddr_t ufrom, int tofd, uaddr_t uto, u32 flags);
long sys_renameat(int fromfd, uaddr_t ufrom, int tofd, uaddr_t uto);
long sys_rename(uaddr_t ufrom, uaddr_t uto);
long sys_linkat(int fromfd, uaddr_t ufrom, int tofd, uaddr_t uto, u32 flags);
long sys_link(uaddr_t ufrom, uaddr_t uto);
long sys_symlinkat(uaddr_t utarget, int dirfd, uaddr_t upath);
long sys_symlink(uaddr_t utarget, uaddr_t upath);
long sys_chdir(uaddr_t upath);
long sys_fchdir(int fd);
long sys_chroot(uaddr_t upath);
long sys_getcwd(uaddr_t ubuf, u32 size);
long sys_umask(u32 mask);
long sys_getdents64(int fd, uaddr_t ubuf, u32 size);
long sys_getdents(int fd, uaddr_t ubuf, u32 size);

/* Changing attributes (fs/sys_attr.c) */
long sys_fchmodat(int dirfd, uaddr_t upath, u32 mode);
long sys_chmod(uaddr_t upath, u32 mode);
long sys_fchmod(int fd, u32 mode);
long sys_fchownat(int dirfd, uaddr_t upath, u32 uid, u32 gid, u32 flags);
long sys_chown32(uaddr_t upath, u32 uid, u32 gid);
long sys_lchown32(uaddr_t upath, u32 uid, u32 gid);
long sys_fchown32(int fd, u32 uid, u32 gid);
long sys_chown16(uaddr_t upath, u32 uid, u32 gid);
long sys_lchown16(uaddr_t upath, u32 uid, u32 gid);
long sys_fchown16(int fd, u32 uid, u32 gid);
long sys_truncate(uaddr_t upath, s32 size);
long sys_truncate64(uaddr_t upath, u32 lo, u32 hi);
long sys_ftruncate(int fd, s32 size);
long sys_ftruncate64(int fd, u32 lo, u32 hi);
long sys_utimensat(int dirfd, uaddr_t upath, uaddr_t utimes, u32 flags);
long sys_utimensat_time64(int dirfd, uaddr_t upath, uaddr_t utimes, u32 flags);
long sys_futimesat(int dirfd, uaddr_t upath, uaddr_t utimes);
long sys_utimes(uaddr_t upath, uaddr_t utimes);
long sys_utime(uaddr_t upath, uaddr_t ubuf);

/* File systems (fs/sys_mount.c) */
long sys_mount(uaddr_t usource, uaddr_t utarget, uaddr_t utype, u32 flags, uaddr_t udata);
long sys_umount2(uaddr_t utarget, u32 flags);
long sys_umount(uaddr_t utarget);
long sys_sync(void);
long sys_syncfs(int fd);
long sys_fsync(int fd);
long sys_fdatasync(int fd);
long sys_sync_file_range(int fd, u32 offlo, u32 offhi, u32 lenlo, u32 lenhi, u32 flags);

/* Moving data inside the kernel (fs/sys_copy.c) */
long sys_sendfile64(int outfd, int infd, uaddr_t uoff, u32 count);
long sys_sendfile(int outfd, int infd, uaddr_t uoff, u32 count);
long sys_copy_file_range(int infd, uaddr_t uinoff, int outfd, uaddr_t uoutoff, u32 len, u32 flags);
long sys_fallocate(int fd, u32 mode, u32 offlo, u32 offhi, u32 lenlo, u32 lenhi);
long sys_readahead(int fd, u32 offlo, u32 offhi, u32 count);
long sys_fadvise64_64(int fd, u32 offlo, u32 offhi, u32 lenlo, u32 lenhi, u32 advice);
long sys_fadvise64(int fd, u32 offlo, u32 offhi, u32 len, u32 advice);

/* Files without a name (fs/sys_pipe.c) */
long sys_pipe2(uaddr_t ufds, u32 flags);
long sys_pipe(uaddr_t ufds);
long sys_memfd_create(uaddr_t uname, u32 flags);

/* Extended attributes; no file system here has any (fs/sys_xattr.c) */
long sys_setxattr(uaddr_t upath, uaddr_t uname, uaddr_t uvalue, u32 size, u32 flags);
long sys_lsetxattr(uaddr_t upath, uaddr_t uname, uaddr_t uvalue, u32 size, u32 flags);
long sys_fsetxattr(int fd, uaddr_t uname, uaddr_t uvalue, u32 size, u32 flags);
long sys_getxattr(uaddr_t upath, uaddr_t uname, uaddr_t uvalue, u32 size);
long sys_lgetxattr(uaddr_t upath, uaddr_t uname, uaddr_t uvalue, u32 size);
long sys_fgetxattr(int fd, uaddr_t uname, uaddr_t uvalue, u32 size);
long sys_listxattr(uaddr_t upath, uaddr_t ulist, u32 size);
long sys_llistxattr(uaddr_t upath, uaddr_t ulist, u32 size);
long sys_flistxattr(int fd, uaddr_t ulist, u32 size);
long sys_removexattr(uaddr_t upath, uaddr_t uname);
long sys_lremovexattr(uaddr_t upath, uaddr_t uname);
long sys_fremovexattr(int fd, uaddr_t uname);

/* Sockets; there is no family (fs/sys_socket.c) */
long sys_socketcall(int call, uaddr_t uargs);
long sys_socket(int family, int type, int protocol);
long sys_socketpair(int family, int type, int protocol, uaddr_t ufds);
long sys_bind(int fd, uaddr_t uaddr, int len);
long sys_connect(int fd, uaddr_t uaddr, int len);
long sys_listen(int fd, int backlog);
long sys_accept4(int fd, uaddr_t uaddr, uaddr_t ulen, u32 flags);
long sys_getsockopt(int fd, int level, int name, uaddr_t uvalue, uaddr_t ulen);
long sys_setsockopt(int fd, int level, int name, uaddr_t uvalue, int len);
long sys_getsockname(int fd, uaddr_t uaddr, uaddr_t ulen);
long sys_getpeername(int fd, uaddr_t uaddr, uaddr_t ulen);
long sys_sendto(int fd, uaddr_t ubuf, u32 len, u32 flags, uaddr_t uaddr, int addrlen);
long sys_recvfrom(int fd, uaddr_t ubuf, u32 len, u32 flags, uaddr_t uaddr, uaddr_t ulen);
long sys_sendmsg(int fd, uaddr_t umsg, u32 flags);
long sys_recvmsg(int fd, uaddr_t umsg, u32 flags);
long sys_sendmmsg(int fd, uaddr_t umsgs, u32 n, u32 flags);
long sys_recvmmsg(int fd, uaddr_t umsgs, u32 n, u32 flags, uaddr_t utimeout);
long sys_recvmmsg_time64(int fd, uaddr_t umsgs, u32 n, u32 flags, uaddr_t utimeout);
long sys_shutdown(int fd, int how);

/* Pages into pipes (fs/sys_splice.c) */
long sys_splice(int infd, uaddr_t uinoff, int outfd, uaddr_t uoutoff, u32 len, u32 flags);
long sys_tee(int infd, int outfd, u32 len, u32 flags);
long sys_vmsplice(int fd, uaddr_t uiov, u32 n, u32 flags);

/* Random numbers (fs/mem.c) */
long sys_getrandom(uaddr_t ubuf, u32 len, u32 flags);

#endif
