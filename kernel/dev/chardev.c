/* SPDX-License-Identifier: MIT */
/* The list of terminal devices, and which of them is the console. */
#include "kernel/dev/chardev.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

static struct list termdevs = LIST_INIT(termdevs);
static struct termdev *console_dev;

static void no_input(struct termdev *td, const u8 *buf, size_t len)
{
}

static void no_rxerror(struct termdev *td, u8 c, enum td_error error)
{
}

static void no_output_ready(struct termdev *td)
{
}

void termdev_register(struct termdev *td)
{
	td->td_input = no_input;
	td->td_rxerror = no_rxerror;
	td->td_output_ready = no_output_ready;
	list_push_back(&termdevs, &td->td_link);
}

void termdev_foreach(void (*fn)(struct termdev *td, void *arg), void *arg)
{
	struct termdev *td;

	list_for_each (td, &termdevs, td_link)
		fn(td, arg);
}

/* The device whose name is the first len bytes of name. */
static struct termdev *find(const char *name, size_t len)
{
	struct termdev *td;

	list_for_each (td, &termdevs, td_link) {
		if (strlen(td->td_name) == len && memcmp(td->td_name, name, len) == 0)
			return td;
	}
	return NULL;
}

struct termdev *termdev_find(const char *name)
{
	return find(name, strlen(name));
}

static void show_log(struct termdev *td, void *arg)
{
	struct termdev *only = arg;

	if (td->td_console && (only ? only == td : td->td_logs))
		console_register(td->td_console);
}

void termdev_set_console(const char *name)
{
	const char *comma = name ? strchr(name, ',') : NULL;
	struct termdev *td = NULL;

	if (name) {
		td = find(name, comma ? (size_t)(comma - name) : strlen(name));
		if (!td)
			printk("console=%s: no such device\n", name);
	}
	termdev_foreach(show_log, td);
	if (!td && !list_empty(&termdevs))
		td = list_first(&termdevs, struct termdev, td_link);
	console_dev = td;
}

struct termdev *termdev_console(void)
{
	return console_dev;
}
