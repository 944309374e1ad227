/* SPDX-License-Identifier: MIT */
/* Directories, names, links and rename in all its cases. */
#include "t.h"
#include <dirent.h>
#include <limits.h>

static char buf[PATH_MAX];

static int links(const char *path)
{
	struct stat st;

	SYS(lstat(path, &st));
	return st.st_nlink;
}

static ino_t ino(const char *path)
{
	struct stat st;

	SYS(lstat(path, &st));
	return st.st_ino;
}

/* The number of entries but . and .., each of which must be there once. */
static int entries(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *de;
	int n = 0, dots = 0;

	CHECK(d != NULL);
	while ((de = readdir(d)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			dots++;
		else
			n++;
	}
	closedir(d);
	CHECK_EQ(dots, 2);
	return n;
}

static void touch(const char *path)
{
	SYS(close(SYS(open(path, O_WRONLY | O_CREAT, 0644))));
}

TEST(make_and_remove)
{
	SYS(mkdir("a", 0755));
	CHECK_ERR(mkdir("a", 0755), EEXIST);
	CHECK_EQ(entries("a"), 0);
	SYS(mkdir("a/b", 0755));
	SYS(mkdir("a/b/c/", 0755));
	CHECK_ERR(mkdir("x/y", 0755), ENOENT);
	touch("f");
	CHECK_ERR(mkdir("f/y", 0755), ENOTDIR);
	CHECK_ERR(mkdir("f", 0755), EEXIST);
	CHECK_ERR(mkdir("", 0755), ENOENT);
	CHECK_ERR(rmdir("a"), ENOTEMPTY);
	CHECK_ERR(rmdir("f"), ENOTDIR);
	CHECK_ERR(rmdir("nothing"), ENOENT);
	CHECK_ERR(rmdir("a/b/c/."), EINVAL);
	CHECK_ERR(rmdir("a/b/c/.."), ENOTEMPTY);
	CHECK_ERR(rmdir("/"), EBUSY);
	CHECK_ERR(unlink("a"), EISDIR);
	CHECK_ERR(unlink("nothing"), ENOENT);
	CHECK_ERR(unlink("f/"), ENOTDIR);
	SYS(rmdir("a/b/c"));
	SYS(rmdir("a/b/"));
	SYS(rmdir("a"));
	CHECK_ERR(access("a", F_OK), ENOENT);
}

TEST(hard_links)
{
	SYS(mkdir("d", 0755));
	touch("f");
	SYS(link("f", "g"));
	SYS(link("f", "d/h"));
	CHECK_EQ(links("f"), 3);
	CHECK(ino("f") == ino("g") && ino("f") == ino("d/h"));
	CHECK_ERR(link("f", "g"), EEXIST);
	CHECK_ERR(link("nothing", "x"), ENOENT);
	CHECK_ERR(link("d", "e"), EPERM);
	CHECK_ERR(link("f", "x/y"), ENOENT);
	int fd = SYS(open("f", O_WRONLY));
	CHECK_EQ(write(fd, "same", 4), 4);
	SYS(unlink("f"));
	CHECK_EQ(links("g"), 2);
	struct stat st;
	SYS(stat("d/h", &st));
	CHECK_EQ(st.st_size, 4);
	/* link() names the symbolic link itself; with AT_SYMLINK_FOLLOW its target. */
	SYS(symlink("g", "s"));
	SYS(link("s", "s2"));
	CHECK(ino("s2") == ino("s"));
	SYS(linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW));
	CHECK(ino("s3") == ino("g"));
}

