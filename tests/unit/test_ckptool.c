/* SPDX-License-Identifier: MIT */
/*
 * ckptool's commands on images made here: what they print, and their exit status.
 *
 * UNIT-NEEDS: python3
 * UNIT-SOURCES: ckpt/image_check.c ckpt/image_codec.c ckpt/image_core.c ckpt/image_mem.c
 * UNIT-SOURCES: ckpt/image_notes.c ckpt/image_read.c ckpt/image_sum.c ckpt/image_write.c
 * UNIT-SOURCES: tools/ckptool_open.c tools/ckptool_walk.c tools/ckptool_json.c tools/ckptool_diff.c tools/ckptool_info.c
 */
#define main ckptool_main
#include "tools/ckptool_main.c"
#undef main

#include "tests/unit/image_sample.h"

/* Behind the sample: <signal.h> makes sa_handler a macro. */
#include <stdarg.h>
#include <sys/wait.h>

static int failed;
static char dir[] = "/tmp/ckptool-XXXXXX";
static char output[1 << 20];
static size_t output_size;

static void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
	if (!ok)
		printf("  output: %.2000s\n", output);
}

static void save_image(const char *name, struct img_image *img)
{
	struct memfile f = { 0 };
	struct img_err err;
	FILE *out;

	NEED(sample_write(img, &f, &err) == 0);
	out = fopen(name, "w");
	NEED(out && fwrite(f.data, 1, f.size, out) == f.size && fclose(out) == 0);
	memfile_free(&f);
	img_free(img);
}

/* Runs ckptool in a child; what it printed, on both streams, is in output. Returns its exit status. */
static int run(const char *first, ...)
{
	char *argv[10] = { (char *)"ckptool", (char *)first };
	int argc = 2, status;
	va_list ap;
	pid_t pid;
	FILE *in;

	va_start(ap, first);
	while ((argv[argc] = va_arg(ap, char *)))
		argc++;
	va_end(ap);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (!freopen("out", "w", stdout) || dup2(1, 2) < 0)
			_exit(99);
		exit(ckptool_main(argc, argv));
	}
	NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
	in = fopen("out", "r");
	NEED(in);
	output_size = fread(output, 1, sizeof(output) - 1, in);
	output[output_size] = 0;
	fclose(in);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool says(const char *text)
{
	return strstr(output, text) != NULL;
}

static void poke(const char *name, long off, int value)
{
	FILE *f = fopen(name, "r+");

	NEED(f && fseek(f, off, SEEK_SET) == 0 && fputc(value, f) != EOF && fclose(f) == 0);
}

static void make_images(void)
{
	struct img_image img;

	sample_small(&img);
	save_image("small", &img);
	sample_small(&img);
	save_image("page", &img);
	poke("page", IMG_PAGE + 5, 0);
	sample_small(&img);
	save_image("notes", &img);
	poke("notes", 2000, 0x5a);
	sample_large(&img);
	save_image("large", &img);
	sample_small(&img);
	img.i_proc.p_umask = 077;
	img.i_lwp[0].l_regs.r_eax = 0x1234;
	NEED(img_add_page(&img, 0xbffff000) == -EINVAL);
	save_image("other", &img);
}

static void test_verify(void)
{
	check(run("verify", "small", "large", NULL) == 0 && says("small: whole, 3 pages") &&
		      says("large: whole, 1210 pages"),
	      "verify: whole images");
	check(run("verify", "small", "page", NULL) == 1 && says("small: whole") &&
		      says("page: is damaged: wrong sum of the page at this address (0x804a000)"),
	      "verify: a damaged page");
	check(run("verify", "notes", NULL) == 1 && says("notes: is damaged: wrong sum of its metadata"),
	      "verify: damaged metadata");
	check(run("verify", "absent", NULL) == 2 && says("absent: No such file"), "verify: no file");
	check(run("verify", ".", NULL) != 0, "verify: a directory");
	check(run("verify", "/dev/null", NULL) == 1, "verify: an empty file");
	check(run("verify", "/proc/self/exe", NULL) == 1 && says("is no core file of this machine"),
	      "verify: another file");
}

