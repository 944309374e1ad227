/* SPDX-License-Identifier: MIT */
/*
 * `fsfuzz DEVICE IMAGE MOUNTPOINT SEED ROUNDS`: damages a small ext2 file system on a block device again and again, mounts it,
 * walks through it, writes to it, unmounts it. Every answer is right but a panic, a hang, or a leak.
 *
 * The image is put on the device before each round. The damage: bits, bytes, words and blocks, mostly in the metadata.
 */
#include "t.h"
#include <dirent.h>
#include <limits.h>
#include <sys/mount.h>

static unsigned char *image;
static size_t size;
static uint32_t seed;
static int walked;

static uint32_t rnd(uint32_t n)
{
	return t_rand(&seed) % n;
}

/* Blocks of the small image that hold metadata are at its start; the first directory blocks follow. */
static size_t place(void)
{
	switch (rnd(4)) {
	case 0: return 1024 + rnd(256);	 /* superblock */
	case 1: return 4096 + rnd(4096); /* group descriptors */
	case 2: return rnd(64 * 1024);	 /* bitmaps, inodes, root directory */
	default: return rnd(size);
	}
}

static void damage(unsigned char *p)
{
	static const uint32_t odd[] = { 0,	1,    0xffffffff, 0x7fffffff, 0x80000000, 0x10000,
					0xffff, 4096, 12,	  2,	      11 };

	for (int n = rnd(6) + 1; n > 0; n--) {
		size_t at = place() % (size - 4);

		switch (rnd(5)) {
		case 0: p[at] ^= 1 << rnd(8); break;
		case 1: p[at] = rnd(256); break;
		case 2: memcpy(p + at / 4 * 4, &odd[rnd(sizeof(odd) / sizeof(*odd))], 4); break;
		case 3: memcpy(p + at / 2 * 2, &odd[rnd(sizeof(odd) / sizeof(*odd))], 2); break;
		default:
			if (rnd(8) == 0)
				memset(p + at / 4096 * 4096, rnd(2) ? 0xff : 0, 4096);
		}
	}
}

/* Looks at everything below the working directory, a bounded number of things. */
static void walk(int depth)
{
	struct dirent *de;
	DIR *d = opendir(".");

	while (d && walked < 2000 && (de = readdir(d)) != NULL) {
		char buf[PATH_MAX];
		struct stat st;

		walked++;
		if (lstat(de->d_name, &st) < 0)
			continue;
		if (S_ISLNK(st.st_mode)) {
			(void)!readlink(de->d_name, buf, sizeof(buf));
		} else if (S_ISREG(st.st_mode)) {
			int fd = open(de->d_name, O_RDONLY | O_NONBLOCK);
			if (fd >= 0) {
				(void)!read(fd, buf, sizeof(buf));
				(void)!pread(fd, buf, sizeof(buf), st.st_size / 2);
				(void)!pread(fd, buf, sizeof(buf), st.st_size - 100);
				close(fd);
			}
		} else if (S_ISDIR(st.st_mode) && de->d_name[0] != '.' && depth < 6 && chdir(de->d_name) == 0) {
			walk(depth + 1);
			if (chdir("..") < 0)
				break;
		}
	}
	if (d)
		closedir(d);
}

/* Changes of every kind; all may fail. */
static void change(void)
{
	int fd;

	mkdir("new", 0755);
	fd = open("new/file", O_RDWR | O_CREAT, 0600);
	if (fd >= 0) {
		for (int i = 0; i < 20; i++)
			(void)!pwrite(fd, image, 4096, i * 20000);
		(void)!ftruncate(fd, 50000);
		fsync(fd);
		close(fd);
	}
	rename("new/file", "new/moved");
	rename("dir/numbers", "new/numbers");
	link("hello", "new/hello");
	symlink("hello", "new/link");
	unlink("hello");
	truncate("big", 5000);
	fd = open("big", O_WRONLY | O_APPEND);
	if (fd >= 0) {
		(void)!write(fd, image, 30000);
		close(fd);
	}
	rename("dir", "new/dir");
	rmdir("empty");
	unlink("new/moved");
	chmod("big", 0600);
	sync();
}

static int t_hook(int argc, char **argv)
{
	int mounted = 0, refused = 0;

	if (argc != 6 || access("/proc/reprise", F_OK) < 0)
		return 2;
	int fd = SYS(open(argv[2], O_RDONLY));
	struct stat st;
	SYS(fstat(fd, &st));
	size = st.st_size;
	image = malloc(size);
	unsigned char *copy = malloc(size);
	CHECK(image && copy);
	CHECK_EQ(read(fd, image, size), size);
	SYS(close(fd));
	seed = strtoul(argv[4], NULL, 0) | 1;
	for (int round = 0; round < atoi(argv[5]); round++) {
		memcpy(copy, image, size);
		if (round > 0)
			damage(copy);
		int dev = SYS(open(argv[1], O_WRONLY));
		CHECK_EQ(write(dev, copy, size), size);
		SYS(fsync(dev));
		SYS(close(dev));
		if (mount(argv[1], argv[3], "ext2", 0, NULL) < 0) {
			CHECK(round > 0);
			refused++;
			continue;
		}
		mounted++;
		SYS(chdir(argv[3]));
		walked = 0;
		walk(0);
		change();
		walked = 0;
		walk(0);
		SYS(chdir("/"));
		if (umount(argv[3]) < 0)
			FAIL("round %d: umount: %s", round, strerror(errno));
	}
	printf("fsfuzz: %d rounds\n", mounted + refused);
	CHECK(mounted > 0);
	return 0;
}
