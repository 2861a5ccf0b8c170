package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// pin gives the postmaster and its children one core, and this process and what
// it starts from now on another; undo gives all of them every core.
func pin(postmaster int) (undo func(), err error) {
	switch {
	case postmaster == 0:
		return nil, errors.New("PostgreSQL runs on another machine")
	case len(cores()) < 2:
		return nil, errors.New("there is one core")
	}
	every := cores()
	set := func(theirs, ours []int) error {
		var errs []error
		for _, pid := range append(children(postmaster), postmaster) {
			errs = append(errs, bind(pid, theirs))
		}
		threads, err := os.ReadDir("/proc/self/task")
		errs = append(errs, err)
		for _, t := range threads {
			id, _ := strconv.Atoi(t.Name())
			errs = append(errs, bind(id, ours))
		}
		return errors.Join(errs...)
	}
	if err := set(every[:1], every[1:2]); err != nil {
		_ = set(every, every)
		return nil, err
	}
	return func() { _ = set(every, every) }, nil
}

// parent is the process that started another; 0 if there is none here.
func parent(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	if f := strings.Fields(rest); len(f) > 1 {
		id, _ := strconv.Atoi(f[1])
		return id
	}
	return 0
}

// children are the processes that one started and that run.
func children(of int) (all []int) {
	found, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range found {
		if pid, _ := strconv.Atoi(filepath.Base(path)); parent(pid) == of {
			all = append(all, pid)
		}
	}
	return all
}

// usedBelow is the CPU that the children of a process have used.
func usedBelow(of int) (all time.Duration) {
	if of == 0 {
		return 0
	}
	for _, pid := range children(of) {
		all += used(pid)
	}
	return all
}
