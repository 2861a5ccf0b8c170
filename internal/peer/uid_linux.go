package peer

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// known says that the kernel tells who calls.
const known = true

// peerOf returns who made a connection, or who listens at its other end, as the
// kernel noted it then.
func peerOf(c net.Conn) (who credentials, err error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return who, errors.New("this is not a Unix socket")
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return who, err
	}
	var is *unix.Ucred
	var asked error
	if err := raw.Control(func(fd uintptr) { is, asked = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return who, err
	}
	if asked != nil {
		return who, asked
	}
	return credentials{int(is.Uid), int(is.Pid)}, nil
}
