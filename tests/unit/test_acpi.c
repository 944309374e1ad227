/* SPDX-License-Identifier: MIT */
/* The ACPI parsers on good tables and on damaged ones; the real-time clock's registers. */
#include "kernel/dev/acpi_tables.c"
#include "kernel/dev/rtc.c"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int failed;

static void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
}

/* A table in a block of exactly its size, so that the sanitizer sees every byte read beyond it. */
static struct acpi_table *make(const char *sig, const void *body, u32 len)
{
	struct acpi_table *t = calloc(1, sizeof(*t) + len);

	memcpy(t->at_sig, sig, 4);
	t->at_len = (u32)sizeof(*t) + len;
	memcpy(t + 1, body, len);
	return t;
}

static const u8 madt_body[] = {
	0, 0,  0xe0, 0xfe, 1, 0, 0,    0,		    /* local APIC, flags */
	0, 8,  0,    0,	   1, 0, 0,    0,		    /* CPU, APIC id 0 */
	0, 8,  1,    4,	   1, 0, 0,    0,		    /* CPU, APIC id 4 */
	0, 8,  2,    5,	   0, 0, 0,    0,		    /* CPU that is disabled */
	1, 12, 0,    0,	   0, 0, 0xc0, 0xfe, 0,	   0, 0, 0, /* I/O APIC */
	2, 10, 0,    0,	   2, 0, 0,    0,    0,	   0,	    /* IRQ 0 is GSI 2 */
	2, 10, 0,    9,	   9, 0, 0,    0,    0x0f, 0,	    /* IRQ 9: level, low */
	5, 12, 0,    0,	   0, 0, 0xf0, 0xfe, 0,	   0, 0, 0, /* local APIC is elsewhere */
};

static void test_madt(void)
{
	struct acpi_info ai;
	struct acpi_table *t = make("APIC", madt_body, sizeof(madt_body));

	acpi_defaults(&ai);
	acpi_parse_madt(&ai, t);
	check(ai.ai_madt && ai.ai_ncpu == 2 && ai.ai_apicid[1] == 4, "CPUs");
	check(ai.ai_nioapic == 1 && ai.ai_ioapic[0].io_pa == 0xfec00000 && ai.ai_lapic == 0xfef00000, "APICs");
	check(ai.ai_isa[0].is_gsi == 2 && !ai.ai_isa[0].is_level && ai.ai_isa[9].is_level &&
		      ai.ai_isa[9].is_low && ai.ai_isa[5].is_gsi == 5 && !ai.ai_isa[5].is_override,
	      "overrides");
	free(t);
}

/* \_S5 = Package { 5, 7, 0, 0 }, with byte constants. */
static const u8 s5[] = { 0x11, 0x22, 0x08, '_', 'S',  '5', '_', 0x12,
			 0x08, 0x04, 0x0a, 5,	0x0a, 7,   0,	0 };
/* The same with the small constants and a root prefix; before it the name without a definition. */
static const u8 s5_short[] = { 0,   0,	 '_', 'S',  '5',  '_',	0, 0x08, '\\', '_',
			       'S', '5', '_', 0x12, 0x46, 0x00, 2, 1,	 0 };

static void test_s5(void)
{
	struct acpi_info ai;
	struct acpi_table *t = make("DSDT", s5, sizeof(s5));

	acpi_defaults(&ai);
	acpi_parse_dsdt(&ai, t);
	check(ai.ai_s5 && ai.ai_s5_a == 5 && ai.ai_s5_b == 7, "\\_S5");
	free(t);
	t = make("DSDT", s5_short, sizeof(s5_short));
	acpi_defaults(&ai);
	acpi_parse_dsdt(&ai, t);
	check(ai.ai_s5 && ai.ai_s5_a == 1 && ai.ai_s5_b == 0, "\\_S5 in its short form");
	free(t);
}

