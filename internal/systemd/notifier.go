// Package systemd tells the service manager how a service is: ready, reloading,
// stopping, alive. It writes what sd_notify(3) says on the socket that the
// manager names, and does nothing where there is none. Begin with Open.
package systemd

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// A Notifier tells one service manager. The zero value tells nobody.
type Notifier struct {
	socket   string
	watchdog time.Duration
}

// Open returns the notifier of a process: getenv has NOTIFY_SOCKET,
// WATCHDOG_USEC and WATCHDOG_PID where there is a manager.
func Open(getenv func(string) string) Notifier {
	n := Notifier{socket: getenv("NOTIFY_SOCKET")}
	if name, abstract := strings.CutPrefix(n.socket, "@"); abstract {
		n.socket = "\x00" + name
	}
	every, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	if pid := getenv("WATCHDOG_PID"); err != nil || every <= 0 || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return n
	}
	n.watchdog = time.Duration(every) * time.Microsecond
	return n
}

// Watchdog is how long the manager waits for Alive before it ends the service; 0
// where it does not.
func (n Notifier) Watchdog() time.Duration {
	if n.socket == "" {
		return 0
	}
	return n.watchdog
}

// Ready says that requests are served; status is for people to read.
func (n Notifier) Ready(status string) error { return n.send("READY=1", "STATUS="+oneLine(status)) }

// Starting says what a start waits for, and that it is not to be ended within a time.
func (n Notifier) Starting(status string, within time.Duration) error {
	return n.send("STATUS="+oneLine(status), "EXTEND_TIMEOUT_USEC="+strconv.FormatInt(within.Microseconds(), 10))
}

// Reloading says that the configuration is being read again; Ready ends it.
func (n Notifier) Reloading() error {
	return n.send("RELOADING=1", "MONOTONIC_USEC="+strconv.FormatInt(monotonic(), 10))
}

// Stopping says that the service ends, and that it is not to be cut off within a time.
func (n Notifier) Stopping(within time.Duration) error {
	return n.send("STOPPING=1", "EXTEND_TIMEOUT_USEC="+strconv.FormatInt(within.Microseconds(), 10))
}

// Alive keeps the watchdog from ending the service.
func (n Notifier) Alive() error { return n.send("WATCHDOG=1") }

func oneLine(text string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(text) }

// send writes one datagram.
func (n Notifier) send(lines ...string) error {
	if n.socket == "" {
		return nil
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(strings.Join(lines, "\n") + "\n")); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	return nil
}
