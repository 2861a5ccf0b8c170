package tokens

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// knowsPeers says that the kernel tells who calls.
const knowsPeers = true

// peerOf returns the user who made a connection, as the kernel noted it then.
func peerOf(c net.Conn) (uid int, err error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return 0, errors.New("this is not a Unix socket")
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return 0, err
	}
	var is *unix.Ucred
	var asked error
	if err := raw.Control(func(fd uintptr) { is, asked = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return 0, err
	}
	if asked != nil {
		return 0, asked
	}
	return int(is.Uid), nil
}
