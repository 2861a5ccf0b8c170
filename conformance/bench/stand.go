package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"certwright/conformance/process"
)

// A stand is everything that is measured, started when it is needed first.
type stand struct {
	scale
	program string // path of certwright
	root    string
	talk    io.Writer

	folder  string
	servers map[string]*server
	bare    *place
	bao     *place
	closing sync.Mutex
	ends    []func()
}

// The servers: one to read a thousand certificates from, one with many more,
// one on which certificates are made.
const (
	small = "small"
	large = "large"
	busy  = "busy"
)

const smallCertificates = 1000

// open builds the program.
func (s *stand) open() (err error) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return errors.New("the server's CPU is read from /proc, which this system does not have")
	}
	if s.folder, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	s.ends = append(s.ends, func() { _ = os.RemoveAll(s.folder) })
	s.servers = map[string]*server{}
	if s.program == "" {
		s.program, err = process.Release(s.folder)
	}
	return err
}

// close ends all that was started, the last one first.
func (s *stand) close() {
	s.closing.Lock()
	defer s.closing.Unlock()
	for i := len(s.ends) - 1; i >= 0; i-- {
		s.ends[i]()
	}
	s.ends = nil
}

// A server is certwright with a data folder.
type server struct {
	place
	process *process.Process
	program process.Program
	log     *os.File
}

// prepare makes a server that is to be started on a folder of its name.
func (s *stand) prepare(name string) (*server, error) {
	folder := filepath.Join(s.folder, name)
	log, err := os.Create(folder + ".log")
	if err != nil {
		return nil, err
	}
	return &server{program: process.Program{Path: s.program, Folder: folder, Log: log}, log: log}, nil
}

func (v *server) start() (err error) {
	if v.process, err = v.program.Start(); err != nil {
		return err
	}
	return v.meet()
}

// meet learns where the server is and gets a token for it.
func (v *server) meet() error {
	ca, err := os.ReadFile(v.process.CA)
	if err != nil {
		return err
	}
	token, err := v.token()
	v.place = place{pid: v.process.PID(), url: v.process.URL, ca: ca, header: headersOf(token)}
	return err
}

// headersOf are what each request to a vault has.
func headersOf(token string) http.Header {
	return http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
}

// token asks for one as SDKs do.
func (v *server) token() (string, error) {
	r, err := http.NewRequest("GET", v.process.Side+"/msi/token?api-version=2019-08-01&resource=https://vault.azure.net", nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("X-IDENTITY-HEADER", "bench")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Token == "" {
		return "", fmt.Errorf("no token: %s: %w", resp.Status, err)
	}
	return got.Token, nil
}

// server returns one of the servers, filled with what is to be there.
func (s *stand) server(name string) (*server, error) {
	if v := s.servers[name]; v != nil {
		return v, nil
	}
	v, err := s.prepare(name)
	if err != nil {
		return nil, err
	}
	if err := v.start(); err != nil {
		return nil, err
	}
	s.ends = append(s.ends, func() { v.process.Kill(); v.log.Close() })
	s.servers[name] = v
	if err := s.fill(name, v); err != nil {
		return nil, fmt.Errorf("fill the %s server: %w", name, err)
	}
	quiet(v.pid, rest)
	return v, nil
}

func (s *stand) fill(name string, v *server) error {
	switch name {
	case small:
		return errors.Join(s.certificates(v, smallCertificates), s.secrets(v, smallCertificates))
	case large:
		return errors.Join(s.certificates(v, s.scale.certificates), s.secrets(v, s.scale.secrets), s.versions(v, s.scale.versions))
	}
	c, err := v.callers(1)
	if err != nil {
		return err
	}
	return c[0].send("PUT", "/certificates/issuers/own", `{"provider":"Internal"}`, http.StatusOK)
}

// certificates fills a server through its API, as clients would: with today's
// speed that is as fast as any other way but writing into the database.
func (s *stand) certificates(v *server, n int) error {
	s.say("  %d certificates ...", n)
	return v.each(n, func(c *caller, i int) error { return c.create("c-"+strconv.Itoa(i), selfEC) })
}

func (s *stand) secrets(v *server, n int) error {
	s.say("  %d secrets ...", n)
	return v.each(n, func(c *caller, i int) error {
		return c.send("PUT", "/secrets/s-"+strconv.Itoa(i), `{"value":"bench"}`, http.StatusOK)
	})
}

func (s *stand) versions(v *server, n int) error {
	s.say("  %d versions ...", n)
	return v.each(n, func(c *caller, _ int) error {
		return c.send("PUT", "/secrets/"+manyVersions, `{"value":"bench"}`, http.StatusOK)
	})
}

// manyVersions is the secret that is purged.
const manyVersions = "many"

// each makes n calls by parallel callers.
func (p place) each(n int, do func(c *caller, i int) error) error {
	all, err := p.callers(32)
	if err != nil {
		return err
	}
	var next atomic.Int64
	errs := make([]error, len(all))
	var callers sync.WaitGroup
	for at, c := range all {
		callers.Go(func() {
			for i := int(next.Add(1)); i <= n && errs[at] == nil; i = int(next.Add(1)) {
				errs[at] = do(c, i)
			}
			c.client.CloseIdleConnections()
		})
	}
	callers.Wait()
	return errors.Join(errs...)
}
