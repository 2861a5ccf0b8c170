package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// rest is the part of a core that a process uses which has nothing to do.
const rest = 0.03

const tick = 10 * time.Millisecond // of the times in /proc/PID/stat

// used is the CPU that a process has used, its own and the kernel's for it.
func used(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the command's name may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick
}

// memory is a size from /proc/PID/status in MB: VmRSS, or VmHWM, its peak.
func memory(pid int, name string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == name+":" {
			kB, _ := strconv.Atoi(f[1])
			return float64(kB) / 1000
		}
	}
	return 0
}

// quiet waits until a process has used less than a part of one core for a second.
func quiet(pid int, part float64) {
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); {
		before := used(pid)
		time.Sleep(time.Second)
		if (used(pid) - before).Seconds() < part {
			return
		}
	}
}
