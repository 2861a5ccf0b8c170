//go:build !linux

package systemd

func monotonic() int64 { return 0 } // there is no systemd
