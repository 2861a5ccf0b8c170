package proxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"certwright/internal/must"
)

// far listens and hands its first connection over.
func far(t *testing.T) (addr string, accepted chan *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must.Do(t, err)
	t.Cleanup(func() { l.Close() })
	accepted = make(chan *net.TCPConn, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c.(*net.TCPConn)
		}
	}()
	return l.Addr().String(), accepted
}

// tunnelTo makes a tunnel and returns both ends. What is sent along with
// CONNECT already belongs to the tunnel.
func tunnelTo(t *testing.T, proxy, addr string, accepted chan *net.TCPConn) (near, there *net.TCPConn) {
	t.Helper()
	near = open(t, proxy)
	if _, err := io.WriteString(near, "CONNECT "+addr+" HTTP/1.1\r\nHost: "+addr+"\r\n\r\nearly"); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReaderSize(near, 16)
	for line := "?"; line != "\r\n"; {
		var err error
		if line, err = in.ReadString('\n'); err != nil || strings.HasPrefix(line, "HTTP/") && !strings.HasPrefix(line, "HTTP/1.1 200 ") {
			t.Fatalf("%q, %v", line, err)
		}
	}
	select {
	case there = <-accepted:
	case <-time.After(patience):
		t.Fatal("nobody came")
	}
	t.Cleanup(func() { there.Close() })
	must.Do(t, there.SetDeadline(time.Now().Add(patience)))
	wantRead(t, there, "early")
	return near, there
}

func wantRead(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("got %q (%v), want %q", got, err, want)
	}
}

func wantEnd(t *testing.T, c net.Conn) {
	t.Helper()
	if b, err := io.ReadAll(c); errors.Is(err, context.DeadlineExceeded) || len(b) > 0 {
		t.Fatalf("%q, %v: not at its end", b, err)
	}
}

// An end is passed on and the other direction goes on.
func TestHalfClosed(t *testing.T) {
	t.Parallel()
	addr, accepted := far(t)
	near, there := tunnelTo(t, serve(t, &Proxy{}).Host, addr, accepted)
	must.Do(t, near.CloseWrite())
	wantEnd(t, there)
	if _, err := io.WriteString(there, "late"); err != nil {
		t.Fatal(err)
	}
	wantRead(t, near, "late")
	there.Close()
	wantEnd(t, near)
}

// A tunnel that carries nothing is closed; one direction's traffic keeps both.
func TestIdleTunnelIsClosed(t *testing.T) {
	t.Parallel()
	const idle = 400 * time.Millisecond
	addr, accepted := far(t)
	near, there := tunnelTo(t, serve(t, &Proxy{Idle: idle}).Host, addr, accepted)
	began := time.Now()
	for range 8 { // twice the idle time in all
		if _, err := io.WriteString(there, "tick"); err != nil {
			t.Fatal(err)
		}
		wantRead(t, near, "tick")
		<-time.After(idle / 4)
	}
	last := time.Now()
	wantEnd(t, near)
	wantEnd(t, there)
	if last.Sub(began) < 2*idle || time.Since(last) > patience/2 {
		t.Errorf("it lasted %v, then %v", last.Sub(began), time.Since(last))
	}
}

// There are so many tunnels and no more, until one ends.
func TestTunnelsAreCounted(t *testing.T) {
	t.Parallel()
	addr, accepted := far(t)
	p := &Proxy{Most: 2}
	at := serve(t, p)
	first, itsEnd := tunnelTo(t, at.Host, addr, accepted)
	_, _ = tunnelTo(t, at.Host, addr, accepted)
	request := "CONNECT " + addr + " HTTP/1.1\r\nHost: " + addr + "\r\n\r\n"
	answer := exchange(t, at.Host, request)
	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusServiceUnavailable || !strings.HasPrefix(string(body), "There are 2 connections") {
		t.Fatalf("the third: %s %s", answer.Status, body)
	}
	first.Close()
	itsEnd.Close()
	for until := time.Now().Add(patience); len(p.slots) == 2 && time.Now().Before(until); {
		runtime.Gosched()
	}
	if answer := exchange(t, at.Host, request); answer.StatusCode != http.StatusOK {
		t.Errorf("after one has ended: %s", answer.Status)
	}
}

// The server's end ends tunnels.
func TestEndOfTheServer(t *testing.T) {
	t.Parallel()
	addr, accepted := far(t)
	p := &Proxy{Ours: azure}
	ctx, end := context.WithCancel(t.Context())
	s := httptest.NewUnstartedServer(p)
	s.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	s.Start()
	t.Cleanup(s.Close)
	near, there := tunnelTo(t, s.Listener.Addr().String(), addr, accepted)
	end()
	p.Wait()
	wantEnd(t, near)
	wantEnd(t, there)
}

// The proxy of the environment leads elsewhere, with its name and password;
// what it refuses is told without them. Itself is none.
func TestByTheProxyOfTheEnvironment(t *testing.T) {
	t.Parallel()
	there, roots := says(t, "there")
	asked := make(chan string, 1)
	behind := &Proxy{Ours: azure}
	before := serve(t, behind)
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
		if user != "u" || password != "secret" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		asked <- r.Host
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(outer.Close)
	via := func(who *url.Userinfo) func(*http.Request) (*url.URL, error) {
		return http.ProxyURL(&url.URL{Scheme: "http", Host: hostOf(outer), User: who})
	}
	at := serve(t, &Proxy{Via: via(url.UserPassword("u", "secret"))})
	if got := text(t, by(t, at, roots, ""), there.URL); !strings.HasPrefix(got, "there ") {
		t.Errorf("got %q", got)
	}
	if got := <-asked; got != hostOf(there) {
		t.Errorf("the proxy was asked for %s", got)
	}
	refused := serve(t, &Proxy{Via: via(url.UserPassword("u", "wrong-secret"))})
	answer := exchange(t, refused.Host, "CONNECT "+hostOf(there)+" HTTP/1.1\r\nHost: x\r\n\r\n")
	body, _ := io.ReadAll(answer.Body)
	if !strings.Contains(string(body), "it answers 407 Proxy Authentication Required") || strings.Contains(string(body), "secret") {
		t.Errorf("got %s %s", answer.Status, body)
	}
	p := &Proxy{Own: before.Host, Via: http.ProxyURL(&url.URL{Scheme: "http", Host: "localhost:" + before.Port()})}
	if to, err := p.via(&url.URL{Scheme: "https", Host: hostOf(there)}); to != nil || err != nil {
		t.Errorf("it goes through itself: %v, %v", to, err)
	}
}
