/* SPDX-License-Identifier: MIT */
/* New files and directories: their bits and their group. */
#define T_PART
#include "setid.h"

static void new_by_open(const char *name, mode_t mode)
{
	SYS(close(SYS(open(name, O_WRONLY | O_CREAT | O_EXCL, mode))));
}

static void new_by_openat(const char *name, mode_t mode)
{
	SYS(close(SYS(openat(AT_FDCWD, name, O_RDONLY | O_CREAT, mode))));
}

static void new_by_creat(const char *name, mode_t mode)
{
	SYS(close(SYS(creat(name, mode))));
}

static void new_by_mknod(const char *name, mode_t mode)
{
	SYS(mknod(name, S_IFREG | mode, 0));
}

static void new_by_mkfifo(const char *name, mode_t mode)
{
	SYS(mknod(name, S_IFIFO | mode, 0));
}

static void (*const makers[])(const char *, mode_t) = { new_by_open, new_by_openat, new_by_creat,
							new_by_mknod, new_by_mkfifo };

/* A new file: who makes it where, what it asks for and what it gets. */
static const struct {
	mode_t dir;
	const struct caller *caller;
	mode_t umask, asked, got;
} news[] = {
	{ 02777, &outsider, 0, 02777, 0777 },
	{ 02777, &outsider, 0, 06777, 04777 },
	{ 02777, &outsider, 0, 02755, 0755 },
	{ 02777, &outsider, 0, 02710, 0710 },
	{ 02777, &outsider, 0, 02666, 02666 }, /* no program */
	{ 02777, &outsider, 0, 02707, 02707 },
	{ 02777, &outsider, 0, 0777, 0777 },
	{ 02777, &outsider, 0077, 02777, 0700 }, /* the bit goes before the umask comes */
	{ 02777, &outsider, 0077, 02666, 02600 },
	{ 02777, &member, 0, 02777, 02777 },
	{ 02777, &member, 0077, 02777, 02700 },
	{ 02777, &member_by_gid, 0, 06777, 06777 },
	{ 02777, &root, 0, 02777, 02777 },
	{ 0777, &outsider, 0, 02777, 02777 }, /* its own group */
	{ 0777, &outsider, 0, 06755, 06755 },
};

TEST_ROOT(new_files_in_a_directory_of_a_group)
{
	SYS(chmod(".", 0777));
	for (size_t i = 0; i < sizeof(news) / sizeof(*news); i++) {
		SYS(mkdir("d", 0777));
		SYS(chown("d", 0, STAFF));
		SYS(chmod("d", news[i].dir));
		for (size_t m = 0; m < sizeof(makers) / sizeof(*makers); m++) {
			pid_t pid = t_fork();
			if (pid == 0) {
				become(news[i].caller);
				umask(news[i].umask);
				makers[m]("d/f", news[i].asked);
				_exit(0);
			}
			t_join(pid);
			if (mode_of("d/f") != news[i].got)
				FAIL("maker %zu, row %zu: expected %04o, found %04o", m, i,
				     (unsigned)news[i].got, (unsigned)mode_of("d/f"));
			CHECK_EQ(group_of("d/f"), news[i].dir & 02000 ? STAFF : news[i].caller->gid);
			SYS(unlink("d/f"));
		}
		SYS(rmdir("d"));
	}
}

/* Directories and links get the group as well; directories the bit, whoever makes them and whatever was asked. */
TEST_ROOT(new_directories_in_a_directory_of_a_group)
{
	SYS(chmod(".", 0777));
	SYS(mkdir("d", 0777));
	SYS(chown("d", 0, STAFF));
	SYS(chmod("d", 02777));
	pid_t pid = t_fork();
	if (pid == 0) {
		become(&outsider);
		umask(0);
		SYS(mkdir("d/plain", 0755));
		SYS(mkdir("d/asked", 06777));
		SYS(mkdir("d/plain/below", 0700));
		SYS(mkdir("no", 02777)); /* mkdir sets no set-id bit by itself */
		SYS(symlink("x", "d/link"));
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(mode_of("d/plain"), 02755);
	CHECK_EQ(mode_of("d/asked"), 02777);
	CHECK_EQ(mode_of("d/plain/below"), 02700);
	CHECK_EQ(mode_of("no"), 0777);
	CHECK_EQ(mode_of("d/link"), 0777);
	CHECK_EQ(group_of("d/plain"), STAFF);
	CHECK_EQ(group_of("d/plain/below"), STAFF);
	CHECK_EQ(group_of("d/link"), STAFF);
	CHECK_EQ(group_of("no"), GUESTS);
}
