package main

import (
	"crypto/tls"
	"io"
	"testing"

	"certwright/internal/must"
)

// exchange sends raw bytes over TLS and returns what comes back.
func exchange(t *testing.T, addr, request string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	must.Do(t, err)
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(conn)
	must.Do(t, err)
	return string(text)
}