TEST(symbolic_links)
{
	char longname[PATH_MAX + 10];

	SYS(mkdir("d", 0755));
	touch("d/f");
	SYS(symlink("d/f", "short"));
	CHECK_EQ(readlink("short", buf, sizeof(buf)), 3);
	CHECK(memcmp(buf, "d/f", 3) == 0);
	CHECK_EQ(readlink("short", buf, 2), 2);
	CHECK_ERR(syscall(SYS_readlink, "short", buf, 0), EINVAL);
	CHECK_ERR(readlink("d", buf, 10), EINVAL);
	CHECK_ERR(symlink("x", "short"), EEXIST);
	CHECK_ERR(symlink("", "empty"), ENOENT);
	struct stat st;
	SYS(lstat("short", &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(st.st_size, 3);
	/* Targets of every length that the file system stores differently. */
	static const int lens[] = { 1, 59, 60, 61, 100, 1000, 4095 };
	for (unsigned i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		char name[16];
		memset(longname, 'a' + i, lens[i]);
		longname[lens[i]] = 0;
		snprintf(name, sizeof(name), "l%d", lens[i]);
		SYS(symlink(longname, name));
		CHECK_EQ(readlink(name, buf, sizeof(buf)), lens[i]);
		CHECK(memcmp(buf, longname, lens[i]) == 0);
		SYS(lstat(name, &st));
		CHECK_EQ(st.st_size, lens[i]);
	}
	memset(longname, 'z', 4096);
	longname[4096] = 0;
	CHECK_ERR(symlink(longname, "toolong"), ENAMETOOLONG);
	/* Through links, relative to where they stand; up to 40 of them. */
	SYS(symlink("../d/f", "d/up"));
	touch("d/up");
	SYS(symlink("d", "dd"));
	CHECK(ino("dd/f") == ino("d/f"));
	SYS(symlink("d/f", "c0"));
	for (int i = 1; i < 45; i++) {
		char from[8], to[8];
		snprintf(from, sizeof(from), "c%d", i - 1);
		snprintf(to, sizeof(to), "c%d", i);
		SYS(symlink(from, to));
	}
	SYS(access("c39", F_OK));
	CHECK_ERR(access("c40", F_OK), ELOOP);
	CHECK_ERR(rmdir("dd"), ENOTDIR);
	SYS(unlink("dd"));
	CHECK_EQ(entries("d"), 2);
}

TEST(rename_files)
{
	touch("a");
	ino_t a = ino("a");
	SYS(rename("a", "b"));
	CHECK_ERR(access("a", F_OK), ENOENT);
	CHECK(ino("b") == a);
	touch("c");
	SYS(rename("b", "c"));
	CHECK(ino("c") == a);
	CHECK_EQ(entries("."), 1);
	SYS(rename("c", "c"));
	SYS(link("c", "d"));
	/* Two names of one file: nothing happens. */
	SYS(rename("c", "d"));
	CHECK_EQ(links("c"), 2);
	SYS(mkdir("dir", 0755));
	CHECK_ERR(rename("c", "dir"), EISDIR);
	SYS(rename("c", "dir/e"));
	CHECK(ino("dir/e") == a);
	CHECK_ERR(rename("nothing", "x"), ENOENT);
	CHECK_ERR(rename("d", "no/x"), ENOENT);
	CHECK_ERR(rename("d", "dir/e/x"), ENOTDIR);
	CHECK_ERR(rename("d", ""), ENOENT);
	CHECK_ERR(rename("d", "dir/."), EBUSY);
	CHECK_ERR(rename("dir/..", "x"), EBUSY);
	SYS(symlink("d", "s"));
	SYS(rename("s", "t"));
	CHECK_EQ(readlink("t", buf, sizeof(buf)), 1);
	/* An open file that is replaced lives on. */
	t_put("old", "old", 3);
	t_put("new", "new", 3);
	int fd = SYS(open("old", O_RDONLY));
	SYS(rename("new", "old"));
	CHECK_EQ(read(fd, buf, 10), 3);
	CHECK(memcmp(buf, "old", 3) == 0);
	struct stat st;
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
}

TEST(rename_directories)
{
	SYS(mkdir("a", 0755));
	SYS(mkdir("a/sub", 0755));
	touch("a/sub/f");
	SYS(mkdir("b", 0755));
	CHECK_ERR(rename("a", "a/sub/x"), EINVAL);
	CHECK_ERR(rename("a", "a/x"), EINVAL);
	CHECK_ERR(rename("a/sub", "a"), ENOTEMPTY);
	touch("file");
	CHECK_ERR(rename("a", "file"), ENOTDIR);
	CHECK_ERR(rename("file", "a"), EISDIR);
	SYS(mkdir("b/full", 0755));
	touch("b/full/x");
	CHECK_ERR(rename("a/sub", "b/full"), ENOTEMPTY);
	/* To another parent: .. follows, and the link counts. */
	struct stat a, b, up;
	SYS(rename("a/sub", "b/sub"));
	SYS(stat("a", &a));
	SYS(stat("b", &b));
	SYS(stat("b/sub/..", &up));
	CHECK(up.st_ino == b.st_ino && up.st_ino != a.st_ino);
	SYS(access("b/sub/f", F_OK));
	/* Over an empty directory. */
	SYS(rename("b/sub", "a"));
	SYS(access("a/f", F_OK));
	SYS(rename("a", "c/"));
	SYS(access("c/f", F_OK));
	CHECK_EQ(entries("."), 3);
	/* The working directory moves with its directory. */
	SYS(mkdir("w", 0755));
	SYS(chdir("w"));
	SYS(rename("../w", "../v"));
	CHECK(getcwd(buf, sizeof(buf)) && strcmp(strrchr(buf, '/'), "/v") == 0);
}

TEST(rename_noreplace)
{
	touch("a");
	touch("b");
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 1), EEXIST);
	SYS(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "c", 1));
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "d", 0x80), EINVAL);
}