static void test_fadt(void)
{
	u8 body[208] = { 0 };
	struct acpi_info ai;
	struct acpi_table *t;

	body[64 - 36] = 0x04;
	body[65 - 36] = 0x06; /* PM1a control 0x604 */
	body[76 - 36] = 0x08;
	body[77 - 36] = 0x06;
	body[91 - 36] = 4;
	body[113 - 36] = 0x05; /* timer of 32 bits, reset register */
	body[116 - 36] = 1;
	body[120 - 36] = 0xf9;
	body[121 - 36] = 0x0c;
	body[128 - 36] = 6;
	t = make("FACP", body, sizeof(body));
	acpi_defaults(&ai);
	acpi_parse_fadt(&ai, t);
	check(ai.ai_pm1a == 0x604 && ai.ai_pm_timer == 0x608 && ai.ai_pm_timer32, "power registers and timer");
	check(ai.ai_reset_port == 0xcf9 && ai.ai_reset_value == 6, "reset register");
	free(t);
	t = make("FACP", body, 40);
	acpi_defaults(&ai);
	acpi_parse_fadt(&ai, t);
	check(ai.ai_fadt && !ai.ai_reset_port && !ai.ai_pm_timer, "a short table");
	free(t);
}

static void one_damaged(const u8 *body, u32 len, void (*parse)(struct acpi_info *ai, const struct acpi_table *t))
{
	struct acpi_info ai;
	u32 n = (u32)rand() % (len + 1);
	struct acpi_table *t = make("DMGD", body, n);

	for (u32 i = 0; n && i < 4; i++)
		((u8 *)(t + 1))[(u32)rand() % n] = (u8)rand();
	acpi_defaults(&ai);
	parse(&ai, t);
	free(t);
}

static void test_damaged(void)
{
	u8 fadt[208] = { 0 };

	srand(3);
	for (int i = 0; i < 30000; i++) {
		one_damaged(madt_body, sizeof(madt_body), acpi_parse_madt);
		one_damaged(s5, sizeof(s5), acpi_parse_dsdt);
		one_damaged(s5_short, sizeof(s5_short), acpi_parse_dsdt);
		one_damaged(fadt, sizeof(fadt), acpi_parse_fadt);
	}
	check(true, "damaged tables");
	check(acpi_checksum_ok("\x01\x02\xfd", 3) && !acpi_checksum_ok("\x01", 1), "checksum");
}

static u8 bcd(int v)
{
	return (u8)(v / 10 << 4 | v % 10);
}

static bool rtc_agrees(time_t when, bool binary, bool h24)
{
	struct tm tm;
	struct rtc_regs rr;
	int hour;

	gmtime_r(&when, &tm);
	hour = h24 ? tm.tm_hour : tm.tm_hour % 12 ? tm.tm_hour % 12 : 12;
#define RAW(v) (binary ? (u8)(v) : bcd(v))
	rr = (struct rtc_regs){
		.rr_sec = RAW(tm.tm_sec),
		.rr_min = RAW(tm.tm_min),
		.rr_hour = (u8)(RAW(hour) | (!h24 && tm.tm_hour >= 12 ? 0x80 : 0)),
		.rr_day = RAW(tm.tm_mday),
		.rr_month = RAW(tm.tm_mon + 1),
		.rr_year = RAW(tm.tm_year % 100),
		.rr_century = RAW(19 + tm.tm_year / 100),
		.rr_b = (u8)((binary ? 4 : 0) | (h24 ? 2 : 0)),
	};
	return rtc_decode(&rr) == (u64)when;
}

static void test_rtc(void)
{
	bool good = true;

	for (int mode = 0; mode < 4; mode++)
		for (time_t t = 0; t < 5000000000; t += 86399 * 5 + 1)
			good = good && rtc_agrees(t, mode & 1, mode & 2);
	check(good, "dates from 1970 to 2128, in all formats");
	check(rtc_decode(&(struct rtc_regs){ .rr_month = 13, .rr_day = 1, .rr_b = 6 }) == 0, "no such month");
	check(rtc_decode(&(struct rtc_regs){ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }) == 0, "no chip");
}

int main(void)
{
	test_madt();
	test_s5();
	test_fadt();
	test_damaged();
	test_rtc();
	return failed;
}
