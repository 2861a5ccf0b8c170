package issuers_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// callsFrom reports whether a process calls from an address, by what Linux says of
// connections and of who has them open.
func callsFrom(pid int, address string) bool {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return false
	}
	sockets := map[string]bool{}
	for _, table := range []string{"tcp", "udp"} {
		for _, inode := range inodes("/proc/net/"+table, fmt.Sprintf(":%04X", n)) {
			sockets["socket:["+inode+"]"] = true
		}
	}
	open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, file := range open {
		if to, err := os.Readlink(file); err == nil && sockets[to] {
			return true
		}
	}
	return false
}

// inodes are those of the connections in a table whose own end has a port.
func inodes(table, port string) (found []string) {
	f, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 9 && strings.HasSuffix(fields[1], port) {
			found = append(found, fields[9])
		}
	}
	return found
}