TEST(working_directory)
{
	char start[PATH_MAX];

	CHECK(getcwd(start, sizeof(start)) != NULL);
	SYS(mkdir("d", 0755));
	SYS(mkdir("d/e", 0755));
	SYS(chdir("d/e"));
	CHECK(getcwd(buf, sizeof(buf)) != NULL);
	CHECK_EQ(strlen(buf), strlen(start) + 4);
	CHECK(strcmp(buf + strlen(start), "/d/e") == 0);
	CHECK_ERR(getcwd(buf, 3) ? 0 : -1, ERANGE);
	SYS(chdir("../.././."));
	CHECK(getcwd(buf, sizeof(buf)) && strcmp(buf, start) == 0);
	int fd = SYS(open("d", O_RDONLY));
	SYS(fchdir(fd));
	touch("inside");
	SYS(chdir(".."));
	SYS(access("d/inside", F_OK));
	CHECK_ERR(chdir("d/inside"), ENOTDIR);
	CHECK_ERR(chdir("nothing"), ENOENT);
	CHECK_ERR(fchdir(999), EBADF);
	SYS(mkdir("gone", 0755));
	SYS(chdir("gone"));
	SYS(rmdir("../gone"));
	CHECK_ERR(getcwd(buf, sizeof(buf)) ? 0 : -1, ENOENT);
	CHECK_ERR(open("x", O_CREAT | O_WRONLY, 0600), ENOENT);
	CHECK_ERR(mkdir("x", 0700), ENOENT);
	CHECK_ERR(access("x", F_OK), ENOENT);
	DIR *dir = opendir(".");
	CHECK(dir && readdir(dir) == NULL);
	SYS(chdir(".."));
}

TEST(at_calls)
{
	SYS(mkdir("d", 0755));
	int d = SYS(open("d", O_RDONLY | O_DIRECTORY)), p = SYS(open("d", O_PATH | O_DIRECTORY));
	struct stat st;

	SYS(close(SYS(openat(d, "f", O_CREAT | O_WRONLY, 0600))));
	SYS(mkdirat(p, "sub", 0700));
	SYS(fstatat(d, "f", &st, 0));
	SYS(faccessat(p, "f", R_OK, 0));
	SYS(renameat(d, "f", p, "sub/g"));
	SYS(linkat(d, "sub/g", d, "h", 0));
	SYS(symlinkat("h", d, "s"));
	CHECK_EQ(readlinkat(d, "s", buf, sizeof(buf)), 1);
	SYS(fstatat(d, "s", &st, AT_SYMLINK_NOFOLLOW));
	CHECK(S_ISLNK(st.st_mode));
	SYS(fstatat(d, "", &st, AT_EMPTY_PATH));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_ERR(unlinkat(d, "sub", 0), EISDIR);
	CHECK_ERR(unlinkat(d, "h", AT_REMOVEDIR), ENOTDIR);
	SYS(unlinkat(d, "sub/g", 0));
	SYS(unlinkat(d, "sub", AT_REMOVEDIR));
	CHECK_ERR(openat(999, "x", O_RDONLY), EBADF);
	int f = SYS(openat(d, "h", O_RDONLY));
	CHECK_ERR(openat(f, "x", O_RDONLY), ENOTDIR);
	SYS(openat(999, "/", O_RDONLY));
	CHECK_ERR(unlinkat(d, "h", 0x1000), EINVAL);
	CHECK_ERR(read(p, buf, 1), EBADF);
}