static void test_usage(void)
{
	check(run("--help", NULL) == 0 && says("usage: ckptool"), "--help");
	check(run("verify", NULL) == 2 && run("nonsense", "small", NULL) == 2 &&
		      run("diff", "small", NULL) == 2 && run("info", "small", "large", NULL) == 2 &&
		      says("usage: ckptool"),
	      "wrong usage");
}

static void test_show(void)
{
	check(run("info", "small", NULL) == 0 && says("process   77 (mat)") && says("/dev/ttyS0") &&
		      says("[stack]") && says("eip 08048123"),
	      "info");
	check(run("info", "-v", "large", NULL) == 0 && says("40011000      2  0xe000") &&
		      says("log with a blank\\012\n") && says("goes on with call 162"),
	      "info -v");
	check(run("info", "notes", NULL) == 1 && !says("process"), "info: nothing of a damaged image");
	check(run("json", "large", NULL) == 0 &&
		      system("python3 -c 'import json; d = json.load(open(\"out\")); assert len(d[\"lwps\"]) == 3 and "
			     "d[\"vnodes\"][-2][\"path\"] == \"/root/log with a blank\\n\" and "
			     "d[\"lwps\"][0][\"regs\"][\"eip\"] == 0x08048123 and len(d[\"runs\"]) == 602, d'") == 0,
	      "json");
}

static void test_strange_paths(void)
{
	static const char path[] = "/\"\\\x01\x7f\xc3\xa9\xe2\x82\xac\xff\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80/";
	struct img_image img;

	sample_small(&img);
	img.i_vnode[1].v_path = path;
	save_image("strange", &img);
	check(run("json", "strange", NULL) == 0 &&
		      system("python3 -c 'import json, os; d = json.load(open(\"out\", encoding=\"utf-8\")); "
			     "p = os.fsencode(d[\"vnodes\"][1][\"path\"]); assert p == "
			     "bytes([47,34,92,1,127,195,169,226,130,172,255,192,128,237,160,128,244,144,128,128,47]), p'") == 0,
	      "json: any bytes in a path");
	check(run("info", "strange", NULL) == 0 && !memchr(output, 1, output_size) && says("\\001\\177"),
	      "info: nothing that could disturb a terminal");
}

static void test_diff(void)
{
	check(run("diff", "small", "small", NULL) == 0 && output_size == 0, "diff: no difference");
	check(run("diff", "small", "other", NULL) == 1 && says("- lwps.0.regs.eax = 0x4d") &&
		      says("+ lwps.0.regs.eax = 0x1234") && says("- proc.umask = 0x12") && !says("page"),
	      "diff: a register and the umask");
	check(run("diff", "small", "page", NULL) == 1 && says("! page 0x804a000: 1 bytes"), "diff: a page");
	check(run("diff", "small", "large", NULL) == 1 && says("- page 0x804a000") &&
		      says("+ page 0x8050000") && says("+ lwps.2.tid = 79"),
	      "diff: much");
	check(run("diff", "small", "notes", NULL) == 2, "diff: a damaged image");
}

static void test_cat(void)
{
	u8 page[IMG_PAGE];

	sample_page(0x0804d000, page);
	check(run("cat", "small", "0x0804cffe", "6", NULL) == 0 && output_size == 6 && !output[0] &&
		      !output[1] && memcmp(output + 2, page, 4) == 0,
	      "cat: across a zero and a stored page");
	check(run("cat", "small", "0x08048000", "4", NULL) == 2 && says("it is byte 0 of /bin/mat"), "cat: of a file");
	check(run("cat", "small", "0x20000000", "4", NULL) == 2 && says("nothing is mapped"), "cat: of nothing");
	check(run("cat", "small", "0xfffffff0", "4", NULL) == 2 && run("cat", "small", "zero", "4", NULL) == 2 &&
		      run("cat", "small", "0xbffff000", "4097", NULL) == 2 &&
		      run("cat", "small", "0x10000", "-1", NULL) == 2,
	      "cat: no range");
}

int main(void)
{
	char command[80];

	setvbuf(stdout, NULL, _IOLBF, 0);
	NEED(mkdtemp(dir) && chdir(dir) == 0);
	make_images();
	test_verify();
	test_usage();
	test_show();
	test_strange_paths();
	test_diff();
	test_cat();
	snprintf(command, sizeof(command), "rm -r %s", dir);
	check(chdir("/") == 0 && system(command) == 0, "nothing is left");
	return failed;
}
