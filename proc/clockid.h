/* SPDX-License-Identifier: MIT */
/*
 * Clock ids of the ABI (linux/time.h), without those of CPU-time clocks
 * (proc/cputimer.h).
 */
#ifndef PROC_CLOCKID_H
#define PROC_CLOCKID_H

#include "kernel/lib/types.h"

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define CLOCK_REALTIME_ALARM 8
#define CLOCK_BOOTTIME_ALARM 9
/* the same as CLOCK_REALTIME: leap seconds are not known */
#define CLOCK_TAI 11

#define TIMER_ABSTIME 1

/* Does a clock with this id exist, whatever it can be used for? */
bool clock_exists(u32 clock);
bool clock_is_realtime(u32 clock);
bool clock_is_monotonic(u32 clock);

#endif