TEST(thousands_of_entries)
{
	enum { N = 2500 };
	char name[64];
	static char seen[N];

	SYS(mkdir("big", 0755));
	SYS(chdir("big"));
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "entry-with-a-name-of-some-length-%d", i);
		if (i % 10)
			SYS(link("entry-with-a-name-of-some-length-0", name));
		else
			touch(name);
	}
	CHECK_EQ(entries("."), N);
	for (int i = 0; i < N; i += 2) {
		if (i == 0)
			continue;
		snprintf(name, sizeof(name), "entry-with-a-name-of-some-length-%d", i);
		SYS(unlink(name));
		CHECK_ERR(unlink(name), ENOENT);
	}
	CHECK_EQ(entries("."), N / 2 + 1);
	/* Reading goes on where it stood while entries come and go. */
	DIR *d = opendir(".");
	struct dirent *de;
	int n = 0;
	while ((de = readdir(d)) != NULL) {
		int i;
		if (sscanf(de->d_name, "entry-with-a-name-of-some-length-%d", &i) != 1)
			continue;
		CHECK(i >= 0 && i < N && (i == 0 || i % 2));
		CHECK_EQ(seen[i]++, 0);
		SYS(unlink(de->d_name));
		n++;
	}
	closedir(d);
	CHECK_EQ(n, N / 2 + 1);
	CHECK_EQ(entries("."), 0);
	SYS(chdir(".."));
	SYS(rmdir("big"));
}

TEST(seek_in_directory)
{
	char names[30][256];
	long where[30];
	DIR *d;
	struct dirent *de;

	for (int i = 0; i < 28; i++) {
		char name[8];
		snprintf(name, sizeof(name), "n%d", i);
		touch(name);
	}
	d = opendir(".");
	for (int i = 0; i < 30; i++) {
		where[i] = telldir(d);
		CHECK((de = readdir(d)) != NULL);
		snprintf(names[i], sizeof(names[i]), "%s", de->d_name);
	}
	CHECK(readdir(d) == NULL);
	for (int i = 29; i >= 0; i -= 7) {
		seekdir(d, where[i]);
		CHECK((de = readdir(d)) != NULL);
		CHECK_STR(de->d_name, names[i]);
	}
	rewinddir(d);
	CHECK_STR(readdir(d)->d_name, names[0]);
	closedir(d);
}

TEST(types_in_entries)
{
	DIR *d;
	struct dirent *de;
	int n = 0;

	touch("f");
	SYS(mkdir("d", 0755));
	SYS(symlink("f", "l"));
	SYS(mkfifo("p", 0600));
	d = opendir(".");
	while ((de = readdir(d)) != NULL) {
		int want = *de->d_name == 'f'	? DT_REG
			   : *de->d_name == 'l' ? DT_LNK
			   : *de->d_name == 'p' ? DT_FIFO
						: DT_DIR;
		CHECK(de->d_type == want || de->d_type == DT_UNKNOWN);
		if (*de->d_name != '.')
			CHECK_EQ(de->d_ino, ino(de->d_name));
		n++;
	}
	CHECK_EQ(n, 6);
}

TEST(small_buffers_and_errors)
{
	int fd = SYS(open(".", O_RDONLY));

	CHECK_ERR(syscall(SYS_getdents64, fd, buf, 10), EINVAL);
	CHECK_ERR(syscall(SYS_getdents64, fd, (void *)0x10, 4096), EFAULT);
	CHECK_ERR(syscall(SYS_getdents64, 999, buf, 4096), EBADF);
	touch("f");
	fd = SYS(open("f", O_RDONLY));
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, 4096), ENOTDIR);
}

TEST(deep_tree)
{
	int depth;

	for (depth = 0; depth < 300; depth++) {
		SYS(mkdir("deeper", 0755));
		SYS(chdir("deeper"));
	}
	/* The whole path is 300 * 7 bytes long: still a path. */
	CHECK(getcwd(buf, sizeof(buf)) != NULL);
	CHECK(strlen(buf) > 2100);
	for (; depth > 0; depth--) {
		SYS(chdir(".."));
		SYS(rmdir("deeper"));
	}
}

TEST(link_counts_of_directories)
{
	struct stat st, top;

	SYS(mkdir("d", 0755));
	SYS(stat("d", &st));
	for (int i = 0; i < 5; i++) {
		char name[8];
		snprintf(name, sizeof(name), "d/%d", i);
		SYS(mkdir(name, 0755));
	}
	SYS(stat("d", &top));
	/* File systems that count directories count exactly. */
	CHECK(st.st_nlink == 1 || (st.st_nlink == 2 && top.st_nlink == 7));
	SYS(rmdir("d/3"));
	SYS(stat("d", &top));
	CHECK(st.st_nlink == 1 || top.st_nlink == 6);
}

T_NO_HOOK
