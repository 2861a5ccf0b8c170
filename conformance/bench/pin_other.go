//go:build !linux

package main

import "errors"

// cores are not known, so nothing is pinned.
func cores() []int { return nil }

func bind(int, []int) error { return errors.New("only Linux gives a process its cores") }
