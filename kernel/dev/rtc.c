/* SPDX-License-Identifier: MIT */
/*
 * Reading the real-time clock (source: MC146818A data sheet). The registers can
 * be BCD or binary, 12 or 24 hours.
 */
#include "kernel/dev/rtc.h"

#define R_A 0x0a
#define R_B 0x0b
#define A_UPDATING 0x80
#define B_24H 0x02
#define B_BINARY 0x04
#define HOUR_PM 0x80

static u32 value(u8 raw, u8 b)
{
	return b & B_BINARY ? raw : (raw >> 4) * 10u + (raw & 15u);
}

static u32 hour_of(const struct rtc_regs *rr)
{
	u32 hour = value(rr->rr_hour & (u8)~HOUR_PM, rr->rr_b);

	if (rr->rr_b & B_24H)
		return value(rr->rr_hour, rr->rr_b);
	return hour % 12 + (rr->rr_hour & HOUR_PM ? 12 : 0);
}

/* Days from 1970-01-01 to the first of the month, in the Gregorian calendar. */
static u32 days_before(u32 year, u32 month)
{
	static const u16 before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	u32 y = year - 1;
	u32 days = 365 * (year - 1970) + y / 4 - y / 100 + y / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days + before[month - 1] + (leap && month > 2);
}

u64 rtc_decode(const struct rtc_regs *rr)
{
	u32 sec = value(rr->rr_sec, rr->rr_b), min = value(rr->rr_min, rr->rr_b), hour = hour_of(rr);
	u32 day = value(rr->rr_day, rr->rr_b), month = value(rr->rr_month, rr->rr_b);
	u32 year = value(rr->rr_year, rr->rr_b), century = value(rr->rr_century, rr->rr_b);

	if (sec > 60 || min > 59 || hour > 23 || day < 1 || day > 31 || month < 1 || month > 12 || year > 99)
		return 0;
	year += century >= 19 && century <= 29 ? century * 100 : 2000;
	if (year < 1970)
		return 0;
	return (days_before(year, month) + day - 1) * 86400ull + hour * 3600 + min * 60 + sec;
}

#ifndef REPRISE_HOST

#include "kernel/dev/acpi.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"

static u8 cmos(u32 reg)
{
	outb(0x70, (u8)reg);
	return inb(0x71);
}

static void read_once(struct rtc_regs *rr)
{
	for (int i = 0; i < 10000 && (cmos(R_A) & A_UPDATING); i++)
		;
	rr->rr_sec = cmos(0);
	rr->rr_min = cmos(2);
	rr->rr_hour = cmos(4);
	rr->rr_day = cmos(7);
	rr->rr_month = cmos(8);
	rr->rr_year = cmos(9);
	rr->rr_century = acpi.ai_century && acpi.ai_century < 0x80 ? cmos(acpi.ai_century) : 0;
	rr->rr_b = cmos(R_B);
}

u64 rtc_read(void)
{
	struct rtc_regs a, b;

	/* Two equal readings: no update came in between. */
	read_once(&a);
	for (int i = 0; i < 5; i++) {
		read_once(&b);
		if (memcmp(&a, &b, sizeof(a)) == 0)
			break;
		a = b;
	}
	return rtc_decode(&a);
}

#endif
