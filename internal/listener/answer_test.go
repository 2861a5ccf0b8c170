package listener

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"certwright/internal/must"
)

// A client that takes nothing of its answer is left, though the answer itself may
// have taken long.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	const within = 300 * time.Millisecond
	ended := make(chan error, 1)
	p := open(t, hurried(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-time.After(2 * within) // as a move of the clock may
		var err error
		for page := make([]byte, 1<<20); err == nil; {
			_, err = w.Write(page)
		}
		ended <- err
	}), within))
	c, err := net.Dial("tcp", p.plain)
	must.Do(t, err)
	defer c.Close()
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if err := told(t, ended); err == nil {
		t.Error("the handler was not told")
	}
}
