/* SPDX-License-Identifier: MIT */
/*
 * The table of open files. The gate tells of each descriptor that is opened by
 * name, copied or closed. A checkpoint keeps the name, the flags and the
 * offset; the contents stay in the file. Descriptors that were inherited are
 * the new command's after recovery: the shell has opened them.
 */
#pragma GCC target("general-regs-only")
#include "lc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_FDS 1024
/* Descriptors from here on are free while the others are made again. */
#define ASIDE 512

/* Which descriptors are open? One call tells it of all. */
static void open_fds(struct pollfd fds[MOST_FDS])
{
	for (int i = 0; i < MOST_FDS; i++)
		fds[i] = (struct pollfd){ .fd = i };
	lc_call3(SYS_poll, (long)fds, MOST_FDS, 0);
}

static bool is_open(const struct pollfd *p)
{
	return !(p->revents & POLLNVAL);
}

void lc_files_begin(void)
{
	struct pollfd fds[MOST_FDS];

	open_fds(fds);
	for (int i = 0; i < LC_FDS; i++)
		lc.files[i].f_share = is_open(&fds[i]) ? -i - 1 : 0;
}

/* The absolute name, without the C library. False: it is too long. */
static bool full_name(char *to, int dirfd, const char *path)
{
	long n = 0;

	if (path[0] != '/' && dirfd != AT_FDCWD) {
		if (dirfd < 0 || dirfd >= LC_FDS || lc.files[dirfd].f_share <= 0)
			return false;
		n = (long)strlen(strcpy(to, lc.files[dirfd].f_path));
	} else if (path[0] != '/') {
		n = lc_call3(SYS_getcwd, (long)to, LC_PATH, 0) - 1;
	}
	if (n < 0 || (unsigned long)n + strlen(path) + 2 > LC_PATH)
		return false;
	if (path[0] != '/')
		to[n++] = '/';
	strcpy(to + n, path);
	return true;
}

void lc_file_opened(int fd, int dirfd, const char *path)
{
	if (fd >= LC_FDS)
		return;
	lc.files[fd].f_locked = 0;
	lc.files[fd].f_share = full_name(lc.files[fd].f_path, dirfd, path) ? ++lc.next_share : 0;
}

void lc_file_copied(int from, int to)
{
	if (to >= LC_FDS || from == to)
		return;
	if (from < LC_FDS)
		lc.files[to] = lc.files[from];
	else
		lc.files[to].f_share = 0;
}

void lc_file_closed(int fd)
{
	if (fd >= 0 && fd < LC_FDS)
		lc.files[fd].f_share = 0;
}

static const char *type_name(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFIFO: return "a pipe";
	case S_IFSOCK: return "a socket";
	case S_IFREG: return "a file whose name the library did not see";
	default: return "something that has no name";
	}
}

/* A file that was opened by name: does the name still lead to it? */
static int check_name(int fd, const struct lc_file *f, const struct stat *st)
{
	struct stat named;

	if (f->f_locked)
		return lc_say("not saved: descriptor %d: its lock would be lost (%s)", fd, f->f_path);
	if (S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode))
		return lc_say("not saved: descriptor %d is %s (%s)", fd, type_name(st->st_mode), f->f_path);
	if (stat(f->f_path, &named) != 0 || named.st_dev != st->st_dev || named.st_ino != st->st_ino)
		return lc_say("not saved: descriptor %d: its file has no name any more (%s)", fd, f->f_path);
	return 0;
}

static int save_file(int fd)
{
	struct lc_file *f = &lc.files[fd];
	struct stat st;

	if (f->f_share < 0)
		return 0;
	if (fstat(fd, &st) != 0)
		return lc_say("not saved: descriptor %d: %s", fd, strerror(errno));
	if (f->f_share == 0)
		return lc_say("not saved: descriptor %d is %s", fd, type_name(st.st_mode));
	if (check_name(fd, f, &st) != 0)
		return -1;
	f->f_flags = fcntl(fd, F_GETFL);
	f->f_cloexec = fcntl(fd, F_GETFD) & FD_CLOEXEC;
	f->f_offset = lseek(fd, 0, SEEK_CUR);
	return 0;
}

int lc_files_save(void)
{
	struct pollfd fds[MOST_FDS];

	open_fds(fds);
	for (int i = 0; i < MOST_FDS; i++) {
		if (!is_open(&fds[i])) {
			lc_file_closed(i);
			continue;
		}
		if (i >= LC_FDS)
			return lc_say("not saved: descriptor %d: only those below %d are", i, LC_FDS);
		if (save_file(i) != 0)
			return -1;
	}
	return 0;
}

static int reopen(const struct lc_file *f)
{
	int32_t flags = (f->f_flags & ~(O_CREAT | O_EXCL | O_TRUNC)) | O_NOCTTY;
	long fd = lc_call3(SYS_open, (long)f->f_path, flags, 0), aside;
	int64_t at;

	if (LC_FAILED(fd))
		return lc_say("not recovered: %s: %s", f->f_path, strerror((int)-fd));
	aside = lc_call3(SYS_fcntl64, fd, F_DUPFD, ASIDE);
	lc_call3(SYS_close, fd, 0, 0);
	if (f->f_offset >= 0)
		lc_call5(SYS__llseek, aside, (long)(f->f_offset >> 32), (long)f->f_offset, (long)&at, SEEK_SET);
	return (int)aside;
}

/*
 * The open file of a share, at a descriptor above all of the program's; -1: a
 * line says why there is none.
 */
static int make_share(const struct lc_file *f)
{
	int inherited = -f->f_share - 1;
	long aside;

	if (f->f_share > 0)
		return reopen(f);
	aside = lc_call3(SYS_fcntl64, inherited, F_DUPFD, ASIDE);
	if (LC_FAILED(aside))
		return lc_say("not recovered: descriptor %d was inherited, and is not open now", inherited);
	return (int)aside;
}

/* Fills aside[] for the descriptor and for those that share its open file. */
static int put_aside(int fd, short aside[LC_FDS])
{
	int made = make_share(&lc.files[fd]);

	for (int i = fd; i < LC_FDS; i++) {
		if (lc.files[i].f_share == lc.files[fd].f_share)
			aside[i] = (short)made;
	}
	return made < 0 ? -1 : 0;
}

int lc_files_restore(void)
{
	short aside[LC_FDS] = { 0 };

	for (int i = 0; i < LC_FDS; i++) {
		if (lc.files[i].f_share && !aside[i] && put_aside(i, aside) != 0)
			return -1;
	}
	for (int i = 0; i < LC_FDS; i++) {
		if (lc.files[i].f_share)
			lc_call3(SYS_dup3, aside[i], i, lc.files[i].f_cloexec ? O_CLOEXEC : 0);
		else
			lc_call3(SYS_close, i, 0, 0);
	}
	for (int i = 0; i < LC_FDS; i++) {
		if (aside[i])
			lc_call3(SYS_close, aside[i], 0, 0);
	}
	return 0;
}

void lc_files_sync(void)
{
	for (int i = 0; i < LC_FDS; i++) {
		if (lc.files[i].f_share > 0 && (lc.files[i].f_flags & O_ACCMODE) != O_RDONLY)
			lc_call3(SYS_fsync, i, 0, 0);
	}
}
