/* SPDX-License-Identifier: MIT */
/* The battery-backed clock of a PC (MC146818), assumed to run in UTC. */
#ifndef KERNEL_DEV_RTC_H
#define KERNEL_DEV_RTC_H

#include "kernel/lib/types.h"

/*
 * Returns: seconds since 1970-01-01 UTC; 0 if the clock's time is not valid.
 *   Start-up only.
 */
u64 rtc_read(void);

/*
 * No hardware: the chip's registers 0 (seconds), 2, 4, 6-9 (year in century),
 * B, and the century register's content or 0.
 */
struct rtc_regs {
	u8 rr_sec, rr_min, rr_hour, rr_day, rr_month, rr_year, rr_century, rr_b;
};
u64 rtc_decode(const struct rtc_regs *rr);

#endif
